"""For administrators: accounts, the audit trail, figures, and keeping house."""
