"""Changes sent to people's own addresses: at least once, in order per client, no endpoint waiting for another."""
