SELECT format('SELECT * FROM %s', oid::regclass) FROM pg_class
	WHERE relnamespace IN ('apitoken'::regnamespace, 'apitoken_monitor'::regnamespace) AND relkind IN ('r', 'v', 'S') \gexec
SELECT format('COPY %s TO STDOUT', oid::regclass) FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' \gexec
SELECT format('TRUNCATE %s CASCADE', oid::regclass) FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' \gexec
DELETE FROM apitoken.api_token_credentials RETURNING *;
UPDATE apitoken.api_token_credentials SET digest = digest RETURNING *;
INSERT INTO apitoken.api_token_credentials SELECT account_id, id, sha256('x') FROM apitoken.api_tokens ON CONFLICT (account_id, api_token_id) DO UPDATE SET digest = api_token_credentials.digest RETURNING *;
INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role) SELECT account_id, id, 'Active', 'forged' FROM apitoken.api_tokens;
SELECT setval('apitoken.api_token_transitions_id_seq', 1);
SELECT api.apitoken_create('{"account": {"id": "ACC-0001-0001"}, "name": "New", "modules": [{"id": "MOD-0002"}]}');
