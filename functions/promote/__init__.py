"""Check what landed in raw and move it to bronze, or to quarantine with the reason."""
