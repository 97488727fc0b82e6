"""Strict YAML declarations in, one catalog.json out."""
