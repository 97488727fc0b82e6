-- Trino's functions as DuckDB macros, where name or meaning differ. Overloads go by the types
-- of the arguments; one without types takes what the others leave.

CREATE MACRO trino_date_trunc(unit, t) AS cast_to_type(date_trunc(unit, t), t);
CREATE MACRO trino_unit
    (u) AS CASE lower(u)
        WHEN 'millisecond' THEN INTERVAL 1 MILLISECOND
        WHEN 'second' THEN INTERVAL 1 SECOND
        WHEN 'minute' THEN INTERVAL 1 MINUTE
        WHEN 'hour' THEN INTERVAL 1 HOUR
        WHEN 'day' THEN INTERVAL 1 DAY
        WHEN 'week' THEN INTERVAL 7 DAY
        WHEN 'month' THEN INTERVAL 1 MONTH
        WHEN 'quarter' THEN INTERVAL 3 MONTH
        WHEN 'year' THEN INTERVAL 1 YEAR
        ELSE error('INVALID_FUNCTION_ARGUMENT: ''' || u || ''' is not a valid time unit')
    END;
CREATE MACRO trino_date_add(u, n, t) AS cast_to_type(t + n * trino_unit(u), t);
CREATE MACRO trino_date_diff(u, a, b) AS date_sub(u, a, b);
CREATE MACRO trino_plus(t, i) AS cast_to_type(t + i, t);
CREATE MACRO trino_minus(t, i) AS cast_to_type(t - i, t);
CREATE MACRO trino_whole(x) AS CASE
        WHEN typeof(x) IN ('DOUBLE', 'FLOAT')
            THEN CAST(CAST(round(TRY_CAST(x AS DOUBLE)) AS DECIMAL(38, 0)) AS VARCHAR)
        WHEN typeof(x) = 'BOOLEAN' THEN CAST(CAST(TRY_CAST(x AS BOOLEAN) AS INTEGER) AS VARCHAR)
        WHEN typeof(x) = 'VARCHAR' AND regexp_matches(CAST(x AS VARCHAR), '[.eE]')
            THEN CAST(x AS VARCHAR) || ' (no whole number)'
        ELSE CAST(x AS VARCHAR)
    END;
CREATE MACRO trino_text(x) AS CASE typeof(x)
        WHEN 'TIMESTAMP'
            THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')
        WHEN 'TIMESTAMP WITH TIME ZONE'
            THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f UTC')
        ELSE CAST(x AS VARCHAR)
    END;
CREATE MACRO trino_from_unixtime(x) AS to_timestamp(x);
CREATE MACRO trino_to_unixtime(t) AS epoch(t);
CREATE MACRO trino_to_milliseconds(i) AS CAST(epoch(i) * 1000 AS BIGINT);
CREATE MACRO trino_millisecond(t) AS millisecond(t) % 1000;
CREATE MACRO trino_from_iso8601_timestamp(x) AS CAST(x AS TIMESTAMPTZ);
CREATE MACRO trino_to_iso8601(x) AS CASE typeof(x)
        WHEN 'TIMESTAMP'
            THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g')
        WHEN 'TIMESTAMP WITH TIME ZONE'
            THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ')
        ELSE CAST(x AS VARCHAR)
    END;
CREATE MACRO trino_regexp_like(s, p) AS regexp_matches(s, p);
CREATE MACRO trino_regexp_extract
    (s, p) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p) END,
    (s, p, g) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END;
CREATE MACRO trino_regexp_replace
    (s, p) AS regexp_replace(s, p, '', 'g'),
    (s, p, r) AS regexp_replace(s, p, regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g');
CREATE MACRO trino_regexp_count(s, p) AS CAST(len(regexp_extract_all(s, p)) AS BIGINT);
CREATE MACRO trino_regexp_split(s, p) AS regexp_split_to_array(s, p);
CREATE MACRO trino_split_part
    (s, d, n) AS CASE WHEN n <= len(str_split(s, d)) THEN split_part(s, d, n) END;
CREATE MACRO trino_codepoint(s) AS unicode(s);
CREATE MACRO trino_hamming_distance(a, b) AS CAST(hamming(a, b) AS BIGINT);
CREATE MACRO trino_truncate(x) AS trunc(x);
CREATE MACRO trino_e() AS exp(1.0::DOUBLE);
CREATE MACRO trino_nan() AS 'nan'::DOUBLE;
CREATE MACRO trino_infinity() AS 'infinity'::DOUBLE;
CREATE MACRO trino_is_finite(x) AS isfinite(x);
CREATE MACRO trino_is_infinite(x) AS isinf(x);
CREATE MACRO trino_width_bucket
    (x, low, high, n) AS CASE
        WHEN x < low THEN 0
        WHEN x >= high THEN n + 1
        ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1
    END;
CREATE MACRO trino_great_circle_distance
    (a, b, c, d) AS 6371.01::DOUBLE * atan2(
        sqrt(
            pow(cos(radians(c)) * sin(radians(b - d)), 2)
            + pow(
                cos(radians(a)) * sin(radians(c))
                - sin(radians(a)) * cos(radians(c)) * cos(radians(b - d)),
                2
            )
        ),
        sin(radians(a)) * sin(radians(c))
        + cos(radians(a)) * cos(radians(c)) * cos(radians(b - d))
    );
CREATE MACRO trino_cardinality(x) AS CAST(len(x) AS BIGINT);
CREATE MACRO trino_slice
    (a, s, n) AS CASE
        WHEN s > 0 THEN list_slice(a, s, s + n - 1)
        ELSE list_slice(a, len(a) + s + 1, len(a) + s + n)
    END;
CREATE MACRO trino_sequence
    (a BIGINT, b BIGINT) AS generate_series(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END),
    (a DATE, b DATE) AS CAST(
        generate_series(a, b, CASE WHEN a <= b THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END)
        AS DATE[]
    ),
    (a, b, step) AS cast_to_type(generate_series(a, b, step), [a]);
CREATE MACRO trino_array_position(a, x) AS CAST(coalesce(list_position(a, x), 0) AS BIGINT);
CREATE MACRO trino_array_remove(a, x) AS list_filter(a, lambda v: v IS DISTINCT FROM x);
CREATE MACRO trino_arrays_overlap(a, b) AS list_has_any(a, b);
CREATE MACRO trino_array_distinct(a) AS list_filter(a, lambda v, i: list_position(a, v) = i);
CREATE MACRO trino_array_union(a, b) AS trino_array_distinct(list_concat(a, b));
CREATE MACRO trino_array_intersect(a, b) AS
    list_filter(trino_array_distinct(a), lambda v: list_contains(b, v));
CREATE MACRO trino_array_except(a, b) AS
    list_filter(trino_array_distinct(a), lambda v: NOT list_contains(b, v));
CREATE MACRO trino_array_max(a) AS list_max(a);
CREATE MACRO trino_array_min(a) AS list_min(a);
CREATE MACRO trino_array_sum(a) AS list_sum(a);
CREATE MACRO trino_array_average(a) AS list_avg(a);
CREATE MACRO trino_repeat(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO trino_zip(a, b) AS list_zip(a, b);
CREATE MACRO trino_map_agg
    (k, v) AS map(list(k) FILTER (WHERE k IS NOT NULL), list(v) FILTER (WHERE k IS NOT NULL));
CREATE MACRO trino_json_text(j) AS CASE WHEN json_valid(j) THEN j END;
CREATE MACRO trino_json_extract_scalar(j, p) AS CASE
        WHEN json_type(trino_json_text(j), p) NOT IN ('OBJECT', 'ARRAY')
            THEN json_extract_string(trino_json_text(j), p)
    END;
CREATE MACRO trino_json_size
    (j, p) AS CAST(coalesce(json_array_length(j, p), len(json_keys(j, p)), 0) AS BIGINT);
CREATE MACRO trino_json_array_contains(j, v) AS list_contains(CAST(j AS JSON[]), to_json(v));
