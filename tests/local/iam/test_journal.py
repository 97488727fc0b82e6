"""The journal has each decision once, tells whose it was, and does not grow without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.iam.journal import ALLOW, DENY, FILE_NAME, Decision, Journal, read, role_of, shape

SESSION = "arn:aws:sts::000000000000:assumed-role/promote/function"


def decision(
    verdict: str = ALLOW, resource: str = "arn:aws:s3:::raw/a", way: str = "request"
) -> Decision:
    return Decision(verdict, SESSION, "s3:GetObject", resource, way, "ReadRaw")


def test_a_decision_is_written_once_and_counted_each_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / FILE_NAME)

    for resource in ("arn:aws:s3:::raw/day=2026-01-01/x", "arn:aws:s3:::raw/day=2026-01-02/x"):
        journal.write(decision(resource=resource))
    journal.write(decision(DENY))

    allowed, denied = read(tmp_path)
    assert allowed == decision(resource="arn:aws:s3:::raw/day=2026-01-01/x")
    assert denied == decision(DENY)
    assert journal.counts == {"allow": 2, "deny": 1, "root": 0}
    assert read(tmp_path, since=1) == [denied]


def test_a_full_journal_still_takes_denials(tmp_path: Path) -> None:
    journal = Journal(tmp_path / FILE_NAME, most=2)

    for number in range(4):
        journal.write(decision(way=f"way {'x' * number}"))
    journal.write(decision(DENY))

    assert [each.verdict for each in read(tmp_path)] == [ALLOW, ALLOW, DENY]


def test_the_next_cloud_writes_what_is_new_and_its_denials(tmp_path: Path) -> None:
    old = [decision(), decision(DENY)]
    first = Journal(tmp_path / FILE_NAME)
    for each in old:
        first.write(each)
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write('{"verdict": "allow", "princ\n')  # killed while it wrote

    second, new = Journal(tmp_path / FILE_NAME), decision(way="another way")
    for each in (*old, new):
        second.write(each)

    assert read(tmp_path) == [*old, decision(DENY), new]
    assert second.counts == {"allow": 2, "deny": 1, "root": 0}


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_a_principal_is_told_by_its_role() -> None:
    assert role_of(SESSION) == "promote"
    assert role_of("lambda.amazonaws.com") == "lambda.amazonaws.com"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:s3:::raw/emt/arrivals/2026.xlsx", "arn:aws:s3:::raw/emt/arrivals/#.xlsx"),
        ("arn:aws:s3:::silver/a/b/c/d/e", "arn:aws:s3:::silver/a/b/c/*"),
        (
            "arn:aws:kms:eu-west-1:000000000000:key/0a1b2c3d-0000",
            "arn:aws:kms:eu-west-1:#:key/#",
        ),
    ],
)
def test_names_that_change_from_call_to_call_are_one_shape(resource: str, expected: str) -> None:
    assert shape(resource) == expected


def test_a_denial_reads_as_a_sentence() -> None:
    denial = Decision(DENY, SESSION, "s3:GetObject", "arn:aws:s3:::raw/a", "request", "", "because")

    assert str(denial) == "deny promote s3:GetObject on arn:aws:s3:::raw/a (request): because"
