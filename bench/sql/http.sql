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

CREATE FUNCTION api.bench_statement(id text) RETURNS jsonb LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT bench.contender_text(id) $$;
CREATE FUNCTION api.bench_constant(id text) RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT pg_catalog.jsonb_build_object('id', id) $$;
GRANT EXECUTE ON FUNCTION api.bench_statement(text), api.bench_constant(text) TO apitoken_web;

SELECT api.apitoken_create('{"account": {"id": "ACC-HTTP"}, "name": "Operator", "modules": [{"id": "MOD-HTTP"}]}') ->> 'token';
