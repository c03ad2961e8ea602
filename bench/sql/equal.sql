/*
 * Every contender on tokens of every class: the same document as the
 * extension's, but for the date of the change (a token may be an actor in its
 * own document, so it stands there more than once), and the same row in the trail.
 * Prints, for each, 0 or 1 (for a difference) and what was compared.
 */
SET search_path = pg_catalog, pg_temp;
CREATE TEMPORARY TABLE answers (class text, token text, contender text, document jsonb, trail jsonb);

CREATE PROCEDURE bench.collect(total integer, contenders text[])
LANGUAGE plpgsql
AS $$
DECLARE
	token record;
	contender text;
	answer jsonb;
	trail jsonb;
	last_row bigint;
BEGIN
	FOR token IN
		SELECT c.class, bench.token_id(a + k * total) AS id
			FROM bench.classes c
			CROSS JOIN LATERAL generate_series(c.first_account, LEAST(c.last_account, c.first_account + CASE c.class WHEN 'large' THEN 0 WHEN 'medium' THEN 2 ELSE 4 END)) a
			CROSS JOIN LATERAL (VALUES ((a * 3) % 8)) v (k)
			WHERE c.class IN ('small', 'medium', 'large')
	LOOP
		FOREACH contender IN ARRAY contenders LOOP
			SELECT COALESCE(max(id), 0) INTO last_row FROM apitoken.api_token_transitions;
			EXECUTE format('SELECT to_jsonb(bench.contender_%s($1))', contender) INTO answer USING token.id;
			SELECT jsonb_agg(to_jsonb(t) - 'id' - 'at' - 'xid') INTO trail FROM apitoken.api_token_transitions t WHERE id > last_row;
			INSERT INTO answers VALUES (token.class, token.id, contender,
				replace(answer::text, COALESCE(answer #>> '{audit,updated,at}', 'never'), 'now')::jsonb, trail);
			UPDATE apitoken.api_tokens SET status = 'Active', updated_at = NULL WHERE id = token.id;
			COMMIT;
		END LOOP;
	END LOOP;
END
$$;
CALL bench.collect(:total, string_to_array(:'contenders', ' '));
DROP PROCEDURE bench.collect;

SELECT (count(*) = 0 OR bool_or(a.document IS DISTINCT FROM e.document))::integer, 'document of ' || a.contender || ', ' || a.class
	FROM answers a JOIN answers e ON (e.token, e.contender) = (a.token, 'extension')
	WHERE a.contender <> 'floor'
	GROUP BY a.contender, a.class;
SELECT (count(*) = 0 OR bool_or(a.trail IS DISTINCT FROM e.trail OR jsonb_array_length(a.trail) <> 1))::integer,
		'trail of ' || a.contender || ', ' || a.class
	FROM answers a JOIN answers e ON (e.token, e.contender) = (a.token, 'extension')
	GROUP BY a.contender, a.class;
