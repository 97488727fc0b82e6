"""The twelve definitions of gold, each over cases that were worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.emt.transforms import gold_delay as delay
from domains.emt.transforms import gold_lines as lines
from domains.emt.transforms import gold_weather as weather
from domains.emt.transforms.gold_days import (
    FE,
    LA,
    SA,
    VI,
    Festive,
    Kind,
    Window,
    day_type,
    kind_of,
    minute_of,
    segments,
    windows,
)
from domains.emt.transforms.gold_hourly import hourly
from jobs import merging
from lake.catalog import Catalog
from lake.errors import CatalogError
from tests.spark.gold.gold_lake import ARRIVALS, WEATHER, arrival, at, network, observation, service

spark_needed = pytest.mark.spark
DAYS = Festive.of(Catalog.bundled().data["emt/festive_days"])
SEVERITY = weather.Severity.of(Catalog.bundled().data["emt/weather_severity"])


def frame(spark: SparkSession, table_id: str, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows of a silver table; columns that they do not name are null."""
    table = Catalog.bundled().table(table_id)
    schema = ", ".join(merging.schema(table).split(", ")[2:])
    ordered = [tuple(row.get(name) for name in merging.names(table)) for row in rows]
    return spark.createDataFrame(ordered, schema)


def answers(rows: DataFrame, *columns: str) -> dict[str, Any]:
    """Each bus with the named values: a single one bare."""
    found = {row["bus"]: tuple(row[name] for name in columns) for row in rows.collect()}
    return {bus: value[0] if len(columns) == 1 else value for bus, value in found.items()}


# --- 1: time -----------------------------------------------------------------------------------

DAYTIME, NIGHT, WHOLE = ("06:00", "23:00"), ("23:30", "05:45"), ("06:00", "06:00")


def promised(minute: str, today: tuple[str, str], yesterday: tuple[str, str]) -> float | None:
    """The headway at a minute: 10 by today's service, 20 by the service of the day before."""

    def side(name: str, hours: tuple[str, str], every: float) -> tuple[str, list[Window]]:
        row = {"d1_start": hours[0], "d1_stop": hours[1], "d1_min_freq": every}
        rest = dict.fromkeys(("d1_max_freq", "d2_start", "d2_stop", "d2_min_freq", "d2_max_freq"))
        return name, list(windows({**rest, **row}))

    place = minute_of(minute)
    assert place is not None
    cut = list(segments(side(LA, today, 10.0), side(FE, yesterday, 20.0)))
    (found,) = [one for one in cut if one.first <= place <= one.last]
    return found.shortest


@pytest.mark.parametrize(
    ("minute", "today", "yesterday", "expected"),
    [
        ("05:59", DAYTIME, DAYTIME, None),
        ("06:00", DAYTIME, DAYTIME, 10),  # the start belongs to the window
        ("22:59", DAYTIME, DAYTIME, 10),
        ("23:00", DAYTIME, DAYTIME, None),  # the stop does not
        ("23:30", NIGHT, DAYTIME, 10),
        ("23:29", NIGHT, DAYTIME, None),
        ("00:00", NIGHT, NIGHT, 20),  # past midnight it is still yesterday's service
        ("05:44", DAYTIME, NIGHT, 20),
        ("05:45", DAYTIME, NIGHT, None),
        ("05:44", NIGHT, DAYTIME, None),  # tonight's service has not begun
        ("23:45", NIGHT, NIGHT, 10),
        ("00:00", WHOLE, DAYTIME, 10),
        ("23:59", WHOLE, DAYTIME, 10),
        ("03:00", DAYTIME, WHOLE, None),  # a whole day ends with the day
        ("06:00", ("06:00", "00:00"), DAYTIME, 10),
        ("00:00", ("06:00", "00:00"), ("06:00", "00:00"), None),  # stop is midnight itself
        ("00:20", DAYTIME, ("06:00", "24:30"), 20),  # hours past 23 are of the next morning
    ],
)
def test_1_a_window_meets_a_minute_on_its_own_service_day(
    minute: str, today: tuple[str, str], yesterday: tuple[str, str], expected: float | None
) -> None:
    assert promised(minute, today, yesterday) == expected


