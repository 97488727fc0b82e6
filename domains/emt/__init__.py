"""Madrid's buses: arrivals, lines and stops of EMT, and how late they are in which weather."""
