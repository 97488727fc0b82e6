"""The lake's own words: one package for Lambdas, Spark jobs, the command line and the tests."""

__version__ = "0.1.0"
