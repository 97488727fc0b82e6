"""The weather over Barajas: dry or wet for three hours at a time, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from scripts.samples import weather

_BLOCK_S: Final = 3 * 3600
_QUARTER_S: Final = 15 * 60
_WHOLE: Final = ("_epoch", ".is_day", ".code", ".humidity", ".cloud", "_degree", "-index")


@dataclass(frozen=True)
class Sky:
    """What a station would see."""

    seed: int

    def rains(self, moment: datetime) -> bool:
        """Whether it rains; about a third of the time."""
        block = int(moment.timestamp()) // _BLOCK_S
        return Random(f"rain/{self.seed}/{block}").random() < 0.34  # noqa: S311 - no secrets

    def observed_at(self, now: datetime) -> datetime:
        """When the newest observation was made: a quarter of an hour at times is left out."""
        quarter = int(now.timestamp()) // _QUARTER_S
        while Random(f"gap/{self.seed}/{quarter}").random() < 0.2:  # noqa: S311
            quarter -= 1
        return datetime.fromtimestamp(quarter * _QUARTER_S, UTC)

    def current(self, now: datetime, *, air: bool, old: bool = False) -> dict[str, Any]:
        """The answer to current.json; `old` is yesterday's."""
        observed = self.observed_at(now - timedelta(days=1) if old else now)
        random = Random(f"sky/{self.seed}/{observed.timestamp()}")  # noqa: S311
        values = weather.values_of(random)
        if self.rains(observed):
            wet: dict[str, float | str] = {"precip_mm": 2.4, "wind_kph": 36.0, "vis_km": 5.0}
            values |= {**wet, "condition.text": "Moderate rain", "condition.code": 1189.0}
        else:
            dry: dict[str, float | str] = {"precip_mm": 0.0, "wind_kph": 9.0, "vis_km": 10.0}
            values |= {**dry, "condition.text": "Sunny", "condition.code": 1000.0}
        cells = weather.row_of(now, observed, values, spanish=False)
        answer: dict[str, Any] = {}
        for name, value in zip(weather.HEADER, cells, strict=True):
            if "." in name and (air or "air_quality" not in name):
                _put(answer, name, _told(name, value))
        return answer


def _told(name: str, value: Any) -> Any:
    return int(value) if isinstance(value, float) and name.endswith(_WHOLE) else value


def _put(answer: dict[str, Any], name: str, value: Any) -> None:
    *folders, last = name.split(".")
    for folder in folders:
        answer = answer.setdefault(folder, {})
    answer[last] = value
