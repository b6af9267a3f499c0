-- Ranges of coordinates (SIA 2.0 section 2.1.1): longitudes from `west` over `width` degrees
-- eastward, latitudes from `south` to `north`. Their sides are meridians and parallels; the latter
-- are no great circles, so no polygon is one. A pole has every longitude.

CREATE FUNCTION starhaul.in_range(lon double precision, lat double precision,
                                  west double precision, width double precision,
                                  south double precision, north double precision)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lat BETWEEN south - 1e-13 AND north + 1e-13
   AND (width >= 360 OR abs(lat) = 90 OR starhaul.turn(lon - west + 1e-13) <= width + 2e-13);

-- Degrees from a position to a meridian's arc: its ends, and the foot where that lies between.
CREATE FUNCTION starhaul.meridian_distance(lon double precision, lat double precision,
                                           meridian double precision,
                                           south double precision, north double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(
    starhaul.distance(lon, lat, meridian, south),
    starhaul.distance(lon, lat, meridian, north),
    (SELECT starhaul.distance(lon, lat, meridian, foot)
     FROM (SELECT degrees(atan2(sin(radians(lat)),
                                cos(radians(lat)) * cos(radians(lon - meridian))))) AS f (foot)
     WHERE foot BETWEEN south AND north));

-- Degrees from a position to the nearest of a range, 0 within it.
CREATE FUNCTION starhaul.range_distance(lon double precision, lat double precision,
                                        west double precision, width double precision,
                                        south double precision, north double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN width >= 360 OR starhaul.turn(lon - west + 1e-13) <= width + 2e-13
    THEN greatest(0, south - lat, lat - north)
    ELSE least(starhaul.meridian_distance(lon, lat, west, south, north),
               starhaul.meridian_distance(lon, lat, west + width, south, north)) END;

-- Whether the edge between two positions meets a side of a range. Points of the edge are
-- cos(t) a + sin(t) b; each side's great or small circle meets that at two values of t at most.
CREATE FUNCTION starhaul.edge_meets_range(lon1 double precision, lat1 double precision,
                                          lon2 double precision, lat2 double precision,
                                          west double precision, width double precision,
                                          south double precision, north double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    a double precision[] := starhaul.unit_vector(lon1, lat1);
    b double precision[] := starhaul.unit_vector(lon2, lat2);
    length double precision := radians(starhaul.distance(lon1, lat1, lon2, lat2));
    height double precision;
    top double precision;
    half double precision;
    side double precision;
    t double precision;
    x double precision;
    y double precision;
    z double precision;
BEGIN
    IF length < 1e-15 THEN
        RETURN false;
    END IF;
    FOR i IN 1..3 LOOP
        b[i] := (b[i] - cos(length) * a[i]) / sin(length);
    END LOOP;
    height := sqrt(a[3] * a[3] + b[3] * b[3]);
    top := atan2(b[3], a[3]);
    FOREACH side IN ARRAY ARRAY[south, north] LOOP
        IF height > 0 AND abs(sin(radians(side))) <= height THEN
            half := acos(sin(radians(side)) / height);
            FOREACH t IN ARRAY ARRAY[top - half, top + half] LOOP
                t := t - 2 * pi() * floor(t / (2 * pi()));
                x := cos(t) * a[1] + sin(t) * b[1];
                y := cos(t) * a[2] + sin(t) * b[2];
                IF t <= length AND starhaul.in_range(degrees(atan2(y, x)), side, west, width,
                                                     south, north) THEN
                    RETURN true;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
    IF width >= 360 THEN
        RETURN false;
    END IF;
    FOREACH side IN ARRAY ARRAY[west, west + width] LOOP
        x := -sin(radians(side));
        y := cos(radians(side));
        t := atan2(-(a[1] * x + a[2] * y), b[1] * x + b[2] * y);
        t := t - pi() * floor(t / pi());
        x := cos(t) * a[1] + sin(t) * b[1];
        y := cos(t) * a[2] + sin(t) * b[2];
        z := cos(t) * a[3] + sin(t) * b[3];
        IF t <= length AND x * cos(radians(side)) + y * sin(radians(side)) >= 0
           AND degrees(asin(greatest(-1, least(1, z)))) BETWEEN south AND north THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;

-- Whether a geometry shares a point with a range: a vertex lies in it, a side crosses, or the
-- polygon holds all of the range.
CREATE FUNCTION starhaul.meets_range(g double precision[], west double precision,
                                     width double precision, south double precision,
                                     north double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(g) / 2;
    last integer := n;
BEGIN
    IF g[1] = 'NaN' THEN
        RETURN (SELECT bool_or(starhaul.meets_range(part, west, width, south, north))
                FROM starhaul.parts(g) AS part);
    END IF;
    IF cardinality(g) <= 3 THEN
        RETURN starhaul.range_distance(g[1], g[2], west, width, south, north)
               <= coalesce(g[3], 0) + 1e-13;
    END IF;
    FOR i IN 1..n LOOP
        IF starhaul.in_range(g[2 * i - 1], g[2 * i], west, width, south, north) THEN
            RETURN true;
        END IF;
    END LOOP;
    FOR i IN 1..n LOOP
        IF starhaul.edge_meets_range(g[2 * last - 1], g[2 * last], g[2 * i - 1], g[2 * i],
                                     west, width, south, north) THEN
            RETURN true;
        END IF;
        last := i;
    END LOOP;
    RETURN starhaul.polygon_holds(g, west, south);
END $$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
