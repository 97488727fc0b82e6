"""All that reaches out of the process: the weather service, the secret, the stream."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError, ReadTimeoutError

from services.weather_poller.answers import Observation, Trouble, judge

_ANSWER_LIMIT = 1_000_000


class KeyMissing(Exception):
    """The secret is not there, not readable, or holds no key; the text never holds its value."""


class NotPut(Exception):
    """The stream did not take a record."""


class WeatherService:
    """The service; no error of it ever carries the key, which stands in the URL."""

    def __init__(self, url: str, query: Mapping[str, str], parameter: str, timeout_s: float):
        self._url = f"{url.rstrip('/')}/current.json"
        self._query, self._parameter = dict(query), parameter
        self._timeout = (min(5.0, timeout_s), timeout_s)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "albufera-weather-poller"

    def ask(self, key: str) -> Observation | Trouble:
        """Ask once."""
        now = datetime.now(UTC)
        try:
            with self._session.get(
                self._url,
                params={**self._query, self._parameter: key},
                timeout=self._timeout,
                stream=True,
                # A redirect would take the key elsewhere.
                allow_redirects=False,
            ) as answer:
                body = _limited(answer, time.monotonic() + self._timeout[1])
                return judge(answer.status_code, answer.headers, body, now)
        except (requests.Timeout, ReadTimeoutError):
            return Trouble("again", "the service did not answer in time")
        except (requests.RequestException, HTTPError) as error:
            # Its text would quote the URL, and the key with it: the kind of error has to do.
            return Trouble("again", f"the connection failed ({type(error).__name__})")


def _limited(answer: requests.Response, until: float) -> bytes:
    body = b""
    # What has come, not a whole chunk: one that drips would keep us for hours.
    while chunk := answer.raw.read1(65_536, decode_content=True):
        body += chunk
        if len(body) > _ANSWER_LIMIT:
            break
        if time.monotonic() > until:
            raise requests.Timeout
    return body


class Secret:
    """The key in Secrets Manager, kept in memory until it is refused."""

    def __init__(self, secrets: Any, name: str) -> None:
        self._secrets, self._name = secrets, name
        self._key: str | None = None

    def key(self, *, anew: bool = False) -> str:
        """The key; `anew` asks for what the secret holds now."""
        if self._key is None or anew:
            self._key = self._fetch()
        return self._key

    def _fetch(self) -> str:
        try:
            text = self._secrets.get_secret_value(SecretId=self._name)["SecretString"]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise KeyMissing(f"the secret {self._name} cannot be read: {code}") from None
        except (BotoCoreError, KeyError) as error:
            kind = type(error).__name__
            raise KeyMissing(f"the secret {self._name} cannot be read: {kind}") from None
        try:
            key = json.loads(text)["key"]
        except (ValueError, TypeError, KeyError):
            key = None
        if not isinstance(key, str) or not key:
            raise KeyMissing(f"the secret {self._name} holds no key")
        return key


class Stream:
    """The Kinesis stream."""

    def __init__(self, kinesis: Any, name: str) -> None:
        self._kinesis, self._name = kinesis, name

    def put(self, partition: str, record: bytes) -> None:
        """Put one record; its client tries again by itself."""
        try:
            self._kinesis.put_record(
                StreamName=self._name, PartitionKey=partition[:256], Data=record
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise NotPut(f"the stream {self._name} did not take the record: {code}") from None
        except BotoCoreError as error:
            kind = type(error).__name__
            raise NotPut(f"the stream {self._name} did not take the record: {kind}") from None
