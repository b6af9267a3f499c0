-- What the user-defined functions of ADQL call (adql/functions). They read no table.

-- Where one row has values that give no answer, the answer is NULL: no row ends a query. Only what
-- the catalogue of user-defined functions calls an error is one.

-- Zero in place of what is nearly so: PostgreSQL refuses a product that underflows.
CREATE FUNCTION starhaul.not_tiny(x double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(x) < 1e-30 THEN 0 ELSE x END;

-- ivo_hasword: the words of English text by their stems. No word is too common to be looked for.
CREATE TEXT SEARCH DICTIONARY starhaul.stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION starhaul.words (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION starhaul.words
    ALTER MAPPING REPLACE pg_catalog.english_stem WITH starhaul.stem;

-- An index that serves it: CREATE INDEX ON t USING gin (to_tsvector('starhaul.words', column)).
CREATE FUNCTION starhaul.has_words(haystack text, needle text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('starhaul.words'::regconfig, haystack)
       @@ plainto_tsquery('starhaul.words'::regconfig, needle);

CREATE FUNCTION starhaul.part_of_text(value text, start integer, length integer)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length < 0 THEN '' ELSE substr(value, start, length) END;

CREATE FUNCTION starhaul.intervals_meet(a1 double precision, b1 double precision,
                                        a2 double precision, b2 double precision)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN a1 <= b2 AND a2 <= b1 AND a1 <= b1 AND a2 <= b2;

-- Three sexagesimal numbers and their sign, in the smallest of their units. In plpgsql, because an
-- SQL function would be inlined, and what it is given computed for each use.
CREATE FUNCTION starhaul.sexagesimal(parts text[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    minutes integer := parts[3];
    seconds double precision := parts[4];
BEGIN
    IF minutes >= 60 OR seconds > 60 THEN
        RETURN NULL;
    END IF;
    RETURN CASE parts[1] WHEN '-' THEN -1 ELSE 1 END
           * (parts[2]::integer * 3600 + minutes * 60 + seconds);
END $$;

CREATE FUNCTION starhaul.hms_to_degrees(hms text)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starhaul.sexagesimal(coalesce(
    regexp_match(hms, '^\s*()(\d{1,2})(?:\s*:\s*|\s+)(\d{1,2})(?:\s*:\s*|\s+)(\d{1,2}(?:\.\d*)?)\s*$'),
    regexp_match(hms, '^\s*()(\d{1,2})\s*h\s*(\d{1,2})\s*m\s*(\d{1,2}(?:\.\d*)?)\s*s\s*$', 'i'),
    regexp_match(hms, '^\s*()(\d\d)(\d\d)(\d\d(?:\.\d*)?)\s*$'))) / 240;

CREATE FUNCTION starhaul.dms_to_degrees(dms text)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starhaul.sexagesimal(coalesce(
    regexp_match(dms, '^\s*([-+]?)(\d{1,3})(?:\s*:\s*|\s+)(\d{1,2})(?:\s*:\s*|\s+)(\d{1,2}(?:\.\d*)?)\s*$'),
    regexp_match(dms, '^\s*([-+]?)(\d{1,3})\s*d\s*(\d{1,2})\s*m\s*(\d{1,2}(?:\.\d*)?)\s*s\s*$', 'i'),
    regexp_match(dms, '^\s*([-+]?)(\d\d)(\d\d)(\d\d(?:\.\d*)?)\s*$'))) / 3600;

CREATE FUNCTION starhaul.njy_to_abmag(flux double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN flux > 0 THEN 31.4 - 2.5 * log10(flux) END;

CREATE FUNCTION starhaul.njy_to_abmag_error(flux double precision, error double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN flux BETWEEN 1e-100 AND 1e100 AND abs(error) < 1e100
    THEN 2.5 / ln(10::double precision) * starhaul.not_tiny(error) / flux END;

-- By Box and Muller, whose second number is not used.
CREATE FUNCTION starhaul.normal_random(mu double precision, sigma double precision)
RETURNS double precision LANGUAGE sql VOLATILE PARALLEL RESTRICTED
RETURN CASE WHEN abs(mu) < 1e300 AND abs(sigma) < 1e300
    THEN mu + starhaul.not_tiny(sigma)
              * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) END;

-- The even places of a number, moved together: the inverse of starhaul.spread_bits.
CREATE FUNCTION starhaul.gathered_bits(value bigint)
RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x bigint := value & 6148914691236517205;
BEGIN
    x := (x | (x >> 1)) & 3689348814741910323;
    x := (x | (x >> 2)) & 1085102592571150095;
    x := (x | (x >> 4)) & 71777214294589695;
    x := (x | (x >> 8)) & 281470681808895;
    RETURN (x | (x >> 16)) & 4294967295;
END $$;

-- The HEALPix cell, nested, that holds a position.
CREATE FUNCTION starhaul.healpix_index(hpx_order integer, lon double precision,
                                       lat double precision)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN hpx_order BETWEEN 0 AND 29 AND abs(lat) <= 90 AND abs(lon) <= 720
    THEN starhaul.healpix_nest(hpx_order, starhaul.not_tiny(lon), starhaul.not_tiny(lat)) END;

CREATE FUNCTION starhaul.healpix_index(hpx_order integer, point double precision[])
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starhaul.healpix_index(hpx_order, point[1], point[2]);

-- The centre of a HEALPix cell, nested.
CREATE FUNCTION starhaul.healpix_center(hpx_order integer, cell bigint)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    nside bigint;
    face integer;
    x bigint;
    y bigint;
    ring bigint; -- from the north pole, 1 to 4 nside - 1
    n bigint; -- cells in a quarter of the ring
    s double precision;
    lat double precision;
    lon double precision;
BEGIN
    IF hpx_order < 0 OR hpx_order > 29 OR cell < 0 THEN
        RETURN NULL;
    ELSIF cell >= 12::bigint << (2 * hpx_order) THEN
        RETURN NULL;
    END IF;
    nside := 1::bigint << hpx_order;
    face := (cell >> (2 * hpx_order))::integer;
    x := starhaul.gathered_bits(cell & (nside * nside - 1));
    y := starhaul.gathered_bits((cell & (nside * nside - 1)) >> 1);
    ring := (face / 4 + 2) * nside - x - y - 1;
    n := least(ring, 4 * nside - ring, nside);
    IF n < nside THEN
        -- 1 - |z| is n^2 / (3 nside^2) = 2 sin^2 of half the distance from the pole.
        s := n::double precision / nside;
        lat := 90 - 2 * asind(s / sqrt(6::double precision));
        IF ring > 2 * nside THEN
            lat := -lat;
        END IF;
    ELSE
        lat := asind((2 * nside - ring) * 2.0::double precision / (3 * nside));
    END IF;
    -- Faces of the middle row begin on a quarter, those of the others half a face later.
    lon := (2 * (face % 4) + CASE WHEN face / 4 = 1 THEN 0 ELSE 1 END) * 45.0::double precision
         + 45.0::double precision * (x - y) / n;
    RETURN ARRAY[CASE WHEN lon < 0 THEN lon + 360 ELSE lon END, lat];
END $$;

-- The position of a vector, its longitude from 0 to below 360.
CREATE FUNCTION starhaul.direction(x double precision, y double precision, z double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    lon double precision := atan2d(y, x);
BEGIN
    IF lon < 0 THEN
        lon := lon + 360;
        IF lon = 360 THEN
            lon := 0;
        END IF;
    END IF;
    RETURN ARRAY[lon, atan2d(z, sqrt(x * x + y * y))];
END $$;

-- A geometry turned by a matrix, given row by row. A union has a NaN before each of its shapes.
CREATE FUNCTION starhaul.rotated(g double precision[], m double precision[])
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    result double precision[] := g;
    first integer := 1;
    last integer;
    lon double precision;
    lat double precision;
    x double precision;
    y double precision;
    z double precision;
BEGIN
    WHILE first <= cardinality(g) LOOP
        IF g[first] = 'NaN' THEN
            first := first + 1;
        END IF;
        last := coalesce(array_position(g, 'NaN', first) - 1, cardinality(g));
        -- What follows the centre of a circle is its radius.
        FOR i IN 0..CASE last - first WHEN 2 THEN 0 ELSE (last - first) / 2 END LOOP
            lon := radians(starhaul.not_tiny(g[first + 2 * i]));
            lat := radians(starhaul.not_tiny(g[first + 2 * i + 1]));
            x := cos(lat) * cos(lon);
            y := cos(lat) * sin(lon);
            z := sin(lat);
            result[first + 2 * i : first + 2 * i + 1] := starhaul.direction(
                m[1] * x + m[2] * y + m[3] * z,
                m[4] * x + m[5] * y + m[6] * z,
                m[7] * x + m[8] * y + m[9] * z);
        END LOOP;
        first := last + 1;
    END LOOP;
    RETURN result;
END $$;

-- The six parameters of a uniform motion in space at another epoch: the rigorous treatment of the
-- Hipparcos Catalogue (ESA SP-1200, vol. 1, section 1.5.5). A star without parallax is infinitely
-- remote: its radial velocity moves it nowhere and stays what it was.
CREATE FUNCTION starhaul.epoch_prop(
    ra double precision, "dec" double precision, parallax double precision,
    pmra double precision, pmdec double precision, radial_velocity double precision,
    ref_epoch double precision, out_epoch double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- The astronomical unit a Julian year, in km/s; radians in a milliarcsecond.
    au_per_year constant double precision := 149597870.7 / (365.25 * 86400);
    mas constant double precision := radians(1::double precision / 3600000);
    t double precision := starhaul.not_tiny(out_epoch - ref_epoch);
    plx double precision := starhaul.not_tiny(parallax);
    px double precision := coalesce(starhaul.not_tiny(pmra), 0) * mas;
    py double precision := coalesce(starhaul.not_tiny(pmdec), 0) * mas;
    -- The radial proper motion.
    pr double precision := coalesce(starhaul.not_tiny(radial_velocity) * plx, 0)
                           * mas / au_per_year;
    pp double precision;
    f double precision;
    sa double precision;
    ca double precision;
    sd double precision;
    cd double precision;
    r double precision[];
    mu double precision[];
    u double precision[];
    w double precision[];
    new_ra double precision;
    new_dec double precision;
BEGIN
    IF ra IS NULL OR "dec" IS NULL OR t IS NULL THEN
        RAISE EXCEPTION 'space motion needs ra, dec and both epochs, but one is NULL: '
                        'leave such rows out (WHERE ra IS NOT NULL)'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT (abs("dec") <= 90 AND abs(ra) <= 720)
       OR greatest(abs(t), abs(plx), abs(pmra), abs(pmdec), abs(radial_velocity)) > 1e15 THEN
        RETURN NULL;
    END IF;
    sa := starhaul.not_tiny(sind(ra));
    ca := cosd(ra);
    sd := starhaul.not_tiny(sind("dec"));
    cd := cosd("dec");
    r := ARRAY[cd * ca, cd * sa, sd];
    mu := ARRAY[-sa * px - sd * ca * py, ca * px - sd * sa * py, cd * py];
    pp := px * px + py * py;
    f := 1 + 2 * pr * t + (pp + pr * pr) * t * t;
    IF f < 1e-15 THEN
        RETURN NULL; -- it goes through the Sun
    END IF;
    f := 1 / sqrt(f);
    FOR i IN 1..3 LOOP
        u[i] := (r[i] * (1 + pr * t) + mu[i] * t) * f;
        w[i] := (mu[i] * (1 + pr * t) - r[i] * pp * t) * f * f * f / mas;
    END LOOP;
    r := starhaul.direction(u[1], u[2], u[3]);
    new_ra := r[1];
    new_dec := r[2];
    RETURN ARRAY[
        new_ra, new_dec, plx * f,
        w[2] * cosd(new_ra) - w[1] * sind(new_ra),
        w[3] * cosd(new_dec) - (w[1] * cosd(new_ra) + w[2] * sind(new_ra)) * sind(new_dec),
        CASE WHEN coalesce(plx, 0) = 0 THEN radial_velocity
             ELSE (pr + (pp + pr * pr) * t) * f * f / mas * au_per_year / (plx * f) END];
END $$;

CREATE FUNCTION starhaul.epoch_prop_pos(
    ra double precision, "dec" double precision, parallax double precision,
    pmra double precision, pmdec double precision, radial_velocity double precision,
    ref_epoch double precision, out_epoch double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (starhaul.epoch_prop(ra, "dec", parallax, pmra, pmdec, radial_velocity, ref_epoch,
                            out_epoch))[1:2];

-- One more value in a histogram: below, nbins bins, above. The upper limit is in the last bin.
CREATE FUNCTION starhaul.histogram_counted(
    counts integer[], value double precision, low double precision, high double precision,
    bins integer)
RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    bin integer;
BEGIN
    IF counts IS NULL THEN
        IF low IS NULL OR high IS NULL OR NOT low < high OR bins IS NULL
           OR bins < 1 OR bins > 1000000 THEN
            RAISE EXCEPTION 'ivo_histogram needs lower < upper and 1 to 1000000 bins'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        counts := array_fill(0, ARRAY[bins + 2]);
    ELSIF cardinality(counts) <> bins + 2 THEN
        RAISE EXCEPTION 'ivo_histogram needs the same number of bins in every row'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- NaN, which PostgreSQL holds for the largest number, is no value.
    bin := CASE WHEN value IS NULL OR value < low OR value = 'NaN' THEN 1
                WHEN value > high THEN bins + 2
                WHEN value = high THEN bins + 1
                ELSE width_bucket(value, low, high, bins) + 1 END;
    counts[bin] := counts[bin] + 1;
    RETURN counts;
END $$;

CREATE AGGREGATE starhaul.histogram(double precision, double precision, double precision, integer)
    (SFUNC = starhaul.histogram_counted, STYPE = integer[], PARALLEL = SAFE);

CREATE FUNCTION starhaul.median_deviation_of("values" double precision[])
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(v - m))
        FROM unnest("values") AS v,
             (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS m
              FROM unnest("values") AS n) AS median);

CREATE AGGREGATE starhaul.median_deviation(double precision)
    (SFUNC = array_append, STYPE = double precision[],
     FINALFUNC = starhaul.median_deviation_of, PARALLEL = SAFE);

-- What they replace.
DROP FUNCTION starhaul.hasword(text, text);
DROP FUNCTION starhaul.interval_overlaps(double precision, double precision, double precision,
                                         double precision);

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
