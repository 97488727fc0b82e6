"""Deploying finds its provider, tells how far it is and what went wrong, and keeps the outputs."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from scripts import deploy
from scripts.console import Console
from scripts.deployment.mirrors import (
    PROVIDER,
    MirrorError,
    find_mirror,
    locked_version,
    user_chose_installation,
)
from scripts.deployment.progress import Progress
from scripts.deployment.runs import (
    DeployError,
    Terraform,
    init_failure,
    terraform_environment,
)

STREAMS = Path(__file__).parent / "terraform_streams"
MACHINE = "linux_amd64"
ROOT_MODULE = """\
terraform {
  backend "local" {}
}
variable "rows" { type = string }
variable "broken" {
  type    = bool
  default = false
}
resource "terraform_data" "row" {
  for_each = toset(split(",", var.rows))
  input    = each.key
  lifecycle {
    postcondition {
      condition     = !var.broken
      error_message = "This row is broken."
    }
  }
}
output "rows" { value = [for row in terraform_data.row : row.output] }
output "nothing" { value = null }
"""


def unpacked(folder: Path, version: str = "5.100.0", machine: str = MACHINE) -> Path:
    place = folder / PROVIDER / version / machine
    place.mkdir(parents=True)
    (place / f"terraform-provider-aws_v{version}_x5").touch()
    return folder


def packed(folder: Path, version: str = "5.100.0") -> Path:
    (folder / PROVIDER).mkdir(parents=True)
    (folder / PROVIDER / f"terraform-provider-aws_{version}_{MACHINE}.zip").touch()
    return folder


def search(tmp_path: Path, version: str | None = "5.100.0", **environment: str) -> Path | None:
    """The search on a machine whose home, data folders and prefixes all lie below one folder."""
    home = {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "xdg")}
    return find_mirror(
        version,
        tmp_path / "terraform",
        environment=home | environment,
        prefixes=(str(tmp_path / "opt"), str(tmp_path / "share")),
        machine=MACHINE,
    )


@pytest.mark.parametrize(
    "place",
    [
        "terraform/terraform.d/plugins",
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "home/Library/Application Support/io.terraform/plugins",
        "xdg/terraform/plugins",
        "opt",
        "opt/plugins-of-this-company",
        "share/mirror",
    ],
)
def test_a_mirror_is_found_in_terraforms_own_folders_and_below_the_usual_prefixes(
    tmp_path: Path, place: str
) -> None:
    unpacked(tmp_path / place)

    assert search(tmp_path) == tmp_path / place


def test_a_packed_mirror_counts_too(tmp_path: Path) -> None:
    packed(tmp_path / "opt" / "mirror")

    assert search(tmp_path) == tmp_path / "opt" / "mirror"


def test_another_version_or_machine_or_an_empty_folder_is_no_mirror(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt" / "old", version="5.99.0")
    unpacked(tmp_path / "opt" / "mac", machine="darwin_arm64")
    (tmp_path / "opt" / "empty" / PROVIDER / "5.100.0" / MACHINE).mkdir(parents=True)

    assert search(tmp_path) is None


def test_the_named_folder_goes_first_and_is_told_when_it_is_wrong(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt")
    named = unpacked(tmp_path / "named")

    assert search(tmp_path, TF_PLUGIN_DIR=str(named)) == named
    with pytest.raises(MirrorError, match=r"TF_PLUGIN_DIR \(.*empty\) holds no .*5\.100\.0"):
        search(tmp_path, TF_PLUGIN_DIR=str(tmp_path / "empty"))


def test_the_wanted_version_is_the_locked_one(tmp_path: Path) -> None:
    root = Path(deploy.ROOT) / "terraform"

    assert locked_version(root / ".terraform.lock.hcl") == "5.100.0"
    assert locked_version(tmp_path / "no.lock.hcl") is None


def test_a_user_who_configured_an_installation_is_not_overruled(tmp_path: Path) -> None:
    settings = tmp_path / "terraform.rc"
    settings.write_text("provider_installation {\n  direct {}\n}\n")

    assert user_chose_installation({"TF_CLI_CONFIG_FILE": str(settings)})
    assert not user_chose_installation({"TF_CLI_CONFIG_FILE": str(tmp_path / "missing.rc")})
    assert not user_chose_installation({"HOME": str(tmp_path)})


def test_settings_that_are_not_there_are_not_handed_on(tmp_path: Path) -> None:
    missing, there = tmp_path / "missing.rc", tmp_path / "there.rc"
    there.touch()

    assert "TF_CLI_CONFIG_FILE" not in terraform_environment({"TF_CLI_CONFIG_FILE": str(missing)})
    kept = terraform_environment({"TF_CLI_CONFIG_FILE": str(there)})
    assert kept["TF_CLI_CONFIG_FILE"] == str(there)


def test_an_unreachable_registry_is_told_as_what_to_do() -> None:
    said = (
        "│ Error: Failed to query available provider packages\n"
        "│ Could not retrieve the list of available versions for provider hashicorp/aws:\n"
        "│ could not connect to registry.terraform.io: dial tcp: no such host\n"
    )

    assert "set TF_PLUGIN_DIR" in init_failure(said)
    assert init_failure("│ Error: Odd\n") == "terraform init failed: Error: Odd"


def test_progress_counts_what_is_done_of_what_was_planned() -> None:
    progress = Progress()
    seen = []

    for line in (STREAMS / "applied.jsonl").read_text().splitlines():
        progress.feed(line)
        seen.append(progress.doing)

    assert seen[0] == "comparing with what is there"
    assert '0 of 4 done, now terraform_data.row["c"]' in seen
    assert '1 of 4 done, now terraform_data.row["a"], terraform_data.row["b"]' in seen
    assert "3 of 4 done, now terraform_data.checked" in seen
    assert seen[-1] == "4 of 4 done"
    assert progress.outcome == "4 added"
    assert progress.errors == []


def test_an_error_says_where_and_what_once() -> None:
    progress = Progress()

    for line in 2 * (STREAMS / "failed.jsonl").read_text().splitlines():
        progress.feed(line)

    assert progress.errors == [
        "main.tf:16: Resource postcondition failed\n    This row is broken.\n    Mend it."
    ]


def test_words_that_are_no_json_are_kept_as_an_error() -> None:
    progress = Progress()

    progress.feed("Error: plugin crashed")

    assert progress.errors == ["Error: plugin crashed"]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A root module of Terraform's own resources: it needs no provider and no cloud."""
    root = tmp_path / "module"
    (root / "environments").mkdir(parents=True)
    (root / "main.tf").write_text(ROOT_MODULE)
    (root / "environments" / "toy.tfvars").write_text('rows = "a,b"\n')
    return root


