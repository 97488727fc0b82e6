"""The command `lake`."""

__version__ = "0.1.0"
