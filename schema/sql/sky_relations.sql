-- What geometries of any kind are to each other. Boundaries belong to a geometry and are widened ey
-- 1e-13 degrees, what a right ascension in double precision resolves.

-- The shapes of a union; of anything else, itself.
CREATE FUNCTION starhaul.parts(g double precision[])
RETURNS SETOF double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT ROWS 2 AS $$
DECLARE
    starts integer[];
BEGIN
    IF g[1] <> 'NaN' THEN
        RETURN NEXT g;
        RETURN;
    END IF;
    starts := array_positions(g, 'NaN') || cardinality(g) + 1;
    FOR i IN 1..cardinality(starts) - 1 LOOP
        RETURN NEXT g[starts[i] + 1:starts[i + 1] - 1];
    END LOOP;
END $$;

-- Whether a geometry holds a position.
CREATE FUNCTION starhaul.holds(g double precision[], lon double precision, lat double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF NOT (abs(lat) <= 90 AND abs(lon) <= 720) THEN
        RETURN NULL;
    END IF;
    IF g[1] = 'NaN' THEN
        RETURN (SELECT bool_or(starhaul.holds(part, lon, lat)) FROM starhaul.parts(g) AS part);
    END IF;
    IF cardinality(g) <= 3 THEN
        RETURN starhaul.distance(lon, lat, g[1], g[2]) <= coalesce(g[3], 0) + 1e-13;
    END IF;
    RETURN starhaul.polygon_holds(g, lon, lat);
END $$;

-- Whether an edge of one polygon properly crosses an edge of the other.
CREATE OR REPLACE FUNCTION starhaul.edges_cross(p double precision[], q double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    v double precision[] := starhaul.vertex_vectors(p);
    w double precision[] := starhaul.vertex_vectors(q);
    n integer := cardinality(v) / 3;
    m integer := cardinality(w) / 3;
    ax double precision := v[3 * n - 2];
    ay double precision := v[3 * n - 1];
    az double precision := v[3 * n];
    ex double precision;
    ey double precision;
    ez double precision;
    nx double precision;
    ny double precision;
    nz double precision;
    side double precision;
    last_side double precision;
    eps double precision;
    c double precision[];
    d double precision[];
    e double precision[];
    sa double precision;
    sb double precision;
BEGIN
    FOR i IN 1..n LOOP
        ex := v[3 * i - 2];
        ey := v[3 * i - 1];
        ez := v[3 * i];
        nx := ay * (ez - az) - az * (ey - ay);
        ny := az * (ex - ax) - ax * (ez - az);
        nz := ax * (ey - ay) - ay * (ex - ax);
        eps := 2e-15 * sqrt(nx * nx + ny * ny + nz * nz);
        last_side := nx * (w[3 * m - 2] - ax) + ny * (w[3 * m - 1] - ay) + nz * (w[3 * m] - az);
        FOR j IN 1..m LOOP
            side := nx * (w[3 * j - 2] - ax) + ny * (w[3 * j - 1] - ay) + nz * (w[3 * j] - az);
            IF (side > eps AND last_side < -eps) OR (side < -eps AND last_side > eps) THEN
                c := w[3 * ((j + m - 2) % m) + 1:3 * ((j + m - 2) % m) + 3];
                d := ARRAY[w[3 * j - 2] - c[1], w[3 * j - 1] - c[2], w[3 * j] - c[3]];
                e := starhaul.cross_product(c, d);
                sa := e[1] * (ax - c[1]) + e[2] * (ay - c[2]) + e[3] * (az - c[3]);
                sb := e[1] * (ex - c[1]) + e[2] * (ey - c[2]) + e[3] * (ez - c[3]);
                -- The arcs, not their antipodes: both pairs turn the same way.
                IF sa * sb < 0 AND last_side * sb > 0
                   AND least(abs(sa), abs(sb)) > 2e-15 * sqrt(starhaul.dot(e, e)) THEN
                    RETURN true;
                END IF;
            END IF;
            last_side := side;
        END LOOP;
        ax := ex;
        ay := ey;
        az := ez;
    END LOOP;
    RETURN false;
END $$;

-- Whether the edges of a, which properly cross none of b, lie in b: all its vertices do, and the
-- middle of each piece into which vertices of b cut an edge of a.
CREATE FUNCTION starhaul.edges_within(a double precision[], b double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    v double precision[] := starhaul.vertex_vectors(a);
    w double precision[] := starhaul.vertex_vectors(b);
    n integer := cardinality(v) / 3;
    m integer := cardinality(w) / 3;
    p double precision[] := v[3 * n - 2:3 * n];
    q double precision[];
    c double precision[];
    normal double precision[];
    along double precision[];
    back double precision[];
    size double precision;
    angles double precision[];
    middle double precision;
    here double precision[];
BEGIN
    FOR i IN 1..cardinality(a) / 2 LOOP
        IF NOT starhaul.polygon_holds(b, a[2 * i - 1], a[2 * i]) THEN
            RETURN false;
        END IF;
    END LOOP;
    FOR i IN 1..n LOOP
        q := v[3 * i - 2:3 * i];
        along := ARRAY[q[1] - p[1], q[2] - p[2], q[3] - p[3]];
        normal := starhaul.cross_product(p, along);
        size := sqrt(starhaul.dot(normal, normal));
        along := starhaul.cross_product(normal, p);
        back := starhaul.cross_product(q, normal);
        angles := ARRAY[0, atan2(size, starhaul.dot(p, q))];
        FOR j IN 1..m LOOP
            c := w[3 * j - 2:3 * j];
            IF abs(normal[1] * (c[1] - p[1]) + normal[2] * (c[2] - p[2])
                   + normal[3] * (c[3] - p[3])) <= 1e-14 * size
               AND starhaul.dot(along, c) > 0 AND starhaul.dot(back, c) > 0 THEN
                angles := angles || atan2(starhaul.dot(along, c) / size, starhaul.dot(p, c));
            END IF;
        END LOOP;
        IF cardinality(angles) > 2 THEN
            SELECT array_agg(angle ORDER BY angle) INTO angles FROM unnest(angles) AS angle;
        END IF;
        FOR j IN 2..cardinality(angles) LOOP
            middle := (angles[j - 1] + angles[j]) / 2;
            here := ARRAY[cos(middle) * p[1] + sin(middle) * along[1] / size,
                          cos(middle) * p[2] + sin(middle) * along[2] / size,
                          cos(middle) * p[3] + sin(middle) * along[3] / size];
            here := starhaul.position_of(here);
            IF NOT starhaul.polygon_holds(b, here[1], here[2])
               AND starhaul.edge_distance(b, here[1], here[2]) > 1e-12 THEN
                RETURN false;
            END IF;
        END LOOP;
        p := q;
    END LOOP;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION starhaul.any_vertex_in(p double precision[], q double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    FOR i IN 1..cardinality(p) / 2 LOOP
        IF starhaul.polygon_holds(q, p[2 * i - 1], p[2 * i]) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION starhaul.intersects(a double precision[], b double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF a[1] = 'NaN' OR b[1] = 'NaN' THEN
        RETURN (SELECT bool_or(starhaul.intersects(x, y))
                FROM starhaul.parts(a) AS x, starhaul.parts(b) AS y);
    END IF;
    IF cardinality(a) > cardinality(b) AND cardinality(b) <= 3 THEN
        RETURN starhaul.intersects(b, a);
    END IF;
    IF cardinality(b) <= 3 THEN
        RETURN starhaul.distance(a[1], a[2], b[1], b[2])
               <= coalesce(a[3], 0) + coalesce(b[3], 0) + 1e-13;
    END IF;
    IF cardinality(a) <= 3 THEN
        RETURN starhaul.polygon_holds(b, a[1], a[2])
            OR cardinality(a) = 3 AND starhaul.edge_distance(b, a[1], a[2]) <= a[3] + 1e-13;
    END IF;
    RETURN starhaul.any_vertex_in(a, b) OR starhaul.any_vertex_in(b, a)
        OR starhaul.edges_cross(a, b);
END $$;

-- Whether a lies wholly within b; within one shape of b where b is a union.
CREATE OR REPLACE FUNCTION starhaul.contains(a double precision[], b double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    radius double precision := coalesce(b[3], 0);
BEGIN
    IF a[1] = 'NaN' OR b[1] = 'NaN' THEN
        RETURN (SELECT bool_and((SELECT bool_or(starhaul.contains(x, y))
                                 FROM starhaul.parts(b) AS y))
                FROM starhaul.parts(a) AS x);
    END IF;
    IF cardinality(a) <= 3 AND cardinality(b) <= 3 THEN
        RETURN radius >= 180 OR starhaul.distance(a[1], a[2], b[1], b[2]) + coalesce(a[3], 0)
                                <= radius + 1e-13;
    END IF;
    IF cardinality(a) <= 3 THEN
        RETURN starhaul.polygon_holds(b, a[1], a[2])
           AND (cardinality(a) = 2 OR starhaul.edge_distance(b, a[1], a[2]) >= a[3] - 1e-13);
    END IF;
    IF cardinality(b) <= 3 THEN
        IF radius < 90 THEN
            FOR i IN 1..cardinality(a) / 2 LOOP
                IF starhaul.distance(a[2 * i - 1], a[2 * i], b[1], b[2]) > radius + 1e-13 THEN
                    RETURN false;
                END IF;
            END LOOP;
            RETURN true;
        END IF;
        -- Within a wide circle: apart from the circle around the antipode.
        RETURN radius >= 180
            OR starhaul.edge_distance(a, b[1] + 180, -b[2]) >= 180 - radius - 1e-13
           AND NOT starhaul.polygon_holds(a, b[1] + 180, -b[2]);
    END IF;
    RETURN NOT starhaul.edges_cross(a, b) AND starhaul.edges_within(a, b);
END $$;

-- Degrees between the nearest points of two geometries, 0 where they meet.
CREATE OR REPLACE FUNCTION starhaul.distance(a double precision[], b double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF a[1] = 'NaN' OR b[1] = 'NaN' THEN
        RETURN (SELECT min(starhaul.distance(x, y))
                FROM starhaul.parts(a) AS x, starhaul.parts(b) AS y);
    END IF;
    IF cardinality(a) > 3 AND cardinality(b) <= 3 THEN
        RETURN starhaul.distance(b, a);
    END IF;
    IF cardinality(b) <= 3 THEN
        RETURN greatest(0, starhaul.distance(a[1], a[2], b[1], b[2])
                           - coalesce(a[3], 0) - coalesce(b[3], 0));
    END IF;
    IF starhaul.intersects(a, b) THEN
        RETURN 0;
    END IF;
    IF cardinality(a) <= 3 THEN
        RETURN starhaul.edge_distance(b, a[1], a[2]) - coalesce(a[3], 0);
    END IF;
    RETURN least((SELECT min(starhaul.edge_distance(b, a[2 * i - 1], a[2 * i]))
                  FROM generate_series(1, cardinality(a) / 2) AS i),
                 (SELECT min(starhaul.edge_distance(a, b[2 * i - 1], b[2 * i]))
                  FROM generate_series(1, cardinality(b) / 2) AS i));
END $$;

DROP FUNCTION starhaul.mean_vector(double precision[]);

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
