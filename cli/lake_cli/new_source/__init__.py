"""A new source's files out of a workbook: names, types, key, and the texts that are written."""
