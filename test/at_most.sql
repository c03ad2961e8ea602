/*
 * At most so many tokens of an account, and ids when those of the documented shape get
 * scarce.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(32);

CREATE ROLE apitoken_most_caller;
GRANT USAGE ON SCHEMA api TO apitoken_most_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_most_caller;

-- what comes of making a token, which is undone
CREATE FUNCTION helper.came(account text, setup text DEFAULT NULL) RETURNS text
LANGUAGE sql
AS $$
	SELECT concat_ws(' ', p.code, p.detail) FROM helper.probe(format($q$SELECT api.apitoken_create('{"account": {"id": "%s"}, "name": "New"}')$q$, account),
		setup, CASE WHEN setup IS NOT NULL THEN 'apitoken_most_caller' END) p
$$;
CREATE FUNCTION helper.make(account text) RETURNS text
LANGUAGE sql
AS $$
	SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object('id', account), 'name', 'New')) ->> 'id'
$$;
\set full '''PT400 The account "ACC-3001-7788" has as many API tokens as it may have: 4.'''

SELECT is((SELECT concat_ws(' ', boot_val, min_val, context) FROM pg_settings WHERE name = 'apitoken.max_tokens'), '-1 -1 superuser', 'without a bound unless a superuser sets one');
SELECT is(helper.came('ACC-3001-7788'), 'ok', 'then there is another');
SELECT is((SELECT count(*) FROM apitoken_monitor.token_limits), 0::bigint, 'and the view is empty');
SELECT is((SELECT count(*) FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status <> 'Deleted'), 4::bigint, '(four are not Deleted)');

/*
 * For an account.
 */
UPDATE apitoken.accounts SET max_tokens = 4 WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), :full, 'as many as it may have: there is no other, and the error says how many');
SELECT is(hint, 'Delete one that is not needed: Deleted ones do not count.', 'and what to do') FROM helper.failure($$SELECT helper.make('ACC-3001-7788')$$);
SELECT is(helper.came('ACC-3001-7788', helper.as_token(actor)), :full, 'whoever asks: ' || actor) FROM unnest('{TKN-3001-1002,TKN-0001-0001}'::text[]) actor;
SELECT is(helper.came('ACC-3001-7788', helper.as_token('TKN-3002-1001')), 'PT404 There is no account "ACC-3001-7788" whose API tokens you may administer.', 'nobody else is told');
SELECT is(helper.came('ACC-3002-9900'), 'ok', 'another account has no bound by that');
SELECT is(to_jsonb(v), '{"account_id": "ACC-3001-7788", "tokens": 4, "max_tokens": 4}', 'the view has it') FROM apitoken_monitor.token_limits v;
SELECT api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT is(helper.came('ACC-3001-7788'), :full, 'a Disabled one counts');
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Active', 'which is enabled again');
SELECT api.apitoken_delete('TKN-3001-1004') \g /dev/null
SELECT matches(helper.make('ACC-3001-7788'), '^TKN-\d{4}-\d{4}$', 'when one is Deleted there is room for another');
SELECT is(helper.came('ACC-3001-7788'), :full, 'and for one only: this transaction''s own count');
UPDATE apitoken.accounts SET max_tokens = 2 WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), replace(:full, '4.', '2.'), 'those that are there stay when there are too many');
SELECT is((SELECT count(*) FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status <> 'Deleted'), 4::bigint, 'all of them');
UPDATE apitoken.accounts SET max_tokens = 0 WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), replace(:full, '4.', '0.'), 'none at all');
SELECT helper.refused($$UPDATE apitoken.accounts SET max_tokens = -1 WHERE id = 'ACC-3001-7788'$$, '23514', 'no number is negative');

/*
 * For all.
 */
SET LOCAL apitoken.max_tokens = 4;
UPDATE apitoken.accounts SET max_tokens = NULL WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), :full, 'the setting is for an account that has no number');
UPDATE apitoken.accounts SET max_tokens = 5 WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), 'ok', 'one that has, has that: more');
SET LOCAL apitoken.max_tokens = 0;
SELECT is(helper.came('ACC-3001-7788'), 'ok', 'whatever the setting says');
SET LOCAL apitoken.max_tokens = 4;
UPDATE apitoken.accounts SET max_tokens = 1 WHERE id = 'ACC-3001-7788';
SELECT is(helper.came('ACC-3001-7788'), replace(:full, '4.', '1.'), 'or fewer');
SELECT is(jsonb_agg(jsonb_build_array(account_id, max_tokens) ORDER BY account_id) @> '[["ACC-3001-7788", 1], ["ACC-3002-9900", 4]]', true, 'the view has both') FROM apitoken_monitor.token_limits;
RESET apitoken.max_tokens;

-- By hand: nobody whom row security binds.
GRANT USAGE ON SCHEMA apitoken TO apitoken_most_caller;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_most_caller;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_most_caller;
GRANT UPDATE (max_tokens) ON apitoken.accounts TO apitoken_most_caller;
SELECT is((helper.probe($$UPDATE apitoken.accounts SET max_tokens = NULL WHERE id = 'ACC-3001-7788' RETURNING id$$, helper.as_token(actor), 'apitoken_most_caller')).code, '42501', actor || ' by hand')
	FROM unnest('{TKN-3001-1002,TKN-0001-0001}'::text[]) actor;

-- Many Deleted ones: they are read, and that is all.
INSERT INTO apitoken.api_tokens (account_id, id, name, status) SELECT 'ACC-3002-9900', 'gone-' || n, 'Gone', 'Deleted' FROM generate_series(1, 10000) n;
UPDATE apitoken.accounts SET max_tokens = 5 WHERE id = 'ACC-3002-9900';
SELECT clock_timestamp() AS started \gset
SELECT is(helper.came('ACC-3002-9900'), 'ok', '10,000 Deleted ones do not count');
SELECT diag('beside 10,000 Deleted ones a create took ' || (clock_timestamp() - :'started'));

/*
 * Ids: a trigger takes those of the documented shape, as if all were.
 */
CREATE SEQUENCE helper.tries;
CREATE FUNCTION helper.take_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	IF nextval('helper.tries') > 0 AND NEW.id ~ '^TKN-\d{4}-\d{4}$' THEN
		NEW.id := 'TKN-1671-0642';
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER a_first BEFORE INSERT ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.take_id();
SELECT helper.make('ACC-3002-9900') AS id \gset
SELECT matches(:'id'::text, '^TKN-\d{4}-\d{4}-\d{4}$', 'where none of the documented shape is free, a new token gets a longer one');
SELECT is((SELECT last_value FROM helper.tries), 5::bigint, 'after four tries');
SELECT is(api.apitoken_get(:'id') ->> 'name', 'New', 'it is an id like any other');
SELECT ok(left(api.apitoken_rotate(:'id') ->> 'token', 23) = format('idt:%s:', :'id'), 'also in a secret');
DROP TRIGGER a_first ON apitoken.api_tokens;
UPDATE apitoken.accounts SET max_tokens = NULL WHERE id = 'ACC-3002-9900';
SELECT is((SELECT array_agg(DISTINCT length(helper.make('ACC-3002-9900'))) FROM generate_series(1, 200)), '{13}', 'while there are some they have the documented shape');

SELECT * FROM finish();
ROLLBACK;
