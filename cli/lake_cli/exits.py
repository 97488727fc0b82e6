"""What the command's exit codes mean, and the one error that carries them to the shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from lake.errors import LakeError


class Exit(IntEnum):
    """0 is success; click itself answers 2 for a wrong option."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    TIMED_OUT = 4
    BUSY = 5
    INTERRUPTED = 130


LEGEND = (
    "Exit codes: 0 done; 1 something was refused or failed; 2 wrong usage;"
    " 3 not deployed or not reachable; 4 timed out; 5 a run of it goes on; 130 interrupted."
)


class Stop(Exception):
    """Ends the command with one sentence, what to do about it, and a code."""

    def __init__(self, message: str, hint: str = "", code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


@contextmanager
def told(endpoint: str | None) -> Iterator[None]:
    """Turns what the AWS client throws into a sentence and a code; anything else stays a bug."""
    # botocore costs a third of a second: only who talks to AWS pays for it.
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    )

    try:
        yield
    except LakeError as error:
        raise Stop(str(error)) from error
    except (ConnectionError, HTTPClientError) as error:
        where = endpoint or "AWS"
        hint = "start it with `lake up`" if endpoint else "look at the network"
        raise Stop(f"{where} does not answer", hint, Exit.UNREACHABLE) from error
    except (NoCredentialsError, ProfileNotFound, TokenRetrievalError) as error:
        hint = "name a profile with --profile (or AWS_PROFILE) and log in"
        raise Stop(f"no credentials for AWS: {error}", hint, Exit.UNREACHABLE) from error
    except ClientError as error:
        raise _refused(error) from error
    except BotoCoreError as error:
        raise Stop(f"AWS client: {error}") from error


def _refused(error: Exception) -> Stop:
    response = getattr(error, "response", {})
    said = response.get("Error", {})
    code, message = said.get("Code", "?"), said.get("Message", str(error))
    operation = getattr(error, "operation_name", "?")
    if code in {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"}:
        return Stop(f"AWS does not accept the credentials: {message}", "log in again", Exit(3))
    if code in {"NoSuchBucket", "ResourceNotFoundException"}:
        return Stop(f"{operation}: {message}", "is the lake deployed? run `lake up`", Exit(3))
    return Stop(f"{operation} was refused ({code}): {message}")