def test_1_segments_cover_each_minute_once_and_say_whose_day_it_is() -> None:
    own, before = Window(1, 1410, 345, 10, 15), Window(1, 1410, 345, 20, 30)

    cut = list(segments((LA, [own]), (FE, [before])))

    assert [(one.first, one.last, one.shortest, one.longest, one.day_type) for one in cut] == [
        (0, 344, 20, 30, FE),
        (345, 1409, None, None, LA),
        (1410, 1439, 10, 15, LA),
    ]


# --- 2: day type -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-08-27", Kind(LA)),  # a Wednesday
        ("2025-08-29", Kind(LA, True)),  # a Friday
        ("2025-08-30", Kind(SA)),  # a Saturday before a plain Sunday is no eve
        ("2025-08-31", Kind(FE)),  # a Sunday
        ("2025-08-15", Kind(FE)),  # festive on a Friday
        ("2025-08-14", Kind(LA, True)),  # its eve
        ("2025-07-25", Kind(FE)),  # Santiago, a festive day of the region in 2025
        ("2025-10-31", Kind(LA, True)),
        ("2025-11-01", Kind(FE)),  # festive on a Saturday
        ("2025-11-09", Kind(FE)),  # a Sunday and an eve: a Sunday
        ("2025-11-10", Kind(FE)),  # the city's Almudena, moved
        ("2025-12-07", Kind(FE)),
        ("2025-12-31", Kind(LA, True)),
        ("2026-01-05", Kind(LA, True)),  # Monday, the eve of Reyes
        ("2026-04-01", Kind(LA, True)),  # the eve of Jueves Santo
        ("2026-05-14", Kind(LA, True)),  # the eve of San Isidro
        ("2026-05-15", Kind(FE)),
        ("2026-07-24", Kind(LA, True)),  # a Friday
        ("2026-07-25", Kind(SA)),  # Santiago is not festive in 2026
        ("2026-11-02", Kind(FE)),
        ("2026-12-07", Kind(FE)),
        ("2026-12-31", Kind(LA, True)),
    ],
)
def test_2_a_day_is_what_madrid_makes_it(day: str, expected: Kind) -> None:
    assert kind_of(date.fromisoformat(day), DAYS) == expected


def test_2_a_saturday_before_a_festive_sunday_is_an_eve() -> None:
    festive = Festive({date(2025, 10, 12): "Fiesta Nacional"}, frozenset({2025}))

    assert kind_of(date(2025, 10, 11), festive) == Kind(SA, True)


def test_2_each_year_of_the_data_has_the_fourteen_days_that_madrid_has() -> None:
    counts = {year: sum(day.year == year for day in DAYS.days) for year in DAYS.years}

    assert counts == {2025: 14, 2026: 14}
    assert not any(day.weekday() == 6 for day in DAYS.days)


@pytest.mark.parametrize(
    ("kind", "has_vi", "expected"),
    [
        (Kind(LA), True, LA),
        (Kind(LA, True), True, VI),
        (Kind(LA, True), False, LA),
        (Kind(SA, True), True, VI),
        (Kind(SA), True, SA),
        (Kind(FE), True, FE),
    ],
)
def test_2_vi_stands_in_for_la_or_sa_where_a_line_has_it(
    kind: Kind, has_vi: bool, expected: str
) -> None:
    assert day_type(kind, has_vi=has_vi) == expected


# --- 3 and 4: direction and line ---------------------------------------------------------------

