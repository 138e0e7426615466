"""Builders of complete objects in today's shape: every field that Stripe sends, nullable ones as null."""
