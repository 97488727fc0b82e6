"""Where this laptop's Spark is, and the command line that starts it quickly."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What Spark's own launcher passes to Java 17 (JavaModuleOptions of Spark 3.5).
OPENED_PACKAGES = (
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
)
WORKERS = Path(__file__).with_name("spark_workers.py")
UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
"""


class SparkMissing(RuntimeError):
    """Set-up has not been run, so there is no Spark to run a job with."""


@dataclass(frozen=True)
class SparkHome:
    """The pieces of an installed Spark: pyspark's folder, a JDK, the extra jars, a Python."""

    spark: Path
    java: Path
    jars: Path
    python: Path
    work: Path
    memory: str = "2g"
    cores: int = 2

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> SparkHome:
        """Read the LAKE_* variables that lifecycle sets."""
        paths = {}
        for name in ("SPARK_HOME", "JAVA_HOME", "SPARK_JARS", "SPARK_PYTHON"):
            value = env.get(f"LAKE_{name}", "")
            if not value or not Path(value).exists():
                raise SparkMissing(f"Spark is not installed (LAKE_{name}): run `make setup`.")
            paths[name] = Path(value)
        return cls(
            spark=paths["SPARK_HOME"],
            java=paths["JAVA_HOME"] / "bin" / "java",
            jars=paths["SPARK_JARS"],
            python=paths["SPARK_PYTHON"],
            work=Path(env["LAKE_STATE_DIR"]) / "spark",
            memory=env.get("LAKE_SPARK_MEMORY", "2g"),
            cores=int(env.get("LAKE_SPARK_CORES", "2")),
        )

    @property
    def classpath(self) -> str:
        """Every jar by name: a wildcard's order may change, and with it the class archive's fit."""
        # Spark's own first: the AWS bundle carries a second, slower log4j.
        jars = [*sorted((self.spark / "jars").glob("*.jar")), *sorted(self.jars.glob("*.jar"))]
        return os.pathsep.join(map(str, jars))

    @property
    def class_archive(self) -> Path:
        """The file of preloaded classes that fits exactly these jars and this Java."""
        known = [self.classpath, (self.java.parents[1] / "release").read_text()]
        for jar in self.jars.glob("*.jar"):
            known.append(f"{jar.name} {jar.stat().st_size} {jar.stat().st_mtime_ns}")
        digest = hashlib.sha256("\n".join(sorted(known)).encode()).hexdigest()[:16]
        return self.jars / f"classes-{digest}.jsa"

    def heap(self, requested: str) -> str:
        """The driver's memory: what the job asks for, at most half of this machine's."""
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        asked = requested or self.memory
        size = int(asked[:-1]) * UNITS[asked[-1].lower()] if asked[-1:].isalpha() else int(asked)
        return str(min(size, half))

    def java_command(self, temporary: Path, *options: str) -> list[str]:
        """Start of a command that runs a class of Spark in a JVM made for small jobs."""
        opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED_PACKAGES]
        return [
            str(self.java),
            # A stale or missing archive is no error, and must not write into the job's output.
            "-Xshare:auto",
            "-Xlog:disable",
            "-XX:TieredStopAtLevel=1",
            # The first compiler alone has room for 48 MB, and throws away what the next job needs.
            "-XX:ReservedCodeCacheSize=240m",
            "-XX:+UseSerialGC",
            "-XX:+IgnoreUnrecognizedVMOptions",
            # The jars' hashes are known; to verify their classes takes a sixth of the first start.
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-BytecodeVerificationRemote",
            "-Djdk.reflect.useDirectMethodHandle=false",
            "-Duser.timezone=UTC",
            f"-Djava.io.tmpdir={temporary}",
            f"-Dlog4j2.configurationFile={self._written('log4j2.properties', LOG4J).as_uri()}",
            *opened,
            *options,
            "-cp",
            self.classpath,
        ]

    def python_command(self) -> Path:
        """A script that starts Python without site-packages, so that a forgotten wheel is seen.

        pyspark comes as a folder and not as Spark's own zip, whose modules are compiled anew each
        time (a second a job).
        """
        library = self.work / "lib"
        library.mkdir(parents=True, exist_ok=True)
        for module in (self.spark, self.spark.parent / "py4j", WORKERS):
            link = library / module.name
            if not link.exists():
                link.unlink(missing_ok=True)
                link.symlink_to(module)
        path = f'{shlex.quote(str(library))}"${{PYTHONPATH:+:$PYTHONPATH}}"'
        lines = f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.quote(str(self.python))} -S "$@"\n'
        script = self._written("python3", lines)
        script.chmod(0o755)
        return script

    def _written(self, name: str, text: str) -> Path:
        path = self.work / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return path
