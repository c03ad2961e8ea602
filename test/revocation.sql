/*
 * Revocation by the secret: what becomes of it and its token, and how little is told.
 */
\ir fixtures/life.psql

BEGIN;
SELECT no_plan();

CREATE ROLE apitoken_revocation_caller;
GRANT USAGE ON SCHEMA api TO apitoken_revocation_caller;
GRANT EXECUTE ON FUNCTION api.apitoken_revoke(text[], text), api.apitoken_authenticate(text), api.apitoken_get(text, text) TO apitoken_revocation_caller;

CREATE FUNCTION helper.lets_in(secret text) RETURNS text
LANGUAGE sql
AS $$
	SELECT p.code FROM helper.probe(format('SELECT api.apitoken_authenticate(%L) ->> ''id''', secret), NULL, 'apitoken_revocation_caller') p
$$;
-- revokes as somebody who may nothing else
CREATE FUNCTION helper.revoke(VARIADIC secrets text[]) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
	SET LOCAL ROLE apitoken_revocation_caller;
	PERFORM api.apitoken_revoke(secrets);
	RESET ROLE;
	RETURN 'done';
END
$$;
CREATE TABLE helper.before AS SELECT helper.fingerprint() AS tables;

/*
 * What is no secret that counts.
 */
SELECT api.apitoken_rotate('TKN-3002-1001') ->> 'token' AS current \gset
SELECT helper.fingerprint() AS tables \gset
SELECT is(helper.revoke(VARIADIC secrets), 'done', 'no answer: ' || what) FROM (VALUES
	('none', '{}'::text[]), ('null', '{NULL}'), ('nothing', '{""}'), ('malformed', '{x,idt:,idt:TKN-1671-0642,idt:TKN-1671-0642:}'),
	('unknown', ARRAY['idt:TKN-9999-9999:x', 'idt:TKN-1671-0642:' || repeat('A', 43), 'idt:TKN-1671-0642:' || repeat('A', 49)]),
	('a Deleted token''s', ARRAY[helper.secret('TKN-3001-1005')]),
	('one that is over', ARRAY[helper.secret('TKN-3002-1001')]),
	('masked', '{idt:TKN-1671-0642:****}')) AS c (what, secrets);
SELECT is(helper.fingerprint() - 'apitoken.revoked_digests', :'tables'::jsonb - 'apitoken.revoked_digests', 'and nothing has changed');
SELECT is(count(*), 2::bigint, 'but that these two were revoked') FROM apitoken.revoked_digests;
SELECT is(current_setting('apitoken.actor'), '', 'nobody acts by it');

/*
 * A token's own.
 */
SELECT is(helper.revoke(helper.secret('TKN-1671-0642'), 'idt:x:y', helper.secret('TKN-1671-0642')), 'done', 'a secret is revoked');
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Disabled', 'its token is Disabled');
SELECT ok((api.apitoken_get('TKN-1671-0642') ->> 'revokedAt')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'revokedAt is now');
SELECT is(api.apitoken_get('TKN-1671-0642') #> '{audit,updated}' ? 'by', false, 'by nobody who is known');
SELECT is(jsonb_agg(jsonb_build_array(from_status, to_status, event, actor_id, database_role) ORDER BY id) -> -1, '["Active", "Disabled", "revoked", null, "apitoken_revocation_caller"]', 'the trail has it, and how it came about')
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642';
SELECT is(last_access_at, '2026-01-31 22:59:58.421Z', 'no access is noted') FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642';
SELECT is(jsonb_agg(to_jsonb(v) -> 'api_token_id'), '["TKN-1671-0642"]', 'it is among what was disabled') FROM apitoken_monitor.tokens_disabled_last_day v;
SELECT is(reason, 'revocation', 'the view says how') FROM apitoken_monitor.token_transitions WHERE api_token_id = 'TKN-1671-0642' ORDER BY id DESC LIMIT 1;
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The secret of the API token \"TKN-1671-0642\" is revoked.", "hint": "Give it another one first, by apitoken_rotate()."}'::jsonb, 'nobody enables it')
	FROM helper.failure($$SELECT api.apitoken_enable('TKN-1671-0642')$$) f;
