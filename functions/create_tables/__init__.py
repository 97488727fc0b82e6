"""Create and widen the declared tables."""
