"""For administrators: accounts, the audit trail, statistics, and housekeeping."""
