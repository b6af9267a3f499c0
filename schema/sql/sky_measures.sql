-- Areas and centroids.

-- x, y, z of each vertex in the frame whose z points at the first: exact however small it is.
CREATE FUNCTION starhaul.tangent(polygon double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    lon1 double precision := polygon[1];
    lat1 double precision := polygon[2];
    s1 double precision := sin(radians(lat1));
    c1 double precision := cos(radians(lat1));
    h double precision;
    c double precision;
    d double precision;
    result double precision[] := '{}';
BEGIN
    FOR i IN 1..cardinality(polygon) / 2 LOOP
        h := radians(polygon[2 * i - 1] - lon1) / 2;
        d := radians(polygon[2 * i] - lat1);
        c := 2 * cos(radians(polygon[2 * i])) * sin(h);
        result := result || ARRAY[c * cos(h), sin(d) + c * s1 * sin(h), cos(d) - c * c1 * sin(h)];
    END LOOP;
    RETURN result;
END $$;

-- The position of a vector of that frame.
CREATE FUNCTION starhaul.from_tangent(lon1 double precision, lat1 double precision,
                                      x double precision, y double precision, z double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    s1 double precision := sin(radians(lat1));
    c1 double precision := cos(radians(lat1));
    ahead double precision := z * c1 - y * s1;
BEGIN
    RETURN starhaul.point(lon1 + degrees(atan2(x, ahead)),
                          degrees(atan2(z * s1 + y * c1, sqrt(ahead * ahead + x * x))));
END $$;

CREATE FUNCTION starhaul.polygon_area(polygon double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    t double precision[] := starhaul.tangent(polygon);
    n integer := cardinality(polygon) / 2;
    total double precision := 0;
BEGIN
    FOR i IN 2..n LOOP
        IF t[3 * i] < 0.01 THEN
            total := starhaul.turned_area(starhaul.vertex_vectors(polygon));
            RETURN least(total, 4 * pi() - total) * power(180 / pi(), 2);
        END IF;
        -- The signed triangle of the first vertex and this edge.
        IF i < n THEN
            total := total + 2 * atan2(
                t[3 * i - 2] * t[3 * i + 2] - t[3 * i - 1] * t[3 * i + 1],
                1 + t[3 * i] + t[3 * i + 3] + t[3 * i - 2] * t[3 * i + 1]
                  + t[3 * i - 1] * t[3 * i + 2] + t[3 * i] * t[3 * i + 3]);
        END IF;
    END LOOP;
    RETURN abs(total) * power(180 / pi(), 2);
END $$;

-- The direction of the centre of mass of the inside. The first moment of a spherical polygon is
-- half the sum over its edges of angle times normal; in 20 arcseconds that has fewer digits than
-- the centroid of the plane. Without an area, the mean direction of the vertices.
CREATE FUNCTION starhaul.polygon_centroid(polygon double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    t double precision[] := starhaul.tangent(polygon);
    n integer := cardinality(polygon) / 2;
    m double precision[] := ARRAY[0, 0, 0];  -- the moment
    s double precision[] := ARRAY[0, 0, 0];  -- the sum of the vertices
    a double precision[] := t[3 * n - 2:3 * n];
    b double precision[];
    c double precision[];
    f double precision;
    nearest double precision := 1;
    area double precision := 0;
BEGIN
    FOR i IN 1..n LOOP
        nearest := least(nearest, t[3 * i]);
    END LOOP;
    FOR i IN 1..n LOOP
        b := t[3 * i - 2:3 * i];
        s := ARRAY[s[1] + b[1], s[2] + b[2], s[3] + b[3]];
        c := starhaul.cross_product(a, b);
        IF nearest > 1 - 5e-9 THEN
            area := area + c[3];
            m := ARRAY[m[1] + c[3] * (a[1] + b[1]) / 3, m[2] + c[3] * (a[2] + b[2]) / 3, area];
        ELSE
            f := sqrt(starhaul.dot(c, c));
            f := CASE WHEN f > 0 THEN atan2(f, starhaul.dot(a, b)) / f ELSE 0 END;
            m := ARRAY[m[1] + f * c[1], m[2] + f * c[2], m[3] + f * c[3]];
        END IF;
        a := b;
    END LOOP;
    IF sqrt(starhaul.dot(m, m)) <= 1e-15 * (1 - nearest) THEN
        m := s;
    ELSIF nearest < 0.01 THEN
        area := starhaul.turned_area(starhaul.vertex_vectors(polygon));
        IF area >= 2 * pi() - 1e-9 THEN
            m := ARRAY[-m[1], -m[2], -m[3]];
        END IF;
    ELSIF starhaul.dot(m, s) < 0 THEN
        m := ARRAY[-m[1], -m[2], -m[3]];
    END IF;
    RETURN starhaul.from_tangent(polygon[1], polygon[2], m[1], m[2], m[3]);
END $$;

-- Square degrees; NULL of a union whose shapes meet, as what they share would count twice.
CREATE OR REPLACE FUNCTION starhaul.area(g double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF g[1] = 'NaN' THEN
        RETURN (SELECT CASE WHEN NOT bool_or(x.n < y.n AND starhaul.intersects(x.part, y.part))
                            THEN sum(starhaul.area(x.part)) FILTER (WHERE x.n = y.n) END
                FROM starhaul.parts(g) WITH ORDINALITY AS x(part, n),
                     starhaul.parts(g) WITH ORDINALITY AS y(part, n));
    END IF;
    RETURN CASE cardinality(g)
        WHEN 2 THEN 0
        WHEN 3 THEN 4 * pi() * power(sin(radians(g[3] / 2)), 2) * power(180 / pi(), 2)
        ELSE starhaul.polygon_area(g) END;
END $$;

-- NULL of a union.
CREATE OR REPLACE FUNCTION starhaul.centroid(g double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN CASE WHEN cardinality(g) <= 3 THEN g[1:2]
        WHEN g[1] <> 'NaN' THEN starhaul.polygon_centroid(g) END;
END $$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
