/*
 * Sees that the rows which were written with foreign keys off keep them, and
 * what else the triggers would have seen to.  Fails where one does not.
 */
SET search_path = pg_catalog, pg_temp;
DO $$
DECLARE
	constraint_found record;
	violations bigint;
BEGIN
	FOR constraint_found IN
		SELECT c.conname, c.conrelid::regclass AS child, c.confrelid::regclass AS parent,
				string_agg(format('p.%I = c.%I', p.attname, a.attname), ' AND ') AS matches,
				string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ') AS present,
				string_agg(format('(c.%I IS NOT NULL)', a.attname), ' <> ') AS mixed,
				c.confmatchtype = 'f' AS match_full
			FROM pg_constraint c
			CROSS JOIN LATERAL unnest(c.conkey, c.confkey) k (child, parent)
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
			JOIN pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = k.parent
			WHERE c.contype = 'f' AND c.connamespace = 'apitoken'::regnamespace
			GROUP BY c.oid
	LOOP
		EXECUTE format('SELECT (SELECT count(*) FROM %1$s c WHERE %2$s AND NOT EXISTS (SELECT FROM %3$s p WHERE %4$s))
				+ (SELECT count(*) FROM %1$s c WHERE %5$s)', constraint_found.child, constraint_found.present,
			constraint_found.parent, constraint_found.matches,
			CASE WHEN constraint_found.match_full THEN constraint_found.mixed ELSE 'false' END) INTO violations;
		IF violations > 0 THEN
			RAISE EXCEPTION '% rows of % violate %', violations, constraint_found.child, constraint_found.conname;
		END IF;
	END LOOP;

	IF EXISTS (SELECT FROM apitoken.user_groups GROUP BY account_id HAVING count(*) FILTER (WHERE is_default) <> 1) THEN
		RAISE EXCEPTION 'an account has user groups but not one default group';
	END IF;
	IF EXISTS (
		SELECT FROM apitoken.user_group_modules l
			JOIN apitoken.user_groups g ON g.account_id = l.account_id AND g.is_default
			WHERE NOT EXISTS (SELECT FROM apitoken.user_group_modules d
				WHERE (d.account_id, d.user_group_id, d.module_id) = (g.account_id, g.id, l.module_id)))
	THEN
		RAISE EXCEPTION 'a user group has a module that the default group has not';
	END IF;
	IF (SELECT count(*) FROM apitoken.actors)
		<> (SELECT count(*) FROM apitoken.users) + (SELECT count(*) FROM apitoken.api_tokens)
	THEN
		RAISE EXCEPTION 'actors are not the users and API tokens';
	END IF;
END
$$;
