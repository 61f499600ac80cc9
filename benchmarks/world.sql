-- $1 people besides the one who asks, 10 files each; every 50th has a tree of 50 folders, with the files at its end.
-- The one who asks is number 0: 1,000 files at the end of such a tree, and 100 files of others shared.
-- Ids are made of numbers: 8 people, 9 roots, c folders, a files, b versions.
CREATE FUNCTION pg_temp.made_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT ('00000000-0000-7000-' || kind || '000-' || lpad(to_hex(number), 12, '0'))::uuid $$;

CREATE FUNCTION pg_temp.path(person bigint, levels bigint) RETURNS uuid[] LANGUAGE sql IMMUTABLE AS
$$ SELECT ARRAY[pg_temp.made_id('9', person)]
       || ARRAY(SELECT pg_temp.made_id('c', person * 100 + level) FROM generate_series(1, levels) AS level) $$;

CREATE TEMPORARY TABLE people AS
SELECT person, CASE WHEN person % 50 = 0 THEN 49 ELSE 0 END AS levels,
       CASE WHEN person = 0 THEN 1000 ELSE 10 END AS files
FROM generate_series(0, :people) AS person;

INSERT INTO users (id, email, password_hash)
SELECT pg_temp.made_id('8', person), person || '@example.com', '' FROM people;

INSERT INTO spaces (id, kind, quota_bytes)
SELECT pg_temp.made_id('8', person), 'personal', 1000000000 FROM people
ON CONFLICT (id) DO UPDATE SET quota_bytes = excluded.quota_bytes;

INSERT INTO nodes (id, owner_id, path, kind, name, name_key)
SELECT pg_temp.made_id('9', person), pg_temp.made_id('8', person), '{}', 'folder', 'My files', 'my files' FROM people;

INSERT INTO nodes (id, owner_id, parent_id, path, kind, name, name_key)
SELECT pg_temp.made_id('c', person * 100 + level), pg_temp.made_id('8', person), path[level], path[:level], 'folder',
       'folder ' || level, 'folder ' || level
FROM people, LATERAL (SELECT pg_temp.path(person, levels) AS path) AS tree, generate_series(1, levels) AS level;

INSERT INTO nodes (id, owner_id, parent_id, path, kind, name, name_key, size, content_type, current_version_id)
SELECT pg_temp.made_id('a', person * 1000 + number), pg_temp.made_id('8', person), path[cardinality(path)], path, 'file',
       file.name, file.name, number % 7, 'application/pdf', pg_temp.made_id('b', person * 1000 + number)
FROM people, LATERAL (SELECT pg_temp.path(person, levels) AS path) AS tree, generate_series(1, files) AS number,
     LATERAL (SELECT 'report ' || number || ' ' || md5(person || '-' || number) AS name) AS file;

INSERT INTO file_versions (id, node_id, object_key, size, content_type, etag)
SELECT current_version_id, id, 'objects/20261121/' || id, size, content_type, 'etag' FROM nodes WHERE kind = 'file';

INSERT INTO grants (id, node_id, user_id, role)
SELECT gen_random_uuid(), pg_temp.made_id('a', person * 1000 + 1), pg_temp.made_id('8', 0), 2
FROM people WHERE person BETWEEN 1 AND 100
UNION ALL
SELECT gen_random_uuid(), pg_temp.made_id('a', person * 1000 + 2), pg_temp.made_id('8', person - 1), 2
FROM people WHERE person > 1;
