"""How fast accounts are read, and with how many calls and how much memory."""
