"""A real Kafka broker from Python packages alone: a Java runtime in a wheel, and the broker's own jars."""
