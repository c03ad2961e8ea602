/*
 * A secret where something else belongs: no error shows it, whatever it was
 * given as and in whatever form.  (What the server's log shows: log/run.)
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(100);

-- one whose opaque part is known, and stands in every form below
CREATE FUNCTION helper.opaque() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT substring(helper.secret('TKN-1671-0642') FROM '[^:]*$') $$;
-- a text of which each byte, as many as that, is percent-encoded
CREATE FUNCTION helper.encoded(given text, first integer DEFAULT 10000) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(encode(convert_to(left(given, first), 'UTF8'), 'hex'), '..', '%\&', 'g') || substr(given, first + 1)
$$;
\set secret idt:TKN-1671-0642:3q2-7wQ

/*
 * The text of an error, to the letter.
 */
CREATE TABLE helper.texts (number integer GENERATED ALWAYS AS IDENTITY, given text, shown text);
INSERT INTO helper.texts (given, shown) VALUES
	('TKN-9999-9999', 'TKN-9999-9999'),
	('idt', 'idt'),
	('idt:', 'idt:'),
	('idt:TKN-9999-9999', 'idt:TKN-9999-9999'),
	('a:b:c', 'a:b:c'),
	('midt: night', 'midt: night'),
	(:'secret', 'idt:TKN-1671-0642:****'),
	('IDT:TKN-1671-0642:3q2-7wQ', 'IDT:TKN-1671-0642:****'),
	('iDt:tkn-1671-0642:3q2-7wQ', 'iDt:tkn-1671-0642:****'),
	('idt:TKN-1671-0642:', 'idt:TKN-1671-0642:****'),
	('idt::3q2-7wQ', 'idt::****'),
	('idt:a:b:3q2-7wQ', 'idt:a:****'),
	('idt:id with spaces:3q2-7wQ', 'idt:id with spaces:****'),
	('idt:é😀:3q2-7wQ', 'idt:é😀:****'),
	('idt:idt:3q2-7wQ', 'idt:idt:****'),
	('idt:TKN-1671-0642:3q2 7wQ, and "more"', 'idt:TKN-1671-0642:****'),
	(E'idt:TKN-1671-0642:\n3q2-7wQ', 'idt:TKN-1671-0642:****'),
	('Bearer idt:TKN-1671-0642:3q2-7wQ', 'Bearer idt:TKN-1671-0642:****'),
	('/v1/accounts/api-tokens/idt:TKN-1671-0642:3q2-7wQ/disable', '/v1/accounts/api-tokens/idt:TKN-1671-0642:****'),
	('idt%3ATKN-1671-0642%3A3q2-7wQ', 'idt%3ATKN-1671-0642%3A****'),
	('%69d%74%3aTKN%2D1671-0642%3a3q2-7wQ', '%69d%74%3aTKN%2D1671-0642%3a****'),
	('%49DT:TKN-1671-0642:3q2-7wQ', '%49DT:TKN-1671-0642:****'),
	('idt%253ATKN-1671-0642%25253A3q2-7wQ', 'idt%253ATKN-1671-0642%25253A****'),
	('idt%3', 'idt%3'),
	('100% idt %zz %', '100% idt %zz %'),
	-- the opaque part alone, or behind what else may stand there
	(helper.opaque(), '****'),
	('TKN-1671-0642:' || helper.opaque(), 'TKN-1671-0642:****'),
	('id ' || helper.opaque() || ', ' || helper.opaque(), 'id ****, ****'),
	('idt:' || helper.opaque() || ':TKN-1671-0642', 'idt:****:****'),
	('idt:' || helper.opaque(), 'idt:****'),
	-- with a checksum behind it
	(helper.opaque() || '0aZ9zA', '****'),
	('id ' || helper.opaque() || '0aZ9zA, ' || helper.opaque(), 'id ****, ****'),
	(repeat('x', 42), repeat('x', 42)),
	-- with more around it
	(repeat('x', 44), '****'),
	(repeat('x', 50), '****'),
	('x' || helper.opaque() || '/x', '****/x'),
	-- escapes in escapes
	('%2525%2536%2539dt:TKN-1671-0642:3q2-7wQ', '%2525%2536%2539dt:TKN-1671-0642:****'),
	('%%369dt%%33%41TKN-1671-0642%%25%33%613q2-7wQ', '%%369dt%%33%41TKN-1671-0642%%25%33%61****'),
	(helper.encoded(helper.encoded('idt:TKN-1671-0642:')) || '3q2-7wQ', helper.encoded(helper.encoded('idt:TKN-1671-0642:')) || '****'),
	('%' || repeat('25', 10) || '69dt:TKN-1671-0642:3q2-7wQ', '%' || repeat('25', 10) || '69dt:TKN-1671-0642:****'),
	(repeat('%', 900) || '69dt:TKN-1671-0642:3q2-7wQ', repeat('%', 900) || '69dt:TKN-1671-0642:****'),
	('id ' || helper.encoded(helper.opaque(), 1) || ' x', 'id **** x'),
	('id ' || helper.encoded(helper.opaque(), 43) || ' x', 'id **** x'),
	('id ' || helper.encoded(helper.encoded(helper.opaque(), 43), 129) || ' x', 'id **** x'),
	('id ' || left(helper.opaque(), 20) || '%' || repeat('25', 30) || substr(helper.encoded(substr(helper.opaque(), 21), 1), 2), 'id ****'),
	('id %' || repeat('a', 43), 'id %****'),
	(helper.encoded(repeat('x', 41)), helper.encoded(repeat('x', 41))),
	(helper.encoded(repeat('é', 100), 100), helper.encoded(repeat('é', 100), 100)),
	-- is read once
	(repeat('%25', 350000), repeat('%25', 340) || '...'),
	('%' || repeat('25', 500000), '%****'),
	-- what is cut off
	(repeat('x ', 500) || :'secret', repeat('x ', 500) || 'idt:TKN-1671-0642:**...'),
	(repeat('x ', 507) || :'secret', repeat('x ', 507) || 'idt:TK...'),
	(repeat('x ', 550) || :'secret', repeat('x ', 510) || '...'),
	('idt:' || repeat('x ', 550) || ':3q2-7wQ', 'idt:' || repeat('x ', 508) || '...');
