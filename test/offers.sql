/*
 * Nobody has what his account's default group has not: whoever writes the tables by
 * hand gives an account's groups and tokens only what its default group has, and
 * takes nothing from them by a statement that changes nothing.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(73);

/* Who of an account has which module. */
CREATE FUNCTION helper.held(account text) RETURNS text[]
LANGUAGE sql STABLE
AS $$
	SELECT COALESCE(array_agg(h ORDER BY h COLLATE "C"), '{}') FROM (
		SELECT user_group_id || ' ' || module_id FROM apitoken.user_group_modules WHERE account_id = account
		UNION ALL SELECT api_token_id || ' ' || module_id FROM apitoken.api_token_modules WHERE account_id = account) s (h)
$$;

/* What a statement makes of that, or how it fails; nothing of it stays. */
CREATE FUNCTION helper.lost(statement text, account text DEFAULT 'ACC-3001-7788') RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
	before text[] := helper.held(account);
	result text[];
BEGIN
	BEGIN
		EXECUTE statement;
		SET CONSTRAINTS ALL IMMEDIATE;
		SELECT array_agg(h ORDER BY h COLLATE "C") INTO result FROM unnest(before) h WHERE h <> ALL (helper.held(account));
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION
		WHEN SQLSTATE 'Y0000' THEN RETURN result;
		WHEN OTHERS THEN RETURN ARRAY[SQLSTATE];
	END;
END
$$;

/*
 * Triggers fire on what has changed.
 */
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET module_id = module_id $$), NULL, 'an update that changes nothing takes nothing');
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET account_id = account_id, user_group_id = user_group_id, module_id = module_id
		WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003' $$), NULL, 'nor does one of the default group''s row');
SELECT is(helper.lost($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0003')
		ON CONFLICT (account_id, user_group_id, module_id) DO UPDATE SET module_id = EXCLUDED.module_id $$), NULL, 'nor an upsert of what is there');
SELECT is(helper.lost($$ WITH old AS (DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001' RETURNING *)
		INSERT INTO apitoken.user_group_modules SELECT * FROM old $$), NULL, 'nor one statement that takes all rows out and puts them in again');
ALTER TABLE apitoken.user_group_modules ADD COLUMN remark text;
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET remark = 'mine' $$), NULL, 'nor a change of somebody''s own column');
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET remark = 'mine', module_id = module_id $$), NULL, 'with the others in the statement or without them');
ALTER TABLE apitoken.user_group_modules DROP COLUMN remark;
SELECT is(helper.lost($$ DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003' $$),
	'{TKN-1671-0642 MOD-0003,TKN-3001-1003 MOD-0003,TKN-3001-1004 MOD-0003,UGR-3001-0001 MOD-0003,UGR-3001-0002 MOD-0003}',
	'a module that the default group loses, everybody of the account loses');
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET module_id = 'MOD-0006' WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003' $$),
	'{TKN-1671-0642 MOD-0003,TKN-3001-1003 MOD-0003,TKN-3001-1004 MOD-0003,UGR-3001-0001 MOD-0003,UGR-3001-0002 MOD-0003}',
	'also when another takes its place');
SELECT is(helper.lost($$ UPDATE apitoken.user_group_modules SET module_id = 'MOD-0006' WHERE account_id = 'ACC-3001-7788' AND module_id = 'MOD-0003' $$),
	'{TKN-1671-0642 MOD-0003,TKN-3001-1003 MOD-0003,TKN-3001-1004 MOD-0003,UGR-3001-0001 MOD-0003,UGR-3001-0002 MOD-0003}',
	'in all groups at once');
SELECT is(helper.lost($$ DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0002' AND module_id = 'MOD-0003' $$),
	'{UGR-3001-0002 MOD-0003}', 'what another group loses, nobody else does');

/*
 * A trigger of somebody's own changes the status along with something else.
 */
CREATE FUNCTION helper.expire() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.status := CASE NEW.description WHEN 'expired' THEN 'Disabled' WHEN 'revived' THEN 'Active' ELSE NEW.status END;
	RETURN NEW;
END
$$;
CREATE TRIGGER expire BEFORE UPDATE ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.expire();
SAVEPOINT expiring;
UPDATE apitoken.api_tokens SET description = 'expired' WHERE id = 'TKN-1671-0642';
SELECT is((SELECT array_agg(from_status || ' ' || to_status) FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642' AND from_status IS NOT NULL),
	'{Active Disabled}', 'a status that a trigger changes leaves its row in the trail');
ROLLBACK TO expiring;
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET description = 'revived' WHERE id = 'TKN-3001-1005' $$), '23001',
	'and a Deleted token stays Deleted');
