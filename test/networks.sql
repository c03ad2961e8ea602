/*
 * Networks: from where a secret is taken, who says so, and what becomes of it.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(139);

\set caller apitoken_networks_caller
\ir fixtures/caller.psql
\set below `printf "helper.as_token('TKN-3001-1002')"`

-- For setup: from where a request comes, as the proxy says.
CREATE FUNCTION helper.at(address text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
	SELECT format('SELECT set_config(''request.headers'', %L, true)', jsonb_strip_nulls(jsonb_build_object('x-apitoken-client', address)))
$$;
-- whom the secret of a token lets in from there
CREATE FUNCTION helper.lets_in_from(address text, token_id text DEFAULT 'TKN-1671-0642') RETURNS text
LANGUAGE sql
AS $$
	SELECT (helper.probe(format('SELECT api.apitoken_authenticate(%L) ->> ''id''', helper.secret(token_id)), helper.at(address), 'apitoken_networks_caller')).code
$$;
SELECT api.apitoken_version() \g /dev/null
SET LOCAL apitoken.proxy_authenticator = 'postgres';

/*
 * From where.
 */
SELECT is(helper.lets_in_from(address), 'ok', format('without a list: %s', COALESCE(address, 'nowhere'))) FROM (VALUES ('192.0.2.1'), ('2001:db8::1'), (NULL)) AS c (address);
UPDATE apitoken.api_tokens SET allowed_networks = '{192.0.2.0/24,198.51.100.7/32,2001:db8:1::/48,::ffff:203.0.113.0/120}' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in_from(address), code, format('with one: %s', COALESCE(address, 'nowhere'))) FROM (VALUES
	('192.0.2.0', 'ok'), ('192.0.2.1', 'ok'), ('192.0.2.255', 'ok'), ('192.0.1.255', 'PT401'), ('192.0.3.0', 'PT401'),
	('198.51.100.7', 'ok'), ('198.51.100.6', 'PT401'), ('2001:db8:1::', 'ok'), ('2001:db8:1:ffff::1', 'ok'), ('2001:db8:2::', 'PT401'),
	-- IPv4 in the form of IPv6 is IPv4
	('::ffff:192.0.2.1', 'ok'), ('::ffff:192.0.3.1', 'PT401'), ('203.0.113.9', 'ok'), ('::ffff:203.0.113.9', 'ok'), ('203.0.114.1', 'PT401'), ('::192.0.2.1', 'PT401'),
	-- what is no address, or more than one
	(NULL, 'PT401'), ('', 'PT401'), ('nowhere', 'PT401'), ('192.0.2.1, 192.0.2.2', 'PT401'), ('192.0.2.0/23', 'PT401')) AS c (address, code);
SELECT is(to_jsonb(f), to_jsonb(u), 'it is refused like any unknown one')
	FROM helper.failure(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))) f, helper.failure($$SELECT api.apitoken_authenticate('idt:TKN-9999-9999:x')$$) u;
UPDATE apitoken.api_tokens SET allowed_networks = '{0.0.0.0/0}' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in_from(address), code, format('all of IPv4: %s', address)) FROM (VALUES ('203.0.113.1', 'ok'), ('::ffff:203.0.113.1', 'ok'), ('2001:db8::1', 'PT401')) AS c (address, code);
UPDATE apitoken.api_tokens SET allowed_networks = '{::/0}' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in_from(address), code, format('all of IPv6: %s', address)) FROM (VALUES ('203.0.113.1', 'PT401'), ('::ffff:203.0.113.1', 'PT401'), ('2001:db8::1', 'ok')) AS c (address, code);