SELECT is(f.detail, format('There is no API token "%s" that you may administer.', t.shown), left(replace(t.given, E'\n', ' '), 100))
	FROM helper.texts t
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_get(%L)', t.given)) f ON true
	ORDER BY t.number;

/*
 * Every place that takes a text.
 */
CREATE TABLE helper.places (number integer GENERATED ALWAYS AS IDENTITY, statement text, code text, detail text);
\set not_found 'There is no API token "idt:TKN-1671-0642:****" that you may administer.'
\set no_account 'There is no account "idt:TKN-1671-0642:****" whose API tokens you may administer.'
INSERT INTO helper.places (statement, code, detail) VALUES
	('SELECT api.apitoken_get(%L)', 'PT404', :'not_found'),
	('SELECT api.apitoken_disable(%L)', 'PT404', :'not_found'),
	('SELECT api.apitoken_enable(%L)', 'PT404', :'not_found'),
	('SELECT api.apitoken_delete(%L)', 'PT404', :'not_found'),
	('SELECT api.apitoken_update(%L, ''{}'')', 'PT404', :'not_found'),
	('SELECT api.apitoken_update(%L, ''{"name": "Name"}'')', 'PT404', :'not_found'),
	('SELECT api.apitoken_disable_all(%L)', 'PT404', :'no_account'),
	('SELECT api.apitoken_create(jsonb_build_object(''name'', ''Name'', ''account'', jsonb_build_object(''id'', %L::text)))', 'PT404', :'no_account'),
	('SELECT api.apitoken_create(jsonb_build_object(%L, ''Name''))', 'PT400', 'The member "idt:TKN-1671-0642:****" does not exist.'),
	('SELECT api.apitoken_create(jsonb_build_object(''account'', jsonb_build_object(%L, 1)))', 'PT400', 'The member "account.idt:TKN-1671-0642:****" does not exist.'),
	('SELECT api.apitoken_create(jsonb_build_object(''account'', %L::text))', 'PT400', 'The member "account" is not an object.'),
	('SELECT api.apitoken_create(jsonb_build_object(''name'', %L::text, ''account'', ''{"id": "ACC-3001-7788"}''::jsonb))', 'PT400', 'The member "name" has a character that is not allowed.'),
	('SELECT api.apitoken_create(jsonb_build_object(''name'', ''Name'', ''account'', ''{"id": "ACC-3001-7788"}''::jsonb, ''modules'', jsonb_build_array(jsonb_build_object(''id'', %L::text))))', 'PT400',
		'The member "modules[0].id" names no module of the account''s default user group.'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', jsonb_build_object(%L, 1))', 'PT400', 'The member "idt:TKN-1671-0642:****" cannot change.'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', jsonb_build_object(''modules'', jsonb_build_array(jsonb_build_object(%L, 1))))', 'PT400',
		'The member "modules[0].idt:TKN-1671-0642:****" does not exist.'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', jsonb_build_object(''modules'', jsonb_build_array(jsonb_build_object(''id'', %L::text))))', 'PT400',
		'The member "modules[0].id" names no module of the account''s default user group.'),
	('SELECT api.apitoken_update(''TKN-1671-0642'', jsonb_build_object(''name'', %L::text))', 'PT400', 'The member "name" has a character that is not allowed.'),
	('SELECT api.apitoken_get(''TKN-1671-0642'', %L)', 'PT400', 'The field "idt:TKN-1671-0642:****" does not exist: the API token has no member "idt:TKN-1671-0642:****".'),
	('SELECT api.apitoken_get(''TKN-1671-0642'', ''-account.'' || %L)', 'PT400', 'The field "account.idt:TKN-1671-0642:****" does not exist: "account" has no member "idt:TKN-1671-0642:****".'),
	('SELECT api.apitoken_get(''TKN-1671-0642'', ''name.'' || %L)', 'PT400', 'The field "name.idt:TKN-1671-0642:****" does not exist: "name" has no member "idt:TKN-1671-0642:****".'),
	('SELECT api.apitoken_get(''TKN-1671-0642'', ''+id,'' || repeat(''x'', 990) || %L)', 'PT400', 'The selection of fields is malformed at position 5: a path has at most 1000 bytes.'),
	('SELECT api.apitoken_list(%L)', 'PT400', 'Position 4 of the query: something else is expected here.'),
	('SELECT api.apitoken_list(%L || ''=x'')', 'PT400', NULL),
	('SELECT api.apitoken_list(''select='' || %L)', 'PT400', NULL),
	('SELECT api.apitoken_list(''order='' || %L)', 'PT400', NULL),
	('SELECT api.apitoken_list(''limit='' || %L)', 'PT400', NULL),
	('SELECT api.apitoken_list(''eq(id,'' || %L)', 'PT400', NULL),
	('SELECT api.apitoken_list(''status=in('' || %L || '')'')', 'PT400', NULL),
	('SELECT api.apitoken_list(''ge(lastAccessAt,'' || %L || '')'')', 'PT400', NULL),
	('SELECT api.apitoken_list(''like(token,'' || %L || '')'')', 'PT400', NULL),
	('SELECT api.apitoken_authenticate(%L)', 'PT401', 'There is no valid credential.'),
	('SELECT api.apitoken_pre_request() FROM set_config(''request.headers'', jsonb_build_object(''x-apitoken-secret'', %L::text)::text, true)', 'PT401', 'There is no valid credential.'),
	('SELECT api.apitoken_pre_request() FROM set_config(''request.headers'', %L, true)', 'PT400', 'The setting "request.headers" is not usable JSON.');
