"""Whose AWS a deployment would change: the account of the credentials, and the one it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.deployment.runs import DeployError

# Where the credentials name no region; the account is the same in all of them.
ANY_REGION = "us-east-1"
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
RENEW = "`aws sso login`, or a new set from whoever gave you these"


def account_of() -> str:
    """The account that the credentials belong to, or what to do about them."""
    import boto3
    from botocore import exceptions
    from botocore.config import Config

    patience = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})
    try:
        session = boto3.Session()
        region = session.region_name or ANY_REGION
        sts = session.client("sts", region_name=region, config=patience)
        answer = sts.get_caller_identity()
    except exceptions.NoCredentialsError:
        raise DeployError(
            "there are no AWS credentials here: set AWS_PROFILE to a profile of yours, or run "
            "`aws configure` or `aws sso login` first."
        ) from None
    except exceptions.ClientError as error:
        raise DeployError(refusal(error.response["Error"])) from None
    except (exceptions.SSOError, exceptions.TokenRetrievalError):
        raise DeployError(f"the AWS credentials have expired: get new ones ({RENEW}).") from None
    except exceptions.HTTPClientError:
        raise DeployError("AWS does not answer: look at the network and its proxy.") from None
    except exceptions.BotoCoreError as error:
        raise DeployError(f"the AWS credentials can't be used: {error}") from None
    return str(answer["Account"])


def refusal(error: dict[str, str]) -> str:
    """What AWS's refusal of the credentials means for a person."""
    if error["Code"] in EXPIRED:
        return f"the AWS credentials have expired: get new ones ({RENEW})."
    if error["Code"] in UNKNOWN:
        return (
            "AWS does not know these credentials: look for a slip in them, a wrong AWS_PROFILE, "
            "or a region that the account has not switched on."
        )
    return f"AWS refuses these credentials ({error['Code']}): {error.get('Message', '')}"


@dataclass(frozen=True)
class ExpectedAccount:
    """The one account that an environment may be applied to.

    A team writes it beside the environment's values (environments/<env>.account); without that file
    it is the account of the first apply, kept beside the state.
    """

    declared: Path
    kept: Path

    def problem(self, account: str) -> str | None:
        """What is wrong with an account, if anything is."""
        for file in (self.declared, self.kept):
            if file.exists() and (expected := file.read_text().strip()) != account:
                if not re.fullmatch(r"\d{12}", expected):
                    return f"{file} should hold the twelve digits of an account and nothing else."
                return (
                    f"these credentials are of the account {account}, and this environment belongs "
                    f"to {expected}: choose another AWS_PROFILE ({file} says so)."
                )
        return None

    def keep(self, account: str) -> None:
        """Remembers the account, before anything is made in it."""
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        self.kept.write_text(f"{account}\n")

    def forget(self) -> None:
        """Nothing is left in it: the next apply may go elsewhere."""
        self.kept.unlink(missing_ok=True)
