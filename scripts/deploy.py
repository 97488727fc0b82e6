"""Deploys the lake: `python -m scripts.deploy VERB [--env laptop|dev|prod]`.

Verbs: plan, apply, destroy, output, and image, which puts the weather poller into its registry.

The same Terraform in every environment. On the laptop it starts the laptop cloud when need be and
asks nothing; on AWS it uses your profile and asks before it changes anything (`--yes` answers).
After an apply the outputs lie in .laptop/deployment.json, for AWS in deployments/<env>.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lake_cli.deployment import Deployment as Names
from lake_cli.roles import OWN_RIGHTS
from local.installed import LaptopError
from local.lifecycle import REGION, LaptopCloud
from local.upstream import SECRETS, urls
from scripts.console import Console
from scripts.deployment.credentials import ExpectedAccount, account_of
from scripts.deployment.deployer import Place, enrol
from scripts.deployment.image import Image, content_tag, publish
from scripts.deployment.keys import forget_the_key, keep_a_key
from scripts.deployment.locking import alone
from scripts.deployment.mirrors import MirrorError
from scripts.deployment.progress import some
from scripts.deployment.runs import DeployError, Terraform
from scripts.deployment.spark_application import SparkApplication, is_changed
from scripts.packing.archives import replace
from scripts.provision.pip import SetupError
from scripts.provision.prepare import check_terraform

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LAPTOP = "laptop"
LAPTOP_ACCOUNT = "000000000000"
VERBS = ("plan", "apply", "destroy", "output", "image")
CHANGES_EXIT = 2
ENDPOINTS = "AWS_ENDPOINT_URL"
# Written for a plan and gone after it.
ADOPTED = "adopted.tf"
# Most of an apply on the laptop is the provider's own waiting, which costs nothing side by side;
# AWS throttles who asks for too much at once.
AT_ONCE = {True: 60, False: 10}


class Deployment:
    """One environment of the lake, from this checkout."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self.env: str = args.env
        self.yes: bool = args.yes or self.env == LAPTOP
        self.console = console
        self.cloud = LaptopCloud(args.state_dir, args.port) if self.env == LAPTOP else None
        home = args.state_dir if self.cloud else ROOT / "deployments"
        self.file: Path = home / ("deployment.json" if self.cloud else f"{self.env}.json")
        self.account = ""
        self.expected_account = ExpectedAccount(
            declared=ROOT / "terraform" / "environments" / f"{self.env}.account",
            kept=home / self.env / "account",
        )
        # The usual folder goes unsaid, so that every way of deploying plans the same.
        variables = {} if args.build == BUILD else {"build_dir": str(args.build)}
        if self.cloud:
            # Lambda's workers on the laptop are this interpreter.
            variables["lambda_runtime"] = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.terraform = Terraform(
            root=ROOT / "terraform",
            env=self.env,
            home=home / "terraform" if self.cloud else home / self.env,
            variables=variables,
            environment=inputs(self.cloud),
            console=console,
            parallelism=AT_ONCE[self.cloud is not None],
        )

    def image(self) -> str:
        """Puts the weather poller's image into the registry of a lake that is applied."""
        if self.cloud:
            raise DeployError("the laptop runs the weather poller as a process: it needs no image.")
        if not self.file.exists():
            raise DeployError(
                f"{self.env} has no registry yet: `make deploy ENV={self.env}` with the stream off "
                "makes it, then come back."
            )
        stop_for(self._account_problems())
        names = self._lake(json.loads(self.file.read_text()))
        image = Image.of(names.values)
        publish(image, names.client("ecr"), self.console)
        return image.name

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Everything is there for a run of Terraform, and nobody else runs it."""
        with alone(self.terraform.home, self.env):
            self.prepare()
            yield

    def prepare(self) -> None:
        """Checks what can be checked before Terraform starts, and starts the laptop's cloud."""
        stop_for(self._problems())
        if self.cloud:
            with self.console.step("laptop cloud", "starting", f"running at {self.cloud.endpoint}"):
                self.cloud.up()
            keys = as_deployer(self._lake({"region": REGION}))
            known = self.terraform.environment
            self.terraform = dataclasses.replace(self.terraform, environment={**known, **keys})
        self.terraform.home.mkdir(parents=True, exist_ok=True)
        (self.terraform.root / ADOPTED).unlink(missing_ok=True)
        self.terraform.init()

    def _problems(self) -> list[str]:
        """What makes it useless to start Terraform."""
        problems = []
        if not (self.terraform.root / "environments" / f"{self.env}.tfvars").exists():
            problems.append(f"there is no terraform/environments/{self.env}.tfvars")
        try:
            check_terraform()
        except SetupError as error:
            problems.append(str(error))
        return problems if self.cloud else problems + self._account_problems()

    def _account_problems(self) -> list[str]:
        elsewhere = sorted(n for n in os.environ if n.startswith(ENDPOINTS) and os.environ[n])
        if elsewhere:
            return [f"{elsewhere[0]} is set, so {self.env} would not go to AWS: unset it first."]
        try:
            self.account = account_of()
        except DeployError as error:
            return [str(error)]
        problem = self.expected_account.problem(self.account)
        return [problem] if problem else []

    def plan(self) -> bool:
        if self.cloud:
            return self.terraform.plan()
        with self._planned() as planned:
            self._look(planned.document)
            return planned.changes

    def apply(self) -> None:
        application = self._application()
        works = application is not None and application.up
        if self.cloud and not works and not self.terraform.cut_off.exists():
            self.terraform.apply()
        else:
            with self._planned(quiet=self.yes) as planned:
                self._look(planned.document)
                if planned.changes and not self.yes:
                    self._ask(f"Apply this to {self.env}?", "yes")
                if application and works and is_changed(planned.document):
                    self._stop(application)
                if self.account:
                    self.expected_account.keep(self.account)
                self.terraform.apply(planned=planned.file)
        self.keep_outputs()

    @contextmanager
    def _planned(self, *, quiet: bool = False) -> Iterator[Planned]:
        file, adopted = self.terraform.home / "plan", self.terraform.root / ADOPTED
        try:
            changes = self.terraform.plan(out=file, quiet=quiet)
            document = self.terraform.show(file)
            if self.terraform.cut_off.exists() and (blocks := self._orphans(document)):
                adopted.write_text(blocks)
                changes = self.terraform.plan(out=file, quiet=quiet)
                document = self.terraform.show(file)
            yield Planned(file, changes, document)
        finally:
            file.unlink(missing_ok=True)
            adopted.unlink(missing_ok=True)

    def _orphans(self, document: Mapping[str, Any]) -> str:
        """What an apply that was cut off left beside the state, for Terraform to take over."""
        from scripts.deployment.adoption import orphans

        clients = self._lake({"region": document["variables"]["region"]["value"]}).client
        with self.console.step("the last apply", "was cut off: looking what it made") as step:
            left = list(orphans(document, clients))
            step.note(f"was cut off; {len(left)} things that it made are taken over")
        return "\n".join(orphan.block for orphan in left)

    def _look(self, document: Mapping[str, Any]) -> None:
        """Has AWS say what speaks against a plan; on the laptop nothing could."""
        if not self.account:
            return
        from scripts.deployment import preflight

        plan = preflight.Plan(document)
        region, cut_off = plan.variable("region"), self.terraform.cut_off.exists()
        with self.console.step("preflight", "asking AWS what speaks against it") as step:
            report = preflight.look(plan, preflight.Place(self.account, region, cut_off))
            step.note("something must be put right first" if report.problems else "all is well")
        for warning in report.warnings:
            self.console.say(f"  warning: {warning}")
        stop_for(report.problems)

    def destroy(self) -> list[str]:
        """Gives what services had made again and what AWS keeps, a sentence each."""
        if not self.yes:
            self._ask(f"Destroy {self.env} with all its data? Type its name.", self.env)
        from scripts.deployment.teardown import bring_to_rest, leftovers

        names = self._names()
        if names:
            self._keep_data(names)
            with self.console.step("the lake", "coming to rest", "at rest") as step:
                bring_to_rest(names, step.note)
        self.terraform.destroy()
        left = list(leftovers(names)) if names else []
        for sentence in left:
            self.console.say(f"  {sentence}")
        self.file.unlink(missing_ok=True)
        self.expected_account.forget()
        if self.cloud:
            forget_the_key(self.cloud.state_dir)
        return left

    def _keep_data(self, names: Names) -> None:
        """Refuses to begin what Terraform would give up half-way: deleting what is to be kept."""
        if self.cloud:
            return  # its tfvars let everything go
        from scripts.deployment.teardown import kept_buckets

        if kept := kept_buckets(names.client("s3"), self.terraform.show()):
            raise DeployError(
                f"{some(kept)}: these buckets hold files, and {self.env} keeps its data; to delete "
                f"it too, set force_destroy = true in terraform/environments/{self.env}.tfvars, "
                "deploy, then destroy."
            )

    def keep_outputs(self) -> None:
        """Writes the deployment file: the only way in which programs learn names."""
        values = self.terraform.outputs()
        if self.cloud:
            values["endpoint"] = self.cloud.endpoint
        replace(self.file, (json.dumps(values, indent=1, sort_keys=True) + "\n").encode())
        if self.cloud and "api_keys_table" in values:
            keep_a_key(values, self.cloud.state_dir)

    def _names(self) -> Names | None:
        """What was applied, if anything was."""
        values = self.terraform.outputs()
        if "spark_application_id" not in values:
            return None
        return self._lake(values)

    def _application(self) -> SparkApplication | None:
        """The application that was applied, if any was."""
        if (names := self._names()) is None:
            return None
        return SparkApplication(names.client("emr-serverless"), names["spark_application_id"])

    def _lake(self, values: Mapping[str, Any]) -> Names:
        """The lake as whoever deploys has it: not as its operator."""
        if self.cloud is None:
            return Names(self.env, values, role=OWN_RIGHTS)
        values = {**values, "endpoint": self.cloud.endpoint}
        return Names(self.env, values, role=Place.of(self.env, LAPTOP_ACCOUNT).role_arn)

    def _stop(self, application: SparkApplication) -> None:
        with self.console.step("Spark application", "stopping", "at rest"):
            application.stop()

    def _ask(self, question: str, wanted: str) -> None:
        if not sys.stdin.isatty():
            raise DeployError("nobody is here to say yes: add --yes.")
        if input(f"{question} [{wanted}] ").strip() != wanted:
            raise DeployError("nothing was changed.")


