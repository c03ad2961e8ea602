/*
 * What the texts in the tables may be: by the calls, by hand, and from a dump.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(315);

\set line 'Control characters, line breaks, characters that change the direction of writing and invisible ones are not allowed.'
\set text 'Tabs and line breaks are allowed; other control characters, characters that change the direction of writing and invisible ones are not.'
\set url 'Give a path, or a URL that begins with https://, http:// or data:image/ and png, gif, jpeg or webp; white space and backslashes are written as %20 and %5C.'
\set character 'has a character that is not allowed'
\set scheme 'is neither a path nor a URL of the web'

/*
 * Texts, and the rules that allow them.
 */
CREATE TABLE helper.texts (number integer GENERATED ALWAYS AS IDENTITY, kind text, value text, allowed text);
INSERT INTO helper.texts (kind, value, allowed) VALUES
	('nothing', 'Text', 'line text id url'),
	('other scripts', 'Ελληνικά Кириллица 漢字 かな 한국어 हिन्दी ไทย עברית العربية', 'line text id'),
	('what stands for itself', '<b>"it''s" & 100 % \ / 😀</b>', 'line text id'),
	('the same in a URL', '<b>"it''s"&100%/😀</b>', 'line text id url'),
	('spaces', E'a b\u00A0c\u3000d', 'line text id'),
	('accents, composed otherwise', E'e\u0301u\u0308', 'line text id url'),
	('a tab', E'a\tb', 'text'),
	('lines', E'a\nb\r\nc\n', 'text'),
	('separators', E'a\u2028b\u2029c', 'text'),
	('NUL''s neighbour', E'a\u0001b', ''),
	('escape', E'a\u001B[31mb', ''),
	('backspace', E'admin\b\b\b', ''),
	('DEL', E'a\u007Fb', ''),
	('a control character of Latin 1', E'a\u009Bb', ''),
	('next line', E'a\u0085b', ''),
	('right-to-left override', E'gnp\u202Eexe.', ''),
	('left-to-right override', E'a\u202Db', ''),
	('an embedding', E'a\u202Bb\u202C', ''),
	('an isolate', E'a\u2067b\u2069', ''),
	('a mark to the right', E'a\u200Eb', ''),
	('a mark to the left', E'a\u200Fb', ''),
	('the Arabic mark', E'a\u061Cb', ''),
	('zero-width space', E'a\u200Bb', ''),
	('word joiner', E'a\u2060b', ''),
	('byte order mark', E'\uFEFFa', ''),
	('soft hyphen', E'a\u00ADb', ''),
	('a filler', E'a\u3164b', ''),
	('tags', E'a\U000E0041b', ''),
	('annotation', E'a\uFFF9b', ''),
	('a joiner of hieroglyphs', E'\U00013000\U00013430\U00013000', ''),
	('a hieroglyph', E'\U00013000', 'line text id url'),
	('an invisible operator', E'a\u2063b', ''),
	('an empty pattern of Braille', E'a\u2800b', ''),
	('a place for an object', E'a\uFFFCb', ''),
	('no character', E'a\uFFFFb', ''),
	('no character, either', E'a\uFDD0b', ''),
	('nor beyond the first plane', E'a\U0001FFFEb', ''),
	('a pattern of Braille', E'a\u2801b', 'line text id url'),
	-- where they mean something
	('a joiner between letters of Persian', E'می\u200Cخواهم', 'line text'),
	('a joiner in Hindi', E'क्\u200Dष', 'line text'),
	('a family', E'\U0001F469\u200D\U0001F469\u200D\U0001F467', 'line text'),
	('a heart', E'\u2764\uFE0F', 'line text'),
	('a couple with a heart', E'\U0001F469\u200D\u2764\uFE0F\u200D\U0001F468', 'line text'),
	('a keycap', E'1\uFE0F\u20E3 and #\uFE0F\u20E3', 'line text'),
	('a variant of a character', E'葛\U000E0100', 'line text'),
	-- and where they do not
	('a joiner between letters of Latin', E'Con\u200Dtoso', ''),
	('a joiner first', E'\u200Cخواهم', ''),
	('two joiners', E'می\u200C\u200Cخواهم', ''),
	('a selector behind a letter', E'a\uFE0F', ''),
	('selectors that carry a message', E'\U0001F600\U000E0100\U000E0101\U000E0102', '');
SELECT is((SELECT string_agg(n::text, ' ' ORDER BY n) FROM generate_series(1, 159) n
		WHERE helper.outcome(format($$ INSERT INTO apitoken.sellers (id, name) VALUES ('S', %L) $$, 'a' || chr(n) || 'b')) = '23514'),
	(SELECT string_agg(n::text, ' ' ORDER BY n) FROM generate_series(1, 159) n WHERE n < 32 OR n > 126),
	'of the first 159 characters those are refused that are control characters');

