/*
 * Any text survives, ids in href too, and what is returned is jsonb to the
 * byte: what PostgreSQL itself would have made of the same text.
 */
BEGIN;
SELECT plan(118);
-- shapes of every kind: rows come as a restore brings them, whatever the modules' account types
SET LOCAL row_security = off;

\ir fixtures/helpers.psql

-- as a restore does it, which brings back what was there before there were rules (characters.sql)
SET LOCAL check_function_bodies = off;

/*
 * Texts, each the name, description and code of a module and of an account;
 * one token with all of the modules.
 */
CREATE TABLE helper.texts (place integer GENERATED ALWAYS AS IDENTITY, kind text, value text);
INSERT INTO helper.texts (kind, value) VALUES
	('nothing', ''),
	('a space', ' '),
	('quotes', '"it''s" ''"'),
	('backslashes', '\ \\ \" \n \u0041 \u0000'),
	('slashes', '</script> a/b //'),
	('newlines', E'a\nb\r\nc\td\n'),
	('backspace and form feed', E'\b\f\v'),
	('JSON', '{"a": [1, null, "[Circular Reference]"]}'),
	('the marker', '[Circular Reference]'),
	('null', 'null'),
	('percents', '%s %n %d %%'),
	('dollars', '$1 $$ ${x}'),
	('accents', 'é è ü ß ñ ő'),
	('composed otherwise', E'e\u0301 u\u0308'),
	('a pile of accents', 'Z' || repeat(E'\u0336\u030a', 50)),
	('right to left', E'שלום \u202eabc\u202c العربية'),
	('beyond the first plane', '😀 𝄞 𠀀 👩‍👩‍👧‍👦 🇨🇭'),
	('the last characters', U&'\+00FFFD \+00FFFE \+00FFFF \+010000 \+10FFFF'),
	('separators and marks', U&'\2028 \2029 \FEFF \200B \00A0 \0085'),
	('other scripts', 'Ελληνικά Кириллица 漢字 かな 한국어 हिन्दी ไทย'),
	('DEL', E'\u007f'),
	('8 kB', repeat('0123456789abcdef', 512)),
	('8 kB of four-byte characters', repeat('😀', 2048));
INSERT INTO helper.texts (kind, value) SELECT 'U+' || lpad(to_hex(code), 4, '0'), 'a' || chr(code) || 'b'
	FROM generate_series(1, 31) code;
-- lengths around the alignment of what follows
INSERT INTO helper.texts (kind, value) SELECT length || ' bytes', repeat('x', length) FROM generate_series(1, 9) length;

INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC', 'Client', 'Texts');
INSERT INTO apitoken.modules (id, code, name, description, settings_type)
	SELECT to_char(place, 'FM000'), 'text ' || place, value, value, ARRAY[value, 'x', value] FROM helper.texts;
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC', 'TKN', 'Texts');
INSERT INTO apitoken.api_token_modules SELECT 'ACC', 'TKN', id FROM apitoken.modules;
CREATE TABLE helper.answers (shape text PRIMARY KEY, document jsonb);
ALTER TABLE helper.answers ALTER document SET STORAGE EXTERNAL;
INSERT INTO helper.answers SELECT 'texts', helper.disable('TKN');

