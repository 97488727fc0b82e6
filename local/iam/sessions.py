"""Roles as services take them: the trust policy is asked, and the keys are the same each time.

The same keys for the same role, service and name: a JVM or a worker that was started with them
serves the next job of that role as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from local.iam.decisions import AccessDenied, enforced, note
from local.iam.journal import ALLOW, DENY
from local.iam.needs import Need


class NotTrusted(AccessDenied):
    """A role that does not let a service take it for this resource."""


@dataclass(frozen=True)
class Credentials:
    """The keys of a role's session."""

    access_key: str
    secret: str
    token: str

    def environment(self) -> dict[str, str]:
        """As every SDK reads them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }

    def client_arguments(self) -> dict[str, str]:
        """As boto3's clients take them."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret,
            "aws_session_token": self.token,
        }


def trusts(role_arn: str, service: str, source_arn: str) -> bool:
    """Whether a role's trust policy lets a service take it on behalf of a resource."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import iam

    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()}
    need = Need("sts:AssumeRole", role_arn, context, f"trust of {service}")
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    role = iam._roles.get_scoped(account, None, role_arn.rpartition("/")[2])
    result: Any = None
    if role is not None:
        asked = iam_evaluator.EvalContext(
            principal_arn="", principal_type="Service", principal_account="",
            action=need.action, resource_arn=role_arn, region=get_region(),
            service_context=context, secure_transport=True,
        )  # fmt: skip
        result = iam_evaluator.evaluate_resource_policy(
            role.get("AssumeRolePolicyDocument", "{}"), asked, service=service
        )
    if result is not None and result.decision == "Allow":
        note(ALLOW, service, need, statement=result.matched_sid)
        return True
    missing = "there is no such role" if role is None else f"its trust policy has no {source_arn}"
    note(DENY, service, need, reason=f"{service} may not assume {role_arn}: {missing}")
    return not enforced() and role is not None


def session(role_arn: str, service: str, source_arn: str, name: str) -> Credentials:
    """Take a role for a service; the session is known to STS, so that its signatures verify."""
    from ministack.services import sts

    if not trusts(role_arn, service, source_arn):
        raise NotTrusted(f"{service} is not allowed to assume {role_arn} for {source_arn}")
    digest = hashlib.sha256(f"{role_arn} {service} {name}".encode()).hexdigest()
    credentials = Credentials(
        f"ASIA{digest[:16].upper()}",
        hashlib.sha256(f"secret {digest}".encode()).hexdigest(),
        hashlib.sha256(f"token {digest}".encode()).hexdigest(),
    )
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    sts.register_session(
        credentials.access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name[:64]}",
            "UserId": f"{role}:{name[:64]}",
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": credentials.secret,
            "SessionToken": credentials.token,
        },
    )
    return credentials


def known(access_key: str) -> Credentials | None:
    """The credentials of a session by its key; None for root and for users."""
    from ministack.services import sts

    record = sts._sessions.get(access_key)
    if record is None:
        return None
    return Credentials(access_key, record["SecretAccessKey"], record["SessionToken"])


def lasting(access_key: str) -> str:
    """The key by which engines know the owner of a session, the same each time; "" for others.

    Each command takes its role anew: what an engine keeps for a caller would never be warm. A
    session that has policies of its own stays what it is.
    """
    from ministack.services import sts

    record = sts._sessions.get(access_key)
    if record is None or record.get("SessionPolicies"):
        return access_key if record else ""
    digest = hashlib.sha256(f"engine {record['Arn']}".encode()).hexdigest()
    key = f"ASIA{digest[:16].upper()}"
    if key not in sts._sessions:
        own = {name: value for name, value in record.items() if name != "Expiration"}
        own["SecretAccessKey"] = hashlib.sha256(f"secret {digest}".encode()).hexdigest()
        own["SessionToken"] = hashlib.sha256(f"token {digest}".encode()).hexdigest()
        sts.register_session(key, own)
    return key
