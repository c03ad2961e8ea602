/*
 * Prints how much memory the session holds at several moments: moment | figure | value.
 */
\ir ../fixtures/golden.psql
INSERT INTO apitoken.users (id, name) SELECT 'USR-' || n, 'User' FROM generate_series(1, 20) n;
INSERT INTO apitoken.user_accounts SELECT 'text', 'USR-' || n FROM generate_series(1, 20) n;
INSERT INTO apitoken.user_group_users SELECT 'text', 'text', 'USR-' || n FROM generate_series(1, 20) n;

CREATE FUNCTION session_bytes() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
	SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts
$$;

/*
 * Five calls: a disable, one that is refused, an enable, a read, and another
 * refusal.  They change a token of their own and leave it as it was.
 */
CREATE FUNCTION five_calls(token text) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
	errors integer := 0;
BEGIN
	PERFORM api.apitoken_disable(token);
	BEGIN
		PERFORM api.apitoken_disable(token);
	EXCEPTION WHEN SQLSTATE 'PT400' THEN
		errors := errors + 1;
	END;
	PERFORM api.apitoken_enable(token, '-account.groups,+modules');
	PERFORM api.apitoken_get(token);
	IF errors <> 1 THEN
		RAISE EXCEPTION 'a disable of a Disabled token was not refused';
	END IF;
	RETURN errors;
END
$$;

-- So many calls, each five of them a transaction.
CREATE PROCEDURE make_calls(calls integer)
LANGUAGE plpgsql
AS $$
DECLARE
	made integer := 0;
	failed integer := 0;
BEGIN
	WHILE made < calls LOOP
		failed := failed + five_calls('text');
		PERFORM api.apitoken_get('text', '-*,+id');
		made := made + 5;
		COMMIT;
	END LOOP;
	UPDATE made_calls SET calls = made_calls.calls + made, errors = errors + failed;
END
$$;
CREATE TABLE made_calls AS SELECT 0 AS calls, 0 AS errors;

CREATE TABLE moments (moment text, figure text, value text);
INSERT INTO moments VALUES ('warm', 'bytes', session_bytes());
CALL make_calls(1000);
INSERT INTO moments VALUES ('before', 'bytes', session_bytes());
CALL make_calls(99000);
INSERT INTO moments VALUES ('after', 'bytes', session_bytes());
INSERT INTO moments SELECT 'after', 'calls', calls FROM made_calls;
INSERT INTO moments SELECT 'after', 'errors', errors FROM made_calls;
INSERT INTO moments SELECT 'after', 'trail', count(*) FROM apitoken.api_token_transitions;

-- Calls within one transaction, and within one statement.  They read: versions of a row would add up in a transaction.
DO $$
BEGIN
	FOR n IN 1..5000 LOOP
		PERFORM api.apitoken_get('text');
		IF n = 200 THEN
			INSERT INTO moments VALUES ('early in transaction', 'bytes', session_bytes());
		END IF;
	END LOOP;
	INSERT INTO moments VALUES ('late in transaction', 'bytes', session_bytes());
END
$$;
INSERT INTO moments
	SELECT CASE n WHEN 200 THEN 'early in statement' ELSE 'late in statement' END, 'bytes', bytes
		FROM (
			SELECT n, api.apitoken_get('text') ->> 'id' AS id, CASE WHEN n IN (200, 5000) THEN session_bytes() END AS bytes
				FROM generate_series(1, 5000) n OFFSET 0
		) calls
		WHERE bytes IS NOT NULL AND id = 'text';

/*
 * Walks that fail in the middle: a column of the wrong type is seen when the
 * buyers are read, last of all.
 */
UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'text';
DROP TRIGGER check_tax_id ON apitoken.buyers;
ALTER TABLE apitoken.buyers ALTER tax_id TYPE integer USING 1;
CREATE PROCEDURE fail_calls(calls integer)
LANGUAGE plpgsql
AS $$
BEGIN
	FOR n IN 1..calls LOOP
		BEGIN
			PERFORM api.apitoken_disable('text');
			RAISE EXCEPTION 'a column of the wrong type was not seen';
		EXCEPTION WHEN datatype_mismatch THEN
		END;
	END LOOP;
END
$$;
CALL fail_calls(100);
INSERT INTO moments VALUES ('first errors', 'bytes', session_bytes());
CALL fail_calls(1900);
INSERT INTO moments VALUES ('last errors', 'bytes', session_bytes());

INSERT INTO moments
	SELECT 'after', 'contexts', name || ' ' || count(*) FROM pg_backend_memory_contexts
		WHERE name ILIKE 'apitoken%' GROUP BY name;

/*
 * A COMMIT that looks at what was given to tokens of many accounts.
 */
CREATE FUNCTION peak_bytes() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
	SELECT 1024 * regexp_replace(pg_read_file('/proc/self/status'), '.*VmHWM:\s+(\d+) kB.*', '\1')::bigint
$$;
SET session_replication_role = replica;
INSERT INTO apitoken.modules (id, code, name, account_types) VALUES ('given', 'given', 'Given', '{Client}');
INSERT INTO apitoken.accounts (id, type, name) SELECT 'ACC-' || n, 'Client', 'Account' FROM generate_series(1, 10000) n;
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) SELECT 'ACC-' || n, 'UGR-' || n, 'Everyone', true FROM generate_series(1, 10000) n;
INSERT INTO apitoken.user_group_modules SELECT 'ACC-' || n, 'UGR-' || n, 'given' FROM generate_series(1, 10000) n;
INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT 'ACC-' || n, 'TKN-' || n, 'Token' FROM generate_series(1, 10000) n;
RESET session_replication_role;
ANALYZE;
BEGIN;
INSERT INTO apitoken.api_token_modules SELECT 'ACC-' || n, 'TKN-' || n, 'given' FROM generate_series(1, 10000) n;
INSERT INTO moments VALUES ('before commit', 'bytes', peak_bytes());
COMMIT;
INSERT INTO moments VALUES ('behind commit', 'bytes', peak_bytes());

SELECT * FROM moments;
