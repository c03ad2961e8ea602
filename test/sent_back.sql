/*
 * What clients send back: the body of create, or the document that they were given.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(52);

CREATE TABLE helper.before AS SELECT helper.fingerprint() AS tables, api.apitoken_get('TKN-1671-0642') AS document;

-- Updates of a token that change nothing but what is said here.
CREATE FUNCTION helper.update(changes jsonb, OUT code text, OUT detail text, OUT name text, OUT status text)
LANGUAGE sql
AS $$
	SELECT p.code, p.detail, p.result::jsonb ->> 'name', p.result::jsonb ->> 'status'
		FROM helper.probe(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', changes)) p
$$;

SELECT is(api.apitoken_update('TKN-1671-0642', document) - 'audit', document - 'audit', 'the document as it is: it stays so') FROM helper.before;
SELECT is(helper.fingerprint() - 'apitoken.api_tokens', tables - 'apitoken.api_tokens', '... and nothing else changes') FROM helper.before;
SELECT is((u.answer - 'audit') || '{"name": "x"}', (document - 'audit') || '{"name": "x"}', 'the document with another name: everything else is as it was')
	FROM helper.before, LATERAL (SELECT api.apitoken_update('TKN-1671-0642', document || '{"name": "New"}') AS answer) u;
SELECT is(array_agg(t.name), '{New}', '... and the name is there') FROM apitoken.api_tokens t WHERE t.id = 'TKN-1671-0642';

SELECT is(ARRAY[u.code, COALESCE(u.detail, u.name), u.status], sent.answer, sent.changes)
	FROM (VALUES
		(1, '{"account": {"id": "ACC-3001-7788"}, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(2, '{"account": {"id": "ACC-3001-7788", "name": "Whatever", "groups": ["[Circular Reference]"]}, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(3, '{"account": {"id": "ACC-3002-9900"}, "name": "Sent"}', ARRAY['PT400', 'The member "account" cannot change.', NULL]),
		(4, '{"account": null, "id": null, "status": null, "token": null, "modules": null, "audit": null, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(5, '{"id": "TKN-1671-0642", "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(6, '{"id": "TKN-3001-1003", "name": "Sent"}', ARRAY['PT400', 'The member "id" cannot change.', NULL]),
		(7, '{"status": "Active", "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(8, '{"status": "Disabled"}', ARRAY['PT400', 'The member "status" cannot change.', NULL]),
		(9, '{"status": "Deleted", "name": "Sent"}', ARRAY['PT400', 'The member "status" cannot change.', NULL]),
		(10, '{"status": ""}', ARRAY['PT400', 'The member "status" cannot change.', NULL]),
		(11, '{"token": "idt:TKN-1671-0642:****", "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(12, format('{"token": "%s", "name": "Sent"}', helper.secret('TKN-1671-0642')), ARRAY['ok', 'Sent', 'Active']),
		(13, format('{"token": "%s", "name": "Sent"}', helper.secret('TKN-3001-1003')), ARRAY['PT400', 'The member "token" cannot change.', NULL]),
		(14, '{"token": "", "name": "Sent"}', ARRAY['PT400', 'The member "token" cannot change.', NULL]),
		(15, '{"audit": {"created": {"at": "2001-01-01T00:00:00.000Z", "by": {"id": "USR-9999-9999"}}}, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(16, '{"audit": "whatever", "$meta": [], "href": "/elsewhere", "lastAccessAt": "2001-01-01T00:00:00.000Z", "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(17, '{"modules": [{"id": "MOD-0003", "href": "/v1/accounts/modules/MOD-0003", "name": "Whatever", "audit": {}, "$meta": {"omitted": []}, "settings": {}}], "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(18, '{"modules": [{"id": "MOD-0003", "nam": "Whatever"}]}', ARRAY['PT400', 'The member "modules[0].nam" does not exist.', NULL]),
		(19, '{"modules": null, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active']),
		(20, '{"name": "Sent", "Status": "Disabled"}', ARRAY['PT400', 'The member "Status" cannot change.', NULL]),
		(21, '{"heldAt": "2026-01-01T00:00:00.000Z"}', ARRAY['PT400', 'The member "heldAt" cannot change.', NULL]),
		(22, '{"heldAt": true}', ARRAY['PT400', 'The member "heldAt" is not a string.', NULL]),
		(23, '{"heldAt": null, "name": "Sent"}', ARRAY['ok', 'Sent', 'Active'])
	) sent (number, changes, answer), helper.update(sent.changes::jsonb) u
	ORDER BY sent.number;

-- null is not "none"
SELECT is(api.apitoken_update('TKN-1671-0642', '{"modules": null, "name": "New"}') -> 'modules', document -> 'modules', 'modules: null leaves them as they are') FROM helper.before;

-- what is held is sent back while it is held
SELECT is(ARRAY[u.code, u.name], ARRAY['ok', 'Sent'], 'the document of a held token, renamed')
	FROM (SELECT api.apitoken_ensure_disabled('TKN-1671-0642', hold => true) AS document) held, helper.update(held.document || '{"name": "Sent"}') u;
SELECT is(ARRAY[u.code, u.detail], ARRAY['PT400', 'The member "heldAt" cannot change.'], '... and when it is not any more, it would hold it')
	FROM (SELECT api.apitoken_get('TKN-1671-0642') AS document, api.apitoken_release('TKN-1671-0642') AS released) held, helper.update(held.document) u;
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null

-- what is stored is what counts
SELECT is(api.apitoken_disable('TKN-1671-0642') ->> 'status', 'Disabled', 'it is disabled');
SELECT is(ARRAY[u.code, COALESCE(u.detail, u.name), u.status], ARRAY['PT400', 'The member "status" cannot change.', NULL], 'the document of before would enable it')
	FROM helper.before, helper.update(document) u;
SELECT is(ARRAY[u.code, u.status], ARRAY['ok', 'Disabled'], '"Disabled" is what is stored now') FROM helper.update('{"status": "Disabled"}') u;
SELECT is((SELECT updated_at FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642') = t.updated_at, true, '... and asks for nothing: the updated event stays')
	FROM apitoken.api_tokens t, LATERAL (SELECT api.apitoken_update('TKN-1671-0642', '{"status": "Disabled", "id": "TKN-1671-0642"}') ->> 'id' AS id) u WHERE t.id = u.id;

-- Which secrets count is no member that changes, and nobody is told that it was.
SELECT is(jsonb_build_array(f.code, f.detail), to_jsonb(ARRAY['PT400', answer]), 'before a rotation: ' || body)
	FROM (VALUES ('{"revokedAt": "2026-01-31T23:00:00.000Z"}', 'The member "revokedAt" cannot change.'), ('{"oldSecretUntil": "2026-01-31T23:00:00.000Z"}', 'The member "oldSecretUntil" cannot change.'),
			('{"oldSecretUntil": 5}', 'The member "oldSecretUntil" is not a date.')) b (body, answer),
		helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', body)) f;
SELECT is(api.apitoken_update('TKN-1671-0642', '{"revokedAt": null, "oldSecretUntil": null, "rotatedAt": null}', '-*,+id') ->> 'id', 'TKN-1671-0642', 'null means nothing there');
SELECT api.apitoken_rotate('TKN-1671-0642', '1 day') AS rotated \gset
SELECT is(api.apitoken_update('TKN-1671-0642', :'rotated', '-*,+oldSecretUntil') ->> 'oldSecretUntil', :'rotated'::jsonb ->> 'oldSecretUntil', 'the document of a rotation is sent back');
SELECT is((helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', '{"oldSecretUntil": "2026-01-31T23:00:00.000Z"}'))).detail, 'The member "oldSecretUntil" cannot change.', 'nor is an overlap ended by a member');
SELECT api.apitoken_revoke(ARRAY[:'rotated'::jsonb ->> 'token']) \g /dev/null
SELECT is(api.apitoken_update('TKN-1671-0642', api.apitoken_get('TKN-1671-0642'), '-*,+status') ->> 'status', 'Disabled', 'nor is that of a revocation refused');
SELECT is((helper.failure('SELECT api.apitoken_enable(''TKN-1671-0642'')')).detail, 'The secret of the API token "TKN-1671-0642" is revoked.', '... which is revoked still');
SELECT is(api.apitoken_update('TKN-1671-0642', '{"revokedAt": null}', '-*,+revokedAt') ? 'revokedAt', true, '... whatever is sent');

-- An unknown id comes before everything that is wrong with the body.
SELECT is(jsonb_build_array(f.code, f.detail), '["PT404", "There is no API token \"TKN-9999-9999\" that you may administer."]', 'unknown, with ' || body)
	FROM unnest(ARRAY['[]', 'null', '{"nam": 1}', '{"status": "Disabled"}', '{"modules": [{"id": "x"}]}']) WITH ORDINALITY b (body, number),
		helper.failure(format('SELECT api.apitoken_update(''TKN-9999-9999'', %L)', body)) f
	ORDER BY number;
SELECT is(f.code, 'PT404', 'and so does another account''s')
	FROM helper.probe($$ SELECT api.apitoken_update('TKN-3002-1001', '[]') $$, helper.as_token('TKN-3001-1002')) f;

/*
 * create
 */
SELECT is(jsonb_build_array(d ->> 'name', d ->> 'status', jsonb_path_query_array(d, '$.modules[*].id')), create_.answer::jsonb, create_.body)
	FROM (VALUES
		(1, '{"account": {"id": "ACC-3001-7788", "name": "Contoso Retail", "type": "Client"}, "name": "Made"}', '["Made", "Active", []]'),
		(2, '{"account": {"id": "ACC-3001-7788"}, "name": "Made", "modules": null}', '["Made", "Active", []]'),
		(3, '{"account": {"id": "ACC-3001-7788"}, "name": "Made", "audit": {"created": {}}, "$meta": {}, "id": null, "href": null, "token": null, "status": "Active", "lastAccessAt": null,
			"modules": [{"id": "MOD-0003", "name": "Orders"}]}', '["Made", "Active", ["MOD-0003"]]')
	) create_ (number, body, answer), LATERAL (SELECT api.apitoken_create(create_.body::jsonb) AS d) made
	ORDER BY create_.number;

SELECT * FROM finish();
ROLLBACK;
