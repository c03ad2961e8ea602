/*
 * The last account gets :many tokens more, all Active.
 */
SET session_replication_role = replica;
SET search_path = pg_catalog, pg_temp;
BEGIN;
INSERT INTO apitoken.actors (type, id, account_id)
	SELECT 'token', bench.token_id(20000000 + n), bench.account_id(:total) FROM generate_series(1, :many) n;
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at, created_by_type, created_by_id)
	SELECT bench.account_id(:total), bench.token_id(20000000 + n), 'Token ' || n, bench.moment(n, 30), 'user', bench.part_id('USR', :total, 1)
		FROM generate_series(1, :many) n;
INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
	SELECT bench.account_id(:total), bench.token_id(20000000 + n), sha256(convert_to(bench.secret(20000000 + n), 'UTF8'))
		FROM generate_series(1, :many) n;
COMMIT;
