/*
 * API tokens brought along from elsewhere: apitoken_import, and what their secrets do.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(96);

\set caller apitoken_import_caller
\ir fixtures/caller.psql
CREATE FUNCTION helper.imported(tokens jsonb) RETURNS text
LANGUAGE sql
AS $$
	SELECT helper.came(format('SELECT api.apitoken_import(%L)', jsonb_build_object('tokens', tokens)), NULL, NULL)
$$;
CREATE FUNCTION helper.digest(secret text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
	SELECT encode(sha256(convert_to(secret, 'UTF8')), 'hex')
$$;
-- a token as it is brought along
CREATE FUNCTION helper.token(id text, secret text, members jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql
AS $$
	SELECT jsonb_build_object('id', id, 'account', jsonb_build_object('id', 'ACC-3001-7788'), 'name', 'Old', 'digest', helper.digest(secret)) || members
$$;

/*
 * What is brought along
 */
SELECT is(api.apitoken_import(jsonb_build_object('tokens', jsonb_build_array(
		helper.token('old-1', 'sk_live_0123456789', '{"description": "Of before", "icon": "/o.png", "modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}, {"id": "MOD-0001"}],
			"expiresAt": "2999-01-01T00:00:00Z", "createdAt": "2020-02-03T04:05:06.789Z"}'),
		helper.token('old-2', 'a secret: with colons: and ünïcode', '{"status": "Disabled", "modules": null}'),
		helper.token('old-3', 'idt:old-3:short', '{"status": "Active"}'),
		helper.token('old-4', repeat('x', 1200), '{"status": "Deleted"}')))), 4::bigint, 'it says how many');
SELECT is(to_jsonb(t) - '{updated_at,updated_by_type,updated_by_id,held_at,secret_number,rotated_at,old_secret_until,revoked_at,allowed_networks}'::text[],
	'{"account_id": "ACC-3001-7788", "id": "old-1", "status": "Active", "name": "Old", "description": "Of before", "icon": "/o.png", "created_at": "2020-02-03T04:05:06.789+00:00",
		"created_by_type": null, "created_by_id": null, "expires_at": "2999-01-01T00:00:00+00:00"}', 'all of it')
	FROM apitoken.api_tokens t WHERE id = 'old-1';
SELECT is(jsonb_path_query_array(api.apitoken_get('old-1'), '$.modules[*].id'), '["MOD-0001", "MOD-0003"]', 'its modules');
SELECT ok(created_at BETWEEN now() AND clock_timestamp(), 'where it is not said, it was created now') FROM apitoken.api_tokens WHERE id = 'old-2';
SELECT is(jsonb_agg(jsonb_build_array(api_token_id, from_status, to_status, actor_id, database_role, event, details) ORDER BY id),
	jsonb_build_array(jsonb_build_array('old-1', NULL, 'Active', NULL, current_user, 'imported', '{"modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}]}'::jsonb),
		jsonb_build_array('old-2', NULL, 'Disabled', NULL, current_user, 'imported', NULL), jsonb_build_array('old-3', NULL, 'Active', NULL, current_user, 'imported', NULL),
		jsonb_build_array('old-4', NULL, 'Deleted', NULL, current_user, 'imported', NULL)), 'the trail has them')
	FROM apitoken.api_token_transitions WHERE api_token_id LIKE 'old-%';
-- from where, as of all else: through a proxy that is believed, from where that says
SAVEPOINT proxy;
SET LOCAL request.headers = '{"x-apitoken-client": "203.0.113.7", "x-request-id": "abc-1"}';
SELECT api.apitoken_import(jsonb_build_object('tokens', jsonb_build_array(helper.token('by-hand', 'sk_by_hand')))) \g /dev/null
SET LOCAL apitoken.proxy_authenticator = 'postgres';
SELECT api.apitoken_import(jsonb_build_object('tokens', jsonb_build_array(helper.token('by-proxy', 'sk_by_proxy')))) \g /dev/null
SELECT is(jsonb_build_array(client_address, request_id), expected::jsonb, 'from where: ' || api_token_id) FROM apitoken.api_token_transitions
	JOIN (VALUES ('by-hand', '[null, null]'), ('by-proxy', '["203.0.113.7", "abc-1"]')) AS c (token, expected) ON c.token = api_token_id;
ROLLBACK TO proxy;
SELECT is(count(*), 0::bigint, 'which is no disable') FROM apitoken_monitor.tokens_disabled_last_day WHERE api_token_id LIKE 'old-%';
SELECT is(api.apitoken_get('old-1') ->> 'token', 'idt:old-1:****', 'a document shows of the secret what it shows of any');
SELECT is(api.apitoken_import('{"tokens": []}'), 0::bigint, 'none');

/*
 * Their secrets
 */
