"""The ledger: events in one hash-chained Merkle tree, its signed heads, and the proof that nothing was changed."""
