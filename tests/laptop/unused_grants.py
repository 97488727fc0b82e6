"""Grants that no journey uses, with the reason for which the role has them all the same.

A grant that is used must not stand here, and one that nobody needs is taken out of Terraform.
"""

from __future__ import annotations

# Reason: role (or a pattern of roles), statement, actions.
UNUSED: dict[str, list[tuple[str, ...]]] = {}
