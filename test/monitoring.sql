/*
 * The views for monitoring: what they show, to whom, and what they never show.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(54);
SET LOCAL TimeZone = 'UTC';

CREATE ROLE apitoken_monitoring_reader;
CREATE ROLE apitoken_monitoring_single;
CREATE ROLE apitoken_monitoring_bare;
CREATE VIEW helper.monitoring AS
	SELECT oid, relname::text AS name, reloptions, relowner FROM pg_class
		WHERE relnamespace = 'apitoken_monitor'::regnamespace AND relkind = 'v';
SELECT is((SELECT array_agg(name ORDER BY name) FROM helper.monitoring),
	'{modules_to_review,overview,token_accesses,token_events,token_limits,token_states,token_transitions,tokens_beyond_lifetime,tokens_disabled_last_day,tokens_expired,tokens_expiring,tokens_in_rotation,tokens_never_used,tokens_to_review}', 'the views');

-- Rows of a statement as one value, in order.
CREATE FUNCTION helper.rows(statement text) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(to_jsonb(r)) FROM (%s) r', statement) INTO result;
	RETURN result;
END
$$;
-- the same, as a role that may only read the views
CREATE FUNCTION helper.read(statement text, role text DEFAULT 'apitoken_monitoring_reader') RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	EXECUTE format('SELECT jsonb_agg(to_jsonb(r)) FROM (%s) r', statement) INTO result;
	RESET ROLE;
	RETURN result;
END
$$;
DO $$
DECLARE
	name text;
BEGIN
	GRANT USAGE ON SCHEMA apitoken_monitor, helper TO apitoken_monitoring_reader, apitoken_monitoring_single;
	GRANT SELECT ON apitoken_monitor.tokens_never_used TO apitoken_monitoring_single;
	FOR name IN SELECT m.name FROM helper.monitoring m LOOP
		EXECUTE format('GRANT SELECT ON apitoken_monitor.%I TO apitoken_monitoring_reader', name);
	END LOOP;
END
$$;

/*
 * Tokens by status.
 */
SELECT is(helper.read('SELECT * FROM apitoken_monitor.token_states ORDER BY account_id NULLS FIRST'), '[
	{"account_id": null, "active": 8, "disabled": 2, "deleted": 1},
	{"account_id": "ACC-0001-0001", "active": 2, "disabled": 0, "deleted": 0},
	{"account_id": "ACC-2001-3344", "active": 1, "disabled": 1, "deleted": 0},
	{"account_id": "ACC-2002-5566", "active": 0, "disabled": 0, "deleted": 0},
	{"account_id": "ACC-3001-7788", "active": 3, "disabled": 1, "deleted": 1},
	{"account_id": "ACC-3002-9900", "active": 1, "disabled": 0, "deleted": 0},
	{"account_id": "ACC-3003-1122", "active": 1, "disabled": 0, "deleted": 0}]', 'token_states: for each account, and for all');
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-9999-0001', 'Client', 'No tokens');
SELECT is(helper.read('SELECT active, disabled, deleted FROM apitoken_monitor.token_states WHERE account_id = ''ACC-9999-0001'''),
	'[{"active": 0, "disabled": 0, "deleted": 0}]', 'token_states: an account without tokens has a row');
SELECT api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT is(helper.read('SELECT active, disabled, deleted FROM apitoken_monitor.token_states WHERE account_id IS NULL'),
	'[{"active": 7, "disabled": 3, "deleted": 1}]', 'token_states: the sum follows a change');
SELECT is(helper.read('SELECT active, disabled, deleted FROM apitoken_monitor.token_states WHERE account_id = ''ACC-3001-7788'''),
	'[{"active": 2, "disabled": 2, "deleted": 1}]', 'and so does the account''s row');
SELECT is((SELECT count(*) FROM helper.explain('SELECT * FROM apitoken_monitor.token_states') line WHERE line ~ ' on api_tokens '), 1::bigint,
	'token_states: reads the tokens once');

/*
 * Accesses.
 */
