\pset tuples_only on
\pset format unaligned
\pset fieldsep ' | '

CREATE FUNCTION pg_temp.shown(value numeric) RETURNS text
LANGUAGE sql
AS $$
	SELECT CASE WHEN value >= 1000 THEN to_char(value, 'FM999,999,999,999') WHEN value >= 100 THEN to_char(value, 'FM999')
		WHEN value >= 10 THEN to_char(value, 'FM990.0') WHEN value >= 0.1 THEN to_char(value, 'FM990.00') ELSE to_char(value, 'FM990.000') END
$$;

\qecho '## Disable'
\qecho
\qecho 'Time of the statement alone, one client; what the extension takes is given as a share of the contender, median and spread over the rounds.'
\qecho
\qecho '| account | condition | contender | ms | lowest | highest | extension takes | from | to |'
\qecho '|---|---|---|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || subject, condition, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest),
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'disable'
	ORDER BY condition, array_position(ARRAY['small', 'medium', 'large'], subject), median;
\qecho
\qecho '## One query a row and relation'
\qecho
\qecho '| account | contender | statements | ms | extension takes |'
\qecho '|---|---|---:|---:|---:|'
SELECT '| ' || t.subject, t.contender, s.median::integer, pg_temp.shown(t.median), pg_temp.shown(t.ratio) || ' |'
	FROM medians t JOIN medians s USING (part, subject, condition, contender)
	WHERE t.part = 'orm' AND t.unit = 'ms' AND s.unit = 'statements'
	ORDER BY array_position(ARRAY['small', 'medium', 'large'], t.subject), t.median;
\qecho
\qecho '## Instructions'
\qecho
\qecho '| account | contender | instructions | lowest | highest | extension takes |'
\qecho '|---|---|---:|---:|---:|---:|'
SELECT '| ' || subject, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest), pg_temp.shown(ratio) || ' |'
	FROM medians WHERE part = 'instructions' ORDER BY median;
\qecho
\qecho '## Write-ahead log'
\qecho
\qecho 'Bytes of a disable of a small token and its commit, without images of pages.'
\qecho
\qecho '| contender | bytes | lowest | highest | extension writes |'
\qecho '|---|---:|---:|---:|---:|'
SELECT '| ' || contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest), pg_temp.shown(ratio) || ' |'
	FROM medians WHERE part = 'wal' ORDER BY median;
\qecho
\qecho '## Without guarantees'
\qecho
\qecho 'Disable, beside the best statement on tables with primary and foreign keys alone, which writes its trail itself.'
\qecho
\qecho '| account | contender | ms | lowest | highest | extension takes | from | to |'
\qecho '|---|---|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || subject, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest),
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'plain' ORDER BY array_position(ARRAY['small', 'medium', 'large'], subject), median;
\qecho
\qecho '## Authenticate'
\qecho
\qecho 'Calls a second that two clients get on both cores; the floor is a bare SELECT of a token by its key.'
\qecho
\qecho '| tokens | condition | contender | calls/s | lowest | highest | extension reaches | from | to |'
\qecho '|---|---|---|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || subject, condition, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest),
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'authenticate' ORDER BY condition, subject, median DESC;
\qecho
\qecho '## What a secret''s life costs'
\qecho
\qecho 'Authentication: a token with an end, two secrets and a checksum, and what is left behind refused; none is a token that has nothing of it.'
\qecho
\qecho '| condition | contender | median | lowest | highest | unit | extension takes | from | to |'
\qecho '|---|---|---:|---:|---:|---|---:|---:|---:|'
SELECT '| ' || condition, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest), unit,
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'life' ORDER BY condition DESC, median;
\qecho
\qecho '## A policy that asks who acts'
\qecho
\qecho '| rows read | contender | ms | lowest | highest | extension takes | from | to |'
\qecho '|---|---|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || subject, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest),
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'policy' ORDER BY subject DESC, median;
\qecho
\qecho '## Lists'
\qecho
\qecho '| list | contender | ms | lowest | highest | extension takes |'
\qecho '|---|---|---:|---:|---:|---:|'
SELECT '| ' || subject, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest), pg_temp.shown(ratio) || ' |'
	FROM medians WHERE part = 'lists' ORDER BY subject, median;
