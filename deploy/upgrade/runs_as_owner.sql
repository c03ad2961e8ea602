-- What others made, and what runs with the rights of the owner of the extension's
-- tables, mostly a superuser: triggers on the tables, and foreign keys to them whose
-- actions have the triggers of another's table run, which have what is another's run
-- where a row is looked for, or which stop a call.  1.1 lets
-- nobody make one any more, but drops none.  To be run before the update, in each
-- database; it changes nothing.
--
--	psql -d shop -f runs_as_owner.sql
SELECT m.rolname AS role, x.what
	FROM (
		SELECT f.proowner, r.oid, r.relowner, format('trigger %I on %s', t.tgname, t.tgrelid::regclass)
			FROM pg_trigger t
			JOIN pg_class r ON r.oid = t.tgrelid
			JOIN pg_proc f ON f.oid = t.tgfoid
			WHERE NOT t.tgisinternal
		UNION ALL
		SELECT o.relowner, r.oid, r.relowner, format('foreign key %I of %s', k.conname, k.conrelid::regclass)
			FROM pg_constraint k
			JOIN pg_class o ON o.oid = k.conrelid
			JOIN pg_class r ON r.oid = k.confrelid
			WHERE k.contype = 'f' AND (k.confupdtype NOT IN ('a', 'r') OR k.confdeltype NOT IN ('a', 'r')
				OR r.relname NOT IN ('accounts', 'buyers', 'sellers', 'users')
				-- a cast of somebody's own would be run as the owner, who looks whether there is such a row
				OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
					WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND y.typnamespace <> 'pg_catalog'::regnamespace
						AND y.oid <> 'apitoken.resource_id'::regtype))
	) x (maker, relation, owner, what)
	JOIN pg_class c ON c.oid = x.relation AND c.relnamespace = 'apitoken'::regnamespace
	JOIN pg_roles m ON m.oid = x.maker
	WHERE NOT pg_has_role(x.maker, x.owner, 'USAGE')
	ORDER BY m.rolname, x.what;
