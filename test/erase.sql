/*
 * What is known of a person, or of an account, is erased: nothing of it is left in any
 * table, what is left is numbers, and a row says so.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(46);

CREATE ROLE apitoken_erase_trusted BYPASSRLS;
CREATE ROLE apitoken_erase_careless;
CREATE ROLE apitoken_erase_bare;
GRANT USAGE ON SCHEMA api, apitoken TO apitoken_erase_trusted, apitoken_erase_careless;
GRANT USAGE ON SCHEMA api TO apitoken_erase_bare;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_erase_trusted, apitoken_erase_careless, apitoken_erase_bare;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA apitoken TO apitoken_erase_trusted, apitoken_erase_careless;

-- addresses in the trail, and one user who has changed tokens of two accounts
SET LOCAL session_replication_role = replica;
UPDATE apitoken.api_token_transitions SET client_address = '192.0.2.77';
UPDATE apitoken.api_token_transitions SET actor_type = 'user', actor_id = 'USR-3001-0001' WHERE account_id IN ('ACC-3001-7788', 'ACC-3002-9900');
SET LOCAL session_replication_role = origin;

/*
 * Who may
 */
SELECT is((helper.probe('SELECT api.' || c.call, r.setup, r.role)).code, r.code, r.name || ': ' || c.call)
	FROM (VALUES ('apitoken_erase_user(''USR-3001-0001'')'), ('apitoken_erase_account(''ACC-3001-7788'')'), ('apitoken_erase_account(''ACC-3001-7788'', true)')) c (call),
		(VALUES ('a role with EXECUTE alone', 'apitoken_erase_bare', NULL, 'PT401'), ('one with every right but BYPASSRLS', 'apitoken_erase_careless', NULL, 'PT401'),
			('Operations'' token', 'apitoken_erase_bare', helper.as_token('TKN-0001-0001'), 'PT401'), ('a trusted role', 'apitoken_erase_trusted', NULL, 'ok')) r (name, role, setup, code);
SELECT is((helper.probe('SELECT api.apitoken_erase_user(''USR-9999-9999'')')).code, 'PT404', 'no such user');
SELECT is((helper.probe('SELECT api.apitoken_erase_account(''ACC-9999-9999'')')).code, 'PT404', 'no such account');
SELECT is((helper.probe('SELECT api.apitoken_erase_user(NULL)')).code, 'PT400', 'null');

/*
 * A user
 */
SELECT is((SELECT count(*) FROM helper.tables_with('clara@contoso.example')), 1::bigint, '(there is something to erase)');
SELECT count(*) AS acted FROM apitoken.api_token_transitions WHERE actor_id = 'USR-3001-0001' \gset
SET LOCAL ROLE apitoken_erase_trusted;
SELECT api.apitoken_erase_user('USR-3001-0001') \g /dev/null
RESET ROLE;
SELECT is((SELECT array_agg(t ORDER BY t) FROM unnest('{Clara,clara@contoso.example,2079460000,/icons/clara.png}'::text[]) n, helper.tables_with(n) t), NULL, 'nothing is left of a user');
SELECT is((SELECT jsonb_strip_nulls(to_jsonb(u)) - '{created_at,created_by_type,created_by_id,updated_at}'::text[] FROM apitoken.users u WHERE id = 'USR-3001-0001'),
	'{"id": "USR-3001-0001", "name": "Erased", "status": "Deleted"}', 'but his number: every other column is empty');
