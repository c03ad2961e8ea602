/*
 * Many tokens at once: disabled by a query, and enabled again by what was answered.
 * What happens meanwhile is in isolation/specs/rescue.spec.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(72);

CREATE ROLE apitoken_rescue_caller;
GRANT USAGE ON SCHEMA api TO apitoken_rescue_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_rescue_caller;

CREATE FUNCTION helper.statuses() RETURNS text
LANGUAGE sql
AS $$
	SELECT string_agg(format('%s%s', id, CASE WHEN held_at IS NOT NULL THEN ' held' END), ', ' ORDER BY id) FROM apitoken.api_tokens WHERE status = 'Disabled'
$$;

/*
 * A query, and a dry run, which says what the call would do.
 */
CREATE TABLE helper.queries (account text, query text, expected jsonb);
INSERT INTO helper.queries VALUES
	('ACC-3001-7788', '', '["TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003"]'),
	('ACC-3001-7788', NULL, '["TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003"]'),
	('ACC-3001-7788', 'render()', '["TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003"]'),
	('ACC-3001-7788', 'modules.id=MOD-0003', '["TKN-1671-0642", "TKN-3001-1003"]'),
	('ACC-3001-7788', 'modules.id=MOD-0003|name=Access review', '["TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003"]'),
	('ACC-3001-7788', 'audit.created.by.id=USR-3001-0001', '["TKN-1671-0642"]'),
	('ACC-3001-7788', 'status=Disabled', '[]'),
	('ACC-3001-7788', 'account.id=ACC-3002-9900', '[]'),
	('ACC-3001-7788', 'account.type=Client&lt(audit.created.at,2025-02-22)', '["TKN-1671-0642"]'),
	('ACC-3001-7788', 'name="x'' OR true --"', '[]'),
	(NULL, 'account.type=Vendor', '["TKN-2001-1001"]'),
	(NULL, 'account.address.city=London&modules.id=MOD-0003', '["TKN-1671-0642", "TKN-3001-1003"]'),
	(NULL, 'family(TKN-9999-9999)', '[]');
UPDATE helper.queries SET expected = (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status = 'Active'
		AND created_by_id = 'USR-3001-0001')
	WHERE query = 'audit.created.by.id=USR-3001-0001';
UPDATE helper.queries SET expected = (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status = 'Active'
		AND created_at < '2025-02-22 00:00 UTC')
	WHERE query LIKE '%created.at%';
SELECT is(api.apitoken_disable_all(account, query, dry_run => true), expected, format('dry run of %s', coalesce(query, 'null'))) FROM helper.queries;
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE at >= now()), 0::bigint, 'it changes nothing');
SELECT is(p.result::jsonb, q.expected, format('%s', coalesce(q.query, 'null')))
	FROM helper.queries q, helper.probe(format('SELECT api.apitoken_disable_all(%L, %L)', q.account, q.query), NULL, NULL) p;