SELECT is(helper.lets_in(secret), expected, format('%s: %s', secret, expected)) FROM (VALUES ('sk_live_0123456789', 'ok old-1'), ('idt:old-3:short', 'ok old-3'),
	('a secret: with colons: and ünïcode', 'PT401 There is no valid credential.'), ('sk_live_0123456780', 'PT401 There is no valid credential.'),
	('sk_live_012345678', 'PT401 There is no valid credential.'), ('idt:old-1:sk_live_0123456789', 'PT401 There is no valid credential.'),
	(helper.digest('sk_live_0123456789'), 'PT401 There is no valid credential.'), ('', 'PT401 There is no valid credential.')) AS c (secret, expected);
SELECT is(helper.lets_in(repeat('x', 1200)), 'PT401 There is no valid credential.', 'one that is Deleted');
-- no secret is none, also where somebody has written its digest by hand
SAVEPOINT empty;
CREATE FUNCTION helper.lets_in_by(digest_of text, secret text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE apitoken.api_token_credentials SET digest = sha256(convert_to(digest_of, 'UTF8')) WHERE api_token_id = 'old-1';
	DELETE FROM apitoken.api_token_foreign_secrets WHERE api_token_id = 'old-1';
	INSERT INTO apitoken.api_token_foreign_secrets VALUES (helper.digest(digest_of), 'ACC-3001-7788', 'old-1');
	RETURN helper.lets_in(secret);
END $$;
SELECT is(helper.lets_in_by(digest_of, secret), 'PT401 There is no valid credential.', 'no secret: ' || COALESCE(quote_literal(secret), 'null'))
	FROM (VALUES ('', ''), ('', NULL), (' ', ' '), (E'\t \n', E'\t \n'), (E'\x0b', E'\x0b')) AS c (digest_of, secret);
SELECT is(helper.lets_in_by('a b', 'a b'), 'ok old-1', '(a blank in one is a part of it)');
ROLLBACK TO empty;
SELECT is(api.apitoken_import(jsonb_build_object('tokens', jsonb_build_array(helper.token('old-5', repeat('y', 1200))))), 1::bigint, '(as long as one may be)');
SELECT is(helper.lets_in(secret), expected, 'one of the greatest length, and what begins with it: ' || length(secret))
	FROM (VALUES (repeat('y', 1200), 'ok old-5'), (repeat('y', 1201), 'PT401 There is no valid credential.'), (repeat('y', 5000), 'PT401 There is no valid credential.')) AS c (secret, expected);
SELECT api.apitoken_revoke(ARRAY[repeat('y', 1201)]) \g /dev/null
SELECT is(status, 'Active', 'nor is it revoked by that') FROM apitoken.api_tokens WHERE id = 'old-5';
SELECT is(helper.lets_in(helper.secret('TKN-1671-0642')), 'ok TKN-1671-0642', 'those of others are what they were');
SELECT api.apitoken_enable('old-2') \g /dev/null
SELECT is(helper.lets_in('a secret: with colons: and ünïcode'), 'ok old-2', 'one that is enabled authenticates');
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.lets_in('sk_live_0123456789'), 'ok old-1', 'by statements it is the same');
SELECT is(helper.lets_in('sk_live_0123456780'), 'PT401 There is no valid credential.', 'for both');
RESET apitoken.index_reads;
SAVEPOINT acting;
SELECT api.apitoken_authenticate('sk_live_0123456789') \g /dev/null
SELECT ok(last_access_at IS NOT NULL, 'the access is noted') FROM apitoken.api_token_credentials WHERE api_token_id = 'old-1';
ROLLBACK TO acting;
SELECT is(helper.came('SELECT api.apitoken_get(''old-1'', ''-*,+id'') ->> ''id''', 'SELECT api.apitoken_authenticate(''sk_live_0123456789'')'), 'ok old-1', 'it acts');
SELECT is(jsonb_path_query_array(api.apitoken_list(query || '&select=-*,id'), '$.data[*].id'), expected::jsonb, 'lists: ' || query) FROM (VALUES
	('token=sk_live_0123456789', '["old-1"]'), ('token=sk_live_0123456780', '[]'), ('token=idt:old-3:short', '["old-3"]')) AS c (query, expected);
SELECT is(api.apitoken_update('old-1', '{"token": "sk_live_0123456789", "name": "Sent"}') ->> 'name', 'Sent', 'sent back, it is known');
SELECT is(helper.came('SELECT api.apitoken_update(''old-1'', ''{"token": "sk_live_0123456780", "name": "Sent"}'')', NULL, NULL), 'PT400 The member "token" cannot change.', 'another is not');
SELECT is(array_agg(t ORDER BY t), NULL, 'the secret is stored nowhere') FROM helper.tables_with('sk_live_0123456789') t;

