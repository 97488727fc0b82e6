"""Which months of which cities a run of OpenWeather's gold looks at."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from jobs.sql import literal
from lake.names import nearest

# History begins here: the year that "last year" meant when the questions were asked.
FIRST_YEAR: Final = 2024
Month = tuple[int, int]


@dataclass(frozen=True)
class Keep:
    """What is computed: these months of each of these years, and one day against another."""

    years: tuple[int, ...]
    months: tuple[int, ...]
    cities: Mapping[str, str]  # name by lasting key
    today: date

    @classmethod
    def of(
        cls,
        cities: Mapping[str, str],
        today: date,
        years: Iterable[int] | None = None,
        months: Iterable[int] | None = None,
        days: Sequence[date] | None = None,
    ) -> Self:
        """What was said; else the months of some days; else the month of today, year by year."""
        if days:
            years = years or {day.year for day in days}
            months = months or {day.month for day in days}
        years = years or {FIRST_YEAR, today.year - 1, today.year}
        return cls(
            tuple(sorted(set(years))), tuple(sorted(set(months or {today.month}))), cities, today
        )

    @property
    def cells(self) -> list[Month]:
        """Each (year, month) that is computed."""
        return [(year, month) for year in self.years for month in self.months]

    @property
    def period(self) -> dict[str, str]:
        """The years and the months in words, as the answers carry them."""
        return {"years": _listed(self.years), "months": _listed(self.months)}

    def where(self, year: str, month: str, more: Iterable[Month] = ()) -> str:
        """In literals, the rows of these months, and of some more."""
        of_year: dict[int, set[int]] = {}
        for one, other in [*self.cells, *more]:
            of_year.setdefault(one, set()).add(other)
        parts = (
            f"({year} = {one} AND {month} IN ({_listed(sorted(few))}))"
            for one, few in sorted(of_year.items())
        )
        return f"({' OR '.join(parts)})"

    def of_cities(self, column: str = "city_key") -> str:
        """In literals, the rows of these cities."""
        return f"{column} IN ({', '.join(map(literal, self.cities))})"

    def of_names(self, column: str) -> str:
        """The same where cities stand by name."""
        return f"{column} IN ({', '.join(map(literal, self.cities.values()))})"

    def of_period(self, prefix: str = "") -> str:
        """In literals, the answers about these years and months."""
        said = (f"{prefix}{name} = '{text}'" for name, text in self.period.items())
        return " AND ".join(said)


def named(data: Mapping[str, Any]) -> Callable[[str], str]:
    """The type of an argument that names a city of the catalogue."""
    known = [str(one["name"]) for one in data["cities"]]

    def one(text: str) -> str:
        if text not in known:
            hint = nearest(text, known)
            raise argparse.ArgumentTypeError(
                f"no city is called '{text}'{hint}: known are {', '.join(known)}"
            )
        return text

    return one


def chosen(data: Mapping[str, Any], names: Iterable[str] | None) -> dict[str, str]:
    """Names by key of the cities that were asked for; none: of all."""
    known = {str(one["key"]): str(one["name"]) for one in data["cities"]}
    return {key: name for key, name in known.items() if names is None or name in names}


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
