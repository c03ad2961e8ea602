/*
 * Every token of the sample marketplace: the document that the library makes
 * is the one that plain SQL makes of the same rows.
 */
\ir marketplace.sql

BEGIN;
SELECT plan(5);

\ir fixtures/helpers.psql
\ir fixtures/expected_document.psql

-- What the sample has no value of.
UPDATE apitoken.accounts SET address_line2 = 'Second floor', held_at = '2026-01-02 03:04:05.006Z', max_token_lifetime = '1 year', max_tokens = 1000, allowed_networks = '{0.0.0.0/0}' WHERE id = 'ACC-3001-7788';
UPDATE apitoken.buyers SET address_line2 = 'Back door', state = 'GL', updated_at = '2026-01-02 03:04:05.006Z', updated_by_type = 'user',
	updated_by_id = 'USR-3001-0002' WHERE id = 'BUY-3001-0001';
UPDATE apitoken.api_tokens SET held_at = '2026-01-02 03:04:05.006Z', expires_at = '2999-01-02 03:04:05.006Z', secret_number = 1, rotated_at = '2026-01-03 03:04:05.006Z',
	old_secret_until = '2026-01-04 03:04:05.006Z', revoked_at = '2026-01-05 03:04:05.006Z', allowed_networks = '{192.0.2.0/24,2001:db8::/32}' WHERE id = 'TKN-3001-1004';

-- A member that no row has a value of would be missing from both documents.
CREATE FUNCTION helper.columns_without_a_value() RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
	shown record;
	values_of_it bigint;
BEGIN
	FOR shown IN
		SELECT attrelid::regclass AS relation, attname AS name FROM pg_attribute
			WHERE attnum > 0 AND NOT attisdropped AND attrelid = ANY ('{apitoken.accounts,apitoken.users,apitoken.user_groups,apitoken.modules,
				apitoken.buyers,apitoken.buyer_errors,apitoken.api_tokens}'::regclass[])
	LOOP
		EXECUTE format('SELECT count(%I) FROM %s', shown.name, shown.relation) INTO values_of_it;
		IF values_of_it = 0 THEN
			RETURN NEXT format('%s.%s', shown.relation, shown.name);
		END IF;
	END LOOP;
END
$$;
SELECT is((SELECT array_agg(c ORDER BY c) FROM helper.columns_without_a_value() c), NULL, 'some row has a value of each column that documents show');

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