-- A column of each rule, by hand.
SELECT is((SELECT string_agg(rule, ' ' ORDER BY place) FROM (VALUES
			(1, 'line', 'UPDATE apitoken.accounts SET name = %L WHERE id = ''ACC-3001-7788'''),
			(2, 'text', 'UPDATE apitoken.accounts SET description = %L WHERE id = ''ACC-3001-7788'''),
			(3, 'id', 'INSERT INTO apitoken.sellers (id, name) VALUES (%L, ''Seller'')'),
			(4, 'url', 'UPDATE apitoken.accounts SET website = %L WHERE id = ''ACC-3001-7788''')) r (place, rule, statement)
		WHERE helper.outcome(format(r.statement, t.value)) = 'ok'),
		NULLIF(allowed, ''), kind)
	FROM helper.texts t ORDER BY number;

-- The description of a token, by the calls.
SELECT is(jsonb_build_array(f.code, f.detail, f.hint), CASE WHEN allowed LIKE '%text%' THEN '[null, null, null]'
			ELSE jsonb_build_array('PT400', format('The member "description" %s.', :'character'), :'text') END, 'update: ' || kind)
	FROM helper.texts t
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', jsonb_build_object('description', value))) f ON true
	ORDER BY number;
SELECT is(jsonb_build_array(f.code, f.detail, f.hint), CASE WHEN allowed LIKE '%text%' THEN '[null, null, null]'
			ELSE jsonb_build_array('PT400', format('The member "description" %s.', :'character'), :'text') END, 'create: ' || kind)
	FROM helper.texts t
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_create(%L)',
		jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'Name', 'description', value))) f ON true
	ORDER BY number;
-- names had a rule before, which allows some that nobody sees
SELECT is(jsonb_build_array(f.code, f.detail, f.hint),
		jsonb_build_array('PT400', format('The member "name" %s.', :'character'), 'A name has letters, digits, spaces, - . '' and " only.'), 'a name: ' || kind)
	FROM (VALUES ('the Arabic mark', E'a\u061Cb'), ('a filler', E'a\u3164b'), ('a vowel separator', E'a\u180Eb'), ('a format character of shorthand', E'a\U0001BCA0b')) t (kind, value)
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', jsonb_build_object('name', value))) f ON true;

/*
 * URLs.
 */
CREATE TABLE helper.urls (number integer GENERATED ALWAYS AS IDENTITY, value text, problem text, hint text);
INSERT INTO helper.urls (value) VALUES ('/icons/a.png'), ('icons/a.png?b=c:d#e:f'), ('//cdn.example/a.png'), ('https://cdn.example:8443/a.png'),
	('HTTP://cdn.example/a.png'), ('data:image/png;base64,iVBORw0KGgo='), ('DATA:IMAGE/WEBP;base64,'), ('www.example.com'), ('?a=javascript:b'), ('/javascript:a'),
	('data:image/gif,a'), ('é:a'), (''), (':'), ('https://a'), ('http://[::1]/a.png');
INSERT INTO helper.urls (value, problem, hint) SELECT value, :'scheme', :'url' FROM unnest(ARRAY['javascript:alert(1)', 'JavaScript:alert(1)', 'JAVASCRIPT:', '  javascript:alert(1)',
	'vbscript:msgbox(1)', 'data:text/html,<script>alert(1)</script>', 'data:,a', 'data:image/svg+xml,<svg onload=alert(1)>', 'data:image', 'https:javascript:alert(1)', 'https:', 'http:\\a', 'data:image/pngx', 'data:image/png', 'blob:https://a/b', 'file:///etc/passwd',
	'filesystem:https://a/b', 'view-source:javascript:a', 'jar:https://a!/b', 'about:blank', 'ftp://a/b', 'localhost:8080/a.png', 'x-y+z.1:a', 'httpx:a', 'mailto:a@b.example',
	' ', ' /a', '/a b', 'https://a/b c', E'/a\u00A0b', E'\u3000/a', '/\evil.example/x.png', 'https:\\a', 'https://a\b', 'https://', 'https:///a', 'http://?a', 'HTTPS://#a', 'https://:80/a', 'https://@a']) value;
INSERT INTO helper.urls (value, problem, hint) SELECT value, :'character', :'line' FROM unnest(ARRAY[E'java\tscript:alert(1)', E'java\nscript:alert(1)', E'\x01javascript:alert(1)',
	E'java\u200Bscript:alert(1)', E'javascript\r:alert(1)', E'/icons/a\n.png', E'https://a\u202E/b']) value;
