"""What changed, in one order per project: kept in a log, read once per process, passed on to every listener."""
