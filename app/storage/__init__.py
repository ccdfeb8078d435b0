"""PostgreSQL: engine, transactions, roles, bulk COPY, the private cluster."""