SELECT is(helper.read('SELECT * FROM apitoken_monitor.token_accesses WHERE last_access_at < ''2026-01-31'''), '[
	{"account_id": "ACC-3001-7788", "api_token_id": "TKN-3001-1002", "name": "Access review", "status": "Active",
		"created_at": "2025-03-01T10:00:00+00:00", "last_access_at": "2026-01-30T12:00:00+00:00",
		"last_access_address": null, "last_access_via": null, "last_access_mode": null}]', 'token_accesses: last used before a date');
SELECT is(helper.read('SELECT api_token_id, status, last_access_at FROM apitoken_monitor.token_accesses WHERE account_id IN (''ACC-3001-7788'', ''ACC-2001-3344'') ORDER BY 1'), '[
	{"api_token_id": "TKN-1671-0642", "status": "Disabled", "last_access_at": "2026-01-31T22:59:58.421+00:00"},
	{"api_token_id": "TKN-2001-1001", "status": "Active", "last_access_at": null},
	{"api_token_id": "TKN-2001-1002", "status": "Disabled", "last_access_at": null},
	{"api_token_id": "TKN-3001-1002", "status": "Active", "last_access_at": "2026-01-30T12:00:00+00:00"},
	{"api_token_id": "TKN-3001-1003", "status": "Active", "last_access_at": null},
	{"api_token_id": "TKN-3001-1004", "status": "Disabled", "last_access_at": null},
	{"api_token_id": "TKN-3001-1005", "status": "Deleted", "last_access_at": null}]', 'token_accesses: tokens of every status, used or not');
SELECT is(helper.read('SELECT api_token_id FROM apitoken_monitor.tokens_never_used ORDER BY 1'), '[{"api_token_id": "TKN-0001-0001"},
	{"api_token_id": "TKN-0001-0002"}, {"api_token_id": "TKN-2001-1001"}, {"api_token_id": "TKN-3001-1003"},
	{"api_token_id": "TKN-3002-1001"}, {"api_token_id": "TKN-3003-1001"}]', 'tokens_never_used: the Active ones');
SELECT is(helper.read('SELECT * FROM apitoken_monitor.tokens_never_used WHERE api_token_id IN (''TKN-3001-1003'', ''TKN-3002-1001'') ORDER BY api_token_id'), '[
	{"account_id": "ACC-3001-7788", "api_token_id": "TKN-3001-1003", "name": "Order desk", "created_at": "2025-03-02T10:00:00+00:00",
		"creator_type": "token", "creator_id": "TKN-3001-1002"},
	{"account_id": "ACC-3002-9900", "api_token_id": "TKN-3002-1001", "name": "ERP \"Gamma\"", "created_at": "2025-04-01T10:00:00+00:00",
		"creator_type": "user", "creator_id": "USR-3002-0001"}]', 'tokens_never_used: when each was created, and by whom');
SELECT api.apitoken_authenticate(helper.secret('TKN-3003-1001')) \g /dev/null
SELECT set_config('apitoken.actor', '', true) \g /dev/null
SELECT is(helper.read('SELECT count(*) FROM apitoken_monitor.tokens_never_used WHERE api_token_id = ''TKN-3003-1001'''), '[{"count": 0}]',
	'tokens_never_used: one that authenticates is one no more');
SELECT is(helper.read('SELECT last_access_at BETWEEN now() AND clock_timestamp() + interval ''1 ms'' AS now FROM apitoken_monitor.token_accesses
	WHERE api_token_id = ''TKN-3003-1001'''), '[{"now": true}]', 'and token_accesses says when');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-9999-0001', 'bare', 'No credential');
SELECT is(helper.read('SELECT api_token_id, creator_type, creator_id FROM apitoken_monitor.tokens_never_used WHERE account_id = ''ACC-9999-0001'''),
	'[{"api_token_id": "bare", "creator_type": null, "creator_id": null}]', 'tokens_never_used: one without a credential and a creator');
SELECT is(helper.read('SELECT api_token_id, last_access_at FROM apitoken_monitor.token_accesses WHERE account_id = ''ACC-9999-0001'''),
	'[{"api_token_id": "bare", "last_access_at": null}]', 'token_accesses: the same');