SELECT is(jsonb_build_array(f.code, COALESCE(f.detail, '')), jsonb_build_array(p.code, COALESCE(p.detail, f.detail, 'no error')), p.statement)
	FROM helper.places p
	LEFT JOIN LATERAL helper.failure(format(p.statement, 'idt:TKN-1671-0642:3q2-7wQ')) f ON true
	ORDER BY p.number;

-- In every form: no part of an error, the context included, that is not the caller's own statement.
CREATE TABLE helper.forms (form text, given text);
INSERT INTO helper.forms VALUES
	('as it is', helper.secret('TKN-1671-0642')),
	('of a Disabled token', helper.secret('TKN-3001-1004')),
	('in capitals', replace(helper.secret('TKN-1671-0642'), 'idt', 'IDT')),
	('percent-encoded', replace(helper.secret('TKN-1671-0642'), ':', '%3A')),
	('twice', replace(helper.secret('TKN-1671-0642'), ':', '%253a')),
	('in a text', 'x "' || helper.secret('TKN-1671-0642') || '"'),
	('cut', repeat('x', 960) || helper.secret('TKN-1671-0642')),
	('alone', helper.opaque());
CREATE TABLE helper.secret_forms AS
	SELECT form, given, right(helper.secret(CASE form WHEN 'of a Disabled token' THEN 'TKN-3001-1004' ELSE 'TKN-1671-0642' END), 43)
			AS needle
		FROM helper.forms;
