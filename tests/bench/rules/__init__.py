"""The real rules, both stages in one process: the mrr worker, its functions in raw aiokafka and in Quix Streams."""
