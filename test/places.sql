/*
 * Where rows were the last time is where they are looked for first; whatever has become
 * of them meanwhile, the answer is what the tables have.  No transaction is around it,
 * as tables are vacuumed, cut off and made anew.
 */
\ir fixtures/life.psql
SELECT plan(57);

SET apitoken.last_access_interval = '1d';
SELECT set_config('helper.keeps', (current_setting('server_version_num')::integer >= 140000)::text, false) \g /dev/null

-- the id that a call answers, or how it fails
CREATE FUNCTION helper.told(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	EXECUTE call INTO answer;
	RETURN answer ->> 'id';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE FUNCTION helper.lets_in(token_id text) RETURNS text LANGUAGE sql AS $$
	SELECT helper.told(format('SELECT api.apitoken_authenticate(%L)', helper.secret(token_id)))
$$;

CREATE FUNCTION helper.scans() RETURNS TABLE (relation name, scans bigint) LANGUAGE sql AS $$
	SELECT c.relname, sum(pg_stat_get_xact_numscans(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.oid IN ('apitoken.api_tokens'::regclass, 'apitoken.api_token_credentials'::regclass, 'apitoken.modules'::regclass,
			'apitoken.accounts'::regclass, 'apitoken.users'::regclass)
		GROUP BY c.relname
$$;
-- Of which tables a call goes down an index, how often, and what it answers.
CREATE FUNCTION helper.goes_down(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before CONSTANT jsonb := (SELECT jsonb_object_agg(relation, scans) FROM helper.scans());
	outcome CONSTANT text := helper.told(call);
BEGIN
	RETURN concat_ws(' ', outcome, string_agg(format('%s:%s', relation, scans - (before ->> relation)::bigint), ' ' ORDER BY relation COLLATE "C"))
		FROM helper.scans() WHERE scans > (before ->> relation)::bigint;
END $$;
CREATE FUNCTION helper.goes_down_for(secret text) RETURNS text LANGUAGE sql AS $$
	SELECT helper.goes_down(format('SELECT api.apitoken_authenticate(%L)', secret))
$$;
-- The same where places are kept, which they are not before 14.
CREATE FUNCTION helper.by_place(secret text, expected text, what text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN current_setting('helper.keeps')::boolean THEN is(helper.goes_down_for(secret), expected, what) ELSE skip(what, 1) END
$$;

/*
 * Which indexes are gone down.
 */
-- no access is to be noted
UPDATE apitoken.api_token_credentials SET last_access_at = now();
SELECT is((SELECT count(*) FROM apitoken.api_token_modules WHERE api_token_id = 'TKN-1671-0642'), 2::bigint, '(the token has two modules)');
-- among them that of accounts that have networks, of which there is none
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')), 'TKN-1671-0642 accounts:1 api_token_credentials:1 api_tokens:1 modules:2',
	'the first time a session goes down the indexes');
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'the next time it finds all of it where it was');
SELECT is(api.apitoken_authenticate(helper.secret('TKN-1671-0642')), first.answer, 'the answer is what the tables have')
	FROM (SELECT jsonb_build_object('id', t.id, 'account', jsonb_build_object('id', t.account_id), 'modules',
			(SELECT jsonb_agg(jsonb_build_object('id', m.id, 'code', m.code) ORDER BY m.id) FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id
				WHERE l.api_token_id = t.id)) AS answer FROM apitoken.api_tokens t WHERE t.id = 'TKN-1671-0642') first;

SET apitoken.refuse_disabled_accounts = on;
SET apitoken.refuse_lost_creators = on;
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')) ~ CASE WHEN current_setting('helper.keeps')::boolean THEN 'accounts:1 users:1$' ELSE 'accounts:.* users:' END, true, 'its account and its creator are looked for');
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'and found where they were');
RESET apitoken.refuse_disabled_accounts;
RESET apitoken.refuse_lost_creators;

BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')), 'TKN-1671-0642 api_token_credentials:1 api_tokens:1 modules:2', 'a serializable transaction goes down them');
COMMIT;
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'and nobody after it');

/*
 * What is refused takes what it took, however often it is tried.
 */
SELECT is(helper.goes_down_for('idt:TKN-1671-0642:wrong'), 'PT401 api_token_credentials:1 api_tokens:1', 'a wrong secret, ' || n) FROM generate_series(1, 3) n;
SELECT is(helper.goes_down_for('idt:TKN-1671-0000:wrong'), 'PT401 api_token_credentials:1 api_tokens:1', 'one of a token that is not there, ' || n) FROM generate_series(1, 2) n;
SELECT is(helper.goes_down_for(helper.secret('TKN-3001-1004')), 'PT401 api_token_credentials:1 api_tokens:1', 'the right one of a Disabled token, ' || n) FROM generate_series(1, 3) n;
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'the right one is let in as before');
UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'it is refused when the token is Disabled');
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')), 'PT401 api_token_credentials:1 api_tokens:1', 'and then takes what any other does');
SELECT is(helper.goes_down_for('idt:TKN-1671-0642:wrong'), 'PT401 api_token_credentials:1 api_tokens:1', 'as a wrong one does');
UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'it is let in when the token is Active again');

