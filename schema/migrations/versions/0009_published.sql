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

-- Bounds in x, y, z of the cap that holds a region (DESIGN section 5). A region that reaches beyond
-- a hemisphere is given the whole sky: its edges may leave the cap of its vertices.
CREATE FUNCTION starhaul.bounding_box(region double precision[])
RETURNS cube LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    centre double precision[];
    radius double precision := 0;
    angle double precision;
    low double precision[] := '{}';
    high double precision[] := '{}';
BEGIN
    IF cardinality(region) <= 3 THEN
        centre := starhaul.unit_vector(region[1], region[2]);
        radius := radians(coalesce(region[3], 0));
    ELSE
        centre := starhaul.mean_vector(region);
        FOR i IN 1..cardinality(region) / 2 LOOP
            radius := greatest(radius, acos(greatest(-1, least(1, starhaul.dot(
                centre, starhaul.unit_vector(region[2 * i - 1], region[2 * i]))))));
        END LOOP;
    END IF;
    radius := radius + 1e-7;
    IF centre IS NULL OR cardinality(region) > 3 AND radius >= radians(89) THEN
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