SELECT is(jsonb_build_array(module -> 'name', module -> 'description', module #> '{settings,type}'),
		jsonb_build_array(value, value, jsonb_build_array(value, 'x', value)), 'text: ' || kind)
	FROM helper.answers
	CROSS JOIN helper.texts
	CROSS JOIN LATERAL (VALUES (document -> 'modules' -> (place - 1))) modules (module)
	WHERE shape = 'texts'
	ORDER BY place;

-- Every member that holds text, with text that would end a JSON string too soon.
\set hard '"\\",\n😀"'
INSERT INTO apitoken.accounts (id, type, name, description, icon, external_id, external_name, service_level,
		address_line1, address_line2, post_code, city, state, country, technical_support_email, website)
	VALUES ('HARD', 'Client', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard',
		:'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard');
INSERT INTO apitoken.users (id, name, first_name, last_name, email, phone_prefix, phone_number, icon, culture_code, language_code)
	VALUES ('HARD', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard');
INSERT INTO apitoken.user_accounts VALUES ('HARD', 'HARD');
INSERT INTO apitoken.user_groups (account_id, id, name, description, logo, is_default)
	VALUES ('HARD', 'HARD', :'hard', :'hard', :'hard', true);
INSERT INTO apitoken.user_group_users VALUES ('HARD', 'HARD', 'HARD');
INSERT INTO apitoken.modules (id, code, name, description, filters_group_buyers, settings_type, account_types)
	VALUES ('HARD', 'hard', :'hard', :'hard', ARRAY[:'hard'], ARRAY[:'hard'], ARRAY[:'hard']);
INSERT INTO apitoken.buyers (account_id, id, name, icon, erp_company_contact, erp_customer, account_external_id,
		address_line1, address_line2, post_code, city, state, country, tax_id)
	VALUES ('HARD', 'HARD', :'hard', :'hard', :'hard', :'hard', :'hard',
		:'hard', :'hard', :'hard', :'hard', :'hard', :'hard', :'hard');
INSERT INTO apitoken.buyer_errors VALUES ('HARD', 'HARD', 1, :'hard', :'hard', jsonb_build_object(:'hard', :'hard'));
INSERT INTO apitoken.user_group_buyers VALUES ('HARD', 'HARD', 'HARD');
INSERT INTO apitoken.api_tokens (account_id, id, name, description, icon, created_by_type, created_by_id)
	VALUES ('HARD', 'HARD', 'Hard', :'hard', :'hard', 'user', 'HARD');
INSERT INTO apitoken.api_token_modules VALUES ('HARD', 'HARD', 'HARD');
INSERT INTO helper.answers SELECT 'hard', helper.disable('HARD');
-- token 2, its creator 2, module 5, account 14 twice, group 3, user 9, buyer 12, its error 3
SELECT is((SELECT count(*) FROM helper.flatten(document) WHERE value = to_jsonb(:'hard'::text)),
		(2 + 2 + 5 + 14 + 14 + 3 + 9 + 12 + 3)::bigint, 'every member that holds text holds it whole')
	FROM helper.answers WHERE shape = 'hard';
SELECT is(document::text::jsonb, document, 'and its document is read back as it was written')
	FROM helper.answers WHERE shape = 'hard';

-- 1 MB, compressible, and 1 MB that is not; both beside a short text
INSERT INTO apitoken.accounts (id, type, name, description, website) VALUES
	('LONG', 'Client', 'Long', repeat('abcdefg😀', 100000), 'after');
UPDATE apitoken.accounts SET icon = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 32768) n) WHERE id = 'LONG';
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('LONG', 'LONG', 'Long', true);
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('LONG', 'LONG', 'Long');
INSERT INTO helper.answers SELECT 'long', helper.disable('LONG');
SELECT is(document #>> ARRAY['account', 'description'] = a.description AND document #>> ARRAY['account', 'icon'] = a.icon
			AND document #>> ARRAY['account', 'groups', '0', 'account', 'description'] = a.description
			AND document #>> ARRAY['account', 'website'] = 'after' AND length(a.description) = 800000 AND length(a.icon) = 1048576,
		true, 'texts of a megabyte, twice each')
	FROM helper.answers, apitoken.accounts a WHERE shape = 'long' AND a.id = 'LONG';

/*
 * Ids in href: all but RFC 3986's unreserved characters are percent-encoded.
 */
