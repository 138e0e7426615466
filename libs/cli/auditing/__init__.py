"""The second look at every figure: plain SQL over raw objects, the ledger's own arithmetic, the topics read again."""
