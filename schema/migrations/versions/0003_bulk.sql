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

-- One component of a path as every file system takes it: no control character, no separator of
-- another system, none of %, ~ and \ that manifests give a meaning, no trailing dot or blank, no
-- device name, at most 180 bytes of UTF-8 (what is cut off is replaced by its digest; a mark
-- of bulk.marked_path still fits into the 200 bytes that we promise).
CREATE FUNCTION bulk.safe_component(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    safe text := regexp_replace(normalize(value, NFC),
                                '[[:cntrl:]\u007f-\u009f\u2028\u2029<>:"|?*%~\\]', '_', 'g');
    tail text;
BEGIN
    safe := regexp_replace(safe, '^[. ]+$', '_');
    safe := regexp_replace(safe, '[. ]+$', '_');
    IF safe ~* '^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)' THEN
        safe := '_' || safe;
    END IF;
    IF octet_length(safe) > 180 THEN
        tail := '~' || left(md5(value), 12)
                || coalesce(substring(safe FROM '\.[A-Za-z0-9.]{1,20}$'), '');
        WHILE octet_length(safe) + octet_length(tail) > 180 LOOP
            safe := left(safe, -1 - (octet_length(safe) + octet_length(tail) - 180) / 4);
        END LOOP;
        safe := safe || tail;
    END IF;
    RETURN safe;
END
$$;

-- Whether a path needs no change: nearly all do not, and this much is inlined into a statement.
CREATE FUNCTION bulk.is_safe_path(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN octet_length(value) <= 180
    AND value ~ '^[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,@.-]*(/[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,@.-]*)*$'
    AND value !~ '\.(/|$)' AND value !~* '(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|/|$)';

-- A relative path as it is written into a package; ".", ".." and empty components leave.
CREATE FUNCTION bulk.safe_path(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(bulk.safe_component(part), '/' ORDER BY n), '_')
        FROM regexp_split_to_table(value, '/') WITH ORDINALITY AS t(part, n)
        WHERE part NOT IN ('', '.', '..'));

-- The same path with a mark before its extension: for the second of two names that a file system
-- without case, or with another Unicode form, takes for one. "~" is in no safe path.
CREATE FUNCTION bulk.marked_path(value text, mark text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(value, '^(.*/)?([^/]+?)((\.[A-Za-z0-9]{1,10}){0,2})$',
                      '\1\2~' || mark || '\3');