/*
 * Tokens to review.
 */
SELECT is(helper.read('SELECT * FROM apitoken_monitor.tokens_to_review'), '[{"account_id": "ACC-3003-1122", "api_token_id": "TKN-3003-1001", "name": "Toys",
	"account_status": "Disabled", "creator_type": "user", "creator_id": "USR-3003-0001", "creator_status": "Disabled"}]', 'tokens_to_review: one of a Disabled account, by a Disabled user');
UPDATE apitoken.users SET status = 'Active' WHERE id = 'USR-3003-0001';
SELECT is(helper.read('SELECT api_token_id, account_status, creator_status FROM apitoken_monitor.tokens_to_review'),
	'[{"api_token_id": "TKN-3003-1001", "account_status": "Disabled", "creator_status": "Active"}]', 'tokens_to_review: one of a Disabled account');
UPDATE apitoken.accounts SET status = 'Enabled' WHERE id = 'ACC-3003-1122';
SELECT is(helper.read('SELECT * FROM apitoken_monitor.tokens_to_review'), NULL, 'tokens_to_review: none, if it is Enabled');
CREATE FUNCTION helper.reviewed(creator text, new_status text) RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE apitoken.users SET status = new_status WHERE id = creator;
	RETURN (SELECT count(*) FROM apitoken_monitor.tokens_to_review WHERE creator_id = creator AND creator_status = new_status);
END
$$;
SELECT is((SELECT jsonb_object_agg(s, helper.reviewed('USR-0001-0002', s)) FROM unnest('{New,Invited,InvitationExpired,Active,Blocked,Disabled,Deleted}'::text[]) s),
	'{"New": 0, "Invited": 0, "InvitationExpired": 0, "Active": 0, "Blocked": 1, "Disabled": 1, "Deleted": 1}', 'tokens_to_review: by what their creator is');
UPDATE apitoken.users SET status = 'Blocked' WHERE id = 'USR-0001-0002';
SELECT is(helper.read('SELECT api_token_id, account_status, creator_type, creator_id, creator_status FROM apitoken_monitor.tokens_to_review'),
	'[{"api_token_id": "TKN-0001-0002", "account_status": "Active", "creator_type": "user", "creator_id": "USR-0001-0002", "creator_status": "Blocked"}]',
	'tokens_to_review: one of a Blocked user');
UPDATE apitoken.users SET status = 'Active' WHERE id = 'USR-0001-0002';
SELECT api.apitoken_disable('TKN-3001-1002') \g /dev/null
SELECT is(helper.read('SELECT api_token_id, account_status, creator_type, creator_id, creator_status FROM apitoken_monitor.tokens_to_review'),
	'[{"api_token_id": "TKN-3001-1003", "account_status": "Active", "creator_type": "token", "creator_id": "TKN-3001-1002", "creator_status": "Disabled"}]',
	'tokens_to_review: one that a token created which is Disabled now');
SELECT api.apitoken_delete('TKN-3001-1003') \g /dev/null
SELECT is(helper.read('SELECT * FROM apitoken_monitor.tokens_to_review'), NULL, 'tokens_to_review: only Active ones');

/*
 * The trail.
 */