CREATE TABLE helper.ids (id text, encoded text);
INSERT INTO helper.ids VALUES
	('ABCXYZabcxyz019', 'ABCXYZabcxyz019'),
	('-._~', '-._~'),
	('.', '.'),
	('..', '..'),
	('a b', 'a%20b'),
	('a/b', 'a%2Fb'),
	('a%b', 'a%25b'),
	('%2F', '%252F'),
	('a+b', 'a%2Bb'),
	('a?b#c', 'a%3Fb%23c'),
	('a&b=c', 'a%26b%3Dc'),
	('"a''b"', '%22a%27b%22'),
	('<a>', '%3Ca%3E'),
	('a\b', 'a%5Cb'),
	('a:b@c', 'a%3Ab%40c'),
	('!$()*,;', '%21%24%28%29%2A%2C%3B'),
	('[]{}|^`', '%5B%5D%7B%7D%7C%5E%60'),
	(E'a\nb\tc\r', 'a%0Ab%09c%0D'),
	(E'\u0001\u001f\u007f', '%01%1F%7F'),
	('é', '%C3%A9'),
	(E'e\u0301', 'e%CC%81'),
	('€', '%E2%82%AC'),
	('漢字', '%E6%BC%A2%E5%AD%97'),
	('😀', '%F0%9F%98%80'),
	(U&'\+10FFFF', '%F4%8F%BF%BF');
INSERT INTO apitoken.accounts (id, type, name) VALUES ('IDS', 'Client', 'Ids');
INSERT INTO apitoken.modules (id, code, name) SELECT id, 'id ' || id, encoded FROM helper.ids;
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('IDS', 'IDS', 'Ids');
INSERT INTO apitoken.api_token_modules SELECT 'IDS', 'IDS', id FROM helper.ids;
INSERT INTO helper.answers SELECT 'ids', helper.disable('IDS');
SELECT is(module ->> 'href', '/v1/accounts/modules/' || encoded, 'href of the id ' || to_json(id))
	FROM helper.answers
	CROSS JOIN helper.ids
	LEFT JOIN LATERAL jsonb_array_elements(document -> 'modules') module ON module ->> 'id' = id
	WHERE shape = 'ids'
	ORDER BY id COLLATE "C";

