/*
 * Times refusals of several kinds, of secrets that have the form of one, each as
 * often as the others, in random order; and revocations of what does not count.  A line
 * a kind: its median in microseconds, how often it takes longer than the first of its
 * call, the call, and its name.
 */
CREATE TEMPORARY TABLE made AS
	SELECT what, api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Made"}') AS document
		FROM unnest('{expired,revoked,rotated,gone}'::text[]) what;
UPDATE apitoken.api_tokens SET expires_at = '2020-01-01' WHERE id = (SELECT document ->> 'id' FROM made WHERE what = 'expired');
SELECT api.apitoken_revoke(ARRAY[document ->> 'token']) FROM made WHERE what = 'revoked' \g /dev/null
SELECT api.apitoken_rotate(document ->> 'id') FROM made WHERE what = 'rotated' \g /dev/null
SET session_replication_role = replica;
DELETE FROM apitoken.api_tokens WHERE id = (SELECT document ->> 'id' FROM made WHERE what = 'gone');
DELETE FROM apitoken.api_token_credentials WHERE api_token_id = (SELECT document ->> 'id' FROM made WHERE what = 'gone');
RESET session_replication_role;
VACUUM ANALYZE apitoken.api_tokens, apitoken.api_token_credentials, apitoken.api_token_secrets;

CREATE TEMPORARY TABLE kinds AS
	SELECT *, min(kind) OVER (PARTITION BY call) AS base FROM (SELECT row_number() OVER () AS kind, call, name, secret FROM (
		SELECT 'wrong_secret', 'idt:TKN-1671-0642:' || repeat('A', 43)
		UNION ALL SELECT 'unknown_id', 'idt:TKN-1671-0643:' || repeat('A', 43)
		UNION ALL SELECT 'Disabled,_wrong_secret', 'idt:TKN-3001-1004:' || repeat('A', 43)
		UNION ALL SELECT 'Disabled,_right_secret', 'idt:TKN-3001-1004:' || translate(rtrim(encode(sha256('demo TKN-3001-1004'), 'base64'), '='), '+/', '-_')
		UNION ALL SELECT 'Deleted,_right_secret', 'idt:TKN-3001-1005:' || translate(rtrim(encode(sha256('demo TKN-3001-1005'), 'base64'), '='), '+/', '-_')
		UNION ALL SELECT 'malformed', 'xdt:TKN-1671-0642:' || repeat('A', 43)
		UNION ALL SELECT what || ',_secret_of_before', document ->> 'token' FROM made
		UNION ALL SELECT 'rotated,_wrong_secret', format('idt:%s:%s', document ->> 'id', repeat('A', 43)) FROM made WHERE what = 'rotated') k (name, secret),
		unnest('{authenticate,revoke}'::text[]) call
		-- what would be revoked is not refused
		WHERE call = 'authenticate' OR name NOT IN ('Disabled,_right_secret', 'expired,_secret_of_before')) n;
CREATE TEMPORARY TABLE samples (kind bigint, us float8);
SELECT setseed(:seed / 32768.0) \g /dev/null
SELECT set_config('clock.samples', :'samples', false) \g /dev/null

DO $$
DECLARE
	chosen record;
	before timestamptz;
	after timestamptz;
BEGIN
	FOR n IN 1..current_setting('clock.samples')::integer LOOP
		FOR chosen IN SELECT * FROM kinds ORDER BY random() LOOP
			before := clock_timestamp();
			BEGIN
				IF chosen.call = 'revoke' THEN
					-- a few times, since a microsecond is all that the clock tells apart
					PERFORM api.apitoken_revoke(array_fill(chosen.secret, '{4}'));
				ELSE
					PERFORM api.apitoken_authenticate(chosen.secret);
					RAISE EXCEPTION 'this secret was taken: %', chosen.name;
				END IF;
			EXCEPTION WHEN SQLSTATE 'PT401' THEN
				NULL;
			END;
			after := clock_timestamp();
			INSERT INTO samples VALUES (chosen.kind, extract(epoch FROM after - before) * 1e6);
		END LOOP;
	END LOOP;
END
$$;

-- Mann and Whitney's U, as a share: ties count as half
WITH ranked AS (
	SELECT k.kind, s.kind AS of_kind,
			rank() OVER (PARTITION BY k.kind ORDER BY s.us) + (count(*) OVER (PARTITION BY k.kind, s.us) - 1) / 2.0 AS rank
		FROM kinds k JOIN samples s ON s.kind IN (k.base, k.kind)
		WHERE k.kind > k.base
), shares AS (
	SELECT kind, (sum(rank) - :samples::float8 * (:samples + 1) / 2) / (:samples::float8 * :samples) AS share
		FROM ranked WHERE of_kind = kind GROUP BY kind
)
SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.us)::numeric, 1), COALESCE(round(h.share::numeric, 3), 0.5), k.call, k.name
	FROM kinds k JOIN samples s USING (kind) LEFT JOIN shares h USING (kind)
	GROUP BY k.kind, k.call, k.name, h.share ORDER BY k.call, k.kind;