NETWORK = lines.Network(
    lines=[
        {"line": "027", "label": "27", "name_a": "EMBAJADORES", "name_b": "PLAZA CASTILLA"},
        {"line": "361", "label": "OO1", "name_a": "ESTACIÓN DE ATOCHA", "name_b": "MONCLOA"},
        {"line": "001", "label": "1", "name_a": "CRISTO REY", "name_b": "PROSPERIDAD"},
        {"line": "068", "label": "C1", "name_a": "CIRCULAR 1", "name_b": None},
        {"line": "700", "label": "X", "name_a": "UNO", "name_b": "DOS"},
        {"line": "701", "label": "X", "name_a": "UNO", "name_b": "DOS"},
    ],
    lines_stops=[
        {"line": line, "direction": direction, "stop_id": stop_id}
        for line in ("027", "361", "068")
        for direction, stop_id in ((1, "71"), (1, "72"), (2, "72"), (2, "73"))
    ],
    lines_timetable=[
        {**service(line, day), "label": None, "name_a": None, "name_b": None}
        for line in ("027", "361", "001", "700")
        for day in (LA, FE)
    ],
    line_list=[],
)


def timed(
    spark: SparkSession,
    rows: Sequence[Mapping[str, Any]],
    known: lines.Network = NETWORK,
    days: tuple[str, str] = ("2025-08-01", "2026-12-31"),
) -> DataFrame:
    """Arrivals with what the timetable says of them."""
    calendar = lines.Calendar.of(date.fromisoformat(days[0]), date.fromisoformat(days[1]), DAYS)
    found = (
        spark.createDataFrame(list(lines.lines(known)), lines.LINES_SCHEMA),
        spark.createDataFrame(list(lines.stops(known)), lines.STOPS_SCHEMA),
        spark.createDataFrame(list(lines.headways(known, calendar.pairs)), lines.HEADWAYS_SCHEMA),
    )
    arrivals = frame(spark, ARRIVALS, rows)
    return lines.with_headway(arrivals, found, calendar, "Europe/Madrid")


@spark_needed
def test_3_the_stop_tells_the_direction_and_then_the_head(spark: SparkSession) -> None:
    cases: dict[str, tuple[dict[str, Any], int | None]] = {
        "stop of one way": ({"stop_id": "71", "destination": "EMBAJADORES"}, 1),
        "stop of the other way": ({"stop_id": "73", "destination": "PLAZA CASTILLA"}, 2),
        "head b": ({"stop_id": "72", "destination": "PLAZA CASTILLA"}, 1),
        "head a": ({"stop_id": "72", "destination": "EMBAJADORES"}, 2),
        "unknown stop": ({"stop_id": "9", "destination": "EMBAJADORES"}, 2),
        "spelling": ({"stop_id": "72", "destination": " plaza-castilla."}, 1),
        "accents": ({"line_code": "361", "stop_id": "72", "destination": "Estacion  de Atocha"}, 2),
        "other name": ({"stop_id": "72", "destination": "CASTILLA"}, None),
        "no destination": ({"stop_id": "72", "destination": None}, None),
        "circular": ({"line_code": "068", "stop_id": "72", "destination": "CIRCULAR 1"}, 1),
        "unknown line": ({"line_code": "999", "stop_id": "72", "destination": "EMBAJADORES"}, None),
    }
    rows = [arrival("2025-08-27 10:00:00", bus=name, **said) for name, (said, _) in cases.items()]

    found = answers(timed(spark, rows), "direction")

    assert found == {name: expected for name, (_, expected) in cases.items()}


