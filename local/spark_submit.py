"""Reading a StartJobRun request: which files, settings and variables its Spark job asks for."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import Any

# The lake's production settings name EMR's own Iceberg jar; the laptop brings its own.
EMR_OWN_JARS = "/usr/share/aws/"
DRIVER_ENV = "spark.emr-serverless.driverEnv."
EXECUTOR_ENV = "spark.executorEnv."
# Decided by the laptop: where it runs, with which Python, and what EMR alone understands.
IGNORED_CONF = re.compile(
    r"spark\.(emr-serverless\.|master$|submit\.|pyspark\.|executor\.instances$|dynamicAllocation\.|"
    r"archives$|jars$|files$|executorEnv\.PYSPARK)"
)
CATALOG_CONF = re.compile(r"spark\.sql\.catalog\.[^.]+")
VALUE_OPTIONS = {
    "--driver-memory": "spark.driver.memory",
    "--driver-cores": "spark.driver.cores",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--name": "spark.app.name",
    "--jars": "spark.jars",
    "--files": "spark.files",
    "--archives": "spark.archives",
    "--py-files": "spark.submit.pyFiles",
}


class BadRequest(ValueError):
    """A request that EMR Serverless would refuse."""


@dataclass(frozen=True)
class SparkJob:
    """What a job run needs, with every file still named by its URI."""

    entry_point: str
    arguments: tuple[str, ...] = ()
    py_files: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    archives: dict[str, str] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    submitted: dict[str, str] = field(default_factory=dict)  # every setting, as EMR gets it

    @property
    def driver_only(self) -> list[str]:
        """The variables that the driver gets and its executors don't."""
        return sorted(name for name in self.environment if f"{EXECUTOR_ENV}{name}" not in self.conf)


def parse_request(request: dict[str, Any]) -> SparkJob:
    """Turn the body of StartJobRun into a job; BadRequest says what is wrong with it."""
    submit = (request.get("jobDriver") or {}).get("sparkSubmit") or {}
    if not submit.get("entryPoint"):
        raise BadRequest("jobDriver.sparkSubmit.entryPoint is required.")
    conf = _classified(request.get("configurationOverrides") or {})
    conf |= _parameters(submit.get("sparkSubmitParameters") or "")
    environment = {
        name.removeprefix(DRIVER_ENV): value
        for name, value in conf.items()
        if name.startswith(DRIVER_ENV) and "PYSPARK" not in name
    }
    kept = {name: value for name, value in conf.items() if not IGNORED_CONF.match(name)}
    for name in conf:
        if CATALOG_CONF.fullmatch(name):
            # Bucket names don't resolve as host names on a laptop.
            kept[f"{name}.s3.path-style-access"] = "true"
    return SparkJob(
        entry_point=submit["entryPoint"],
        arguments=tuple(submit.get("entryPointArguments") or ()),
        py_files=_listed(conf.get("spark.submit.pyFiles")),
        jars=tuple(j for j in _listed(conf.get("spark.jars")) if not j.startswith(EMR_OWN_JARS)),
        files=_listed(conf.get("spark.files")),
        archives=_aliased(conf.get("spark.archives")),
        conf=kept,
        environment=environment,
        submitted=conf,
    )


def _parameters(text: str) -> dict[str, str]:
    """Read `sparkSubmitParameters` as spark-submit reads its command line."""
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise BadRequest(f"sparkSubmitParameters can't be read: {error}.") from error
    conf: dict[str, str] = {}
    for word in words:
        option, joined, value = word.partition("=")
        if option not in {"--conf", "--class", *VALUE_OPTIONS}:
            raise BadRequest(f"sparkSubmitParameters: {word} is not known here.")
        text_value = value if joined else next(words, "")
        if not text_value:
            raise BadRequest(f"sparkSubmitParameters: {option} lacks its value.")
        if option == "--conf":
            name, _, setting = text_value.partition("=")
            conf[name] = setting
        elif option in VALUE_OPTIONS:
            conf[VALUE_OPTIONS[option]] = text_value
    return conf


def _classified(overrides: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in overrides.get("applicationConfiguration") or []:
        if entry.get("classification") == "spark-defaults":
            found |= entry.get("properties") or {}
    return found


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _aliased(text: str | None) -> dict[str, str]:
    """Map the folder name of each archive (`uri#alias`) to its URI."""
    aliased = {}
    for part in _listed(text):
        uri, _, alias = part.partition("#")
        aliased[alias or uri.rsplit("/", 1)[-1]] = uri
    return aliased
