"""The queue: jobs in PostgreSQL."""
