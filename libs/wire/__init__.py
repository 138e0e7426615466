"""What travels between services: topics, records, codec, and the reading of Stripe's objects."""
