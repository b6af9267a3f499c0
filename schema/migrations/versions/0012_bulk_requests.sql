ALTER TABLE uws.job ADD COLUMN progress text;

ALTER TABLE bulk.package ADD COLUMN format text NOT NULL DEFAULT 'tar'
    CHECK (format IN ('tar', 'zip'));

CREATE TABLE bulk.unchanged (
    package_id integer NOT NULL REFERENCES bulk.package (id) ON DELETE CASCADE,
    holding_id bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (package_id, holding_id)
);
