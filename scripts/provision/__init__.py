"""What `make setup` prepares: Python environments and Spark's jars."""
