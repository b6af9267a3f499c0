-- Polygons: edges are the shorter arcs between neighbours. The inside is the smaller side whatever
-- the winding; of two equal sides, the left one seen from the centre of the sphere (DALI's rule).
-- A polygon that crosses itself holds what an odd number of edges parts from the outside.

-- Even-odd test in the plane that touches the sphere at the first vertex, where great circles are
-- straight. On the boundary is inside (ADQL 2.1 section 4.2.12).
CREATE OR REPLACE FUNCTION starhaul.polygon_holds(polygon double precision[], lon double precision,
                                                  lat double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(polygon) / 2;
    lon1 double precision := polygon[1];
    lat1 double precision := polygon[2];
    s1 double precision := sin(radians(lat1));
    c1 double precision := cos(radians(lat1));
    h double precision := sin(radians(lon - lon1) / 2);
    c double precision := 2 * cos(radians(lat)) * h;
    d double precision := cos(radians(lat - lat1)) - c * c1 * h;
    ahead boolean := d > 0;
    px double precision;
    py double precision;
    eps double precision;
    x1 double precision := 0;
    y1 double precision := 0;
    x2 double precision;
    y2 double precision;
    side double precision;
    inside boolean := false;
BEGIN
    IF ahead THEN
        px := c * cos(radians(lon - lon1) / 2) / d;
        py := (sin(radians(lat - lat1)) + c * s1 * h) / d;
        eps := 2e-15 * (1 + px * px + py * py);
    END IF;
    FOR i IN 2..n + 1 LOOP
        IF i > n THEN
            x2 := 0;
            y2 := 0;
        ELSE
            h := radians(polygon[2 * i - 1] - lon1) / 2;
            side := radians(polygon[2 * i] - lat1);
            c := 2 * cos(radians(polygon[2 * i])) * sin(h);
            d := cos(side) - c * c1 * sin(h);
            IF d < 0.01 THEN
                RETURN starhaul.wide_polygon_holds(polygon, lon, lat);
            END IF;
            x2 := c * cos(h) / d;
            y2 := (sin(side) + c * s1 * sin(h)) / d;
        END IF;
        IF ahead THEN
            side := (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1);
            IF abs(side) <= eps * (abs(x2 - x1) + abs(y2 - y1))
               AND px BETWEEN least(x1, x2) - eps AND greatest(x1, x2) + eps
               AND py BETWEEN least(y1, y2) - eps AND greatest(y1, y2) + eps THEN
                RETURN true;
            END IF;
            IF (y1 > py) <> (y2 > py) AND ((side > 0) = (y2 > y1)) THEN
                inside := NOT inside;
            END IF;
        END IF;
        x1 := x2;
        y1 := y2;
    END LOOP;
    RETURN inside;
END $$;

-- Unit vectors of the vertices, x1, y1, z1, x2, ...: without the repeated ones.
CREATE FUNCTION starhaul.vertex_vectors(polygon double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(polygon) / 2;
    last double precision[] := starhaul.unit_vector(polygon[2 * n - 1], polygon[2 * n]);
    v double precision[];
    result double precision[] := '{}';
BEGIN
    FOR i IN 1..n LOOP
        v := starhaul.unit_vector(polygon[2 * i - 1], polygon[2 * i]);
        IF abs(v[1] - last[1]) + abs(v[2] - last[2]) + abs(v[3] - last[3]) > 1e-15 THEN
            result := result || v;
        END IF;
        last := v;
    END LOOP;
    RETURN result;
END $$;

-- Steradians on the side that the planes of the edges point to (Gauss and Bonnet): 2 pi less the
-- turns at the vertices. For polygons of any size; small ones lose digits.
CREATE FUNCTION starhaul.turned_area(vectors double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(vectors) / 3;
    a double precision[];
    b double precision[];
    c double precision[];
    n1 double precision[];
    n2 double precision[];
    turned double precision[];
    turns double precision := 0;
BEGIN
    FOR i IN 0..n - 1 LOOP
        a := vectors[3 * i + 1:3 * i + 3];
        b := vectors[3 * ((i + 1) % n) + 1:3 * ((i + 1) % n) + 3];
        c := vectors[3 * ((i + 2) % n) + 1:3 * ((i + 2) % n) + 3];
        n1 := starhaul.cross_product(a, b);
        n2 := starhaul.cross_product(b, c);
        turned := starhaul.cross_product(n1, n2);
        turns := turns + atan2(starhaul.dot(b, turned), starhaul.dot(n1, n2));
    END LOOP;
    turns := 2 * pi() - turns;
    RETURN turns - 4 * pi() * floor(turns / (4 * pi()));
END $$;

-- How many edges, apart from the one numbered `skipped`, the shorter arc between two directions
-- crosses. An edge belongs to its end on the near side of the arc's plane: no vertex counts twice.
CREATE FUNCTION starhaul.crossings(vectors double precision[], r double precision[],
                                   p double precision[], skipped integer)
RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(vectors) / 3;
    plane double precision[] := starhaul.cross_product(r, p);
    a double precision[] := vectors[3 * n - 2:3 * n];
    b double precision[];
    q double precision[];
    sa double precision := starhaul.dot(plane, a);
    sb double precision;
    count integer := 0;
BEGIN
    FOR i IN 0..n - 1 LOOP
        b := vectors[3 * i + 1:3 * i + 3];
        sb := starhaul.dot(plane, b);
        IF (sa >= 0) <> (sb >= 0) AND i <> skipped THEN
            q := ARRAY[a[1] * abs(sb) + b[1] * abs(sa), a[2] * abs(sb) + b[2] * abs(sa),
                       a[3] * abs(sb) + b[3] * abs(sa)];
            IF starhaul.dot(plane, starhaul.cross_product(r, q)) > 0
               AND starhaul.dot(plane, starhaul.cross_product(q, p)) > 0 THEN
                count := count + 1;
            END IF;
        END IF;
        a := b;
        sa := sb;
    END LOOP;
    RETURN count;
END $$;

-- The test for polygons that reach further than 89 degrees from their first vertex: crossings
-- between the position and a fixed direction, whose own side is known from one edge.
CREATE FUNCTION starhaul.wide_polygon_holds(polygon double precision[], lon double precision,
                                            lat double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    vectors double precision[] := starhaul.vertex_vectors(polygon);
    n integer := cardinality(vectors) / 3;
    -- A direction that no great circle of round numbers goes through.
    r CONSTANT double precision[] := ARRAY[0.2357022603955158, 0.5164778523, 0.8232052437];
    p double precision[] := starhaul.unit_vector(lon, lat);
    a double precision[];
    b double precision[];
    longest integer;
    least_cosine double precision := 2;
    area double precision;
    left_of_edge boolean;
BEGIN
    IF starhaul.edge_distance(polygon, lon, lat) <= 1e-13 THEN
        RETURN true;
    END IF;
    FOR i IN 0..n - 1 LOOP
        a := vectors[3 * ((i + n - 1) % n) + 1:3 * ((i + n - 1) % n) + 3];
        b := vectors[3 * i + 1:3 * i + 3];
        IF starhaul.dot(a, b) < least_cosine THEN
            least_cosine := starhaul.dot(a, b);
            longest := i;
        END IF;
    END LOOP;
    a := vectors[3 * ((longest + n - 1) % n) + 1:3 * ((longest + n - 1) % n) + 3];
    b := vectors[3 * longest + 1:3 * longest + 3];
    area := starhaul.turned_area(vectors);
    left_of_edge := (starhaul.dot(starhaul.cross_product(a, b), r) > 0)
        = (starhaul.crossings(vectors, ARRAY[a[1] + b[1], a[2] + b[2], a[3] + b[3]], r, longest)
           % 2 = 0);
    RETURN (left_of_edge = (area < 2 * pi() - 1e-9))
        = (starhaul.crossings(vectors, r, p, -1) % 2 = 0);
END $$;

-- Angle in degrees from a position to the nearest point of a polygon's edges.
CREATE OR REPLACE FUNCTION starhaul.edge_distance(polygon double precision[], lon double precision,
                                                  lat double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(polygon) / 2;
    px double precision := cos(radians(lat)) * cos(radians(lon));
    py double precision := cos(radians(lat)) * sin(radians(lon));
    pz double precision := sin(radians(lat));
    ax double precision := cos(radians(polygon[2 * n])) * cos(radians(polygon[2 * n - 1]));
    ay double precision := cos(radians(polygon[2 * n])) * sin(radians(polygon[2 * n - 1]));
    az double precision := sin(radians(polygon[2 * n]));
    a double precision;
    b double precision;
    ex double precision;
    ey double precision;
    ez double precision;
    nx double precision;
    ny double precision;
    nz double precision;
    best double precision := 180;
BEGIN
    FOR i IN 1..n LOOP
        a := radians(polygon[2 * i - 1]);
        b := radians(polygon[2 * i]);
        ex := cos(b) * cos(a);
        ey := cos(b) * sin(a);
        ez := sin(b);
        best := least(best, atan2d(
            sqrt((py * ez - pz * ey)^2 + (pz * ex - px * ez)^2 + (px * ey - py * ex)^2),
            px * ex + py * ey + pz * ez));
        -- By the difference of the ends: exact for the shortest edges too.
        nx := ay * (ez - az) - az * (ey - ay);
        ny := az * (ex - ax) - ax * (ez - az);
        nz := ax * (ey - ay) - ay * (ex - ax);
        -- Where the foot of the perpendicular lies between the ends.
        IF nx * (ay * pz - az * py) + ny * (az * px - ax * pz) + nz * (ax * py - ay * px) > 0
           AND nx * (py * ez - pz * ey) + ny * (pz * ex - px * ez) + nz * (px * ey - py * ex) > 0
        THEN
            best := least(best, atan2d(
                abs(nx * (px - ax) + ny * (py - ay) + nz * (pz - az)),
                sqrt((ny * pz - nz * py)^2 + (nz * px - nx * pz)^2 + (nx * py - ny * px)^2)));
        END IF;
        ax := ex;
        ay := ey;
        az := ez;
    END LOOP;
    RETURN best;
END $$;
