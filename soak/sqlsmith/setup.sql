/*
 * A role that may execute everything and read what is for reading.
 */
CREATE ROLE smith LOGIN;
GRANT USAGE ON SCHEMA api, apitoken TO smith;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO smith;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO smith;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO smith;
-- sqlsmith does not act as a token, so that the functions answer it as they do a
-- trusted role, and row security shows it everything but what is for nobody
GRANT UPDATE ON apitoken.api_tokens TO smith;

/*
 * One that was granted whatever can be granted on all of a kind: it writes.
 */
\ir ../fixtures/careless.sql

/*
 * sqlsmith takes any function of PostgreSQL's thousands that returns what it
 * needs: under a hundred names each, the extension's come up often.
 */
CREATE SCHEMA smith;
GRANT USAGE ON SCHEMA smith TO smith, careless;
DO $$
DECLARE
	named record;
BEGIN
	FOR named IN
		SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result, n,
				(SELECT string_agg('$' || i, ', ' ORDER BY i) FROM generate_series(1, p.pronargs) i) AS passed
			FROM pg_proc p, generate_series(1, 100) n
			WHERE p.pronamespace = 'api'::regnamespace AND p.prorettype <> 'void'::regtype
	LOOP
		EXECUTE format('CREATE FUNCTION smith.%I(%s) RETURNS %s LANGUAGE sql AS %L',
			named.proname || '_' || named.n, named.arguments, named.result,
			format('SELECT api.%I(%s)', named.proname, named.passed));
	END LOOP;
END
$$;
