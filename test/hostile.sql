/*
 * Callers who plant functions, operators, types and tables under names that
 * the extension uses, and search for them first: nothing of theirs is run, and
 * every call answers what it always does.
 */
\ir fixtures/life.psql

BEGIN;
-- what is planted in pg_temp is not for this test to find: unless it says so
SET LOCAL search_path = public, pg_catalog, pg_temp;
SELECT plan(66);

CREATE ROLE apitoken_hostile_caller;
GRANT USAGE ON SCHEMA api TO apitoken_hostile_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_hostile_caller;
CREATE SCHEMA hostile AUTHORIZATION apitoken_hostile_caller;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;

/*
 * Whatever of theirs is run, as whomever, leaves its trace where no rollback
 * reaches, in a sequence; and fails.
 */
CREATE SEQUENCE hostile.strikes;
GRANT ALL ON SEQUENCE hostile.strikes TO PUBLIC;
CREATE FUNCTION hostile.strike() RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM pg_catalog.nextval('hostile.strikes');
	RAISE EXCEPTION USING ERRCODE = 'HOST1', MESSAGE = 'hostile code was run';
END
$$;
CREATE FUNCTION helper.strikes() RETURNS bigint
LANGUAGE sql
AS $$
	SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM hostile.strikes s
$$;

-- Functions and aggregates that are in the extension's statements and triggers, or might be, for all their arguments.
CREATE TABLE helper.planted (kind text, name text);
DO $$
DECLARE
	shadow record;
