/*
 * A role that may execute the functions, and create what it likes in a schema
 * of its own and in pg_temp, tries what else it can do.  (Names planted on the
 * search path: hostile.sql.  The actor forged: actor/run.  Digests in answers
 * and errors: access.sql; in the log and by the clock: soak/attack.)
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(242);

CREATE ROLE apitoken_attacker;
CREATE ROLE apitoken_granted;
CREATE ROLE apitoken_owner;
SELECT current_database() AS database \gset
GRANT TEMPORARY ON DATABASE :"database" TO apitoken_attacker, apitoken_granted;
GRANT USAGE ON SCHEMA api TO apitoken_attacker, apitoken_granted;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_attacker, apitoken_granted;
CREATE SCHEMA attack AUTHORIZATION apitoken_attacker;
CREATE SCHEMA granted AUTHORIZATION apitoken_granted;
-- what a careless administrator grants
GRANT USAGE ON SCHEMA apitoken TO apitoken_granted;
GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_granted;
SET LOCAL client_min_messages = error;
GRANT ALL ON ALL SEQUENCES IN SCHEMA apitoken TO apitoken_granted WITH GRANT OPTION;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA apitoken TO apitoken_granted;
RESET client_min_messages;
SELECT api.apitoken_version() AS version, probin AS library FROM pg_proc WHERE oid = 'api.apitoken_version()'::regprocedure \gset

-- What comes of several statements of a role, in whose name Contoso's token acts; nothing of it stays.
CREATE FUNCTION helper.attempt(role text, statement text) RETURNS text
LANGUAGE sql
AS $$
	SELECT (helper.probe(statement || '; SELECT 1', helper.as_token('TKN-3001-1002'), role)).code
$$;

/*
 * What the role may not do, whoever acts.
 */
SELECT is(helper.attempt('apitoken_attacker', statement), '42501', left(statement, 120)) FROM unnest(ARRAY[
		-- the functions, and what is theirs
		'ALTER FUNCTION api.apitoken_disable(text, text) SET search_path = attack',
		'ALTER FUNCTION api.apitoken_disable(text, text) OWNER TO apitoken_attacker',
		'ALTER FUNCTION api.apitoken_disable(text, text) RENAME TO disabled',
		'CREATE OR REPLACE FUNCTION api.apitoken_disable(id text, fields text DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS ''SELECT NULL::jsonb''',
		-- one that would be preferred, for its argument's type or for its default arguments
		'CREATE FUNCTION api.apitoken_disable(id text) RETURNS jsonb LANGUAGE sql AS ''SELECT NULL::jsonb''',
		'CREATE FUNCTION api.apitoken_disable(id name, fields text DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS ''SELECT NULL::jsonb''',
		'CREATE FUNCTION apitoken.resource_id(text) RETURNS text LANGUAGE sql AS ''SELECT $1''',
		'DROP FUNCTION api.apitoken_version()',
		'DROP EXTENSION apitoken',
		'ALTER EXTENSION apitoken UPDATE',
		'ALTER EXTENSION apitoken DROP FUNCTION api.apitoken_version()',
		'DROP SCHEMA apitoken CASCADE',
		'ALTER SCHEMA apitoken RENAME TO other',
		'CREATE TABLE apitoken.planted (x int)',
		'GRANT EXECUTE ON FUNCTION apitoken.sees_every_account() TO apitoken_attacker',
		'ALTER DOMAIN apitoken.instant DROP CONSTRAINT instant_check',
		'ALTER DOMAIN apitoken.resource_id ADD CHECK (true)',
		-- casts and operators between types that are not its own
		'CREATE CAST (text AS bytea) WITHOUT FUNCTION AS IMPLICIT',
		'CREATE CAST (boolean AS text) WITH INOUT AS IMPLICIT',
		'CREATE OPERATOR CLASS attack.ops DEFAULT FOR TYPE text USING btree AS STORAGE text',
		'CREATE FUNCTION attack.leak(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS ''SELECT true''',
		-- the symbols of the library
		format('CREATE FUNCTION attack.disable(text, text) RETURNS jsonb LANGUAGE c AS %L, ''apitoken_disable''', :'library'),
		format('CREATE FUNCTION attack.log() RETURNS trigger LANGUAGE c AS %L, ''apitoken_log_transition''', :'library'),
		'CREATE FUNCTION attack.read(text) RETURNS text LANGUAGE internal AS ''pg_read_file_all''',
		'LOAD ''auto_explain''',
		-- other roles, and settings (SET ROLE needs a session of its own: soak/attack)
		'SET LOCAL session_replication_role = replica',
		'ALTER ROLE apitoken_attacker SUPERUSER',
		'GRANT postgres TO apitoken_attacker',
		'SET LOCAL apitoken.notify = off',
		'SET LOCAL apitoken.last_access_interval = 0',
		'CREATE FUNCTION attack.kept() RETURNS int LANGUAGE sql SET apitoken.actor FROM CURRENT AS ''SELECT 1''',
		'CREATE FUNCTION attack.emptied() RETURNS int LANGUAGE sql SET apitoken.actor = '''' AS ''SELECT 1''',
		-- the tables, from outside
		'SELECT digest FROM apitoken.api_token_credentials',
		'COPY apitoken.api_token_credentials TO ''/tmp/apitoken.digests''',
		'SELECT 1 FROM apitoken.api_tokens',
		'LOCK TABLE apitoken.api_tokens IN ACCESS SHARE MODE',
		'ANALYZE apitoken.nothing; SELECT 1 FROM apitoken.api_tokens',
		'SELECT nextval(''apitoken.api_token_transitions_id_seq'')',
		'SELECT setval(''apitoken.api_token_transitions_id_seq'', 1)',
		'SELECT stavalues1 FROM pg_statistic',
		'SELECT pg_read_file(''global/pg_control'')',
		'COPY (SELECT 1) TO PROGRAM ''true''',
		'CREATE EVENT TRIGGER attack ON ddl_command_end EXECUTE FUNCTION apitoken.refuse_trigger()',
		'ALTER EVENT TRIGGER apitoken_refuse_trigger DISABLE',
		'DROP EVENT TRIGGER apitoken_refuse_trigger']) statement;
