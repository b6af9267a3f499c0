CREATE EXTENSION IF NOT EXISTS cube;
CREATE SCHEMA ivoa;
CREATE SCHEMA tap_schema;
CREATE SCHEMA starhaul;

CREATE TABLE archive.setting (
    key text PRIMARY KEY,
    value jsonb NOT NULL
);

CREATE TABLE archive.collection (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    root text NOT NULL,
    title text,
    description text,
    config jsonb NOT NULL,
    readable_by text[],
    ingested timestamptz
);

CREATE TABLE archive.dataset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES archive.collection (id),
    dataproduct_type text,
    calib_level integer NOT NULL,
    obs_collection text NOT NULL,
    obs_id text NOT NULL,
    obs_publisher_did text NOT NULL UNIQUE,
    access_format text,
    access_estsize bigint,
    target_name text,
    s_ra double precision,
    s_dec double precision,
    s_fov double precision,
    s_region text,
    s_resolution double precision,
    s_xel1 bigint,
    s_xel2 bigint,
    t_min double precision,
    t_max double precision,
    t_exptime double precision,
    t_resolution double precision,
    t_xel bigint,
    em_min double precision,
    em_max double precision,
    em_res_power double precision,
    em_xel bigint,
    o_ucd text,
    pol_states text,
    pol_xel bigint,
    facility_name text,
    instrument_name text,
    dataproduct_subtype text,
    target_class text,
    obs_creation_date timestamp,
    obs_creator_name text,
    obs_creator_did text,
    obs_title text,
    obs_release_date timestamp,
    publisher_id text,
    bib_reference text,
    data_rights text,
    s_pixel_scale double precision,
    em_ucd text,
    em_unit text,
    o_unit text,
    o_calib_status text,
    proposal_id text,
    s_snr double precision,
    holding_id bigint,
    readable_by text[],
    present boolean NOT NULL DEFAULT true,
    hpx bigint,
    hcell integer,
    x double precision GENERATED ALWAYS AS (cosd(s_dec) * cosd(s_ra)) STORED,
    y double precision GENERATED ALWAYS AS (cosd(s_dec) * sind(s_ra)) STORED,
    z double precision GENERATED ALWAYS AS (sind(s_dec)) STORED,
    vertices double precision[],
    box cube,
    updated timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dataset_hpx ON archive.dataset (hpx);
CREATE INDEX dataset_zone ON archive.dataset ((floor((s_dec + 90) * 60)::integer), s_ra);
CREATE INDEX dataset_box ON archive.dataset USING gist (box);
CREATE INDEX dataset_obs_id ON archive.dataset (obs_id);
CREATE INDEX dataset_target_name ON archive.dataset (target_name);
CREATE INDEX dataset_t_min ON archive.dataset (t_min);
CREATE INDEX dataset_collection ON archive.dataset (collection_id);
CREATE INDEX dataset_holding ON archive.dataset (holding_id);

CREATE TABLE archive.holding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES archive.collection (id),
    dataset_id bigint NOT NULL REFERENCES archive.dataset (id),
    path text NOT NULL,
    semantics text NOT NULL DEFAULT '#this',
    media_type text NOT NULL,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    ctime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    sha256 bytea NOT NULL,
    crc32 bigint NOT NULL,
    readable_by text[],
    reader text NOT NULL,
    state text NOT NULL DEFAULT 'present',
    ingested timestamptz NOT NULL DEFAULT now(),
    UNIQUE (collection_id, path),
    CHECK (state IN ('present', 'vanished')),
    CHECK (length(sha256) = 32)
);
CREATE INDEX holding_dataset ON archive.holding (dataset_id);

CREATE TABLE archive.spectrum (
    dataset_id bigint PRIMARY KEY REFERENCES archive.dataset (id),
    n_points bigint,
    wavelength_unit text,
    wavelength_ucd text,
    wavelength_medium text CHECK (wavelength_medium IN ('air', 'vacuum')),
    flux_unit text,
    flux_ucd text,
    specsys text,
    snr double precision,
    redshift double precision
);

CREATE TABLE archive.refusal (
    collection_id integer NOT NULL REFERENCES archive.collection (id),
    path text NOT NULL,
    reason text NOT NULL,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    ctime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    refused timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection_id, path)
);

