"""The weather of a place, as WeatherAPI and people give it."""
