CREATE TABLE archive.token (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    principal text NOT NULL,
    sha256 bytea NOT NULL UNIQUE,
    created timestamptz NOT NULL DEFAULT now(),
    expires timestamptz,
    CHECK (length(sha256) = 32)
);

ALTER TABLE uws.job ADD COLUMN client text;
