"""Soak: mixed traffic on the real stack for minutes, every process restarted once, then judged."""
