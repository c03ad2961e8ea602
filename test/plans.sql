-- Lists of 100,000 tokens: the usual filters and orders read what they answer,
-- not the whole table; nor do revocations.
\set QUIET on
\ir marketplace.sql
CREATE SCHEMA helper;

INSERT INTO apitoken.accounts (id, type, status, name)
	SELECT 'A-' || n, 'Client', 'Active', 'Account ' || n FROM generate_series(0, 999) AS n;

-- as a restore brings them: without the triggers
SET session_replication_role = replica;
INSERT INTO apitoken.api_tokens (account_id, id, status, name, created_at)
	SELECT 'A-' || n % 1000, 'T-' || n,
			CASE WHEN n % 50 = 0 THEN 'Deleted' WHEN n % 10 = 1 THEN 'Disabled' ELSE 'Active' END,
			'Token ' || n, '2025-01-01Z'::timestamptz + n * interval '1 minute'
		FROM generate_series(1, 100000) AS n;
INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
	SELECT account_id, id, sha256(convert_to(id, 'UTF8')) FROM apitoken.api_tokens WHERE id LIKE 'T-%';
RESET session_replication_role;
VACUUM ANALYZE apitoken.accounts, apitoken.api_tokens, apitoken.api_token_credentials, apitoken.revoked_digests;

-- How often a list reads all tokens, and how many of the table's rows it looks
-- at by an index: both as the server counts them.
CREATE FUNCTION helper.work(query text, OUT total bigint, OUT scans bigint, OUT fetched bigint) LANGUAGE plpgsql AS $$
DECLARE
	before pg_stat_xact_all_tables;
BEGIN
	SELECT * INTO STRICT before FROM pg_stat_xact_all_tables WHERE relid = 'apitoken.api_tokens'::regclass;
	total := api.apitoken_list(query || '&select=-*,id') #>> '{$meta,pagination,total}';
	SELECT seq_scan - before.seq_scan, idx_tup_fetch - before.idx_tup_fetch INTO STRICT scans, fetched
		FROM pg_stat_xact_all_tables WHERE relid = 'apitoken.api_tokens'::regclass;
END $$;

BEGIN;
SET LOCAL search_path = public, pg_catalog;
SELECT no_plan();

-- 250 allows for a plan that fetches rows to count them
SELECT is((w.total, w.scans, w.fetched BETWEEN 1 AND 250), (wanted::bigint, 0::bigint, true), format('%s: %s rows', query, w.fetched)) FROM (VALUES
	('id=T-77', 1),
	('in(id,(T-77,T-78,nobody))', 2),
	('id=T-77|id=T-78', 2),
	('account.id=A-7', 100),
	('account.id=A-7&order=-audit.created.at&limit=10', 100),
	('account.id=A-1&status=Disabled&limit=10', 100),
	('token=idt:T-77:x', 0),
	('status=Disabled&limit=10', 10002),
	('status=Deleted&order=-audit.created.at&limit=10', 2001),
	('limit=10', 100011),
	('order=audit.created.at&limit=10', 100011),
	('order=-audit.created.at&limit=10', 100011),
	('account.id=A-7&order=-id&limit=10', 100),
	('account.id=A-7&order=-lastAccessAt&limit=10', 100),
	('ge(audit.created.at,2025-02-01)&lt(audit.created.at,2025-02-02)&limit=10', 1440)
) AS v (query, wanted), helper.work(query) AS w;

-- an actor with two accounts
INSERT INTO apitoken.user_group_users (account_id, user_group_id, user_id) VALUES
	('ACC-3001-7788', 'UGR-3001-0001', 'USR-3002-0002');
SET LOCAL apitoken.jwt_actor_claim = 'sub';
DO $$ BEGIN
	PERFORM set_config('apitoken.jwt_authenticator', session_user, true);
END $$;
SET LOCAL request.jwt.claims = '{"sub": "USR-3002-0002"}';
SELECT is((w.total, w.scans, w.fetched < 50), (wanted::bigint, 0::bigint, true), format('two accounts'' own: %s: %s rows', query, w.fetched)) FROM (VALUES
	('limit=2', 5),
	('order=-audit.created.at&limit=2', 5),
	('account.id=ACC-3002-9900', 1),
	('account.id=A-7', 0)
) AS v (query, wanted), helper.work(query) AS w;

-- a token, with its own account
SELECT api.apitoken_authenticate('idt:TKN-3001-1002:' ||
	translate(rtrim(encode(sha256('demo TKN-3001-1002'), 'base64'), '='), '+/', '-_')) IS NOT NULL AS authenticated \gset
SELECT is((w.total, w.scans, w.fetched < 50), (wanted::bigint, 0::bigint, true), format('an account''s own: %s: %s rows', query, w.fetched)) FROM (VALUES
	('limit=2', 4),
	('status=Active', 3),
	('order=-audit.created.at&limit=2', 4),
	('account.id=A-7', 0)
) AS v (query, wanted), helper.work(query) AS w;

-- planned where nothing was revoked yet: the plan stays when there is more and more
SELECT seq_scan AS before FROM pg_stat_xact_all_tables WHERE relid = 'apitoken.revoked_digests'::regclass \gset
SELECT api.apitoken_revoke(array_agg('idt:TKN-1671-0642:' || repeat('A', 42) || n)) FROM generate_series(1, 9) n \g /dev/null
SELECT is(seq_scan - :before, 0::bigint, 'what was revoked is found by its index') FROM pg_stat_xact_all_tables WHERE relid = 'apitoken.revoked_digests'::regclass;

SELECT * FROM finish();
ROLLBACK;
