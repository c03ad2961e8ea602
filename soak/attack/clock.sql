/*
 * Times refusals of several kinds, of secrets that have the form of one, each as
 * often as the others, in random order.  A line a kind: its median in microseconds, how often it takes longer
 * than the first, and its name.
 */
CREATE TEMPORARY TABLE kinds AS
	SELECT row_number() OVER () AS kind, name, secret FROM (
		SELECT 'wrong_secret', 'idt:TKN-1671-0642:' || repeat('A', 43)
		UNION ALL SELECT 'unknown_id', 'idt:TKN-1671-0643:' || repeat('A', 43)
		UNION ALL SELECT 'Disabled,_wrong_secret', 'idt:TKN-3001-1004:' || repeat('A', 43)
		UNION ALL SELECT 'Disabled,_right_secret', 'idt:TKN-3001-1004:' || translate(rtrim(encode(sha256('demo TKN-3001-1004'), 'base64'), '='), '+/', '-_')
		UNION ALL SELECT 'Deleted,_right_secret', 'idt:TKN-3001-1005:' || translate(rtrim(encode(sha256('demo TKN-3001-1005'), 'base64'), '='), '+/', '-_')
		UNION ALL SELECT 'malformed', 'xdt:TKN-1671-0642:' || repeat('A', 43)) k (name, secret);
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
				PERFORM api.apitoken_authenticate(chosen.secret);
				RAISE EXCEPTION 'this secret was taken: %', chosen.name;
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
		FROM kinds k JOIN samples s ON s.kind IN (1, k.kind)
		WHERE k.kind > 1
), shares AS (
	SELECT kind, (sum(rank) - :samples::float8 * (:samples + 1) / 2) / (:samples::float8 * :samples) AS share
		FROM ranked WHERE of_kind = kind GROUP BY kind
)
SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.us)::numeric, 1), COALESCE(round(h.share::numeric, 3), 0.5), k.name
	FROM kinds k JOIN samples s USING (kind) LEFT JOIN shares h USING (kind)
	GROUP BY k.kind, k.name, h.share ORDER BY k.kind;
