/*
 * apitoken_authenticate: whom it lets in, for how long, and what it notes.
 */
\ir fixtures/life.psql

SELECT plan(114);

/*
 * Who is let in.
 */
BEGIN;
CREATE ROLE apitoken_authenticate_caller;
GRANT USAGE ON SCHEMA api TO apitoken_authenticate_caller;
GRANT EXECUTE ON FUNCTION api.apitoken_authenticate(text), api.apitoken_get(text, text), api.apitoken_disable(text, text)
	TO apitoken_authenticate_caller;

\set longest 'repeat(U&''\\+01F600'', 255)'
SELECT helper.add_token('ACC-3002-9900', 'idt:a:b::', 'Active', 'MOD-0003') \g /dev/null
SELECT helper.add_token('ACC-3002-9900', :longest) \g /dev/null
SELECT helper.add_token('ACC-3002-9900', 'no-credential') \g /dev/null
DELETE FROM apitoken.api_token_credentials WHERE api_token_id = 'no-credential';

SELECT is(p.result::jsonb, expected.answer::jsonb, description)
	FROM (VALUES
		('TKN-1671-0642', '{"id": "TKN-1671-0642", "account": {"id": "ACC-3001-7788"},
			"modules": [{"id": "MOD-0003", "code": "orders"}, {"id": "MOD-0004", "code": "billing"}]}', 'an Active token: id, account and modules'),
		('TKN-3003-1001', '{"id": "TKN-3003-1001", "account": {"id": "ACC-3003-1122"}, "modules": []}',
			'one without modules, of a Disabled account'),
		('idt:a:b::', '{"id": "idt:a:b::", "account": {"id": "ACC-3002-9900"}, "modules": [{"id": "MOD-0003", "code": "orders"}]}',
			'one with colons in its id'),
		(:longest, jsonb_build_object('id', :longest, 'account', '{"id": "ACC-3002-9900"}'::jsonb, 'modules', '[]'::jsonb)::text,
			'one with the longest id that there is')
	) expected (id, answer, description),
	helper.probe(format('SELECT api.apitoken_authenticate(%L)', helper.secret(expected.id)), NULL, 'apitoken_authenticate_caller') p;

/*
 * Who is not: all in one and the same way.
 */
