/*
 * CREATE EXTENSION, DROP EXTENSION, and both again in one session.  Not in a
 * transaction, so that each is over before the next; the database is this
 * test's own.
 */
SELECT plan(40);

\ir fixtures/helpers.psql

-- Everything that a database has, but for what the tests themselves made.
CREATE VIEW helper.objects AS
	SELECT 'schema' AS kind, nspname::text AS name FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
	UNION ALL SELECT 'relation', c.oid::regclass::text FROM pg_class c
		WHERE relpersistence <> 't' AND relkind <> 't' AND c.oid NOT IN (SELECT indexrelid FROM pg_index JOIN pg_class t
			ON t.oid = indrelid WHERE t.relkind = 't')
	UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc
	UNION ALL SELECT 'type', oid::regtype::text FROM pg_type WHERE typtype IN ('d', 'e', 'r')
	UNION ALL SELECT 'operator', oid::regoperator::text FROM pg_operator
	UNION ALL SELECT 'trigger', tgname::text || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal
	UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger
	UNION ALL SELECT 'policy', polname::text || ' on ' || polrelid::regclass FROM pg_policy
	UNION ALL SELECT 'role', rolname FROM pg_roles
	UNION ALL SELECT 'extension', extname FROM pg_extension
	UNION ALL SELECT 'language', lanname FROM pg_language;
CREATE TABLE helper.seen (moment text, kind text, name text);
CREATE FUNCTION helper.look(moment text) RETURNS void
LANGUAGE sql
AS $$
	INSERT INTO helper.seen SELECT moment, kind, name FROM helper.objects
$$;
CREATE FUNCTION helper.difference(old text, new text) RETURNS SETOF text
LANGUAGE sql
AS $$
	(SELECT 'gone: ' || kind || ' ' || name FROM helper.seen WHERE moment = old
		EXCEPT ALL SELECT 'gone: ' || kind || ' ' || name FROM helper.seen WHERE moment = new)
	UNION ALL
	(SELECT 'new: ' || kind || ' ' || name FROM helper.seen WHERE moment = new
		EXCEPT ALL SELECT 'new: ' || kind || ' ' || name FROM helper.seen WHERE moment = old)
$$;

\ir fixtures/golden.psql
SELECT is(api.apitoken_disable('text') ->> 'status', 'Disabled', 'a first call, whose plans are kept');
SELECT helper.look('created') \g /dev/null

DROP EXTENSION apitoken;
SELECT helper.look('dropped') \g /dev/null
SELECT is((SELECT count(*) > 40 FROM helper.difference('created', 'dropped')), true, 'DROP EXTENSION takes much away');
SELECT is((SELECT array_agg(kind || ' ' || name) FROM helper.objects
		WHERE name ~ 'apitoken' AND name <> ALL ('{api,helper}')), NULL, 'nothing of it is left');
SELECT is((SELECT array_agg(d) FROM helper.difference('created', 'dropped') d WHERE d LIKE 'new:%'), NULL, 'nothing has come with it');
SELECT is(to_regnamespace('api') IS NOT NULL, true, 'the schema of the functions, which is the user''s, stays');
SELECT is((SELECT f.code FROM helper.failure($$ SELECT api.apitoken_disable('text') $$) f), '42883', 'there is no call without it');

