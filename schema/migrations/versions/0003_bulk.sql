CREATE SCHEMA bulk;

CREATE TABLE bulk.package (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id text NOT NULL UNIQUE REFERENCES uws.job (id) ON DELETE CASCADE,
    name text NOT NULL,
    part_size bigint NOT NULL,
    digest text NOT NULL,
    frozen timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE bulk.member (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    seq integer NOT NULL,
    source_row bigint NOT NULL,
    asked text,
    obs_publisher_did text,
    status text NOT NULL,
    error text,
    holding_id bigint,
    collection_id integer,
    source_path text,
    path text,
    content_type text,
    size bigint,
    mtime_ns bigint,
    ctime_ns bigint,
    inode bigint,
    sha256 bytea,
    crc32 bigint,
    PRIMARY KEY (package_id, seq),
    CHECK (status IN ('ok', 'missing', 'forbidden', 'vanished')),
    CHECK ((status = 'ok') = (error IS NULL)),
    CHECK (status <> 'ok' OR (holding_id, path, size, sha256) IS NOT NULL)
);

CREATE TABLE bulk.damage (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    seq integer NOT NULL,
    reason text NOT NULL,
    found timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package_id, seq)
);