SELECT is(helper.read('SELECT api_token_id, name, status, from_status, to_status, actor_type, actor_id, actor_name, database_role, client_address, at
		FROM apitoken_monitor.token_transitions WHERE api_token_id = ''TKN-3001-1005'' ORDER BY id'), '[
	{"api_token_id": "TKN-3001-1005", "name": "Leaked in a repository", "status": "Deleted", "from_status": null, "to_status": "Active",
		"actor_type": "user", "actor_id": "USR-3001-0002", "actor_name": "Chen Wei", "database_role": "web", "client_address": "192.0.2.10",
		"at": "2025-03-04T10:00:00+00:00"},
	{"api_token_id": "TKN-3001-1005", "name": "Leaked in a repository", "status": "Deleted", "from_status": "Active", "to_status": "Deleted",
		"actor_type": "user", "actor_id": "USR-0001-0001", "actor_name": "Olga Petrova", "database_role": "web", "client_address": "192.0.2.10",
		"at": "2025-03-05T10:00:00+00:00"}]', 'token_transitions: a token''s history with names');
SELECT is(helper.read('SELECT actor_type, actor_id, actor_name FROM apitoken_monitor.token_transitions WHERE api_token_id = ''TKN-3001-1003'' AND from_status IS NULL'),
	'[{"actor_type": "token", "actor_id": "TKN-3001-1002", "actor_name": "Access review"}]', 'token_transitions: what a token did');
SELECT is(helper.read('SELECT api_token_id, actor_type, actor_name, database_role, client_address FROM apitoken_monitor.token_transitions WHERE at > now() - interval ''1 hour'' AND from_status IS NOT NULL ORDER BY id'),
	jsonb_build_array(
		jsonb_build_object('api_token_id', 'TKN-1671-0642', 'actor_type', NULL, 'actor_name', NULL, 'database_role', current_user, 'client_address', inet_client_addr()),
		jsonb_build_object('api_token_id', 'TKN-3001-1002', 'actor_type', NULL, 'actor_name', NULL, 'database_role', current_user, 'client_address', inet_client_addr()),
		jsonb_build_object('api_token_id', 'TKN-3001-1003', 'actor_type', NULL, 'actor_name', NULL, 'database_role', current_user, 'client_address', inet_client_addr())),
	'token_transitions: the last hour; a role acted by itself');
SELECT is(helper.rows('SELECT id, at, account_id, api_token_id, from_status, to_status, actor_type, actor_id, database_role, client_address FROM apitoken_monitor.token_transitions ORDER BY id'),
	helper.rows('SELECT id, at, account_id, api_token_id, from_status, to_status, actor_type, actor_id, database_role, client_address FROM apitoken.api_token_transitions ORDER BY id'),
	'token_transitions: every row of the trail, and once');

SELECT is(helper.read('SELECT account_id, api_token_id, name, status, actor_type, actor_id, actor_name, database_role, client_address,
		at BETWEEN now() AND clock_timestamp() AS now FROM apitoken_monitor.tokens_disabled_last_day ORDER BY at'), jsonb_build_array(
	jsonb_build_object('account_id', 'ACC-3001-7788', 'api_token_id', 'TKN-1671-0642', 'name', 'Nightly export', 'status', 'Disabled', 'actor_type', NULL,
		'actor_id', NULL, 'actor_name', NULL, 'database_role', current_user, 'client_address', inet_client_addr(), 'now', true),
	jsonb_build_object('account_id', 'ACC-3001-7788', 'api_token_id', 'TKN-3001-1002', 'name', 'Access review', 'status', 'Disabled', 'actor_type', NULL,
		'actor_id', NULL, 'actor_name', NULL, 'database_role', current_user, 'client_address', inet_client_addr(), 'now', true)),
	'tokens_disabled_last_day: those that were, not those that were deleted');
INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, from_status, to_status, actor_type, actor_id, database_role, client_address, at) VALUES
	('ACC-3002-9900', 'TKN-3002-1001', 'Active', 'Disabled', 'user', 'USR-3002-0001', 'web', '2001:db8::7', now() - interval '24 hours'),
	('ACC-3002-9900', 'TKN-3002-1001', 'Active', 'Disabled', 'user', 'USR-0001-0001', 'web', '2001:db8::8', now() - interval '23:59:59.999999'),
	('ACC-3002-9900', 'TKN-3002-1001', 'Disabled', 'Active', 'user', 'USR-0001-0001', 'web', '2001:db8::9', now() - interval '1 hour');
SELECT is(helper.read('SELECT api_token_id, status, actor_id, actor_name, database_role, client_address FROM apitoken_monitor.tokens_disabled_last_day WHERE account_id = ''ACC-3002-9900'''),
	'[{"api_token_id": "TKN-3002-1001", "status": "Active", "actor_id": "USR-0001-0001", "actor_name": "Olga Petrova", "database_role": "web", "client_address": "2001:db8::8"}]',
	'tokens_disabled_last_day: 24 hours, to the microsecond; what was enabled since says so');
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) > 0 FROM helper.explain($$ SELECT * FROM apitoken_monitor.tokens_disabled_last_day $$) line WHERE line ~ 'api_token_transitions_at_idx'), true,
	'tokens_disabled_last_day: finds them by the index on the time');
