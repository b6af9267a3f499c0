-- IVOIDs are compared without case (SIA 2.0 §2.1.11).
CREATE INDEX dataset_publisher_did_lower ON archive.dataset (lower(obs_publisher_did));

-- Conditions on regions ask for `box IS NULL` too (adql.sky.indexing), for which a GiST index is read
-- from end to end.
CREATE INDEX dataset_without_box ON archive.dataset (id) WHERE box IS NULL;

-- What the registry published of each resource: a digest of its record, and when that last changed.
-- A resource that is gone stays, as deleted, so that harvesters learn of it (OAI-PMH 2.0 §2.5.1).
CREATE TABLE archive.registry_record (
    identifier text PRIMARY KEY,
    digest bytea NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    deleted boolean NOT NULL
);
