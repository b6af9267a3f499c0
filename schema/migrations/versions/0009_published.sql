CREATE TABLE archive.published (
    table_name text PRIMARY KEY REFERENCES tap_schema.tables (table_name),
    title text,
    source text NOT NULL,
    rows bigint NOT NULL,
    ranges jsonb NOT NULL,
    published timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE archive.example (
    table_name text NOT NULL REFERENCES tap_schema.tables (table_name),
    position integer NOT NULL,
    title text NOT NULL,
    query text NOT NULL,
    description text,
    PRIMARY KEY (table_name, position)
);

-- Bounds in x, y, z of the caps that hold the shapes of a region (DESIGN section 5). A polygon that
-- reaches beyond a hemisphere is given the whole sky: its edges may leave the cap of its vertices.
CREATE FUNCTION starhaul.bounding_box(region double precision[])
RETURNS cube LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    breaks integer[] := array_positions(region, 'NaN') || cardinality(region) + 1;
    box cube;
    v double precision[];
    centre double precision[] := ARRAY[0, 0, 0];
    size double precision;
    radius double precision := 0;
    angle double precision;
    low double precision[] := '{}';
    high double precision[] := '{}';
BEGIN
    FOR i IN 1..cardinality(breaks) - 1 LOOP
        v := region[breaks[i] + 1:breaks[i + 1] - 1];
        box := CASE WHEN i = 1 THEN starhaul.bounding_box(v)
                    ELSE cube_union(box, starhaul.bounding_box(v)) END;
    END LOOP;
    IF cardinality(breaks) > 1 THEN
        RETURN box;
    END IF;
    FOR i IN 1..cardinality(region) / 2 LOOP
        v := starhaul.unit_vector(region[2 * i - 1], region[2 * i]);
        centre := ARRAY[centre[1] + v[1], centre[2] + v[2], centre[3] + v[3]];
    END LOOP;
    size := sqrt(starhaul.dot(centre, centre));
    IF size < 1e-9 THEN
        RETURN cube(ARRAY[-1, -1, -1]::double precision[], ARRAY[1, 1, 1]::double precision[]);
    END IF;
    centre := ARRAY[centre[1] / size, centre[2] / size, centre[3] / size];
    IF cardinality(region) <= 3 THEN
        radius := radians(coalesce(region[3], 0));
    ELSE
        FOR i IN 1..cardinality(region) / 2 LOOP
            radius := greatest(radius, acos(greatest(-1, least(1, starhaul.dot(
                centre, starhaul.unit_vector(region[2 * i - 1], region[2 * i]))))));
        END LOOP;
    END IF;
    radius := radius + 1e-7;
    IF cardinality(region) > 3 AND radius >= radians(89) THEN
        RETURN cube(ARRAY[-1, -1, -1]::double precision[], ARRAY[1, 1, 1]::double precision[]);
    END IF;
    FOR axis IN 1..3 LOOP
        angle := acos(greatest(-1, least(1, centre[axis])));
        low := low || (cos(least(pi(), angle + radius)) - 1e-15);
        high := high || (cos(greatest(0, angle - radius)) + 1e-15);
    END LOOP;
    RETURN cube(low, high);
END $$;

GRANT EXECUTE ON FUNCTION starhaul.bounding_box(double precision[]) TO starhaul_reader;
