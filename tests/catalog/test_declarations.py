"""Every declaration keeps the promises that the rest of the lake builds on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.catalog import Catalog, Source, Table
from scripts.catalog_compiler.compiler import compile_catalog
from scripts.catalog_compiler.dictionary import data_dictionary

ROOT = Path(__file__).parents[2]
COMPILED = compile_catalog(ROOT)
CATALOG = Catalog.from_dict(COMPILED)

tables = pytest.mark.parametrize("table", CATALOG.tables.values(), ids=lambda table: table.id)
sources = pytest.mark.parametrize("source", CATALOG.sources.values(), ids=lambda source: source.id)


@tables
def test_the_key_of_a_table_is_required(table: Table) -> None:
    assert table.key
    assert all(table.column(name).required for name in table.key)


@sources
def test_a_table_that_files_or_streams_feed_says_which_row_is_newest(source: Source) -> None:
    assert all(CATALOG.table(name).newest_by for name in (*source.feeds, *source.derives))


@pytest.mark.parametrize("job", CATALOG.jobs)
def test_a_job_has_its_entry_script(job: str) -> None:
    assert (ROOT / "spark" / f"{CATALOG.jobs[job].script}.py").is_file()


@sources
def test_a_source_is_loaded_by_a_job_or_never_ends(source: Source) -> None:
    assert (source.job in CATALOG.jobs) != (source.kind == "stream")


@sources
def test_a_source_feeds_tables_of_one_database(source: Source) -> None:
    assert len({CATALOG.table(table).database for table in (*source.feeds, *source.derives)}) == 1


@sources
def test_a_source_demands_the_cells_of_its_required_columns(source: Source) -> None:
    for table_id in source.feeds:
        for column in CATALOG.table(table_id).columns:
            cell = source.columns.get(column.name)
            if column.required and cell and cell.source:
                assert cell.source in source.requires


def test_the_stated_tables_have_the_stated_columns() -> None:
    stated = {
        "emt_silver.arrivals_predictions": "id event_ts line stop_id destination is_head deviation"
        " bus estimate_arrive_sec distance_bus_m position_type_bus lon lat ingest_ts",
        "emt_silver.stops": "stop_id stop_name lon lat direction lines updated_ts",
        "emt_silver.lines": "line label name_a name_b ingest_ts",
        "emt_silver.lines_stops": "line label stop_id stop_name postal_address lon lat pmv"
        " data_lines ingest_ts",
        "emt_silver.lines_timetable": "line label name_a name_b day_type d1_start d1_stop"
        " d1_min_freq d1_max_freq d1_freq d2_start d2_stop d2_min_freq d2_max_freq d2_freq"
        " ingest_ts",
        "meteorology_silver.meteorology_current": "obs_ts temp_c wind_kph precip_mm air_pm10"
        " air_pm2_5 ingest_ts",
        "emt_gold.arrivals_weather": "id event_ts line expected_headway_min delay_ratio delayed"
        " obs_ts temp_c wind_kph precip_mm weather_severity weather_adverse"
        " delay_weather_attributed",
        "emt_gold.delay_weather_hourly": "event_hour line total_preds delayed_preds delay_rate"
        " weather_attrib_rate avg_temp_c",
    }
    for table_id, columns in stated.items():
        declared = {column.name for column in CATALOG.table(table_id).columns}
        assert set(columns.split()) <= declared, table_id


def test_the_stated_partitions_are_declared() -> None:
    partitions = {table.id: table.partition for table in CATALOG.tables.values()}

    assert partitions["emt_silver.arrivals_predictions"] == ("day(event_ts)", "truncate(2, line)")
    assert partitions["meteorology_silver.meteorology_current"] == ("hour(obs_ts)",)
    assert partitions["emt_gold.arrivals_weather"] == ("day(event_ts)",)
    assert partitions["emt_gold.delay_weather_hourly"] == ("day(event_hour)",)


def test_the_data_dictionary_page_is_what_the_declarations_say() -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text()

    assert page == data_dictionary(COMPILED), "run `make build` and commit the page"