\qecho
\qecho '## Growth'
\qecho
\qecho 'Memory is the peak of what the backend has of its own, beyond what it had before.'
\qecho
\qecho '| resources | document, MB | µs a resource | bytes a resource | memory to build, documents | to build and send, documents |'
\qecho '|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || max(median) FILTER (WHERE condition = 'resources')::integer,
		pg_temp.shown(max(median) FILTER (WHERE condition = 'document') / 1048576),
		pg_temp.shown(max(median) FILTER (WHERE condition = 'time')), pg_temp.shown(max(median) FILTER (WHERE condition = 'memory')),
		pg_temp.shown(max(median) FILTER (WHERE condition = 'memory to build')),
		pg_temp.shown(max(median) FILTER (WHERE condition = 'memory to build and send')) || ' |'
	FROM medians WHERE part = 'growth' GROUP BY subject ORDER BY subject::integer;
\qecho
\qecho '## First call of a session'
\qecho
\qecho '| contender | first, ms | warm, ms | first is |'
\qecho '|---|---:|---:|---:|'
SELECT '| ' || contender, pg_temp.shown(f.median), pg_temp.shown(w.median), pg_temp.shown(f.median / NULLIF(w.median, 0)) || ' × |'
	FROM medians f JOIN medians w USING (part, subject, contender)
	WHERE part = 'first_call' AND f.condition = 'first' AND w.condition = 'warm' ORDER BY f.median;
\qecho
\qecho '## All tokens of an account'
\qecho
\qecho '| tokens | contender | ms | lowest | highest | extension takes |'
\qecho '|---|---|---:|---:|---:|---:|'
SELECT '| ' || subject, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest), pg_temp.shown(ratio) || ' |'
	FROM medians WHERE part = 'disable_all' ORDER BY median;
\qecho
\qecho '## 64 sessions'
\qecho
\qecho '| what | value |'
\qecho '|---|---:|'
SELECT '| ' || CASE WHEN subject = 'interval' THEN 'calls/s until second ' || condition::numeric::integer
			WHEN unit = 'ms' THEN 'latency of ' || subject || ', ' || condition || ', ms'
			WHEN subject = 'all' THEN CASE unit WHEN 'tps' THEN 'calls/s' ELSE unit END
			ELSE unit || ' of ' || subject || ', ' || condition END, pg_temp.shown(median) || ' |'
	FROM medians WHERE part = 'load'
	ORDER BY subject = 'interval', subject, unit, CASE WHEN subject = 'interval' THEN condition::numeric END, condition DESC;
SELECT '| HOT share of updates of ' || subject, pg_temp.shown(100 * h / NULLIF(u, 0)) || ' % |'
	FROM (SELECT subject, max(median) FILTER (WHERE unit = 'HOT updates') AS h, max(median) FILTER (WHERE unit = 'updates') AS u
		FROM medians WHERE part = 'load' AND condition = 'after' GROUP BY subject) shares
	WHERE u > 0;
\qecho
\qecho '## With signals'
\qecho
\qecho 'Calls that disable and enable, each a transaction, a second.'
\qecho
\qecho '| sessions | condition | contender | calls/s | lowest | highest | extension reaches | from | to |'
\qecho '|---|---|---|---:|---:|---:|---:|---:|---:|'
SELECT '| ' || subject, condition, contender, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest),
		pg_temp.shown(ratio), pg_temp.shown(ratio_lowest), pg_temp.shown(ratio_highest) || ' |'
	FROM medians WHERE part = 'signals' ORDER BY condition, subject, median DESC;
\qecho
\qecho '## The trail'
\qecho
\qecho '| trail | what | ms | lowest | highest |'
\qecho '|---|---|---:|---:|---:|'
SELECT '| ' || subject, condition, pg_temp.shown(median), pg_temp.shown(lowest), pg_temp.shown(highest) || ' |'
	FROM medians WHERE part = 'trail' ORDER BY median;
\qecho
\qecho '## Targets'
\qecho
\qecho '| target | at most | is | |'
\qecho '|---|---:|---:|---|'
CREATE TEMPORARY TABLE targets (place serial, name text, bound numeric, found numeric, at_least boolean DEFAULT false);

-- the best of the single statements whose answer is jsonb, in each class
CREATE TEMPORARY VIEW best_statement AS
	SELECT DISTINCT ON (subject, condition) subject, condition, contender, ratio
		FROM medians WHERE part = 'disable' AND contender IN ('jsonb', 'text') ORDER BY subject, condition, median;
INSERT INTO targets (name, bound, found)
	SELECT format('disable, %s, %s, of the best jsonb statement (%s)', t.class, b.condition, b.contender), t.bound, b.ratio
		FROM (VALUES ('small', 0.6), ('medium', 0.33), ('large', 0.2)) t (class, bound)
		JOIN best_statement b ON b.subject = t.class
		ORDER BY b.condition, t.bound DESC;
