/*
 * Tokens that have nothing of what a secret's life can have, and as many in the same
 * accounts that have all of it: an end, and a secret with a checksum beside one that
 * goes on for a while.  Every one was used a moment ago.
 */
CREATE TABLE bench.lives (n integer PRIMARY KEY, none text NOT NULL, all_of_it text);
INSERT INTO bench.lives SELECT n, format('idt:NONE-%s:%s', n, repeat('x', 43)) FROM generate_series(:first, :first + :count - 1) n;

INSERT INTO apitoken.api_tokens (account_id, id, name, expires_at, created_by_type, created_by_id)
	SELECT bench.account_id(n), k.kind || n, 'Life', k.ends, 'user', bench.part_id('USR', n, 1)
		FROM bench.lives CROSS JOIN (VALUES ('NONE-', NULL), ('ALL-', timestamptz '2999-01-01')) k (kind, ends);
INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
	SELECT bench.account_id(n), k.id, sha256(convert_to(none, 'UTF8'))
		FROM bench.lives CROSS JOIN LATERAL (VALUES ('NONE-' || n), ('ALL-' || n)) k (id);
INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id)
	SELECT bench.account_id(n), k.id, 'MOD-0001'
		FROM bench.lives CROSS JOIN LATERAL (VALUES ('NONE-' || n), ('ALL-' || n)) k (id);
UPDATE bench.lives SET all_of_it = api.apitoken_rotate('ALL-' || n, '1 day', '-*,+token') ->> 'token';

UPDATE apitoken.api_token_credentials SET last_access_at = clock_timestamp();
UPDATE apitoken.api_token_secrets SET last_access_at = clock_timestamp();
VACUUM (ANALYZE) apitoken.api_tokens, apitoken.api_token_credentials, apitoken.api_token_secrets, apitoken.api_token_modules, bench.lives;