SELECT is((SELECT count(*) FROM apitoken.user_accounts WHERE user_id = 'USR-3001-0001'), 0::bigint, 'he is in no account');
SELECT is((SELECT array[count(*), count(client_address)] FROM apitoken.api_token_transitions WHERE actor_id = 'USR-3001-0001'), ARRAY[:acted, 0]::bigint[], 'the trail tells what he did, and not from where');
SELECT is((SELECT count(client_address) > 0 FROM apitoken.api_token_transitions WHERE actor_id IS DISTINCT FROM 'USR-3001-0001'), true, 'others'' addresses are there');
SELECT is((SELECT to_jsonb(e) - 'at' FROM apitoken.erasures e), '{"kind": "user", "resource_id": "USR-3001-0001", "with_tokens": false, "database_role": "apitoken_erase_trusted"}', 'a row says so');
SELECT is(api.apitoken_get('TKN-1671-0642') #>> '{audit,created,by,name}', 'Erased', 'documents show that');

/*
 * An account, whose tokens stay as numbers
 */
SELECT count(*) AS trail FROM apitoken.api_token_transitions WHERE account_id = 'ACC-3001-7788' \gset
SET LOCAL session_replication_role = replica;
UPDATE apitoken.accounts SET allowed_networks = '{203.0.113.78/32}' WHERE id = 'ACC-3001-7788';
SET LOCAL session_replication_role = origin;
UPDATE apitoken.api_tokens SET allowed_networks = '{203.0.113.79/32}' WHERE account_id = 'ACC-3001-7788' AND id = 'TKN-3001-1003';
SELECT api.apitoken_erase_account('ACC-3001-7788') \g /dev/null
SELECT is((SELECT array_agg(DISTINCT t ORDER BY t) FROM unnest('{Contoso,12 High Street,it@contoso.example,C-100234,GB123456789,Nightly export,203.0.113.7,9f1c1d5e-6b0a}'::text[]) n, helper.tables_with(n) t),
	NULL, 'nothing is left of an account');
SELECT is((SELECT concat_ws(' ', status, name, held_at IS NOT NULL) FROM apitoken.accounts WHERE id = 'ACC-3001-7788'), 'Disabled Erased t', 'it is Disabled, and held');
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', status, name, description, icon)) FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788'), '{"Deleted Erased"}', 'its tokens are Deleted, and have no names');
SELECT is((SELECT count(*) > :trail FROM apitoken.api_token_transitions WHERE account_id = 'ACC-3001-7788'), true, 'they have their trail, with its last rows');
SELECT is((SELECT count(client_address) FROM apitoken.api_token_transitions WHERE account_id = 'ACC-3001-7788'), 0::bigint, 'without addresses');
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', status, name)) FROM apitoken.buyers WHERE account_id = 'ACC-3001-7788'), '{"Deleted Erased"}', 'its buyers are Deleted');
SELECT is((SELECT count(*) FROM apitoken.buyer_errors WHERE account_id = 'ACC-3001-7788'), 0::bigint, 'what was wrong with them is gone');
SELECT is((SELECT array_agg(DISTINCT name) FROM apitoken.user_groups WHERE account_id = 'ACC-3001-7788'), '{Erased}', 'its groups have no names');

-- Each column is empty then, or is named here: filled first with whatever it takes.
SAVEPOINT filled;
SET LOCAL session_replication_role = replica;
DO $$
DECLARE
	shown record;
	value text;
BEGIN
	FOR shown IN
		SELECT a.attrelid::regclass AS relation, a.attname AS name
			FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped
				AND a.attrelid = ANY ('{apitoken.accounts,apitoken.users,apitoken.user_groups,apitoken.buyers,apitoken.api_tokens}'::regclass[])
	LOOP
		FOREACH value IN ARRAY '{GB,en-GB,44,https://erase.example,2,1 year,198.51.100.0/24,"{198.51.100.0/24}",9f1c1d5e-0000-4000-8000-000000000001,2025-01-02Z,USR-3001-0002,user}'::text[] LOOP
			BEGIN
				EXECUTE format('UPDATE %s SET %I = %L WHERE %2$I IS NULL', shown.relation, shown.name, value);
				EXIT;
			EXCEPTION WHEN OTHERS THEN
				NULL;
			END;
		END LOOP;
	END LOOP;
END
$$;
SET LOCAL session_replication_role = origin;
CREATE FUNCTION helper.with_values() RETURNS TABLE (what text)
LANGUAGE sql
AS $$
	SELECT DISTINCT format('%s.%s', r.relation, c.key)
		FROM (SELECT 'accounts', to_jsonb(a) FROM apitoken.accounts a WHERE id = 'ACC-3002-9900'
			UNION ALL SELECT 'users', to_jsonb(u) FROM apitoken.users u WHERE id = 'USR-3002-0001'
			UNION ALL SELECT 'user_groups', to_jsonb(g) FROM apitoken.user_groups g WHERE account_id = 'ACC-3002-9900'
			UNION ALL SELECT 'buyers', to_jsonb(b) FROM apitoken.buyers b WHERE account_id = 'ACC-3002-9900'
			UNION ALL SELECT 'api_tokens', to_jsonb(t) FROM apitoken.api_tokens t WHERE account_id = 'ACC-3002-9900') r (relation, members),
			LATERAL jsonb_each(jsonb_strip_nulls(r.members)) c