-- The id of the token itself, and of all that it leads to.
\set odd 'a/b "%é"\\'
INSERT INTO apitoken.users (id, name, created_by_type, created_by_id) VALUES (:'odd', 'Odd', 'user', :'odd');
INSERT INTO apitoken.accounts (id, type, name, created_by_type, created_by_id) VALUES (:'odd', 'Client', 'Odd', 'user', :'odd');
INSERT INTO apitoken.user_accounts VALUES (:'odd', :'odd');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES (:'odd', :'odd', 'Odd', true);
INSERT INTO apitoken.user_group_users VALUES (:'odd', :'odd', :'odd');
INSERT INTO apitoken.modules (id, code, name) VALUES (:'odd', 'odd', 'Odd');
INSERT INTO apitoken.user_group_modules VALUES (:'odd', :'odd', :'odd');
INSERT INTO apitoken.buyers (account_id, id, name) VALUES (:'odd', :'odd', 'Odd');
INSERT INTO apitoken.buyer_errors VALUES (:'odd', :'odd', 1, :'odd', 'Odd');
INSERT INTO apitoken.user_group_buyers VALUES (:'odd', :'odd', :'odd');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_by_type, created_by_id) VALUES (:'odd', :'odd', 'Odd', 'token', :'odd');
INSERT INTO helper.answers SELECT 'odd', helper.disable(:'odd');
SELECT is((SELECT array_agg(DISTINCT value #>> '{}') FROM helper.flatten(document) WHERE path ~ 'href$'),
		array_agg('/v1/accounts/' || collection || '/a%2Fb%20%22%25%C3%A9%22%5C' ORDER BY collection), 'every kind of href')
	FROM helper.answers, unnest('{accounts,api-tokens,buyers,modules,user-groups,users}'::text[]) collection
	WHERE shape = 'odd' GROUP BY document;
SELECT is((SELECT array_agg(DISTINCT value #>> '{}') FROM helper.flatten(document) WHERE path ~ '(^|\.)id$'), ARRAY[:'odd'],
		'every id as it is')
	FROM helper.answers WHERE shape = 'odd';
SELECT is(document ->> 'token', 'idt:' || :'odd' || ':****', 'the masked secret shows the id as it is')
	FROM helper.answers WHERE shape = 'odd';

SET LOCAL apitoken.href_base = '';
SELECT is(helper.disable('IDS') ->> 'href', '/api-tokens/IDS', 'href without a base');
SET LOCAL apitoken.href_base = 'https://api.example.com/"é"/v2';
SELECT is(helper.disable('IDS') #>> '{account,href}', 'https://api.example.com/"é"/v2/accounts/IDS',
	'href with another base, as it was given');
RESET apitoken.href_base;

/*
 * What is returned is jsonb to the byte.
 */

-- The bytes that a value has on disk, uncompressed; the padding sees to it that they go to the TOAST table.
CREATE TABLE helper.stored (padding text, document jsonb);
ALTER TABLE helper.stored ALTER padding SET STORAGE PLAIN, ALTER document SET STORAGE EXTERNAL;
CREATE FUNCTION helper.bytes(document jsonb) RETURNS bytea
LANGUAGE plpgsql
AS $$
DECLARE
	result bytea;
BEGIN
	DELETE FROM helper.stored;
	INSERT INTO helper.stored VALUES (repeat('x', 3000), document);
	EXECUTE (SELECT format('SELECT string_agg(chunk_data, '''' ORDER BY chunk_seq) FROM %s', reltoastrelid::regclass)
		FROM pg_class WHERE oid = 'helper.stored'::regclass) INTO STRICT result;
	RETURN result;
END
$$;

/*
 * Where a document, looked into key by key and place by place, is not what
 * another one is: a form that is written wrongly shows in what -> finds.
 */
CREATE FUNCTION helper.lost(document jsonb, other jsonb) RETURNS SETOF text
LANGUAGE sql IMMUTABLE
AS $$
	WITH RECURSIVE node (path, have, want) AS (
		SELECT '', document, other
		UNION ALL
		SELECT child.path, child.have, child.want
			FROM node
			CROSS JOIN LATERAL (
				SELECT node.path || '.' || key, node.have -> key, member.value
					FROM jsonb_each(CASE jsonb_typeof(node.want) WHEN 'object' THEN node.want ELSE '{}' END)
						member (key, value)
				UNION ALL
				SELECT node.path || '[' || place - 1 || ']', node.have -> (place - 1)::integer, element.value
					FROM jsonb_array_elements(CASE jsonb_typeof(node.want) WHEN 'array' THEN node.want ELSE '[]' END)
						WITH ORDINALITY element (value, place)
			) child (path, have, want)
	)
	SELECT path FROM node WHERE have IS DISTINCT FROM want
$$;

-- What is wrong with the form of a jsonb; null if nothing is.
CREATE FUNCTION helper.form_defects(document jsonb) RETURNS text[]
LANGUAGE sql
AS $$
	WITH parsed AS MATERIALIZED (SELECT document::text::jsonb AS again),
	defects (defect) AS (
		SELECT 'differs from what its text says' FROM parsed WHERE document IS DISTINCT FROM again
		UNION ALL SELECT 'is ordered otherwise' FROM parsed WHERE document < again OR document > again
		UNION ALL SELECT 'hashes otherwise' FROM parsed WHERE jsonb_hash_extended(document, 1) <> jsonb_hash_extended(again, 1)
		UNION ALL SELECT 'does not contain itself' FROM parsed WHERE NOT (document @> again AND again @> document)
		UNION ALL SELECT 'has other bytes' FROM parsed WHERE helper.bytes(document) IS DISTINCT FROM helper.bytes(again)
		UNION ALL SELECT 'is not found at ' || path FROM parsed, helper.lost(document, again) path
	)
	SELECT array_agg(defect) FROM (SELECT defect FROM defects LIMIT 10) first
$$;

SELECT is(helper.bytes('{"a": 1, "b": "x"}') = helper.bytes('{"b": "x", "a": 1}'), true, 'equal documents have equal bytes');
SELECT is(helper.bytes('{"a": 1, "b": "x"}') = helper.bytes('{"a": 1, "b": "y"}'), false, 'other documents have others');

-- An account with so many groups, users, buyers, modules, errors, types, and keys of parameters.
CREATE FUNCTION helper.make_shape(items integer) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	prefix text := 'SHAPE' || items || '-';
	account text := prefix || 'A';
BEGIN
	INSERT INTO apitoken.accounts (id, type, name, description) VALUES (account, 'Client', 'Shape', repeat('d', items));
	INSERT INTO apitoken.users (id, name, email)
		SELECT prefix || n, repeat('n', n), repeat('e', 100 - n) FROM generate_series(1, items) n;
	INSERT INTO apitoken.user_accounts SELECT account, prefix || n FROM generate_series(1, items) n;
	INSERT INTO apitoken.modules (id, code, name, account_types, settings_type, created_by_type, created_by_id)
		SELECT prefix || n, prefix || n, 'Module', array_fill('Client'::text, ARRAY[items]),
				(SELECT array_agg(repeat('t', k)) FROM generate_series(1, items) k), 'user', prefix || (items + 1 - n)
			FROM generate_series(1, items) n;
	INSERT INTO apitoken.buyers (account_id, id, name)
		SELECT account, prefix || n, 'Buyer' FROM generate_series(1, items) n;
	INSERT INTO apitoken.buyer_errors SELECT account, prefix || 1, n, 'E' || n, 'Error', (
			SELECT jsonb_object_agg(repeat('k', k % 7) || k, CASE k % 4 WHEN 0 THEN to_jsonb(k * 1.5) WHEN 1 THEN '{"a": [1, 2]}'
				WHEN 2 THEN '[]' ELSE to_jsonb(repeat('v', k)) END) FROM generate_series(1, items) k)
		FROM generate_series(1, items) n;
	INSERT INTO apitoken.user_groups (account_id, id, name, is_default, created_by_type, created_by_id)
		SELECT account, prefix || n, 'Group', n = 1, 'user', prefix || n FROM generate_series(1, items) n;
	-- the first group has all, the second one, the third all but one
	INSERT INTO apitoken.user_group_users SELECT account, prefix || g, prefix || n
		FROM generate_series(1, items) n, generate_series(1, LEAST(items, 3)) g WHERE g = 1 OR (g = 2) = (n = 1);
	INSERT INTO apitoken.user_group_buyers SELECT account, prefix || g, prefix || n
		FROM generate_series(1, items) n, generate_series(1, LEAST(items, 3)) g WHERE g = 1 OR (g = 2) = (n = 1);
	INSERT INTO apitoken.user_group_modules SELECT account, prefix || g, prefix || n
		FROM generate_series(1, items) n, generate_series(1, LEAST(items, 3)) g WHERE g = 1 OR (g = 2) = (n = 1);
	INSERT INTO apitoken.api_tokens (account_id, id, name, created_by_type, created_by_id)
		VALUES (account, prefix || 'T', 'Shape', 'token', prefix || 'T');
	INSERT INTO apitoken.api_token_modules SELECT account, prefix || 'T', prefix || n FROM generate_series(1, items) n;
	RETURN api.apitoken_disable(prefix || 'T');
END
$$;
INSERT INTO helper.answers SELECT 'lists of ' || items, helper.make_shape(items) FROM unnest('{0,1,2,3,31,32,33,34,63,64,65,100}'::integer[]) items;
SELECT is((SELECT array_agg(DISTINCT jsonb_array_length(document #> path::text[])) FROM unnest('{"{modules}","{account,groups}",
			"{account,groups,0,users}","{account,groups,0,buyers}","{account,groups,0,modules}","{modules,0,accountTypes}",
			"{modules,0,settings,type}","{account,groups,0,buyers,0,errors}"}'::text[]) path), '{33}',
		'each list of a shape has its length')
	FROM helper.answers WHERE shape = 'lists of 33';
SELECT is(helper.form_defects(document), NULL, 'form of the document: ' || shape) FROM helper.answers ORDER BY shape COLLATE "C";
-- as it comes from the function, never stored
SELECT is(helper.form_defects(helper.disable('SHAPE33-T')), NULL, 'form of a document that was never stored');
SELECT is(pg_column_size(document), pg_column_size(document::text::jsonb), 'and its size')
	FROM helper.disable('SHAPE33-T') document;

SELECT * FROM finish();
ROLLBACK;
