"""Accounts: registration, one's own profile and storage, leaving."""
