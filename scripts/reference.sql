-- Writes docs/reference.md, from the comments in a database that has the extension:
-- what scripts/reference and test/reference/run take.  Nothing in it differs between
-- versions of PostgreSQL.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset null ''
SET search_path = pg_catalog;
SET IntervalStyle = postgres;
-- settings are known once the library is there
LOAD 'apitoken';

-- What Markdown would take for something else.
CREATE FUNCTION pg_temp.plain(comment text) RETURNS text
LANGUAGE sql
AS $$ SELECT regexp_replace(comment, '([*<|`])', '\\\1', 'g') $$;

-- A value by default, without its type, which stands beside it.
CREATE FUNCTION pg_temp.bare(expression text) RETURNS text
LANGUAGE sql
AS $$ SELECT regexp_replace(expression, '(NULL|''[^'']*'')::[a-z]+(\[\])?', '\1', 'g') $$;

CREATE TEMPORARY VIEW members AS
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		WHERE e.extname = 'apitoken' AND d.deptype = 'e';

CREATE TEMPORARY VIEW functions AS
	SELECT p.oid, p.proname::text AS name, p.pronamespace = 'apitoken'::regnamespace AS inner_one, p.prorettype::regtype::text AS result,
			format('%s(%s)', p.proname, pg_temp.bare(pg_get_function_arguments(p.oid))) AS signature,
			CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END AS volatility,
			obj_description(p.oid, 'pg_proc') AS comment
		FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;

CREATE TEMPORARY VIEW relations AS
	SELECT c.oid, c.relkind AS kind, format('%s.%s', c.relnamespace::regnamespace, c.relname) AS name, obj_description(c.oid, 'pg_class') AS comment
		FROM pg_class c JOIN members m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- A relation's columns, as a table.
