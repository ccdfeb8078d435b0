"""The same Idempotency-Key twice changes nothing and gets the same answer."""
