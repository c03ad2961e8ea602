/*
 * Accounts and what belongs to them, taken over from elsewhere: apitoken_sync, the role
 * of deploy/application/accounts.sql, and the triggers of sync.sql with many rows.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(75);

\ir ../deploy/application/accounts.sql
CREATE ROLE apitoken_sync_web;
CREATE ROLE apitoken_sync_careless;
CREATE ROLE apitoken_sync_shop;
GRANT USAGE ON SCHEMA api TO apitoken_sync_web, apitoken_sync_careless;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_sync_web, apitoken_sync_careless;
GRANT USAGE ON SCHEMA apitoken TO apitoken_sync_careless;
GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_sync_careless;
SET client_min_messages = error;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA apitoken TO apitoken_sync_careless;
SET client_min_messages = warning;

-- what the role is answered, or the error's code and detail
CREATE FUNCTION helper.synced(body jsonb, role text DEFAULT 'apitoken_accounts_writer') RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	answer text;
	detail text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	answer := api.apitoken_sync(body);
	RESET ROLE;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, NULLIF(detail, ''));
END
$$;

/*
 * What is taken over
 */
SELECT is(helper.synced($j${
	"modules": [{"id": "MOD-9001", "code": "reports", "name": "Reports", "accountTypes": ["Client"], "paid": true}],
	"accounts": [{"id": "ACC-9000-0001", "name": "Corner Shop", "externalIds": {"pyraTenantId": "9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d"},
		"address": {"city": "Basel", "country": "CH"}, "modules": [{"id": "MOD-0001"}, {"id": "MOD-9001"}]}],
	"users": [{"id": "USR-9000-0001", "name": "Ada", "email": "ada@shop.example", "phone": {"prefix": "+41"}, "settings": {"cultureCode": "de-CH"},
		"currentAccount": {"id": "ACC-9000-0001"}, "accounts": [{"id": "ACC-9000-0001"}]}],
	"buyers": [{"id": "BUY-9000-0001", "name": "Shop Ltd", "account": {"id": "ACC-9000-0001"}, "contact": {"id": "USR-9000-0001"}, "taxId": "CH1"}],
	"groups": [{"id": "UGR-9000-0002", "name": "Desk", "account": {"id": "ACC-9000-0001"}, "modules": [{"id": "MOD-9001"}],
		"users": [{"id": "USR-9000-0001"}], "buyers": [{"id": "BUY-9000-0001"}]}]}$j$)::jsonb,
	'{"modules": 1, "accounts": 4, "users": 2, "buyers": 1, "groups": 4}', 'all kinds at once: how many rows were not so before');
SELECT is((SELECT concat_ws(' ', type, status, name, pyra_tenant_id, city, country) FROM apitoken.accounts WHERE id = 'ACC-9000-0001'),
	'Client Active Corner Shop 9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d Basel CH', 'an account, with defaults');
SELECT is((SELECT concat_ws(' ', g.id, g.name, g.is_default, array_agg(m.module_id::text ORDER BY m.module_id)) FROM apitoken.user_groups g
		JOIN apitoken.user_group_modules m ON m.user_group_id = g.id WHERE g.id = 'UGR-9000-0001' GROUP BY g.id, g.name, g.is_default),
	'UGR-9000-0001 Everyone t {MOD-0001,MOD-9001}', 'its modules are those of a default group of its own');
SELECT is((SELECT concat_ws(' ', name, email, phone_prefix, culture_code, current_account_id, status) FROM apitoken.users WHERE id = 'USR-9000-0001'),
	'Ada ada@shop.example +41 de-CH ACC-9000-0001 Active', 'a user');