-- what PostgreSQL refuses before it asks who it is
SELECT is(helper.attempt('apitoken_attacker', statement), code, left(statement, 120)) FROM (VALUES
	('CREATE FUNCTION attack.own() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN SET LOCAL ROLE postgres; RETURN NULL; END $f$; SELECT attack.own()', '42501'),
	('CREATE VIEW attack.v AS SELECT * FROM apitoken.api_token_credentials', '42501'),
	('CREATE TABLE attack.t (id text); CREATE TRIGGER t AFTER UPDATE ON attack.t FOR EACH ROW EXECUTE FUNCTION apitoken.log_transition()', '42501')) s (statement, code);

/*
 * What it may do, and what comes of it: nothing but what it may do anyway.
 */
-- its own function and view, used by itself
SELECT is((helper.probe('CREATE VIEW attack.v AS SELECT api.apitoken_get(''TKN-1671-0642'') AS d; SELECT d FROM attack.v', NULL, 'apitoken_attacker')).code, 'PT401', 'a view of its own, and nobody acts');
-- a SECURITY DEFINER function of its own is called by a superuser: it is its owner who calls
SELECT is((helper.probe('SELECT attack.mine()', 'CREATE FUNCTION attack.mine() RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $f$ SELECT api.apitoken_get(''TKN-1671-0642'') $f$;
	ALTER FUNCTION attack.mine() OWNER TO apitoken_attacker')).code, 'PT401', 'a SECURITY DEFINER function of its own, called by a superuser');
-- a type of its own, with an implicit cast: what it gives is text when it arrives
SELECT is((helper.probe('SELECT api.apitoken_get(ROW(1)::attack.mine)', 'CREATE TYPE attack.mine AS (x int); ALTER TYPE attack.mine OWNER TO apitoken_attacker;
	CREATE FUNCTION attack.cast(attack.mine) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN current_user; END $f$; CREATE CAST (attack.mine AS text) WITH FUNCTION attack.cast(attack.mine) AS IMPLICIT;
	' || helper.as_token('TKN-3001-1002'), 'apitoken_attacker')).detail, 'There is no API token "apitoken_attacker" that you may administer.',
	'a cast of its own runs before the call, in its own name');
-- names that all of the extension's plans are made of, planted in pg_temp in a session that has no plans yet, are in hostile.sql
SELECT is(helper.attempt('apitoken_attacker', 'NOTIFY apitoken, ''{"id": "TKN-1671-0642", "status": "Active"}'''), 'ok',
	'a signal is no proof: PostgreSQL lets everybody send one');
SELECT is(helper.attempt('apitoken_attacker', 'SELECT pg_advisory_lock(n) FROM generate_series(1, 1000) n; SELECT api.apitoken_disable(''TKN-1671-0642'')'), 'ok', 'advisory locks are in nobody''s way');

/*
 * A role that was granted everything on all tables: row security, the digests,
 * the trail, and triggers of its own.
 */
SELECT is(helper.attempt('apitoken_granted', statement), code, left(statement, 120)) FROM (VALUES
	('CREATE RULE r AS ON UPDATE TO apitoken.api_tokens DO INSTEAD NOTHING', '42501'),
	('CREATE POLICY p ON apitoken.api_token_credentials USING (true)', '42501'),
	('ALTER TABLE apitoken.api_token_credentials DISABLE ROW LEVEL SECURITY', '42501'),
	('ALTER TABLE apitoken.api_token_transitions DISABLE TRIGGER ALL', '42501'),
	('ALTER TABLE apitoken.api_token_transitions NO INHERIT apitoken.accounts', '42501'),
	('CREATE TABLE granted.child () INHERITS (apitoken.api_token_transitions)', '42501'),
	('CREATE TABLE granted.child (LIKE apitoken.api_token_transitions); ALTER TABLE granted.child INHERIT apitoken.api_token_transitions', '42501'),
	('CREATE TABLE granted.child (LIKE apitoken.api_tokens); ALTER TABLE apitoken.api_tokens ATTACH PARTITION granted.child DEFAULT', '42501'),
	('CREATE INDEX ON apitoken.api_token_credentials (digest)', '42501'),
	('CREATE STATISTICS granted.s ON digest, account_id FROM apitoken.api_token_credentials', '42501'),
	('DROP TRIGGER log_transition ON apitoken.api_tokens', '42501'),
	('COMMENT ON TABLE apitoken.api_tokens IS ''''', '42501'),
	('SET LOCAL row_security = off; SELECT 1 FROM apitoken.api_token_credentials', '42501'),
	('UPDATE apitoken.api_token_transitions SET database_role = ''x''', '23001'),
	('DELETE FROM apitoken.api_token_transitions', '23001'),
	('TRUNCATE apitoken.api_token_transitions', '23001'),
	('INSERT INTO apitoken.api_token_credentials VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', sha256(''''))', '42501')) s (statement, code);
SELECT is((helper.probe('SELECT count(*)::text FROM apitoken.api_token_credentials', helper.as_token('TKN-0001-0001'), 'apitoken_granted')).result, '0', 'it sees no digest, though Operations'' token acts');
SELECT is((helper.probe('SELECT count(*)::text FROM pg_stats WHERE tablename = ''api_token_credentials''', 'ANALYZE apitoken.api_token_credentials', 'apitoken_granted')).result, '0',
	'nor one in the statistics');
SELECT is((SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'api_token_credentials' AND attname = 'digest')
	OR helper.outcome('ANALYZE apitoken.api_token_credentials') = 'ok', true, '(which a superuser has)');
-- an estimate of how many rows there are tells nothing of what is in them
SELECT is((SELECT count(DISTINCT substring(p.result FROM '"Plan Rows": (\d+)')) FROM (SELECT digest FROM apitoken.api_token_credentials UNION ALL SELECT sha256('x')) v (d),
	helper.probe(format('EXPLAIN (FORMAT json) SELECT FROM apitoken.api_token_credentials WHERE digest = %L', d), NULL, 'apitoken_granted') p), 1::bigint,
	'which are the same for a digest that is there and one that is not');

/*
 * It writes nothing that says who may what, or what was done: neither as an
 * account's actor nor by itself, who may change every token.
 */
CREATE FUNCTION helper.careless(statement text, setup text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	rows bigint;
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		SET LOCAL ROLE apitoken_granted;
		EXECUTE statement;
		GET DIAGNOSTICS rows = ROW_COUNT;
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION
		WHEN SQLSTATE 'Y0000' THEN RETURN rows || ' rows';
		WHEN OTHERS THEN RETURN SQLSTATE;
	END;
END
$$;
SELECT is(ARRAY[helper.careless(statement), helper.careless(statement, helper.as_token('TKN-3001-1002')), helper.careless(statement, helper.as_token('TKN-0001-0001'))],
		array_fill(outcome, ARRAY[3]), left(statement, 120)) FROM (VALUES
	('UPDATE apitoken.modules SET code = ''account-management '' || id', '0 rows'),
	('INSERT INTO apitoken.modules (id, code, name) VALUES (''MOD-9'', ''x'', ''x'')', '42501'),
	('DELETE FROM apitoken.modules', '0 rows'),
	('INSERT INTO apitoken.modules (id, code, name) SELECT id, code, name FROM apitoken.modules ON CONFLICT (id) DO UPDATE SET code = ''account-management''', '42501'),
	('INSERT INTO apitoken.user_accounts VALUES (''ACC-3001-7788'', ''USR-3002-0001'')', '42501'),
	('INSERT INTO apitoken.user_group_users VALUES (''ACC-3001-7788'', ''UGR-3001-0001'', ''USR-3001-0002'')', '42501'),
	('INSERT INTO apitoken.user_group_modules VALUES (''ACC-3001-7788'', ''UGR-3001-0001'', ''MOD-0002'')', '42501'),
	('INSERT INTO apitoken.api_token_modules VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''MOD-0001'')', '42501'),
	('UPDATE apitoken.api_token_modules SET module_id = ''MOD-0001''', '0 rows'),
	('UPDATE apitoken.user_groups SET is_default = NOT is_default', '0 rows'),
	('UPDATE apitoken.users SET status = ''Active''', '0 rows'),
	('DELETE FROM apitoken.users', '0 rows'),
	('INSERT INTO apitoken.users (id, name) VALUES (''USR-9'', ''x'')', '42501'),
	('INSERT INTO apitoken.accounts (id, type, name) VALUES (''ACC-9'', ''Operations'', ''x'')', '42501'),
	('INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', ''TKN-9'', ''x'')', '42501'),
	('DELETE FROM apitoken.api_tokens', '0 rows'),
	('INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role) VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''Active'', ''x'')', '42501'),
	('INSERT INTO apitoken.api_token_credentials VALUES (''ACC-3001-7788'', ''TKN-3001-1006'', sha256(''x''))', '42501'),
	('UPDATE apitoken.api_token_credentials SET digest = sha256(''x'')', '0 rows'),
	('DELETE FROM apitoken.api_token_credentials', '0 rows'),
	('INSERT INTO apitoken.actors VALUES (''user'', ''nobody'')', '42501'),
	('DELETE FROM apitoken.actors', '0 rows'),
	('UPDATE apitoken.sellers SET name = ''x''', '0 rows'),
	-- the sequence and the functions of triggers, which all sequences and functions are
	('SELECT setval(''apitoken.api_token_transitions_id_seq'', 1)', '42501'),
	('SELECT nextval(''apitoken.api_token_transitions_id_seq'')', '42501'),
	('CREATE TEMPORARY TABLE t (id text); CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor(''user'')', '42501'),
	('CREATE TEMPORARY TABLE t (account_id text, id text, status text); CREATE TRIGGER t AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION apitoken.log_transition()', '42501'),
	('CREATE TEMPORARY TABLE t (account_id text, user_group_id text, module_id text); CREATE TRIGGER t AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION apitoken.withdraw_module()', '42501'),
	('CREATE TEMPORARY TABLE t (account_id text); CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION apitoken.check_default_group()', '42501')
	) s (statement, outcome);
-- (the trail, and what leads to it, is nobody's to truncate)
SELECT is(helper.careless('TRUNCATE ' || relation || ' CASCADE') IN ('42501', '23001'), true, 'TRUNCATE ' || relation)
	FROM (SELECT oid::regclass::text AS relation FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r') r ORDER BY relation;
SELECT is((helper.probe('TRUNCATE apitoken.buyer_sellers', NULL, 'apitoken_granted')).message, 'must be owner of table apitoken.buyer_sellers to truncate it', 'it is told why');
SELECT is(helper.outcome('TRUNCATE apitoken.buyer_sellers'), 'ok', '(the owner may)');
SELECT is((helper.probe('SELECT api.apitoken_create(''{"account": {"id": "ACC-0001-0001"}, "name": "x", "modules": [{"id": "MOD-0002"}]}'')', NULL, 'apitoken_granted')).code, 'PT401',
	'it creates no token for Operations');
SELECT is((helper.probe('SELECT string_agg(id, '' '' ORDER BY id) FROM apitoken.users', helper.as_token('TKN-3001-1002'), 'apitoken_granted')).result,
	(SELECT string_agg(u.user_id, ' ' ORDER BY u.user_id) FROM apitoken.user_accounts u WHERE u.account_id = 'ACC-3001-7788'), 'it sees the actor''s users alone');

-- Grants that are for the owner alone go back at once, whoever made them, to whomever.
SET LOCAL client_min_messages = error;
SELECT is(helper.outcome('GRANT EXECUTE ON FUNCTION apitoken.keep_actor() TO PUBLIC; SET LOCAL ROLE apitoken_attacker; CREATE TEMPORARY TABLE t (id text);
	CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor(''user'')'), '42501', 'nor do they stay with PUBLIC');
SELECT is(helper.outcome('SET LOCAL session_replication_role = replica; GRANT USAGE ON SEQUENCE apitoken.api_token_transitions_id_seq TO apitoken_attacker;
	GRANT USAGE ON SCHEMA apitoken TO apitoken_attacker; SET LOCAL ROLE apitoken_attacker; SELECT nextval(''apitoken.api_token_transitions_id_seq'')'), '42501',
	'nor where triggers are switched off');
SELECT is(helper.outcome('GRANT USAGE ON SCHEMA apitoken TO apitoken_attacker; CREATE SCHEMA evades GRANT ALL ON SEQUENCE apitoken.api_token_transitions_id_seq TO apitoken_attacker;
	SET LOCAL ROLE apitoken_attacker; SELECT nextval(''apitoken.api_token_transitions_id_seq'')'), '42501', 'nor with a schema that is made');
SELECT is(helper.outcome('GRANT ALL ON SCHEMA apitoken TO apitoken_attacker; SET LOCAL ROLE apitoken_attacker;
	CREATE FUNCTION apitoken.sync_step(text, jsonb, boolean) RETURNS bigint LANGUAGE sql AS ''SELECT 1::bigint'''), '42501', 'nor is CREATE on the schema of the tables');
SELECT is(helper.outcome('GRANT ALL ON SCHEMA apitoken_monitor TO apitoken_attacker; SET LOCAL ROLE apitoken_attacker;
	CREATE VIEW apitoken_monitor.own AS SELECT 1'), '42501', 'nor on that of the views');
RESET client_min_messages;
SELECT is((SELECT array_agg(evtname || ' ' || evtenabled::text ORDER BY evtname) FROM pg_event_trigger WHERE evtname LIKE 'apitoken%'),
	'{"apitoken_keep_always A","apitoken_refuse_reference A","apitoken_refuse_rename A","apitoken_refuse_trigger A","apitoken_take_back A","apitoken_warn_of_restore A"}', 'event triggers are always there');
SELECT is(has_sequence_privilege('apitoken_granted', 'apitoken.api_token_transitions_id_seq', 'SELECT'), true, 'what may be granted stays');
SELECT is(has_function_privilege('apitoken_granted', 'apitoken.sees_every_account()', 'EXECUTE'), true, 'the functions for row security, too');

-- A trigger of its own would run with the owner's rights at the next call.
CREATE FUNCTION granted.take() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ALTER ROLE apitoken_granted SUPERUSER; RETURN NULL; END';
ALTER FUNCTION granted.take() OWNER TO apitoken_granted;
SELECT is((helper.probe(format('CREATE TRIGGER take AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION granted.take()', relation), NULL, 'apitoken_granted')).message,
		'must be owner of table ' || relation, 'no trigger of its own on ' || relation)
	FROM (SELECT oid::regclass::text AS relation FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r') r ORDER BY relation;
SELECT is(helper.attempt('apitoken_granted', statement), '42501', left(statement, 120)) FROM unnest(ARRAY[
	CASE WHEN current_setting('server_version_num')::integer >= 140000 THEN 'CREATE OR REPLACE TRIGGER log_transition' ELSE 'CREATE TRIGGER another' END || ' AFTER UPDATE ON apitoken.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION granted.take()',
	'CREATE CONSTRAINT TRIGGER take AFTER UPDATE ON apitoken.api_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION granted.take()',
	'CREATE TRIGGER take BEFORE TRUNCATE ON apitoken.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION granted.take()',
	'SET LOCAL search_path = apitoken; CREATE TRIGGER take AFTER UPDATE ON api_tokens EXECUTE FUNCTION granted.take()',
	'DO $d$ BEGIN CREATE TRIGGER take AFTER UPDATE ON apitoken.api_tokens EXECUTE FUNCTION granted.take(); END $d$']) statement;
SELECT is(helper.attempt('apitoken_granted', 'CREATE TABLE granted.own (x int); CREATE TRIGGER take AFTER INSERT ON granted.own EXECUTE FUNCTION granted.take()'), 'ok', 'on a table of its own it may');
SELECT is(helper.outcome('CREATE TRIGGER mine AFTER UPDATE ON apitoken.api_tokens EXECUTE FUNCTION granted.take()'), 'ok', 'and a superuser may everywhere');
SELECT is((helper.probe('CREATE TRIGGER mine AFTER UPDATE ON apitoken.api_tokens EXECUTE FUNCTION granted.take(); SELECT 1', 'ALTER TABLE apitoken.api_tokens OWNER TO apitoken_owner;
	GRANT USAGE ON SCHEMA apitoken, granted TO apitoken_owner', 'apitoken_owner')).code, 'ok', 'and so may the owner');
SET LOCAL client_min_messages = error;
-- REFERENCES goes back as soon as it is granted: a key has code run before anything can refuse it.
SELECT is(helper.outcome(given || '; SET LOCAL ROLE apitoken_granted; CREATE TABLE granted.own (id text REFERENCES apitoken.accounts)'), '42501', given) FROM unnest(ARRAY[
	'GRANT REFERENCES ON apitoken.accounts TO apitoken_granted', 'GRANT REFERENCES (id) ON apitoken.accounts TO apitoken_granted', 'GRANT ALL (id) ON apitoken.accounts TO PUBLIC',
	'GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_granted', 'GRANT ALL ON apitoken.accounts TO apitoken_granted WITH GRANT OPTION',
	'CREATE SCHEMA evades GRANT REFERENCES ON apitoken.accounts TO apitoken_granted']) given;
SELECT is((SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE c.relnamespace = 'apitoken'::regnamespace AND has_any_column_privilege('apitoken_granted', c.oid, 'REFERENCES') AND c.relkind = 'r'), NULL,
	'nobody has it');
SELECT is(helper.outcome('GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_granted; SET LOCAL ROLE apitoken_granted; UPDATE apitoken.buyers SET name = name WHERE false'), 'ok', '(what else was granted stays)');
RESET client_min_messages;
-- So a key stays as the owner has made it: not by a type of the table's owner, by whose cast it would be looked for as the extension's.
CREATE TYPE granted.kind AS ENUM ('ACC-3001-7788');
ALTER TYPE granted.kind OWNER TO apitoken_granted;
CREATE CAST (text AS granted.kind) WITH INOUT AS ASSIGNMENT;
SELECT is(helper.outcome(made || '; ALTER TABLE granted.own OWNER TO apitoken_granted; SET LOCAL ROLE apitoken_granted; ' || changed), '42501', changed) FROM (VALUES
	('CREATE TABLE granted.own (id text REFERENCES apitoken.accounts)', 'ALTER TABLE granted.own ALTER id TYPE granted.kind USING id::granted.kind'),
	('CREATE TYPE granted.line AS (id text); ALTER TYPE granted.line OWNER TO apitoken_granted; CREATE TABLE granted.own OF granted.line; ALTER TABLE granted.own ADD FOREIGN KEY (id) REFERENCES apitoken.accounts',
		'ALTER TYPE granted.line ALTER ATTRIBUTE id TYPE granted.kind CASCADE'),
	('CREATE TABLE granted.parent (id text); ALTER TABLE granted.parent OWNER TO apitoken_granted; CREATE TABLE granted.own () INHERITS (granted.parent); ALTER TABLE granted.own ADD FOREIGN KEY (id) REFERENCES apitoken.accounts',
		'ALTER TABLE granted.parent ALTER id TYPE granted.kind USING id::granted.kind')
	) s (made, changed);
-- The owner makes it, and the table's owner validates it.
SELECT is(helper.outcome('CREATE TABLE granted.own (id text); INSERT INTO granted.own VALUES (''ACC-3001-7788''); ALTER TABLE granted.own OWNER TO apitoken_granted;
	ALTER TABLE granted.own ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES apitoken.accounts NOT VALID; SET LOCAL ROLE apitoken_granted; ALTER TABLE granted.own VALIDATE CONSTRAINT k'), 'ok', 'a key that is not valid, and is made so');
-- A foreign key would have it run as well, or stop what a call deletes: the owner is told so.
SELECT is(helper.outcome(statement || '; ALTER TABLE granted.own OWNER TO apitoken_granted'), outcome, left(statement, 140)) FROM (VALUES
	('CREATE TABLE granted.own (account_id text, id text, FOREIGN KEY (account_id, id) REFERENCES apitoken.api_tokens ON DELETE CASCADE)', '42501'),
	('CREATE TABLE granted.own (account_id text, id text, FOREIGN KEY (account_id, id) REFERENCES apitoken.api_tokens ON UPDATE CASCADE)', '42501'),
	('CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE SET NULL)', '42501'),
	('CREATE TABLE granted.own (id text DEFAULT ''x'' REFERENCES apitoken.users ON UPDATE SET DEFAULT)', '42501'),
	('CREATE TABLE granted.own (a text, t text, m text); ALTER TABLE granted.own ADD FOREIGN KEY (a, t, m) REFERENCES apitoken.api_token_modules ON DELETE CASCADE NOT VALID', '42501'),
	('CREATE TABLE granted.own (a text, t text, m text, FOREIGN KEY (a, t, m) REFERENCES apitoken.api_token_modules)', '42501'),
	('CREATE TABLE granted.own (a text, g text, m text, FOREIGN KEY (a, g, m) REFERENCES apitoken.user_group_modules)', '42501'),
	('CREATE TABLE granted.own (a text, u text, FOREIGN KEY (a, u) REFERENCES apitoken.user_accounts)', '42501'),
	('CREATE TABLE granted.own (a text, g text, u text, FOREIGN KEY (a, g, u) REFERENCES apitoken.user_group_users)', '42501'),
	('CREATE TABLE granted.own (a text, b text, n integer, FOREIGN KEY (a, b, n) REFERENCES apitoken.buyer_errors)', '42501'),
	('CREATE TABLE granted.own (a text, t text, n integer, FOREIGN KEY (a, t, n) REFERENCES apitoken.api_token_secrets)', '42501'),
	('CREATE TABLE granted.own (digest text REFERENCES apitoken.api_token_foreign_secrets)', '42501'),
	('CREATE TABLE granted.own (digest bytea REFERENCES apitoken.revoked_digests)', '42501'),
	('CREATE TABLE granted.own (a text, t text, FOREIGN KEY (a, t) REFERENCES apitoken.api_token_credentials)', '42501'),
	('CREATE TABLE granted.own (type text, id text, FOREIGN KEY (type, id) REFERENCES apitoken.actors)', '42501'),
	('CREATE TABLE granted.own (a text, g text, b text, FOREIGN KEY (a, g, b) REFERENCES apitoken.user_group_buyers)', '42501'),
	('CREATE TABLE granted.own (a text, b text, s text, FOREIGN KEY (a, b, s) REFERENCES apitoken.buyer_sellers)', '42501'),
	('CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE) PARTITION BY LIST (id)', '42501'),
	('CREATE TABLE granted.own (id text) PARTITION BY LIST (id); CREATE TABLE granted.part PARTITION OF granted.own (FOREIGN KEY (id) REFERENCES apitoken.accounts ON DELETE CASCADE) DEFAULT; ALTER TABLE granted.part OWNER TO apitoken_granted', '42501'),
	('DO $d$ BEGIN EXECUTE ''CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE)''; END $d$', '42501'),
	('CREATE TABLE granted.own (account_id text, id text, FOREIGN KEY (account_id, id) REFERENCES apitoken.api_tokens)', '42501'),
	('CREATE TABLE granted.own (id text REFERENCES apitoken.modules)', '42501'),
	-- (from 18 on PostgreSQL refuses it itself, for its collation)
	('CREATE FUNCTION granted.cast(granted.kind) RETURNS text LANGUAGE sql AS ''SELECT enum_out($1)::text'';
		CREATE CAST (granted.kind AS text) WITH FUNCTION granted.cast(granted.kind) AS IMPLICIT; CREATE TABLE granted.own (id granted.kind REFERENCES apitoken.accounts)', CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'XX000' ELSE '42501' END),
	('CREATE DOMAIN granted.name AS text; CREATE TABLE granted.own (id granted.name REFERENCES apitoken.accounts)', '42501'),
	('CREATE TABLE granted.own (id varchar(20) REFERENCES apitoken.accounts, u text REFERENCES apitoken.users)', 'ok'),
	('CREATE TABLE granted.own (account_id text, id text, FOREIGN KEY (account_id, id) REFERENCES apitoken.user_groups)', '42501'),
	('CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE RESTRICT, u text REFERENCES apitoken.users, s text REFERENCES apitoken.sellers)', 'ok')
	) s (statement, outcome);
SELECT is(helper.outcome($$CREATE SCHEMA another AUTHORIZATION apitoken_granted CREATE TABLE own (id text REFERENCES apitoken.accounts ON DELETE CASCADE)$$), '42501', 'nor in a schema that is made with the table');
SELECT is(helper.outcome($$CREATE TABLE granted.own (id text); ALTER TABLE granted.own OWNER TO apitoken_granted;
	ALTER TABLE granted.own ADD FOREIGN KEY (id) REFERENCES apitoken.accounts ON DELETE CASCADE$$), '42501', 'nor does a superuser make it for such a table');
SELECT is(helper.outcome($$CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE); ALTER TABLE granted.own OWNER TO apitoken_granted$$), '42501',
	'nor give such a table away');
SELECT is(helper.outcome($$CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE) PARTITION BY LIST (id); CREATE TABLE granted.part (id text);
	ALTER TABLE granted.part OWNER TO apitoken_granted; ALTER TABLE granted.own ATTACH PARTITION granted.part DEFAULT$$), '42501', 'nor make another''s a partition of one');
SELECT is(helper.outcome($$CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE)$$), 'ok', 'on a table of the owner''s it may be');
SELECT is((helper.probe('CREATE TABLE apitoken.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE); SELECT 1', 'GRANT ALL ON SCHEMA apitoken TO apitoken_granted', 'apitoken_granted')).code,
	'42501', 'nor in the schema of the tables, where it was let');
/*
 * A key without an action has the server plan a query of the table that refers, where a
 * row that is referred to goes; which runs what the predicate of an index is made of.  No
 * call deletes what may be referred to.
 */
SAVEPOINT trap;
SET LOCAL ROLE apitoken_granted;
CREATE TABLE granted.run (what text);
CREATE FUNCTION granted.trap() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
CREATE TABLE granted.own (a text, u text, s text, b text);
RESET ROLE;
ALTER TABLE granted.own ADD FOREIGN KEY (a) REFERENCES apitoken.accounts, ADD FOREIGN KEY (u) REFERENCES apitoken.users, ADD FOREIGN KEY (s) REFERENCES apitoken.sellers,
	ADD FOREIGN KEY (b) REFERENCES apitoken.buyers (id);
SET LOCAL ROLE apitoken_granted;
CREATE INDEX ON granted.own (a) WHERE granted.trap();
CREATE FUNCTION granted.write() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO granted.run VALUES (current_user); RETURN true; END';
CREATE OR REPLACE FUNCTION granted.trap() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN granted.write(); END';
RESET ROLE;
SELECT api.apitoken_sync('{"users": [{"id": "USR-3001-0002", "deleted": true}], "accounts": [{"id": "ACC-3002-9900", "deleted": true}]}') \g /dev/null
SELECT api.apitoken_erase_user('USR-3001-0002'), api.apitoken_erase_account('ACC-3003-1122', true) \g /dev/null
SELECT is((SELECT count(*) FROM granted.run), 0::bigint, 'what an index of a table that refers is made of is not run by a call');
INSERT INTO apitoken.sellers (id, name) VALUES ('SEL-9', 'Nine');
DELETE FROM apitoken.sellers WHERE id = 'SEL-9';
SELECT cmp_ok((SELECT count(*) FROM granted.run), '>', 0::bigint, '(it is where a row goes by hand)');
ROLLBACK TO trap;
-- no command tells of that, but of what would run the code
SELECT is(helper.outcome($$CREATE ROLE apitoken_super SUPERUSER; GRANT CREATE, USAGE ON SCHEMA granted TO apitoken_super;
	CREATE TABLE granted.own (id text REFERENCES apitoken.accounts ON DELETE CASCADE); ALTER TABLE granted.own OWNER TO apitoken_super; REASSIGN OWNED BY apitoken_super TO apitoken_granted;
	CREATE TRIGGER take AFTER DELETE ON granted.own EXECUTE FUNCTION granted.take()$$), '42501', 'nor a trigger for one that was given to it with all that somebody had');
SELECT is((helper.probe('CREATE TRIGGER take INSTEAD OF INSERT ON apitoken_monitor.token_states FOR EACH ROW EXECUTE FUNCTION granted.take()',
	'GRANT ALL ON SCHEMA apitoken_monitor TO apitoken_granted; GRANT ALL ON ALL TABLES IN SCHEMA apitoken_monitor TO apitoken_granted', 'apitoken_granted')).message,
	'must be owner of table apitoken_monitor.token_states', 'no trigger of its own on a view');

-- Whoever has no right to the extension goes on to make what is his.
CREATE ROLE apitoken_stranger;
CREATE SCHEMA strange AUTHORIZATION apitoken_stranger;
SELECT is(helper.outcome('SET LOCAL ROLE apitoken_stranger; ' || statement), 'ok', statement) FROM unnest(ARRAY[
	'CREATE TABLE strange.a (i integer PRIMARY KEY); CREATE TABLE strange.b (i integer REFERENCES strange.a); ALTER TABLE strange.b ADD x text; DROP TABLE strange.b',
	'CREATE TEMPORARY TABLE strange_temporary (i integer)', 'CREATE TABLE strange.a (i integer) PARTITION BY LIST (i); CREATE TABLE strange.p PARTITION OF strange.a DEFAULT',
	'CREATE TABLE strange.a (i integer); CREATE FUNCTION strange.t() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''; CREATE TRIGGER t AFTER INSERT ON strange.a EXECUTE FUNCTION strange.t()',
	'CREATE TABLE strange.a (i integer); GRANT ALL ON strange.a TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA strange TO PUBLIC; GRANT ALL ON SCHEMA strange TO PUBLIC; REVOKE ALL ON strange.a FROM PUBLIC',
	'CREATE TABLE strange.a (i integer); CREATE INDEX ON strange.a (i); CREATE RULE r AS ON INSERT TO strange.a DO ALSO NOTHING; COMMENT ON TABLE strange.a IS ''Strange''',
	'CREATE TABLE strange.a (i integer); ALTER TABLE strange.a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON strange.a; CREATE VIEW strange.v AS SELECT i FROM strange.a; CREATE TABLE strange.c AS SELECT 1 AS i',
	'CREATE TYPE strange.kind AS (a text); ALTER TYPE strange.kind ADD ATTRIBUTE b text CASCADE; CREATE DOMAIN strange.name AS text; CREATE SEQUENCE strange.numbers']) statement;

-- The schema keeps its name, by which everything is found.
SELECT is((helper.probe('ALTER SCHEMA apitoken RENAME TO renamed; SELECT 1')).message, 'schema "apitoken" of the extension "apitoken" keeps its name', 'the tables'' schema keeps its name');
SELECT is(helper.outcome('ALTER SCHEMA granted RENAME TO renamed'), 'ok', 'another may have a new one');

/*
 * The symbols in C, by a superuser who uses them for what they are not.
 */
CREATE FUNCTION helper.withdraw() RETURNS trigger LANGUAGE c AS :'library', 'apitoken_withdraw_module';
CREATE FUNCTION helper.log() RETURNS trigger LANGUAGE c AS :'library', 'apitoken_log_transition';
CREATE FUNCTION helper.withdraw_event() RETURNS event_trigger LANGUAGE c AS :'library', 'apitoken_withdraw_module';
CREATE FUNCTION helper.log_row(text) RETURNS int LANGUAGE c AS :'library', 'apitoken_log_transition';
CREATE FUNCTION helper.sees(text, int) RETURNS boolean LANGUAGE c AS :'library', 'apitoken_sees_every_account';
CREATE TABLE helper.bare (x int);
CREATE TABLE helper.typed (account_id int, id text, status text, module_id text, user_group_id text);
CREATE TABLE helper.nulls (account_id text, id text, status text, module_id text, user_group_id text);
INSERT INTO helper.bare VALUES (1);
INSERT INTO helper.typed VALUES (1, 'a', 'b', 'c', 'd');
INSERT INTO helper.nulls VALUES (NULL, NULL, NULL, NULL, NULL);
CREATE VIEW helper.view AS SELECT * FROM helper.typed;
SELECT is(helper.outcome(statement), code, statement) FROM (VALUES
	('SELECT helper.withdraw()', '39P01'),
	('SELECT apitoken.withdraw_module()', '39P01'),
	('SELECT helper.log_row(''x'')', '39P01'),
	('CREATE TRIGGER t BEFORE DELETE ON helper.bare FOR EACH ROW EXECUTE FUNCTION helper.withdraw(); DELETE FROM helper.bare', '39P01'),
	('CREATE TRIGGER t AFTER DELETE ON helper.bare FOR EACH STATEMENT EXECUTE FUNCTION helper.withdraw(); DELETE FROM helper.bare', '39P01'),
	('CREATE TRIGGER t AFTER INSERT ON helper.bare FOR EACH ROW EXECUTE FUNCTION helper.withdraw(); INSERT INTO helper.bare VALUES (2)', '39P01'),
	('CREATE TRIGGER t AFTER TRUNCATE ON helper.bare FOR EACH STATEMENT EXECUTE FUNCTION helper.log(); TRUNCATE helper.bare', '39P01'),
	('CREATE TRIGGER t INSTEAD OF UPDATE ON helper.view FOR EACH ROW EXECUTE FUNCTION helper.log(); UPDATE helper.view SET id = ''x''', '39P01'),
	('CREATE TRIGGER t AFTER DELETE ON helper.bare FOR EACH ROW EXECUTE FUNCTION helper.withdraw(); DELETE FROM helper.bare', '42804'),
	('CREATE TRIGGER t AFTER UPDATE ON helper.bare FOR EACH ROW EXECUTE FUNCTION helper.log(); UPDATE helper.bare SET x = 2', '42804'),
	('CREATE TRIGGER t AFTER DELETE ON helper.typed FOR EACH ROW EXECUTE FUNCTION helper.withdraw(); DELETE FROM helper.typed', '42804'),
	('CREATE TRIGGER t AFTER UPDATE ON helper.typed FOR EACH ROW EXECUTE FUNCTION helper.log(); UPDATE helper.typed SET id = ''x''', '42804'),
	('CREATE TRIGGER t AFTER DELETE ON helper.nulls FOR EACH ROW EXECUTE FUNCTION helper.withdraw(); DELETE FROM helper.nulls', '42804'),
	('CREATE TRIGGER t AFTER UPDATE ON helper.nulls FOR EACH ROW EXECUTE FUNCTION helper.log(); UPDATE helper.nulls SET id = ''x''', '42804'),
	('CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION helper.withdraw_event(); CREATE TABLE helper.another ()', '39P01'),
	('SELECT helper.sees(''x'', 1)', 'ok')) s (statement, code);

SELECT * FROM finish();
ROLLBACK;
