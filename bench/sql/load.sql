/*
 * Two sessions may mean the same token, and one of them is refused then; pgbench
 * would stop at an error.
 */
CREATE OR REPLACE FUNCTION bench.attempt_toggle(id text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM api.apitoken_disable(id);
	RETURN 'disabled';
EXCEPTION WHEN SQLSTATE 'PT400' THEN
	BEGIN
		PERFORM api.apitoken_enable(id);
		RETURN 'enabled';
	EXCEPTION WHEN SQLSTATE 'PT400' THEN
		RETURN 'refused';
	END;
END
$$;
CREATE OR REPLACE FUNCTION bench.attempt_authenticate(secret text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM api.apitoken_authenticate(secret);
	RETURN 'authenticated';
EXCEPTION WHEN SQLSTATE 'PT401' THEN
	RETURN 'refused';
END
$$;