SELECT helper.refused($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-1671-0642'$$, 'PT400', 'nor by hand');
SELECT helper.fingerprint() AS tables \gset
SELECT is(helper.revoke(helper.secret('TKN-1671-0642')), 'done', 'once more: the same');
SELECT is(helper.fingerprint(), :'tables'::jsonb, 'and nothing has changed');

SELECT api.apitoken_rotate('TKN-1671-0642', '1 day') AS rotated \gset
SELECT is(:'rotated'::jsonb ?| '{revokedAt,oldSecretUntil}', false, 'it is given another secret: the old one does not go on');
SELECT is(api.apitoken_enable('TKN-1671-0642') ->> 'status', 'Active', 'and is enabled');
SELECT is(helper.lets_in(helper.secret('TKN-1671-0642')), 'PT401', 'what was revoked never counts again');
SELECT is(helper.lets_in(:'rotated'::jsonb ->> 'token'), 'ok', 'the new one does');

/*
 * The one before, in the overlap.
 */
SELECT api.apitoken_rotate('TKN-1671-0642', '1 day') ->> 'token' AS newest \gset
SELECT is(helper.revoke(:'rotated'::jsonb ->> 'token'), 'done', 'the old one is revoked');
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Active', 'the token goes on');
SELECT is(api.apitoken_get('TKN-1671-0642') ? 'oldSecretUntil', false, 'without it');
SELECT is(helper.lets_in(:'rotated'::jsonb ->> 'token'), 'PT401', 'it does not count any more');
SELECT is(helper.lets_in(:'newest'), 'ok', 'the new one does');
SELECT is(jsonb_agg(jsonb_build_array(from_status, to_status, event) ORDER BY id) -> -1, '["Active", "Active", "revoked"]', 'the trail has it')
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642';

-- both at once
SELECT api.apitoken_rotate('TKN-1671-0642', '1 day') ->> 'token' AS third \gset
SELECT is(helper.revoke(:'newest', :'third'), 'done', 'both');
SELECT is(helper.lets_in(s), 'PT401', 'neither counts') FROM unnest(ARRAY[:'newest', :'third']) s;
SELECT is(jsonb_agg(jsonb_build_array(from_status, to_status) ORDER BY id) FILTER (WHERE event = 'revoked') -> -2, '["Active", "Active"]', 'the old one''s row')
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642';
SELECT is(status, 'Disabled', 'and the token is Disabled') FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';

-- nor does anybody give one of them by hand to a token by which it could count, as a restore might; one that is over may be there
SELECT helper.add_token('ACC-3001-7788', 'TKN-5000'), helper.add_token('ACC-3001-7788', 'TKN-5001', 'Deleted') \g /dev/null
SET LOCAL row_security = off;
SELECT is(helper.outcome(format(statement, sha256(convert_to(helper.secret('TKN-1671-0642'), 'UTF8')))), code, statement) FROM (VALUES
	($$UPDATE apitoken.api_token_credentials SET digest = %L WHERE api_token_id = 'TKN-5000'$$, '23514'),
	($$DELETE FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-5000'; INSERT INTO apitoken.api_token_credentials VALUES ('ACC-3001-7788', 'TKN-5000', %L)$$, '23514'),
	($$DELETE FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-5000'; UPDATE apitoken.api_token_credentials SET account_id = 'ACC-3001-7788', api_token_id = 'TKN-5000' WHERE api_token_id = 'TKN-1671-0642'$$, '23514'),
	($$UPDATE apitoken.api_token_credentials SET digest = NULL$$, '23502'),
	($$UPDATE apitoken.api_token_credentials SET digest = digest$$, 'ok'),
	($$UPDATE apitoken.api_token_credentials SET digest = %L WHERE api_token_id = 'TKN-5001'$$, 'ok'),
	($$INSERT INTO apitoken.api_token_secrets VALUES ('ACC-3001-7788', 'TKN-5000', 0, %L)$$, 'ok'), -- which is not looked at
	($$INSERT INTO apitoken.api_token_secrets VALUES ('ACC-3001-7788', 'TKN-1671-0642', 0, %L)$$, 'ok'),
	($$UPDATE apitoken.api_token_secrets SET digest = %L WHERE api_token_id = 'TKN-3002-1001' AND number = 1$$, '23514'),
	($$UPDATE apitoken.api_token_secrets SET digest = %L WHERE api_token_id = 'TKN-3002-1001' AND number = 0$$, 'ok'),
	($$DELETE FROM apitoken.api_token_secrets WHERE api_token_id = 'TKN-3002-1001' AND number = 1; UPDATE apitoken.api_token_secrets SET number = 1 WHERE api_token_id = 'TKN-3002-1001'$$, '23514'),
	($$UPDATE apitoken.api_tokens SET revoked_at = NULL WHERE id = 'TKN-1671-0642'$$, '23514'),
	($$UPDATE apitoken.api_tokens SET revoked_at = now() WHERE id = 'TKN-1671-0642'$$, 'ok'),
	($$UPDATE apitoken.api_tokens SET old_secret_until = '2999-01-01' WHERE id = 'TKN-1671-0642'$$, '23514'),
	($$UPDATE apitoken.api_tokens SET revoked_at = NULL, secret_number = secret_number - 1 WHERE id = 'TKN-1671-0642'$$, '23514'),
	($$UPDATE apitoken.api_tokens SET revoked_at = NULL, secret_number = NULL WHERE id = 'TKN-1671-0642'$$, '23514'),
	($$UPDATE apitoken.api_tokens SET revoked_at = NULL, secret_number = 99 WHERE id = 'TKN-1671-0642'$$, 'ok')) AS c (statement, code);
SET LOCAL row_security = on;
SELECT is(to_jsonb(f), '{"code": "23514", "message": "digest is that of a secret that was revoked", "detail": "", "hint": ""}'::jsonb, 'the error shows nothing of it')
	FROM helper.failure(format('UPDATE apitoken.api_token_credentials SET digest = %L', sha256(convert_to(helper.secret('TKN-1671-0642'), 'UTF8')))) f;
SELECT is(helper.failure(s)::text, '(23001,"such rows are only ever added","' || split_part(s, ' ', 1) || ' on apitoken.revoked_digests is refused.","")', s)
	FROM unnest(ARRAY['UPDATE apitoken.revoked_digests SET revoked_at = now()', 'DELETE FROM apitoken.revoked_digests', 'TRUNCATE apitoken.revoked_digests']) s;

/*
 * A Disabled token's, an expired one's, and many.
 */
SELECT is(helper.revoke(helper.secret('TKN-3001-1004')), 'done', 'a Disabled token''s');
SELECT is(jsonb_agg(jsonb_build_array(from_status, to_status, event) ORDER BY id) -> -1, '["Disabled", "Disabled", "revoked"]', 'has its row in the trail')
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-3001-1004';
SELECT helper.refused($$SELECT api.apitoken_enable('TKN-3001-1004')$$, 'PT400', 'and is not enabled');
UPDATE apitoken.api_tokens SET expires_at = '2026-01-01' WHERE id = 'TKN-3003-1001';
SELECT is(helper.revoke(helper.secret('TKN-3003-1001')), 'done', 'an expired one''s');
SELECT is(status, 'Disabled', 'is Disabled') FROM apitoken.api_tokens WHERE id = 'TKN-3003-1001';
SELECT helper.add_token('ACC-3002-9900', 'TKN-5000-' || n) FROM generate_series(1, 1000) n \g /dev/null
SELECT is(helper.revoke(VARIADIC array(SELECT helper.secret('TKN-5000-' || n) FROM generate_series(1, 1000) n)), 'done', 'a thousand');
SELECT is(count(*), 1000::bigint, 'are Disabled') FROM apitoken.api_tokens WHERE id LIKE 'TKN-5000-%' AND status = 'Disabled' AND revoked_at IS NOT NULL;
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The argument \"secrets\" is too long.", "hint": "Give an array of at most 1000."}'::jsonb, 'one more is too many')
	FROM helper.failure($$SELECT api.apitoken_revoke(array_fill('x'::text, '{1001}'))$$) f;
SELECT is((SELECT detail FROM helper.failure('SELECT api.apitoken_revoke(NULL)')), 'The argument "secrets" is null.', 'null is none');

-- which apitoken_enable_all does not take back
SELECT is(api.apitoken_disable_all('ACC-2001-3344'), '["TKN-2001-1001"]', 'disabled with others');
SELECT is(helper.revoke(helper.secret('TKN-2001-1001')), 'done', 'and revoked');
SELECT is(api.apitoken_enable_all('["TKN-2001-1001"]'), '[]', 'it stays so');
SELECT api.apitoken_rotate('TKN-2001-1001') \g /dev/null
SELECT is(api.apitoken_enable_all('["TKN-2001-1001"]'), '["TKN-2001-1001"]', 'until it has another secret');

-- who acts by it
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT api.apitoken_revoke(ARRAY[helper.secret('TKN-3001-1002')]) \g /dev/null
SELECT helper.refused($$SELECT api.apitoken_get('TKN-3001-1002')$$, 'PT401', 'does not act any more');
SELECT set_config('apitoken.actor', '', true) \g /dev/null
SELECT is(array_agg(s ORDER BY s), NULL, 'an error shows none of the secrets') FROM helper.probe(format('SELECT api.apitoken_revoke(ARRAY[%L]) FROM nowhere', helper.secret('TKN-3001-1003'))) p, helper.shown(p.everything, helper.secret('TKN-3001-1003')) s;

/*
 * Over HTTP nobody has to act.
 */
GRANT EXECUTE ON FUNCTION api.apitoken_pre_request() TO apitoken_revocation_caller;
SELECT is((helper.probe('SELECT api.apitoken_pre_request()', format('SELECT set_config(''request.path'', %L, true), set_config(''request.headers'', %L, true)', path, headers), 'apitoken_revocation_caller')).code, expected,
	concat_ws(' with ', path, headers)) FROM (VALUES
		('/rpc/apitoken_revoke', '{}', 'ok'), ('/rpc/apitoken_revoke', '{"x-apitoken-secret": "idt:a:b"}', 'ok'), ('/rpc/apitoken_revoke', 'x', 'ok'),
		('/rpc/apitoken_revoke/', '{}', 'PT401'), ('/rpc/apitoken_disable', '{}', 'PT401'), ('', '{}', 'PT401')) AS c (path, headers, expected);
SELECT is((helper.probe('SELECT current_setting(''apitoken.actor'')', format('SELECT set_config(''request.path'', ''/rpc/apitoken_revoke'', true), set_config(''request.headers'', %L, true), api.apitoken_pre_request()',
	jsonb_build_object('x-apitoken-secret', helper.secret('TKN-0001-0001'))::text), 'apitoken_revocation_caller')).result, '', 'and nobody does');

SELECT * FROM finish();
ROLLBACK;
