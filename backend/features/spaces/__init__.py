"""Spaces: what owns a tree and pays for it. Everyone has one of their own; a team shares one."""