CREATE TABLE helper.wrong (number integer GENERATED ALWAYS AS IDENTITY, description text, secret text);
\set right 'helper.secret(''TKN-1671-0642'')'
INSERT INTO helper.wrong (description, secret) VALUES
	('null', NULL),
	('an empty one', ''),
	('a space', ' '),
	('idt', 'idt'),
	('idt:', 'idt:'),
	('idt::', 'idt::'),
	('idt:::', 'idt:::'),
	('an empty id', 'idt::' || split_part(:right, ':', 3)),
	('an id alone', 'TKN-1671-0642'),
	('nothing behind the id', 'idt:TKN-1671-0642'),
	('an empty opaque part', 'idt:TKN-1671-0642:'),
	('the masked form', 'idt:TKN-1671-0642:****'),
	('no prefix', 'TKN-1671-0642:' || split_part(:right, ':', 3)),
	('another prefix', 'tkn:TKN-1671-0642:' || split_part(:right, ':', 3)),
	('a prefix in capitals', 'IDT:TKN-1671-0642:' || split_part(:right, ':', 3)),
	('the opaque part alone', split_part(:right, ':', 3)),
	('a digest', encode(sha256(convert_to(:right, 'UTF8')), 'hex')),
	('a digest as the opaque part', 'idt:TKN-1671-0642:' || encode(sha256(convert_to(:right, 'UTF8')), 'hex')),
	('a line feed behind', :right || E'\n'),
	('a carriage return behind', :right || E'\r'),
	('a space behind', :right || ' '),
	('a space before', ' ' || :right),
	('a colon behind', :right || ':'),
	('something behind a colon', :right || ':x'),
	('one character less', left(:right, -1)),
	('one character more', :right || 'A'),
	('padding', :right || '='),
	('the last character changed', left(:right, -1) || CASE right(:right, 1) WHEN 'A' THEN 'B' ELSE 'A' END),
	('the first character changed', overlay(:right placing CASE substr(:right, 19, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 19)),
	('in lower case', lower(:right)),
	('Bearer', 'Bearer ' || :right),
	('in quotes', '"' || :right || '"'),
	('twice', :right || :right),
	('letters that look alike', replace(:right, 'T', 'Т')),
	('an emoji', '😀'),
	('an emoji as the opaque part', 'idt:TKN-1671-0642:😀'),
	('a pattern', 'idt:%:%'),
	('SQL', ''' OR true --'),
	('SQL as the id', 'idt:'' OR true --:' || split_part(:right, ':', 3)),
	('control characters', E'idt:\x01\x02:\x03'),
	('a thousand colons', repeat(':', 1000)),
	('100,000 bytes', repeat('x', 100000)),
	('100,000 bytes of an id', 'idt:' || repeat('x', 100000) || ':' || split_part(:right, ':', 3)),
	('100,000 bytes of an opaque part', 'idt:TKN-1671-0642:' || repeat('x', 100000)),
	('100,000 bytes behind', :right || repeat('x', 100000)),
	('an unknown id', helper.secret('TKN-9999-9999')),
	('a Disabled token', helper.secret('TKN-3001-1004')),
	('a Deleted token', helper.secret('TKN-3001-1005')),
	('a token without a credential', helper.secret('no-credential')),
	('a right id with another token''s opaque part', 'idt:TKN-1671-0642:' || split_part(helper.secret('TKN-3001-1002'), ':', 3)),
	('a right id with another token''s secret', 'idt:TKN-1671-0642:' || helper.secret('TKN-3001-1002')),
	('a Disabled token''s id with an Active one''s opaque part', 'idt:TKN-3001-1004:' || split_part(:right, ':', 3)),
	('a right id and 43 characters', 'idt:TKN-1671-0642:' || repeat('A', 43));
SELECT is(jsonb_build_array(p.code, p.message, p.detail, p.hint),
		'["PT401", "Unauthorized", "There is no valid credential.", "Authenticate with the secret of an Active API token."]',
		w.description)
	FROM helper.wrong w, helper.probe(format('SELECT api.apitoken_authenticate(%L)', w.secret), NULL, 'apitoken_authenticate_caller') p
	ORDER BY w.number;

-- The statement itself, which the caller wrote, is in the context that his own client sees.
SELECT is((SELECT array_agg(w.description || ': ' || s) FROM helper.wrong w,
		helper.probe(format('SELECT api.apitoken_authenticate(%L)', w.secret), NULL, 'apitoken_authenticate_caller') p,
		helper.shown(p.everything, COALESCE(w.secret, '')) s),
	NULL, 'none of these errors shows a digest or a secret');
SELECT is((SELECT array_agg(DISTINCT replace(p.everything, format('SELECT api.apitoken_authenticate(%L)', w.secret), '')) FROM helper.wrong w,
		helper.probe(format('SELECT api.apitoken_authenticate(%L)', w.secret), NULL, 'apitoken_authenticate_caller') p
		WHERE length(w.secret) < 2000) IS NOT NULL
	AND (SELECT count(DISTINCT replace(p.everything, format('SELECT api.apitoken_authenticate(%L)', w.secret), '')) FROM helper.wrong w,
		helper.probe(format('SELECT api.apitoken_authenticate(%L)', w.secret), NULL, 'apitoken_authenticate_caller') p) = 1,
	true, 'they are the same in their context, too');
SELECT is(p.code, 'ok', '(the right one is right)')
	FROM helper.probe(format('SELECT api.apitoken_authenticate(%L)', :right), NULL, 'apitoken_authenticate_caller') p;
ROLLBACK;

/*
 * For how long: until the transaction ends, or the savepoint is undone.
 * "nobody" is the superuser himself, as whom everything may be done.
 */
CREATE FUNCTION helper.actor() RETURNS text
LANGUAGE sql
AS $$
	SELECT COALESCE(NULLIF(current_setting('apitoken.actor'), ''), 'nobody')
$$;
-- He who holds no module reads himself alone: so the calls see the same actor as the setting.
CREATE FUNCTION helper.is_actor(expected text, description text) RETURNS text
LANGUAGE sql
AS $$
	SELECT is(ARRAY[helper.actor(), (helper.probe('SELECT api.apitoken_get(''TKN-3001-1004'')')).code],
		ARRAY[expected, CASE expected WHEN 'nobody' THEN 'ok' WHEN 'token:TKN-3001-1002' THEN 'ok' ELSE 'PT403' END], description)
$$;
CREATE PROCEDURE helper.authenticate(token_id text)
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM api.apitoken_authenticate(helper.secret(token_id));
END
$$;
CREATE FUNCTION helper.authenticate_and_fail(token_id text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM api.apitoken_authenticate(helper.secret(token_id));
	RAISE EXCEPTION USING ERRCODE = 'Y0001', MESSAGE = helper.actor();
EXCEPTION WHEN SQLSTATE 'Y0001' THEN
	RETURN SQLERRM;
END
$$;
CREATE FUNCTION helper.authenticate_with_settings(token_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog SET work_mem = '1MB'
AS $$
BEGIN
	PERFORM api.apitoken_authenticate(helper.secret(token_id));
END
$$;

SELECT helper.is_actor('nobody', 'before, nobody acts');
CALL helper.authenticate('TKN-1671-0642');
SELECT helper.is_actor('nobody', 'nobody after a statement that was a transaction of its own');

BEGIN;
CALL helper.authenticate('TKN-1671-0642');
SELECT helper.is_actor('token:TKN-1671-0642', 'in the transaction the token acts');
SELECT helper.is_actor('token:TKN-1671-0642', 'and goes on acting');
COMMIT;
SELECT helper.is_actor('nobody', 'nobody after COMMIT');

BEGIN;
CALL helper.authenticate('TKN-1671-0642');
ROLLBACK;
SELECT helper.is_actor('nobody', 'nobody after ROLLBACK');

BEGIN;
CALL helper.authenticate('TKN-1671-0642');
COMMIT AND CHAIN;
SELECT helper.is_actor('nobody', 'nobody in the transaction that is chained to it');
SAVEPOINT a;
CALL helper.authenticate('TKN-1671-0642');
SAVEPOINT b;
CALL helper.authenticate('TKN-3001-1002');
SELECT helper.is_actor('token:TKN-3001-1002', 'a second token acts in the first one''s place');
ROLLBACK TO b;
SELECT helper.is_actor('token:TKN-1671-0642', 'ROLLBACK TO goes back to the first');
SELECT is(helper.authenticate_and_fail('TKN-3001-1002'), 'token:TKN-3001-1002', 'one that acts in a block which fails');
SELECT helper.is_actor('token:TKN-1671-0642', 'acts no more when it has failed');
SELECT is((SELECT code FROM helper.failure('SELECT api.apitoken_authenticate(''idt:TKN-3001-1002:wrong'')')), 'PT401', 'an authentication that fails');
SELECT helper.is_actor('token:TKN-1671-0642', 'changes nothing');
SAVEPOINT c;
CALL helper.authenticate('TKN-3001-1002');
RELEASE c;
SELECT helper.is_actor('token:TKN-3001-1002', 'RELEASE keeps the second');
ROLLBACK TO a;
SELECT helper.is_actor('nobody', 'ROLLBACK TO before both goes back to nobody');
SELECT helper.authenticate_with_settings('TKN-1671-0642') \g /dev/null
SELECT helper.is_actor('token:TKN-1671-0642', 'it acts on after the end of a function that has settings of its own');
SELECT set_config('search_path', 'public, helper', false) \g /dev/null
RESET ALL;
SELECT helper.is_actor('token:TKN-1671-0642', 'RESET ALL leaves it');
COMMIT;
SELECT helper.is_actor('nobody', 'nobody acts in the end');

/*
 * The access is noted.
 */
BEGIN;
CREATE FUNCTION helper.noted(since text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	before timestamptz := clock_timestamp() + since::interval;
	called timestamptz;
	others text;
BEGIN
	UPDATE apitoken.api_token_credentials SET last_access_at = before WHERE api_token_id = 'TKN-1671-0642';
	SELECT last_access_at INTO before FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642';
	others := helper.fingerprint() - 'apitoken.api_token_credentials';
	called := clock_timestamp();
	PERFORM api.apitoken_authenticate(helper.secret('TKN-1671-0642'));
	IF others <> (helper.fingerprint() - 'apitoken.api_token_credentials')::text THEN
		RETURN 'another table has changed';
	END IF;
	RETURN (SELECT CASE
			WHEN c.last_access_at = before THEN 'no'
			WHEN c.last_access_at BETWEEN called - interval '1 ms' AND clock_timestamp() + interval '1 ms' THEN 'yes'
			ELSE 'wrong: ' || c.last_access_at END
		FROM apitoken.api_token_credentials c WHERE api_token_id = 'TKN-1671-0642');
END
$$;
SELECT is(current_setting('apitoken.last_access_interval'), '1min', 'the interval is a minute');
SELECT is(helper.noted(NULL), 'yes', 'the first access is noted');
SELECT is(helper.noted('-1 s'), 'no', 'another a second later is not');
SELECT is(helper.noted('-30 s'), 'no', 'nor one within a minute');
SELECT is(helper.noted('-61 s'), 'yes', 'one after a minute is');
SELECT is(helper.noted('1 h'), 'yes', 'a note of the future, by a clock that was ahead, does not stay');
SELECT is(helper.noted('10 y'), 'yes', 'however far ahead');
SELECT is(helper.noted('-100 y'), 'yes', 'a note of long ago does not');
SET LOCAL apitoken.last_access_interval = '2h';
SELECT is(helper.noted('-115 min'), 'no', 'within an interval of two hours');
SELECT is(helper.noted('-125 min'), 'yes', 'after it');
SET LOCAL apitoken.last_access_interval = 2147483;
SELECT is(helper.noted('-24 d'), 'no', 'within the longest interval');
SELECT is(helper.noted('-25 d'), 'yes', 'after it');
SET LOCAL apitoken.last_access_interval = 0;
SELECT is(helper.noted('-5 ms'), 'yes', 'always, without an interval');
SELECT is((SELECT to_jsonb(c) - ARRAY['last_access_at', 'digest'] FROM apitoken.api_token_credentials c WHERE api_token_id = 'TKN-1671-0642'),
	'{"account_id": "ACC-3001-7788", "api_token_id": "TKN-1671-0642", "last_access_address": null, "last_access_via": "sql", "last_access_mode": null}', 'the rest of the row is as it was');
SELECT is((SELECT count(*) FROM apitoken.api_token_credentials WHERE last_access_at > now() - interval '1 h'), 1::bigint, 'and so are the others');
ROLLBACK;

BEGIN;
UPDATE apitoken.api_token_credentials SET last_access_at = '2026-01-31T22:59:58.421Z' WHERE api_token_id = 'TKN-3001-1002';
CALL helper.authenticate('TKN-3001-1002');
SELECT is(to_jsonb((SELECT last_access_at FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-3001-1002')),
	to_jsonb((api.apitoken_get('TKN-3001-1002') ->> 'lastAccessAt')::timestamptz), 'lastAccessAt is what was noted');
SELECT is((api.apitoken_get('TKN-3001-1002') #>> '{audit,updated,at}'), '2025-03-01T10:00:00.500Z', 'an access is no update');
ROLLBACK;

-- What cannot be written is not, and authentication works.
BEGIN READ ONLY;
CALL helper.authenticate('TKN-3001-1002');
SELECT is(api.apitoken_get('TKN-3001-1002') ->> 'lastAccessAt', '2026-01-30T12:00:00.000Z', 'a read-only transaction notes nothing');
SELECT helper.is_actor('token:TKN-3001-1002', 'and the token acts');
SELECT is((helper.probe('SELECT api.apitoken_authenticate(''idt:TKN-3001-1002:wrong'')')).code, 'PT401', 'a wrong secret is wrong there');
SELECT is((helper.probe('SELECT api.apitoken_disable(''TKN-1671-0642'')')).code, '25006', 'and what writes is refused');
ROLLBACK;

BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL helper.authenticate('TKN-3001-1002');
SELECT is(api.apitoken_get('TKN-3001-1002') ->> 'lastAccessAt' > to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), true, 'repeatable read notes the access');
SELECT helper.is_actor('token:TKN-3001-1002', 'and the token acts');
SELECT is(helper.authenticate_and_fail('TKN-1671-0642'), 'token:TKN-1671-0642', 'in a block, too');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL helper.authenticate('TKN-3001-1002');
SELECT is(api.apitoken_get('TKN-3001-1002') ->> 'lastAccessAt' > to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), true, 'serializable does as well');
SELECT helper.is_actor('token:TKN-3001-1002', 'and the token acts');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
CALL helper.authenticate('TKN-3001-1002');
SELECT helper.is_actor('token:TKN-3001-1002', 'a deferrable transaction that only reads');
ROLLBACK;

/*
 * A token that is not Active any more.
 */
BEGIN;
SELECT api.apitoken_authenticate(helper.secret('TKN-1671-0642')) FROM generate_series(1, 20) \g /dev/null
COMMIT;
SELECT api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT helper.refused(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642')), 'PT401', 'Disabled after it had been let in');
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null
SELECT is(api.apitoken_authenticate(helper.secret('TKN-1671-0642')) ->> 'id', 'TKN-1671-0642', 'Active again, with the same secret');
SELECT api.apitoken_delete('TKN-1671-0642') \g /dev/null
SELECT helper.refused(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642')), 'PT401', 'Deleted');

-- one that acts on itself
BEGIN;
CALL helper.authenticate('TKN-3001-1002');
SELECT is(jsonb_build_array(d -> 'status', d #> '{audit,updated,by,id}'), '["Disabled", "TKN-3001-1002"]', 'a token disables itself')
	FROM api.apitoken_disable('TKN-3001-1002') d;
SELECT is((SELECT array_agg(DISTINCT (helper.probe(call)).code) FROM unnest(ARRAY[
			$$ SELECT api.apitoken_get('TKN-3001-1002') $$,
			$$ SELECT api.apitoken_get('TKN-3001-1003') $$,
			$$ SELECT api.apitoken_enable('TKN-3001-1002') $$,
			$$ SELECT api.apitoken_disable('TKN-3001-1003') $$,
			$$ SELECT api.apitoken_delete('TKN-3001-1003') $$,
			$$ SELECT api.apitoken_update('TKN-3001-1003', '{"name": "New"}') $$,
			$$ SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}') $$,
			$$ SELECT api.apitoken_disable_all('ACC-3001-7788') $$,
			format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-3001-1002'))]) call),
	'{PT401}', 'and is nobody to whatever comes next, in the same transaction');
ROLLBACK;
BEGIN;
CALL helper.authenticate('TKN-3001-1002');
SELECT api.apitoken_delete('TKN-3001-1002') \g /dev/null
SELECT helper.refused($$ SELECT api.apitoken_get('TKN-3001-1003') $$, 'PT401', 'the same for one that deletes itself');
ROLLBACK;
BEGIN;
CALL helper.authenticate('TKN-3001-1002');
SELECT is(api.apitoken_update('TKN-3001-1002', '{"modules": []}') -> 'modules', '[]', 'a token takes its own module');
SELECT helper.refused($$ SELECT api.apitoken_get('TKN-3001-1003') $$, 'PT403', 'and cannot do without');
ROLLBACK;

SELECT helper.is_actor('nobody', 'nobody acts in the end');

SELECT * FROM finish();
