"""The engine alone: the same trivial keyed job with changelogged state in ours, raw aiokafka and Quix Streams."""