DROP TRIGGER expire ON apitoken.api_tokens;
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET status = status, id = id, account_id = account_id $$), 'ok', 'what keeps its status, id and account can be written');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE from_status = to_status), 0::bigint, 'and leaves no row in the trail');
SELECT is(helper.outcome($$ UPDATE apitoken.user_groups SET is_default = is_default $$), 'ok', 'so can groups');

/*
 * A module is given only if the account's default group has it.
 */
CREATE FUNCTION helper.given(statement text, OUT code text, OUT detail text, OUT hint text) RETURNS SETOF record
LANGUAGE sql
AS $$
	SELECT f.code, f.detail, f.hint FROM helper.failure(statement || '; SET CONSTRAINTS ALL IMMEDIATE') f
$$;
SELECT results_eq($$ SELECT * FROM helper.given('INSERT INTO apitoken.api_token_modules VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''MOD-0006'')') $$,
	$$ VALUES ('23514', 'The default user group of the account "ACC-3001-7788" does not have the module "MOD-0006".',
		'Give it to the default user group first.') $$, 'a token is not given what the default group has not');
SELECT results_eq($$ SELECT * FROM helper.given('INSERT INTO apitoken.user_group_modules VALUES (''ACC-3001-7788'', ''UGR-3001-0003'', ''MOD-0006'')') $$,
	$$ VALUES ('23514', 'The default user group of the account "ACC-3001-7788" does not have the module "MOD-0006".',
		'Give it to the default user group first.') $$, 'nor is another group');
