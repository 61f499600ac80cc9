"""Sharing with people: roles on files and folders, for accounts and for invited addresses."""
