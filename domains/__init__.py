"""Domains: each folder is all that one of them declares and computes."""
