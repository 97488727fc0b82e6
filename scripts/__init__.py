"""The tools of a checkout: set up, build, deploy, show."""
