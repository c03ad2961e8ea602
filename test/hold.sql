/*
 * Tokens and accounts that are held, and what becomes of it in documents, lists and
 * rows that are written by hand.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(62);

CREATE ROLE apitoken_hold_caller;
GRANT USAGE ON SCHEMA api TO apitoken_hold_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_hold_caller;

-- what comes of a statement with a token, or nobody, acting
CREATE FUNCTION helper.came(statement text, setup text DEFAULT NULL, role text DEFAULT 'apitoken_hold_caller') RETURNS text
LANGUAGE sql
AS $$
	SELECT code FROM helper.probe(statement, setup, role)
$$;

-- Contoso's administrator, Operations' administrator, and what they can do.
\set below `printf "helper.as_token('TKN-3001-1002')"`
\set above `printf "helper.as_token('TKN-0001-0001')"`

/*
 * A token.
 */
SELECT is(api.apitoken_ensure_disabled('TKN-1671-0642', false, '-*,+status,+heldAt') - '$meta', '{"status": "Disabled"}', 'Active -> Disabled, not held');
SELECT is(api.apitoken_ensure_disabled('TKN-1671-0642', false, '-*,+status,+heldAt') - '$meta', '{"status": "Disabled"}', 'the same again');
SELECT is(api.apitoken_ensure_disabled('TKN-3001-1005', true, '-*,+status,+heldAt') - '$meta', '{"status": "Deleted"}', 'a Deleted one is not held: it is never enabled');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642' AND to_status = 'Disabled'), 1::bigint, 'the trail has it once');
SELECT is(helper.came($$SELECT api.apitoken_enable('TKN-1671-0642')$$, :below), 'ok', 'the tenant could enable it');

SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true) AS held \gset
SELECT ok((:'held'::jsonb ->> 'heldAt')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'heldAt is now');
SELECT is(api.apitoken_ensure_disabled('TKN-1671-0642', true), :'held', 'held again: the very same');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+heldAt') #> '{$meta,omitted}' ? 'heldAt', false, 'it is there where it is asked for');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id') #> '{$meta,omitted}' ? 'heldAt', true, 'and named where it is left out');
SELECT is(api.apitoken_get('TKN-3001-1003', '-*,+id') #> '{$meta,omitted}' ? 'heldAt', false, 'but not where there is nothing to leave out');
SELECT is(api.apitoken_get('TKN-3001-1003', '-heldAt'), api.apitoken_get('TKN-3001-1003'), 'there it makes no difference');
SELECT is(api.apitoken_get('TKN-3001-1003', '-account.heldAt'), api.apitoken_get('TKN-3001-1003'), 'nor for an account');
SELECT is(api.apitoken_list('ne(heldAt,null())&select=-*,id') #>> '{data,0,id}', 'TKN-1671-0642', 'lists find it');

SELECT is(helper.came(call, actor), expected, format('%s: %s', who, call)) FROM (VALUES
	('below', :below, $$SELECT api.apitoken_enable('TKN-1671-0642')$$, 'PT403'),
	('above', :above, $$SELECT api.apitoken_enable('TKN-1671-0642')$$, 'PT403'),
	('below', :below, $$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0001"}]}')$$, 'PT403'),
	('below', :below, $$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0003"}]}')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [], "name": "Held"}')$$, 'ok'),
	('above', :above, $$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0001"}]}')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_delete('TKN-1671-0642')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_ensure_disabled('TKN-1671-0642')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true)$$, 'PT403'),
	('below', :below, $$SELECT api.apitoken_release('TKN-1671-0642')$$, 'PT403'),
	('above', :above, $$SELECT api.apitoken_release('TKN-1671-0642')$$, 'ok')) AS c (who, actor, call, expected);
SELECT is(to_jsonb(f) - 'message', '{"code": "PT403", "detail": "The API token \"TKN-1671-0642\" is held.", "hint": "Operations can let it go."}'::jsonb, 'what is said')
	FROM helper.failure($$SELECT api.apitoken_enable('TKN-1671-0642')$$) f;

SELECT is(api.apitoken_release('TKN-1671-0642', '-*,+status,+heldAt') - '$meta', '{"status": "Disabled"}', 'let go: it stays Disabled');
SELECT is(api.apitoken_release('TKN-1671-0642', '-*,+status,+heldAt') - '$meta', '{"status": "Disabled"}', 'the same again');
SELECT is(helper.came($$SELECT api.apitoken_enable('TKN-1671-0642')$$, :below), 'ok', 'and can be enabled');

/*
 * An account.
 */
-- (who updated it last is told once in a document, so that much depends on it)
\set fields '-audit,-account.audit,-account.groups'
SELECT api.apitoken_get('TKN-3001-1003', :'fields') AS before \gset
SELECT api.apitoken_hold_account('ACC-3001-7788') \g /dev/null
SELECT is(api.apitoken_get('TKN-3001-1003', :'fields') #- '{account,heldAt}', :'before', 'nothing else is new in a document');
SELECT held_at AS held FROM apitoken.accounts WHERE id = 'ACC-3001-7788' \gset
SELECT ok(:'held'::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'held now');
SELECT is((api.apitoken_get('TKN-3001-1003') #>> '{account,heldAt}')::timestamptz, :'held', 'which the document says');
SELECT api.apitoken_hold_account('ACC-3001-7788') \g /dev/null
SELECT is(held_at, :'held', 'once is enough') FROM apitoken.accounts WHERE id = 'ACC-3001-7788';

SELECT is(helper.came(call, actor), expected, format('%s of a held account: %s', who, call)) FROM (VALUES
	('below', :below, $$SELECT api.apitoken_enable('TKN-1671-0642')$$, 'PT403'),
	('above', :above, $$SELECT api.apitoken_enable('TKN-1671-0642')$$, 'ok'),
	('nobody', NULL, $$SET ROLE postgres; SELECT api.apitoken_enable('TKN-1671-0642')$$, NULL),
	('below', :below, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}')$$, 'PT403'),
	('above', :above, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_update('TKN-3001-1003', '{"modules": [{"id": "MOD-0003"}, {"id": "MOD-0001"}]}')$$, 'PT403'),
	('below', :below, $$SELECT api.apitoken_update('TKN-3001-1003', '{"modules": []}')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_update('TKN-3001-1003', '{"name": "Other"}')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_disable('TKN-3001-1003')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_disable_all('ACC-3001-7788')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_delete('TKN-3001-1003')$$, 'ok'),
	('below', :below, $$SELECT api.apitoken_hold_account('ACC-3001-7788')$$, 'PT403'),
	('below', :below, $$SELECT api.apitoken_release_account('ACC-3001-7788')$$, 'PT403'),
	('another account''s', helper.as_token('TKN-3002-1001'), $$SELECT api.apitoken_create('{"account": {"id": "ACC-3002-9900"}, "name": "New"}')$$, 'ok'))
	AS c (who, actor, call, expected) WHERE expected IS NOT NULL;
SELECT is(helper.came($$SELECT api.apitoken_enable('TKN-1671-0642')$$, NULL, NULL), 'ok', 'a trusted role enables in a held account');
SELECT is(jsonb_build_array(code, detail, hint), '["PT403", "The account \"ACC-3001-7788\" is held.", "Operations can let it go."]', 'what is said')
	FROM helper.probe($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}')$$, :below, 'apitoken_hold_caller');
SELECT api.apitoken_release_account('ACC-3001-7788') \g /dev/null
SELECT is(helper.came($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}')$$, :below), 'ok', 'let go: all as before');
SELECT is(api.apitoken_get('TKN-3001-1003', :'fields'), :'before', 'the document, too');

/*
 * By hand: whoever may change every account's rows, and nobody else.
 */
CREATE ROLE apitoken_hold_careless;
GRANT USAGE ON SCHEMA api, apitoken TO apitoken_hold_careless;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_hold_careless;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_hold_careless;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_hold_careless;
GRANT UPDATE (status, held_at) ON apitoken.api_tokens, apitoken.accounts TO apitoken_hold_careless;
SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true) \g /dev/null
SELECT is(helper.came(statement || ' RETURNING id', :below, 'apitoken_hold_careless'), expected, 'an actor below, by hand: ' || statement) FROM (VALUES
	($$UPDATE apitoken.api_tokens SET held_at = NULL WHERE id = 'TKN-1671-0642'$$, '42501'),
	($$UPDATE apitoken.api_tokens SET held_at = now() WHERE id = 'TKN-3001-1004'$$, '42501'),
	($$UPDATE apitoken.accounts SET held_at = now() WHERE id = 'ACC-3001-7788'$$, '42501'),
	($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-1671-0642'$$, 'PT403'),
	($$UPDATE apitoken.api_tokens SET held_at = held_at WHERE id = 'TKN-1671-0642'$$, 'ok'),
	($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1004'$$, 'ok'),
	($$UPDATE apitoken.api_tokens SET status = 'Deleted' WHERE id = 'TKN-1671-0642'$$, 'ok')) AS c (statement, expected);
SELECT is(helper.came($$UPDATE apitoken.api_tokens SET held_at = NULL, status = 'Active' WHERE id = 'TKN-1671-0642' RETURNING id$$, :above, 'apitoken_hold_careless'), '42501',
	'nor does an actor above let go by hand');
SELECT is(helper.came($$UPDATE apitoken.api_tokens SET held_at = now() WHERE id = 'TKN-3001-1003'$$, NULL, NULL), 'PT403', 'an Active token is not held, whoever says so');
SELECT is(helper.came($$INSERT INTO apitoken.api_tokens (account_id, id, name, held_at) VALUES ('ACC-3001-7788', 'new', 'New', now())$$, NULL, NULL), 'PT403', 'nor a new one');
UPDATE apitoken.accounts SET held_at = now() WHERE id = 'ACC-3001-7788';
SELECT is(helper.came($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1004'$$, :below, 'apitoken_hold_careless'), 'PT403',
	'nor does one below enable by hand in a held account');

-- A user whom a JWT names is an actor by hand, too.
CREATE ROLE apitoken_hold_authenticator;
GRANT apitoken_hold_careless TO apitoken_hold_authenticator;
SET LOCAL apitoken.jwt_authenticator = 'apitoken_hold_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';
SELECT is((SELECT code FROM helper.probe($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1004' RETURNING id$$,
		$$SET LOCAL request.jwt.claims = '{"sub": "USR-3001-0001"}'$$, 'apitoken_hold_careless', 'apitoken_hold_authenticator')), 'PT403',
	'nor does a user of a held account');
UPDATE apitoken.accounts SET held_at = NULL WHERE id = 'ACC-3001-7788';
SELECT is((SELECT code FROM helper.probe($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1004' RETURNING id$$,
		$$SET LOCAL request.jwt.claims = '{"sub": "USR-3001-0001"}'$$, 'apitoken_hold_careless', 'apitoken_hold_authenticator')), 'ok',
	'(he does in one that is not)');

SELECT * FROM finish();
ROLLBACK;
