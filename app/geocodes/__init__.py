"""How far geocodes can be trusted: piles, quarantine, and the work list that resolves it."""
