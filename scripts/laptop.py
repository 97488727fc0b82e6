"""The lake on this laptop: built, started, and applied when what would be applied has changed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from local.lifecycle import LaptopCloud
from scripts import build, deploy
from scripts.console import Console
from scripts.deployment.mirrors import MirrorError
from scripts.deployment.runs import DeployError
from scripts.packing import platforms
from scripts.packing.archives import replace
from scripts.packing.wheels import BuildError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566
APPLIED = (".tf", ".tfvars", ".hcl", ".json", ".sql", ".tftpl", ".zip", ".gz", ".py")
# What a person can put right; the text is one sentence that says how.
TOLD = (BuildError, DeployError, MirrorError)


@dataclass(frozen=True)
class Laptop:
    """One laptop cloud with the lake applied to it."""

    state_dir: Path = ROOT / ".laptop"
    port: int = DEFAULT_PORT
    build_dir: Path = ROOT / "build"

    @classmethod
    def chosen(cls) -> Laptop:
        """The one that is meant: beside LAKE_DEPLOYMENT, at LAKE_PORT or where it was applied."""
        path = Path(os.environ.get("LAKE_DEPLOYMENT") or ROOT / ".laptop" / "deployment.json")
        port = os.environ.get("LAKE_PORT") or _port_of(path) or DEFAULT_PORT
        return cls(state_dir=path.absolute().parent, port=int(port))

    @property
    def cloud(self) -> LaptopCloud:
        """The cloud itself, running or not."""
        return LaptopCloud(self.state_dir, self.port)

    @property
    def deployment_file(self) -> Path:
        """Where the outputs of the last apply lie."""
        return self.state_dir / "deployment.json"

    def up(self, console: Console) -> bool:
        """Brings everything up; true when Terraform had something to do."""
        written = build.Build(ROOT, self.build_dir, platforms.laptop(), console).run()
        if written:
            console.say(f"  build: {written} files written")
        wanted, stamp = self._what_would_be_applied(), self.state_dir / "applied"
        applied = stamp.read_text() if stamp.exists() and self.deployment_file.exists() else ""
        if applied == wanted:
            with console.step("laptop cloud", "starting", f"running at {self.cloud.endpoint}"):
                self.cloud.up()
            return False
        self.run("apply", console)
        replace(stamp, wanted.encode())
        return True

    def run(self, verb: str, console: Console) -> None:
        """Lets `scripts.deploy` do a thing here."""
        words = [verb, "--state-dir", str(self.state_dir), "--port", str(self.port)]
        words += ["--build", str(self.build_dir)]
        deployment = deploy.Deployment(deploy.read_arguments(words), console)
        with deployment.ready():
            getattr(deployment, verb)()

    def down(self) -> None:
        """Stops the cloud; its state stays."""
        self.cloud.down()

    def _what_would_be_applied(self) -> str:
        """One hash over Terraform's files, the built files and the entry scripts of the jobs."""
        files = [*(ROOT / "terraform").rglob("*"), *(ROOT / "spark").glob("*.py")]
        files += self.build_dir.rglob("*")
        contents = {
            str(file): file.read_bytes()
            for file in files
            if file.suffix in APPLIED and file.is_file() and not _hidden(file)
        }
        return build.hash_of(contents, str(self.port))


def _port_of(path: Path) -> str | None:
    """Where the lake of a deployment file was applied."""
    try:
        endpoint = str(json.loads(path.read_text(encoding="utf-8")).get("endpoint", ""))
    except (OSError, ValueError):
        return None
    return endpoint.rpartition(":")[2] or None


def _hidden(file: Path) -> bool:
    return any(part.startswith(".terraform") or part == ".cache" for part in file.parts)