$$;
SELECT is((SELECT array_agg(format('%s.%s', c.relname, a.attname)) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.oid = ANY ('{apitoken.accounts,apitoken.users,apitoken.user_groups,apitoken.buyers,apitoken.api_tokens}'::regclass[])
			AND NOT EXISTS (SELECT FROM helper.with_values() f WHERE f.what = format('%s.%s', c.relname, a.attname))), NULL, '(every column has a value)');
SELECT api.apitoken_erase_user('USR-3002-0001'), api.apitoken_erase_account('ACC-3002-9900') \g /dev/null
SELECT is((SELECT array_agg(what ORDER BY what) FROM helper.with_values() WHERE what !~ '[.](id|account_id|status|name|created_at|created_by_type|created_by_id|updated_at)$'),
	'{accounts.held_at,accounts.max_token_lifetime,accounts.max_tokens,accounts.type,api_tokens.expires_at,api_tokens.held_at,api_tokens.old_secret_until,api_tokens.revoked_at,
		api_tokens.rotated_at,api_tokens.secret_number,user_groups.is_default}'::text[], 'nothing else is left than what says when, who, and how it is bounded');
ROLLBACK TO filled;

/*
 * With its tokens
 */
SELECT api.apitoken_feed() ->> 'position' AS reached \gset
SELECT api.apitoken_erase_account('ACC-3002-9900', true) \g /dev/null
SELECT is((SELECT f.detail FROM helper.failure(format('SELECT api.apitoken_feed(%L)', :'reached')) f), 'The argument "after" is older than what was pruned.',
	'whoever follows the feed, and was told all of it, begins again: he may know a token that is gone');
SELECT is((SELECT array[(SELECT count(*) FROM apitoken.api_tokens WHERE account_id = 'ACC-3002-9900'), (SELECT count(*) FROM apitoken.api_token_transitions WHERE account_id = 'ACC-3002-9900'),
	(SELECT count(*) FROM apitoken.api_token_credentials WHERE account_id = 'ACC-3002-9900')]), '{0,0,0}', 'with its tokens, their trail goes');
SELECT is((SELECT count(*) FROM apitoken.actors WHERE id = 'TKN-3002-1001'), 1::bigint, 'what they did elsewhere keeps their numbers');
-- a trail that is kept would speak of another
SELECT is(helper.outcome($s$INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3003-1122', 'TKN-3002-1001', 'Another')$s$), '23505', 'no other token gets the number');
SELECT is(helper.outcome($s$INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3003-1122', 'TKN-3002-1001', 'Another') ON CONFLICT DO NOTHING$s$), '23505', 'nor where a conflict is no matter');
SELECT is((SELECT count(*) FROM apitoken.actors WHERE erased_at IS NOT NULL AND type = 'token' AND id LIKE 'TKN-3002-%') > 0, true, 'all of them are marked');
SELECT is((SELECT count(*) FROM apitoken.actors a JOIN apitoken.api_tokens t ON t.id = a.id WHERE a.erased_at IS NOT NULL), 0::bigint, 'and no others');
SELECT is((SELECT array_agg(concat_ws(' ', kind, resource_id, with_tokens) ORDER BY at) FROM apitoken.erasures), '{"user USR-3001-0001 f","account ACC-3001-7788 f","account ACC-3002-9900 t"}', 'rows say so');

/*
 * Nobody else changes any of that
 */
SELECT is(helper.outcome(s), '23001', s) FROM unnest(ARRAY['UPDATE apitoken.api_token_transitions SET client_address = NULL', 'DELETE FROM apitoken.api_token_transitions', 'DELETE FROM apitoken.erasures',
	'TRUNCATE apitoken.erasures', 'DELETE FROM apitoken.api_tokens']) s;

SELECT * FROM finish();
ROLLBACK;
