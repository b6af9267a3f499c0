-- Immutable functions of the sphere. Geometries are arrays of degrees as DALI writes them: 2 numbers
-- are a point, 3 a circle, 6 and more a polygon. They read no table.

CREATE FUNCTION starhaul.haversine(lon1 double precision, lat1 double precision,
                                   lon2 double precision, lat2 double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN power(sin(radians(lat2 - lat1) / 2), 2)
     + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2);

-- Angle in degrees, well conditioned from zero to 180 (Vincenty's form for the sphere).
CREATE FUNCTION starhaul.distance(lon1 double precision, lat1 double precision,
                                  lon2 double precision, lat2 double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN degrees(atan2(
    sqrt(power(cos(radians(lat2)) * sin(radians(lon2 - lon1)), 2)
       + power(cos(radians(lat1)) * sin(radians(lat2))
             - sin(radians(lat1)) * cos(radians(lat2)) * cos(radians(lon2 - lon1)), 2)),
    sin(radians(lat1)) * sin(radians(lat2))
  + cos(radians(lat1)) * cos(radians(lat2)) * cos(radians(lon2 - lon1))));

CREATE FUNCTION starhaul.remainder(x double precision, y double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN x - y * trunc(x / y);

CREATE FUNCTION starhaul.interval_overlaps(a1 double precision, b1 double precision,
                                           a2 double precision, b2 double precision)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (a1 <= b2 AND a2 <= b1 AND a1 <= b1 AND a2 <= b2)::integer;

-- 1 if every word of needle is a word of haystack, by the simple (case-folding) configuration.
CREATE FUNCTION starhaul.hasword(haystack text, needle text)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (to_tsvector('pg_catalog.simple'::regconfig, haystack)
        @@ plainto_tsquery('pg_catalog.simple'::regconfig, needle))::integer;

CREATE FUNCTION starhaul.point(lon double precision, lat double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY[lon, lat];

CREATE FUNCTION starhaul.circle(centre double precision[], radius double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF radius < 0 OR radius > 180 THEN
        RAISE EXCEPTION 'a circle has a radius from 0 to 180 degrees, not %', radius
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN ARRAY[centre[1], centre[2], radius];
END $$;

CREATE FUNCTION starhaul.polygon(coordinates double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN array_position(coordinates, NULL) IS NULL THEN coordinates END;

CREATE FUNCTION starhaul.unit_vector(lon double precision, lat double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY[cos(radians(lat)) * cos(radians(lon)), cos(radians(lat)) * sin(radians(lon)),
             sin(radians(lat))];

CREATE FUNCTION starhaul.dot(a double precision[], b double precision[])
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN a[1] * b[1] + a[2] * b[2] + a[3] * b[3];

CREATE FUNCTION starhaul.cross_product(a double precision[], b double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[a[2] * b[3] - a[3] * b[2], a[3] * b[1] - a[1] * b[3], a[1] * b[2] - a[2] * b[1]];

CREATE FUNCTION starhaul.position_of(v double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY[CASE WHEN atan2d(v[2], v[1]) < 0 THEN atan2d(v[2], v[1]) + 360
                  ELSE atan2d(v[2], v[1]) END,
             atan2d(v[3], sqrt(v[1] * v[1] + v[2] * v[2]))];

-- A box: the sides cross the arms of a cross at right angles (ADQL 2.1 section 4.2.9).
CREATE FUNCTION starhaul.box(centre double precision[], width double precision,
                             height double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    c double precision[] := starhaul.unit_vector(centre[1], centre[2]);
    e double precision[] := ARRAY[-sin(radians(centre[1])), cos(radians(centre[1])), 0];
    n double precision[] := starhaul.cross_product(c, e);
    a double precision := tan(radians(width / 2));
    b double precision := tan(radians(height / 2));
    result double precision[] := '{}';
    signs double precision[] := ARRAY[1, 1, -1, 1, -1, -1, 1, -1];
    x double precision;
    y double precision;
BEGIN
    IF width <= 0 OR width >= 180 OR height <= 0 OR height >= 180 THEN
        RAISE EXCEPTION 'the sides of a box are between 0 and 180 degrees'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR i IN 0..3 LOOP
        x := a * signs[2 * i + 1];
        y := b * signs[2 * i + 2];
        result := result || starhaul.position_of(ARRAY[
            c[1] + x * e[1] + y * n[1], c[2] + x * e[2] + y * n[2], c[3] + x * e[3] + y * n[3]]);
    END LOOP;
    RETURN result;
END $$;

-- A point, circle, box or polygon of STC-S in ICRS; NULL for anything else.
CREATE FUNCTION starhaul.region(value text)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    parts text[] := regexp_match(value,
        '^\s*(position|point|circle|polygon|box)((?:\s+[a-z][a-z0-9]*)*)((?:\s+[-+0-9.]+(?:e[-+]?[0-9]+)?)+)\s*$',
        'i');
    n double precision[];
BEGIN
    IF parts IS NULL OR upper(parts[2]) ~ '(GALACTIC|ECLIPTIC|FK4|SUPER)' THEN
        RETURN NULL;
    END IF;
    n := regexp_split_to_array(btrim(parts[3]), '\s+')::double precision[];
    RETURN CASE
        WHEN lower(parts[1]) IN ('position', 'point') AND cardinality(n) = 2 THEN n
        WHEN lower(parts[1]) = 'circle' AND cardinality(n) = 3 THEN n
        WHEN lower(parts[1]) = 'box' AND cardinality(n) = 4
            THEN starhaul.box(n[1:2], n[3], n[4])
        WHEN lower(parts[1]) = 'polygon' AND cardinality(n) >= 6 AND cardinality(n) % 2 = 0 THEN n
    END;
END $$;

-- The mean direction of a polygon's vertices: every polygon lies within a hemisphere around it.
CREATE FUNCTION starhaul.mean_vector(polygon double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    v double precision[];
    s double precision[] := ARRAY[0, 0, 0];
    size double precision;
BEGIN
    FOR i IN 1..cardinality(polygon) / 2 LOOP
        v := starhaul.unit_vector(polygon[2 * i - 1], polygon[2 * i]);
        s := ARRAY[s[1] + v[1], s[2] + v[2], s[3] + v[3]];
    END LOOP;
    size := sqrt(starhaul.dot(s, s));
    RETURN CASE WHEN size > 0 THEN ARRAY[s[1] / size, s[2] / size, s[3] / size] END;
END $$;

-- Even-odd test in the gnomonic plane around the mean direction, where great circles are straight.
CREATE FUNCTION starhaul.polygon_holds(polygon double precision[], lon double precision,
                                       lat double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    m double precision[] := starhaul.mean_vector(polygon);
    u double precision[];
    w double precision[];
    p double precision[] := starhaul.unit_vector(lon, lat);
    v double precision[];
    n integer := cardinality(polygon) / 2;
    d double precision := starhaul.dot(p, m);
    px double precision;
    py double precision;
    x1 double precision;
    y1 double precision;
    x2 double precision;
    y2 double precision;
    side double precision;
    inside boolean := false;
BEGIN
    IF d <= 0 THEN
        RETURN false;
    END IF;
    u := CASE WHEN abs(m[3]) < 0.9 THEN starhaul.cross_product(ARRAY[0, 0, 1]::double precision[], m)
              ELSE starhaul.cross_product(ARRAY[1, 0, 0]::double precision[], m) END;
    w := starhaul.cross_product(m, u);
    px := starhaul.dot(p, u) / d;
    py := starhaul.dot(p, w) / d;
    v := starhaul.unit_vector(polygon[2 * n - 1], polygon[2 * n]);
    d := starhaul.dot(v, m);
    x1 := starhaul.dot(v, u) / d;
    y1 := starhaul.dot(v, w) / d;
    FOR i IN 1..n LOOP
        v := starhaul.unit_vector(polygon[2 * i - 1], polygon[2 * i]);
        d := starhaul.dot(v, m);
        IF d <= 0 THEN
            RAISE EXCEPTION 'a polygon must fit within a hemisphere'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        x2 := starhaul.dot(v, u) / d;
        y2 := starhaul.dot(v, w) / d;
        side := (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1);
        -- On the boundary is inside (ADQL 2.1 section 4.2.12).
        IF abs(side) <= 1e-15 * (abs(x2 - x1) + abs(y2 - y1))
           AND px BETWEEN least(x1, x2) - 1e-15 AND greatest(x1, x2) + 1e-15
           AND py BETWEEN least(y1, y2) - 1e-15 AND greatest(y1, y2) + 1e-15 THEN
            RETURN true;
        END IF;
        IF (y1 > py) <> (y2 > py) AND ((side > 0) = (y2 > y1)) THEN
            inside := NOT inside;
        END IF;
        x1 := x2;
        y1 := y2;
    END LOOP;
    RETURN inside;
END $$;

-- Angle in degrees from a position to the nearest point of a polygon's edges.
CREATE FUNCTION starhaul.edge_distance(polygon double precision[], lon double precision,
                                       lat double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    p double precision[] := starhaul.unit_vector(lon, lat);
    n integer := cardinality(polygon) / 2;
    a double precision[] := starhaul.unit_vector(polygon[2 * n - 1], polygon[2 * n]);
    b double precision[];
    normal double precision[];
    size double precision;
    best double precision := 180;
BEGIN
    FOR i IN 1..n LOOP
        b := starhaul.unit_vector(polygon[2 * i - 1], polygon[2 * i]);
        normal := starhaul.cross_product(a, b);
        size := sqrt(starhaul.dot(normal, normal));
        best := least(best, starhaul.distance(lon, lat, polygon[2 * i - 1], polygon[2 * i]));
        IF size > 0 AND starhaul.dot(starhaul.cross_product(normal, a), p) >= 0
           AND starhaul.dot(starhaul.cross_product(b, normal), p) >= 0 THEN
            best := least(best, abs(asind(greatest(-1, least(1, starhaul.dot(normal, p) / size)))));
        END IF;
        a := b;
    END LOOP;
    RETURN best;
END $$;

-- Whether an edge of one polygon properly crosses an edge of the other.
CREATE FUNCTION starhaul.edges_cross(p double precision[], q double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(p) / 2;
    m integer := cardinality(q) / 2;
    a double precision[] := starhaul.unit_vector(p[2 * n - 1], p[2 * n]);
    b double precision[];
    c double precision[];
    d double precision[];
    ab double precision[];
    cd double precision[];
BEGIN
    FOR i IN 1..n LOOP
        b := starhaul.unit_vector(p[2 * i - 1], p[2 * i]);
        ab := starhaul.cross_product(a, b);
        c := starhaul.unit_vector(q[2 * m - 1], q[2 * m]);
        FOR j IN 1..m LOOP
            d := starhaul.unit_vector(q[2 * j - 1], q[2 * j]);
            cd := starhaul.cross_product(c, d);
            IF starhaul.dot(ab, c) * starhaul.dot(ab, d) < 0
               AND starhaul.dot(cd, a) * starhaul.dot(cd, b) < 0
               -- The arcs, not their antipodes: both pairs turn the same way.
               AND starhaul.dot(ab, c) * starhaul.dot(cd, b) > 0 THEN
                RETURN true;
            END IF;
            c := d;
        END LOOP;
        a := b;
    END LOOP;
    RETURN false;
END $$;

CREATE FUNCTION starhaul.intersects(a double precision[], b double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(a);
    m integer := cardinality(b);
BEGIN
    IF n > m THEN
        RETURN starhaul.intersects(b, a);
    END IF;
    IF m <= 3 THEN
        -- Widened by what a right ascension in double resolves.
        RETURN starhaul.distance(a[1], a[2], b[1], b[2])
               <= CASE n WHEN 3 THEN a[3] ELSE 0 END + CASE m WHEN 3 THEN b[3] ELSE 0 END + 1e-13;
    END IF;
    IF n = 2 THEN
        RETURN starhaul.polygon_holds(b, a[1], a[2]);
    END IF;
    IF n = 3 THEN
        RETURN starhaul.polygon_holds(b, a[1], a[2])
            OR starhaul.edge_distance(b, a[1], a[2]) <= a[3] + 1e-13;
    END IF;
    RETURN starhaul.edges_cross(a, b)
        OR starhaul.polygon_holds(b, a[1], a[2]) OR starhaul.polygon_holds(a, b[1], b[2])
        OR starhaul.any_vertex_in(a, b) OR starhaul.any_vertex_in(b, a);
END $$;

CREATE FUNCTION starhaul.any_vertex_in(p double precision[], q double precision[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (SELECT bool_or(starhaul.polygon_holds(q, p[2 * i - 1], p[2 * i]))
        FROM generate_series(1, cardinality(p) / 2) AS i);

-- Whether a lies wholly within b.
CREATE FUNCTION starhaul.contains(a double precision[], b double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(a);
    m integer := cardinality(b);
BEGIN
    IF n = 2 THEN
        RETURN starhaul.intersects(a, b);
    END IF;
    IF m = 2 THEN
        RETURN false;
    END IF;
    IF m = 3 AND b[3] >= 180 THEN
        RETURN true;
    END IF;
    IF n = 3 AND m = 3 THEN
        RETURN starhaul.distance(a[1], a[2], b[1], b[2]) + a[3] <= b[3] + 1e-13;
    END IF;
    IF n = 3 THEN
        RETURN starhaul.polygon_holds(b, a[1], a[2])
           AND starhaul.edge_distance(b, a[1], a[2]) >= a[3] - 1e-13;
    END IF;
    IF m = 3 THEN
        -- Within a wide circle: apart from the circle around the antipode.
        IF b[3] > 90 THEN
            RETURN NOT starhaul.polygon_holds(a, b[1] + 180, -b[2])
               AND starhaul.edge_distance(a, b[1] + 180, -b[2]) >= 180 - b[3] - 1e-13;
        END IF;
        RETURN (SELECT bool_and(starhaul.distance(a[2 * i - 1], a[2 * i], b[1], b[2]) <= b[3] + 1e-13)
                FROM generate_series(1, n / 2) AS i);
    END IF;
    RETURN NOT starhaul.edges_cross(a, b)
       AND (SELECT bool_and(starhaul.polygon_holds(b, a[2 * i - 1], a[2 * i]))
            FROM generate_series(1, n / 2) AS i);
END $$;

-- The angle between two points; to a circle or polygon, the angle to its nearest point.
CREATE FUNCTION starhaul.distance(a double precision[], b double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF cardinality(a) > cardinality(b) THEN
        RETURN starhaul.distance(b, a);
    END IF;
    IF cardinality(a) > 3 THEN
        RAISE EXCEPTION 'DISTANCE takes a point on one side'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF cardinality(b) > 3 THEN
        IF starhaul.polygon_holds(b, a[1], a[2]) THEN
            RETURN 0;
        END IF;
        RETURN greatest(0, starhaul.edge_distance(b, a[1], a[2])
                           - CASE cardinality(a) WHEN 3 THEN a[3] ELSE 0 END);
    END IF;
    RETURN greatest(0, starhaul.distance(a[1], a[2], b[1], b[2])
                       - CASE cardinality(a) WHEN 3 THEN a[3] ELSE 0 END
                       - CASE cardinality(b) WHEN 3 THEN b[3] ELSE 0 END);
END $$;

CREATE FUNCTION starhaul.centroid(g double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(g) / 2;
    a double precision[];
    b double precision[];
    c double precision[];
    length double precision;
    angle double precision;
    s double precision[] := ARRAY[0, 0, 0];
BEGIN
    IF cardinality(g) <= 3 THEN
        RETURN g[1:2];
    END IF;
    -- The first moment of a spherical polygon is half the sum over its edges of angle times normal.
    a := starhaul.unit_vector(g[2 * n - 1], g[2 * n]);
    FOR i IN 1..n LOOP
        b := starhaul.unit_vector(g[2 * i - 1], g[2 * i]);
        c := starhaul.cross_product(a, b);
        length := sqrt(starhaul.dot(c, c));
        IF length > 0 THEN
            angle := atan2(length, starhaul.dot(a, b)) / length;
            s := ARRAY[s[1] + angle * c[1], s[2] + angle * c[2], s[3] + angle * c[3]];
        END IF;
        a := b;
    END LOOP;
    IF starhaul.dot(s, starhaul.mean_vector(g)) < 0 THEN
        s := ARRAY[-s[1], -s[2], -s[3]];
    END IF;
    RETURN starhaul.position_of(s);
END $$;

-- Square degrees; a polygon by the signed triangles that a vertex spans with each edge.
CREATE FUNCTION starhaul.area(g double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(g) / 2;
    o double precision[];
    a double precision[];
    b double precision[];
    total double precision := 0;
BEGIN
    IF cardinality(g) = 2 THEN
        RETURN 0;
    ELSIF cardinality(g) = 3 THEN
        RETURN 4 * pi() * power(sind(g[3] / 2), 2) * power(180 / pi(), 2);
    END IF;
    o := starhaul.unit_vector(g[1], g[2]);
    a := starhaul.unit_vector(g[3], g[4]);
    FOR i IN 3..n LOOP
        b := starhaul.unit_vector(g[2 * i - 1], g[2 * i]);
        total := total + 2 * atan2(
            starhaul.dot(o, starhaul.cross_product(a, b)),
            1 + starhaul.dot(o, a) + starhaul.dot(a, b) + starhaul.dot(b, o));
        a := b;
    END LOOP;
    RETURN abs(total) * power(180 / pi(), 2);
END $$;

-- Bits of a coordinate spread to the even places.
CREATE FUNCTION starhaul.spread_bits(value bigint)
RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x bigint := value;
BEGIN
    x := (x | (x << 16)) & 281470681808895;
    x := (x | (x << 8)) & 71777214294589695;
    x := (x | (x << 4)) & 1085102592571150095;
    x := (x | (x << 2)) & 3689348814741910323;
    RETURN (x | (x << 1)) & 6148914691236517205;
END $$;

-- The HEALPix cell, nested, of an order from 0 to 29.
CREATE FUNCTION starhaul.healpix_nest(hpx_order integer, lon double precision, lat double precision)
RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    nside bigint := 1::bigint << hpx_order;
    z double precision := sin(radians(lat));
    za double precision := abs(z);
    tt double precision := (lon - 360 * floor(lon / 360)) / 90;
    a double precision;
    b double precision;
    jp bigint;
    jm bigint;
    face bigint;
    ifp bigint;
    ifm bigint;
    ix bigint;
    iy bigint;
    quarter bigint;
BEGIN
    IF hpx_order < 0 OR hpx_order > 29 OR abs(lat) > 90 THEN
        RAISE EXCEPTION 'a HEALPix order is from 0 to 29, a latitude from -90 to 90'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF za <= 2.0 / 3 THEN
        a := nside * (0.5 + tt);
        b := nside * (z * 0.75);
        jp := floor(a - b)::bigint;
        jm := floor(a + b)::bigint;
        ifp := jp >> hpx_order;
        ifm := jm >> hpx_order;
        face := CASE WHEN ifp = ifm THEN ifp | 4 WHEN ifp < ifm THEN ifp ELSE ifm + 8 END;
        ix := jm & (nside - 1);
        iy := nside - (jp & (nside - 1)) - 1;
    ELSE
        quarter := least(3, floor(tt))::bigint;
        a := tt - quarter;
        -- sqrt(3 (1 - |z|)) without the loss of digits near a pole.
        b := nside * sqrt(6.0::double precision) * sin(radians((90 - abs(lat)) / 2));
        jp := least(nside - 1, floor(a * b)::bigint);
        jm := least(nside - 1, floor((1 - a) * b)::bigint);
        IF z >= 0 THEN
            face := quarter;
            ix := nside - jm - 1;
            iy := nside - jp - 1;
        ELSE
            face := quarter + 8;
            ix := jp;
            iy := jm;
        END IF;
    END IF;
    RETURN (face << (2 * hpx_order)) + starhaul.spread_bits(ix) + (starhaul.spread_bits(iy) << 1);
END $$;

CREATE FUNCTION starhaul.healpix_nest(hpx_order integer, point double precision[])
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starhaul.healpix_nest(hpx_order, point[1], point[2]);

CREATE FUNCTION starhaul.circle(lon double precision, lat double precision, radius double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starhaul.circle(starhaul.point(lon, lat), radius);

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