@spark_needed
def test_4_the_code_finds_the_line_and_without_it_the_label(spark: SparkSession) -> None:
    cases: dict[str, tuple[dict[str, Any], float | None]] = {
        "code": ({"line": "?", "line_code": "027"}, 10),
        "label": ({"line": "27", "line_code": None}, 10),
        "label, spelled with letters there": ({"line": "001", "line_code": None}, 10),
        "label, lower case": ({"line": " oo1 ", "line_code": None}, 10),
        "another line than 001": ({"line": "1", "line_code": None}, 10),
        "code without timetable": ({"line": "27", "line_code": "068"}, None),
        "unknown code": ({"line": "27", "line_code": "999"}, None),
        "label of two lines": ({"line": "X", "line_code": None}, None),
    }
    rows = [arrival("2025-08-27 10:00:00", bus=name, **said) for name, (said, _) in cases.items()]

    found = timed(spark, rows)

    headways = answers(found, "expected_headway_min")
    assert headways == {name: expected for name, (_, expected) in cases.items()}
    numbers, codes = answers(found, "_line"), NETWORK.codes
    assert numbers["label, spelled with letters there"] == codes["361"]
    assert numbers["another line than 001"] == codes["001"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("OO1", "001"),
        ("002", "002"),
        ("1", "1"),
        ("N1", "N1"),
        ("H", "H"),
        ("O", "O"),
        ("so1", "SO1"),
    ],
)
def test_4_only_a_zero_that_is_spelled_as_a_letter_is_mended(label: str, expected: str) -> None:
    assert lines.normal_label(label) == expected


# --- 5: headway, with both clock changes -------------------------------------------------------


def night_network() -> lines.Network:
    """Line 526 by night: other intervals each type of day, a VI row, two directions."""
    every = {LA: 20.0, SA: 15.0, FE: 25.0, VI: 12.0}
    known = network("526", "N26", name_a="ALONSO MARTINEZ", name_b="ALUCHE")
    rows = [
        service(
            "526",
            day,
            d1_start="23:30",
            d1_stop="05:45",
            d1_min_freq=minutes,
            d2_start="23:30",
            d2_stop="05:45",
            d2_min_freq=minutes + 1,
            d1_max_freq=minutes + 10,
            d2_max_freq=minutes + 20,
        )
        for day, minutes in every.items()
    ]
    return lines.Network(
        known["emt_silver.lines"],
        known["emt_silver.lines_stops"],
        [{**row, "label": None, "name_a": None, "name_b": None} for row in rows],
        known["emt_silver.line_list"],
    )


@spark_needed
def test_5_the_headway_is_that_of_service_day_direction_and_window(spark: SparkSession) -> None:
    # UTC moment, stop -> day type, shortest, longest. In August Madrid is two hours ahead.
    cases: dict[str, tuple[str, str, tuple[str, float | None, float | None]]] = {
        "Wednesday night, towards b": ("2025-08-27 21:30:00", "71", ("LA", 20, 30)),
        "the other way": ("2025-08-27 21:30:00", "73", ("LA", 21, 40)),
        "direction unknown: both count": ("2025-08-27 21:30:00", "9", ("LA", 20, 40)),
        "Friday night": ("2025-08-29 22:30:00", "71", ("VI", 12, 22)),
        "early Saturday is Friday's service": ("2025-08-30 01:00:00", "71", ("VI", 12, 22)),
        "Saturday night": ("2025-08-30 21:45:00", "71", ("SA", 15, 25)),
        "early Sunday is Saturday's service": ("2025-08-31 03:44:00", "71", ("SA", 15, 25)),
        "its end": ("2025-08-31 03:45:00", "71", ("FE", None, None)),
        "Sunday night": ("2025-08-31 22:15:00", "71", ("FE", 25, 35)),
        "the eve of a festive day": ("2025-08-14 21:31:00", "71", ("VI", 12, 22)),
        "the night of a festive day": ("2025-08-15 21:31:00", "71", ("FE", 25, 35)),
        "by day": ("2025-08-27 12:00:00", "71", ("LA", None, None)),
    }
    rows = [
        arrival(moment, bus=name, line="N26", line_code="526", stop_id=stop, destination="X")
        for name, (moment, stop, _) in cases.items()
    ]

    found = timed(spark, rows, night_network())

    named = answers(found, "day_type", "expected_headway_min", "expected_headway_max_min")
    assert named == {name: expected for name, (_, _, expected) in cases.items()}