-- of the account, and both
UPDATE apitoken.api_tokens SET allowed_networks = '{192.0.2.0/24}' WHERE id = 'TKN-1671-0642';
UPDATE apitoken.accounts SET allowed_networks = '{192.0.2.128/25,203.0.113.0/24}' WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in_from(address, token), code, format('with an account''s list: %s from %s', token, COALESCE(address, 'nowhere'))) FROM (VALUES
	('TKN-1671-0642', '192.0.2.1', 'PT401'), ('TKN-1671-0642', '192.0.2.129', 'ok'), ('TKN-1671-0642', '203.0.113.1', 'PT401'), ('TKN-1671-0642', NULL, 'PT401'),
	('TKN-3001-1002', '192.0.2.1', 'PT401'), ('TKN-3001-1002', '192.0.2.129', 'ok'), ('TKN-3001-1002', '203.0.113.1', 'ok'), ('TKN-3001-1002', NULL, 'PT401'),
	('TKN-3002-1001', '198.51.100.1', 'ok'), ('TKN-3002-1001', NULL, 'ok')) AS c (token, address, code);
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.lets_in_from(address), code, format('by statements: %s', COALESCE(address, 'nowhere'))) FROM (VALUES ('192.0.2.1', 'PT401'), ('192.0.2.129', 'ok'), (NULL, 'PT401')) AS c (address, code);
RESET apitoken.index_reads;
UPDATE apitoken.accounts SET allowed_networks = NULL WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in_from(address, token), code, format('without it again: %s from %s', token, COALESCE(address, 'nowhere'))) FROM (VALUES
	('TKN-1671-0642', '192.0.2.1', 'ok'), ('TKN-3001-1002', '198.51.100.1', 'ok'), ('TKN-3001-1002', NULL, 'ok')) AS c (token, address, code);
SAVEPOINT listed;
UPDATE apitoken.accounts SET allowed_networks = '{203.0.113.0/24}' WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in_from('192.0.2.1', 'TKN-3001-1002'), 'PT401', 'a list that a savepoint has set');
ROLLBACK TO listed;
SELECT is(helper.lets_in_from('192.0.2.1', 'TKN-3001-1002'), 'ok', 'is none when that is rolled back');
INSERT INTO apitoken.accounts (id, type, name, allowed_networks) VALUES ('ACC-NEW', 'Client', 'New', '{192.0.2.0/24}');
SELECT helper.add_token('ACC-NEW', 'TKN-NEW') \g /dev/null
SELECT is(helper.lets_in_from(address, 'TKN-NEW'), code, format('of a new account: %s', address)) FROM (VALUES ('192.0.2.1', 'ok'), ('203.0.113.1', 'PT401')) AS c (address, code);

-- by a request
SELECT is((helper.probe(format('SELECT set_config(''request.headers'', %L, true), api.apitoken_pre_request()', jsonb_build_object('x-apitoken-secret', helper.secret('TKN-1671-0642'), 'x-apitoken-client', address)),
	NULL, 'apitoken_networks_caller')).code, code, 'a request from ' || address) FROM (VALUES ('192.0.2.1', 'ok'), ('192.0.3.1', 'PT401')) AS c (address, code);

-- who says from where: a proxy that is believed, else the connection, which has no address here
SET LOCAL apitoken.proxy_authenticator = '';
SELECT is(helper.lets_in_from('192.0.2.1'), 'PT401', 'anybody can set the headers: they are not believed');
SELECT is(helper.lets_in_from('192.0.2.1', 'TKN-3001-1002'), 'ok', 'which is no matter without a list');
SET LOCAL apitoken.proxy_authenticator = 'postgres';

-- while it acts
SAVEPOINT acting;
SELECT set_config('request.headers', '{"x-apitoken-client": "192.0.2.1"}', true) \g /dev/null
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'id', 'TKN-1671-0642', 'it acts');
UPDATE apitoken.api_tokens SET allowed_networks = '{203.0.113.0/24}' WHERE id = 'TKN-3001-1002';
SELECT is((helper.failure(call)).code, 'PT401', 'and not once its list is another: ' || call) FROM unnest(ARRAY[$$SELECT api.apitoken_get('TKN-1671-0642')$$, $$SELECT api.apitoken_list()$$,
	$$SELECT api.apitoken_disable('TKN-1671-0642')$$, $$SELECT api.apitoken_guard()$$, $$SELECT api.apitoken_require()$$]) call;
SELECT is(api.apitoken_actor(), NULL, 'it is nobody');
ROLLBACK TO acting;

/*
 * What can be said.
 */
