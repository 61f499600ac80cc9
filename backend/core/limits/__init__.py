"""How much may be asked of us (rates), and by us of other services (guarded services)."""
