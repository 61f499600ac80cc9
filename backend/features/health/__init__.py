"""Liveness, readiness, and metrics of a process."""
