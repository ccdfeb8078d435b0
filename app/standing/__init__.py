"""What an organisation's answers stand on: kept in memory, and confirmed by the database for each of them."""
