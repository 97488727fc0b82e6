"""The function `watch`."""