CREATE EXTENSION apitoken SCHEMA api;
SELECT helper.look('created again') \g /dev/null
SELECT is((SELECT array_agg(d) FROM helper.difference('created', 'created again') d), NULL, 'CREATE EXTENSION gives the same again');
SELECT is((SELECT f.code FROM helper.failure($$ SELECT api.apitoken_disable('text') $$) f), 'PT404', 'without the rows of before');
\ir fixtures/golden.psql
SELECT is(api.apitoken_disable('text') #>> '{account,groups,0,users,0,name}', 'text', 'the same session''s plans go to the new tables');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions), 1::bigint, 'and so does its trail');
SELECT is((SELECT f.code FROM helper.failure($$ SELECT api.apitoken_disable('text') $$) f), 'PT400', 'its errors too');

-- Tables that change under kept plans.
ALTER TABLE apitoken.accounts ADD COLUMN more text DEFAULT 'x';
UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'text';
SELECT is((SELECT jsonb_build_array(document ->> 'status', document #> '{account,groups,0,users,0,phone}', document #> '{account,name}')
		FROM api.apitoken_disable('text') document),
	'["Disabled", {"prefix": "text", "number": "text"}, "text"]'::jsonb, 'a column more under kept plans');
-- one that is missing is not null, by whatever way it is read
UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'text';
SELECT is((SELECT array_agg((SELECT f.code || ' ' || f.message FROM helper.failure(renamed || '; SELECT api.apitoken_disable(''text'')') f))
	FROM unnest('{ALTER TABLE apitoken.users RENAME phone_prefix TO prefix,ALTER TABLE apitoken.users RENAME name TO nom,ALTER TABLE apitoken.user_groups RENAME name TO nom,
		SET LOCAL apitoken.index_reads = off; ALTER TABLE apitoken.users RENAME name TO nom}'::text[]) renamed),
	'{"42703 column \"phone_prefix\" is missing","42703 column \"name\" is missing","42703 column \"name\" is missing","42703 column \"name\" is missing"}', 'a column that was renamed');
SELECT is((SELECT f.code FROM helper.failure('ALTER EXTENSION apitoken DROP VIEW apitoken_monitor.overview; ALTER TABLE apitoken.accounts DROP COLUMN held_at CASCADE; ALTER TABLE apitoken.api_tokens DROP COLUMN held_at CASCADE;
	SELECT api.apitoken_get(''text'')') f), NULL, 'but what 1.0 did not have may be missing, until the update');

/*
 * Another schema, whose name needs quotes.
 */
DROP EXTENSION apitoken;
CREATE SCHEMA "My Api é";
CREATE EXTENSION apitoken SCHEMA "My Api é";
SELECT is((SELECT array_agg(DISTINCT pronamespace::regnamespace::text) FROM pg_proc WHERE proname LIKE 'apitoken\_%'),
	'{"\"My Api é\""}', 'the functions are where the user says');
SELECT is((SELECT array_agg(DISTINCT relnamespace::regnamespace::text) FROM pg_class
		WHERE relname IN ('api_tokens', 'accounts', 'users') AND relkind = 'r'), '{apitoken}', 'the tables are where they always are');
\ir fixtures/golden.psql
SELECT is("My Api é".apitoken_disable('text') ->> 'status', 'Disabled', 'the call works there');
SELECT is((SELECT f.code FROM helper.failure('ALTER EXTENSION apitoken SET SCHEMA api') f), '0A000', 'the schema is chosen once');

/*
 * Nothing that is planted in the schema, or named before, is taken for the extension's own.
 */
DROP EXTENSION apitoken;
DROP SCHEMA "My Api é";
CREATE FUNCTION api.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz';
CREATE FUNCTION api.char_length(text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION api.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE TABLE api.pg_class (oid oid, relnamespace oid, relkind "char");
CREATE EXTENSION apitoken SCHEMA api;
SELECT is((SELECT array_agg(refobjid::regprocedure::text) FROM pg_depend
		WHERE refclassid = 'pg_proc'::regclass AND refobjid IN ('api.now()'::regprocedure, 'api.char_length(text)'::regprocedure)),
	NULL, 'nothing planted in the schema is used');
SELECT is((SELECT cardinality(extconfig) FROM pg_extension WHERE extname = 'apitoken')::bigint,
	(SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'S')),
	'and all tables are marked for dump');
DROP EXTENSION apitoken;
CREATE SCHEMA apitoken;
SELECT is((SELECT f.code FROM helper.failure('CREATE EXTENSION apitoken SCHEMA api') f), '42P06',
	'a schema of the tables'' name that is there already is nobody''s to take');
DROP SCHEMA apitoken;
CREATE EXTENSION apitoken SCHEMA api;
SELECT is(api.apitoken_version(), (SELECT extversion FROM pg_extension WHERE extname = 'apitoken'), 'library and script are of one version');
SELECT is((SELECT array_agg(d) FROM (SELECT helper.look('last')) l, helper.difference('created', 'last') d
		WHERE d !~ '^new: (function|relation) api\.'), NULL, 'in the end all is as in the beginning');

/*
 * A schema in which others may create, or have created.
 */
DROP EXTENSION apitoken;
DROP FUNCTION api.now(), api.char_length(text), api.format(text, "any");
DROP TABLE api.pg_class;
CREATE ROLE apitoken_install_other;
CREATE ROLE apitoken_install_super SUPERUSER;
CREATE FUNCTION helper.created_in(preparation text, schema_name text DEFAULT 'target') RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	told text;
BEGIN
	BEGIN
		EXECUTE preparation;
		EXECUTE format('CREATE EXTENSION apitoken SCHEMA %I', schema_name);
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION
		WHEN SQLSTATE 'Y0000' THEN RETURN 'ok';
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
			RETURN SQLSTATE || ': ' || told;
	END;
END
$$;
SELECT is(helper.created_in(preparation), outcome, preparation)
	FROM (VALUES
		(1, 'CREATE SCHEMA target', 'ok'),
		(2, 'CREATE SCHEMA target; GRANT USAGE ON SCHEMA target TO PUBLIC, apitoken_install_other', 'ok'),
		(3, 'CREATE SCHEMA target; GRANT ALL ON SCHEMA target TO apitoken_install_super', 'ok'),
		(4, 'CREATE SCHEMA target AUTHORIZATION apitoken_install_super', 'ok'),
		(5, 'CREATE SCHEMA target; GRANT CREATE ON SCHEMA target TO PUBLIC', '42501: One that is called in place of the extension''s would be given secrets. These roles may create there: PUBLIC.'),
		(6, 'CREATE SCHEMA target; GRANT CREATE ON SCHEMA target TO apitoken_install_other WITH GRANT OPTION',
			'42501: One that is called in place of the extension''s would be given secrets. These roles may create there: apitoken_install_other.'),
		(7, 'CREATE SCHEMA target AUTHORIZATION apitoken_install_other',
			'42501: One that is called in place of the extension''s would be given secrets. These roles may create there: apitoken_install_other.'),
		(8, 'CREATE SCHEMA target; CREATE FUNCTION target.apitoken_authenticate(varchar) RETURNS jsonb LANGUAGE sql AS ''SELECT NULL::jsonb''',
			'42723: They are: target.apitoken_authenticate(character varying).'),
		(9, 'CREATE SCHEMA target; CREATE FUNCTION target.apitoken_disable(text, text, text, text DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS ''SELECT NULL::jsonb''',
			'42723: They are: target.apitoken_disable(text,text,text,text).'),
		(10, 'CREATE SCHEMA target; CREATE FUNCTION target.apitoken(text) RETURNS text LANGUAGE sql AS ''SELECT $1''', 'ok')
	) t (number, preparation, outcome)
	ORDER BY number;
-- "public", which everybody may create in before 15, and the owner of the database may in any version
SELECT is(helper.created_in('GRANT CREATE ON SCHEMA public TO PUBLIC', 'public'),
	'42501: One that is called in place of the extension''s would be given secrets. These roles may create there: PUBLIC.', 'public, where everybody may create');
SELECT is(helper.created_in('REVOKE CREATE ON SCHEMA public FROM PUBLIC', 'public'), 'ok', 'public, where the owner of the database may, who is the installer');
SELECT current_database() AS database \gset
SELECT is(helper.created_in(format('REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER DATABASE %I OWNER TO apitoken_install_other', :'database'), 'public') ~ 'apitoken_install_other',
	current_setting('server_version_num')::integer >= 150000, 'and where he is not');

/*
 * ALTER DEFAULT PRIVILEGES gives nobody a right to anything of the extension.
 */
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO apitoken_install_other WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO apitoken_install_other;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO apitoken_install_other;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO apitoken_install_other;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO apitoken_install_other, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT ALL ON FUNCTIONS TO apitoken_install_other WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT ALL ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE EXTENSION apitoken SCHEMA api;
SELECT is((SELECT array_agg(format('%s: %s', pg_describe_object(o.classid, o.oid, 0), a.grantee::regrole) ORDER BY 1)
	FROM pg_depend d
	JOIN (
		SELECT 'pg_namespace'::regclass, oid, nspacl, nspowner, NULL::"char" FROM pg_namespace
		UNION ALL SELECT 'pg_class'::regclass, oid, relacl, relowner, NULL FROM pg_class
		UNION ALL SELECT 'pg_proc'::regclass, oid, proacl, proowner, 'f' FROM pg_proc
		UNION ALL SELECT 'pg_type'::regclass, oid, typacl, typowner, CASE typtype WHEN 'd' THEN 'T'::"char" END FROM pg_type
	) o (classid, oid, acl, owner, kind) ON o.classid = d.classid AND o.oid = d.objid
	CROSS JOIN LATERAL aclexplode(COALESCE(o.acl, acldefault(o.kind, o.owner))) a
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND a.grantee <> o.owner
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apitoken')), NULL, 'default privileges are taken back from every object');
SELECT is(helper.outcome('SET LOCAL ROLE apitoken_install_other; SELECT api.apitoken_version()'), '42501', 'so that nobody calls');
SELECT is((SELECT array_agg(d) FROM (SELECT helper.look('with default privileges')) l, helper.difference('created', 'with default privileges') d
	WHERE d !~ '^new: (role|function (api|helper))'), NULL, 'and everything else is as ever');
-- the owner keeps his own
SELECT is(has_table_privilege('apitoken.api_tokens', 'SELECT') AND has_schema_privilege('apitoken_monitor', 'USAGE'), true, 'the owner keeps his own');
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM apitoken_install_other, PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM apitoken_install_other;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM apitoken_install_other;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM apitoken_install_other;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM apitoken_install_other, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA api REVOKE ALL ON FUNCTIONS FROM apitoken_install_other, PUBLIC;
DROP ROLE apitoken_install_other, apitoken_install_super;

SELECT * FROM finish();
