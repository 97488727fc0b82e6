"""Deterministic zips and archives: the same bytes from the same files, on any path at any time."""
