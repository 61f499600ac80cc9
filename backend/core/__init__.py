"""The outside world: each file wraps one thing that the product talks to."""