@dataclass(frozen=True)
class Planned:
    """A plan that can be applied, and what it says."""

    file: Path
    changes: bool
    document: Mapping[str, Any]


def stop_for(problems: Sequence[str]) -> None:
    """Tells all problems at once, if there are any."""
    if len(problems) == 1:
        raise DeployError(problems[0])
    if problems:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        raise DeployError(f"{len(problems)} things must be put right first:{lines}")


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: one sentence says why not; 2: a plan with --detailed-exitcode has changes."""
    args = read_arguments(argv)
    console = Console(sys.stderr if args.verb == "output" else None)
    started = time.monotonic()
    deployment = Deployment(args, console)
    try:
        if args.verb == "image":
            outcome = f"{deployment.image()} is there"
        elif args.verb == "output":
            deployment.prepare()
            deployment.keep_outputs()
            print(deployment.file.read_text(), end="")
            return 0
        else:
            with deployment.ready():
                if args.verb == "plan":
                    changes = deployment.plan()
                    return CHANGES_EXIT if changes and args.detailed_exitcode else 0
                if args.verb == "apply":
                    deployment.apply()
                    outcome = f"outputs in {_short(deployment.file)}"
                else:
                    left = deployment.destroy()
                    outcome = "all else is gone" if left else "nothing is left"
    except (DeployError, MirrorError, LaptopError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"deploy: AWS says no: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("deploy: interrupted; `make deploy` goes on from here", file=sys.stderr)
        return 130
    console.say(f"{args.env}: {args.verb} done, {outcome} ({time.monotonic() - started:.1f} s)")
    return 0


def inputs(
    cloud: LaptopCloud | None, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What Terraform is run with: the image of this checkout, unless the user names another."""
    own = {"TF_VAR_weather_poller_tag": content_tag(), **environment}
    return own | (laptop_environment(cloud, environment) if cloud else {})


