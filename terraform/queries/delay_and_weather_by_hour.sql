SELECT
    event_hour,
    line,
    total_preds,
    delayed_preds,
    delay_rate,
    weather_attrib_rate,
    weather_share_of_delays,
    worst_severity
FROM ${database}.delay_weather_hourly
WHERE event_hour >= CAST(current_date - INTERVAL '1' DAY AS timestamp)
ORDER BY event_hour, line