BEGIN
	FOR shadow IN
		SELECT p.proname, p.prokind, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
			FROM pg_proc p
			WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a')
				AND proname IN ('array_agg', 'bool_or', 'bool_and', 'count', 'min', 'max', 'string_agg', 'jsonb_agg', 'unnest', 'now',
					'clock_timestamp', 'statement_timestamp', 'inet_client_addr', 'current_setting', 'set_config', 'format', 'sha256',
					'char_length', 'length', 'octet_length', 'encode', 'convert_to', 'lower', 'upper', 'coalesce', 'textcat', 'texteq', 'textne',
					'booleq', 'nextval', 'pg_notify', 'jsonb_build_object', 'to_jsonb', 'row_to_json', 'cardinality', 'generate_series',
					'quote_ident', 'quote_literal', 'concat', 'replace', 'substring', 'strpos', 'to_char', 'date_trunc', 'md5', 'int8')
				AND NOT proargtypes::oid[] && ARRAY['internal'::regtype::oid, '"any"'::regtype] AND prorettype <> 'internal'::regtype
	LOOP
		IF shadow.prokind = 'f' THEN
			EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN PERFORM hostile.strike(); END''',
				shadow.proname, shadow.arguments, shadow.result);
		ELSIF shadow.arguments <> '' AND shadow.arguments !~ '[,*]| ORDER BY ' THEN
			EXECUTE format('CREATE FUNCTION hostile.%I(boolean, %s) RETURNS boolean LANGUAGE plpgsql AS ''BEGIN RETURN hostile.strike(); END''',
				'step_' || shadow.proname, shadow.arguments);
			EXECUTE format('CREATE AGGREGATE hostile.%I(%s) (SFUNC = hostile.%I, STYPE = boolean)', shadow.proname, shadow.arguments, 'step_' || shadow.proname);
		END IF;
		INSERT INTO helper.planted VALUES ('function', shadow.proname);
	END LOOP;

	-- operators, for the types of the tables' columns and for the domains themselves
	FOR shadow IN
		SELECT o.name, l.type AS left_type, r.type AS right_type
			FROM unnest('{=,<>,<,>,<=,>=,||,~,!~,~~,!~~,~*,@>,<@,&&,->,->>}'::text[]) o (name)
			CROSS JOIN unnest('{text,name,boolean,integer,bigint,timestamptz,bytea,uuid,jsonb,inet,text[],apitoken.resource_id,apitoken.instant}'::text[]) l (type)
			CROSS JOIN unnest('{text,name,boolean,integer,bigint,timestamptz,bytea,uuid,jsonb,inet,text[],apitoken.resource_id,apitoken.instant}'::text[]) r (type)
			WHERE l.type = r.type OR l.type IN ('text', 'apitoken.resource_id', 'text[]') OR r.type IN ('text', 'apitoken.resource_id', 'text[]')
	LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION hostile.operator(%1$s, %2$s) RETURNS boolean LANGUAGE plpgsql AS ''BEGIN RETURN hostile.strike(); END''',
			shadow.left_type, shadow.right_type);
		EXECUTE format('CREATE OPERATOR hostile.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = hostile.operator)', shadow.name, shadow.left_type, shadow.right_type);
		INSERT INTO helper.planted VALUES ('operator', shadow.name);
	END LOOP;

	-- types: domains that check by striking
	FOR shadow IN SELECT unnest('{text,bool,int4,int8,jsonb,bytea,timestamptz,uuid,name,regclass,inet}'::text[]) AS name LOOP
		EXECUTE format('CREATE DOMAIN hostile.%1$I AS pg_catalog.%1$I CHECK (hostile.strike())', shadow.name);
		INSERT INTO helper.planted VALUES ('type', shadow.name);
	END LOOP;
	CREATE DOMAIN hostile.resource_id AS pg_catalog.text CHECK (hostile.strike());
	CREATE DOMAIN hostile.instant AS pg_catalog.timestamptz CHECK (hostile.strike());

	-- relations: a view each, and in pg_temp a table each whose rows strike when they are written
	CREATE FUNCTION hostile.strike_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.strike(); RETURN NULL; END';
	FOR shadow IN SELECT relname FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' LOOP
		EXECUTE format('CREATE VIEW hostile.%1$I AS SELECT t.* FROM apitoken.%1$I t WHERE hostile.strike()', shadow.relname);
		EXECUTE format('CREATE TEMPORARY TABLE %1$I (LIKE apitoken.%1$I INCLUDING ALL)', shadow.relname);
		EXECUTE format('CREATE TRIGGER strike BEFORE INSERT OR UPDATE OR DELETE ON pg_temp.%1$I EXECUTE FUNCTION hostile.strike_row()', shadow.relname);
		EXECUTE format('ALTER TABLE pg_temp.%1$I OWNER TO apitoken_hostile_caller', shadow.relname);
		INSERT INTO helper.planted VALUES ('relation', shadow.relname);
	END LOOP;
	CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.strike(); END';
	CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.strike(); END';
	CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (hostile.strike());
	CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (hostile.strike());
END
$$;
-- the functions named as the extension's own
CREATE FUNCTION hostile.sees_every_account() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN hostile.strike(); END';
CREATE FUNCTION hostile.visible_accounts() RETURNS text[] LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.strike(); RETURN ''{}''; END';
CREATE FUNCTION hostile.apitoken_authenticate(text) RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.strike(); END';
SELECT is((SELECT jsonb_object_agg(kind, n > 10) FROM (SELECT kind, count(DISTINCT name) AS n FROM helper.planted GROUP BY kind) k),
	'{"function": true, "operator": true, "type": true, "relation": true}', 'much is planted');
GRANT ALL ON ALL TABLES IN SCHEMA hostile TO PUBLIC;

/*
 * A call under a search path, undone.  Everything here is qualified: it runs
 * under that path, too.
 */
CREATE FUNCTION helper.hostile_probe(path pg_catalog.text, setup pg_catalog.text, statement pg_catalog.text,
	OUT code pg_catalog.text, OUT result pg_catalog.text)
LANGUAGE plpgsql
AS $$
BEGIN
	IF setup IS NOT NULL THEN
		EXECUTE setup;
	END IF;
	PERFORM pg_catalog.set_config('search_path', path, true);
	PERFORM pg_catalog.set_config('role', 'apitoken_hostile_caller', true);
	EXECUTE statement INTO result;
	RAISE EXCEPTION USING ERRCODE = 'Y0000';
EXCEPTION
	WHEN SQLSTATE 'Y0000' THEN
		code := 'ok';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
		result := NULL;
END
$$;

CREATE TABLE helper.paths (number integer, path text);
INSERT INTO helper.paths VALUES
	(0, 'pg_catalog, pg_temp'),
	(1, 'hostile, pg_catalog'),
	(2, 'pg_temp, hostile, pg_catalog'),
	(3, 'hostile, api, apitoken, pg_temp, pg_catalog'),
	(4, 'hostile'),
	(5, ''),
	(6, 'nowhere');

-- What is planted works: it would be run if it were found.
SELECT is((helper.hostile_probe(p.path, NULL, s.statement)).code, 'HOST1', format('%s: %s', p.path, s.statement))
	FROM helper.paths p, unnest(ARRAY[
			'SELECT ''a''::pg_catalog.text = ''b''::pg_catalog.text',
			'SELECT array_agg(v) IS NULL FROM (VALUES (1)) v (v)',
			'SELECT bool_or(v) FROM (VALUES (true)) v (v)',
			'SELECT unnest(ARRAY[1, 2])',
			'SELECT now()',
			'SELECT clock_timestamp()',
			'SELECT ''a'' || ''b''::pg_catalog.text',
			'SELECT ''a''::text',
			'SELECT ''a''::pg_catalog.text !~~ ''b''',
			'INSERT INTO api_tokens (id) VALUES (''a'')']) s (statement)
	WHERE p.number IN (1, 2) ORDER BY p.number;
