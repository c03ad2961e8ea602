/*
 * Prints, for accounts of three sizes, which SQL statements a disable runs:
 * account | figure | value.
 */
CREATE EXTENSION pg_stat_statements;

/*
 * Fills an account.  Everything has another creator than updater, users and
 * tokens among them, so that nothing but size differs between accounts.
 */
CREATE PROCEDURE fill(account text, groups integer, modules integer, users integer, buyers integer)
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO apitoken.accounts (id, type, name) VALUES (account, 'Client', account);
	INSERT INTO apitoken.users (id, name)
		SELECT account || g || '-' || n, 'User' FROM generate_series(1, groups) g, generate_series(1, users) n;
	INSERT INTO apitoken.user_accounts
		SELECT account, account || g || '-' || n FROM generate_series(1, groups) g, generate_series(1, users) n;
	INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT account, account || n, 'Token' FROM generate_series(1, groups) n;
	INSERT INTO apitoken.modules (id, code, name, updated_at, created_by_type, created_by_id, updated_by_type, updated_by_id)
		SELECT account || g || '-' || n, account || g || '-' || n, 'Module', now(), 'user', account || g || '-1', 'token', account || g
			FROM generate_series(1, groups) g, generate_series(1, modules) n;
	INSERT INTO apitoken.buyers (account_id, id, name, contact_id)
		SELECT account, account || g || '-' || n, 'Buyer', account || '1-1'
			FROM generate_series(1, groups) g, generate_series(1, buyers) n;
	INSERT INTO apitoken.buyer_errors SELECT account, id, 1, 'E', 'Error' FROM apitoken.buyers WHERE account_id = account;
	INSERT INTO apitoken.user_groups (account_id, id, name, is_default, updated_at,
			created_by_type, created_by_id, updated_by_type, updated_by_id)
		SELECT account, account || g, 'Group', g = 1, now(), 'user', account || g || '-1', 'token', account || g
			FROM generate_series(1, groups) g;
	INSERT INTO apitoken.user_group_modules
		SELECT account, account || g, account || g || '-' || n FROM generate_series(1, groups) g, generate_series(1, modules) n;
	INSERT INTO apitoken.user_group_users
		SELECT account, account || g, account || g || '-' || n FROM generate_series(1, groups) g, generate_series(1, users) n;
	INSERT INTO apitoken.user_group_buyers
		SELECT account, account || g, account || g || '-' || n FROM generate_series(1, groups) g, generate_series(1, buyers) n;
	INSERT INTO apitoken.api_token_modules SELECT account, account || '1', account || g || '-1' FROM generate_series(1, groups) g;
END
$$;
-- as a restore would: each group has modules of its own
SET row_security = off;
CALL fill('small', 1, 1, 1, 1);
CALL fill('medium', 5, 5, 10, 5);
CALL fill('large', 50, 10, 100, 20);
RESET row_security;
ANALYZE;

/*
 * What ran inside of calls since the last reset.  Of plans, those of the
 * server's own check of foreign keys are not counted: it plans as it likes.
 */
CREATE FUNCTION figures(account text) RETURNS TABLE (name text, figure text, value text)
LANGUAGE sql
AS $$
	SELECT account, f.figure, f.value
		FROM (
			SELECT sum(calls) AS statements,
					sum(calls) FILTER (WHERE query LIKE '% apitoken.%') AS own,
					sum(plans) FILTER (WHERE query LIKE '% apitoken.%') AS plans,
					md5(string_agg(query, E'\n' ORDER BY query COLLATE "C")) AS texts
				FROM pg_stat_statements WHERE query NOT LIKE 'SELECT api.%' AND query NOT LIKE '%pg_stat_statements%'
		) counted
		CROSS JOIN LATERAL (VALUES ('statements', statements::text), ('own', own::text), ('plans', plans::text), ('texts', texts)) f (figure, value)
$$;

-- Rows are read by statements here, so that they can be counted.
ALTER DATABASE :DBNAME SET apitoken.index_reads = off;
\connect
LOAD 'apitoken';

-- A call in a session that has called before.
SELECT api.apitoken_disable('small1') \g /dev/null
UPDATE apitoken.api_tokens SET status = 'Active' WHERE status = 'Disabled';
SELECT pg_stat_statements_reset() \g /dev/null
SELECT api.apitoken_disable('small1') \g /dev/null
SELECT * FROM figures('small');
SELECT pg_stat_statements_reset() \g /dev/null
SELECT api.apitoken_disable('medium1') \g /dev/null
SELECT * FROM figures('medium');
SELECT pg_stat_statements_reset() \g /dev/null
SELECT api.apitoken_disable('large1') AS document \gset
SELECT * FROM figures('large');
SELECT 'large', 'resources', count(*) FROM jsonb_path_query(:'document', 'strict $.** ? (exists(@."$meta"))');

-- The first call of a session.
UPDATE apitoken.api_tokens SET status = 'Active' WHERE status = 'Disabled';
\connect
LOAD 'apitoken';
SELECT pg_stat_statements_reset() \g /dev/null
SELECT api.apitoken_disable('small1') \g /dev/null
SELECT * FROM figures('first');