SELECT is((SELECT concat_ws(' ', name, contact_id, tax_id) FROM apitoken.buyers WHERE id = 'BUY-9000-0001'), 'Shop Ltd USR-9000-0001 CH1', 'a buyer');
SELECT is((SELECT count(*) FROM apitoken.user_group_users WHERE user_group_id = 'UGR-9000-0002') + (SELECT count(*) FROM apitoken.user_group_buyers WHERE user_group_id = 'UGR-9000-0002')
	+ (SELECT count(*) FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-9000-0002'), 3::bigint, 'a group and its lists');
SELECT is((SELECT concat_ws(' ', code, paid, account_types) FROM apitoken.modules WHERE id = 'MOD-9001'), 'reports t {Client}', 'a module');

CREATE TABLE helper.before AS SELECT helper.fingerprint() AS print;
SELECT is(helper.synced($j${"accounts": [{"id": "ACC-9000-0001", "name": "Corner Shop", "modules": [{"id": "MOD-9001"}, {"id": "MOD-0001"}]}],
	"users": [{"id": "USR-9000-0001", "name": "Ada", "accounts": [{"id": "ACC-9000-0001"}]}],
	"groups": [{"id": "UGR-9000-0002", "users": [{"id": "USR-9000-0001"}]}]}$j$)::jsonb, '{"accounts": 0, "users": 0, "groups": 0}', 'a second time, nothing is changed');
SELECT is(helper.fingerprint(), print, 'not a row, nor its date') FROM helper.before;
SELECT is(helper.synced('{"users": [{"id": "USR-9000-0001", "email": null, "firstName": "Ada"}]}')::jsonb, '{"users": 1}', 'what is supplied is changed, and null clears');
SELECT is((SELECT concat_ws(' ', name, email, first_name, phone_prefix, updated_at IS NOT NULL) FROM apitoken.users WHERE id = 'USR-9000-0001'), 'Ada Ada +41 t', 'and nothing else');
SELECT is(helper.synced('{"groups": [{"id": "UGR-9000-0002", "modules": [], "users": []}]}')::jsonb, '{"groups": 2}', 'a list that is supplied replaces the one that is there');
SELECT is((SELECT count(*) FROM apitoken.user_group_buyers WHERE user_group_id = 'UGR-9000-0002'), 1::bigint, 'one that is not stays');
SELECT is(helper.synced('{"groups": [{"id": "UGR-9000-0001", "isDefault": false}, {"id": "UGR-9000-0002", "isDefault": true, "modules": [{"id": "MOD-0001"}, {"id": "MOD-9001"}]}]}')::jsonb ->> 'groups', '4',
	'the default moves');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SELECT is(helper.synced('{"accounts": [{"id": "ACC-9000-0001", "modules": [{"id": "MOD-9001"}]}]}')::jsonb, '{"accounts": 1}', 'an account''s modules are those of its default group, whatever its id');
SELECT is((SELECT count(*) FROM apitoken.user_group_modules WHERE account_id = 'ACC-9000-0001' AND module_id = 'MOD-0001'), 0::bigint, 'one that is taken from it is taken from all');
SELECT is(helper.synced('{"groups": [{"id": "UGR-9000-0007", "name": "Elsewhere", "account": {"id": "ACC-9000-0001"}}]}')::jsonb, '{"groups": 1}', '(a group of the one)');
SELECT is(helper.synced('{"accounts": [{"id": "ACC-9000-0007", "name": "Clash", "modules": [{"id": "MOD-9001"}]}]}')::jsonb, '{"accounts": 3}', 'has the id that the default group of the other would have');
SELECT is((SELECT array_agg(concat_ws(' ', id, account_id, name, is_default) ORDER BY id COLLATE "C") FROM apitoken.user_groups WHERE id ~ '9000-0007'),
	'{"ACC-9000-0007 ACC-9000-0007 Everyone t","UGR-9000-0007 ACC-9000-0001 Elsewhere f"}', 'which gets another');
SELECT is(helper.synced('{}')::jsonb, '{}', 'nothing at all');
SELECT is(helper.synced('{"users": []}')::jsonb, '{"users": 0}', 'nobody');

/*
 * Errors tell the place, and nothing is written
 */
UPDATE helper.before SET print = helper.fingerprint();
SELECT is(helper.synced(e.body::jsonb), 'PT400 ' || e.detail, e.detail)
	FROM (VALUES
		('[]', 'The body is not a JSON object.'),
		('{"user": []}', 'The member "user" does not exist.'),
		('{"users": {}}', 'The member "users" is not an array.'),
		('{"users": [1]}', 'The member "users[0]" is not an object with an id.'),
		('{"users": [{"id": "a", "name": "A"}, {"name": "B"}]}', 'The member "users[1]" is not an object with an id.'),
		('{"users": [{"id": "a", "name": "A"}, {"id": "b"}, {"id": "a"}]}', 'The member "users[2]" is there a second time.'),
		('{"users": [{"id": "a", "name": "A"}, {"id": "b", "nme": "B"}]}', 'The member "users[1].nme" does not exist.'),
		('{"users": [{"id": "a", "name": 1}]}', 'The member "users[0].name" is not a string.'),
		('{"accounts": [{"id": "a", "name": "A", "address": {"city": "B", "town": "C"}}]}', 'The member "accounts[0].address.town" does not exist.'),
		('{"accounts": [{"id": "a", "name": "A", "address": "B"}]}', 'The member "accounts[0].address" is not an object.'),
		('{"users": [{"id": "a", "name": "A", "currentAccount": null}]}', 'The member "users[0].currentAccount" is not an object with an id.'),
		('{"users": [{"id": "a", "name": "A", "currentAccount": "ACC-3001-7788"}]}', 'The member "users[0].currentAccount" is not an object with an id.'),
		('{"groups": [{"id": "a", "name": "A", "account": {}, "name2": "B"}]}', 'The member "groups[0].name2" does not exist.'),
		('{"accounts": [{"id": "bare", "name": "B"}], "groups": [{"id": "UGR-3001-0001"}, {"id": "a", "name": "A", "account": {"id": "bare"}}]}',
			'The member "groups[1]" leaves its account without a default group.'),
		('{"groups": [{"id": "a", "users": [{"id": "b"}, "c"]}]}', 'The member "groups[0].users" is not an array of objects with an id.'),
		('{"users": [{"id": "a", "name": "A", "accounts": [{"id": "ACC-3001-7788"}, {"id": 1}]}]}', 'The member "users[0].accounts" is not an array of objects with an id.'),
		('{"modules": [{"id": "a", "code": "a", "name": "A", "accountTypes": ["Client", null]}]}', 'The member "modules[0].accountTypes" is not a list of strings.'),
		('{"modules": [{"id": "a", "code": "a", "name": "A", "accountTypes": [["Client"]]}]}', 'The member "modules[0].accountTypes" is not a list of strings.'),
		('{"users": [{"id": "a", "name": "A", "lastLoginAt": "now"}]}', 'The member "users[0].lastLoginAt" is not a date.'),
		('{"users": [{"id": "a", "name": "A", "lastLoginAt": "01/02/2026"}]}', 'The member "users[0].lastLoginAt" is not a date.'),
		('{"users": [{"id": "a", "name": "A", "deleted": "yes"}]}', 'The member "users[0].deleted" is not a boolean.'),
		('{"users": [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "status": "Gone"}, {"id": "c", "name": "C"}]}',
			'The member "users[1]" cannot be written: new row for relation "users" violates check constraint "users_status_check".'),
		('{"users": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}, {"id": "c"}]}',
			'The member "users[2]" cannot be written: null value in column "name" of relation "users" violates not-null constraint.'),
		('{"users": [{"id": "a", "name": "A", "accounts": [{"id": "none"}]}]}',
			'The member "users[0]" cannot be written: insert or update on table "user_accounts" violates foreign key constraint "user_accounts_account_id_fkey": Key (account_id)=(none) is not present in table "accounts".'),
		('{"users": [{"id": "a", "name": "A", "lastLoginAt": "2026-13-01T00:00:00Z"}]}', 'The member "users[0]" cannot be written: date/time field value out of range: "2026-13-01T00:00:00Z".'),
		('{"users": [{"id": "a", "name": "A", "icon": "javascript:x"}]}', 'The member "users[0]" cannot be written: row for relation "users" violates the rule of its column "icon".'),
		('{"accounts": [{"id": "ACC-9000-0001", "type": "Vendor"}]}', 'The member "accounts[0]" cannot be written: a row of apitoken.accounts keeps its type for life.')
	) e (body, detail);
SELECT is(helper.synced(NULL), 'PT400 The body is not a JSON object.', 'null');
SELECT is(helper.synced((SELECT jsonb_build_object('users', jsonb_agg(jsonb_build_object('id', 'many-' || n, 'name', CASE WHEN n <> 777 THEN 'N' END) ORDER BY n)) FROM generate_series(0, 999) n)),
	'PT400 The member "users[777]" cannot be written: null value in column "name" of relation "users" violates not-null constraint.', 'one of a thousand');
SELECT is(helper.fingerprint(), print, 'nothing of all that was written') FROM helper.before;
-- nor does an error show a secret
SELECT is(helper.synced(b), 'PT400 ' || d, d) FROM (VALUES
	(jsonb_build_object('idt:TKN-1671-0642:secret', '[]'::jsonb), 'The member "idt:TKN-1671-0642:****.'),
	('{"users": [{"id": "a", "idt:TKN-1671-0642:secret": 1}]}', 'The member "users[0].idt:TKN-1671-0642:****.'),
	('{"accounts": [{"id": "a", "name": "A", "externalIds": {"pyraTenantId": "idt:TKN-1671-0642:secret"}}]}', 'The member "accounts[0]" cannot be written: invalid input syntax for type uuid: "idt:TKN-1671-0642:****.')
	) e (b, d);

-- a module that a token has, though no group offers it
SET LOCAL row_security = off;
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0006');
SET LOCAL row_security = on;
SELECT is(helper.synced('{"modules": [{"id": "MOD-9001", "name": "Reports"}, {"id": "unknown", "deleted": true}, {"id": "MOD-0006", "deleted": true}]}'),
	'PT400 The member "modules[2]" cannot be deleted: update or delete on table "modules" violates foreign key constraint "api_token_modules_module_id_fkey" on table "api_token_modules": Key (id)=(MOD-0006) is still referenced from table "api_token_modules".',
	'what cannot be deleted, in its place');

/*
 * Who may
 */
SELECT is(helper.synced('{"users": [{"id": "a", "name": "A"}]}', 'apitoken_sync_web'), '42501', 'who may execute it, and nothing else, may not');
SELECT is(helper.synced('{"users": [{"id": "a", "name": "A"}]}', 'apitoken_sync_careless'), '42501', 'nor who was granted everything, as row security has it');
SELECT is((helper.probe('SELECT apitoken.disable_of_accounts(''{ACC-3001-7788}'')', NULL, 'apitoken_sync_careless')).code, 'PT401', 'nor does he disable tokens by it');
SELECT is((helper.probe('UPDATE apitoken.api_tokens SET name = ''x''', NULL, 'apitoken_accounts_writer')).code, '42501', 'the writer has no right to change a token');
SELECT is((helper.probe('SELECT api.apitoken_disable(''TKN-1671-0642'')', NULL, 'apitoken_accounts_writer')).code, '42501', 'nor to call for it');
SELECT is((helper.probe('SELECT digest FROM apitoken.api_token_credentials', NULL, 'apitoken_accounts_writer')).code, '42501', 'nor to see a digest');

/*
 * What is no more
 */
SELECT is(helper.synced('{"users": [{"id": "USR-3001-0002", "deleted": true}, {"id": "unknown", "deleted": true}]}')::jsonb, '{"users": 1}', 'a user who is no more');
SELECT is((SELECT status || ' ' || (SELECT count(*) FROM apitoken.user_accounts WHERE user_id = 'USR-3001-0002') FROM apitoken.users WHERE id = 'USR-3001-0002'), 'Deleted 0', 'is Deleted, and in no account');
SELECT is(helper.synced('{"accounts": [{"id": "ACC-3001-7788", "deleted": true}]}')::jsonb, '{"accounts": 1}', 'an account that is no more');
SELECT is((SELECT concat_ws(' ', status, held_at IS NOT NULL) FROM apitoken.accounts WHERE id = 'ACC-3001-7788'), 'Disabled t', 'is Disabled, and held');
SELECT is((SELECT array_agg(DISTINCT status ORDER BY status) FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788'), '{Deleted,Disabled}', 'none of its tokens is Active');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE account_id = 'ACC-3001-7788' AND to_status = 'Disabled' AND at >= now() AND database_role = 'apitoken_accounts_writer'), 3::bigint,
	'which the trail tells, with the role');
SELECT is((SELECT count(*) FROM apitoken.user_accounts WHERE account_id = 'ACC-3001-7788'), 0::bigint, 'nor is anybody in it');
SELECT is(helper.synced('{"accounts": [{"id": "ACC-3001-7788", "deleted": true}]}')::jsonb, '{"accounts": 0}', 'a second time, nothing is changed');
SELECT is(helper.synced('{"accounts": [{"id": "ACC-3001-7788", "status": "Active"}]}')::jsonb, '{"accounts": 1}', 'it comes back');
SELECT is((SELECT concat_ws(' ', a.status, held_at IS NOT NULL, (SELECT count(*) FROM apitoken.api_tokens t WHERE t.account_id = a.id AND t.status = 'Active')) FROM apitoken.accounts a WHERE id = 'ACC-3001-7788'),
	'Active t 0', 'held, and its tokens as they were: whoever may lets it go');

/*
 * The triggers of sync.sql
 */
DELETE FROM apitoken.user_group_modules;
DELETE FROM apitoken.modules WHERE code IN ('x');
\o /dev/null
\ir ../deploy/application/sync.sql
\o
GRANT USAGE ON SCHEMA shop TO apitoken_sync_shop;
GRANT ALL ON ALL TABLES IN SCHEMA shop TO apitoken_sync_shop;
SET ROLE apitoken_sync_shop;
INSERT INTO shop.tenants SELECT n, 'Tenant ' || n FROM generate_series(1, 100) n;
INSERT INTO shop.people SELECT n, 'Person ' || n, format('p%s@example.com', n) FROM generate_series(1, 1000) n;
INSERT INTO shop.members SELECT 1 + n % 100, n, n <= 100 FROM generate_series(1, 1000) n;
RESET ROLE;
SELECT is((SELECT array[count(*), count(DISTINCT g.account_id), count(*) FILTER (WHERE g.user_group_id LIKE '%administrators')] FROM apitoken.user_group_users g WHERE g.account_id LIKE 'tenant-%'),
	'{1000,100,100}', 'the application''s rows are there, each in its group');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SET ROLE apitoken_sync_shop;
UPDATE shop.people SET active = false, name = 'Left' WHERE id = 1;
UPDATE shop.members SET is_administrator = true WHERE tenant_id = 7 AND person_id = 206;
DELETE FROM shop.members WHERE person_id = 3;
DELETE FROM shop.people WHERE id = 5;
RESET ROLE;
SELECT is((SELECT array_agg(concat_ws(' ', u.id, u.name, u.status, (SELECT string_agg(g.user_group_id, ',') FROM apitoken.user_group_users g WHERE g.user_id = u.id)) ORDER BY u.id)
		FROM apitoken.users u WHERE u.id IN ('person-1', 'person-3', 'person-5', 'person-206')),
	'{"person-1 Left Blocked tenant-2-administrators","person-206 Person 206 Active tenant-7-administrators","person-3 Person 3 Active","person-5 Person 5 Deleted"}', 'changes of one row');
SELECT api.apitoken_create('{"account": {"id": "tenant-9"}, "name": "T", "modules": [{"id": "MOD-0003"}]}') ->> 'id' AS token \gset
SET ROLE apitoken_sync_shop;
DELETE FROM shop.tenants WHERE id = 9;
RESET ROLE;
SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = :'token'), 'Disabled', 'a tenant that goes takes its tokens along');
SELECT is((helper.probe('UPDATE apitoken.users SET name = ''x''', NULL, 'apitoken_sync_shop')).code, '42501', 'the application itself has no right to the extension''s tables');

SELECT * FROM finish();
ROLLBACK;
