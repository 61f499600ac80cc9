"""The outside world: each file wraps one thing the product talks to."""
