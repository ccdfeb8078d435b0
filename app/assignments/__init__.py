"""Which grid each account and building belongs to: decided by rules, stored in two times."""
