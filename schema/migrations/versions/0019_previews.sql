CREATE TABLE archive.preview (
    key text PRIMARY KEY,
    job_id text NOT NULL,
    size bigint,
    reason text,
    retry timestamptz,
    used timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX preview_used ON archive.preview (used);