UPDATE helper.secret_forms SET needle = left(needle, 12);
SELECT is((SELECT count(*) FROM helper.secret_forms WHERE strpos(given, needle) > 0), 8::bigint, '(each form has its needle)');
CREATE FUNCTION helper.given() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('helper.given') $$;
SELECT is((SELECT string_agg(p.number::text, ' ' ORDER BY p.number) FROM helper.places p
		CROSS JOIN LATERAL set_config('helper.given', s.given, true) c
		CROSS JOIN LATERAL helper.probe(replace(p.statement, '%L', 'helper.given()')) r
		WHERE c = s.given AND r.code <> 'ok' AND strpos(r.everything, s.needle) > 0), NULL, 'nothing is shown of a secret ' || s.form)
	FROM helper.secret_forms s ORDER BY s.form;

-- The claim: whoever it names is not known, and is not named.
CREATE ROLE apitoken_secrets_web;
GRANT USAGE ON SCHEMA api TO apitoken_secrets_web;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_secrets_web;
SET LOCAL apitoken.jwt_actor_claim = 'sub';
SET LOCAL apitoken.jwt_authenticator = 'apitoken_secrets_web';
SELECT is(jsonb_build_array(r.code, strpos(r.everything, helper.opaque())), '["PT401", 0]', 'a claim that is a secret')
	FROM helper.probe($$ SELECT api.apitoken_get('TKN-1671-0642') $$, helper.as_user(helper.secret('TKN-1671-0642')), NULL, 'apitoken_secrets_web') r;

-- What is written by hand: an id that is a secret would be shown from then on.
SELECT is(jsonb_build_array(r.code, strpos(r.everything, helper.opaque())), '["23514", 0]', 'a secret is no id: ' || statement)
	FROM (VALUES
		('INSERT INTO apitoken.accounts (id, type, name) VALUES (helper.given(), ''Client'', ''Name'')'),
		('INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', helper.given(), ''Name'')'),
		('INSERT INTO apitoken.modules (id, code, name) VALUES (helper.given(), ''code'', ''Name'')')) c (statement)
	CROSS JOIN LATERAL set_config('helper.given', helper.secret('TKN-1671-0642'), true) given
	CROSS JOIN LATERAL helper.probe(c.statement || ' RETURNING ' || quote_literal(left(given, 10))) r;

SELECT * FROM finish();
ROLLBACK;
