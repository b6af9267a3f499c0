-- How members of a package are named: components that every file system takes, and what tells
-- whether a file system without case, or with another Unicode form, takes two names for one.

-- One component of a path as every file system takes it: no control or invisible character, no
-- separator of another system, none of %, ~ and \ that manifests give a meaning, no trailing dot or
-- blank, no device name, at most 180 bytes of UTF-8 (what is cut off is replaced by its digest; a
-- mark of bulk.marked_path still fits into the 200 bytes that we promise, and "x" makes the two
-- differ: a mark is a number). U+FF5E is "~" in another Unicode form.
CREATE OR REPLACE FUNCTION bulk.safe_component(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    safe text := regexp_replace(normalize(value, NFC),
        '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
        '\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uff5e\uffa0\ufff0-\uffff'
        '\U000e0000-\U000e0fff/<>:"|?*%~\\]', '_', 'g');
    tail text;
BEGIN
    safe := regexp_replace(safe, '^[.[:space:]]+$', '_');
    safe := regexp_replace(safe, '[.[:space:]]+$', '_');
    IF safe ~* '^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)' THEN
        safe := '_' || safe;
    END IF;
    IF octet_length(safe) > 180 THEN
        tail := '~x' || left(md5(value), 12)
                || coalesce(substring(safe FROM '\.[A-Za-z0-9.]{1,20}$'), '');
        WHILE octet_length(safe) + octet_length(tail) > 180 LOOP
            safe := left(safe, -1 - (octet_length(safe) + octet_length(tail) - 180) / 4);
        END LOOP;
        safe := safe || tail;
    END IF;
    RETURN safe;
END
$$;

-- Whether a path needs no change: nearly all do not. This much is inlined into a statement, which
-- PostgreSQL does not do with what is STRICT and made of AND or CASE.
CREATE OR REPLACE FUNCTION bulk.is_safe_path(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN octet_length(value) <= 180
    AND value ~ '^[A-Za-z0-9_+=,@-]([A-Za-z0-9_+=,@. -]*[A-Za-z0-9_+=,@-])?(/[A-Za-z0-9_+=,@-]([A-Za-z0-9_+=,@. -]*[A-Za-z0-9_+=,@-])?)*$'
    AND value !~* '(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9]) *(\.|/|$)';

-- A relative path as it is written into a package. Empty components leave; "." and ".." become "_".
CREATE OR REPLACE FUNCTION bulk.safe_path(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(bulk.safe_component(part), '/' ORDER BY n), '_')
        FROM regexp_split_to_table(value, '/') WITH ORDINALITY AS t(part, n)
        WHERE part <> '');

-- The same path with a mark before its extension: for the second of two names that a file system
-- without case, or with another Unicode form, takes for one. "~" is in no safe path.
CREATE OR REPLACE FUNCTION bulk.marked_path(value text, mark text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(value, '^(.*/)?([^/]+?)((\.[A-Za-z0-9]{1,10}){0,2})$',
                      '\1\2~' || mark || '\3');

-- What a value of a column brings into a path: a component or part of one, never a separator.
CREATE FUNCTION bulk.name_value(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(nullif(btrim(replace(value, '/', '_')), ''), 'unknown');

-- The same text for all names that some file system takes for one: compatibility form, full case
-- folding (Unicode 5.18). Lower case needs Unicode's tables, which PostgreSQL has in its built-in
-- collation from 17 on, before that in ICU's.
DO $do$
DECLARE
    unicode text := (
        SELECT quote_ident(collname) FROM pg_collation
        WHERE collname IN ('pg_unicode_fast', 'pg_c_utf8', 'und-x-icu')
        ORDER BY array_position(ARRAY['pg_unicode_fast', 'pg_c_utf8', 'und-x-icu'], collname::text)
        LIMIT 1
    );
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION bulk.folded(value text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value COLLATE "C") ELSE
            normalize(translate(replace(
                lower(normalize(upper(normalize(value, NFKD) COLLATE %1$s), NFKD) COLLATE %1$s)
                    COLLATE "C", 'ß', 'ss'), U&'\03C2\0345', U&'\03C3\03B9'), NFKC)
        END
    $sql$, coalesce(unicode, '"default"'));
END
$do$;
