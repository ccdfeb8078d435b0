"""Grid identities and their immutable, content-addressed shapes."""
