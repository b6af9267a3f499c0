ALTER TABLE bulk.package ADD COLUMN revision integer NOT NULL DEFAULT 0;

ALTER TABLE bulk.member DROP CONSTRAINT member_status_check;
ALTER TABLE bulk.member ADD CONSTRAINT member_status_check
    CHECK (status IN ('ok', 'missing', 'forbidden', 'vanished', 'damaged'));

CREATE TABLE bulk.part (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    number integer NOT NULL,
    revision integer NOT NULL,
    first_seq integer NOT NULL,
    stop_seq integer NOT NULL,
    size bigint NOT NULL,
    digest text NOT NULL,
    sha256 bytea,
    piece_bytes bigint,
    pieces bytea,
    PRIMARY KEY (package_id, number),
    CHECK (num_nulls(sha256, piece_bytes, pieces) IN (0, 3))
);

CREATE TABLE bulk.revision (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    number integer NOT NULL,
    frozen timestamptz NOT NULL,
    tags jsonb NOT NULL,
    PRIMARY KEY (package_id, number)
);

CREATE TABLE bulk.superseded (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    seq integer NOT NULL,
    until integer NOT NULL,
    path text NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (package_id, seq, until)
);
