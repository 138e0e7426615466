"""A real PostgreSQL from a Python package alone."""
