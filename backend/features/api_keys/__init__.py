"""API keys: credentials for programs, with chosen scopes of their owner."""
