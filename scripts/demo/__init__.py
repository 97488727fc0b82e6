"""`make demo`: the whole journey, live. Run again it finds everything in place."""
