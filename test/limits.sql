-- A document that jsonb could not hold is answered without the account's user
-- groups, and the change that it answers is made all the same.
\set QUIET on
BEGIN;
SELECT plan(26);

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

RESET apitoken.max_list_items;

-- a page of a list is bounded, too: twenty tokens of an account of a megabyte
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-PAGE', 'Client', 'Page');
INSERT INTO apitoken.user_groups (account_id, id, name, description, is_default)
	SELECT 'ACC-PAGE', 'UGR-PAGE-' || n, 'Group', repeat('page ', 10000), n = 1 FROM generate_series(1, 20) n;
INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT 'ACC-PAGE', 'TKN-PAGE-' || n, 'Page' FROM generate_series(1, 20) n;
CREATE TEMPORARY TABLE pages AS SELECT l AS size, api.apitoken_list('account.id=ACC-PAGE&select=%2Baccount.groups&limit=' || l) AS page FROM unnest('{12,3}'::int[]) l;
SELECT is(jsonb_array_length(page #> '{data,0,account,groups}'), 20, 'a large page is given') FROM pages WHERE size = 12;
SET LOCAL apitoken.max_page_size = '4MB';
UPDATE pages SET page = api.apitoken_list('account.id=ACC-PAGE&select=%2Baccount.groups&limit=' || size);
SELECT is(jsonb_array_length(page #> '{data,0,account,groups}'), 20, 'a small one still is, where less is given') FROM pages WHERE size = 3;
SELECT is(jsonb_array_length(page -> 'data'), 12, 'the large one has all its tokens') FROM pages WHERE size = 12;
SELECT is((SELECT count(*) FROM jsonb_path_query(page, '$.data[*].account ? (!exists(@.groups) && @."$meta".omitted[*] == "groups")')), 12::bigint, 'and each says that its account''s groups are left out') FROM pages WHERE size = 12;
SELECT cmp_ok(pg_column_size(page::text), '<', 4 * 1024 * 1024, 'so that it is no larger') FROM pages WHERE size = 12;
SELECT throws_ok('SET LOCAL apitoken.max_page_size = 1', '22023', NULL, 'room for the tokens themselves there always is');

-- What jsonb can hold and text cannot: control characters have six times their
-- bytes, numbers a hundred thousand.  The rows are as they may always have been.
SET LOCAL session_replication_role = replica;
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-CONTROL', 'Client', repeat(chr(1), 185000000)), ('ACC-NUMBER', 'Client', 'Number');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('ACC-CONTROL', 'UGR-C', 'Group', true), ('ACC-NUMBER', 'UGR-N', 'Group', true);
INSERT INTO apitoken.buyers (account_id, id, name) VALUES ('ACC-NUMBER', 'BUY-N', 'Number');
INSERT INTO apitoken.buyer_errors (account_id, buyer_id, ordinal, id, message, parameters)
	SELECT 'ACC-NUMBER', 'BUY-N', 1, 'E', 'Error', jsonb_agg(1e131000) FROM generate_series(1, 5000);
INSERT INTO apitoken.user_group_buyers (account_id, user_group_id, buyer_id) VALUES ('ACC-NUMBER', 'UGR-N', 'BUY-N');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-CONTROL', 'TKN-CONTROL', 'Control'), ('ACC-NUMBER', 'TKN-NUMBER', 'Number');
SET LOCAL session_replication_role = origin;
TRUNCATE answer;
INSERT INTO answer SELECT api.apitoken_disable('TKN-CONTROL');
SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = 'TKN-CONTROL'), 'Disabled', 'control characters: the token is Disabled');
SELECT is(document #> '{$meta,omitted}', '["account", "audit", "modules"]', 'the answer says what it leaves out') FROM answer;
SELECT is(document::text::jsonb ->> 'name', 'Control', 'and can be sent') FROM answer;
SELECT is(api.apitoken_get('TKN-CONTROL') #> '{$meta,omitted}', '["account", "audit", "modules"]', 'so is it read');
TRUNCATE answer;
INSERT INTO answer SELECT api.apitoken_disable('TKN-NUMBER');
SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = 'TKN-NUMBER'), 'Disabled', 'long numbers: the token is Disabled');
SELECT is(document #> '{account,$meta,omitted}', '["groups"]', 'the answer says what it leaves out') FROM answer;
SELECT is(document::text::jsonb #>> '{account,name}', 'Number', 'and can be sent') FROM answer;
SELECT is(jsonb_array_length(api.apitoken_get('TKN-NUMBER', '-account.groups.buyers.errors') #> '{account,groups,0,buyers}'), 1, 'with the cause left out, the groups are given');

SELECT * FROM finish();
ROLLBACK;
