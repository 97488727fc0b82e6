"""OpenWeather: two cities, their history, and seven questions."""
