/*
 * The walk on shapes that the documented response does not show, by its rules:
 *
 * 1. A list is walked once on a path.  Broken, these fail: "each group's
 *    account is given again, its groups closed", "the markers of three
 *    groups", "one group, that lists nothing", and the random marketplace.
 * 2. What a group lists is a leaf.  Broken, these fail: "a module of the token
 *    and of a group: a leaf", "a user in two groups and two accounts is the
 *    same leaf", "a user without a current account", "a buyer with a contact",
 *    "a buyer without a contact", "the markers of three groups".
 * 3. An audit has a visited set of its own.  Broken, these fail: those whose
 *    name begins with "audit:", and the random marketplace.
 */
BEGIN;
SELECT plan(59);
-- shapes of every kind: rows come as a restore brings them, whatever the modules' account types
SET LOCAL row_security = off;

\ir fixtures/helpers.psql
\ir fixtures/expected_document.psql

/*
 * People and tokens that act.  USR-1 was made by nobody, USR-2 by USR-1, and
 * USR-3 made himself; TKN-1 was made by USR-2 and updated by itself.  A user
 * and a token share the id TWIN.
 */
INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES
	('ACC-1', 'Client', 'Account one', '2024-01-01T00:00:00Z'),
	('ACC-2', 'Vendor', 'Account two', '2024-01-02T00:00:00Z');
