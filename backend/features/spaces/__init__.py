"""Spaces: a space owns a tree and its quota. Every user has a personal one; teams share one."""
