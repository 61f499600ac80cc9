"""PostgreSQL: connections, transactions, prepared statements, migrations."""