SELECT is(helper.outcome(statement), expected, statement) FROM (VALUES
	($$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0001') $$, 'ok'),
	($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0001') $$, 'ok'),
	($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0006') $$, 'ok'),
	-- in one statement, in any order
	($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0006'), ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0006') $$, 'ok'),
	($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0006');
		INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0006');
		INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0006') $$, 'ok'),
	($$ UPDATE apitoken.user_group_modules SET module_id = 'MOD-0001' WHERE user_group_id = 'UGR-3001-0003' $$, 'ok'),
	($$ UPDATE apitoken.user_group_modules SET module_id = 'MOD-0006' WHERE user_group_id = 'UGR-3001-0003' $$, '23514'),
	($$ UPDATE apitoken.api_token_modules SET module_id = 'MOD-0001' WHERE api_token_id = 'TKN-3001-1003' $$, 'ok'),
	($$ UPDATE apitoken.api_token_modules SET module_id = 'MOD-0006' WHERE api_token_id = 'TKN-3001-1003' $$, '23514'),
	-- from the default group to another
	($$ UPDATE apitoken.user_group_modules SET user_group_id = 'UGR-3001-0003' WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003' $$, '23514'),
	($$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0006') ON CONFLICT DO NOTHING $$, '23514'),
	-- an account without groups offers nothing
	($$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3003-1122', 'TKN-3003-1001', 'MOD-0001') $$, '23514'),
	-- and neither does a default group without modules
	($$ INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('ACC-3003-1122', 'UGR-3003-0001', 'Everyone', true);
		INSERT INTO apitoken.api_token_modules VALUES ('ACC-3003-1122', 'TKN-3003-1001', 'MOD-0001') $$, '23514'),
	-- what is there can be written again
	($$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0003')
		ON CONFLICT (account_id, api_token_id, module_id) DO UPDATE SET module_id = EXCLUDED.module_id $$, 'ok'),
	($$ UPDATE apitoken.api_token_modules SET module_id = module_id $$, 'ok')) s (statement, expected);

/*
 * Which types of account may hold a module.
 */
SELECT results_eq($$ SELECT * FROM helper.given('INSERT INTO apitoken.user_group_modules VALUES (''ACC-3001-7788'', ''UGR-3001-0001'', ''MOD-0005'')') $$,
	$$ VALUES ('23514', 'The account "ACC-3001-7788" is of the type Client, which is not among the account types of the module "MOD-0005".',
		'See apitoken.modules.account_types.') $$, 'the default group is not given what an account of this type may not hold');
SELECT results_eq($$ SELECT * FROM helper.given('UPDATE apitoken.modules SET account_types = ''{Vendor}'' WHERE id = ''MOD-0004''') $$,
	$$ VALUES ('23514', 'The account "ACC-0001-0001", of the type Operations, holds the module "MOD-0004".',
		'Take the module from the default user groups of such accounts first.') $$, 'and a type stays while an account of it holds the module');
SELECT is(helper.outcome(statement), expected, statement) FROM (VALUES
	($$ UPDATE apitoken.user_group_modules SET module_id = 'MOD-0005' WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003' $$, '23514'),
	($$ INSERT INTO apitoken.modules (id, code, name) VALUES ('MOD-0007', 'nobody', 'Nobody');
		INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0007') $$, '23514'),
	($$ UPDATE apitoken.modules SET account_types = '{Client}' WHERE id = 'MOD-0004' $$, '23514'),
	($$ UPDATE apitoken.modules SET account_types = '{}' WHERE id = 'MOD-0003' $$, '23514'),
	-- nobody has it
	($$ UPDATE apitoken.modules SET account_types = '{}' WHERE id = 'MOD-0006' $$, 'ok'),
	-- no Operations account has it
	($$ UPDATE apitoken.modules SET account_types = '{Vendor}' WHERE id = 'MOD-0005' $$, 'ok'),
	-- one more, another order, the same, and another column
	($$ UPDATE apitoken.modules SET account_types = '{Operations,Vendor,Client}' WHERE id = 'MOD-0004' $$, 'ok'),
	($$ UPDATE apitoken.modules SET account_types = account_types $$, 'ok'),
	($$ UPDATE apitoken.modules SET name = 'Renamed' $$, 'ok'),
	($$ DELETE FROM apitoken.user_group_modules WHERE module_id = 'MOD-0003'; UPDATE apitoken.modules SET account_types = '{}' WHERE id = 'MOD-0003' $$, 'ok'),
	($$ UPDATE apitoken.modules SET account_types = '{}' WHERE id = 'MOD-0003'; DELETE FROM apitoken.user_group_modules WHERE module_id = 'MOD-0003' $$, 'ok')
) s (statement, expected);

/*
 * The default group is another, or goes.
 */
SELECT results_eq($$ SELECT * FROM helper.given('
		UPDATE apitoken.user_groups SET is_default = id = ''UGR-3001-0003'' WHERE account_id = ''ACC-3001-7788'' AND is_default;
		UPDATE apitoken.user_groups SET is_default = true WHERE id = ''UGR-3001-0003''') $$,
	$$ VALUES ('23514', 'In the account "ACC-3001-7788", "TKN-1671-0642" has the module "MOD-0003", which the default user group does not have.',
		'Give the module to the default user group, or take it from the group that was it before.') $$, 'the default does not move to a group that has less');
SELECT is(helper.outcome(statement), expected, statement) FROM (VALUES
	($$ INSERT INTO apitoken.user_group_modules SELECT account_id, 'UGR-3001-0003', module_id FROM apitoken.user_group_modules
			WHERE user_group_id = 'UGR-3001-0001' ON CONFLICT DO NOTHING;
		UPDATE apitoken.user_groups SET is_default = false WHERE id = 'UGR-3001-0001';
		UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0003' $$, 'ok'),
	-- in any order
	($$ UPDATE apitoken.user_groups SET is_default = false WHERE id = 'UGR-3001-0001';
		UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0003';
		INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0001'), ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0003') $$, 'ok'),
	-- there and back again
	($$ UPDATE apitoken.user_groups SET is_default = false WHERE id = 'UGR-3001-0001';
		UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0001' $$, 'ok'),
	($$ UPDATE apitoken.user_groups SET is_default = false WHERE id = 'UGR-3001-0001';
		DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0003';
		UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0003' $$, '23514'),
	-- another default, and the old one goes
	($$ DELETE FROM apitoken.user_groups WHERE id = 'UGR-3001-0001'; UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0002' $$, '23514'),
	($$ DELETE FROM apitoken.user_groups WHERE id = 'UGR-3001-0001';
		UPDATE apitoken.user_groups SET is_default = true WHERE id = 'UGR-3001-0002';
		INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0002', 'MOD-0001') $$, 'ok'),
	($$ DELETE FROM apitoken.user_groups WHERE account_id = 'ACC-3001-7788' $$, '23514'),
	($$ DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001'; DELETE FROM apitoken.user_groups WHERE account_id = 'ACC-3001-7788' $$, 'ok'),
	-- nobody has anything
	($$ DELETE FROM apitoken.user_groups WHERE account_id = 'ACC-2002-5566' $$, 'ok'),
	-- a group that is not the default
	($$ DELETE FROM apitoken.user_groups WHERE id = 'UGR-3001-0002' $$, 'ok')) s (statement, expected);

/*
 * Rows come back as they were where they are restored, and only there: in a
 * session that has row_security off, as a script of pg_dump sets it, and that
 * row security does not apply to.
 */
SET LOCAL row_security = off;
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3003-1122', 'TKN-3003-1001', 'MOD-0001') $$), 'ok',
	'a restore puts in a token''s modules before the account''s groups');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0005') $$), 'ok',
	'and what an older version let be written');
CREATE FUNCTION helper.give() RETURNS void
LANGUAGE sql SECURITY DEFINER
AS $$
	INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0006')
$$;
SELECT is(helper.outcome('SELECT helper.give()'), '23514', 'but a function of somebody else''s does not get by that way');
SET LOCAL row_security = on;
CREATE ROLE apitoken_offers_careless;
GRANT USAGE ON SCHEMA apitoken TO apitoken_offers_careless;
GRANT ALL ON ALL TABLES IN SCHEMA apitoken TO apitoken_offers_careless;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_offers_careless;
SELECT is((helper.probe($$ WITH given AS (INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0006') RETURNING 1) SELECT count(*) FROM given $$,
	'SET LOCAL row_security = off', 'apitoken_offers_careless')).code, '42501', 'nor does a role that was granted the tables');

/*
 * Rows of an older installation are listed.
 */
SELECT is((SELECT count(*) FROM apitoken_monitor.modules_to_review), 0::bigint, 'nothing is to be reviewed');
SET LOCAL row_security = off;
INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0005'), ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0006');
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3003-1122', 'TKN-3003-1001', 'MOD-0002');
SET LOCAL row_security = on;
SELECT is((SELECT jsonb_agg(jsonb_build_array(account_id, holder_type, holder_id, module_id, is_offered, is_allowed) ORDER BY holder_id) FROM apitoken_monitor.modules_to_review),
	'[["ACC-3003-1122", "token", "TKN-3003-1001", "MOD-0002", false, false], ["ACC-3001-7788", "group", "UGR-3001-0001", "MOD-0005", true, false],
		["ACC-3001-7788", "group", "UGR-3001-0003", "MOD-0006", false, true]]'::jsonb, 'what is out of bounds is');
SELECT is(helper.outcome($$ UPDATE apitoken.user_group_modules SET module_id = module_id; UPDATE apitoken.api_token_modules SET module_id = module_id;
	UPDATE apitoken.modules SET account_types = account_types || '{Client}' WHERE id = 'MOD-0005' $$), 'ok', 'it stays as it is');
SELECT is(helper.outcome($$ DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0004' $$), 'ok',
	'and no module''s withdrawal fails for it');

/*
 * API tokens are never removed.
 */
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3001-7788', 'TKN-NEW', 'By hand');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'TKN-NEW' $$), '23001', 'a token without a row in the trail stays');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642' $$), '23001', 'so does one with some');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'TKN-NONE' $$), 'ok', 'there is nothing to refuse where there is none');
SET LOCAL session_replication_role = replica;
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'TKN-NEW' $$), 'ok', 'whoever may turn triggers off removes it');
SET LOCAL session_replication_role = origin;

/*
 * A clock that was ahead.
 */
UPDATE apitoken.api_token_credentials SET last_access_at = clock_timestamp() + interval '10 years' WHERE api_token_id = 'TKN-1671-0642';
SELECT api.apitoken_authenticate(helper.secret('TKN-1671-0642')) \g /dev/null
SELECT ok((SELECT last_access_at BETWEEN now() - interval '1 minute' AND clock_timestamp() + interval '1 millisecond'
	FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642'), 'an access is noted though the last one seems to be to come');

/*
 * TRUNCATE, by the owner.
 */
SELECT is(helper.outcome('TRUNCATE apitoken.user_group_modules'), '23514', 'what the groups have is not truncated while tokens have modules');
SELECT is(helper.outcome('TRUNCATE apitoken.user_groups CASCADE'), '23514', 'nor with the groups');
SELECT is(helper.outcome('TRUNCATE apitoken.user_group_modules, apitoken.api_token_modules'), 'ok', 'but together with those');
SELECT is(helper.outcome('TRUNCATE apitoken.accounts CASCADE'), '23001', 'tokens themselves are never removed');

SELECT * FROM finish();
ROLLBACK;
