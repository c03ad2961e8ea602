/*
 * Tokens that are left behind, of a Disabled account or by whoever created them: by
 * default they authenticate, and two settings refuse them.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(42);

CREATE ROLE apitoken_left_caller;
GRANT USAGE ON SCHEMA api TO apitoken_left_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_left_caller;

-- whom a secret lets in, as things are
CREATE FUNCTION helper.lets_in(token_id text) RETURNS text
LANGUAGE sql
AS $$
	SELECT p.code FROM helper.probe(format('SELECT api.apitoken_authenticate(%L)', helper.secret(token_id)), NULL, 'apitoken_left_caller') p
$$;

SELECT is((SELECT array_agg(concat_ws(' ', name, setting, context) ORDER BY name) FROM pg_settings WHERE name LIKE 'apitoken.refuse%'),
	'{"apitoken.refuse_disabled_accounts off superuser","apitoken.refuse_lost_creators off superuser"}', 'both are off, and only a superuser has them on');

/*
 * Of a Disabled account.
 */
UPDATE apitoken.accounts SET status = 'Disabled' WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'off: a token of a Disabled account authenticates');
SET LOCAL apitoken.refuse_lost_creators = on;
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'with the other one on as well');
SET LOCAL apitoken.refuse_disabled_accounts = on;
SET LOCAL apitoken.refuse_lost_creators = off;
SELECT is(to_jsonb(f), to_jsonb(u), 'on: it does not, like any unknown one')
	FROM helper.failure(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))) f, helper.failure($$SELECT api.apitoken_authenticate('idt:TKN-9999-9999:x')$$) u;
SELECT is(helper.lets_in('TKN-3002-1001'), 'ok', 'one of another account does');
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Active', 'its status is what it was');
SELECT is(array_agg(api_token_id::text ORDER BY api_token_id), '{TKN-1671-0642,TKN-3001-1002,TKN-3001-1003}', 'the view lists them')
	FROM apitoken_monitor.tokens_to_review WHERE account_id = 'ACC-3001-7788';
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'by statements it is the same');
SELECT is(helper.lets_in('TKN-3002-1001'), 'ok', 'for both');
RESET apitoken.index_reads;
UPDATE apitoken.accounts SET status = 'Enabled' WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'an Enabled account is no Disabled one');
UPDATE apitoken.accounts SET status = 'Active' WHERE id = 'ACC-3001-7788';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'when it is Active again, so is the token');

-- who acts already
SAVEPOINT acting;
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'id', 'TKN-1671-0642', 'one that acts does so');
SET LOCAL ROLE NONE;
UPDATE apitoken.accounts SET status = 'Disabled' WHERE id = 'ACC-3001-7788';
SELECT is((SELECT code FROM helper.failure(call)), 'PT401', 'and no more when the account is Disabled: ' || call) FROM unnest(ARRAY[$$SELECT api.apitoken_get('TKN-1671-0642')$$,
	$$SELECT api.apitoken_list()$$, $$SELECT api.apitoken_disable('TKN-1671-0642')$$, $$SELECT api.apitoken_guard()$$, $$SELECT api.apitoken_require()$$]) call;
SELECT is(api.apitoken_actor(), NULL, 'nor does an application see him act');
ROLLBACK TO acting;

/*
 * By whoever created them.
 */
RESET apitoken.refuse_disabled_accounts;
SELECT is((SELECT array_agg(concat_ws(' ', id, created_by_type, created_by_id) ORDER BY id) FROM apitoken.api_tokens WHERE id IN ('TKN-1671-0642', 'TKN-3001-1002')),
	'{"TKN-1671-0642 user USR-3001-0001","TKN-3001-1002 user USR-3001-0001"}', '(a user created both)');
UPDATE apitoken.users SET status = 'Blocked' WHERE id = 'USR-3001-0001';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'off: a token whose creator is Blocked authenticates');
SET LOCAL apitoken.refuse_disabled_accounts = on;
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'with the other one on as well');
SET LOCAL apitoken.refuse_disabled_accounts = off;
SET LOCAL apitoken.refuse_lost_creators = on;
SELECT is(to_jsonb(f), to_jsonb(u), 'on: it does not, like any unknown one')
	FROM helper.failure(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))) f, helper.failure($$SELECT api.apitoken_authenticate('idt:TKN-9999-9999:x')$$) u;
CREATE FUNCTION helper.with_creator(status text) RETURNS text
LANGUAGE sql
AS $$
	UPDATE apitoken.users SET status = with_creator.status WHERE id = 'USR-3001-0001';
	SELECT helper.lets_in('TKN-1671-0642');
$$;
SELECT is(helper.with_creator(status), expected, 'a creator who is ' || status) FROM (VALUES ('New', 'ok'), ('Invited', 'ok'), ('InvitationExpired', 'ok'),
	('Active', 'ok'), ('Blocked', 'PT401'), ('Disabled', 'PT401'), ('Deleted', 'PT401')) AS c (status, expected);
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'by statements it is the same');
RESET apitoken.index_reads;
UPDATE apitoken.users SET status = 'Active' WHERE id = 'USR-3001-0001';
UPDATE apitoken.api_tokens SET created_by_type = NULL, created_by_id = NULL WHERE id = 'TKN-3001-1003';
SELECT is(helper.lets_in('TKN-3001-1003'), 'ok', 'one whose creator nobody knows authenticates');

-- a token that created it
UPDATE apitoken.api_tokens SET created_by_type = 'token', created_by_id = 'TKN-3001-1002' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'one that a token created does while that is Active');
UPDATE apitoken.api_tokens SET expires_at = clock_timestamp() - interval '1 s' WHERE id = 'TKN-3001-1002';
SELECT is(helper.lets_in('TKN-1671-0642'), 'ok', 'also when that has expired');
SELECT api.apitoken_disable('TKN-3001-1002') \g /dev/null
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'and not while it is Disabled');
SELECT api.apitoken_delete('TKN-3001-1002') \g /dev/null
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'nor when it is Deleted');
UPDATE apitoken.api_tokens SET created_by_type = 'token', created_by_id = 'TKN-1671-0642' WHERE id = 'TKN-3001-1003';
SELECT is(helper.lets_in('TKN-3001-1003'), 'ok', 'what the creator''s own creator has become does not count');

-- one whose creator is erased, and has no row any more
SAVEPOINT erased;
UPDATE apitoken.api_tokens SET created_by_type = 'token', created_by_id = 'TKN-3002-1001' WHERE id = 'TKN-3001-1003';
SELECT is(helper.lets_in('TKN-3001-1003'), 'ok', '(it authenticates before)');
SELECT api.apitoken_erase_account('ACC-3002-9900', true) \g /dev/null
SELECT is(helper.lets_in('TKN-3001-1003'), 'PT401', 'not when it is erased');
SET LOCAL apitoken.index_reads = off;
SELECT is(helper.lets_in('TKN-3001-1003'), 'PT401', 'by statements it is the same');
RESET apitoken.index_reads;
SELECT is(array_agg(concat_ws(' ', creator_type, creator_id, creator_status)), '{"token TKN-3002-1001"}', 'the view lists it')
	FROM apitoken_monitor.tokens_to_review WHERE api_token_id = 'TKN-3001-1003';
ROLLBACK TO erased;

-- who acts already
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1003')) \g /dev/null
SELECT isnt(api.apitoken_actor(), NULL, 'it acts');
UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'TKN-1671-0642';
SELECT is(api.apitoken_actor(), NULL, 'until its creator is Disabled');

SELECT * FROM finish();
ROLLBACK;
