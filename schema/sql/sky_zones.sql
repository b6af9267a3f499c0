-- What conditions on the sky compute for an index: zones of declination, windows of right ascension,
-- boxes (DESIGN section 5). All hold more than they must, by far more than rounding.

-- The arc minute of declination, counted from the south pole; total for every number. Indexes are
-- made of it: what it gives for a latitude must never change.
CREATE FUNCTION starhaul.zone(lat double precision)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(10801, greatest(-1, floor((lat + 90) * 60)))::integer;

-- A right ascension brought to 0 to 360. Indexes are made of it too.
CREATE FUNCTION starhaul.turn(lon double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lon - 360 * floor(lon / 360);

CREATE FUNCTION starhaul.zones(one integer, other integer)
RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (SELECT array_agg(z) FROM generate_series(least(one, other), greatest(one, other)) AS z);

-- How far in right ascension a disc reaches at most from its centre; everywhere if near a pole.
-- asin(sin(reach) / cos(lat)) is never more than reach / cos(|lat| + reach).
CREATE FUNCTION starhaul.ra_reach(lat double precision, reach double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(lat) + reach < 89.99 THEN reach / cosd(abs(lat) + reach)
            ELSE 'Infinity'::double precision END;

-- A box in x, y, z around a disc: a chord is never longer than its arc.
CREATE FUNCTION starhaul.cap_box(lon double precision, lat double precision,
                                 radius double precision)
RETURNS cube LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    v double precision[];
    reach double precision := radians(least(radius, 180)) + 1e-9;
BEGIN
    IF NOT (abs(lat) <= 90 AND abs(lon) < 'Infinity' AND radius >= 0) THEN
        RETURN NULL;
    END IF;
    v := starhaul.unit_vector(lon, lat);
    RETURN cube(ARRAY[v[1] - reach, v[2] - reach, v[3] - reach],
                ARRAY[v[1] + reach, v[2] + reach, v[3] + reach]);
END $$;

-- The disc (lon, lat, radius) that holds all of the sphere within a box: the ball around the box
-- cuts a cap out of it.
CREATE FUNCTION starhaul.box_disc(box cube)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x double precision := (cube_ll_coord(box, 1) + cube_ur_coord(box, 1)) / 2;
    y double precision := (cube_ll_coord(box, 2) + cube_ur_coord(box, 2)) / 2;
    z double precision := (cube_ll_coord(box, 3) + cube_ur_coord(box, 3)) / 2;
    size double precision := sqrt(x * x + y * y + z * z);
    ball double precision := (cube_ur_coord(box, 1) - x) ^ 2 + (cube_ur_coord(box, 2) - y) ^ 2
                             + (cube_ur_coord(box, 3) - z) ^ 2;
BEGIN
    IF size < 0.01 THEN
        RETURN ARRAY[0, 0, 180];
    END IF;
    RETURN ARRAY[CASE WHEN y < 0 THEN atan2d(y, x) + 360 ELSE atan2d(y, x) END,
                 atan2d(z, sqrt(x * x + y * y)),
                 least(180, 1e-5 + acosd(
                     greatest(-1, least(1, (1 + size * size - ball) / (2 * size)))))];
END $$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
