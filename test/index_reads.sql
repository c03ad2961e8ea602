-- Rows that are read through an index are those that a statement would find,
-- and where the two would not mean the same, the statement is run.
\set QUIET on
\ir marketplace.sql
-- then the tables' visibility maps say that all their rows are visible
VACUUM;

BEGIN;
SELECT plan(25);

CREATE SCHEMA helper;
CREATE FUNCTION helper.answers() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_array(
		(SELECT jsonb_object_agg(id, api.apitoken_get(id)) FROM apitoken.api_tokens),
		api.apitoken_list('order=id&select=audit,account.groups'))
$$;

-- The statements that this session keeps for reading rows by their keys.
CREATE FUNCTION helper.statements() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	-- 13 has no such view
	IF to_regclass('pg_catalog.pg_backend_memory_contexts') IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE $s$SELECT count(*) FROM pg_backend_memory_contexts
		WHERE name = 'CachedPlanSource' AND ident LIKE 'SELECT k.place, r.* FROM ROWS FROM%'$s$ INTO result;
	RETURN result;
END
$$;

CREATE TEMPORARY TABLE usual AS SELECT helper.answers() AS answers;
SELECT cmp_ok((SELECT count(*) FROM usual, jsonb_path_query(answers, '$.**.users[*].email')), '>', 20::bigint, 'the documents show users');
SELECT is(COALESCE(helper.statements(), 0), 0::bigint, 'no statement reads them');

SELECT is((SELECT idx_tup_fetch FROM pg_stat_xact_all_tables WHERE relid = 'apitoken.user_group_users'::regclass), 0::bigint,
	'links are read from their index alone');

SET LOCAL apitoken.index_reads = off;
SELECT is(helper.answers(), answers, 'statements find the same rows in the same order') FROM usual;
SELECT isnt(COALESCE(helper.statements(), 1), 0::bigint, 'they are statements then');
SET LOCAL apitoken.index_reads = on;
SELECT is(helper.answers(), answers, 'and back') FROM usual;

-- who may authenticate
SAVEPOINT nobody;
CREATE TEMPORARY TABLE created AS
	SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object('id', 'ACC-3001-7788'), 'name', 'Administrator',
		'modules', (SELECT jsonb_agg(jsonb_build_object('id', module_id)) FROM apitoken.user_group_modules m
			JOIN apitoken.user_groups g ON g.id = m.user_group_id AND g.is_default AND g.account_id = 'ACC-3001-7788'))) ->> 'token' AS secret;
CREATE TEMPORARY TABLE authenticated AS SELECT api.apitoken_authenticate(secret) AS answer FROM created;
SELECT cmp_ok(jsonb_array_length(answer -> 'modules'), '>', 0, 'a token authenticates with its modules') FROM authenticated;
SET LOCAL apitoken.index_reads = off;
SELECT is(api.apitoken_authenticate(secret), answer, 'by statements as well') FROM created, authenticated;
SELECT throws_ok(format('SELECT api.apitoken_authenticate(%L)', secret || 'x'), 'PT401', 'Unauthorized', 'and not with another secret') FROM created;
ROLLBACK TO nobody;

-- a session learns what has become of a table that it has read before
CREATE TEMPORARY TABLE icons AS SELECT id, icon FROM apitoken.users;
ALTER TABLE apitoken.users DROP COLUMN icon;
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$.**.users[*].icon')), 0::bigint, 'a column that is gone is not shown');
ALTER TABLE apitoken.users ADD COLUMN icon text;
UPDATE apitoken.users u SET icon = i.icon FROM icons i WHERE i.id = u.id;
SELECT is(helper.answers(), answers, 'one in another place is') FROM usual;
ALTER TABLE apitoken.users ALTER COLUMN icon TYPE integer USING NULL;
SELECT throws_ok('SELECT helper.answers()', '42804', NULL, 'one of another type is refused');
ALTER TABLE apitoken.users ALTER COLUMN icon TYPE text;
UPDATE apitoken.users u SET icon = i.icon FROM icons i WHERE i.id = u.id;

-- links that are gone, or new, where the map does not say so any more
SAVEPOINT links;
DELETE FROM apitoken.user_group_users WHERE user_id = 'USR-3001-0001';
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$.**.users[*] ? (@.id == "USR-3001-0001")')), 0::bigint, 'a link that is gone is not followed');
ROLLBACK TO links;
SELECT is(helper.answers(), answers, 'one that is there after all is') FROM usual;

-- no index that orders the rows
SAVEPOINT complete;
ALTER TABLE apitoken.user_group_users DROP CONSTRAINT user_group_users_pkey;
SELECT is(helper.answers(), answers, 'without its index a table is read by the statement') FROM usual;
CREATE INDEX ON apitoken.user_group_users (account_id, user_group_id, user_id DESC);
SELECT is(helper.answers(), answers, 'an index in another order does not serve') FROM usual;
CREATE INDEX ON apitoken.user_group_users (account_id, user_group_id, user_id) WHERE user_id < 'USR-3001-0002';
SELECT is(helper.answers(), answers, 'nor one of some rows') FROM usual;
ROLLBACK TO complete;

-- rows in a table that inherits
SAVEPOINT whole;
CREATE TABLE helper.more_modules () INHERITS (apitoken.modules);
SET LOCAL session_replication_role = replica;
INSERT INTO helper.more_modules SELECT * FROM ONLY apitoken.modules WHERE id = 'MOD-0003';
DELETE FROM ONLY apitoken.modules WHERE id = 'MOD-0003';
SET LOCAL session_replication_role = origin;
SELECT is(helper.answers(), answers, 'rows of a child are found') FROM usual;
ROLLBACK TO whole;

-- what is linked to and not there, as after a restore without foreign keys
SAVEPOINT linked;
SET LOCAL session_replication_role = replica;
DELETE FROM apitoken.users WHERE id = 'USR-3001-0001';
SET LOCAL session_replication_role = origin;
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$.**.users[*] ? (@.id == "USR-3001-0001")')), 0::bigint, 'a user who is not there is not shown');
CREATE TEMPORARY TABLE without AS SELECT helper.answers() AS answers;
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.answers(), answers, 'by no statement either') FROM without;
SET LOCAL apitoken.index_reads = on;
ROLLBACK TO linked;

-- policies that are forced on an owner who is no superuser
CREATE ROLE apitoken_index_owner;
GRANT USAGE ON SCHEMA helper, api TO apitoken_index_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA helper, api TO apitoken_index_owner;
ALTER SCHEMA apitoken OWNER TO apitoken_index_owner;
DO $$
DECLARE
	owned regclass;
BEGIN
	FOR owned IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'v') LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO apitoken_index_owner', owned);
	END LOOP;
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA apitoken TO apitoken_index_owner;
SELECT is(helper.answers(), answers, 'another owner: the same') FROM usual;
CREATE POLICY hidden ON apitoken.users AS RESTRICTIVE USING (id <> 'USR-3001-0001');
SELECT is(helper.answers(), answers, 'a policy does not bind the owner') FROM usual;
ALTER TABLE apitoken.users FORCE ROW LEVEL SECURITY;
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$.**.users[*] ? (@.id == "USR-3001-0001")')), 0::bigint, 'unless it is forced on him');
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$.**.users[*] ? (@.id == "USR-3001-0002")')) > 0, true, 'which hides nobody else');
ALTER TABLE apitoken.users NO FORCE ROW LEVEL SECURITY;
SELECT is(helper.answers(), answers, 'and not any longer') FROM usual;

SELECT * FROM finish();
ROLLBACK;
