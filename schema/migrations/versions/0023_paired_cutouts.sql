-- A job made of others: it rests, without a slot, until they have ended.
ALTER TABLE uws.job ADD COLUMN parent text REFERENCES uws.job (id) ON DELETE CASCADE;
CREATE INDEX job_parent ON uws.job (parent, phase) WHERE parent IS NOT NULL;

CREATE SCHEMA pairing;

CREATE TABLE pairing.pairing (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id text NOT NULL UNIQUE REFERENCES uws.job (id) ON DELETE CASCADE,
    bulk_job text,
    cuts bigint,
    files bigint,
    octets bigint
);

CREATE TABLE pairing.band (
    pairing_id integer NOT NULL REFERENCES pairing.pairing (id) ON DELETE CASCADE,
    said text NOT NULL,
    name text,
    low double precision NOT NULL,
    high double precision NOT NULL
);
CREATE INDEX band_said ON pairing.band (pairing_id, said);

CREATE TABLE pairing.wanted (
    pairing_id integer NOT NULL REFERENCES pairing.pairing (id) ON DELETE CASCADE,
    row bigint NOT NULL,
    label text,
    dataset text,
    ra double precision,
    dec double precision,
    pixels integer,
    degrees double precision,
    band text,
    collection text,
    error text,
    PRIMARY KEY (pairing_id, row)
);

CREATE TABLE pairing.cut (
    pairing_id integer NOT NULL REFERENCES pairing.pairing (id) ON DELETE CASCADE,
    task integer NOT NULL,
    holding_id bigint NOT NULL,
    row bigint NOT NULL,
    dataset_id bigint NOT NULL,
    pixels integer,
    band text,
    low double precision,
    high double precision,
    name text NOT NULL,
    PRIMARY KEY (pairing_id, task, holding_id, row)
);

CREATE TABLE pairing.task (
    pairing_id integer NOT NULL REFERENCES pairing.pairing (id) ON DELETE CASCADE,
    number integer NOT NULL,
    cuts integer NOT NULL,
    pack text,
    size bigint,
    mtime_ns bigint,
    ctime_ns bigint,
    inode bigint,
    etag text,
    opened integer,
    bytes_read bigint,
    PRIMARY KEY (pairing_id, number)
);

-- What became of a row, or of a row and one of its files. Only an error and no_overlap may be
-- without a product: (status IN ('ok', 'partial')) is (size IS NOT NULL).
CREATE TABLE pairing.outcome (
    pairing_id integer NOT NULL REFERENCES pairing.pairing (id) ON DELETE CASCADE,
    row bigint NOT NULL,
    holding_id bigint,
    status text NOT NULL CHECK (status IN ('ok', 'partial', 'no_overlap', 'error')),
    error text,
    task integer,
    position bigint,
    size bigint,
    sha256 bytea,
    crc32 bigint,
    CHECK ((status IN ('ok', 'partial')) = (size IS NOT NULL)),
    CHECK ((status IN ('no_overlap', 'error')) = (error IS NOT NULL)),
    CHECK (num_nulls(task, holding_id) IN (0, 2)),
    CHECK (num_nulls(position, size, sha256, crc32) IN (0, 4))
);
CREATE INDEX outcome_row ON pairing.outcome (pairing_id, row);

-- Members of a package that another job made: where its products lie, and that they may be gone.
ALTER TABLE bulk.package ADD COLUMN products_of text;
ALTER TABLE bulk.member DROP CONSTRAINT member_status_check;
ALTER TABLE bulk.member ADD CONSTRAINT member_status_check CHECK (
    status IN ('ok', 'missing', 'forbidden', 'vanished', 'damaged', 'no_overlap', 'error'));
ALTER TABLE bulk.member DROP CONSTRAINT member_check1;
ALTER TABLE bulk.member ADD CONSTRAINT member_check1 CHECK (
    status <> 'ok' OR (collection_id, source_path, path, size, sha256) IS NOT NULL);
