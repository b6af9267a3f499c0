CREATE SCHEMA uws;

CREATE TABLE uws.job (
    id text PRIMARY KEY,
    room text NOT NULL,
    queue text NOT NULL,
    owner text,
    run_id text,
    phase text NOT NULL DEFAULT 'PENDING',
    parameters jsonb NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    queued timestamptz,
    dispatched timestamptz,
    dispatches integer NOT NULL DEFAULT 0,
    started timestamptz,
    ended timestamptz,
    execution_duration integer NOT NULL,
    destruction timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    lease_expires timestamptz,
    backend_pid integer,
    error_type text,
    error_message text,
    CHECK (id ~ '^[0-9a-f]{32}$'),
    CHECK (phase IN ('PENDING', 'QUEUED', 'EXECUTING', 'COMPLETED', 'ERROR', 'ABORTED', 'HELD')),
    CHECK (error_type IN ('transient', 'fatal'))
);
CREATE INDEX job_active ON uws.job (queue, queued) WHERE phase IN ('QUEUED', 'EXECUTING');
CREATE INDEX job_destruction ON uws.job (destruction);
CREATE INDEX job_owner ON uws.job (room, owner, created) WHERE owner IS NOT NULL;

CREATE TABLE uws.result (
    job_id text NOT NULL REFERENCES uws.job (id) ON DELETE CASCADE,
    position integer NOT NULL,
    id text NOT NULL,
    href text NOT NULL,
    media_type text,
    size bigint,
    PRIMARY KEY (job_id, position),
    UNIQUE (job_id, id)
);

-- Whoever changes a phase, those who wait for it hear of it when the change is committed.
CREATE FUNCTION uws.tell_phase() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('uws_phase', OLD.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER job_phase AFTER UPDATE OF phase ON uws.job
    FOR EACH ROW WHEN (OLD.phase IS DISTINCT FROM NEW.phase) EXECUTE FUNCTION uws.tell_phase();
CREATE TRIGGER job_deleted AFTER DELETE ON uws.job
    FOR EACH ROW EXECUTE FUNCTION uws.tell_phase();
