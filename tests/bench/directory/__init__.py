"""A directory of 100,000 clients with 300,000 customers: one change, many at once, and the lists."""