/*
 * Rows that change, move, and go.
 */
SELECT helper.lets_in('TKN-1671-0642') \g /dev/null
UPDATE apitoken.api_tokens SET name = 'Renamed' WHERE id = 'TKN-1671-0642';
UPDATE apitoken.api_token_credentials SET last_access_at = now() WHERE api_token_id = 'TKN-1671-0642';
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'a row that was changed in its page is found where it was');
UPDATE apitoken.api_tokens SET created_at = created_at + interval '1 s' WHERE id = 'TKN-1671-0642';
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')), 'TKN-1671-0642 api_tokens:1', 'one that the index has elsewhere is not')
	WHERE current_setting('helper.keeps')::boolean
	UNION ALL SELECT skip('one that the index has elsewhere is not', 1) WHERE NOT current_setting('helper.keeps')::boolean;
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'but is from then on');
UPDATE apitoken.api_token_credentials SET digest = sha256('idt:TKN-1671-0642:another') WHERE api_token_id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'another secret in the same place');
SELECT is(helper.goes_down_for('idt:TKN-1671-0642:another') ~ '^TKN-1671-0642', true, 'is the one that counts');
UPDATE apitoken.api_token_credentials SET digest = sha256(convert_to(helper.secret('TKN-1671-0642'), 'UTF8')) WHERE api_token_id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and the first one again');

-- in a transaction that is rolled back
BEGIN;
SAVEPOINT s;
UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'a token that this transaction has disabled');
ROLLBACK TO s;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and has not after all');
UPDATE apitoken.modules SET code = 'renamed' WHERE id = (SELECT min(module_id) FROM apitoken.api_token_modules WHERE api_token_id = 'TKN-1671-0642');
SELECT is((SELECT count(*) FROM jsonb_path_query(api.apitoken_authenticate(helper.secret('TKN-1671-0642')), '$.modules[*] ? (@.code == "renamed")')), 1::bigint,
	'what it has made of a module is what it sees');
ROLLBACK;
SELECT is((SELECT count(*) FROM jsonb_path_query(api.apitoken_authenticate(helper.secret('TKN-1671-0642')), '$.modules[*] ? (@.code == "renamed")')), 0::bigint,
	'and nobody later');

-- another row in the place of one that is gone, whose key comes again elsewhere
SET session_replication_role = replica;
CREATE TABLE helper.kept AS SELECT *, ctid AS place FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
UPDATE helper.kept SET place = (SELECT ctid FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642');
CREATE FUNCTION helper.put_back(row_id text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT account_id, row_id, name FROM helper.kept
$$;
DELETE FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'a token that is gone');
VACUUM apitoken.api_tokens;
-- lets whatever place is kept be that of the row
INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT account_id, 'TKN-0000-' || n, name FROM helper.kept, generate_series(1000, 1400) n;
-- but while autovacuum looks on
SELECT diag(CASE count(*) WHEN 1 THEN '(another one is in its place)' ELSE '(its place is kept)' END) FROM apitoken.api_tokens t, helper.kept k WHERE t.ctid = k.place AND t.id LIKE 'TKN-0000-%';
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'is not the one that took its place');
SELECT helper.put_back('TKN-1671-0642');
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and is there again elsewhere');