-- they are rotated
SAVEPOINT rotation;
SELECT api.apitoken_rotate('old-1', '1 day') ->> 'token' AS secret \gset
SELECT is(helper.lets_in(:'secret'), 'ok old-1', 'rotated, the new one is of the usual form');
SELECT is(helper.lets_in('sk_live_0123456789'), 'ok old-1', 'and the old one goes on for a while');
SELECT api.apitoken_rotate('old-1') \g /dev/null
SELECT is(helper.lets_in('sk_live_0123456789'), 'PT401 There is no valid credential.', 'and then no more');
ROLLBACK TO rotation;

-- and revoked, by whoever holds them
SELECT api.apitoken_revoke(ARRAY['sk_live_0123456789', 'sk_live_0123456780']) \g /dev/null
SELECT is(api.apitoken_get('old-1') ->> 'status', 'Disabled', 'revoked: its token is Disabled');
SELECT is(helper.lets_in('sk_live_0123456789'), 'PT401 There is no valid credential.', 'and it does not authenticate');
SELECT is(helper.came('SELECT api.apitoken_enable(''old-1'')', NULL, NULL), 'PT400 The secret of the API token "old-1" is revoked.', 'nor is it enabled');

/*
 * Errors tell the place, and nothing is written
 */
CREATE TABLE helper.before AS SELECT helper.fingerprint() AS print;
SELECT is(helper.came(format('SELECT api.apitoken_import(%L)', body), NULL, NULL), 'PT400 ' || detail, detail) FROM (VALUES
	('[]', 'The body is not a JSON object.'),
	('{}', 'The member "tokens" is missing.'),
	('{"tokens": [], "users": []}', 'The member "users" does not exist.'),
	('{"tokens": {}}', 'The member "tokens" is not an array.'),
	('{"tokens": [1]}', 'The member "tokens[0]" is not an object with an id.')) AS c (body, detail);
SELECT is(helper.came('SELECT api.apitoken_import(NULL)', NULL, NULL), 'PT400 The body is not a JSON object.', 'null');
SELECT is(helper.imported(jsonb_build_array(helper.token('new-1', 'n1'), helper.token('new-2', 'n2') || change::jsonb, helper.token('new-3', 'n3'))), 'PT400 The member "tokens[1]' || detail, detail) FROM (VALUES
	('{"id": ""}', '" is not an object with an id.'),
	('{"id": "new-1"}', '" is there a second time.'),
	('{"secret": "x"}', '.secret" does not exist.'),
	('{"deleted": true}', '.deleted" does not exist.'),
	('{"name": 1}', '.name" is not a string.'),
	('{"name": null}', '.name" is missing.'),
	('{"account": {}}', '.account" is missing.'),
	('{"digest": null}', '.digest" is missing.'),
	('{"digest": 1}', '.digest" is not a string.'),
	('{"digest": "00"}', '.digest" is not a SHA-256 digest, which has 64 hexadecimal digits.'),
	(format('{"digest": "%s"}', repeat('0', 63)), '.digest" is not a SHA-256 digest, which has 64 hexadecimal digits.'),
	(format('{"digest": "%s"}', repeat('0', 65)), '.digest" is not a SHA-256 digest, which has 64 hexadecimal digits.'),
	(format('{"digest": "%s"}', repeat('g', 64)), '.digest" is not a SHA-256 digest, which has 64 hexadecimal digits.'),
	(format('{"digest": "%s"}', helper.digest('')), '.digest" is that of an empty secret, which authenticates nobody.'),
	(format('{"digest": "%s"}', upper(helper.digest(''))), '.digest" is that of an empty secret, which authenticates nobody.'),
	('{"modules": [{"id": "MOD-0001"}, 1]}', '.modules" is not an array of objects with an id.'),
	('{"id": "TKN-1671-0642"}', '" cannot be written: duplicate key value violates unique constraint "api_tokens_pkey".'),
	(format('{"digest": "%s"}', helper.digest('n1')), '" cannot be written: duplicate key value violates unique constraint "api_token_foreign_secrets_pkey".'),
	(format('{"digest": "%s"}', upper(helper.digest('a secret: with colons: and ünïcode'))), '" cannot be written: duplicate key value violates unique constraint "api_token_foreign_secrets_pkey".'),
	(format('{"digest": "%s"}', upper(helper.digest('sk_live_0123456789'))), '" cannot be written: duplicate key value violates unique constraint "api_token_foreign_secrets_pkey".'),
	('{"account": {"id": "none"}}', '" cannot be written: insert or update on table "api_tokens" violates foreign key constraint "api_tokens_account_id_fkey": Key (account_id)=(none) is not present in table "accounts".'),
	('{"status": "Gone"}', '" cannot be written: new row for relation "api_tokens" violates check constraint "api_tokens_status_check".'),
	('{"name": "<b>"}', '" cannot be written: new row for relation "api_tokens" violates check constraint "api_tokens_name_characters_check".'),
	('{"expiresAt": "2020-01-01T00:00:00Z"}', '" cannot be written: expiresAt is in the past.'),
	('{"expiresAt": "2020-13-01"}', '.expiresAt" is not a date.'),
	('{"expiresAt": "2020-13-01T00:00:00Z"}', '" cannot be written: date/time field value out of range: "2020-13-01T00:00:00Z".'),
	('{"createdAt": "2999-01-01T00:00:00Z"}', '" cannot be written: createdAt is in the future.'),
	('{"modules": [{"id": "MOD-0002"}]}', '" cannot be written: module may not be held by an account of this type.'),
	('{"id": "idt:TKN-1671-0642:secret"}', '" cannot be written: row for relation "api_tokens" violates the rule of its column "id".')) AS c (change, detail);
