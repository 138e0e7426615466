"""Stripe's object versions in, recurring revenue out: one stage by customer, one by client."""
