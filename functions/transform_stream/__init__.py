"""Turn the records of a stream into rows of its table, each answered once, the bad ones alone."""