@spark_needed
def test_5_a_headway_of_nothing_is_none(spark: SparkSession) -> None:
    known = network()
    nothing = {"d1_min_freq": 0.0, "d2_min_freq": 7.0, "d1_max_freq": 0.0, "d2_max_freq": 9.0}
    timetable = [{**service("027", LA, **nothing), "label": None, "name_a": None, "name_b": None}]
    tables = [known[f"emt_silver.{name}"] for name in ("lines", "lines_stops", "line_list")]
    moment, silent = "2025-08-27 10:00:00", {"destination": "?"}
    rows = [arrival(moment, bus=stop, stop_id=stop, **silent) for stop in ("71", "72", "73")]

    found = timed(spark, rows, lines.Network(tables[0], tables[1], timetable, tables[2]))

    headways = answers(found, "expected_headway_min", "expected_headway_max_min")
    # The smallest of both ways is the nothing of the first.
    assert headways == {"71": (None, None), "72": (None, 9.0), "73": (7.0, 9.0)}


@spark_needed
def test_1_and_5_wall_time_through_both_clock_changes(spark: SparkSession) -> None:
    known = network()
    hours = {"d1_start": "02:00", "d1_stop": "03:00", "d2_start": "03:00", "d2_stop": "04:00"}
    service_day = service("027", FE, **hours, d2_min_freq=20.0)
    timetable = [{**service_day, "label": None, "name_a": None, "name_b": None}]
    tables = [known[f"emt_silver.{name}"] for name in ("lines", "lines_stops", "line_list")]
    cases = {
        # 26 October 2025: three o'clock is two o'clock again.
        "2025-10-25 23:59:59": None,  # 01:59:59
        "2025-10-26 00:00:00": 10.0,  # 02:00 of summer
        "2025-10-26 00:59:59": 10.0,
        "2025-10-26 01:00:00": 10.0,  # 02:00 of winter
        "2025-10-26 01:59:59": 10.0,
        "2025-10-26 02:00:00": 20.0,  # 03:00
        "2025-10-26 03:00:00": None,  # 04:00
        # 29 March 2026: two o'clock is three o'clock, and nothing is between.
        "2026-03-29 00:59:59": None,  # 01:59:59
        "2026-03-29 01:00:00": 20.0,  # 03:00
        "2026-03-29 01:59:59": 20.0,
        "2026-03-29 02:00:00": None,  # 04:00
    }
    rows = [arrival(moment, bus=moment, stop_id="9", destination="?") for moment in cases]

    found = timed(spark, rows, lines.Network(tables[0], tables[1], timetable, tables[2]))

    assert answers(found, "expected_headway_min") == cases


# --- 6 to 8: rank, ratio, delayed --------------------------------------------------------------


@spark_needed
def test_6_buses_of_one_poll_stand_in_line_and_capped_ones_last(spark: SparkSession) -> None:
    first, second = "2025-08-27 10:00:00", "2025-08-27 10:00:01"
    capped = {"estimate_arrive_sec": None, "estimate_capped": True}
    rows = [
        arrival(first, bus="late", estimate_arrive_sec=700),
        arrival(first, bus="soon", estimate_arrive_sec=0),
        arrival(first, bus="b", estimate_arrive_sec=60),
        arrival(first, bus="a", estimate_arrive_sec=60),  # at one time: by bus
        arrival(first, bus="capped", **capped),
        arrival(first, bus="elsewhere", destination="EMBAJADORES", estimate_arrive_sec=900),
        arrival(first, bus="nowhere", destination=None, estimate_arrive_sec=900),
        arrival(first, bus="nowhere too", destination=None, estimate_arrive_sec=901),
        arrival(first, bus="other stop", stop_id="71", estimate_arrive_sec=900),
        arrival(first, bus="other line", line="3", estimate_arrive_sec=900),
        arrival(second, bus="later poll", estimate_arrive_sec=5),
        arrival(second, bus="later poll, capped", **capped),
    ]

    found = answers(delay.with_rank(frame(spark, ARRIVALS, rows), 2), "arrival_rank")

    assert found == {
        "soon": 1,
        "a": 2,
        "b": 3,
        "late": 4,
        "capped": 5,
        "elsewhere": 1,
        "nowhere": 1,
        "nowhere too": 2,
        "other stop": 1,
        "other line": 1,
        "later poll": 1,
        "later poll, capped": 2,
    }