CREATE TABLE archive.sky_position (
    table_name text NOT NULL,
    ra text NOT NULL,
    dec text NOT NULL,
    hpx text,
    hcell text,
    x text,
    y text,
    z text,
    PRIMARY KEY (table_name, ra, dec)
);

CREATE TABLE archive.sky_region (
    table_name text NOT NULL,
    region text NOT NULL,
    vertices text,
    box text,
    PRIMARY KEY (table_name, region)
);

CREATE TABLE tap_schema.schemas (
    schema_name text PRIMARY KEY,
    utype text,
    description text,
    schema_index integer
);

CREATE TABLE tap_schema.tables (
    schema_name text NOT NULL REFERENCES tap_schema.schemas (schema_name),
    table_name text PRIMARY KEY,
    table_type text NOT NULL,
    utype text,
    description text,
    table_index integer
);

CREATE TABLE tap_schema.columns (
    table_name text NOT NULL REFERENCES tap_schema.tables (table_name),
    column_name text NOT NULL,
    datatype text NOT NULL,
    arraysize text,
    xtype text,
    size integer,
    description text,
    utype text,
    unit text,
    ucd text,
    indexed integer NOT NULL,
    principal integer NOT NULL,
    std integer NOT NULL,
    column_index integer,
    PRIMARY KEY (table_name, column_name)
);

CREATE TABLE tap_schema.keys (
    key_id text PRIMARY KEY,
    from_table text NOT NULL REFERENCES tap_schema.tables (table_name),
    target_table text NOT NULL REFERENCES tap_schema.tables (table_name),
    description text,
    utype text
);

CREATE TABLE tap_schema.key_columns (
    key_id text NOT NULL REFERENCES tap_schema.keys (key_id),
    from_column text NOT NULL,
    target_column text NOT NULL,
    PRIMARY KEY (key_id, from_column, target_column)
);

-- The text of an identifier as the value of a URL's parameter (RFC 3986 §2.3), ASCII and UTF-8.
CREATE FUNCTION starhaul.url_quote(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg(
        CASE WHEN c ~ '[A-Za-z0-9._~/:-]' THEN c
             ELSE regexp_replace(upper(encode(convert_to(c, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
        END, '' ORDER BY n)
    FROM regexp_split_to_table(value, '') WITH ORDINALITY AS t(c, n)
);

-- Who is asking is a setting of the connection, made by the service and by nothing else.
CREATE FUNCTION starhaul.may_read(readable_by text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN readable_by IS NULL
    OR coalesce(nullif(current_setting('starhaul.principal', true), '') = ANY (readable_by), false);

CREATE VIEW ivoa.obscore AS
SELECT
    dataproduct_type, calib_level, obs_collection, obs_id, obs_publisher_did,
    CASE WHEN holding_id IS NULL
         THEN current_setting('starhaul.public_url', true) || '/datalink/links?ID='
              || starhaul.url_quote(obs_publisher_did)
         ELSE current_setting('starhaul.public_url', true) || '/files/' || holding_id
    END AS access_url,
    access_format, access_estsize, target_name,
    s_ra, s_dec, s_fov, s_region, s_resolution, s_xel1, s_xel2,
    t_min, t_max, t_exptime, t_resolution, t_xel,
    em_min, em_max, em_res_power, em_xel,
    o_ucd, pol_states, pol_xel, facility_name, instrument_name,
    dataproduct_subtype, target_class, obs_creation_date, obs_creator_name, obs_creator_did,
    obs_title, obs_release_date, publisher_id, bib_reference, data_rights,
    s_pixel_scale, em_ucd, em_unit, o_unit, o_calib_status, proposal_id, s_snr,
    hpx, hcell, x, y, z, vertices, box
FROM archive.dataset
WHERE present AND starhaul.may_read(readable_by);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'starhaul_reader') THEN
        CREATE ROLE starhaul_reader LOGIN;
    END IF;
END
$$;
ALTER ROLE starhaul_reader SET default_transaction_read_only = on;
ALTER ROLE starhaul_reader SET temp_file_limit = '20GB';
ALTER ROLE starhaul_reader SET work_mem = '32MB';
GRANT USAGE ON SCHEMA ivoa, tap_schema, starhaul TO starhaul_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA ivoa, tap_schema TO starhaul_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA starhaul TO starhaul_reader;
