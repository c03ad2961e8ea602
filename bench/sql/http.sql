/*
 * For bench/http.sh: the token that calls, whose secret is printed, and what PostgREST
 * calls beside the extension.
 */
SET search_path = pg_catalog, pg_temp;
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-HTTP', 'Operations', 'Operations');
INSERT INTO apitoken.modules (id, code, name, account_types) VALUES ('MOD-HTTP', 'account-management', 'Account management', '{Operations}');
BEGIN;
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('ACC-HTTP', 'UGR-HTTP', 'Everyone', true);
INSERT INTO apitoken.user_group_modules (account_id, user_group_id, module_id) VALUES ('ACC-HTTP', 'UGR-HTTP', 'MOD-HTTP');
COMMIT;

-- A function in SQL would plan the statement anew at each call; one in PL/pgSQL keeps its plan.
SELECT format('CREATE FUNCTION bench.kept_statement(text) RETURNS SETOF jsonb LANGUAGE plpgsql VOLATILE AS %L',
	'BEGIN RETURN QUERY ' || rtrim(prosrc, E'; \n') || '; END') FROM pg_proc WHERE oid = 'bench.contender_text'::regproc \gexec
CREATE FUNCTION api.bench_statement(id text) RETURNS jsonb LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	SET plan_cache_mode = force_generic_plan
AS $$ SELECT * FROM bench.kept_statement(id) $$;
CREATE FUNCTION api.bench_constant(id text) RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT pg_catalog.jsonb_build_object('id', id) $$;
GRANT EXECUTE ON FUNCTION api.bench_statement(text), api.bench_constant(text) TO apitoken_web;

SELECT api.apitoken_create('{"account": {"id": "ACC-HTTP"}, "name": "Operator", "modules": [{"id": "MOD-HTTP"}]}') ->> 'token';
