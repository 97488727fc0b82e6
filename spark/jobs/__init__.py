"""The Spark jobs: pure parsers, one engine, and one module with every side effect."""
