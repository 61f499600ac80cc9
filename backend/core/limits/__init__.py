"""How much may be asked: of us (rates), and by us of others (guarded services)."""