@spark_needed
def test_7_and_8_the_ratio_and_what_a_bound_alone_shows(spark: SparkSession) -> None:
    # line, estimate, headway, rank -> ratio, delayed (threshold 1.30)
    cases = [
        ("27", 600, 10.0, 1, 1.0, False),
        ("27", 780, 10.0, 1, 1.3, False),  # over it, not on it
        ("27", 781, 10.0, 1, 781 / 600, True),
        ("27", 1560, 10.0, 2, 1.3, False),  # the second bus may take two intervals
        ("27", 1800, 10.0, 2, 1.5, True),
        ("27", 0, 10.0, 1, 0.0, False),
        ("27", 600, None, 1, None, None),
        ("27", None, 10.0, 1, None, True),  # capped: 45 / 10 = 4.5
        ("27", None, 34.0, 1, None, True),  # 45 / 34 = 1.32
        ("27", None, 35.0, 1, None, None),  # 45 / 35 = 1.29: the bound does not show it
        ("27", None, 18.0, 2, None, None),  # 45 / 36 = 1.25
        ("27", None, None, 1, None, None),
        ("N26", None, 35.0, 1, None, True),  # at night 90 / 35 = 2.57
        ("N26", None, 70.0, 1, None, None),  # 90 / 70 = 1.29
        ("N26", 2800, 35.0, 1, 2800 / 2100, True),
    ]
    columns = (
        "line string, estimate_arrive_sec int, expected_headway_min double, arrival_rank int,"
        " ratio double, late boolean"
    )
    rows = spark.createDataFrame(cases, columns)
    rows = rows.withColumn("estimate_capped", F.col("estimate_arrive_sec").isNull())

    found = delay.with_delay(rows, 1.30).collect()

    assert [(row["delay_ratio"], row["delayed"]) for row in found] == [
        (pytest.approx(row["ratio"]) if row["ratio"] is not None else None, row["late"])
        for row in found
    ]


# --- 9 to 11: weather --------------------------------------------------------------------------


def weathered(
    spark: SparkSession, moments: Sequence[str], seen: Sequence[Mapping[str, Any]]
) -> DataFrame:
    rows = frame(spark, ARRIVALS, [arrival(moment, bus=moment[11:]) for moment in moments])
    stretches = weather.intervals(weather.observations(frame(spark, WEATHER, seen)), 60)
    late = rows.withColumn("delayed", F.lit(True))
    return weather.with_weather(late, stretches, SEVERITY)


@spark_needed
def test_9_the_nearest_observation_wins_the_earlier_at_a_tie_and_none_is_far(
    spark: SparkSession,
) -> None:
    day = "2025-08-27 "
    seen = [
        observation(day + "10:00:00", temp_c=10.0),
        observation(day + "10:30:00", temp_c=11.0),
        observation(day + "10:30:01", temp_c=12.0),
        observation(day + "14:00:00", temp_c=13.0),
    ]
    expected = {
        "08:59:59": (None, None),
        "09:00:00": (10.0, 60.0),  # an hour exactly is near enough
        "10:15:00": (10.0, 15.0),  # the middle: the earlier
        "10:15:01": (11.0, 14 + 59 / 60),
        "10:30:00": (11.0, 0.0),
        "10:30:01": (12.0, 0.0),
        "11:30:00": (12.0, 59 + 59 / 60),
        "11:30:01": (12.0, 60.0),
        "11:30:02": (None, None),
        "12:59:59": (None, None),
        "13:00:00": (13.0, 60.0),
        "15:00:00": (13.0, 60.0),
        "15:00:01": (None, None),
    }

    found = weathered(spark, [day + moment for moment in expected], seen)

    named = answers(found, "temp_c", "wx_gap_minutes")
    assert {bus: (temp, gap and round(gap, 9)) for bus, (temp, gap) in named.items()} == {
        bus: (temp, gap and round(gap, 9)) for bus, (temp, gap) in expected.items()
    }
    assert found.count() == len(expected)


