"""Rules on a project's metrics: met, they open a signal `metric_threshold`; met no more, they resolve it."""