SELECT is(p.detail, c.detail, c.call)
	FROM (VALUES
		('apitoken_disable_all(NULL)', 'The argument "account_id" is null or empty.'),
		('apitoken_disable_all(NULL, NULL)', 'The account is null, and the query has no condition.'),
		('apitoken_disable_all(NULL, ''render()'')', 'The account is null, and the query has no condition.'),
		('apitoken_disable_all('''')', 'The argument "account_id" is null or empty.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''limit=1'')', 'Position 1 of the query: order, select, limit and offset are for lists.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''status=Active&offset=0'')', 'Position 1 of the query: order, select, limit and offset are for lists.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''order=name'')', 'Position 1 of the query: order, select, limit and offset are for lists.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''select=-*'', dry_run => true)', 'Position 1 of the query: order, select, limit and offset are for lists.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''staus=Active'')', 'Position 1 of the query: there is no such member to compare or order by.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''status==Active'')', 'Position 7 of the query: this is how FIQL and RSQL compare.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''any(modules,family(x))'')', 'Position 13 of the query: only an API token has a family.'),
		('apitoken_disable_all(''ACC-3001-7788'', ''family(null())'')', 'Position 8 of the query: this constant is for eq and ne alone.'))
		AS c (call, detail), helper.probe('SELECT api.' || c.call, NULL, NULL) p;

/*
 * A family.
 */
INSERT INTO apitoken.api_tokens (account_id, id, name, status, created_by_type, created_by_id) VALUES
	('ACC-3001-7788', 'child', 'Child', 'Active', 'token', 'TKN-3001-1002'),
	('ACC-3001-7788', 'deleted', 'Deleted', 'Deleted', 'token', 'TKN-3001-1002'),
	('ACC-3001-7788', 'grandchild', 'Grandchild', 'Active', 'token', 'deleted'),
	('ACC-3001-7788', 'stranger', 'Stranger', 'Active', 'user', 'USR-3001-0001');
SELECT is(api.apitoken_disable_all('ACC-3001-7788', 'family(TKN-3001-1002)', dry_run => true), '["TKN-3001-1002", "TKN-3001-1003", "child", "grandchild"]',
	'a family is the token and all that descend from it, through Deleted ones, too');
SELECT is(p.result::jsonb, '["TKN-3001-1002", "TKN-3001-1003", "child", "grandchild"]', 'its own administrator sees the same')
	FROM helper.probe($$SELECT api.apitoken_disable_all('ACC-3001-7788', 'family(TKN-3001-1002)', dry_run => true)$$, helper.as_token('TKN-3001-1002'), 'apitoken_rescue_caller') p;
SELECT is(api.apitoken_disable_all('ACC-3001-7788', 'not(family(TKN-3001-1002))', dry_run => true), '["TKN-1671-0642", "stranger"]', 'all others');
SELECT is(jsonb_path_query_array(api.apitoken_list('family("TKN-3001-1002")&order=id&select=-*,id'), '$.data[*].id'), '["TKN-3001-1002", "TKN-3001-1003", "child", "deleted", "grandchild"]',
	'lists have it, too');
UPDATE apitoken.api_tokens SET created_by_id = 'grandchild', created_by_type = 'token' WHERE id = 'TKN-3001-1002';
SELECT is(api.apitoken_disable_all('ACC-3001-7788', 'family(child)|family(grandchild)', dry_run => true), '["TKN-3001-1002", "TKN-3001-1003", "child", "grandchild"]', 'tokens that made each other end it, too');
SELECT api.apitoken_disable_all(NULL, 'family(grandchild)') AS family \gset
SELECT is(:'family'::jsonb, '["TKN-3001-1002", "TKN-3001-1003", "child", "grandchild"]', 'and are disabled');
SELECT api.apitoken_enable('TKN-3001-1003') \g /dev/null

/*
 * What one call has disabled is enabled again, and nothing else.
 */
SELECT helper.statuses() AS before \gset
SELECT api.apitoken_disable_all('ACC-3001-7788') AS first \gset
SELECT is(:'first'::jsonb, '["TKN-1671-0642", "TKN-3001-1003", "stranger"]', '(what was left)');
SELECT is((SELECT array_agg(api_token_id::text ORDER BY api_token_id) FROM apitoken.api_token_transitions
		WHERE call_id = (SELECT call_id FROM apitoken.api_token_transitions ORDER BY id DESC LIMIT 1)), '{TKN-1671-0642,TKN-3001-1003,stranger}', 'the trail knows the call');
SELECT is(p.detail, c.detail, c.given)
	FROM (VALUES
		('["TKN-1671-0642", "TKN-3001-1003"]', 'No call of apitoken_disable_all() has disabled these API tokens and no other.'),
		('["TKN-1671-0642", "TKN-3001-1003", "stranger", "child"]', 'No call of apitoken_disable_all() has disabled these API tokens and no other.'),
		('["unknown"]', 'No call of apitoken_disable_all() has disabled these API tokens and no other.'),
		('["TKN-3001-1004"]', 'No call of apitoken_disable_all() has disabled these API tokens and no other.'),
		('"TKN-1671-0642"', 'The argument "disabled" is not an array of ids.'),
		('{"id": "TKN-1671-0642"}', 'The argument "disabled" is not an array of ids.'),
		('[1]', 'The argument "disabled" is not an array of ids.'),
		('[["TKN-1671-0642"]]', 'The argument "disabled" is not an array of ids.'),
		('null', 'The argument "disabled" is not an array of ids.'))
		AS c (given, detail), helper.probe(format('SELECT api.apitoken_enable_all(%L)', c.given), NULL, NULL) p;
SELECT is(api.apitoken_enable_all('[]'), '[]', 'nothing, nothing');
SELECT is((SELECT code FROM helper.probe(format('SELECT api.apitoken_enable_all(%L)', :'first'), helper.as_token('TKN-3002-1001'), 'apitoken_rescue_caller')), 'PT400',
	'another account''s is told nothing of it');
SELECT is(api.apitoken_enable_all(:'first'::jsonb || '["stranger"]'), :'first', 'all of them, however often one is named');
SELECT is(helper.statuses(), :'before', 'and no other');
SELECT is(api.apitoken_enable_all(:'first'), '[]', 'once');

SELECT api.apitoken_disable_all('ACC-3001-7788') AS second \gset
SELECT api.apitoken_enable('TKN-1671-0642'), api.apitoken_disable('TKN-1671-0642'), api.apitoken_delete('stranger') \g /dev/null
SELECT is(api.apitoken_enable_all(:'second'), '["TKN-3001-1003"]', 'what somebody has changed since stays as it is');
SELECT api.apitoken_disable_all('ACC-3001-7788') AS third \gset
SELECT is(:'third'::jsonb, '["TKN-3001-1003"]', '(a later call)');
SELECT is(api.apitoken_enable_all(:'second'), '[]', 'it is the later one''s then');
SELECT is(api.apitoken_enable_all(:'third'), '["TKN-3001-1003"]', 'which is taken back by itself');

/*
 * Held as well.
 */
SELECT api.apitoken_disable_all('ACC-3001-7788', 'in(id,(TKN-3001-1003,TKN-3001-1004))', true) AS held \gset
SELECT is(:'held'::jsonb, '["TKN-3001-1003"]', 'the ids are those of tokens that were Active');
SELECT is((SELECT array_agg(id::text ORDER BY id) FROM apitoken.api_tokens WHERE held_at IS NOT NULL), '{TKN-3001-1003,TKN-3001-1004}', 'held are Disabled ones, too');
SELECT is(api.apitoken_disable_all('ACC-3001-7788', 'in(id,(TKN-3001-1003,TKN-3001-1004))', true), '[]', 'again: none was Active');
SELECT is(api.apitoken_enable_all(:'held'), '[]', 'held ones stay Disabled');
SELECT is(api.apitoken_enable_all(:'held', true), '["TKN-3001-1003"]', 'but are let go if one says so');
SELECT is((SELECT array_agg(id::text ORDER BY id) FROM apitoken.api_tokens WHERE held_at IS NOT NULL), '{TKN-3001-1004}', 'no other is');

-- A dry run reads.
SET TRANSACTION READ ONLY;
SELECT is(api.apitoken_disable_all('ACC-3001-7788', '', dry_run => true), '["TKN-3001-1003"]', 'a dry run in a read-only transaction');

SELECT * FROM finish();
ROLLBACK;
