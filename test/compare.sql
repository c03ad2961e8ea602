/*
 * Every token of the sample marketplace: the document that the library makes
 * is the one that plain SQL makes of the same rows.
 */
\ir marketplace.sql

BEGIN;
SELECT plan(4);

\ir fixtures/helpers.psql
\ir fixtures/expected_document.psql

CREATE TABLE helper.answers AS
	SELECT id::text, 'read' AS call, api.apitoken_get(id) AS document, helper.expected_document(id) AS expected
		FROM apitoken.api_tokens;
DO $$
DECLARE
	token text;
	answer jsonb;
BEGIN
	FOR token IN SELECT id FROM apitoken.api_tokens WHERE status = 'Active' ORDER BY id LOOP
		answer := api.apitoken_disable(token);
		INSERT INTO helper.answers VALUES (token, 'disabled', answer, helper.expected_document(token));
	END LOOP;
END
$$;

SELECT is((SELECT count(DISTINCT id) FROM helper.answers), (SELECT count(*) FROM apitoken.api_tokens), 'each token has a document');
SELECT cmp_ok((SELECT count(*) FROM helper.answers WHERE call = 'disabled'), '>', 5::bigint, 'several were disabled');
SELECT is((SELECT count(*) FROM apitoken.api_tokens WHERE status = 'Active'), 0::bigint, 'none is Active any more');
SELECT is((SELECT count(*) FROM helper.answers WHERE document IS DISTINCT FROM expected), 0::bigint,
	'each document is what the rules make of its rows');
SELECT diag(id || ' ' || call || ' ' || path || ': ' || difference)
	FROM helper.answers CROSS JOIN LATERAL helper.differences(document, expected)
	WHERE document IS DISTINCT FROM expected
	LIMIT 20;

SELECT * FROM finish();
ROLLBACK;
