/*
 * What was done in the name of a token that had no right to it, by the order in
 * which transactions have committed; needs track_commit_timestamp.  What a
 * transaction itself takes away does not count, and what it gives does.
 */
CREATE TEMPORARY TABLE statuses AS
	SELECT api_token_id AS token, to_status = 'Active' AS good, to_status AS what, id, actor_type, actor_id, pg_xact_commit_timestamp(xmin) AS at
		FROM apitoken.api_token_transitions WHERE to_status IS NOT NULL;
CREATE TEMPORARY TABLE rights AS
	SELECT token, held AS good, CASE WHEN held THEN 'given' ELSE 'taken' END AS what, pg_xact_commit_timestamp(xmin) AS at FROM held;
CREATE TEMPORARY TABLE acts AS
	SELECT actor_id AS actor, what, token, at FROM statuses WHERE actor_type = 'token'
	UNION ALL
	SELECT actor, 'renamed', token, pg_xact_commit_timestamp(xmin) FROM renamed;
CREATE INDEX ON statuses (token, at);
CREATE INDEX ON rights (token, at);
ANALYZE statuses;
ANALYZE rights;

SELECT format('%s: %s in the name of %s at %s, who was %s at %s', a.token, a.what, a.actor, a.at, before.what, before.at)
	FROM acts a
	CROSS JOIN LATERAL (
		(SELECT s.good, s.what, s.at FROM statuses s WHERE s.token = a.actor AND s.at < a.at ORDER BY s.at DESC, s.id DESC LIMIT 1)
		UNION ALL
		-- within a transaction it is taken for given if it was given at all
		(SELECT r.good, r.what, r.at FROM rights r WHERE r.token = a.actor AND r.at < a.at ORDER BY r.at DESC, r.good DESC LIMIT 1)) before
	WHERE NOT before.good
		AND NOT EXISTS (SELECT FROM statuses s WHERE s.token = a.actor AND s.at = a.at AND s.good)
		AND NOT EXISTS (SELECT FROM rights r WHERE r.token = a.actor AND r.at = a.at AND r.good)
UNION ALL
SELECT format('%s: Active when all were disabled at %s, since %s', s.token, d.at, s.at)
	FROM (SELECT pg_xact_commit_timestamp(xmin) AS at FROM disabled_all) d
	CROSS JOIN (SELECT DISTINCT token FROM statuses) t
	CROSS JOIN LATERAL (SELECT * FROM statuses s WHERE s.token = t.token AND s.at <= d.at ORDER BY s.at DESC, s.id DESC LIMIT 1) s
	WHERE s.good;
