"""The topics as tables: a consumer that applies each batch and its offsets in one transaction."""
