"""Ingest under load, beside a handler that does the least that is right: HMAC and an acknowledged publish."""
