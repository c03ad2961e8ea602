-- What is planned while the tables are small, or empty, goes on in the session by
-- their indexes when they have grown: no statement of a call reads a whole table.
\set QUIET on
\ir fixtures/life.psql
-- the server knows then how small they are
VACUUM ANALYZE;

BEGIN;
SELECT no_plan();
SET LOCAL apitoken.index_reads = off;
SET LOCAL apitoken.self_rotation = on;
SET LOCAL apitoken.last_access_interval = 0;
SET LOCAL apitoken.refuse_disabled_accounts = on;
SET LOCAL apitoken.refuse_lost_creators = on;
SET LOCAL apitoken.max_tokens = 100;

-- Of which tables a statement reads all rows, as the server counts it.
CREATE FUNCTION helper.read_whole(statement text, OUT tables text[]) LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := (SELECT jsonb_object_agg(relname, seq_scan) FROM pg_stat_xact_all_tables WHERE schemaname = 'apitoken');
BEGIN
	EXECUTE statement;
	SELECT array_agg(relname ORDER BY relname) INTO tables FROM pg_stat_xact_all_tables
		WHERE schemaname = 'apitoken' AND seq_scan > (before ->> relname)::bigint;
END $$;

SELECT is(helper.read_whole(statement), NULL, statement) FROM (VALUES
	($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0003"}]}')$$),
	($$SELECT api.apitoken_get('TKN-1671-0642')$$),
	($$SELECT api.apitoken_update('TKN-1671-0642', '{"name": "Newer", "modules": [{"id": "MOD-0003"}], "expiresAt": "2999-01-01", "allowedNetworks": ["192.0.2.0/24"]}')$$),
	($$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0004"}], "allowedNetworks": null}')$$),
	($$SELECT api.apitoken_disable('TKN-1671-0642')$$),
	($$SELECT api.apitoken_enable('TKN-1671-0642')$$),
	($$SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true)$$),
	($$SELECT api.apitoken_release('TKN-1671-0642')$$),
	($$SELECT api.apitoken_hold_account('ACC-3001-7788')$$),
	($$SELECT api.apitoken_release_account('ACC-3001-7788')$$),
	($$SELECT api.apitoken_enable('TKN-1671-0642')$$),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '1 day')$$),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '1 day')$$),
	($$SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002'))$$),
	($$SELECT api.apitoken_rotate('TKN-3001-1002', '1 day')$$),
	($$SELECT api.apitoken_actor(), api.apitoken_actor_account(), api.apitoken_actor_holds('orders'), api.apitoken_guard()$$),
	($$SELECT set_config('apitoken.actor', '', true)$$),
	($$SELECT api.apitoken_revoke(ARRAY[helper.secret('TKN-3001-1003'), helper.secret('TKN-1671-0642'), 'idt:x:y'])$$),
	($$SELECT api.apitoken_delete('TKN-3001-1004')$$),
	($$SELECT api.apitoken_import('{"tokens": [{"id": "old-1", "account": {"id": "ACC-3001-7788"}, "name": "Old", "modules": [{"id": "MOD-0003"}],
		"digest": "0000000000000000000000000000000000000000000000000000000000000001"}]}')$$)) AS c (statement);

-- what chooses tokens by a query is planned each time, and not kept
SELECT api.apitoken_disable_all('ACC-3002-9900') AS disabled \gset
SELECT is(helper.read_whole(format('SELECT api.apitoken_enable_all(%L)', :'disabled')), NULL, 'apitoken_enable_all');

-- by hand it is the server that finds the row, and the trigger that looks for what was revoked
SET LOCAL row_security = off;
SELECT is('revoked_digests' = ANY (helper.read_whole(statement)), false, statement) FROM (VALUES
	($$UPDATE apitoken.api_token_credentials SET digest = digest WHERE api_token_id = 'TKN-3001-1002'$$),
	($$UPDATE apitoken.api_token_secrets SET digest = digest WHERE api_token_id = 'TKN-1671-0642'$$),
	($$UPDATE apitoken.api_tokens SET old_secret_until = now() WHERE id = 'TKN-1671-0642'$$)) AS c (statement);

SELECT * FROM finish();
ROLLBACK;
