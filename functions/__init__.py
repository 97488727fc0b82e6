"""One folder a verb; nothing here knows a source by name."""
