"""Accounts: registration, profile, storage, and closing an account."""