def terraform(module: Path, said: io.StringIO | None = None, **variables: str) -> Terraform:
    home = module.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(module / "missing.rc")}
    console = Console(said or io.StringIO(), live=False)
    return Terraform(module, "toy", home, variables, environment, console)


def test_apply_is_followed_by_an_empty_plan_and_destroy_leaves_nothing(module: Path) -> None:
    run = terraform(module)
    run.init()

    assert run.plan()
    run.apply()

    assert run.outputs() == {"rows": ["a", "b"]}
    assert not run.plan()
    assert not list(module.glob("*.tfstate"))

    run.destroy()
    assert run.outputs() == {}


def test_init_is_repeated_only_when_something_changed(module: Path) -> None:
    first, second, third = io.StringIO(), io.StringIO(), io.StringIO()

    terraform(module, first).init()
    terraform(module, second).init()
    (module / "main.tf").write_text(ROOT_MODULE + "\n")
    terraform(module, third).init()

    assert "terraform init: ready" in first.getvalue()
    assert second.getvalue() == ""
    assert "terraform init: ready" in third.getvalue()


def test_a_failed_apply_says_which_resource_and_why(module: Path) -> None:
    run = terraform(module, broken="true")
    run.init()

    with pytest.raises(DeployError, match=r"apply failed after .*\n.*main\.tf:14.*\n.*is broken"):
        run.apply()


def test_a_planned_apply_uses_exactly_that_plan(module: Path) -> None:
    run = terraform(module)
    run.init()
    planned = module.parent / "plan"

    assert run.plan(out=planned)
    (module / "environments" / "toy.tfvars").write_text('rows = "other"\n')
    run.apply(planned=planned)

    assert run.outputs() == {"rows": ["a", "b"]}


def test_a_settings_file_for_s3_puts_the_state_there(module: Path) -> None:
    (module / "environments" / "toy.s3.tfbackend").write_text("bucket = 5\nbroken\n")

    with pytest.raises(DeployError, match=r"toy\.s3\.tfbackend"):
        terraform(module).init()

    assert 'backend "s3"' in (module / "backend_override.tf").read_text()
    (module / "environments" / "toy.s3.tfbackend").unlink()
    terraform(module).init()
    assert not (module / "backend_override.tf").exists()


def test_aws_is_not_deployed_to_while_an_endpoint_points_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    assert deploy.main(["apply", "--env", "prod", "--yes"]) == 1

    assert "prod would not go to AWS: unset it" in capsys.readouterr().err


def test_an_environment_without_values_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    assert deploy.main(["plan", "--env", "staging"]) == 1

    assert "there is no terraform/environments/staging.tfvars" in capsys.readouterr().err


def test_the_deployment_file_holds_the_outputs_by_name(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    deployment = deploy.Deployment(
        deploy.read_arguments(["apply", "--env", "toy", "--yes"]), Console(io.StringIO())
    )
    deployment.terraform = terraform(module)
    deployment.file = tmp_path / "deployments" / "toy.json"
    deployment.terraform.init()

    deployment.apply()
    assert json.loads(deployment.file.read_text()) == {"rows": ["a", "b"]}

    deployment.destroy()
    assert not deployment.file.exists()


def test_nobody_at_the_keyboard_means_no(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    deployment = deploy.Deployment(
        deploy.read_arguments(["apply", "--env", "toy"]), Console(io.StringIO())
    )
    deployment.terraform = terraform(module)
    deployment.terraform.init()

    with pytest.raises(DeployError, match="add --yes"):
        deployment.apply()

    assert deployment.terraform.outputs() == {}
