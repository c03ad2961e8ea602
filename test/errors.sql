/*
 * How apitoken_disable fails: SQLSTATE, message, detail and hint, and that no
 * row of any table is another one afterwards.
 */
BEGIN;
SELECT plan(44);

\ir fixtures/helpers.psql
\ir fixtures/golden.psql

INSERT INTO apitoken.api_tokens (account_id, id, name, status, updated_at, updated_by_type, updated_by_id) VALUES
	('text', 'active', 'Active', 'Active', NULL, NULL, NULL),
	('text', 'disabled', 'Disabled', 'Disabled', '2025-03-01T00:00:00.123Z', 'user', 'text'),
	('text', 'deleted', 'Deleted', 'Deleted', '2025-03-02T00:00:00.123Z', 'token', 'text'),
	('text', 'disabled "é" %s %n \', 'Disabled', 'Disabled', NULL, NULL, NULL);

CREATE ROLE apitoken_errors_nobody;
CREATE ROLE apitoken_errors_outside;
GRANT EXECUTE ON FUNCTION api.apitoken_disable(text, text) TO apitoken_errors_outside;
CREATE ROLE apitoken_errors_caller;
GRANT USAGE ON SCHEMA api TO apitoken_errors_nobody, apitoken_errors_caller;
GRANT EXECUTE ON FUNCTION api.apitoken_disable(text, text) TO apitoken_errors_caller;
CREATE ROLE apitoken_errors_reader;
GRANT USAGE ON SCHEMA api, apitoken TO apitoken_errors_reader;
GRANT SELECT, INSERT, DELETE ON apitoken.api_tokens TO apitoken_errors_reader;
GRANT EXECUTE ON FUNCTION api.apitoken_disable(text, text) TO apitoken_errors_reader;

CREATE FUNCTION helper.as_role(role text, token_id text) RETURNS text
LANGUAGE sql
AS $$
	SELECT format('SET LOCAL ROLE %I; SELECT api.apitoken_disable(%L)', role, token_id)
$$;

CREATE TABLE helper.cases (number integer GENERATED ALWAYS AS IDENTITY, description text, statement text,
	code text, message text, detail text, hint text);
INSERT INTO helper.cases (description, statement, code, message, detail, hint) VALUES
	('a null id', 'SELECT api.apitoken_disable(NULL)', 'PT400', 'Bad Request',
		'The argument "id" is null or empty.', 'Give the id of the resource, for example TKN-1671-0642.'),
	('an empty id', $$ SELECT api.apitoken_disable('') $$, 'PT400', 'Bad Request',
		'The argument "id" is null or empty.', 'Give the id of the resource, for example TKN-1671-0642.'),
	('an unknown id', $$ SELECT api.apitoken_disable('TKN-0000-0000') $$, 'PT404', 'Not Found',
		'There is no API token "TKN-0000-0000" that you may administer.', 'Check the id, and in whose name you call.'),
	('an id that differs in case', $$ SELECT api.apitoken_disable('ACTIVE') $$, 'PT404', 'Not Found',
		'There is no API token "ACTIVE" that you may administer.', 'Check the id, and in whose name you call.'),
	('an id with a space more', $$ SELECT api.apitoken_disable('active ') $$, 'PT404', 'Not Found',
		'There is no API token "active " that you may administer.', 'Check the id, and in whose name you call.'),
	('an id that is a pattern', $$ SELECT api.apitoken_disable('%s %') $$, 'PT404', 'Not Found',
		'There is no API token "%s %" that you may administer.', 'Check the id, and in whose name you call.'),
	('an id of somebody else''s language', $$ SELECT api.apitoken_disable('''; DROP TABLE é 😀 --') $$, 'PT404', 'Not Found',
		'There is no API token "''; DROP TABLE é 😀 --" that you may administer.', 'Check the id, and in whose name you call.'),
	('a Disabled token', $$ SELECT api.apitoken_disable('disabled') $$, 'PT400', 'Bad Request',
		'The API token "disabled" is Disabled.', 'Only an Active API token can be disabled.'),
	('a Disabled token with an unusual id', $$ SELECT api.apitoken_disable('disabled "é" %s %n \') $$, 'PT400', 'Bad Request',
		'The API token "disabled "é" %s %n \" is Disabled.', 'Only an Active API token can be disabled.'),
	('a second disable', $$ SELECT api.apitoken_disable('active'); SELECT api.apitoken_disable('active') $$, 'PT400', 'Bad Request',
		'The API token "active" is Disabled.', 'Only an Active API token can be disabled.'),
	('a Deleted token, for a trusted role', $$ SELECT api.apitoken_disable('deleted') $$, 'PT400', 'Bad Request',
		'The API token "deleted" is Deleted.', 'Only an Active API token can be disabled.'),
	('a read-only transaction', $$ SET LOCAL transaction_read_only = on; SELECT api.apitoken_disable('active') $$,
		'25006', 'cannot execute UPDATE in a read-only transaction', '', ''),
	('a read-only transaction, null id', $$ SET LOCAL transaction_read_only = on; SELECT api.apitoken_disable(NULL) $$,
		'PT400', 'Bad Request',
		'The argument "id" is null or empty.', 'Give the id of the resource, for example TKN-1671-0642.'),
	('no right to execute', helper.as_role('apitoken_errors_nobody', 'active'),
		'42501', 'permission denied for function apitoken_disable', '', ''),
	('no right to the schema', helper.as_role('apitoken_errors_outside', 'active'),
		'42501', 'permission denied for schema api', '', ''),
	('nothing but the right to execute', helper.as_role('apitoken_errors_caller', 'active'), 'PT401', 'Unauthorized',
		'There is no valid credential.', 'Authenticate with the secret of an Active API token.'),
	('the same for a token that does not exist', helper.as_role('apitoken_errors_caller', 'unknown'), 'PT401', 'Unauthorized',
		'There is no valid credential.', 'Authenticate with the secret of an Active API token.'),
	('the same for a Disabled token', helper.as_role('apitoken_errors_caller', 'disabled'), 'PT401', 'Unauthorized',
		'There is no valid credential.', 'Authenticate with the secret of an Active API token.'),
	('every right to the table but UPDATE', helper.as_role('apitoken_errors_reader', 'active'), 'PT401', 'Unauthorized',
		'There is no valid credential.', 'Authenticate with the secret of an Active API token.');

CREATE TABLE helper.before AS SELECT helper.fingerprint() AS tables;

SELECT is(to_jsonb(f) - 'statement',
		jsonb_build_object('code', c.code, 'message', c.message, 'detail', c.detail, 'hint', c.hint), c.description)
	FROM helper.cases c
	LEFT JOIN LATERAL helper.failure(c.statement) f ON true
	ORDER BY c.number;

/*
 * An error that is caught undoes what the statement did.  So that one which
 * wrote first and then failed is seen as well, the writes are counted by
 * triggers that note them where no rollback reaches: in a sequence.
 */
CREATE SEQUENCE helper.writes;
CREATE FUNCTION helper.note_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
AS $$
BEGIN
	PERFORM nextval('helper.writes');
	RETURN NULL;
END
$$;
DO $$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' LOOP
		EXECUTE format('CREATE TRIGGER note_write AFTER INSERT OR UPDATE OR DELETE ON %s
			FOR EACH ROW EXECUTE FUNCTION helper.note_write()', relation);
	END LOOP;
END
$$;
SELECT is(helper.outcome($$ SELECT api.apitoken_disable('active') $$), 'ok', 'a disable that succeeds');
SELECT is((SELECT last_value FROM helper.writes), 2::bigint, 'writes two rows: the token and its trail');
SELECT setval('helper.writes', 1, false) \g /dev/null
SELECT is((SELECT f.code FROM helper.failure(c.statement) f), c.code, 'again: ' || c.description)
	FROM helper.cases c
	WHERE c.description <> 'a second disable'
	ORDER BY c.number;
SELECT is((SELECT is_called FROM helper.writes), false, 'a disable that fails has written no row at any time');
DROP FUNCTION helper.note_write() CASCADE;

SELECT is(helper.fingerprint(), tables, 'no row of any table has changed') FROM helper.before;
SELECT is((SELECT jsonb_build_array(status, updated_at, updated_by_type, updated_by_id) FROM apitoken.api_tokens
		WHERE id = 'disabled'),
	jsonb_build_array('Disabled', '2025-03-01T00:00:00.123Z'::timestamptz, 'user', 'text'),
	'the Disabled token was updated when and by whom it was before');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE event NOT IN ('created', 'module_given')), 0::bigint, 'the trail has no row');
SELECT is(api.apitoken_disable('active') ->> 'status', 'Disabled', 'after all these errors the session works');

SELECT * FROM finish();
ROLLBACK;
