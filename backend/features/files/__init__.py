"""Files: their versions, their bytes, search, and deleting for good."""
