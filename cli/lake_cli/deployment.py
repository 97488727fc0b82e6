"""Which lake the command talks to: its names by the deployment file, its AWS by a session."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake_cli.exits import Exit, Stop

if TYPE_CHECKING:
    import boto3

    from lake.catalog import Catalog
    from lake.ledger import Ledger
    from lake.polls import Polls

LAPTOP = "laptop"
DEFAULT_PORT = "4566"
TRIES_ON_AWS = {"max_attempts": 4, "mode": "standard"}
TRIES_ON_LAPTOP = {"max_attempts": 2, "mode": "standard"}  # who is not there comes no sooner


def project_root() -> Path:
    """The checkout: the nearest folder upwards that holds one, else where this command lives."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "domains").is_dir() and (folder / "terraform").is_dir():
            return folder
    return Path(__file__).resolve().parents[2]


def deployment_file(env: str) -> Path:
    """Where the outputs of an environment's last apply lie."""
    if chosen := os.environ.get("LAKE_DEPLOYMENT"):
        return Path(chosen)
    root = project_root()
    if env == LAPTOP:
        return root / ".laptop" / "deployment.json"
    return root / "deployments" / f"{env}.json"


@dataclass(frozen=True)
class Deployment:
    """One deployed lake; nothing here derives a name that Terraform has said already."""

    env: str
    values: Mapping[str, Any]
    profile: str | None = None
    role: str | None = None  # to work as, by ARN, or "none"; unsaid it is the lake's operator

    @classmethod
    def load(cls, env: str, profile: str | None = None) -> Deployment:
        """The lake of an environment, or how to get one."""
        path = deployment_file(env)
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            how = "lake up" if env == LAPTOP else f"make deploy ENV={env}"
            message = f"no lake is deployed as '{env}' ({path} is not there)"
            raise Stop(message, f"run `{how}`", Exit.UNREACHABLE) from None
        except (OSError, ValueError) as error:
            raise Stop(f"{path} cannot be read: {error}", code=Exit.UNREACHABLE) from error
        return cls(env, values, profile)

    def __getitem__(self, name: str) -> Any:
        if name not in self.values:
            hint = "the deployment is older than this command: apply again"
            raise Stop(f"the deployment file knows no '{name}'", hint, Exit.UNREACHABLE)
        return self.values[name]

    @property
    def endpoint(self) -> str | None:
        """Where a laptop's AWS answers; None is the real one."""
        if self.env != LAPTOP:
            return None
        port = os.environ.get("LAKE_PORT", DEFAULT_PORT)
        return str(self.values.get("endpoint") or f"http://127.0.0.1:{port}")

    def bucket(self, role: str) -> str:
        """The bucket of a role (raw, bronze, quarantine, ...)."""
        return str(self["buckets"][role])

    @cached_property
    def session(self) -> boto3.Session:
        """The lake's operator; without such a role whoever calls, with the rights of their own."""
        from lake_cli.roles import OWN_RIGHTS, assumed

        # On the laptop nobody goes round the role: what it lacks there, it lacks on AWS.
        chosen = None if self.env == LAPTOP else os.environ.get("LAKE_ROLE")
        role = self.role or chosen or self.values.get("operator_role_arn")
        if role in (None, OWN_RIGHTS):
            return self._caller
        return assumed(self._caller, self._caller.client("sts", **self._options()), str(role))

    @cached_property
    def _caller(self) -> boto3.Session:
        """Real credentials by profile; on the laptop dummies, so that nothing can reach AWS."""
        import boto3

        if self.env == LAPTOP:
            # A profile of the user's would be looked up, and its absence would be an error.
            os.environ.pop("AWS_PROFILE", None)
            os.environ.pop("AWS_DEFAULT_PROFILE", None)
            return boto3.Session(
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - the laptop checks no secret
                region_name=self["region"],
            )
        return boto3.Session(profile_name=self.profile, region_name=self["region"])

    def client(self, service: str, read_timeout: float = 60) -> Any:
        """A client that fails soon when nobody is there."""
        return self.session.client(service, **self._options(read_timeout))

    def _options(self, read_timeout: float = 60) -> dict[str, Any]:
        from botocore.config import Config

        patience = {"connect_timeout": 5, "read_timeout": read_timeout}
        if self.env != LAPTOP:
            return {"config": Config(**patience, retries=TRIES_ON_AWS)}
        s3 = {"addressing_style": "path"}
        # No proxy stands between a laptop and itself.
        config = Config(**patience, retries=TRIES_ON_LAPTOP, s3=s3, proxies={})
        return {"endpoint_url": self.endpoint, "config": config}

    @cached_property
    def ledger_table(self) -> Any:
        """The ledger's table, as boto3 has it."""
        return self.session.resource("dynamodb", **self._options()).Table(self["ledger_table"])

    @cached_property
    def ledger(self) -> Ledger:
        """What the ledger knows of files and lanes."""
        from lake.ledger import Ledger

        return Ledger(self.ledger_table)

    @cached_property
    def polls(self) -> Polls:
        """How the last poll of each source went, in the ledger's table."""
        from lake.polls import Polls

        return Polls(self.ledger_table)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue that is deployed, which may not be the one of this checkout."""
        from lake.catalog import Catalog

        place = {"Bucket": self.bucket("jobs"), "Key": "catalog/catalog.json"}
        return Catalog.from_json(self.client("s3").get_object(**place)["Body"].read())
