"""Sessions of Amazon Athena for Apache Spark."""