-- the table is cut off behind it
SELECT is((SELECT ctid > '(1,0)' FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642'), true, '(it is not in the first page)');
CREATE FUNCTION helper.lets_in_after(commands text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE commands;
	RETURN helper.lets_in('TKN-1671-0642');
END $$;
DELETE FROM apitoken.api_tokens WHERE ctid >= '(1,0)';
VACUUM apitoken.api_tokens;
SELECT diag(format('(VACUUM leaves %s bytes)', pg_relation_size('apitoken.api_tokens')));
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'a place behind the end of the table');
SELECT helper.put_back('TKN-1671-0642');
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'is another one then');

-- the table becomes another one
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'let in');
VACUUM FULL apitoken.api_tokens, apitoken.api_token_credentials, apitoken.modules;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'let in when the tables are written anew');
CLUSTER apitoken.api_tokens USING api_tokens_created_idx;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and in another order');
SELECT is(helper.lets_in_after($$ TRUNCATE apitoken.api_token_credentials $$), 'PT401', 'no credentials');
INSERT INTO apitoken.api_token_credentials SELECT account_id, id, sha256(convert_to(helper.secret(id), 'UTF8')) FROM apitoken.api_tokens;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and again');
SELECT is(helper.lets_in_after($$ ALTER TABLE apitoken.api_tokens ADD COLUMN helper_added text DEFAULT 'x' $$), 'TKN-1671-0642', 'with a column more');
SELECT is(helper.lets_in_after($$ ALTER TABLE apitoken.api_tokens ALTER helper_added TYPE varchar(20) USING status $$), 'TKN-1671-0642', 'of another type');
SELECT is(helper.lets_in_after($$ ALTER TABLE apitoken.api_tokens DROP COLUMN helper_added $$), 'TKN-1671-0642', 'and without it');
SELECT is(helper.lets_in_after($$ ALTER TABLE apitoken.api_token_credentials SET LOGGED; ALTER TABLE apitoken.api_token_credentials SET UNLOGGED $$), 'TKN-1671-0642', 'a table of another kind');
ALTER TABLE apitoken.api_token_credentials SET LOGGED;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'and of the kind it was');

-- where two rows of one key may be seen, no place says that there is no other
ALTER TABLE apitoken.api_token_credentials DROP CONSTRAINT api_token_credentials_pkey, ADD CONSTRAINT helper_key PRIMARY KEY (account_id, api_token_id) DEFERRABLE;
SELECT is(helper.goes_down_for(helper.secret('TKN-1671-0642')) ~ 'credentials:1', true, 'with a key that may be deferred the index is gone down, ' || n) FROM generate_series(1, 3) n;
ALTER TABLE apitoken.api_token_credentials DROP CONSTRAINT helper_key, ADD CONSTRAINT api_token_credentials_pkey PRIMARY KEY (account_id, api_token_id);
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'with one that may not');
SELECT helper.by_place(helper.secret('TKN-1671-0642'), 'TKN-1671-0642', 'it is not any more');

/*
 * Whatever is done to some tokens, one thing after the other: what a session that has
 * seen them all before is answered is what the tables have.
 */