@spark_needed
def test_9_an_observation_that_came_twice_counts_once_and_as_it_came_last(
    spark: SparkSession,
) -> None:
    moment = "2025-08-27 10:00:00"
    seen = [
        observation(moment, temp_c=1.0, ingest_ts=at("2025-08-27 10:05:00")),
        observation(moment, temp_c=2.0, ingest_ts=at("2025-08-27 10:09:00")),
        observation(moment, temp_c=3.0, ingest_ts=at("2025-08-27 10:01:00")),
        observation(moment, temp_c=4.0, location_name="Cuatro Vientos"),
        observation("2025-08-27 10:20:00", temp_c=5.0, location_name="Cuatro Vientos"),
    ]

    found = weathered(spark, ["2025-08-27 10:01:00", "2025-08-27 10:19:00"], seen)

    # Of two places at one moment the first by name speaks; the nearest of all is taken.
    assert answers(found, "temp_c") == {"10:01:00": 2.0, "10:19:00": 5.0}


@spark_needed
def test_9_every_second_of_a_day_finds_what_a_look_at_all_observations_finds(
    spark: SparkSession,
) -> None:
    times = [0, 1, 1799, 1800, 5400, 5403, 12_600, 30_000, 33_601, 86_399]
    midnight = at("2025-08-27")
    seen = [observation(str(midnight + timedelta(seconds=s)), temp_c=float(s)) for s in times]
    rows = spark.sql(
        "SELECT timestamp_ntz'2025-08-27' + make_dt_interval(0, 0, 0, id) AS event_ts,"
        " CAST(id AS string) AS bus, true AS delayed FROM range(86400)"
    )
    stretches = weather.intervals(weather.observations(frame(spark, WEATHER, seen)), 60)

    found = answers(weather.with_weather(rows, stretches, SEVERITY), "temp_c")

    near = {s: [o for o in times if abs(s - o) <= 3600] for s in range(86_400)}
    assert found == {
        str(s): float(min(near[s], key=lambda o: (abs(s - o), o))) if near[s] else None
        for s in range(86_400)
    }


@spark_needed
def test_10_and_11_severity_by_the_worst_limit_that_is_met(spark: SparkSession) -> None:
    # rain, wind, sight -> severity
    cases = [
        (0.0, 0.0, 10.0, "good"),
        (0.09, 19.9, 6.0, "good"),
        (0.1, 0.0, 10.0, "moderate"),
        (0.0, 20.0, 10.0, "moderate"),
        (0.5, 0.0, 10.0, "bad"),
        (0.0, 30.0, 10.0, "bad"),
        (0.0, 0.0, 5.9, "bad"),
        (2.0, 0.0, 10.0, "severe"),
        (0.0, 45.0, 10.0, "severe"),
        (0.0, 0.0, 2.9, "severe"),
        (0.0, 0.0, 3.0, "bad"),
        (0.5, 45.0, 10.0, "severe"),
        (None, 25.0, None, "moderate"),
        (None, None, 5.0, "bad"),
        (None, None, None, "good"),  # observed, and nothing speaks against it
    ]
    rows = spark.createDataFrame(
        cases, "precip_mm double, wind_kph double, vis_km double, e string"
    )
    severity = SEVERITY.column(F.lit(True))

    found = rows.withColumn("severity", severity).withColumn(
        "adverse", SEVERITY.is_adverse(F.col("severity"))
    )

    for row in found.collect():
        assert row["severity"] == row["e"], row
        assert row["adverse"] == (row["e"] in ("bad", "severe"))