SELECT is(jsonb_build_array(f.code, f.detail, f.hint), CASE WHEN problem IS NULL THEN '[null, null, null]'
			ELSE jsonb_build_array('PT400', format('The member "icon" %s.', problem), u.hint) END, 'icon: ' || translate(quote_literal(value), E'\n\r', '  '))
	FROM helper.urls u
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', jsonb_build_object('icon', value))) f ON true
	ORDER BY number;

/*
 * Names that nobody sees.
 */
SELECT is(helper.outcome(format('INSERT INTO apitoken.sellers (id, name) VALUES (''S'', %L)', value)), wanted, format('a name of %s', kind)) FROM (VALUES
	('a space', ' ', '23514'), ('no-break spaces', E'\u00A0\u00A0', '23514'), ('ideographic space', E'\u3000', '23514'), ('figure space', E'\u2007 ', '23514'),
	('a space and a joiner', E'\u00A0\u200D', '23514'), ('a letter among them', E'\u00A0a ', 'ok'), ('nothing', '', 'ok')) n (kind, value, wanted);
SELECT is(helper.outcome(format('INSERT INTO apitoken.sellers (id, name) VALUES (%L, ''Seller'')', E'\u00A0')), '23514', 'an id of a space');
SELECT is(jsonb_build_array(f.code, f.detail, f.hint), '["PT400", "The member \"name\" has nothing but white space.", "A name has at least one character that is seen."]', 'a token''s name of spaces')
	FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "  "}') $$) f;
-- where links begin
SELECT is(helper.outcome(format('SET LOCAL apitoken.href_base = %L', value)), wanted, 'href_base: ' || quote_literal(value)) FROM (VALUES
	('/v1', 'ok'), ('https://api.example:8443/v1', 'ok'), ('', 'ok'), (E'/\x01', '22023'), (E'/a\u202Eb', '22023'), ('javascript:alert(1)//', '22023'), (E'/a\u200Bb', '22023'), ('/a b', '22023'),
	('https://', '22023'), ('\\evil.example', '22023')) h (value, wanted);

/*
 * Every column that has a rule, inserted and updated.
 */
CREATE TABLE helper.ruled AS
	SELECT c.relation, c.attribute, format('%s_%s_%s', c.relation, c.attribute, b.suffix) AS wanted, b.value FROM (VALUES
		('accounts', 'id name description icon external_id external_name service_level address_line1 address_line2 post_code city state country technical_support_email website'),
		('modules', 'id code name description'), ('sellers', 'id name'),
		('users', 'id name first_name last_name email phone_prefix phone_number icon culture_code language_code'),
		('user_groups', 'id name description logo'),
		('buyers', 'id name icon erp_company_contact erp_customer account_external_id address_line1 address_line2 post_code city state country tax_id'),
		('buyer_errors', 'id message'), ('api_tokens', 'id name description icon')) t (relation, attributes)
		CROSS JOIN LATERAL regexp_split_to_table(t.attributes, ' ') a (attribute)
		CROSS JOIN LATERAL (SELECT t.relation, a.attribute) c
		CROSS JOIN LATERAL (SELECT 'text_check', E'a\u202Eb' UNION ALL
			SELECT 'scheme_check', 'JavaScript:a' WHERE c.attribute IN ('icon', 'logo', 'website')) b (suffix, value);
