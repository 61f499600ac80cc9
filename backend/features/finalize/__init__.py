"""Completing uploads: by the client, by S3's notifications, or by the worker that heals."""
