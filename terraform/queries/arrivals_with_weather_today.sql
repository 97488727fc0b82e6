SELECT
    event_ts,
    line,
    stop_id,
    destination,
    bus,
    estimate_arrive_sec,
    expected_headway_min,
    delay_ratio,
    delayed,
    obs_ts,
    temp_c,
    wind_kph,
    precip_mm,
    condition_text,
    weather_severity,
    weather_adverse,
    delay_weather_attributed
FROM ${database}.arrivals_weather
WHERE event_ts >= CAST(current_date AS timestamp)
    AND event_ts < CAST(current_date + INTERVAL '1' DAY AS timestamp)
ORDER BY event_ts, line, stop_id
