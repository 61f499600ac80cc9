"""The tree: folders, what is in them, and the trash.

A node is a file or a folder. What both can do (be named, moved, trashed, listed) lives here;
what only files have (versions, bytes) lives in `files`.
"""