CREATE TABLE helper.faults (step integer, what text);
CREATE FUNCTION helper.step(step integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	chosen text := 'TKN-7000-' || to_char(floor(random() * 12), 'FM0000');
	what text := (ARRAY['name', 'status', 'move', 'secret', 'account', 'back', 'gone', 'module', 'link'])[floor(random() * 9) + 1];
	kept record;
BEGIN
	CASE what
		WHEN 'name' THEN UPDATE apitoken.api_tokens SET name = 'Name ' || step WHERE id = chosen;
		WHEN 'status' THEN UPDATE apitoken.api_tokens SET status = CASE status WHEN 'Active' THEN 'Disabled' ELSE 'Active' END WHERE id = chosen;
		WHEN 'move' THEN UPDATE apitoken.api_tokens SET created_at = now() - step * interval '1 s' WHERE id = chosen;
		WHEN 'secret' THEN UPDATE apitoken.api_token_credentials SET digest = CASE WHEN digest = sha256('x') THEN sha256(convert_to(helper.secret(chosen), 'UTF8')) ELSE sha256('x') END
			WHERE api_token_id = chosen;
		WHEN 'account' THEN UPDATE apitoken.accounts SET status = CASE status WHEN 'Active' THEN 'Disabled' ELSE 'Active' END WHERE id = 'ACC-3001-7788' AND random() < 0.3;
		WHEN 'gone' THEN DELETE FROM apitoken.api_tokens WHERE id = chosen;
		WHEN 'module' THEN UPDATE apitoken.modules SET code = 'code-' || step WHERE id = 'MOD-0001';
		WHEN 'link' THEN DELETE FROM apitoken.api_token_modules WHERE api_token_id = chosen;
		ELSE
			INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3001-7788', chosen, 'Back') ON CONFLICT DO NOTHING;
			INSERT INTO apitoken.api_token_credentials VALUES ('ACC-3001-7788', chosen, sha256(convert_to(helper.secret(chosen), 'UTF8'))) ON CONFLICT DO NOTHING;
			INSERT INTO apitoken.api_token_modules SELECT 'ACC-3001-7788', chosen, m FROM unnest('{MOD-0001,MOD-0002}'::text[]) m ON CONFLICT DO NOTHING;
	END CASE;
	PERFORM set_config('apitoken.refuse_disabled_accounts', (random() < 0.5)::text, false);
	FOR kept IN SELECT 'TKN-7000-' || to_char(n, 'FM0000') AS id FROM generate_series(0, 11) n LOOP
		INSERT INTO helper.faults SELECT step, format('%s %s: %s, and not %s', what, kept.id, have, want) FROM (
			SELECT helper.answer(kept.id) AS have,
				(SELECT jsonb_build_object('id', t.id, 'account', jsonb_build_object('id', t.account_id), 'modules', COALESCE((
						SELECT jsonb_agg(jsonb_build_object('id', m.id, 'code', m.code) ORDER BY m.id)
							FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id WHERE l.api_token_id = t.id), '[]'))
					FROM apitoken.api_tokens t JOIN apitoken.api_token_credentials c ON c.api_token_id = t.id JOIN apitoken.accounts a ON a.id = t.account_id
					WHERE t.id = kept.id AND t.status = 'Active' AND c.digest = sha256(convert_to(helper.secret(t.id), 'UTF8'))
						AND (a.status = 'Active' OR NOT current_setting('apitoken.refuse_disabled_accounts')::boolean)) AS want) s
			WHERE have IS DISTINCT FROM want;
	END LOOP;
END $$;
CREATE FUNCTION helper.answer(token_id text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN api.apitoken_authenticate(helper.secret(token_id));
EXCEPTION WHEN SQLSTATE 'PT401' THEN
	RETURN NULL;
END $$;
SELECT setseed(0.5) \g /dev/null
\o /dev/null
SELECT CASE n % 50 WHEN 0 THEN 'VACUUM apitoken.api_tokens, apitoken.api_token_credentials, apitoken.modules' WHEN 25 THEN 'VACUUM FULL apitoken.api_tokens'
	ELSE format('SELECT helper.step(%s)', n) END FROM generate_series(1, 600) n \gexec
\o
SELECT is((SELECT array_agg(what ORDER BY step) FROM helper.faults), NULL, 'of 576 steps none is answered by what was there before');
SELECT cmp_ok((SELECT count(*) FROM apitoken.api_tokens WHERE id LIKE 'TKN-7000-%'), '>', 3::bigint, '(some of the tokens are there)');

/*
 * The extension's own tables are others.
 */
RESET apitoken.refuse_disabled_accounts;
SELECT is(helper.lets_in('TKN-1671-0642'), 'TKN-1671-0642', 'let in once more');
RESET session_replication_role;
SET client_min_messages = error;
DROP EXTENSION apitoken CASCADE;
CREATE EXTENSION apitoken SCHEMA api;
SELECT is(helper.lets_in('TKN-1671-0642'), 'PT401', 'a token of tables that are gone');
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC', 'Client', 'Account');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC', 'TKN-1671-0642', 'Token');
INSERT INTO apitoken.api_token_credentials VALUES ('ACC', 'TKN-1671-0642', sha256(convert_to(helper.secret('TKN-1671-0642'), 'UTF8')));
SELECT is(api.apitoken_authenticate(helper.secret('TKN-1671-0642')), '{"id": "TKN-1671-0642", "account": {"id": "ACC"}, "modules": []}', 'and of new ones');

SELECT * FROM finish();
