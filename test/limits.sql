-- A document that jsonb could not hold is answered without the account's user
-- groups, and the change that it answers is made all the same.
\set QUIET on
BEGIN;
SELECT plan(12);

-- every group gives the account again: 300 times a megabyte
INSERT INTO apitoken.accounts (id, type, name, description) VALUES
	('ACC-LARGE', 'Client', 'Large', repeat('large ', 160000)),
	('ACC-HUGE', 'Client', 'Huge', repeat('huge', 67500000));
INSERT INTO apitoken.user_groups (account_id, id, name, is_default)
	SELECT 'ACC-LARGE', 'UGR-' || n, 'Group', n = 1 FROM generate_series(1, 300) n;
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES
	('ACC-LARGE', 'TKN-LARGE', 'Large'), ('ACC-HUGE', 'TKN-HUGE', 'Huge');

CREATE TEMPORARY TABLE answer AS SELECT api.apitoken_disable('TKN-LARGE') AS document;

SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = 'TKN-LARGE'), 'Disabled', 'the token is Disabled');
SELECT is(document #>> '{status}', 'Disabled', 'the answer says so') FROM answer;
SELECT is(document #> '{account,$meta,omitted}', '["groups"]', 'and what it leaves out') FROM answer;
SELECT ok(NOT document -> 'account' ? 'groups', 'which is not there') FROM answer;
SELECT is(document #>> '{account,description}', repeat('large ', 160000), 'the rest is') FROM answer;
SELECT is(document, document::text::jsonb, 'in good form') FROM answer;
SELECT is(api.apitoken_get('TKN-LARGE', '-account.groups.account') #> '{account,groups,299,isDefault}', 'false',
	'with the cause left out, the groups are given');
SELECT is(jsonb_array_length(api.apitoken_list('id=TKN-LARGE&select=%2Baccount') -> 'data'), 1, 'a list bears it too');

-- an account that fits nowhere
TRUNCATE answer;
INSERT INTO answer SELECT api.apitoken_disable('TKN-HUGE');
SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = 'TKN-HUGE'), 'Disabled', 'with a huge account, the token is Disabled');
SELECT is(document #> '{$meta,omitted}', '["account", "audit", "modules"]', 'and its own members are answered') FROM answer;
SELECT is(document ->> 'name', 'Huge', 'as they are') FROM answer;

-- a long list that is left out is nobody else's burden
SET LOCAL apitoken.max_list_items = 2;
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-TWO', 'Client', 'Two');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES
	('ACC-TWO', 'UGR-LONG', 'Long', true), ('ACC-TWO', 'UGR-SHORT', 'Short', false);
INSERT INTO apitoken.buyers (account_id, id, name) VALUES
	('ACC-TWO', 'BUY-1', repeat('big', 45000000)), ('ACC-TWO', 'BUY-2', repeat('big', 45000000)),
	('ACC-TWO', 'BUY-3', 'Small'), ('ACC-TWO', 'BUY-4', 'Short');
INSERT INTO apitoken.user_group_buyers (account_id, user_group_id, buyer_id) VALUES
	('ACC-TWO', 'UGR-LONG', 'BUY-1'), ('ACC-TWO', 'UGR-LONG', 'BUY-2'), ('ACC-TWO', 'UGR-LONG', 'BUY-3'),
	('ACC-TWO', 'UGR-SHORT', 'BUY-3'), ('ACC-TWO', 'UGR-SHORT', 'BUY-4');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-TWO', 'TKN-TWO', 'Two');
SELECT is(jsonb_path_query_array(api.apitoken_get('TKN-TWO'), '$.account.groups[*].buyers[*].name'), '["Small", "Short"]',
	'what another group lists is whole');

SELECT * FROM finish();
ROLLBACK;
