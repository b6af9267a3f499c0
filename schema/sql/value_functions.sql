-- Mathematics and casts that give NULL where PostgreSQL would end the query with an error
-- (docs/decisions/0006). In plpgsql, because arguments are used more than once: an SQL function whose
-- argument is not cheap is not inlined, and then costs 2 us a call instead of 0.15.

-- Underflow gives 0: glibc reports an error for every result below the smallest normal double.
CREATE FUNCTION starhaul.exp(x double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN CASE WHEN x < -708.3964185322641 THEN 0
                WHEN x > 709.782712893384 AND x < 'Infinity' THEN NULL
                ELSE pg_catalog.exp(x) END;
END $$;

CREATE FUNCTION starhaul.power(x double precision, y double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    size double precision;
BEGIN
    IF x BETWEEN 1e-30 AND 1e30 AND y BETWEEN -10 AND 10 THEN
        RETURN pg_catalog.power(x, y);
    END IF;
    IF y = 0 OR x = 1 OR x = 'NaN' OR y = 'NaN' OR abs(x) = 'Infinity' OR abs(y) = 'Infinity' THEN
        RETURN CASE WHEN x = '-Infinity' AND abs(y) < 'Infinity' AND y <> trunc(y) THEN NULL
                    WHEN x = 0 AND y < 0 THEN NULL
                    ELSE pg_catalog.power(x, y) END;
    END IF;
    IF x = 0 THEN
        RETURN CASE WHEN y > 0 THEN 0 END;
    END IF;
    IF x < 0 AND y <> trunc(y) THEN
        RETURN NULL;
    END IF;
    IF y = 1 OR abs(y) < 1e-300 THEN
        RETURN CASE WHEN y = 1 THEN x ELSE 1 END;
    END IF;
    size := log(abs(x));
    IF size = 0 THEN
        RETURN CASE WHEN x > 0 OR y / 2 = trunc(y / 2) THEN 1 ELSE -1 END;
    END IF;
    -- Orders of magnitude; the product itself could overflow.
    IF abs(y) > 310 / abs(size) THEN
        RETURN CASE WHEN (size > 0) <> (y > 0) THEN 0 END;
    END IF;
    size := size * y;
    RETURN CASE WHEN size > 308.2547155599 THEN NULL
                WHEN size < -307.6526555685 THEN 0
                ELSE pg_catalog.power(x, y) END;
END $$;

-- The exact remainder, with the sign of x: whole multiples of y, halved on the way down, are exact.
CREATE OR REPLACE FUNCTION starhaul.remainder(x double precision, y double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    rest double precision := abs(x);
    unit double precision := abs(y);
    multiple double precision;
BEGIN
    IF y = 0 OR rest = 'Infinity' THEN
        RETURN NULL;
    END IF;
    IF rest = 'NaN' OR unit = 'NaN' THEN
        RETURN 'NaN';
    END IF;
    IF rest < unit THEN
        RETURN x;
    END IF;
    IF rest < 9007199254740992 AND rest = trunc(rest) AND unit = trunc(unit) THEN
        rest := rest::bigint % unit::bigint;
        RETURN CASE WHEN x < 0 THEN -rest ELSE rest END;
    END IF;
    multiple := unit;
    WHILE multiple <= rest / 2 LOOP
        multiple := multiple * 2;
    END LOOP;
    WHILE multiple >= unit LOOP
        IF rest >= multiple THEN
            rest := rest - multiple;
        END IF;
        EXIT WHEN multiple = unit;
        multiple := multiple / 2;
    END LOOP;
    RETURN CASE WHEN x < 0 THEN -rest ELSE rest END;
END $$;

-- Halves away from zero; x - trunc(x) is exact.
CREATE FUNCTION starhaul.round(x double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN CASE WHEN abs(x) < 4503599627370496 THEN trunc(x) + trunc((x - trunc(x)) * 2) ELSE x END;
END $$;

CREATE FUNCTION starhaul.to_real(x double precision)
RETURNS real LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN CASE WHEN abs(x) < 1.1754943508222875e-38 THEN 0
                WHEN abs(x) < 3.4028235677973366e38 OR abs(x) >= 'Infinity' THEN x::real END;
END $$;

-- The exact number that a text holds.
CREATE FUNCTION starhaul.to_numeric(value text)
RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF length(value) < 500 AND value ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' THEN
        RETURN value::numeric;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION starhaul.to_double(value text)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    size numeric;
BEGIN
    IF length(value) < 300 AND value ~ '^-?\d+\.?\d*$' THEN
        RETURN value::double precision;
    END IF;
    size := abs(starhaul.to_numeric(value));
    IF size IS NULL THEN
        RETURN CASE WHEN value ~* '^\s*(nan|[-+]?inf(inity)?)\s*$' THEN value::double precision END;
    END IF;
    RETURN CASE WHEN size < 2.2250738585072014e-308 THEN 0
                WHEN size < 1.7976931348623158e308 THEN value::double precision END;
END $$;

-- A moment in DALI's form (DALI 1.1 section 3.3.3), a blank for the T allowed.
CREATE FUNCTION starhaul.to_timestamp(value text)
RETURNS timestamp LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    moment text := rtrim(btrim(value), 'Z');
    year integer;
    month integer;
    day integer;
BEGIN
    IF value !~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d*)?)?)?Z?\s*$' THEN
        RETURN NULL;
    END IF;
    year := substr(moment, 1, 4)::integer;
    month := substr(moment, 6, 2)::integer;
    day := substr(moment, 9, 2)::integer;
    IF year = 0 OR month NOT BETWEEN 1 AND 12 OR day = 0
       OR day > extract(day FROM make_date(year, month, 1) + interval '1 month - 1 day')
       OR substr(moment, 12, 2) > '23' OR substr(moment, 15, 2) > '59'
       OR substr(moment, 18, 2) > '59' THEN
        RETURN NULL;
    END IF;
    RETURN make_timestamp(year, month, day, coalesce(nullif(substr(moment, 12, 2), ''), '0')::integer,
                          coalesce(nullif(substr(moment, 15, 2), ''), '0')::integer,
                          coalesce(nullif(substr(moment, 18, 12), ''), '0')::double precision);
END $$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