SELECT is((SELECT helper.strikes()), 20::bigint, 'each leaves its trace, though it was undone');
SELECT setval('hostile.strikes', 1, false) \g /dev/null

/*
 * Every call under every path, in the name of somebody who may do everything,
 * of somebody who may do it in his account, and of nobody.
 */
CREATE TABLE helper.calls (number integer GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO helper.calls (statement) VALUES
	('SELECT api.apitoken_version()'),
	('SELECT api.apitoken_get(''TKN-1671-0642'')'),
	('SELECT api.apitoken_get(''TKN-1671-0642'', ''-*,+id,+account.groups.users.email'')'),
	('SELECT api.apitoken_get(''TKN-9999-9999'')'),
	('SELECT api.apitoken_list()'),
	('SELECT api.apitoken_list(''ilike(name,*e*)&any(modules,eq(id,MOD-0003))&order=-audit.created.at,+name&select=+audit'')'),
	('SELECT api.apitoken_disable(''TKN-1671-0642'')'),
	('SELECT api.apitoken_disable(''TKN-3001-1004'')'),
	('SELECT api.apitoken_enable(''TKN-3001-1004'')'),
	('SELECT api.apitoken_delete(''TKN-1671-0642'')'),
	('SELECT api.apitoken_disable_all(''ACC-3001-7788'')'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "New", "description": null, "modules": [{"id": "MOD-0001"}]}'')'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "<"}'')'),
	('SELECT api.apitoken_create(''{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0003"}]}'')'),
	('SELECT api.apitoken_create(''{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0002"}]}'')'),
	(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))),
	(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-3001-1004'))),
	('SELECT api.apitoken_pre_request()');
CREATE TABLE helper.answers AS
	SELECT a.name AS actor, p.number AS path, c.number AS call, r.code,
			-- what each call has of its own: the time, and a new token's id and secret
			regexp_replace(regexp_replace(r.result, '"' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') || 'T[0-9:.]*Z"', 'now', 'g'),
				CASE WHEN c.statement LIKE '%create%' THEN 'TKN-\d{4}-\d{4}(:[A-Za-z0-9_-]{49})?' ELSE '^$' END, 'new', 'g') AS result
		FROM (VALUES ('Operations', helper.as_token('TKN-0001-0001')), ('Contoso', helper.as_token('TKN-3001-1002')),
				('a token without the module', helper.as_token('TKN-3001-1003')), ('nobody', NULL)) a (name, setup),
			helper.paths p, helper.calls c, helper.hostile_probe(p.path, a.setup, c.statement) r;
SELECT is(helper.strikes(), 0::bigint, 'nothing that was planted has been run');
SELECT is((SELECT jsonb_object_agg(code, n) FROM (SELECT code, count(*) AS n FROM helper.answers WHERE path = 0 GROUP BY code) s),
	'{"ok": 32, "PT400": 6, "PT401": 19, "PT403": 13, "PT404": 2}'::jsonb, 'under a safe path the calls do different things');
SELECT is((SELECT jsonb_agg(jsonb_build_array(a.actor, p.path, c.statement, a.code, left(a.result, 100)))
		FROM helper.answers a JOIN helper.answers safe ON safe.path = 0 AND safe.actor = a.actor AND safe.call = a.call
			JOIN helper.paths p ON p.number = a.path JOIN helper.calls c ON c.number = a.call
		WHERE p.number = path.number AND (a.code, a.result) IS DISTINCT FROM (safe.code, safe.result)), NULL,
		format('the same answers under "%s"', path.path))
	FROM helper.paths path WHERE number > 0 ORDER BY number;

/*
 * Row security's own functions, for a role that may read a table.
 */
GRANT USAGE ON SCHEMA apitoken TO apitoken_hostile_caller;
GRANT SELECT ON apitoken.api_tokens, apitoken.users, apitoken.user_accounts TO apitoken_hostile_caller;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_hostile_caller;
SELECT is((helper.hostile_probe(p.path, helper.as_token('TKN-3001-1002'),
		'SELECT pg_catalog.count(*) * 100 OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM apitoken.users) FROM apitoken.api_tokens'::text)).result,
		'504', format('row security under "%s"', p.path))
	FROM helper.paths p ORDER BY p.number;
SELECT is(helper.strikes(), 0::bigint, 'nor has anything been run by it');

/*
 * A trigger that an administrator put on a table, whose function qualifies
 * nothing: it runs with the owner's rights, under a safe path.
 */
CREATE TABLE helper.fired (path text, role name);
CREATE SEQUENCE helper.firings;
CREATE FUNCTION helper.careless() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	seen text := lower(TG_TABLE_NAME) || ' ' || TG_OP;
BEGIN
	IF length(seen) > 0 AND now() <= clock_timestamp() AND seen <> 'x' THEN
		seen := upper(seen)::text;
	END IF;
	INSERT INTO helper.fired VALUES (current_setting('search_path'), current_user);
	PERFORM nextval('helper.firings');
	RETURN NULL;
END
$$;
DO $$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' LOOP
		EXECUTE format('CREATE TRIGGER careless_row AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION helper.careless()', relation);
		EXECUTE format('CREATE TRIGGER careless_statement AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION helper.careless()', relation);
	END LOOP;
END
$$;
-- as helper.hostile_probe, but leaves what was done; and says what path and role the caller has afterwards
CREATE FUNCTION helper.hostile_call(path pg_catalog.text, setup pg_catalog.text, statement pg_catalog.text, OUT code pg_catalog.text, OUT afterwards pg_catalog.text)
LANGUAGE plpgsql
AS $$
BEGIN
	EXECUTE setup;
	PERFORM pg_catalog.set_config('search_path', path, true);
	PERFORM pg_catalog.set_config('role', 'apitoken_hostile_caller', true);
	BEGIN
		EXECUTE statement;
		code := 'ok';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
	END;
	afterwards := pg_catalog.concat_ws(' ', pg_catalog.current_setting('role'), pg_catalog.current_setting('search_path'));
	PERFORM pg_catalog.set_config('role', 'postgres', true);
	PERFORM pg_catalog.set_config('search_path', 'public, pg_catalog, pg_temp', true);
END
$$;
CREATE FUNCTION helper.fires(call text, rows integer) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
	outcome record;
BEGIN
	TRUNCATE helper.fired;
	SELECT * INTO outcome FROM helper.hostile_call('hostile, pg_catalog', helper.as_token('TKN-0001-0001'), call);
	RETURN NEXT is(jsonb_build_array(outcome.code, outcome.afterwards), '["ok", "apitoken_hostile_caller hostile, pg_catalog"]', 'triggers: ' || left(call, 50));
	RETURN NEXT is((SELECT jsonb_agg(DISTINCT jsonb_build_array(path, role)) FROM helper.fired), '[["pg_catalog, pg_temp", "postgres"]]', 'under a safe path');
	RETURN NEXT is((SELECT count(*)::integer FROM helper.fired) >= rows, true, format('at least %s times', rows));
	RETURN NEXT is(helper.strikes(), 0::bigint, 'and nothing planted is run');
END
$$;
-- the note of the setup's own access was made by the superuser: let there be none
SET LOCAL apitoken.last_access_interval = '1d';
UPDATE apitoken.api_token_credentials SET last_access_at = now() WHERE api_token_id = 'TKN-0001-0001';
SELECT helper.fires(call, rows) FROM (VALUES
	(1, 'SELECT api.apitoken_disable(''TKN-1671-0642'')', 4),
	(2, 'SELECT api.apitoken_enable(''TKN-1671-0642'')', 4),
	(3, 'SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "New", "modules": [{"id": "MOD-0001"}]}'')', 7),
	(4, 'SELECT api.apitoken_create(''{"account": {"id": "ACC-3001-7788"}, "name": "New", "modules": [{"id": "MOD-0003"}]}'')', 8),
	(5, 'SELECT api.apitoken_delete(''TKN-3001-1004'')', 4),
	(6, 'SELECT api.apitoken_disable_all(''ACC-3001-7788'')', 10),
	(7, format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-3002-1001')), 2)) calls (number, call, rows)
	ORDER BY number;

SELECT * FROM finish();
ROLLBACK;
