-- Which roles may do less with the extension after ALTER EXTENSION apitoken UPDATE
-- to 1.1, and what they lose: calls that they made without a credential, and
-- tables that they wrote by hand.  The calls they lose with the new library, before
-- the update: so to be run while the old one is there, in each database, as a
-- superuser; it changes nothing.  docs/rights.md says which rights to grant instead.
-- Who loses REFERENCES keeps the foreign keys that are there, with their columns' types.
-- Nobody is listed for what no role may do any more: say by hand who created a row of
-- accounts, tokens or buyers, and when, or who else has updated it.
--
--	psql -d shop -f who_loses.sql
WITH roles AS (
	SELECT r.oid, r.rolname, r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'USAGE') AS past_row_security
		FROM pg_roles r, pg_class c
		WHERE c.oid = 'apitoken.api_tokens'::regclass AND NOT r.rolsuper AND r.rolname !~ '^pg_'
), needed (calls, tables, privilege, past_row_security) AS (VALUES
	('{apitoken_disable,apitoken_enable,apitoken_delete,apitoken_disable_all,apitoken_update}'::text[],
		'{api_tokens}'::text[], 'SELECT', false),
	('{apitoken_get,apitoken_list}', '{api_tokens,accounts,user_groups,user_group_modules,user_group_users,'
		'user_group_buyers,modules,users,buyers,buyer_errors,api_token_modules}', 'SELECT', false),
	('{apitoken_create}', '{api_tokens,accounts,user_groups,user_group_modules,modules}', 'SELECT', false),
	('{apitoken_create}', '{api_tokens,api_token_credentials,api_token_modules,api_token_transitions}', 'INSERT', true),
	('{apitoken_update of modules}', '{api_tokens,accounts,user_groups,user_group_modules,modules,api_token_modules}',
		'SELECT', false),
	('{apitoken_update of modules}', '{api_token_modules}', 'INSERT', true),
	('{apitoken_update of modules}', '{api_token_modules}', 'DELETE', true)
), written (tables, privilege) AS (VALUES
	('{user_accounts,user_groups,user_group_modules,user_group_users,api_token_modules,users,modules,sellers,'
		'accounts,api_tokens}'::text[], 'INSERT'),
	('{api_token_transitions}', 'INSERT'),
	('{user_accounts,user_groups,user_group_modules,user_group_users,api_token_modules,users,modules,sellers}', 'UPDATE'),
	('{user_accounts,user_groups,user_group_modules,user_group_users,api_token_modules,users,modules,sellers,'
		'accounts,api_tokens}', 'DELETE')
), lost (role, what) AS (
	SELECT r.rolname, call
		FROM roles r, needed n, unnest(n.calls) call, unnest(n.tables) name
		JOIN pg_extension e ON e.extname = 'apitoken'
		JOIN pg_proc p ON p.pronamespace = e.extnamespace
		WHERE p.proname = split_part(call, ' ', 1) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
			AND has_table_privilege(r.oid, 'apitoken.api_tokens', 'UPDATE')
			AND NOT (has_schema_privilege(r.oid, 'apitoken', 'USAGE')
				AND has_table_privilege(r.oid, format('apitoken.%I', name), n.privilege)
				AND (r.past_row_security OR NOT n.past_row_security))
	UNION
	SELECT r.rolname, format('%s on %s', w.privilege, name)
		FROM roles r, written w, unnest(w.tables) name
		WHERE NOT r.past_row_security AND has_schema_privilege(r.oid, 'apitoken', 'USAGE')
			AND (w.privilege = 'DELETE' AND has_table_privilege(r.oid, format('apitoken.%I', name), w.privilege)
				OR w.privilege <> 'DELETE' AND has_any_column_privilege(r.oid, format('apitoken.%I', name), w.privilege))
	UNION
	SELECT r.rolname, format('TRUNCATE on %s', c.relname)
		FROM roles r, pg_class c
		WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'r' AND c.relname <> 'api_token_transitions'
			AND has_schema_privilege(r.oid, 'apitoken', 'USAGE') AND has_table_privilege(r.oid, c.oid, 'TRUNCATE')
			AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')
	UNION
	SELECT r.rolname, format('%s on %s', privilege, c.relname)
		FROM roles r, pg_class c, unnest('{REFERENCES,TRIGGER}'::text[]) privilege
		WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'r'
			AND has_schema_privilege(r.oid, 'apitoken', 'USAGE')
			AND CASE privilege WHEN 'TRIGGER' THEN has_table_privilege(r.oid, c.oid, privilege) ELSE has_any_column_privilege(r.oid, c.oid, privilege) END
			AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')
)
SELECT l.role, string_agg(l.what, ', ' ORDER BY l.what COLLATE "C") AS loses FROM lost l
	GROUP BY l.role ORDER BY l.role;
