"""The tree: folders, their contents, and the trash.

A node is a file or a folder. What both have in common (naming, moving, trashing, listing) is here;
what only files have (versions, bytes) is in `files`.
"""
