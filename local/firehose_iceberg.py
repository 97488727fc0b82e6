"""Firehose with Iceberg tables as its destination: ministack's API, and deliveries of our own.

ministack delivers what Kinesis gets to S3 only, passes a record through where its function failed,
and writes to Iceberg by an extension of DuckDB that has to come from the internet.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import firehose

from local import firehose_iceberg_journal as journal
from local.firehose_iceberg_settings import (
    DEFAULT_BUFFER,
    ICEBERG,
    NotUnderstood,
    Settings,
    check,
    is_ours,
)

WATCH_S = 0.1
logger = logging.getLogger("firehose_iceberg")


def install() -> None:
    """Mend the API, and keep Kinesis' records on disk; called once, before the first request."""
    journal.install(state_dir() / "kinesis")
    create, update = firehose._create_delivery_stream, firehose._update_destination
    describe = firehose._dest_description

    def create_checked(data: dict[str, Any]) -> Any:
        config = data.get("IcebergDestinationConfiguration")
        try:
            if config is not None:
                check(config, data.get("DeliveryStreamType", "DirectPut"))
        except NotUnderstood as error:
            return firehose._invalid(str(error))
        return create(data)

    def update_named(data: dict[str, Any]) -> Any:
        answer = update(data)
        engine.look()
        return answer

    def describe_whole(destination: dict[str, Any]) -> dict[str, Any]:
        if destination["type"] != ICEBERG:
            described: dict[str, Any] = describe(destination)
            return described
        return {
            "DestinationId": destination["id"],
            "IcebergDestinationDescription": described_as_aws(destination["config"]),
        }

    firehose._dest_description = describe_whole
    firehose._HANDLERS |= {
        "CreateDeliveryStream": create_checked,
        "UpdateDestination": update_named,
    }


def described_as_aws(config: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, with AWS's defaults, the backup bucket under the name it is read by."""
    backup = {
        "BufferingHints": DEFAULT_BUFFER,
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        **config["S3Configuration"],
    }
    described = {name: value for name, value in config.items() if name != "S3Configuration"}
    return {
        "BufferingHints": DEFAULT_BUFFER,
        "CloudWatchLoggingOptions": {"Enabled": False},
        "ProcessingConfiguration": {"Enabled": False},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedDataOnly",
        "AppendOnly": False,
        **described,
        "S3DestinationDescription": backup,
    }


def state_dir() -> Path:
    return Path(os.environ["LAKE_STATE_DIR"])


class Engine:
    """One delivery for each stream that there is."""

    def __init__(self) -> None:
        self._deliveries: dict[str, Any] = {}
        self._watching: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._save: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def start(self, save: Callable[[], None]) -> None:
        """Begin; `save` writes the cloud's state and is called on the event loop."""
        self._loop, self._save = asyncio.get_running_loop(), save
        self._watching = self._loop.create_task(self._watch())

    async def stop(self) -> None:
        """Let every delivery finish what it has in hand."""
        if self._watching is not None:
            self._watching.cancel()
        stops = [asyncio.to_thread(each.stop) for each in self._deliveries.values()]
        await asyncio.gather(*stops)
        self._deliveries.clear()

    def health(self) -> dict[str, Any]:
        return {each.settings.name: each.health() for each in self._deliveries.values()}

    def look(self) -> None:
        """Start, change and end deliveries as their streams were made, changed and deleted."""
        found: dict[str, Settings] = {}
        for (account, region, _), stream in list(all_streams().all_items()):
            if is_ours(stream):
                settings = Settings.of(stream, account, region)
                found[f"{settings.arn}@{settings.created}"] = settings
        with self._lock:
            for key, settings in found.items():
                if key not in self._deliveries:
                    self._deliveries[key] = self._delivery(settings)
                    self._deliveries[key].start()
                elif self._deliveries[key].settings != settings:
                    self._deliveries[key].update(settings)
            for key in self._deliveries.keys() - found.keys():
                self._deliveries.pop(key).forget()

    def _delivery(self, settings: Settings) -> Any:
        # PyIceberg takes two seconds to import: only a cloud with such a stream pays them.
        from local.firehose_iceberg_delivery import Delivery

        endpoint = os.environ["AWS_ENDPOINT_URL"]
        return Delivery(settings, state_dir() / "firehose", endpoint, self._save_now)

    def _save_now(self) -> None:
        """Have the state saved by the loop, which owns it, and wait until it is."""
        if self._loop is None:
            raise RuntimeError("the engine was not started")

        async def save() -> None:
            self._save()

        asyncio.run_coroutine_threadsafe(save(), self._loop).result(timeout=60)

    async def _watch(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception:
                logger.exception("a delivery stream cannot be delivered")
            await asyncio.sleep(WATCH_S)


def all_streams() -> AccountRegionScopedDict:
    """ministack's delivery streams, of every account and region."""
    return firehose._streams


engine = Engine()