INSERT INTO targets (name, bound, found)
	SELECT format('disable, %s, %s, of the statement with jsonb functions', m.subject, m.condition), t.bound, m.ratio
		FROM (VALUES ('small', 0.6), ('medium', 0.33), ('large', 0.2)) t (class, bound)
		JOIN medians m ON m.part = 'disable' AND m.subject = t.class AND m.contender = 'jsonb'
		ORDER BY m.condition, t.bound DESC;
INSERT INTO targets (name, bound, found)
	SELECT format('disable, %s, %s, of the statement with json functions', m.subject, m.condition), 0.67, m.ratio
		FROM medians m WHERE m.part = 'disable' AND m.contender = 'json' ORDER BY m.condition, m.median;
INSERT INTO targets (name, bound, found)
	SELECT format('disable, large, %s, of the loops', m.condition), 0.2, m.ratio
		FROM medians m WHERE m.part = 'disable' AND m.contender = 'loops' AND m.subject = 'large' ORDER BY m.condition;
INSERT INTO targets (name, bound, found)
	SELECT format('disable, small, %s, times the bare UPDATE', m.condition), 1.6, m.ratio
		FROM medians m WHERE m.part = 'disable' AND m.contender = 'floor' AND m.subject = 'small' ORDER BY m.condition;
INSERT INTO targets (name, bound, found)
	SELECT 'disable, small, instructions, times the bare UPDATE', 1.6, m.ratio
		FROM medians m WHERE m.part = 'instructions' AND m.contender = 'floor';
INSERT INTO targets (name, bound, found, at_least)
	SELECT format('authenticate, %s, %s, share of the bare SELECT''s throughput', m.subject, m.condition), 0.85, m.ratio, true
		FROM medians m WHERE m.part = 'authenticate' AND m.contender = 'floor' ORDER BY m.condition;
INSERT INTO targets (name, bound, found)
	SELECT 'authenticate with all of a secret''s life, times with none of it', 1.05, m.ratio
		FROM medians m WHERE m.part = 'life' AND m.contender = 'none' AND m.condition = 'nothing to note';
INSERT INTO targets (name, bound, found)
	SELECT format('policy, %s of %s, times that of a setting (%s)', m.subject, m.condition, m.contender), 1.1, m.ratio
		FROM medians m WHERE m.part = 'policy' AND m.contender <> 'extension' AND m.subject = 'every row' ORDER BY m.contender;
INSERT INTO targets (name, bound, found)
	SELECT format('growth of the %s a resource, largest to smallest', condition), 1.2, max(median) / min(median)
		FROM medians WHERE part = 'growth' AND condition IN ('time', 'memory') GROUP BY condition ORDER BY condition DESC;
INSERT INTO targets (name, bound, found)
	SELECT format('%s, times the document', condition), 4, max(median)
		FROM medians WHERE part = 'growth' AND condition IN ('memory to build', 'memory to build and send') GROUP BY condition ORDER BY condition;
INSERT INTO targets (name, bound, found)
	SELECT 'first call of a session, times a warm one', 10, f.median / w.median
		FROM medians f JOIN medians w USING (part, subject, contender)
		WHERE part = 'first_call' AND contender = 'extension' AND f.condition = 'first' AND w.condition = 'warm';
INSERT INTO targets (name, bound, found)
	SELECT format('disable all, %s, times one bare UPDATE', m.subject), 2, m.ratio
		FROM medians m WHERE m.part = 'disable_all' AND m.contender = 'floor';
INSERT INTO targets (name, bound, found)
	SELECT format('%s, %s, ms', t.condition, m.subject), t.bound, m.median
		FROM (VALUES ('history of a token', 1), ('feed, 100 from the middle', 2)) t (condition, bound)
		JOIN medians m ON m.part = 'trail' AND m.condition = t.condition ORDER BY t.bound;
INSERT INTO targets (name, bound, found)
	SELECT 'deadlocks under load', 0, median FROM medians WHERE part = 'load' AND unit = 'deadlocks';
SELECT '| ' || name, CASE WHEN at_least THEN 'at least ' ELSE '' END || pg_temp.shown(bound), pg_temp.shown(found),
		CASE WHEN CASE WHEN at_least THEN found >= bound ELSE found <= bound END THEN 'met' ELSE 'missed' END || ' |'
	FROM targets ORDER BY place;
