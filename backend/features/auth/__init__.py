"""Signing in, staying signed in, and getting back in: sessions, passwords, proof of an e-mail."""