UPDATE apitoken.api_tokens SET allowed_networks = NULL;
SELECT is(helper.came(format($$SELECT COALESCE(api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": %s}') ->> 'allowedNetworks', 'none')$$, given), NULL, NULL), expected, 'update: ' || given) FROM (VALUES
	('["192.0.2.0/24", "2001:DB8::/32", "198.51.100.7"]', 'ok ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]'),
	('["0.0.0.0/0"]', 'ok ["0.0.0.0/0"]'),
	('null', 'ok none'),
	('[]', 'PT400 The member "allowedNetworks" is empty.'),
	('{}', 'PT400 The member "allowedNetworks" is not an array.'),
	('"192.0.2.0/24"', 'PT400 The member "allowedNetworks" is not an array.'),
	('["192.0.2.0/24", 7]', 'PT400 The member "allowedNetworks[1]" is not a string.'),
	('["192.0.2.0/24", null]', 'PT400 The member "allowedNetworks[1]" is not a string.'),
	('["192.0.2.0/24", ["192.0.2.0/24"]]', 'PT400 The member "allowedNetworks[1]" is not a string.'),
	('["192.0.2.0/24", "192.0.2.1/24"]', 'PT400 The member "allowedNetworks[1]" is an address within a network.'),
	('["2001:db8::1/32"]', 'PT400 The member "allowedNetworks[0]" is an address within a network.'),
	('["192.0.2.0/33"]', 'PT400 The member "allowedNetworks[0]" is not a network.'),
	('["192.0.2.0/-1"]', 'PT400 The member "allowedNetworks[0]" is not a network.'),
	('["example.com"]', 'PT400 The member "allowedNetworks[0]" is not a network.'),
	('["192.0.2.0/24 "]', 'PT400 The member "allowedNetworks[0]" is not a network.'),
	('[""]', 'PT400 The member "allowedNetworks[0]" is not a network.'),
	((SELECT jsonb_agg(format('10.0.%s.0/24', n) ORDER BY n)::text FROM generate_series(0, 100) n), 'PT400 The member "allowedNetworks" has more than 100 networks.')) AS c (given, expected);
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The member \"allowedNetworks[0]\" is not a network.", "hint": "Give networks such as [\"192.0.2.0/24\", \"2001:db8::/32\"], or null for all."}'::jsonb, 'what is said')
	FROM helper.failure($$SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New", "allowedNetworks": ["x"]}')$$) f;
SELECT is(name, 'Nightly export', 'nothing is changed then') FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
SELECT is(jsonb_array_length(api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'New',
	'allowedNetworks', (SELECT jsonb_agg(format('10.0.%s.0/24', n)) FROM generate_series(1, 100) n))) -> 'allowedNetworks'), 100, 'create: a hundred');
SELECT is(api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "allowedNetworks": null}') ? 'allowedNetworks', false, 'create: none');
SELECT is((api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "allowedNetworks": ["192.0.2.0/24"], "expiresAt": "2999-01-01"}')) - 'account' @> '{"allowedNetworks": ["192.0.2.0/24"], "expiresAt": "2999-01-01T00:00:00.000Z"}', true,
	'create: with an end');

/*
 * Where it is shown, and where not.
 */
CREATE TABLE helper.before AS SELECT api.apitoken_get('TKN-1671-0642') AS document;
SELECT is(api.apitoken_get('TKN-1671-0642', '-allowedNetworks'), document, 'it makes no difference where there is none') FROM helper.before;
SELECT is(api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": null}'), document, 'null where there is none changes nothing, the updated event neither') FROM helper.before;
SELECT is(api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": ["192.0.2.0/24", "2001:db8::/32"]}') - 'audit', (document - 'audit') || '{"allowedNetworks": ["192.0.2.0/24", "2001:db8::/32"]}', 'it is new in the document')
	FROM helper.before;
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id,+allowedNetworks') - '$meta', '{"id": "TKN-1671-0642", "allowedNetworks": ["192.0.2.0/24", "2001:db8::/32"]}', 'it is chosen');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id') #> '{$meta,omitted}' ? 'allowedNetworks', true, 'and named where it is left out');
SELECT is(api.apitoken_update('TKN-1671-0642', api.apitoken_get('TKN-1671-0642') || '{"name": "Nightly export"}') -> 'allowedNetworks', '["192.0.2.0/24", "2001:db8::/32"]', 'sent back: it stays');
SELECT is(api.apitoken_update('TKN-1671-0642', '{"name": "Nightly export"}') -> 'allowedNetworks', '["192.0.2.0/24", "2001:db8::/32"]', 'not supplied: it stays');
SELECT api.apitoken_update('TKN-3001-1003', '{"allowedNetworks": ["203.0.113.0/24"]}') \g /dev/null
UPDATE apitoken.api_tokens SET allowed_networks = NULL WHERE name = 'New';
SELECT is(jsonb_path_query_array(api.apitoken_list(query || '&order=id&select=-*,id'), '$.data[*].id'), expected::jsonb, 'lists: ' || query) FROM (VALUES
	('ne(allowedNetworks,null())', '["TKN-1671-0642", "TKN-3001-1003"]'), ('account.id=ACC-3001-7788&eq(allowedNetworks,null())&like(id,TKN-3001-*)', '["TKN-3001-1002", "TKN-3001-1004", "TKN-3001-1005"]'),
	('allowedNetworks=192.0.2.0/24', '["TKN-1671-0642"]'), ('allowedNetworks="2001:DB8::/32"', '["TKN-1671-0642"]'), ('in(allowedNetworks,(203.0.113.0/24,192.0.2.0/24))', '["TKN-1671-0642", "TKN-3001-1003"]'),
	('allowedNetworks=192.0.2.0/25', '[]'), ('any(allowedNetworks,like(self(),203*))', '["TKN-3001-1003"]')) AS c (query, expected);
SELECT is((helper.failure(format('SELECT api.apitoken_list(%L)', query))).detail, 'Position ' || expected, 'lists: ' || query) FROM (VALUES
	('allowedNetworks=nowhere', '17 of the query: this is no network.'), ('gt(allowedNetworks,192.0.2.0/24)', '1 of the query: this operator is not for lists.'),
	('order=allowedNetworks', '7 of the query: a list or a secret has no order.')) AS c (query, expected);
SELECT is(api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": null}') - 'audit', document - 'audit', 'null: it is gone') FROM helper.before;
SELECT is(api.apitoken_get('TKN-1671-0642') #> '{account}' ? 'allowedNetworks', false, 'an account''s is not shown');

/*
 * Nobody gives more than he has.
 */
UPDATE apitoken.api_tokens SET allowed_networks = '{192.0.2.0/24,2001:db8::/32}' WHERE id = 'TKN-3001-1002';
UPDATE apitoken.api_tokens SET allowed_networks = '{192.0.2.0/25}' WHERE id = 'TKN-3001-1004';
DELETE FROM apitoken.api_token_modules WHERE api_token_id = 'TKN-3001-1004';
SELECT is(helper.came(call, concat_ws('; ', helper.at('192.0.2.1'), actor)), expected, format('%s: %s', who, call)) FROM (VALUES
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"allowedNetworks": null}')$$, 'PT403 The actor may not be used from all of these networks.'),
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"allowedNetworks": ["192.0.2.0/23"]}')$$, 'PT403 The actor may not be used from all of these networks.'),
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"allowedNetworks": ["192.0.2.0/24", "203.0.113.0/24"]}')$$, 'PT403 The actor may not be used from all of these networks.'),
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"allowedNetworks": ["192.0.2.0/26"]}') ->> 'allowedNetworks'$$, 'ok ["192.0.2.0/26"]'),
	('another', :below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"allowedNetworks": ["203.0.113.0/24"]}')$$, 'PT403 The actor may not be used from all of these networks.'),
	('another', :below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"allowedNetworks": ["2001:db8::/32"]}') ->> 'allowedNetworks'$$, 'ok ["2001:db8::/32"]'),
	('one that has none', :below, $$SELECT api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": ["203.0.113.0/24"]}') ->> 'allowedNetworks'$$, 'ok ["203.0.113.0/24"]'),
	('a new one', :below, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "allowedNetworks": ["203.0.113.0/24"]}')$$, 'PT403 The actor may not be used from all of these networks.'),
	('a new one', :below, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}') ->> 'allowedNetworks'$$, 'ok ["192.0.2.0/24", "2001:db8::/32"]'),
	('another secret', :below, $$SELECT api.apitoken_rotate('TKN-1671-0642')$$, 'PT403 The actor may not be used from all of these networks.'),
	('another secret', :below, $$SELECT api.apitoken_rotate('TKN-3001-1004') ->> 'id'$$, 'ok TKN-3001-1004')) AS c (who, actor, call, expected);
SELECT is(helper.came($$SELECT api.apitoken_update('TKN-3001-1002', '{"allowedNetworks": null}') ? 'allowedNetworks'$$, NULL, NULL), 'ok false', 'a trusted role gives any');
SAVEPOINT held;
SELECT api.apitoken_ensure_disabled('TKN-3001-1004', true) \g /dev/null
SELECT is(helper.came($$SELECT api.apitoken_update('TKN-3001-1004', '{"allowedNetworks": ["192.0.2.0/24"]}')$$, concat_ws('; ', helper.at('192.0.2.1'), :below)), 'PT403 The API token "TKN-3001-1004" is held.', 'nor to what is held');
ROLLBACK TO held;

/*
 * By hand.
 */
SELECT is(helper.outcome(format('UPDATE apitoken.%s SET allowed_networks = %L', relation, given)), expected, format('%s by hand: %s', relation, given)) FROM (VALUES
	('{}', '23514'), ('{NULL}', '23514'), ('{{192.0.2.0/24}}', '23514'), ('{192.0.2.1/24}', '22P02'), ('{192.0.2.0/24}', 'ok'), (NULL, 'ok'),
	((SELECT array_agg(format('10.0.%s.0/24', n))::text FROM generate_series(0, 100) n), '23514')) AS c (given, expected), unnest('{api_tokens,accounts}'::text[]) relation;
CREATE ROLE apitoken_networks_careless;
GRANT USAGE ON SCHEMA api, apitoken TO apitoken_networks_careless;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_networks_careless;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_networks_careless;
GRANT UPDATE (allowed_networks) ON apitoken.api_tokens, apitoken.accounts TO apitoken_networks_careless;
SELECT is((helper.probe(statement || ' RETURNING id', concat_ws('; ', helper.at('192.0.2.1'), helper.as_token(actor)), 'apitoken_networks_careless')).code, '42501', format('%s by hand: %s', actor, statement))
	FROM unnest('{TKN-3001-1002,TKN-0001-0001}'::text[]) actor,
		unnest(ARRAY[$$UPDATE apitoken.api_tokens SET allowed_networks = '{10.0.0.0/8}' WHERE id = 'TKN-1671-0642'$$, $$UPDATE apitoken.accounts SET allowed_networks = '{10.0.0.0/8}' WHERE id = 'ACC-3001-7788'$$]) statement;

/*
 * From elsewhere.
 */
SELECT is(helper.came(format($$SELECT api.apitoken_import('{"tokens": [{"id": "old", "account": {"id": "ACC-3001-7788"}, "name": "Old", "digest": "%s", "allowedNetworks": %s}]}'),
	(SELECT allowed_networks FROM apitoken.api_tokens WHERE id = 'old')$$, encode(sha256('old'), 'hex'), given), NULL, NULL), expected, 'import: ' || given) FROM (VALUES
	('null', 'ok 1'), ('["192.0.2.0/24"]', 'ok 1'), ('"192.0.2.0/24"', 'PT400 The member "tokens[0].allowedNetworks" is not a list of strings.'),
	('["192.0.2.1/24"]', 'PT400 The member "tokens[0]" cannot be written: invalid cidr value: "192.0.2.1/24".'),
	('[]', 'PT400 The member "tokens[0]" cannot be written: value for domain apitoken.networks violates check constraint "networks_check".')) AS c (given, expected);

SELECT * FROM finish();
ROLLBACK;