INSERT INTO apitoken.users
		(id, name, icon, current_account_id, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id) VALUES
	('USR-1', 'First User', NULL, NULL, '2024-02-01T01:01:01.001Z', NULL, NULL, NULL, NULL, NULL),
	('USR-2', 'Second User', '/2.png', NULL, '2024-02-02T02:02:02.002Z', 'user', 'USR-1',
		'2024-03-02T02:02:02.002Z', NULL, NULL),
	('USR-3', 'Third User', NULL, 'ACC-1', '2024-02-03T03:03:03.003Z', 'user', 'USR-3',
		'2024-03-03T03:03:03.003Z', 'user', 'USR-1'),
	('TWIN', 'Twin User', NULL, NULL, '2024-02-04T04:04:04.004Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO apitoken.api_tokens
		(account_id, id, name, icon, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id) VALUES
	('ACC-1', 'TKN-1', 'First Token', '/t1.png', '2024-04-01T00:00:00.010Z', 'user', 'USR-2',
		'2024-05-01T00:00:00.010Z', 'token', 'TKN-1'),
	('ACC-1', 'TWIN', 'Twin Token', NULL, '2024-04-02T00:00:00.020Z', NULL, NULL, NULL, NULL, NULL);

/*
 * Audits are looked at on modules: one module an audit, all on one token.
 */
CREATE TABLE helper.audits (module text, created_by_type text, created_by_id text,
	updated_at timestamptz, updated_by_type text, updated_by_id text);
INSERT INTO helper.audits VALUES
	('MOD-01', 'user', 'USR-1', '2024-07-01Z', 'user', 'USR-2'),
	('MOD-02', 'user', 'USR-1', '2024-07-01Z', 'user', 'USR-1'),
	('MOD-03', 'token', 'TKN-1', '2024-07-01Z', 'user', 'USR-1'),
	('MOD-04', 'token', 'TKN-1', '2024-07-01Z', 'token', 'TKN-1'),
	('MOD-05', 'user', 'TWIN', '2024-07-01Z', 'token', 'TWIN'),
	('MOD-06', 'user', 'USR-2', '2024-07-01Z', 'user', 'USR-1'),
	('MOD-07', 'user', 'USR-3', '2024-07-01Z', 'user', 'USR-3'),
	('MOD-08', NULL, NULL, '2024-07-01Z', 'user', 'USR-1'),
	('MOD-09', 'user', 'USR-1', '2024-07-01Z', NULL, NULL),
	('MOD-10', NULL, NULL, '2024-07-01Z', NULL, NULL),
	('MOD-11', 'user', 'USR-1', NULL, NULL, NULL),
	('MOD-12', NULL, NULL, NULL, NULL, NULL);
INSERT INTO apitoken.modules (id, code, name, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id)
	SELECT module, module, module, '2024-06-01Z', created_by_type, created_by_id,
			updated_at, updated_by_type, updated_by_id
		FROM helper.audits;

INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-1', 'TKN-AUDITS', 'Audits');
INSERT INTO apitoken.api_token_modules SELECT 'ACC-1', 'TKN-AUDITS', module FROM helper.audits;
CREATE TABLE helper.answers AS SELECT 'audits' AS shape, api.apitoken_disable('TKN-AUDITS') AS document;

-- The actors as any of those audits expands them.
CREATE TABLE helper.actors (name text, document jsonb);
INSERT INTO helper.actors VALUES
	('USR-1', '{"id": "USR-1", "audit": {"created": {"at": "2024-02-01T01:01:01.001Z"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/users/USR-1", "name": "First User"}'),
	('USR-2', '{"id": "USR-2", "audit": {
			"created": {"at": "2024-02-02T02:02:02.002Z", "by": "[Circular Reference]"},
			"updated": {"at": "2024-03-02T02:02:02.002Z"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/users/USR-2", "name": "Second User", "icon": "/2.png"}'),
	('USR-3', '{"id": "USR-3", "audit": {
			"created": {"at": "2024-02-03T03:03:03.003Z", "by": "[Circular Reference]"},
			"updated": {"at": "2024-03-03T03:03:03.003Z", "by": "[Circular Reference]"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/users/USR-3", "name": "Third User"}'),
	('TKN-1', '{"id": "TKN-1", "audit": {
			"created": {"at": "2024-04-01T00:00:00.010Z", "by": "[Circular Reference]"},
			"updated": {"at": "2024-05-01T00:00:00.010Z", "by": "[Circular Reference]"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/api-tokens/TKN-1", "name": "First Token", "icon": "/t1.png"}'),
	('user TWIN', '{"id": "TWIN", "audit": {"created": {"at": "2024-02-04T04:04:04.004Z"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/users/TWIN", "name": "Twin User"}'),
	('token TWIN', '{"id": "TWIN", "audit": {"created": {"at": "2024-04-02T00:00:00.020Z"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/api-tokens/TWIN", "name": "Twin Token"}'),
	('marker', '"[Circular Reference]"');

-- An audit whose by's are the actors of these names.
CREATE FUNCTION helper.audit_by(created_by text, updated_at text, updated_by text) RETURNS jsonb
LANGUAGE sql
AS $$
	SELECT helper.present(jsonb_build_object(
		'created', helper.present(jsonb_build_object('at', '2024-06-01T00:00:00.000Z',
			'by', (SELECT document FROM helper.actors WHERE name = created_by))),
		'updated', (SELECT helper.present(jsonb_build_object('at', updated_at,
			'by', (SELECT document FROM helper.actors WHERE name = updated_by))) WHERE updated_at IS NOT NULL)))
$$;

SELECT helper.same(document #> ARRAY['modules', place, 'audit'],
		helper.audit_by(created_by, updated_at, updated_by), 'audit: ' || description)
	FROM helper.answers
	CROSS JOIN (VALUES
		('0', 'USR-1', '2024-07-01T00:00:00.000Z', 'USR-2', 'two users, both expanded'),
		('1', 'USR-1', '2024-07-01T00:00:00.000Z', 'marker', 'one user, expanded once'),
		('2', 'TKN-1', '2024-07-01T00:00:00.000Z', 'USR-1', 'a token and a user'),
		('3', 'TKN-1', '2024-07-01T00:00:00.000Z', 'marker', 'one token, expanded once'),
		('4', 'user TWIN', '2024-07-01T00:00:00.000Z', 'token TWIN', 'a user and a token with one id are two actors'),
		('5', 'USR-2', '2024-07-01T00:00:00.000Z', 'USR-1', 'the creator''s creator is the updater: both expanded'),
		('6', 'USR-3', '2024-07-01T00:00:00.000Z', 'marker', 'a user who made himself'),
		('7', NULL, '2024-07-01T00:00:00.000Z', 'USR-1', 'created by nobody, updated by somebody'),
		('8', 'USR-1', '2024-07-01T00:00:00.000Z', NULL, 'created by somebody, updated by nobody'),
		('9', NULL, '2024-07-01T00:00:00.000Z', NULL, 'nobody at all'),
		('10', 'USR-1', NULL, NULL, 'never updated'),
		('11', NULL, NULL, NULL, 'never updated, created by nobody'))
		expected (place, created_by, updated_at, updated_by, description)
	WHERE shape = 'audits';
SELECT is(helper.markers(document), 11::bigint, 'audit: the markers of all of them')
	FROM helper.answers WHERE shape = 'audits';

/*
 * The token's own audit, disabled by a user, who administers his account's tokens.
 */
INSERT INTO apitoken.modules (id, code, name, account_types, created_at)
	VALUES ('MOD-AM', 'access-management', 'Access management', '{Client,Vendor}', '2024-06-01Z');
INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES ('ACC-U', 'Client', 'Users', '2024-01-03Z');
INSERT INTO apitoken.user_accounts VALUES ('ACC-U', 'USR-1'), ('ACC-U', 'USR-2');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default, created_at)
	VALUES ('ACC-U', 'UGR-U', 'Everybody', true, '2024-01-03Z');
INSERT INTO apitoken.user_group_modules VALUES ('ACC-U', 'UGR-U', 'MOD-AM');
INSERT INTO apitoken.user_group_users VALUES ('ACC-U', 'UGR-U', 'USR-1'), ('ACC-U', 'UGR-U', 'USR-2');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at, created_by_type, created_by_id) VALUES
	('ACC-U', 'TKN-U1', 'Made by the caller', '2024-06-01Z', 'user', 'USR-1'),
	('ACC-U', 'TKN-U2', 'Made by another', '2024-06-01Z', 'user', 'USR-2'),
	('ACC-U', 'TKN-U3', 'Made by itself', '2024-06-01Z', 'token', 'TKN-U3'),
	('ACC-U', 'TKN-U4', 'Made by nobody', '2024-06-01Z', NULL, NULL);
SELECT set_config('apitoken.jwt_authenticator', session_user, true),
	set_config('apitoken.jwt_actor_claim', 'sub', true),
	set_config('request.jwt.claims', '{"sub": "USR-1"}', true) \g /dev/null
INSERT INTO helper.answers SELECT id, api.apitoken_disable(id)
	FROM unnest('{TKN-U1,TKN-U2,TKN-U3,TKN-U4}'::text[]) id;
SELECT set_config('apitoken.jwt_authenticator', '', true), set_config('request.jwt.claims', '', true) \g /dev/null
INSERT INTO helper.actors SELECT 'TKN-U3', jsonb_build_object('id', id, '$meta', '{"omitted": []}'::jsonb,
		'href', '/v1/accounts/api-tokens/TKN-U3', 'name', name, 'audit', jsonb_build_object(
			'created', '{"at": "2024-06-01T00:00:00.000Z", "by": "[Circular Reference]"}'::jsonb,
			'updated', jsonb_build_object('at', helper.instant(updated_at), 'by', '[Circular Reference]')))
	FROM apitoken.api_tokens WHERE id = 'TKN-U3';

SELECT helper.same(document -> 'audit', helper.audit_by(created_by, document #>> '{audit,updated,at}', updated_by),
		'audit: ' || description)
	FROM helper.answers
	JOIN (VALUES
		('TKN-U1', 'USR-1', 'marker', 'disabled by its creator'),
		('TKN-U2', 'USR-2', 'USR-1', 'disabled by another than its creator'),
		('TKN-U3', 'TKN-U3', 'USR-1', 'a token that made itself is an actor like any other'),
		('TKN-U4', NULL, 'USR-1', 'disabled by somebody, created by nobody'))
		expected (shape, created_by, updated_by, description) USING (shape)
	ORDER BY shape;
SELECT is((SELECT array_agg(updated_by_type || ':' || updated_by_id ORDER BY id)
		FROM apitoken.api_tokens WHERE account_id = 'ACC-U'),
	array_fill('user:USR-1'::text, '{4}'), 'audit: the rows name the user who disabled them');

/*
 * An account with three groups, and a second one that shares a user with it.
 */
INSERT INTO apitoken.accounts (id, type, name, created_at, created_by_type, created_by_id) VALUES
	('ACC-G', 'Client', 'Grouped', '2024-01-04Z', 'user', 'USR-1'),
	('ACC-H', 'Client', 'Hidden', '2024-01-05Z', 'user', 'USR-1');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default, created_at) VALUES
	('ACC-G', 'UGR-3', 'Third', false, '2024-01-04Z'),
	('ACC-G', 'UGR-1', 'First', true, '2024-01-04Z'),
	('ACC-G', 'UGR-2', 'Second', false, '2024-01-04Z'),
	('ACC-H', 'UGR-H', 'Hidden group', true, '2024-01-05Z');
INSERT INTO apitoken.users (id, name, email, current_account_id, created_at, created_by_type, created_by_id) VALUES
	('USR-B', 'Both', 'both@example.com', 'ACC-H', '2024-01-04Z', 'user', 'USR-1'),
	('USR-N', 'Nowhere', NULL, NULL, '2024-01-04Z', NULL, NULL),
	('USR-H', 'Hidden user', NULL, 'ACC-H', '2024-01-04Z', NULL, NULL);
INSERT INTO apitoken.user_accounts VALUES
	('ACC-G', 'USR-B'), ('ACC-H', 'USR-B'), ('ACC-G', 'USR-N'), ('ACC-H', 'USR-H');
INSERT INTO apitoken.user_group_users VALUES
	('ACC-G', 'UGR-1', 'USR-B'), ('ACC-G', 'UGR-3', 'USR-B'), ('ACC-G', 'UGR-1', 'USR-N'),
	('ACC-H', 'UGR-H', 'USR-B'), ('ACC-H', 'UGR-H', 'USR-H');
INSERT INTO apitoken.modules (id, code, name, description, account_types, created_at, created_by_type, created_by_id)
	VALUES ('MOD-S', 'shared', 'Shared', 'Of the token and of a group', '{Client}', '2024-06-01Z', 'user', 'USR-1'),
		('MOD-T', 'token', 'Of the token', NULL, '{}', '2024-06-01Z', 'user', 'USR-1');
INSERT INTO apitoken.user_group_modules VALUES ('ACC-G', 'UGR-1', 'MOD-S'), ('ACC-G', 'UGR-1', 'MOD-T'),
	('ACC-G', 'UGR-2', 'MOD-S');
INSERT INTO apitoken.buyers (account_id, id, name, contact_id, created_at, created_by_type, created_by_id) VALUES
	('ACC-G', 'BUY-1', 'With a contact', 'USR-1', '2024-01-04Z', 'user', 'USR-1'),
	('ACC-G', 'BUY-2', 'Without a contact', NULL, '2024-01-04Z', NULL, NULL),
	('ACC-G', 'BUY-X', 'In no group', NULL, '2024-01-04Z', NULL, NULL),
	('ACC-H', 'BUY-H', 'Hidden buyer', NULL, '2024-01-04Z', NULL, NULL);
INSERT INTO apitoken.buyer_errors VALUES
	('ACC-G', 'BUY-1', 20, 'E2', 'second', 'null'),
	('ACC-G', 'BUY-1', 10, 'E1', 'first', '{"b": [1, -2.50, true, {"c": null}], "": "é", "a": {}}'),
	('ACC-G', 'BUY-1', 30, 'E3', 'third', '"text"'),
	('ACC-G', 'BUY-1', 40, 'E4', 'fourth', '12345678901234567890.0123456789'),
	('ACC-G', 'BUY-1', 50, 'E5', 'fifth', '[]'),
	('ACC-G', 'BUY-1', 60, 'E6', 'sixth', 'false');
INSERT INTO apitoken.sellers (id, name) VALUES ('SEL-1', 'Seller one'), ('SEL-2', 'Seller two');
INSERT INTO apitoken.buyer_sellers VALUES ('ACC-G', 'BUY-1', 'SEL-1'), ('ACC-G', 'BUY-1', 'SEL-2');
INSERT INTO apitoken.user_group_buyers VALUES ('ACC-G', 'UGR-1', 'BUY-1'), ('ACC-G', 'UGR-1', 'BUY-2'),
	('ACC-H', 'UGR-H', 'BUY-H');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at) VALUES ('ACC-G', 'TKN-G', 'Grouped', '2024-06-01Z');
INSERT INTO apitoken.api_token_modules VALUES ('ACC-G', 'TKN-G', 'MOD-T'), ('ACC-G', 'TKN-G', 'MOD-S');
INSERT INTO helper.answers SELECT 'groups', api.apitoken_disable('TKN-G');

SELECT is((SELECT array_agg(g ->> 'id') FROM helper.answers, jsonb_array_elements(document #> '{account,groups}') g
		WHERE shape = 'groups'),
	'{UGR-1,UGR-2,UGR-3}', 'groups are in the order of their ids');
SELECT is((SELECT array_agg(g -> 'isDefault') FROM helper.answers, jsonb_array_elements(document #> '{account,groups}') g
		WHERE shape = 'groups'),
	'{true,false,false}'::jsonb[], 'isDefault is there when it is false');
SELECT helper.same(document #> ARRAY['account', 'groups', place, 'account'],
		(document -> 'account') || '{"groups": ["[Circular Reference]"]}',
		'each group''s account is given again, its groups closed: group ' || place)
	FROM helper.answers, unnest('{0,1,2}'::text[]) place WHERE shape = 'groups';
-- a group: its account's groups; a module: audit; a user: audit, accounts, currentAccount; a buyer: audit,
-- account, sellers, contact
SELECT is(helper.markers(document), (3 + 2 * 1 + 1 + 3 + 2 + 3 + 4 + 3)::bigint, 'the markers of three groups')
	FROM helper.answers WHERE shape = 'groups';

SELECT helper.same(document #> '{modules,0}', '{"id": "MOD-S", "$meta": {"omitted": []},
		"href": "/v1/accounts/modules/MOD-S", "name": "Shared", "description": "Of the token and of a group",
		"isConfigurable": false, "isEnabledByDefault": false, "paid": false, "accountTypes": ["Client"],
		"audit": {"created": {"at": "2024-06-01T00:00:00.000Z", "by": {"id": "USR-1", "name": "First User",
			"audit": {"created": {"at": "2024-02-01T01:01:01.001Z"}}, "$meta": {"omitted": []},
			"href": "/v1/accounts/users/USR-1"}}}}',
		'a module of the token and of a group: expanded in the token')
	FROM helper.answers WHERE shape = 'groups';
SELECT helper.same(document #> ARRAY['account', 'groups', place, 'modules', '0'],
		(document #> '{modules,0}') || '{"audit": "[Circular Reference]"}',
		'a module of the token and of a group: a leaf in group ' || place)
	FROM helper.answers, unnest('{0,1}'::text[]) place WHERE shape = 'groups';
SELECT is((SELECT array_agg(m ->> 'id') FROM jsonb_array_elements(document -> 'modules') m), '{MOD-S,MOD-T}',
		'the token''s modules are in the order of their ids')
	FROM helper.answers WHERE shape = 'groups';

SELECT helper.same(document #> ARRAY['account', 'groups', place, 'users', '0'],
		'{"id": "USR-B", "audit": "[Circular Reference]", "$meta": {"omitted": []}, "href": "/v1/accounts/users/USR-B",
			"email": "both@example.com", "status": "Active", "name": "Both",
			"currentAccount": "[Circular Reference]", "accounts": "[Circular Reference]"}',
		'a user in two groups and two accounts is the same leaf: group ' || place)
	FROM helper.answers, unnest('{0,2}'::text[]) place WHERE shape = 'groups';
SELECT helper.same(document #> '{account,groups,0,users,1}',
		'{"id": "USR-N", "audit": "[Circular Reference]", "$meta": {"omitted": []}, "href": "/v1/accounts/users/USR-N",
			"status": "Active", "name": "Nowhere", "accounts": "[Circular Reference]"}',
		'a user without a current account: the member is absent, not marked')
	FROM helper.answers WHERE shape = 'groups';
SELECT is((SELECT array_agg(jsonb_array_length(g -> 'users'))
		FROM helper.answers, jsonb_array_elements(document #> '{account,groups}') g WHERE shape = 'groups'),
	'{2,0,1}', 'each group has its own users');
SELECT is(document::text ~* 'ACC-H|hidden|UGR-H|USR-H|BUY-H|BUY-X|SEL-', false, 'nothing of another account is in the document')
	FROM helper.answers WHERE shape = 'groups';

SELECT helper.same(document #> '{account,groups,0,buyers,0}',
		'{"id": "BUY-1", "audit": "[Circular Reference]", "$meta": {"omitted": []}, "href": "/v1/accounts/buyers/BUY-1",
			"contact": "[Circular Reference]", "status": "Active", "account": "[Circular Reference]",
			"name": "With a contact", "sellers": "[Circular Reference]", "errors": [
				{"id": "E1", "message": "first",
					"parameters": {"b": [1, -2.50, true, {"c": null}], "": "é", "a": {}}},
				{"id": "E2", "message": "second", "parameters": null},
				{"id": "E3", "message": "third", "parameters": "text"},
				{"id": "E4", "message": "fourth", "parameters": 12345678901234567890.0123456789},
				{"id": "E5", "message": "fifth", "parameters": []},
				{"id": "E6", "message": "sixth", "parameters": false}]}',
		'a buyer with a contact, and errors in their order')
	FROM helper.answers WHERE shape = 'groups';
SELECT is(document #>> '{account,groups,0,buyers,0,errors,0,parameters,b,1}', '-2.50', 'a number keeps its scale')
	FROM helper.answers WHERE shape = 'groups';
SELECT helper.same(document #> '{account,groups,0,buyers,1}',
		'{"id": "BUY-2", "audit": "[Circular Reference]", "$meta": {"omitted": []}, "href": "/v1/accounts/buyers/BUY-2",
			"status": "Active", "account": "[Circular Reference]", "name": "Without a contact", "errors": [],
			"sellers": "[Circular Reference]"}',
		'a buyer without a contact, sellers or errors')
	FROM helper.answers WHERE shape = 'groups';
SELECT helper.same((document #> '{account,groups,2}') - '{account,users}'::text[],
		'{"id": "UGR-3", "audit": {"created": {"at": "2024-01-04T00:00:00.000Z"}}, "$meta": {"omitted": []},
			"href": "/v1/accounts/user-groups/UGR-3", "name": "Third", "isDefault": false, "modules": [], "buyers": []}',
		'a group without modules and buyers has empty lists')
	FROM helper.answers WHERE shape = 'groups';
SELECT is(document #> '{account,groups,1,users}', '[]', 'a group without users has an empty list')
	FROM helper.answers WHERE shape = 'groups';

/*
 * As little as there can be: whole documents.
 */
INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES
	('ACC-E', 'Operations', 'Empty', '2024-01-06Z'), ('ACC-O', 'Vendor', 'One group', '2024-01-07Z');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default, created_at)
	VALUES ('ACC-O', 'UGR-O', 'Only', true, '2024-01-07Z');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at) VALUES
	('ACC-E', 'TKN-E', 'Empty', '2024-06-01Z'), ('ACC-O', 'TKN-O', 'One', '2024-06-01Z');
INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
	VALUES ('ACC-E', 'TKN-E', sha256('secret'));
INSERT INTO helper.answers SELECT 'empty', api.apitoken_disable('TKN-E');
INSERT INTO helper.answers SELECT 'one group', api.apitoken_disable('TKN-O');

SELECT helper.same(document #- '{audit,updated,at}', '{"id": "TKN-E", "audit": {"created": {"at": "2024-06-01T00:00:00.000Z"}, "updated": {}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/api-tokens/TKN-E", "status": "Disabled", "name": "Empty",
		"token": "idt:TKN-E:****", "modules": [],
		"account": {"id": "ACC-E", "audit": {"created": {"at": "2024-01-06T00:00:00.000Z"}}, "$meta": {"omitted": []},
			"href": "/v1/accounts/accounts/ACC-E", "type": "Operations", "status": "Active", "name": "Empty", "groups": []}}',
		'an account without groups, a token without modules; null members are absent')
	FROM helper.answers WHERE shape = 'empty';
SELECT is(helper.markers(document), 0::bigint, 'where nothing is closed there is no marker')
	FROM helper.answers WHERE shape = 'empty';
SELECT helper.same(document #> '{account,groups}', '[{"id": "UGR-O", "audit": {"created": {"at": "2024-01-07T00:00:00.000Z"}},
		"$meta": {"omitted": []}, "href": "/v1/accounts/user-groups/UGR-O", "name": "Only", "isDefault": true,
		"modules": [], "users": [], "buyers": [],
		"account": {"id": "ACC-O", "audit": {"created": {"at": "2024-01-07T00:00:00.000Z"}}, "$meta": {"omitted": []},
			"href": "/v1/accounts/accounts/ACC-O", "type": "Vendor", "status": "Active", "name": "One group",
			"groups": ["[Circular Reference]"]}}]',
		'one group, that lists nothing')
	FROM helper.answers WHERE shape = 'one group';

/*
 * Objects of plain members: absent when all of them are null, else with those that are not.
 */
INSERT INTO apitoken.accounts (id, type, name, city, created_at) VALUES ('ACC-P', 'Client', 'Parts', 'Bern', '2024-01-08Z');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('ACC-P', 'UGR-P', 'Parts', true);
INSERT INTO apitoken.users (id, name, phone_number, language_code) VALUES ('USR-P', 'Parts', '123', 'en');
INSERT INTO apitoken.user_accounts VALUES ('ACC-P', 'USR-P');
INSERT INTO apitoken.user_group_users VALUES ('ACC-P', 'UGR-P', 'USR-P');
INSERT INTO apitoken.buyers (account_id, id, name, erp_customer, state) VALUES ('ACC-P', 'BUY-P', 'Parts', 'C-1', '');
INSERT INTO apitoken.user_group_buyers VALUES ('ACC-P', 'UGR-P', 'BUY-P');
INSERT INTO apitoken.modules (id, code, name, filters_group_buyers, settings_paid, settings_type, account_types) VALUES
	('MOD-P', 'parts', 'Parts', '{}', false, '{}', '{Client,Vendor,Operations}'),
	('MOD-Q', 'quarts', 'Quarts', '{selected,all}', NULL, '{a,"b c",NULL,"NULL",""}', '{}');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-P', 'TKN-P', 'Parts');
INSERT INTO apitoken.api_token_modules VALUES ('ACC-P', 'TKN-P', 'MOD-P'), ('ACC-P', 'TKN-P', 'MOD-Q');
INSERT INTO helper.answers SELECT 'parts', api.apitoken_disable('TKN-P');

SELECT helper.same(document #> path::text[], expected::jsonb, description)
	FROM helper.answers
	CROSS JOIN (VALUES
		('{account,address}', '{"city": "Bern"}', 'an address of one member'),
		('{account,groups,0,users,0,phone}', '{"number": "123"}', 'a phone of one member'),
		('{account,groups,0,users,0,settings}', '{"languageCode": "en"}', 'a user''s settings of one member'),
		('{account,groups,0,buyers,0,externalIds}', '{"erpCustomer": "C-1"}', 'externalIds of one member'),
		('{account,groups,0,buyers,0,address}', '{"state": ""}', 'an empty string is not null'),
		('{modules,0,filters}', '{"group.buyers": []}', 'an empty list in filters is not null'),
		('{modules,0,settings}', '{"paid": false, "type": []}', 'false and an empty list in settings are not null'),
		('{modules,0,accountTypes}', '["Client", "Vendor", "Operations"]', 'accountTypes keep their order'),
		('{modules,1,filters}', '{"group.buyers": ["selected", "all"]}', 'filters keep their order'),
		('{modules,1,settings}', '{"type": ["a", "b c", null, "NULL", ""]}', 'a null in a list of strings stays null'))
		expected (path, expected, description)
	WHERE shape = 'parts';

/*
 * A list longer than apitoken.max_list_items is left out and named by its owner.
 */
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at) VALUES
	('ACC-G', 'TKN-L2', 'Two at most', '2024-06-01Z'), ('ACC-G', 'TKN-L0', 'None at all', '2024-06-01Z');
INSERT INTO apitoken.api_token_modules
	SELECT 'ACC-G', token, module FROM unnest('{TKN-L2,TKN-L0}'::text[]) token, unnest('{MOD-S,MOD-T}'::text[]) module;
SET LOCAL apitoken.max_list_items = 2;
INSERT INTO helper.answers SELECT 'two at most', api.apitoken_disable('TKN-L2');
RESET apitoken.max_list_items;

SELECT helper.same(document -> 'account',
		((SELECT document -> 'account' FROM helper.answers WHERE shape = 'groups') - 'groups')
			|| '{"$meta": {"omitted": ["groups"]}}',
		'three groups where two items are allowed: left out, and named by the account')
	FROM helper.answers WHERE shape = 'two at most';
SELECT helper.same(document -> 'modules', (SELECT document -> 'modules' FROM helper.answers WHERE shape = 'groups'),
		'two modules where two items are allowed: there')
	FROM helper.answers WHERE shape = 'two at most';
SELECT is(document -> '$meta', '{"omitted": []}', 'the token names nothing that it gives')
	FROM helper.answers WHERE shape = 'two at most';

SET LOCAL apitoken.max_list_items = 0;
INSERT INTO helper.answers SELECT 'none at all', api.apitoken_disable('TKN-L0');
RESET apitoken.max_list_items;
SELECT helper.same(jsonb_build_array(document -> '$meta', document ? 'modules', document #> '{account,$meta}',
			document #> '{account,groups}', document -> 'status'),
		'[{"omitted": ["modules"]}, false, {"omitted": ["groups"]}, null, "Disabled"]',
		'no items allowed: what is left is Disabled all the same')
	FROM helper.answers WHERE shape = 'none at all';

-- ACC-O, with one group, shows the lists of a group.
INSERT INTO apitoken.user_group_modules VALUES ('ACC-O', 'UGR-O', 'MOD-S'), ('ACC-O', 'UGR-O', 'MOD-T');
INSERT INTO apitoken.user_accounts VALUES ('ACC-O', 'USR-B'), ('ACC-O', 'USR-N');
INSERT INTO apitoken.user_group_users VALUES ('ACC-O', 'UGR-O', 'USR-B'), ('ACC-O', 'UGR-O', 'USR-N');
INSERT INTO apitoken.buyers (account_id, id, name) VALUES ('ACC-O', 'BUY-O', 'Only');
INSERT INTO apitoken.buyer_errors VALUES ('ACC-O', 'BUY-O', 1, 'E1', 'first'), ('ACC-O', 'BUY-O', 2, 'E2', 'second');
INSERT INTO apitoken.user_group_buyers VALUES ('ACC-O', 'UGR-O', 'BUY-O');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-O', 'TKN-O1', 'One at most');
INSERT INTO apitoken.api_token_modules VALUES ('ACC-O', 'TKN-O1', 'MOD-S'), ('ACC-O', 'TKN-O1', 'MOD-T');
SET LOCAL apitoken.max_list_items = 1;
INSERT INTO helper.answers SELECT 'one at most', api.apitoken_disable('TKN-O1');
RESET apitoken.max_list_items;
SELECT helper.same(jsonb_build_array(document -> '$meta', document ? 'modules', document #> '{account,$meta}',
			(document #> '{account,groups,0}') - '{id,name,href,audit,isDefault,account}'::text[]),
		'[{"omitted": ["modules"]}, false, {"omitted": []}, {"$meta": {"omitted": ["modules", "users"]}, "buyers": [
			{"id": "BUY-O", "audit": "[Circular Reference]", "$meta": {"omitted": ["errors"]}, "status": "Active",
				"href": "/v1/accounts/buyers/BUY-O", "account": "[Circular Reference]", "name": "Only",
				"sellers": "[Circular Reference]"}]}]',
		'each list is left out or given by its own length, and its owner names it')
	FROM helper.answers WHERE shape = 'one at most';

/*
 * Lists are in the order of bytes, whatever the collation.
 */
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-S', 'Client', 'Sorted');
INSERT INTO apitoken.modules (id, code, name) SELECT id, 'sorted ' || id, id
	FROM unnest('{z,Z,a,A,é,e,"e ",ee,-,_,10,9,漢,😀}'::text[]) id;
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-S', 'TKN-S', 'Sorted');
INSERT INTO apitoken.api_token_modules SELECT 'ACC-S', 'TKN-S', id FROM apitoken.modules WHERE code LIKE 'sorted %';
SELECT is((SELECT array_agg(m ->> 'id') FROM jsonb_array_elements(api.apitoken_disable('TKN-S') -> 'modules') m),
	'{-,10,9,A,Z,_,a,e,"e ",ee,z,é,漢,😀}', 'a list is in the order of the bytes of its ids');

/*
 * A marketplace made by chance, every document of it compared with what plain
 * SQL makes of the rules: what is null, who made what and who is where is all
 * left to the dice, the same in every run.
 */
SELECT setseed(0.4711) \g /dev/null

CREATE FUNCTION helper.maybe(value text) RETURNS text LANGUAGE sql VOLATILE
	AS $$ SELECT CASE WHEN random() < 0.6 THEN value END $$;
CREATE FUNCTION helper.maybe_actor() RETURNS apitoken.actors LANGUAGE sql VOLATILE
	AS $$ SELECT a FROM apitoken.actors a WHERE a.id LIKE 'R%' AND random() < 0.7 ORDER BY random() LIMIT 1 $$;
CREATE FUNCTION helper.maybe_moment() RETURNS timestamptz LANGUAGE sql VOLATILE
	AS $$ SELECT '2000-01-01Z'::timestamptz + random() * interval '9000 days' WHERE random() < 0.7 $$;
-- Gives each row of a table actors, dates and the update of some of them by chance.
CREATE FUNCTION helper.throw_audit(audited regclass) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	place tid;
	creator apitoken.actors;
	updater apitoken.actors;
	updated timestamptz;
BEGIN
	FOR place IN EXECUTE format('SELECT ctid FROM %s WHERE id LIKE ''R%%''', audited) LOOP
		creator := helper.maybe_actor();
		updated := helper.maybe_moment();
		updater := CASE WHEN updated IS NULL THEN NULL WHEN random() < 0.3 THEN creator ELSE helper.maybe_actor() END;
		EXECUTE format('UPDATE %s SET created_at = ''2000-01-01Z''::timestamptz + random() * interval ''9000 days'',
				created_by_type = $1, created_by_id = $2, updated_at = $3,
				updated_by_type = $4, updated_by_id = $5 WHERE ctid = $6', audited)
			USING creator.type, creator.id, updated, updater.type, updater.id, place;
	END LOOP;
END
$$;

INSERT INTO apitoken.accounts (id, type, name, description, icon, external_id, external_name, pyra_tenant_id,
		service_level, address_line1, address_line2, post_code, city, state, country, technical_support_email, website)
	SELECT 'RA' || n, (ARRAY['Client', 'Vendor', 'Operations'])[n % 3 + 1], 'Account ' || n, helper.maybe('d'),
			helper.maybe('i'), helper.maybe('x'), helper.maybe('y'), helper.maybe(md5(n::text))::uuid, helper.maybe('s'),
			helper.maybe('1'), helper.maybe('2'), helper.maybe('3'), helper.maybe('4'), helper.maybe('5'), helper.maybe('6'),
			helper.maybe('m'), helper.maybe('w')
		FROM generate_series(1, 12) n;
INSERT INTO apitoken.users (id, name, first_name, last_name, email, phone_prefix, phone_number, icon,
		culture_code, language_code, last_login_at, current_account_id)
	SELECT 'RU' || n, 'User ' || n, helper.maybe('f'), helper.maybe('l'), helper.maybe('e'), helper.maybe('+'),
			helper.maybe('n'), helper.maybe('i'), helper.maybe('c'), helper.maybe('l'), helper.maybe_moment(),
			helper.maybe('RA' || (n % 12 + 1))
		FROM generate_series(1, 40) n;
INSERT INTO apitoken.user_accounts SELECT a.id, u.id FROM apitoken.accounts a, apitoken.users u
	WHERE a.id LIKE 'RA%' AND u.id LIKE 'RU%' AND random() < 0.2;
INSERT INTO apitoken.modules (id, code, name, description, is_configurable, is_enabled_by_default, paid,
		filters_group_buyers, settings_shared_account, settings_configurable, settings_default, settings_paid,
		settings_type, account_types)
	SELECT 'RM' || n, 'random ' || n, 'Module ' || n, helper.maybe('d'), random() < 0.5, random() < 0.5, random() < 0.5,
			helper.maybe('{all}')::text[], helper.maybe('t')::boolean, helper.maybe('f')::boolean,
			helper.maybe('t')::boolean, helper.maybe('f')::boolean, helper.maybe('{a,b}')::text[],
			(ARRAY['{}', '{Client}', '{Client,Vendor}'])[n % 3 + 1]::text[]
		FROM generate_series(1, 15) n;
INSERT INTO apitoken.user_groups (account_id, id, name, description, logo, is_default)
	SELECT a.id, 'RG' || a.id || '-' || n, 'Group ' || n, helper.maybe('d'), helper.maybe('l'), n = 1
		FROM apitoken.accounts a, generate_series(1, 5) n
		WHERE a.id LIKE 'RA%' AND n <= substr(a.id, 3)::integer % 6;
INSERT INTO apitoken.buyers (account_id, id, status, name, icon, contact_id, erp_company_contact, erp_customer,
		account_external_id, address_line1, address_line2, post_code, city, state, country, tax_id)
	SELECT a.id, 'RB' || a.id || '-' || n, (ARRAY['Enabled', 'Active', 'Disabled', 'Deleted'])[n], 'Buyer ' || n,
			helper.maybe('i'), helper.maybe('RU' || (n * 7)), helper.maybe('e'), helper.maybe('c'), helper.maybe('a'),
			helper.maybe('1'), helper.maybe('2'), helper.maybe('3'), helper.maybe('4'), helper.maybe('5'),
			helper.maybe('6'), helper.maybe('t')
		FROM apitoken.accounts a, generate_series(1, 4) n WHERE a.id LIKE 'RA%';
INSERT INTO apitoken.buyer_errors SELECT account_id, id, n, 'E' || n, 'error', helper.maybe('{"k": [1]}')::jsonb
	FROM apitoken.buyers, generate_series(1, 3) n WHERE id LIKE 'RB%' AND random() < 0.3;
INSERT INTO apitoken.user_group_users SELECT g.account_id, g.id, m.user_id
	FROM apitoken.user_groups g JOIN apitoken.user_accounts m USING (account_id) WHERE g.id LIKE 'RG%' AND random() < 0.5;
INSERT INTO apitoken.user_group_buyers SELECT g.account_id, g.id, b.id
	FROM apitoken.user_groups g JOIN apitoken.buyers b USING (account_id) WHERE g.id LIKE 'RG%' AND random() < 0.5;
INSERT INTO apitoken.user_group_modules SELECT g.account_id, g.id, m.id
	FROM apitoken.user_groups g, apitoken.modules m WHERE g.id LIKE 'RG%' AND m.id LIKE 'RM%' AND random() < 0.3;
INSERT INTO apitoken.api_tokens (account_id, id, name, description, icon)
	SELECT a.id, 'RT' || a.id || '-' || n, 'Token ' || n, helper.maybe('d'), helper.maybe('i')
		FROM apitoken.accounts a, generate_series(1, 3) n WHERE a.id LIKE 'RA%';
INSERT INTO apitoken.api_token_credentials SELECT account_id, id, sha256('x'), helper.maybe_moment()
	FROM apitoken.api_tokens WHERE id LIKE 'RT%' AND random() < 0.8;
INSERT INTO apitoken.api_token_modules SELECT t.account_id, t.id, m.id
	FROM apitoken.api_tokens t, apitoken.modules m WHERE t.id LIKE 'RT%' AND m.id LIKE 'RM%' AND random() < 0.3;
SELECT helper.throw_audit(audited)
	FROM unnest('{apitoken.accounts,apitoken.users,apitoken.modules,apitoken.user_groups,apitoken.api_tokens}'::regclass[])
		audited \g /dev/null

-- One after the other: a token that was disabled looks different as an actor of the next.
CREATE TABLE helper.random_answers (id text, document jsonb, expected jsonb);
DO $$
DECLARE
	token text;
	answer jsonb;
BEGIN
	FOR token IN SELECT id FROM apitoken.api_tokens WHERE id LIKE 'RT%' ORDER BY id LOOP
		answer := api.apitoken_disable(token);
		INSERT INTO helper.random_answers VALUES (token, answer, helper.expected_document(token));
	END LOOP;
END
$$;
SELECT is((SELECT jsonb_object_agg(measure, value > enough) FROM (VALUES
		('documents', 30, (SELECT count(*) FROM helper.random_answers)),
		('markers', 2000, (SELECT sum(helper.markers(document)) FROM helper.random_answers)),
		('values', 10000, (SELECT count(*) FROM helper.random_answers, helper.flatten(document))),
		('empty lists of groups', 2, (SELECT count(*) FROM helper.random_answers WHERE document #> '{account,groups}' = '[]')),
		('tokens that act', 50, (SELECT count(*) FROM helper.random_answers, helper.flatten(document)
			WHERE path ~ 'by\.href$' AND value::text ~ 'api-tokens')))
		measured (measure, enough, value)),
	'{"documents": true, "markers": true, "values": true, "empty lists of groups": true, "tokens that act": true}',
	'the random marketplace has something of everything');
SELECT is((SELECT count(*) FROM helper.random_answers WHERE document IS DISTINCT FROM expected),
	0::bigint, 'each document of the random marketplace is what the rules make of its rows');
SELECT diag(id || ' ' || path || ': ' || difference)
	FROM helper.random_answers CROSS JOIN LATERAL helper.differences(document, expected)
	WHERE document IS DISTINCT FROM expected
	LIMIT 20;

SELECT * FROM finish();
ROLLBACK;