SELECT is(helper.imported((SELECT jsonb_agg(helper.token('many-' || n, 'm' || n, CASE WHEN n = 777 THEN '{"status": "Gone"}' ELSE '{}' END::jsonb) ORDER BY n) FROM generate_series(0, 999) n)),
	'PT400 The member "tokens[777]" cannot be written: new row for relation "api_tokens" violates check constraint "api_tokens_status_check".', 'one of a thousand');
SELECT is(helper.fingerprint(), print, 'nothing of all that was written') FROM helper.before;
SELECT is(helper.imported(jsonb_build_array(jsonb_build_object('id', 'x', 'idt:TKN-1671-0642:secret', 1))), 'PT400 The member "tokens[0].idt:TKN-1671-0642:****.', 'nor does an error show a secret');

-- at most so many
UPDATE apitoken.accounts SET max_tokens = (SELECT count(*) + 1 FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status <> 'Deleted') WHERE id = 'ACC-3001-7788';
SELECT is(helper.imported(jsonb_build_array(helper.token('new-1', 'n1', '{"status": "Deleted"}'), helper.token('new-2', 'n2'), helper.token('new-3', 'n3'))),
	'PT400 The member "tokens[2]" is one too many: the account "ACC-3001-7788" may have ' || max_tokens || ' API tokens.', 'one too many of an account') FROM apitoken.accounts WHERE id = 'ACC-3001-7788';
SELECT is(helper.imported(jsonb_build_array(helper.token('new-1', 'n1', '{"status": "Deleted"}'), helper.token('new-2', 'n2'))), 'ok 2', 'as many as it may have');
UPDATE apitoken.accounts SET max_tokens = NULL WHERE id = 'ACC-3001-7788';

/*
 * What was revoked stays so, whatever becomes of its token
 */
SELECT api.apitoken_revoke(ARRAY['a secret: with colons: and ünïcode', 'nobody''s']) \g /dev/null
SELECT api.apitoken_revoke(ARRAY[repeat('x', 1200)]) \g /dev/null
SELECT api.apitoken_erase_account('ACC-3001-7788', true) \g /dev/null
SELECT is(helper.imported(jsonb_build_array(helper.token('again-' || n, secret) || '{"account": {"id": "ACC-3002-9900"}}')), outcome, what) FROM (VALUES
	(1, 'sk_live_0123456789', 'PT400 The member "tokens[0]" cannot be written: digest is that of a secret that was revoked.', 'an Active token''s'),
	(2, 'a secret: with colons: and ünïcode', 'PT400 The member "tokens[0]" cannot be written: digest is that of a secret that was revoked.', 'a Disabled token''s'),
	(3, repeat('x', 1200), 'PT400 The member "tokens[0]" cannot be written: digest is that of a secret that was revoked.', 'a Deleted token''s'),
	(4, 'nobody''s', 'ok 1', 'what was none is none')) AS c (n, secret, outcome, what);

/*
 * Who may
 */
SELECT is(helper.came(format('SELECT api.apitoken_import(%L)', jsonb_build_object('tokens', jsonb_build_array(helper.token('new-1', 'n1')))), setup), 'PT401 There is no valid credential.', 'not ' || who)
	FROM (VALUES ('who may execute it and nothing else', NULL), ('a token that administers its account', helper.as_token('TKN-3001-1002')), ('one of Operations', helper.as_token('TKN-0001-0001'))) AS c (who, setup);
SELECT is((helper.probe('SELECT apitoken.open_account(''ACC-3001-7788'')', 'GRANT USAGE ON SCHEMA apitoken TO apitoken_import_caller; GRANT EXECUTE ON FUNCTION apitoken.open_account(text) TO apitoken_import_caller', 'apitoken_import_caller')).code,
	'PT401', 'nor does he hold up others by it');

SELECT * FROM finish();
ROLLBACK;
