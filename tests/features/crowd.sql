-- 1,000 people with 100 files each; everyone is shared one file and one whole tree of another.
-- Ids are made of numbers: 8 people, 9 roots, a files, b versions.
CREATE FUNCTION pg_temp.made_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT ('00000000-0000-7000-' || kind || '000-' || lpad(to_hex(number), 12, '0'))::uuid $$;

INSERT INTO users (id, email, password_hash)
SELECT pg_temp.made_id('8', person), person || '@example.com', ''
FROM generate_series(1, 20000) AS person;  -- most of them only have an account

INSERT INTO spaces (id, kind, quota_bytes)
SELECT pg_temp.made_id('8', person), 'personal', 1000000 FROM generate_series(1, 20000) AS person
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

-- What the lists show beside files: of each, at least three for everyone and for their first file.
INSERT INTO file_versions (id, node_id, object_key, size, content_type, etag)
SELECT gen_random_uuid(), pg_temp.made_id('a', person * 1000 + 1), 'objects/20261120/' || person || '-' || number,
       5, 'application/pdf', 'etag'
FROM generate_series(1, 1000) AS person, generate_series(1, 3) AS number;

INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes)
SELECT pg_temp.made_id('d', person * 10 + number), pg_temp.made_id('8', person), 'key', 'prefix',
       sha256((person || '-' || number)::bytea), '{files:read}'
FROM generate_series(1, 1000) AS person, generate_series(1, 5) AS number;

INSERT INTO grants (id, node_id, user_id, role, api_key_id)
SELECT gen_random_uuid(), pg_temp.made_id(node.kind, node.id), pg_temp.made_id('8', (person + number) % 1000 + 1), 1,
       pg_temp.made_id('d', person * 10 + 1)
FROM generate_series(1, 1000) AS person, generate_series(10, 13) AS number,
     LATERAL (VALUES ('a', person * 1000 + 1), ('9', person)) AS node (kind, id);

INSERT INTO links (id, node_id, created_by, token_hash, api_key_id)
SELECT gen_random_uuid(), pg_temp.made_id('9', person), pg_temp.made_id('8', person),
       sha256((person || '-' || number)::bytea), pg_temp.made_id('d', person * 10 + 1)
FROM generate_series(1, 1000) AS person, generate_series(1, 5) AS number;

INSERT INTO sessions (id, user_id)
SELECT pg_temp.made_id('c', person * 10 + number), pg_temp.made_id('8', person)
FROM generate_series(1, 1000) AS person, generate_series(1, 5) AS number;

INSERT INTO refresh_tokens (hash, session_id, expires_at)
SELECT sha256(id::text::bytea), id, now() + interval '1 day' FROM sessions;

INSERT INTO uploads (id, owner_id, created_by, name, size, content_type, method, on_conflict, state,
                     object_key, heal_at, expires_at)
SELECT gen_random_uuid(), pg_temp.made_id('8', person), pg_temp.made_id('8', person), 'a', 5, 'text/plain',
       'put', 'rename', 'completed', 'objects/20261119/' || person || '-' || number, now(), now()
FROM generate_series(1, 1000) AS person, generate_series(1, 5) AS number;

INSERT INTO events (id, actor_kind, actor_id, action, subject_kind, subject_id, data)
SELECT gen_random_uuid(), 'user', pg_temp.made_id('8', person), 'file.renamed', 'file',
       pg_temp.made_id('a', person * 1000 + 1), '{}'
FROM generate_series(1, 1000) AS person, generate_series(1, 20) AS number;

ANALYZE;

INSERT INTO spaces (id, kind, name, quota_bytes)
SELECT pg_temp.made_id('d', person * 10 + number), 'team', 'Team', 1000000
FROM generate_series(1, 1000) AS person, generate_series(1, 3) AS number;

INSERT INTO nodes (id, owner_id, path, kind, name, name_key)
SELECT pg_temp.made_id('e', person * 10 + number), pg_temp.made_id('d', person * 10 + number), '{}', 'folder', 'Team', 'team'
FROM generate_series(1, 1000) AS person, generate_series(1, 3) AS number;

INSERT INTO grants (id, node_id, user_id, role)
SELECT gen_random_uuid(), pg_temp.made_id('e', person * 10 + number), pg_temp.made_id('8', person), 2
FROM generate_series(1, 1000) AS person, generate_series(1, 3) AS number;
