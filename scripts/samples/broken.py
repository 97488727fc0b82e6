"""Files that are no use to anybody: each must end in quarantine with a reason that people grasp."""

from __future__ import annotations

from scripts.samples import arrivals
from scripts.samples.model import Sample, Truth
from scripts.samples.workbook import xlsx

REFUSED = Truth(status="quarantined")


def truncated(seed: int, date: str) -> Sample:
    """A download that stopped half way."""
    whole = arrivals.day(seed, date, count=40).content
    name = f"arrivals-{date}-truncated.xlsx"
    return Sample(arrivals.SOURCE, name, whole[: len(whole) * 2 // 3], REFUSED)


def renamed_text(seed: int) -> Sample:
    """A text file that somebody called a workbook."""
    return Sample(arrivals.SOURCE, "renamed.xlsx", f"timestamp;Arrive;{seed}\n".encode(), REFUSED)


def without_column(seed: int, date: str, column: str = "Arrive") -> Sample:
    """A workbook in which a declared column is spelled otherwise."""
    header = [f"{name}d" if name == column else name for name in arrivals.HEADER]
    rows = [poll.row() for poll in arrivals.polls(seed, date, 5)]
    return Sample(arrivals.SOURCE, f"no-{column}.xlsx", xlsx("Sheet1", header, rows), REFUSED)


def other_sheet(seed: int, date: str) -> Sample:
    """A workbook whose sheet has another name."""
    rows = [poll.row() for poll in arrivals.polls(seed, date, 5)]
    return Sample(arrivals.SOURCE, "sheet.xlsx", xlsx("Hoja1", arrivals.HEADER, rows), REFUSED)
