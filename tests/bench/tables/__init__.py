"""Large tables of the read model, and how fast the API answers from them."""
