"""What happened: to a file, and by one's own hand."""