SET LOCAL enable_seqscan = on;

/*
 * All at a look.
 */
SELECT is(helper.read('SELECT * FROM apitoken_monitor.overview'), jsonb_build_array(jsonb_build_object(
	'active', (SELECT count(*) FROM apitoken.api_tokens WHERE status = 'Active'), 'expiring_within_week', 0, 'expired', 0,
	'never_used', (SELECT count(*) FROM apitoken_monitor.tokens_never_used), 'revoked', 0, 'held', 0, 'held_accounts', 0, 'disabled_last_day', 3, 'revocations_last_day', 0)),
	'overview: before any of that');
UPDATE apitoken.api_tokens SET status = 'Active' WHERE id IN ('TKN-1671-0642', 'TKN-3001-1002');
SET LOCAL session_replication_role = replica;
INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, database_role, event, at) SELECT account_id, id, 'x', 'revoked', clock_timestamp() - age
	FROM apitoken.api_tokens, unnest('{23:59,24:01}'::interval[]) age WHERE id = 'TKN-3002-1001';
UPDATE apitoken.api_tokens SET expires_at = clock_timestamp() + interval '6 days 23:59' WHERE id = 'TKN-1671-0642';
UPDATE apitoken.api_tokens SET expires_at = clock_timestamp() + interval '7 days 1 minute' WHERE id = 'TKN-3002-1001';
UPDATE apitoken.api_tokens SET expires_at = '2025-01-01' WHERE id IN ('TKN-3001-1004', 'TKN-3001-1005');
UPDATE apitoken.api_tokens SET revoked_at = '2025-01-01', held_at = '2025-01-01' WHERE status IN ('Disabled', 'Deleted');
UPDATE apitoken.accounts SET held_at = '2025-01-01' WHERE id IN ('ACC-3002-9900', 'ACC-3001-7788');
SET LOCAL session_replication_role = origin;
SELECT is(helper.read('SELECT expiring_within_week, expired, revoked, held, held_accounts, disabled_last_day, revocations_last_day FROM apitoken_monitor.overview'),
	jsonb_build_array(jsonb_build_object('expiring_within_week', 1, 'expired', 1, 'revoked', d, 'held', d, 'held_accounts', 2, 'disabled_last_day', 3, 'revocations_last_day', 1)),
	'overview: each number is that of its tokens, none of them Deleted; those that were enabled since count for their day')
	FROM (SELECT count(*) AS d FROM apitoken.api_tokens WHERE status = 'Disabled') t;
SELECT is((SELECT (expiring_within_week, expired, never_used) FROM apitoken_monitor.overview),
	((SELECT count(*) FROM apitoken_monitor.tokens_expiring WHERE expires_at < now() + interval '7 days'),
		(SELECT count(*) FROM apitoken_monitor.tokens_expired), (SELECT count(*) FROM apitoken_monitor.tokens_never_used)), 'overview: as the views have them');

/*
 * Who sees them.
 */
