"""Pure functions: no I/O, no settings, no clock except one passed in."""