def as_deployer(names: Names) -> dict[str, str]:
    """The keys of the role that deploys: on a laptop, too, that is no administrator."""
    administrator = dataclasses.replace(names, role=OWN_RIGHTS)
    enrol(administrator.client("iam"), Place.of(names.env, LAPTOP_ACCOUNT))
    keys = names.session.get_credentials().get_frozen_credentials()
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
    }


def laptop_environment(
    cloud: LaptopCloud, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """How Terraform reaches the laptop's cloud; the stand-ins are asked unless you name others."""
    secrets = {name: json.dumps(secret) for name, secret in SECRETS.items()}
    asked = {
        "TF_VAR_upstreams": json.dumps(urls(cloud.endpoint)),
        "TF_VAR_secrets": json.dumps(secrets),
    }
    own = {name: environment[name] for name in asked if environment.get(name)}
    return asked | own | dict(cloud.environment())


def read_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "verb",
        choices=VERBS,
        help="plan shows what apply would make and what speaks against it; destroy brings the lake "
        "to rest first; image builds and pushes the weather poller's container; output writes the "
        "deployment file again",
    )
    parser.add_argument("--env", default=LAPTOP, help="laptop, dev or prod")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--build", type=Path, default=BUILD, help="what `make build` wrote")
    parser.add_argument("--detailed-exitcode", action="store_true", help="plan: 2 for changes")
    laptop = parser.add_argument_group("laptop")
    laptop.add_argument("--state-dir", type=Path, default=ROOT / ".laptop")
    laptop.add_argument("--port", type=int, default=int(os.environ.get("LAKE_PORT") or 4566))
    args = parser.parse_args(argv)
    args.state_dir, args.build = args.state_dir.resolve(), args.build.resolve()
    return args


def heed_endings() -> None:
    """A closed terminal, a CI that gives up: Terraform ends what is under way, as after Ctrl-C."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)


def _short(file: Path) -> str:
    return str(file.relative_to(ROOT) if ROOT in file.parents else file)


if __name__ == "__main__":
    heed_endings()
    sys.exit(main())
