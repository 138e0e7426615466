"""SQL, and nothing but SQL: each function asks one question of the project that the transaction stands in."""
