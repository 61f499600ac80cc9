"""Pure functions: no I/O, no settings, no clock but the one passed in."""
