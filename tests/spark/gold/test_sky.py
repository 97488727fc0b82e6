"""Sun and wind: against pvlib's solar position, and against cases reckoned by hand."""

from __future__ import annotations

from datetime import datetime

import pytest

from domains.openweather.transforms import solar

RIOHACHA, PATAGONIA = (11.5444, -72.9072), (-41.810147, -68.906269)


@pytest.mark.parametrize(
    ("place", "at", "elevation"),
    [  # pvlib 0.16.1, solarposition.get_solarposition, without refraction
        (RIOHACHA, "2025-10-11 18:00", 62.264),
        (RIOHACHA, "2025-10-11 05:00", -83.067),
        (PATAGONIA, "2025-10-11 18:00", 49.282),
        (PATAGONIA, "2024-12-21 16:40", 71.585),
        (PATAGONIA, "2024-06-21 12:30", 3.270),
        (PATAGONIA, "2024-02-29 22:00", 13.921),
        ((0.0, 0.0), "2025-03-20 12:07", 89.897),
    ],
)
def test_the_sun_stands_where_another_library_sees_it(
    place: tuple[float, float], at: str, elevation: float
) -> None:
    found = solar.solar_elevation_deg(*place, datetime.fromisoformat(at))
    assert found == pytest.approx(elevation, abs=0.02)


@pytest.mark.parametrize(
    ("elevation", "clouds", "watts"),
    [
        (90, 0, 880),  # 910 - 30
        (90, 100, 220),  # a quarter comes through
        (30, 0, 425),  # 910 / 2 - 30
        (30, 50, 394.8041),  # 2 ** 3.4 = 10.55606; 425 x (1 - 0.75 / 10.55606)
        (1, 0, 0),  # 910 x 0.01745 is less than 30
        (-20, 0, 0),  # night
    ],
)
def test_what_reaches_the_ground(elevation: float, clouds: float, watts: float) -> None:
    assert solar.irradiance_wm2(elevation, clouds) == pytest.approx(watts, abs=0.001)


def test_the_wind_of_the_standard_atmosphere_has_the_power_of_the_textbook() -> None:
    # 1.225 kg/m3: half of it times a thousand.
    assert solar.wind_power_wm2(10, 1013.25, 15) == pytest.approx(612.5, abs=0.05)
    assert solar.wind_power_wm2(0, 1013.25, 15) == 0


@pytest.mark.parametrize(
    ("direction", "name"),
    [
        (0, "N"),
        (360, "N"),
        (350, "N"),
        (348.75, "N"),
        (348.74, "NNW"),
        (11.24, "N"),
        (11.25, "NNE"),
        (90, "E"),
        (180, "S"),
        (202.5, "SSW"),
        (-90, "W"),
    ],
)
def test_a_direction_lies_in_its_sixteenth_and_north_on_both_sides(
    direction: float, name: str
) -> None:
    assert solar.sector(direction) == name
