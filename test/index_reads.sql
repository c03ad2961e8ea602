-- Rows that are read through an index are those that a statement would find,
-- and where the two would not mean the same, the statement is run.
\set QUIET on
\ir marketplace.sql
-- then the tables' visibility maps say that all their rows are visible
VACUUM;

BEGIN;
SELECT plan(35);

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
		WHERE name = 'CachedPlanSource' AND ident LIKE 'SELECT /* apitoken % */ k.place, r.* FROM ROWS FROM%'$s$ INTO result;
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
ALTER TABLE apitoken.users DROP COLUMN icon CASCADE;
SELECT throws_ok('SELECT helper.answers()', '42703', 'column "icon" is missing', 'a column that is gone is missed');
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

-- Keys that lie together are read in one go: an account of six groups, whose
-- buyers are next to one another, and of whose users every other one has forty
-- strangers before the next.
SAVEPOINT ranges;
SET LOCAL session_replication_role = replica;
INSERT INTO apitoken.accounts (id, type, name) VALUES ('RNG', 'Client', 'Ranges');
INSERT INTO apitoken.users (id, name) SELECT format('RNG-%s', to_char(n, 'FM0000')), 'User ' || n FROM generate_series(1, 820) n;
INSERT INTO apitoken.buyers (account_id, id, name, contact_id)
	SELECT 'RNG', format('RNG-%s', to_char(n, 'FM0000')), 'Buyer ' || n, 'RNG-0001' FROM generate_series(1, 40) n;
INSERT INTO apitoken.buyer_errors (account_id, buyer_id, ordinal, id, message)
	SELECT account_id, id, o, 'E' || o, 'Error' FROM apitoken.buyers, generate_series(1, 2) o WHERE account_id = 'RNG';
INSERT INTO apitoken.user_accounts SELECT 'RNG', id FROM apitoken.users WHERE id LIKE 'RNG-%';
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) SELECT 'RNG', 'RNG-' || n, 'Group ' || n, n = 1 FROM generate_series(1, 6) n;
INSERT INTO apitoken.user_group_modules SELECT 'RNG', 'RNG-' || n, m.id FROM generate_series(1, 6) n, apitoken.modules m;
INSERT INTO apitoken.user_group_buyers SELECT 'RNG', 'RNG-' || (6 - n % 5), format('RNG-%s', to_char(n, 'FM0000')) FROM generate_series(1, 40) n;
INSERT INTO apitoken.user_group_users
	SELECT 'RNG', 'RNG-' || (6 - n / 41 % 5), format('RNG-%s', to_char(n, 'FM0000')) FROM generate_series(1, 820) n WHERE n % 41 < 2;
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at)
	SELECT 'RNG', 'RNG-' || n, 'Token ' || n, timestamptz '2026-01-01' - n * interval '1 day' FROM generate_series(1, 6) n;
INSERT INTO apitoken.api_token_modules SELECT 'RNG', 'RNG-' || n, m.id FROM generate_series(1, 6) n, apitoken.modules m;
SET LOCAL session_replication_role = origin;

-- how often an index of a table was gone down
CREATE FUNCTION helper.scans(indexed regclass) RETURNS bigint LANGUAGE sql AS $$
	SELECT pg_stat_get_xact_numscans(i.indexrelid) FROM pg_index i WHERE i.indrelid = indexed AND i.indisprimary
$$;
CREATE FUNCTION helper.range_answers() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_array(api.apitoken_get('RNG-1'), api.apitoken_list('account.id=RNG&order=id'), api.apitoken_list('account.id=RNG'))
$$;
CREATE TEMPORARY TABLE before AS SELECT helper.scans('apitoken.user_group_users') AS links, helper.scans('apitoken.users') AS users,
	helper.scans('apitoken.buyers') AS buyers, helper.scans('apitoken.buyer_errors') AS errors;
CREATE TEMPORARY TABLE document AS SELECT api.apitoken_get('RNG-1') AS document;
SELECT is(helper.scans('apitoken.user_group_users') - links, 1::bigint, 'the links of six groups are read in one go') FROM before;
SELECT is(helper.scans('apitoken.buyers') - buyers, 1::bigint, 'so are buyers') FROM before;
SELECT is(helper.scans('apitoken.buyer_errors') - errors, 1::bigint, 'so are their errors') FROM before;
-- the first two have strangers behind them; 37 others and the two are left
SELECT cmp_ok(helper.scans('apitoken.users') - users, '>', 30::bigint, 'users who are far apart are not') FROM before;
SELECT is((SELECT array_agg(jsonb_array_length(g -> 'users') ORDER BY g ->> 'id') FROM document, jsonb_path_query(document, '$.account.groups[*]') g),
	ARRAY[0, 8, 8, 8, 8, 8], 'all of them are shown');
SELECT is((SELECT array_agg(jsonb_array_length(g -> 'buyers') ORDER BY g ->> 'id') FROM document, jsonb_path_query(document, '$.account.groups[*]') g),
	ARRAY[0, 8, 8, 8, 8, 8], 'and all buyers');

CREATE TEMPORARY TABLE ranges AS SELECT helper.range_answers() AS answers;
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.range_answers(), answers, 'statements find the same') FROM ranges;

-- lists that are too long, two of them by far
INSERT INTO apitoken.buyer_errors (account_id, buyer_id, ordinal, id, message) SELECT 'RNG', 'RNG-0003', o, 'E' || o, 'Error' FROM generate_series(3, 20) o;
INSERT INTO apitoken.user_group_users SELECT 'RNG', 'RNG-2', format('RNG-%s', to_char(n, 'FM0000')) FROM generate_series(1, 820) n ON CONFLICT DO NOTHING;
SET LOCAL apitoken.max_list_items = 8;
UPDATE ranges SET answers = helper.range_answers();
SET LOCAL apitoken.index_reads = on;
SELECT is(helper.range_answers(), answers, 'and lists that are too long') FROM ranges;
RESET apitoken.max_list_items;

-- of a page, tokens in another order than their ids: modules that are not there
SET LOCAL session_replication_role = replica;
DELETE FROM apitoken.modules WHERE id = (SELECT min(id) FROM apitoken.modules);
SET LOCAL session_replication_role = origin;
UPDATE ranges SET answers = helper.range_answers();
SELECT is((SELECT count(*) FROM apitoken.modules), (SELECT jsonb_array_length(answers #> '{2,data,0,modules}') FROM ranges)::bigint, 'modules that are not there are not shown');
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.range_answers(), answers, 'by statements neither') FROM ranges;
SET LOCAL apitoken.index_reads = on;
ROLLBACK TO ranges;

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
