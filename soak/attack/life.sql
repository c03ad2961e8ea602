SELECT api.apitoken_authenticate(secret) FROM secrets WHERE id = 'TKN-1671-0642';
BEGIN;
SELECT api.apitoken_authenticate(secret) ->> 'id' FROM secrets WHERE id = 'TKN-3001-1002';
INSERT INTO secrets SELECT 'new ' || clock_timestamp(), api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0001"}]}') ->> 'token';
INSERT INTO secrets SELECT 'new ' || clock_timestamp(), api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Another"}') ->> 'token';
SELECT split_part(secret, ':', 2) AS id FROM secrets WHERE id LIKE 'new%' ORDER BY id DESC LIMIT 1 \gset
SELECT api.apitoken_update(:'id', '{"name": "Newer", "modules": []}');
SELECT api.apitoken_disable(:'id');
SELECT api.apitoken_enable(:'id', '-*,+id');
SELECT api.apitoken_get(:'id');
SELECT api.apitoken_list('select=+audit');
-- whose secret is this?  the query is not part of the statement's text
SELECT count(api.apitoken_list('limit=1&token=idt:x:' || n)) FROM generate_series(1, 2) n;
SELECT api.apitoken_delete(:'id');
COMMIT;
-- what fails
SELECT api.apitoken_authenticate(secret) FROM secrets WHERE id = 'TKN-3001-1004';
SELECT api.apitoken_authenticate(left(secret, -3)) FROM secrets WHERE id = 'TKN-1671-0642';
\set given '(SELECT secret FROM secrets WHERE id = ''TKN-1671-0642'')'
\ir places.sql
BEGIN;
SELECT set_config('request.headers', jsonb_build_object('x-apitoken-secret', secret)::text, true) IS NULL FROM secrets WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_pre_request();
SELECT set_config('request.headers', '{' || jsonb_build_object('x-apitoken-secret', secret)::text, true) IS NULL FROM secrets WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_pre_request();
ROLLBACK;
BEGIN READ ONLY;
SELECT api.apitoken_authenticate(secret) ->> 'id' FROM secrets WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}');
ROLLBACK;
BEGIN;
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS) SELECT api.apitoken_authenticate(secret) FROM secrets WHERE id = 'TKN-3001-1002';
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS) SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}');
EXPLAIN (ANALYZE, VERBOSE, FORMAT json) SELECT * FROM api.apitoken_list();
ROLLBACK;
