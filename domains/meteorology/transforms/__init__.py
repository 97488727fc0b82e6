"""How rows become rows: parsers of what comes, and what is computed."""
