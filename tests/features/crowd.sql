-- 1,000 people with 100 files each; everyone is shared one file and one whole tree of another.
-- Ids are made of numbers: 8 people, 9 roots, a files, b versions.
CREATE FUNCTION pg_temp.made_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT ('00000000-0000-7000-' || kind || '000-' || lpad(to_hex(number), 12, '0'))::uuid $$;

INSERT INTO users (id, email, password_hash)
SELECT pg_temp.made_id('8', person), person || '@example.com', ''
FROM generate_series(1, 1000) AS person;

INSERT INTO spaces (id, kind, quota_bytes)
SELECT pg_temp.made_id('8', person), 'personal', 1000000 FROM generate_series(1, 1000) AS person
ON CONFLICT (id) DO UPDATE SET quota_bytes = excluded.quota_bytes;

INSERT INTO nodes (id, owner_id, path, kind, name, name_key)
SELECT pg_temp.made_id('9', person), pg_temp.made_id('8', person), '{}', 'folder', 'My files', 'my files'
FROM generate_series(1, 1000) AS person;

INSERT INTO nodes (id, owner_id, parent_id, path, kind, name, name_key, size, content_type,
                   current_version_id, trashed_at, trash_root_id)
SELECT file.id, pg_temp.made_id('8', person), root.id, ARRAY[root.id], 'file', file.name, file.name,
       number % 7, 'application/pdf', pg_temp.made_id('b', person * 1000 + number),
       CASE WHEN number > 95 THEN now() END, CASE WHEN number > 95 THEN file.id END
FROM generate_series(1, 1000) AS person, generate_series(1, 100) AS number,
     LATERAL (SELECT pg_temp.made_id('9', person) AS id) AS root,
     LATERAL (SELECT pg_temp.made_id('a', person * 1000 + number) AS id,
                     'report ' || number || ' ' || md5(person || '-' || number) AS name) AS file;

INSERT INTO file_versions (id, node_id, object_key, size, content_type, etag)
SELECT current_version_id, id, 'objects/20261121/' || id, size, content_type, 'etag'
FROM nodes WHERE kind = 'file';

INSERT INTO grants (id, node_id, user_id, role)
SELECT gen_random_uuid(), pg_temp.made_id('a', person * 1000 + 1), pg_temp.made_id('8', person % 1000 + 1), 2
FROM generate_series(1, 1000) AS person
UNION ALL
SELECT gen_random_uuid(), pg_temp.made_id('9', person), pg_temp.made_id('8', (person + 6) % 1000 + 1), 2
FROM generate_series(1, 1000) AS person;

ANALYZE;