CREATE ROLE apitoken_monitoring_careless;
GRANT USAGE ON SCHEMA apitoken, apitoken_monitor TO apitoken_monitoring_careless;
GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_monitoring_careless;
SELECT is((SELECT array_agg(name) FROM helper.monitoring WHERE has_table_privilege('apitoken_monitoring_careless', oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER')), NULL,
	'nor does one that was granted everything on all tables of the schema apitoken');
SELECT is(helper.outcome('SET LOCAL ROLE apitoken_monitoring_careless; LOCK TABLE apitoken_monitor.token_accesses'), '42501', 'which locks none of them, nor what they read');
SELECT is(helper.outcome(format('SET LOCAL ROLE apitoken_monitoring_reader; LOCK TABLE apitoken_monitor.token_accesses IN %s MODE', mode)), code, 'a reader: ' || mode)
	FROM (VALUES ('ACCESS SHARE', 'ok'), ('ROW SHARE', '42501'), ('ROW EXCLUSIVE', '42501'), ('SHARE', '42501'), ('ACCESS EXCLUSIVE', '42501')) l (mode, code);
SELECT is((SELECT array_agg(name) FROM helper.monitoring WHERE has_table_privilege('apitoken_monitoring_bare', oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER')), NULL,
	'a bare role sees none');
SELECT is((SELECT array_agg(name) FROM helper.monitoring, aclexplode(COALESCE((SELECT relacl FROM pg_class c WHERE c.oid = monitoring.oid), acldefault('r', relowner))) a
	WHERE a.grantee = 0), NULL, 'nothing is granted to PUBLIC');
SELECT is((SELECT array_agg(name) FROM helper.monitoring WHERE reloptions <> '{security_barrier=true}' OR reloptions IS NULL), NULL, 'all are barriers');
SELECT is((SELECT array_agg(c.oid::regclass::text) FROM pg_class c WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'S')
	AND (has_table_privilege('apitoken_monitoring_reader', c.oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER')
		OR has_any_column_privilege('apitoken_monitoring_reader', c.oid, 'SELECT,INSERT,UPDATE,REFERENCES'))), NULL, 'their reader may read no table');
SELECT is(helper.outcome(format('SET LOCAL ROLE apitoken_monitoring_reader; %s', statement)), '42501', statement)
	FROM (VALUES ('SELECT * FROM apitoken.api_tokens'), ('SELECT * FROM apitoken.api_token_credentials'), ('SELECT * FROM apitoken.api_token_transitions'),
		('SELECT api.apitoken_list()'), ('DELETE FROM apitoken.api_token_transitions')) s (statement);
SELECT is(helper.outcome('SET LOCAL ROLE apitoken_monitoring_single; SELECT * FROM apitoken_monitor.token_accesses'), '42501', 'each view is granted by itself');

-- A condition with a function of one's own is asked of rows of the view alone.
CREATE TABLE helper.peeked (name text);
GRANT INSERT, SELECT ON helper.peeked TO apitoken_monitoring_single;
CREATE FUNCTION helper.peek(name text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
	AS 'BEGIN INSERT INTO helper.peeked VALUES (name); RETURN true; END';
GRANT EXECUTE ON FUNCTION helper.peek(text) TO apitoken_monitoring_single;
SELECT is(helper.read('SELECT count(*) FROM apitoken_monitor.tokens_never_used WHERE helper.peek(name)', 'apitoken_monitoring_single'), '[{"count": 5}]', '(a reader''s own condition)');
SELECT is((SELECT array_agg(DISTINCT name ORDER BY name) FROM helper.peeked),
	(SELECT array_agg(name::text ORDER BY name) FROM apitoken_monitor.tokens_never_used), 'and it sees no row that the view leaves out');

-- No digest and no secret, by whatever column.
SELECT is((SELECT array_agg(m.name || ' shows the ' || s) FROM helper.monitoring m, helper.shown(helper.rows(format('SELECT * FROM apitoken_monitor.%I', m.name))::text) s), NULL,
	'none of them shows a digest or a secret');
SELECT is((SELECT array_agg(DISTINCT v.oid::regclass::text || '.' || a.attname) FROM helper.monitoring v JOIN pg_rewrite r ON r.ev_class = v.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.refobjid = 'apitoken.api_token_credentials'::regclass AND a.attname NOT IN ('account_id', 'api_token_id', 'last_access_at', 'last_access_address', 'last_access_via', 'last_access_mode')), NULL,
	'none of them reads a digest');
SELECT is((SELECT array_agg(name) FROM helper.monitoring WHERE obj_description(oid, 'pg_class') !~ 'shows every account'), NULL, 'each says that it shows every account');
SELECT is((SELECT array_agg(extconfig::text) FROM pg_extension, helper.monitoring WHERE extname = 'apitoken' AND monitoring.oid = ANY (extconfig)), NULL,
	'none is marked for dump: a view has no rows of its own');

SELECT * FROM finish();
ROLLBACK;