@spark_needed
def test_10_and_11_without_an_observation_nothing_is_known_of_the_weather(
    spark: SparkSession,
) -> None:
    (row,) = weathered(spark, ["2025-08-27 10:00:00"], []).collect()

    assert (row["weather_severity"], row["weather_adverse"], row["obs_ts"]) == (None, None, None)
    assert row["delay_weather_attributed"] is False


def test_10_a_limit_that_nobody_knows_is_refused() -> None:
    data = Catalog.bundled().data["emt/weather_severity"]
    wrong = {**data, "levels": [{"severity": "bad", "gust_kph": {"at_least": 60}}]}

    with pytest.raises(CatalogError, match="unknown limit: gust_kph"):
        weather.Severity.of(wrong)


@spark_needed
def test_11_what_is_unknown_is_not_attributed(spark: SparkSession) -> None:
    known = (True, False, None)
    cases = [(late, adverse) for late in known for adverse in known]
    rows = spark.createDataFrame(cases, "delayed boolean, adverse boolean")

    found = rows.select("*", weather.attributed(F.col("delayed"), F.col("adverse")).alias("both"))

    assert [row["both"] for row in found.collect()] == [case == (True, True) for case in cases]


# --- 12: hours ---------------------------------------------------------------------------------


@spark_needed
def test_12_an_hour_of_a_line_in_parts_of_one_whole(spark: SparkSession) -> None:
    # delayed, ratio, headway, severity, adverse, attributed, temperature
    first = [
        (True, 2.0, 10.0, "bad", True, True, 10.0),
        (True, 1.5, 10.0, "good", False, False, 20.0),
        (False, 1.0, 10.0, "good", False, False, 20.0),
        (None, None, None, "moderate", False, False, 30.0),
        (True, None, 20.0, None, None, False, None),  # capped, and no weather
    ]
    second = [(None, None, None, None, None, False, None)]
    names = (
        "event_ts timestamp_ntz, line string, delayed boolean, delay_ratio double,"
        " expected_headway_min double, weather_severity string, weather_adverse boolean,"
        " delay_weather_attributed boolean, temp_c double, wind_kph double, precip_mm double"
    )
    said = [("2025-08-27 10:59:59", row) for row in first] + [("2025-08-27 11:00:00", second[0])]
    rows = spark.createDataFrame([(at(when), "27", *row, None, None) for when, row in said], names)

    one, two = (
        row.asDict() for row in hourly(rows, SEVERITY.names).orderBy("event_hour").collect()
    )

    assert one["event_hour"] == at("2025-08-27 10:00:00")
    counts = {name: one[name] for name in one if name.endswith(("_preds", "_delays"))}
    assert counts == {
        "total_preds": 5,
        "rated_preds": 4,
        "delayed_preds": 3,
        "weather_preds": 4,
        "adverse_preds": 1,
        "weather_attrib_delays": 1,
        "weather_share_of_delays": 1 / 3,
    }
    assert (one["delay_rate"], one["adverse_rate"], one["weather_attrib_rate"]) == (
        3 / 4,
        1 / 4,
        1 / 4,
    )
    assert (one["avg_delay_ratio"], one["avg_expected_headway_min"], one["avg_temp_c"]) == (
        1.5,
        12.5,
        20,
    )
    assert (one["avg_wind_kph"], one["worst_severity"]) == (None, "bad")
    # Rates over nothing are unknown, not zero.
    rates = [
        two[name] for name in two if name.endswith("rate") or name == "weather_share_of_delays"
    ]
    assert (two["total_preds"], rates, two["worst_severity"]) == (1, [None] * 4, None)
