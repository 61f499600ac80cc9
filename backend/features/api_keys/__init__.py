"""API keys: credentials for programs, with fewer scopes than their owner."""
