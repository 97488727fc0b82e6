"""Terraform on one environment: init when needed, plan, apply, destroy, outputs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.console import Console, Step
from scripts.deployment.mirrors import (
    PROVIDER,
    find_mirror,
    locked_version,
    user_chose_installation,
)
from scripts.deployment.progress import Progress
from scripts.packing.archives import replace
from scripts.provision.venvs import digest

S3_BACKEND = 'terraform {\n  backend "s3" {}\n}\n'
STAMP = "initialised"


class DeployError(Exception):
    """The deployment cannot go on; the text says what a person can do."""


@dataclass(frozen=True)
class Terraform:
    """The root module, run for one environment with its own data folder and state."""

    root: Path
    env: str
    home: Path
    variables: Mapping[str, str]
    environment: Mapping[str, str]
    console: Console
    parallelism: int = 10

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def backend_settings(self) -> Path:
        return self.root / "environments" / f"{self.env}.s3.tfbackend"

    @property
    def cut_off(self) -> Path:
        """There while Terraform changes things, and after it was not let end."""
        return self.home / "cut-off"

    def init(self) -> None:
        """Makes Terraform ready; quick when nothing changed since the last time."""
        override = self.root / "backend_override.tf"
        if self.backend_settings.exists():
            replace(override, S3_BACKEND.encode())
        else:
            override.unlink(missing_ok=True)
        if (self.data / STAMP).exists() and (self.data / STAMP).read_text() == self._inputs():
            return
        failure = ""
        with self.console.step("terraform init", "finding the AWS provider", "ready") as step:
            for source in self._provider_sources():
                done = self._call("init", "-input=false", "-reconfigure", *self._backend(), *source)
                if done.returncode == 0:
                    (self.data / STAMP).write_text(self._inputs())
                    return
                failure = done.stderr
                if "provider" not in failure:
                    break
                step.note("asking the provider registry")
            raise DeployError(init_failure(failure))

    def plan(self, *, out: Path | None = None, quiet: bool = False) -> bool:
        """Shows what an apply would change; True when that is anything."""
        words = ["plan", "-input=false", "-detailed-exitcode", *self._inputs_of_a_run()]
        words += [f"-out={out}"] if out else []
        done = subprocess.run(
            self._command(*words),
            env=self._environment(),
            stdout=subprocess.DEVNULL if quiet else None,
            check=False,
        )
        if done.returncode == 1:
            raise DeployError("the plan failed; Terraform's words are above.")
        return done.returncode == 2

    def show(self, planned: Path | None = None) -> dict[str, Any]:
        """What a plan would do, or what there is, as Terraform tells it to programs."""
        done = self._call("show", "-json", *([str(planned)] if planned else []))
        if done.returncode:
            raise DeployError(f"terraform show failed: {done.stderr.strip()}")
        shown: dict[str, Any] = json.loads(done.stdout)
        return shown

    def apply(self, *, planned: Path | None = None) -> None:
        words = [str(planned)] if planned else ["-auto-approve", *self._inputs_of_a_run()]
        self._change("apply", words)

    def destroy(self) -> None:
        self._change("destroy", ["-auto-approve", *self._inputs_of_a_run()])

    def outputs(self) -> dict[str, Any]:
        """The outputs by name; empty when nothing is applied."""
        done = self._call("output", "-json")
        if done.returncode:
            raise DeployError(f"terraform output failed: {done.stderr.strip()}")
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}

    def _change(self, verb: str, words: list[str]) -> None:
        progress = Progress()
        command = self._command(verb, "-json", "-input=false", *words)
        self.cut_off.touch()
        with self.console.step(f"terraform {verb}", progress.doing) as step:
            with subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                # Two interrupts would have it drop what is under way; so it gets one, from here.
                start_new_session=True,
            ) as process:
                try:
                    _follow(process, progress, step)
                except KeyboardInterrupt:
                    process.send_signal(signal.SIGINT)
                    _follow(process, progress, step)
                    raise
                finally:
                    ended = process.poll()
                    if ended is not None and ended >= 0 and not progress.under_way:
                        self.cut_off.unlink(missing_ok=True)
            if process.returncode:
                unlock = f"TF_DATA_DIR={self.data} terraform -chdir={self.root} force-unlock"
                raise DeployError(failure(verb, process.returncode, progress, unlock))
            step.note(progress.outcome)
        for warning in progress.warnings:
            self.console.say(f"  warning: {warning}")

    def _provider_sources(self) -> list[list[str]]:
        """How init may get the provider, in the order to try."""
        if user_chose_installation(self.environment):
            return [[]]
        version = locked_version(self.root / ".terraform.lock.hcl")
        mirror = find_mirror(version, self.root, environment=self.environment)
        return [[f"-plugin-dir={mirror}"], []] if mirror else [[]]

    def _backend(self) -> list[str]:
        if self.backend_settings.exists():
            return [f"-backend-config={self.backend_settings}"]
        return [f"-backend-config=path={self.home / 'terraform.tfstate'}"]

    def _inputs_of_a_run(self) -> list[str]:
        values = [f"-var={name}={value}" for name, value in self.variables.items()]
        own = [f"-var-file=environments/{self.env}.tfvars", f"-parallelism={self.parallelism}"]
        return [*own, "-lock-timeout=60s", *values]

    def _inputs(self) -> str:
        files = sorted((*self.root.glob("*.tf"), *self.root.glob("modules/*/*.tf")))
        files += [self.root / ".terraform.lock.hcl", self.backend_settings]
        return digest(files, str(self.home))

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*words),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _command(self, verb: str, *words: str) -> list[str]:
        colour = [] if self.console.live or verb == "output" else ["-no-color"]
        return ["terraform", f"-chdir={self.root}", verb, *colour, *words]

    def _environment(self) -> dict[str, str]:
        return {**terraform_environment(self.environment), "TF_DATA_DIR": str(self.data)}


def terraform_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For any run of Terraform: no questions, no update check, short waits for a registry.

    What it is told of the provider's types is so large that Go would tidy up all the time: a fifth
    of an apply's computing, against 0.3 GB of memory.
    """
    own = dict(environment)
    settings = own.get("TF_CLI_CONFIG_FILE")
    if settings and not Path(settings).exists():
        # Terraform would go on too, but warn into every output.
        del own["TF_CLI_CONFIG_FILE"]
    own.setdefault("GOGC", "400")
    own.setdefault("TF_REGISTRY_CLIENT_TIMEOUT", "10")
    own.setdefault("TF_REGISTRY_DISCOVERY_RETRY", "1")
    return own | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def _follow(process: subprocess.Popen[str], progress: Progress, step: Step) -> None:
    for line in process.stdout or ():
        progress.feed(line)
        step.note(progress.doing)
    process.wait()


