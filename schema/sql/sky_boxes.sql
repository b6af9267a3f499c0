-- What tells of most regions whether they meet a shape, before the exact test.

-- Whether a region lies within a shape: by the box of x, y, z around it, which lies above all planes
-- of the shape or below one of them. NULL where the box is on both sides. Four numbers a plane: the
-- shape is what of the sphere has a x + b y + c z >= d for all of them.
CREATE FUNCTION starhaul.box_within(box cube, planes double precision[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    margin CONSTANT double precision := 1e-12; -- far above all rounding
    x double precision := (cube_ll_coord(box, 1) + cube_ur_coord(box, 1)) / 2;
    y double precision := (cube_ll_coord(box, 2) + cube_ur_coord(box, 2)) / 2;
    z double precision := (cube_ll_coord(box, 3) + cube_ur_coord(box, 3)) / 2;
    dx double precision := cube_ur_coord(box, 1) - x;
    dy double precision := cube_ur_coord(box, 2) - y;
    dz double precision := cube_ur_coord(box, 3) - z;
    height double precision;
    reach double precision;
    above boolean := true;
BEGIN
    FOR i IN 1..cardinality(planes) BY 4 LOOP
        height := planes[i] * x + planes[i + 1] * y + planes[i + 2] * z - planes[i + 3];
        reach := abs(planes[i]) * dx + abs(planes[i + 1]) * dy + abs(planes[i + 2]) * dz + margin;
        IF height < -reach THEN
            RETURN false;
        END IF;
        above := above AND height > reach;
    END LOOP;
    RETURN CASE WHEN above THEN true END;
END $$;

-- Whether a geometry shares a point with a range: a vertex lies in it, a side crosses, or the
-- polygon holds all of the range. A polygon lies within any cap below a hemisphere that holds its
-- vertices: such a cap that is away from the range spares the sides.
CREATE OR REPLACE FUNCTION starhaul.meets_range(g double precision[], west double precision,
                                                width double precision, south double precision,
                                                north double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(g) / 2;
    last integer := n;
    reach double precision := 0;
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
        reach := greatest(reach, starhaul.distance(g[1], g[2], g[2 * i - 1], g[2 * i]));
    END LOOP;
    IF reach < 89 AND starhaul.range_distance(g[1], g[2], west, width, south, north)
                      > reach + 1e-9 THEN
        RETURN false;
    END IF;
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
