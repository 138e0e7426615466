"""The rules: each a pure function from what is known of a client to the troubles that it finds."""