def failure(verb: str, code: int, progress: Progress, unlock: str) -> str:
    """What a failed run means for a person."""
    text = "\n  ".join(progress.errors)
    if "Error acquiring the state lock" in text:
        holder = dict(re.findall(r"^\s*(ID|Who|Created):\s*(.+?)\s*$", text, re.MULTILINE))
        return (
            f"another Terraform holds the state ({holder.get('Who', 'unknown')}, since "
            f"{holder.get('Created', 'unknown')}): wait until it has ended; if it was cut off, "
            f"`{unlock} {holder.get('ID', 'ID')}` frees the state."
        )
    if code < 0:
        return (
            f"{verb} was killed after {progress.done} changes: run it again, it goes on from there."
        )
    return f"{verb} failed after {progress.done} changes:\n  {text or 'Terraform said nothing.'}"


def init_failure(stderr: str) -> str:
    """What a failed init means for a person."""
    said = " ".join(line.strip("│╷╵ ") for line in stderr.splitlines())
    if "registry.terraform.io" in said and "checksum" not in said:
        return (
            "Terraform can't get its AWS provider: connect to the network, or set TF_PLUGIN_DIR to "
            f"a folder that holds {PROVIDER} (`terraform providers mirror FOLDER` makes one)."
        )
    return f"terraform init failed: {said.strip()}"
