"""Ask an API for what people would otherwise upload, and land its workbook in raw."""
