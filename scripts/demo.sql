-- The story that make demo tells, in the database of test/marketplace.sql.
\set QUIET on
\pset footer off
\pset null '-'
SELECT format('idt:%s:%s', id, translate(rtrim(encode(sha256(convert_to('demo ' || id, 'UTF8')), 'base64'), '='),
	'+/', '-_')) AS leaked FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642' \gset

\echo
\echo A token has leaked. It still works:
\echo
SELECT id, status, name, updated_at, updated_by_id FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
SELECT api.apitoken_authenticate(:'leaked');

\echo 'SELECT api.apitoken_disable(''TKN-1671-0642'') answers what was disabled, whole:'
\echo
\pset tuples_only on
SELECT jsonb_pretty(api.apitoken_disable('TKN-1671-0642')) AS document \gset
\echo :document
\pset tuples_only off

\echo
\echo Where the walk met what it had been through, or what leads elsewhere, it closed:
\echo
WITH RECURSIVE walk (path, value) AS (
	SELECT ARRAY[]::text[], :'document'::jsonb
	UNION ALL
	SELECT w.path || m.key, m.value
		FROM walk w CROSS JOIN LATERAL (
			SELECT o.key, o.value FROM jsonb_each(CASE jsonb_typeof(w.value) WHEN 'object' THEN w.value END) o
			UNION ALL
			SELECT '[]', a FROM jsonb_array_elements(CASE jsonb_typeof(w.value) WHEN 'array' THEN w.value END) a) m
)
SELECT replace(array_to_string(path, '.'), '.[]', '[]') AS "place of ""[Circular Reference]""", count(*) AS times
	FROM walk WHERE value = '"[Circular Reference]"' GROUP BY path ORDER BY path;

\echo The row, its trail, and the token at the door:
\echo
SELECT id, status, name, updated_at, updated_by_id FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
SELECT from_status, to_status, actor_id, database_role, client_address, at
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642' ORDER BY id;
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT api.apitoken_authenticate(:'leaked');

\echo
\echo It cannot be disabled twice, and nothing changes then:
\echo
SELECT api.apitoken_disable('TKN-1671-0642');
\echo