CREATE FUNCTION pg_temp.columns(relation oid) RETURNS text
LANGUAGE sql
AS $$
	SELECT string_agg(format('| `%s` | %s | %s |', a.attname,
				concat_ws(', ', '`' || replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') || '`',
					CASE WHEN a.attnotnull THEN 'not null' END, 'default `' || pg_temp.bare(pg_get_expr(d.adbin, d.adrelid)) || '`'),
				pg_temp.plain(col_description(a.attrelid, a.attnum))), E'\n' ORDER BY a.attnum)
		FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;

-- A table's keys, and where its foreign keys lead.
CREATE FUNCTION pg_temp.keys(relation oid) RETURNS text
LANGUAGE sql
AS $$
	SELECT string_agg(concat(CASE k.contype WHEN 'p' THEN 'Primary key' WHEN 'u' THEN 'Unique' ELSE 'Refers' END, ' `(',
				(SELECT string_agg(a.attname, ', ' ORDER BY n.place) FROM unnest(k.conkey) WITH ORDINALITY AS n (number, place)
					JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.number), ')`',
				(SELECT format(' to `%s`', c.relname) FROM pg_class c WHERE c.oid = k.confrelid), '.'), ' '
			ORDER BY k.contype <> 'p', k.contype <> 'u', k.conname COLLATE "C")
		FROM pg_constraint k WHERE k.conrelid = relation AND k.contype IN ('p', 'u', 'f')
$$;

-- What the functions that are called are about; one that is in none of these comes last.
CREATE TEMPORARY TABLE subjects (place serial, subject text, names text[]);
INSERT INTO subjects (subject, names) VALUES
	('One token', '{apitoken_create,apitoken_get,apitoken_list,apitoken_update,apitoken_disable,apitoken_enable,apitoken_delete,apitoken_ensure_disabled,apitoken_release}'),
	('Many tokens, and accounts', '{apitoken_disable_all,apitoken_enable_all,apitoken_hold_account,apitoken_release_account}'),
	('Secrets', '{apitoken_authenticate,apitoken_rotate,apitoken_revoke}'),
	('Who acts', '{apitoken_actor,apitoken_actor_account,apitoken_actor_holds,apitoken_require,apitoken_guard}'),
	('From elsewhere', '{apitoken_sync,apitoken_import}'),
	('What has happened', '{apitoken_feed,apitoken_trail_prune}'),
	('Erase', '{apitoken_erase_user,apitoken_erase_account}'),
	('HTTP, and the library', '{apitoken_pre_request,apitoken_version}'),
	('Others', '{}');

\qecho '# Reference'
\qecho
\qecho 'Every function, setting, table and view, by the comments that they have in the database. `make reference` writes this page; [README](../README.md) and [the calls](calls.md) explain how it all goes together.'
\qecho
\qecho '## Functions'
\qecho
\qecho 'They are in the schema that `CREATE EXTENSION` was given. Nobody may call one who was not granted `EXECUTE`; what else it takes is told in [Who may](rights.md). A stable function changes nothing.'

SELECT concat(CASE WHEN row_number() OVER w = 1 THEN format(E'\n### %s\n', s.subject) END, E'\n**`', f.signature, '` → `', f.result, '`**, ', f.volatility, '. ',
		pg_temp.plain(replace(regexp_replace(f.comment, E'^([^\n]*[^\n.])\n\n', E'\\1.\n\n'), E'\n\n', ' ')))
	FROM functions f
	JOIN subjects s ON f.name = ANY (s.names) OR s.subject = 'Others' AND NOT EXISTS (SELECT FROM subjects o WHERE f.name = ANY (o.names))
	WHERE NOT f.inner_one
	WINDOW w AS (PARTITION BY s.place ORDER BY array_position(s.names, f.name), f.name COLLATE "C", f.oid)
	ORDER BY s.place, row_number() OVER w;

\qecho
\qecho '## Settings'
\qecho
\qecho 'By `SET`, `ALTER ROLE`, `ALTER DATABASE` or the file of settings. A superuser''s may from PostgreSQL 15 on be granted: `GRANT SET ON PARAMETER`.'
\qecho
\qecho '| setting | default | from, to | who sets it | is |'
\qecho '|---|---|---|---|---|'
SELECT format('| `%s` | %s | %s | %s | %s |', s.name,
		CASE WHEN s.vartype = 'integer' THEN format('`%s`', set_config(s.name, s.boot_val, true)) WHEN s.boot_val <> '' THEN format('`%s`', s.boot_val) ELSE 'empty' END,
		CASE WHEN s.vartype = 'integer' THEN concat('`', s.min_val, '` to `', s.max_val, '`', ' ' || s.unit) WHEN s.vartype = 'bool' THEN '`off`, `on`' END,
		CASE WHEN s.name = 'apitoken.actor' THEN 'nobody' WHEN s.context = 'user' THEN 'anybody' ELSE s.context END,
		pg_temp.plain(concat_ws(' ', s.short_desc, s.extra_desc)))
	FROM pg_settings s WHERE s.name LIKE 'apitoken.%' ORDER BY s.name COLLATE "C";

\qecho
\qecho '## Types'
\qecho
\qecho '| type | of | is |'
\qecho '|---|---|---|'
SELECT format('| `%s` | `%s` | %s |', t.oid::regtype, format_type(t.typbasetype, t.typtypmod), pg_temp.plain(obj_description(t.oid, 'pg_type')))
	FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE t.typtype = 'd' ORDER BY t.typname COLLATE "C";

\qecho
\qecho '## Tables'
\qecho
SELECT pg_temp.plain(obj_description('apitoken'::regnamespace, 'pg_namespace'));

SELECT concat(E'\n### `', r.name, E'`\n\n', pg_temp.plain(r.comment), ' ' || pg_temp.keys(r.oid), E'\n\n| column | type | is |\n|---|---|---|\n', pg_temp.columns(r.oid))
	FROM relations r WHERE r.kind = 'r' ORDER BY r.oid;

\qecho
\qecho '### Sequences'
\qecho
\qecho '| sequence | is |'
\qecho '|---|---|'
SELECT format('| `%s` | %s |', r.name, pg_temp.plain(r.comment)) FROM relations r WHERE r.kind = 'S' ORDER BY r.name COLLATE "C";

\qecho
\qecho '## Views'
\qecho
SELECT pg_temp.plain(obj_description('apitoken_monitor'::regnamespace, 'pg_namespace'));

SELECT concat(E'\n### `', r.name, E'`\n\n', pg_temp.plain(r.comment), E'\n\n| column | type | is |\n|---|---|---|\n', pg_temp.columns(r.oid))
	FROM relations r WHERE r.kind = 'v' ORDER BY r.oid;

\qecho
\qecho '## What the database does by itself'
\qecho
\qecho 'Functions of the schema `apitoken`: of triggers, of policies, and of the functions above. They are for nobody to call; `EXECUTE` on `sees_every_account` and `visible_accounts` is for roles that row security binds.'
\qecho
\qecho '| function | does |'
\qecho '|---|---|'
SELECT format('| `%s` | %s |', f.oid::regprocedure, pg_temp.plain(f.comment)) FROM functions f WHERE f.inner_one ORDER BY f.name COLLATE "C", f.oid;
\qecho
\qecho '| event trigger | does |'
\qecho '|---|---|'
SELECT format('| `%s` | %s |', t.evtname, pg_temp.plain(obj_description(t.oid, 'pg_event_trigger')))
	FROM pg_event_trigger t JOIN members m ON m.classid = 'pg_event_trigger'::regclass AND m.objid = t.oid ORDER BY t.evtname COLLATE "C";
