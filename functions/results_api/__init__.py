"""The function `results_api`."""
