"""Files: their versions and bytes, copies and search."""