CREATE FUNCTION helper.violated(statement text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	violated text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN check_violation THEN
	GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
	RETURN violated;
END
$$;
INSERT INTO apitoken.buyer_errors SELECT account_id, id, 1, 'E', 'Message' FROM apitoken.buyers LIMIT 1;
SELECT is(helper.violated(format('INSERT INTO apitoken.%1$I
			SELECT (jsonb_populate_record(one, jsonb_build_object(%2$L, %3$L::text))).* FROM apitoken.%1$I one LIMIT 1',
		relation, attribute, value)), wanted, format('insert of %s.%s', relation, attribute))
	FROM helper.ruled ORDER BY relation, attribute, wanted;
SELECT is((SELECT string_agg(COALESCE(v, 'null') || ' is not ' || wanted, ', ') FROM helper.ruled
		CROSS JOIN LATERAL helper.violated(format('UPDATE apitoken.%I SET %I = %L', relation, attribute, value)) v
		WHERE v IS DISTINCT FROM wanted), NULL, 'and the update of each');
SELECT is(jsonb_build_array(f.code, f.message, f.detail, f.hint), jsonb_build_array('23514', 'row for relation "users" violates the rule of its column "icon"',
		'The text is neither a path nor a URL of the web.', :'url'), 'what is told by hand')
	FROM helper.failure($$ UPDATE apitoken.users SET icon = 'javascript:a' $$) f;

/*
 * What was there before, as a restore brings it back.
 */
SET LOCAL check_function_bodies = off;
INSERT INTO apitoken.api_tokens (account_id, id, name, description, icon) VALUES
	('ACC-3001-7788', E'TKN\u202Eold', 'Old', E'old\u202E', 'javascript:old');
INSERT INTO apitoken.accounts (id, type, name, website) VALUES ('ACC-OLD', 'Client', E'Old\u0001', 'javascript:old');
SELECT is(helper.outcome($$ UPDATE apitoken.users SET icon = 'javascript:a' $$), '23514', 'nothing is restored by an update');
CREATE ROLE apitoken_characters;
GRANT USAGE ON SCHEMA apitoken TO apitoken_characters;
GRANT INSERT ON apitoken.sellers TO apitoken_characters;
SELECT is((SELECT code FROM helper.failure($$ SET LOCAL ROLE apitoken_characters; INSERT INTO apitoken.sellers (id, name) VALUES ('S', E'a\u0001') $$)), '23514', 'nor by a role that is not the owner');
SELECT is((SELECT code FROM helper.failure($$ SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "icon": "javascript:a"}') $$)), 'PT400', 'nor by a call');
SET LOCAL check_function_bodies = on;

SELECT is(jsonb_build_array(d -> 'status', d -> 'description', d -> 'icon'), '["Disabled", "old\u202e", "javascript:old"]', 'it is disabled, and shown as it is')
	FROM api.apitoken_disable(E'TKN\u202Eold') d;
SELECT is(api.apitoken_get(E'TKN\u202Eold', '-*,+description') ->> 'description', E'old\u202E', 'read');
SELECT is(api.apitoken_enable(E'TKN\u202Eold') ->> 'status', 'Active', 'enabled');
SELECT is(jsonb_build_array(d -> 'name', d -> 'icon'), '["Newer", "javascript:old"]', 'updated in another column')
	FROM api.apitoken_update(E'TKN\u202Eold', '{"name": "Newer"}') d;
SELECT is(jsonb_build_array(d -> 'name', d -> 'icon'), '["Newest", "javascript:old"]', 'and with the same texts again')
	FROM api.apitoken_update(E'TKN\u202Eold', '{"name": "Newest", "description": "old\u202e", "icon": "javascript:old"}') d;
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_update(E'TKN\u202Eold', '{"icon": "javascript:new"}') $$) f),
	'The member "icon" is neither a path nor a URL of the web.', 'but not with others of the kind');
SELECT is(api.apitoken_update(E'TKN\u202Eold', '{"icon": null}') ->> 'icon', NULL, 'it is put right');
SELECT is(helper.outcome($$ UPDATE apitoken.accounts SET status = 'Disabled', name = name, website = website WHERE id = 'ACC-OLD' $$), 'ok', 'a row by hand, with the same texts');
SELECT is(helper.outcome($$ UPDATE apitoken.accounts SET name = name || '!' WHERE id = 'ACC-OLD' $$), '23514', 'not with others of the kind');
SELECT is(helper.violated('SELECT api.apitoken_delete(''TKN-1671-0642'')'), 'ok', 'a delete needs no text');

SELECT throws_ok('SELECT apitoken.check_text()', '39P01', NULL, 'the function is a trigger''s');
CREATE TRIGGER wrong AFTER INSERT ON apitoken.sellers FOR EACH ROW EXECUTE FUNCTION apitoken.check_text('name', 'line');
SELECT throws_ok($$ INSERT INTO apitoken.sellers (id, name) VALUES ('S', 'Seller') $$, '39P01', NULL, 'before a row''s change');

-- What people give has a rule: each text but what is one of a few words, or refers to something.
SELECT is((SELECT array_agg(format('%s.%s', c.relname, a.attname) ORDER BY c.relname, a.attname)
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_type t ON t.oid = a.atttypid
		WHERE c.oid = ANY ('{apitoken.accounts,apitoken.modules,apitoken.sellers,apitoken.users,apitoken.user_groups,apitoken.buyers,apitoken.buyer_errors,
				apitoken.api_tokens}'::regclass[])
			AND t.typcategory = 'S'
			AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'check_' || a.attname)
			AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND a.attnum = ANY (k.conkey)
				AND (k.contype = 'f' OR k.contype = 'c' AND pg_get_constraintdef(k.oid) LIKE '%= ANY (%'))),
	NULL, 'each text has its rule');

SELECT * FROM finish();
ROLLBACK;
