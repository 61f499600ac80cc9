"""Activity: what happened to a file, and what a user did."""
