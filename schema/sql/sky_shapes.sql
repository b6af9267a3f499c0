-- Shapes made of numbers or text. A geometry is an array of degrees: 2 numbers are a point, 3 a
-- circle, 6 and more a polygon; a union has a NaN before each of its shapes. What is no position
-- (NaN, infinite, a latitude beyond a pole, a longitude beyond 720), no circle (a radius outside 0
-- to 180) or no polygon (vertices without an edge between them) is NULL: no row ends a query.

CREATE OR REPLACE FUNCTION starhaul.haversine(lon1 double precision, lat1 double precision,
                                              lon2 double precision, lat2 double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(lat1) <= 90 AND abs(lon1) <= 720 AND abs(lat2) <= 90 AND abs(lon2) <= 720
    THEN power(sin(radians(lat2 - lat1) / 2), 2)
       + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2) END;

CREATE OR REPLACE FUNCTION starhaul.distance(lon1 double precision, lat1 double precision,
                                             lon2 double precision, lat2 double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(lat1) <= 90 AND abs(lon1) <= 720 AND abs(lat2) <= 90 AND abs(lon2) <= 720
    THEN degrees(atan2(
        sqrt(power(cos(radians(lat2)) * sin(radians(lon2 - lon1)), 2)
           + power(sin(radians(lat2 - lat1))
                 + 2 * sin(radians(lat1)) * cos(radians(lat2))
                     * power(sin(radians(lon2 - lon1) / 2), 2), 2)),
        sin(radians(lat1)) * sin(radians(lat2))
      + cos(radians(lat1)) * cos(radians(lat2)) * cos(radians(lon2 - lon1)))) END;

CREATE OR REPLACE FUNCTION starhaul.point(lon double precision, lat double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(lat) <= 90 AND abs(lon) <= 720
    THEN ARRAY[CASE WHEN lon BETWEEN 0 AND 360 THEN lon ELSE lon - 360 * floor(lon / 360) END,
               lat] END;

CREATE OR REPLACE FUNCTION starhaul.circle(centre double precision[], radius double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN radius BETWEEN 0 AND 180 AND cardinality(centre) = 2
    THEN ARRAY[centre[1], centre[2], radius] END;

-- A polygon: each longitude brought to 0 to 360. NULL where two neighbours are antipodal.
CREATE OR REPLACE FUNCTION starhaul.polygon(coordinates double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(coordinates);
    result double precision[] := coordinates;
    lon double precision;
    lat double precision;
    last_lon double precision := coordinates[n - 1];
    last_lat double precision := coordinates[n];
BEGIN
    IF n < 6 OR n % 2 = 1 THEN
        RETURN NULL;
    END IF;
    FOR i IN 1..n / 2 LOOP
        lon := coordinates[2 * i - 1];
        lat := coordinates[2 * i];
        IF (abs(lat) <= 90 AND abs(lon) <= 720) IS NOT TRUE THEN
            RETURN NULL;
        END IF;
        IF abs(lat + last_lat) < 1e-9
           AND starhaul.distance(lon, lat, last_lon, last_lat) > 180 - 1e-9 THEN
            RETURN NULL;
        END IF;
        IF lon < 0 OR lon > 360 THEN
            result[2 * i - 1] := lon - 360 * floor(lon / 360);
        END IF;
        last_lon := lon;
        last_lat := lat;
    END LOOP;
    RETURN result;
END $$;

-- A polygon of `number` points, one array after the other: NULL if one of them is.
CREATE FUNCTION starhaul.polygon(points double precision[], number integer)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cardinality(points) = 2 * number THEN starhaul.polygon(points) END;

-- A box: the sides cross the arms of a cross at right angles (ADQL 2.1 section 4.2.9). Corners
-- counter-clockwise seen from the centre of the sphere: north-east, south-east, ...
CREATE OR REPLACE FUNCTION starhaul.box(centre double precision[], width double precision,
                                        height double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    c double precision[] := starhaul.unit_vector(centre[1], centre[2]);
    e double precision[] := ARRAY[-sin(radians(centre[1])), cos(radians(centre[1])), 0];
    n double precision[] := starhaul.cross_product(c, e);
    result double precision[] := '{}';
    signs double precision[] := ARRAY[1, 1, 1, -1, -1, -1, -1, 1];
    x double precision;
    y double precision;
BEGIN
    IF NOT (width >= 0 AND width < 180 AND height >= 0 AND height < 180) THEN
        RETURN NULL;
    END IF;
    FOR i IN 0..3 LOOP
        x := tan(radians(width / 2)) * signs[2 * i + 1];
        y := tan(radians(height / 2)) * signs[2 * i + 2];
        result := result || starhaul.position_of(ARRAY[
            c[1] + x * e[1] + y * n[1], c[2] + x * e[2] + y * n[2], c[3] + x * e[3] + y * n[3]]);
    END LOOP;
    RETURN result;
END $$;

-- The same by three numbers, which PostgreSQL puts in line.
CREATE OR REPLACE FUNCTION starhaul.circle(lon double precision, lat double precision,
                                           radius double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN radius BETWEEN 0 AND 180 AND abs(lat) <= 90 AND abs(lon) <= 720
    THEN ARRAY[CASE WHEN lon BETWEEN 0 AND 360 THEN lon ELSE lon - 360 * floor(lon / 360) END,
               lat, radius] END;

-- The geometry that the numbers of a column are; NULL where they are none.
CREATE FUNCTION starhaul.geometry(numbers double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE cardinality(numbers) WHEN 2 THEN starhaul.point(numbers[1], numbers[2])
    WHEN 3 THEN starhaul.circle(numbers[1], numbers[2], numbers[3])
    ELSE starhaul.polygon(numbers) END;

-- The geometry of a word of STC-S and its numbers; NULL where they do not go together.
CREATE FUNCTION starhaul.shape(kind text, numbers double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    n integer := cardinality(numbers);
    centre double precision[];
BEGIN
    IF kind = 'box' AND n = 4 THEN
        centre := numbers[1:2];
        centre := starhaul.geometry(centre);
        RETURN starhaul.box(centre, numbers[3], numbers[4]);
    END IF;
    IF kind = 'polygon' AND n >= 6 OR kind = 'circle' AND n = 3
       OR kind IN ('position', 'point') AND n = 2 THEN
        RETURN starhaul.geometry(numbers);
    END IF;
    RETURN NULL;
END $$;

-- STC-S in ICRS, or shapes as DALI writes them: one shape, several in a row, or
-- "Union ICRS (Circle ... Polygon ...)"; NULL for anything else. adql.sky.stcs reads the same.
CREATE OR REPLACE FUNCTION starhaul.region(value text)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    -- Two digits of an exponent, and no 150 of a mantissa: every text that matches is a double.
    number CONSTANT text := '[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9][0-9]?)?';
    frames CONSTANT text[] := '{icrs,fk5,j2000,unknownframe,geocenter,barycenter,heliocenter,'
        'topocenter,lsr,lsrk,lsrd,galactic_center,local_group_center,moon,embarycenter,relocatable,'
        'unknownrefpos,spherical2}';
    s text := btrim(lower(value COLLATE "C"), E' \t\r\n');
    words text[];
    first integer := 2;
    parts text[];
    shape text;
    rest text;
    one double precision[];
    result double precision[] := '{}';
BEGIN
    IF s ~ E'[\t\r\n()]|  ' THEN
        s := btrim(regexp_replace(regexp_replace(s, '([()])', ' \1 ', 'g'),
                                  E'[ \t\r\n]+', ' ', 'g'));
    END IF;
    IF length(s) >= 150 AND s ~ '[0-9.]{150}' THEN
        RETURN NULL;
    END IF;
    -- The usual text, "POLYGON ICRS 1 2 3 4 5 6", without the costs of the full grammar.
    IF s ~ ('^[a-z]+(?: [a-z][a-z0-9_]*)*(?: ' || number || ')+$') THEN
        words := string_to_array(s, ' ');
        WHILE words[first] >= 'a' COLLATE "C" LOOP
            first := first + 1;
        END LOOP;
        IF words[2:first - 1] <@ frames THEN
            RETURN starhaul.shape(words[1], words[first:]::double precision[]);
        END IF;
    END IF;
    rest := '(?: (?:' || array_to_string(frames, '|') || '))*';
    s := coalesce((regexp_match(s, '^union' || rest || ' \( ([^()]*) \)$'))[1], s);
    shape := '(position|point|circle|box|polygon)(?: fillfactor ' || number || ')?' || rest
        || '((?: ' || number || ')+)(?: unit deg(?: deg)?| (?:error|resolution|size|pixsize)(?: '
        || number || ')+)*';
    IF s !~ ('^' || shape || '(?: ' || shape || ')*$') THEN
        RETURN NULL;
    END IF;
    FOR parts IN SELECT regexp_matches(s, shape, 'g') LOOP
        one := starhaul.shape(parts[1], string_to_array(ltrim(parts[2]), ' ')::double precision[]);
        IF one IS NULL THEN
            RETURN NULL;
        END IF;
        result := result || 'NaN'::double precision || one;
    END LOOP;
    RETURN CASE WHEN cardinality(array_positions(result, 'NaN')) = 1 THEN result[2:]
                ELSE result END;
END $$;

-- The shape of a kind whose numbers a text has (DALI 1.1 section 3.3); NULL where it has others.
CREATE FUNCTION starhaul.dali_shape(kind text, value text)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF value !~ '^[-+.0-9eE \t\r\n]*$' THEN
        RETURN NULL;
    END IF;
    RETURN starhaul.region(kind || ' ' || value);
END $$;
