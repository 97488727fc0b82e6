"""Working as the lake's operator: the command takes the role once and renews it as it ages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake_cli.exits import Exit, Stop

if TYPE_CHECKING:
    import boto3

OWN_RIGHTS = "none"  # LAKE_ROLE=none: no role, the caller's own rights
SESSION = "lake"
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


def assumed(caller: boto3.Session, sts: Any, role: str) -> boto3.Session:
    """A session of a role; the caller's own where that is the role already."""
    import boto3
    import botocore.session
    from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
    from botocore.exceptions import ClientError

    def take() -> dict[str, str]:
        answer = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    try:
        credentials = RefreshableCredentials.create_from_metadata(take(), take, "assume-role")
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        arn = str(sts.get_caller_identity()["Arn"])
        if is_session_of(arn, role):
            return caller
        raise refused(arn, role) from error

    class Taken(CredentialProvider):  # type: ignore[misc]  # botocore has no types
        METHOD = "assume-role"

        def load(self) -> Any:
            return credentials

    core = botocore.session.get_session()
    # Descriptions of services that were read are read: half of what the role costs a command.
    core.register_component("data_loader", caller._session.get_component("data_loader"))
    core.register_component("credential_provider", CredentialResolver([Taken()]))
    return boto3.Session(botocore_session=core, region_name=caller.region_name)


def is_session_of(arn: str, role: str) -> bool:
    """Whether a caller works as the role: no role may take itself."""
    name = role.rpartition("/")[2]
    return f":assumed-role/{name}/" in arn and arn.split(":")[4] == role.split(":")[4]


def refused(caller: str, role: str) -> Stop:
    """Why the command goes no further, and the two ways on."""
    hint = (
        "let somebody name you in operator_principals and allow you sts:AssumeRole on it,"
        f" or work with your own rights: LAKE_ROLE={OWN_RIGHTS}"
    )
    return Stop(f"{caller} may not take the role {role}", hint, Exit.UNREACHABLE)
