-- An index is read instead of running a statement only where nothing is hooked
-- and nothing is computed, and what somebody has added to a table changes no
-- answer.
\set QUIET on
\ir marketplace.sql
BEGIN;
SELECT plan(32);
-- nobody is to be warned of what is added here
SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM pg_event_trigger \gexec

CREATE SCHEMA helper;
CREATE FUNCTION helper.answers() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_array(
		(SELECT jsonb_object_agg(id, api.apitoken_get(id)) FROM apitoken.api_tokens),
		api.apitoken_list('order=id&select=audit,account.groups'),
		api.apitoken_list('or(ge(lastAccessAt,2000-01-01T00:00:00Z),eq(lastAccessAt,null()))&order=-lastAccessAt,account.name'),
		api.apitoken_list('any(modules,eq(id,MOD-0003))&eq(account.type,Client)'),
		api.apitoken_list('id=nobody'))
$$;

CREATE FUNCTION helper.secret(token text) RETURNS text LANGUAGE sql AS $$
	SELECT 'idt:' || token || ':' || translate(rtrim(encode(sha256(convert_to('demo ' || token, 'UTF8')), 'base64'), '='), '+/', '-_')
$$;

CREATE TEMPORARY TABLE usual AS SELECT helper.answers() AS answers;
SELECT cmp_ok((SELECT count(*) FROM usual, jsonb_path_query(answers, '$.**.lastAccessAt')), '>', 5::bigint, 'the documents show accesses');
SELECT is((SELECT jsonb_array_length(answers #> '{2,data}') FROM usual), 11, 'a condition on the access finds tokens');
SELECT is((SELECT answers #>> '{4,$meta,pagination,total}' FROM usual), '0', 'and a page may be empty');

/*
 * Columns that are computed
 */
CREATE TEMPORARY TABLE icons AS SELECT '/icons/' || name AS icon FROM apitoken.users;
CREATE FUNCTION helper.icons() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(DISTINCT icon) FROM jsonb_path_query(helper.answers(), '$[0].**.users[*].icon') icon WHERE icon #>> '{}' IN (SELECT i.icon FROM icons i)
$$;
SAVEPOINT computed;
ALTER TABLE apitoken.users DROP COLUMN icon CASCADE;
ALTER TABLE apitoken.users ADD COLUMN icon text GENERATED ALWAYS AS ('/icons/' || name) STORED;
SELECT cmp_ok(helper.icons(), '>', 3::bigint, 'a generated column that is stored is shown');
ROLLBACK TO computed;
SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
\if :has_virtual
ALTER TABLE apitoken.users DROP COLUMN icon CASCADE;
ALTER TABLE apitoken.users ADD COLUMN icon text GENERATED ALWAYS AS ('/icons/' || name) VIRTUAL;
SELECT cmp_ok(helper.icons(), '>', 3::bigint, 'so is one that is virtual');
-- what cannot be computed is an error, whether it is shown or not
ALTER TABLE apitoken.users DROP COLUMN icon CASCADE;
ALTER TABLE apitoken.users ADD COLUMN impossible integer GENERATED ALWAYS AS (1 / (length(name) - length(name))) VIRTUAL;
SELECT throws_ok('SELECT helper.answers()', '22012', NULL, 'and one that cannot be computed fails as in a statement');
ROLLBACK TO computed;
\else
SELECT skip('virtual generated columns came with 18', 2);
\endif

/*
 * A right that the owner has taken from himself
 */
SAVEPOINT rights;
CREATE ROLE apitoken_reading_owner;
GRANT USAGE ON SCHEMA helper, api TO apitoken_reading_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA helper, api TO apitoken_reading_owner;
ALTER SCHEMA apitoken OWNER TO apitoken_reading_owner;
DO $$
DECLARE
	owned regclass;
BEGIN
	FOR owned IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'v') LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO apitoken_reading_owner', owned);
	END LOOP;
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA apitoken TO apitoken_reading_owner;
SELECT is(helper.answers(), answers, 'an owner who is no superuser: the same') FROM usual;
SAVEPOINT revoked;
REVOKE SELECT ON apitoken.users FROM apitoken_reading_owner;
SELECT throws_ok('SELECT helper.answers()', '42501', NULL, 'what its owner may not read is not read past him');
ROLLBACK TO revoked;

/*
 * Policies that are forced on that owner, on every table that has any
 */
DO $$
DECLARE
	owned regclass;
BEGIN
	FOR owned IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relrowsecurity LOOP
		EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', owned);
	END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relforcerowsecurity), '>', 15::bigint, '(they are forced)');
-- under what a document takes, and not until the stack ends
SET LOCAL max_stack_depth = '1MB';
SELECT is(helper.answers(), answers, 'forced: a trusted role is answered the same') FROM usual;

SAVEPOINT actor;
SELECT is(api.apitoken_authenticate(helper.secret('TKN-3001-1002')) #>> '{account,id}', 'ACC-3001-7788', 'a token authenticates');
-- (those who act in audits may be of another account)
SELECT is(jsonb_path_query_array(api.apitoken_get('TKN-3001-1003'), '$.account.groups[*].*[*].id'), jsonb_path_query_array(answers, '$[0]."TKN-3001-1003".account.groups[*].*[*].id'),
	'as an actor it reads its account') FROM usual;
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'lastAccessAt', answers #>> '{0,TKN-1671-0642,lastAccessAt}', 'and when a token was used') FROM usual;
SELECT is(jsonb_path_query_array(api.apitoken_list('order=id'), '$.data[*].id'), '["TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003", "TKN-3001-1004"]', 'lists its tokens');
SELECT throws_ok($$ SELECT api.apitoken_get('TKN-3002-1001') $$, 'PT404', NULL, 'and no others');
SELECT is(api.apitoken_disable('TKN-3001-1003') ->> 'status', 'Disabled', 'disables one');
SELECT is((SELECT array_agg(t.to_status || ' by ' || t.actor_id ORDER BY t.id) FROM apitoken.api_token_transitions t WHERE api_token_id = 'TKN-3001-1003' AND from_status IS NOT NULL),
	'{"Disabled by TKN-3001-1002"}', 'which leaves its row in the trail');
SELECT is(api.apitoken_enable('TKN-3001-1003') ->> 'status', 'Active', 'enables it');
SELECT is(api.apitoken_update('TKN-3001-1003', '{"name": "Renamed"}') ->> 'name', 'Renamed', 'renames it');
SELECT is(api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}') ->> 'status', 'Active', 'creates one');
SELECT is(api.apitoken_disable('TKN-3001-1002') ->> 'status', 'Disabled', 'and disables itself');
ROLLBACK TO actor;
SELECT is(jsonb_array_length(api.apitoken_authenticate(helper.secret('TKN-3001-1003')) -> 'modules'), 1, 'a token that administers nothing authenticates');
SELECT is(api.apitoken_get('TKN-3001-1003') ->> 'id', 'TKN-3001-1003', 'reads itself');
SELECT throws_ok($$ SELECT api.apitoken_get('TKN-1671-0642') $$, 'PT403', NULL, 'and is told so of any other');
ROLLBACK TO actor;

-- one that somebody has added hides rows from the documents
CREATE POLICY hidden ON apitoken.users AS RESTRICTIVE USING (id <> 'USR-3001-0001');
SELECT is((SELECT count(*) FROM jsonb_path_query(helper.answers(), '$[0].**.users[*] ? (@.id == "USR-3001-0001")')), 0::bigint, 'a policy that hides a user hides him');
SELECT is(api.apitoken_disable('TKN-3001-1003') ->> 'status', 'Disabled', 'and stops no disable');
ROLLBACK TO rights;

/*
 * Columns of one's own: in every table one of each name that the extension's SQL
 * uses, be it of a column, a table, a variable or a result, of a type that it uses
 * nowhere.  What is no name is one of a column as well.
 */
\set statements `sed -n 's/^[^"]*"/"/; /"/p' src/store/store.c src/query/rql_sql.c | grep -oE '[a-z_][a-z0-9_]*' | LC_ALL=C sort -u | tr '\n' ' '`
CREATE TEMPORARY TABLE names AS
	SELECT name FROM unnest(string_to_array(trim(:'statements'), ' ')) name
	UNION SELECT m[1] FROM pg_proc, regexp_matches(prosrc, '\m[a-z_][a-z0-9_]*\M', 'g') m
		WHERE pronamespace IN ('api'::regnamespace, 'apitoken'::regnamespace) AND probin IS NULL
	UNION SELECT attname FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace) AND attnum > 0
	UNION SELECT relname FROM pg_class WHERE relnamespace IN ('apitoken'::regnamespace, 'apitoken_monitor'::regnamespace)
	-- it was used once
	UNION SELECT 'total';
DELETE FROM names WHERE name !~ '^[a-z_]' OR length(name) > 63 OR name IN ('tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid');
DO $$
DECLARE
	added record;
BEGIN
	FOR added IN
		SELECT c.oid::regclass AS relation, string_agg(format('ADD COLUMN %I "char" %s', n.name, CASE WHEN c.relname = 'api_tokens' THEN 'DEFAULT ''?''' END), ', ') AS columns
			FROM pg_class c, names n
			WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'r'
				AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = n.name)
			GROUP BY c.oid
	LOOP
		EXECUTE format('ALTER TABLE %s %s', added.relation, added.columns);
	END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM names), '>', 300::bigint, '(there are names enough)');
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = 'apitoken.api_tokens'::regclass AND attname IN ('total', 'place', 'last_access_at', 'x', 't', 'count')), 6::bigint,
	'(the tokens have such columns)');
SELECT is(helper.answers(), answers, 'columns of one''s own change no answer') FROM usual;
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.answers(), answers, 'nor do they by statements') FROM usual;
SELECT is((SELECT array_agg(r.status) FROM (VALUES
		(api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0003"}]}') ->> 'status'),
		(api.apitoken_disable('TKN-3001-1003') ->> 'status'), (api.apitoken_enable('TKN-3001-1003') ->> 'status'),
		(api.apitoken_update('TKN-3001-1003', '{"name": "Renamed", "modules": []}') ->> 'name'),
		(api.apitoken_delete('TKN-3001-1004')::text),
		(api.apitoken_authenticate(helper.secret('TKN-3001-1002')) ->> 'id'),
		((api.apitoken_disable_all('ACC-3001-7788') ? 'TKN-1671-0642')::text)) r (status)),
	'{Active,Disabled,Active,Renamed,"",TKN-3001-1002,true}', 'and every change is made');
SELECT is((SELECT count(*) FROM apitoken_monitor.token_transitions WHERE to_status = 'Deleted' AND api_token_id = 'TKN-3001-1004'), 1::bigint, 'the trail has it');

SELECT * FROM finish();
ROLLBACK;
