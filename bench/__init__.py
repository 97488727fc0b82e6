"""Benchmarks: each figure stands beside a yardstick that was measured in the same run."""
