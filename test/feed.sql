/*
 * The feed: pages of the trail's events, for whom they are, and what is no position.
 * In what order others' events appear is in isolation/specs/feed.spec; standbys,
 * promotions and restores are in feed/run.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(44);

CREATE ROLE apitoken_feed_caller;
CREATE ROLE apitoken_feed_trusted;
GRANT USAGE ON SCHEMA api TO apitoken_feed_caller, apitoken_feed_trusted;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_feed_caller, apitoken_feed_trusted;
GRANT USAGE ON SCHEMA apitoken TO apitoken_feed_trusted;
GRANT SELECT, UPDATE ON apitoken.api_tokens TO apitoken_feed_trusted;

-- All events from a position on, page by page, and the position reached.
CREATE FUNCTION helper.feed(at_most integer, OUT events jsonb, OUT pages integer, OUT reached text)
LANGUAGE plpgsql
AS $$
DECLARE
	page jsonb;
BEGIN
	events := '[]';
	pages := 0;
	LOOP
		page := api.apitoken_feed(reached, at_most);
		pages := pages + 1;
		events := events || (page -> 'events');
		reached := page ->> 'position';
		EXIT WHEN jsonb_array_length(page -> 'events') < at_most;
	END LOOP;
END
$$;

/*
 * Pages.
 */
CREATE TABLE helper.whole AS SELECT * FROM helper.feed(100);
SELECT is(jsonb_array_length(events), 14, 'all that the trail has') FROM helper.whole;
SELECT is(events -> 0, jsonb_build_object('number', 1, 'at', '2024-01-05T08:00:00.000Z', 'event', 'created', 'account', '{"id": "ACC-0001-0001"}'::jsonb,
	'token', '{"id": "TKN-0001-0001"}'::jsonb, 'to', 'Active', 'actor', '{"type": "user", "id": "USR-0001-0001"}'::jsonb, 'databaseRole', 'web', 'clientAddress', '192.0.2.10'),
	'an event, of version 1.0') FROM helper.whole;
SELECT is(f.events, w.events, format('in pages of %s', at_most)) FROM helper.whole w, unnest('{1,4,7,13}'::int[]) at_most, helper.feed(at_most) f;
SELECT is(pages, 3, 'which are as long as was asked for') FROM helper.feed(7);
SELECT is(api.apitoken_feed(reached) -> 'events', '[]', 'where nothing is new, nothing is told') FROM helper.whole;
SELECT matches(reached, '^[A-Za-z0-9.-]+$', 'it needs no encoding in a URL') FROM helper.whole;
SELECT is(provolatile, 's', 'PostgREST takes it by GET') FROM pg_proc WHERE proname = 'apitoken_feed';

-- What is not committed is not told, to nobody.
SELECT api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT is(jsonb_array_length(api.apitoken_feed(reached) -> 'events'), 0, 'what this transaction does is not there yet') FROM helper.whole;
SELECT is((SELECT events FROM helper.feed(100)), events, 'nor from the begin') FROM helper.whole;

/*
 * Whose.
 */
CREATE FUNCTION helper.seen(setup text, role text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	seen jsonb;
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		EXECUTE format('SET LOCAL ROLE %I', role);
		seen := api.apitoken_feed() -> 'events';
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION WHEN SQLSTATE 'Y0000' THEN
		RETURN seen;
	WHEN OTHERS THEN
		RETURN to_jsonb(SQLSTATE);
	END;
END
$$;
GRANT USAGE ON SCHEMA helper TO apitoken_feed_caller, apitoken_feed_trusted;
SELECT is(helper.seen(helper.as_token('TKN-0001-0001'), 'apitoken_feed_caller'), events, 'Operations'' administrators see all') FROM helper.whole;
SELECT is(jsonb_path_query_array(helper.seen(helper.as_token('TKN-3001-1002'), 'apitoken_feed_caller'), '$[*].number'), jsonb_path_query_array(events, '$[*] ? (@.account.id == "ACC-3001-7788").number'),
	'others their account''s') FROM helper.whole;
SELECT is(helper.seen(helper.as_token('TKN-3001-1002'), 'apitoken_feed_caller') @? '$[*] ? (exists(@.clientAddress) || exists(@.databaseRole))', false, 'and not from where, and by which roles');
SELECT is(helper.seen(helper.as_token('TKN-3001-1003'), 'apitoken_feed_caller'), '"PT403"', 'a token that administers none: nothing');
SELECT is(helper.seen(NULL, 'apitoken_feed_caller'), '"PT401"', 'nobody: nothing');
SELECT is(helper.seen(NULL, 'apitoken_feed_trusted'), '"PT401"', 'a role that may not read the trail: nothing');
GRANT SELECT ON apitoken.api_token_transitions TO apitoken_feed_trusted;
SELECT is(helper.seen(NULL, 'apitoken_feed_trusted'), events, 'one that may: all') FROM helper.whole;

/*
 * What is no position, and no number.
 */
SELECT is(to_jsonb(f), jsonb_build_object('code', 'PT400', 'message', 'Bad Request', 'detail', 'The argument "after" was not handed out by this feed.',
		'hint', 'Begin again, without it, and forget what was told before.'), 'a position that was not handed out: ' || left(after, 20))
	FROM (SELECT reached, api.apitoken_feed(NULL, 3) ->> 'position' AS halfway FROM helper.whole) w, unnest(ARRAY['', 'f1', '0', w.reached || '.', 'f1.1' || substr(w.reached, 4), w.reached || '-', regexp_replace(w.reached, '^(f1\.\d+\.\d+\.)\d+', '\1' || '999999999999999'),
			w.halfway || '0', regexp_replace(w.halfway, '\d+$', '0'), regexp_replace(w.halfway, '\.\d+$', '')]) after,
		helper.failure(format('SELECT api.apitoken_feed(%L)', after)) f;
SELECT is((SELECT f.detail FROM helper.failure(format('SELECT api.apitoken_feed(at_most => %s)', at_most)) f), 'The argument "at_most" is out of range.', 'at most ' || at_most)
	FROM unnest('{-1,0,1001}'::int[]) at_most;

/*
 * What is pruned.
 */
-- who had a transaction open before all of it, in whatever database, may have rows that went
SELECT api.apitoken_feed(NULL, 5) ->> 'position' AS early, api.apitoken_feed(NULL, 12) ->> 'position' AS late,
		NOT EXISTS (SELECT FROM apitoken.api_token_transitions WHERE at < '2025-03-04 05:00:00Z' AND xid >= pg_snapshot_xmin(pg_current_snapshot())) AS alone \gset
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The argument \"before\" is too late.", "hint": "What is younger than apitoken.trail_retention, 7776000 seconds, stays."}'::jsonb,
	'what is young stays') FROM helper.failure('SELECT api.apitoken_trail_prune(now() - interval ''89 days'')') f;
SELECT is((SELECT f.detail FROM helper.failure('SELECT api.apitoken_trail_prune(NULL)') f), 'The argument "before" is null.', 'a moment is given');
SELECT is((helper.probe('SELECT api.apitoken_trail_prune(''2025-03-04'')', helper.as_token('TKN-0001-0001'), 'apitoken_feed_trusted')).code, 'PT401', 'a role that could not do it by hand does not, whoever acts');
SELECT is(api.apitoken_trail_prune('2025-03-04 05:00:00Z'), 9::bigint, 'it says how many went');
SELECT is(array_agg(concat_ws(' ', before AT TIME ZONE 'UTC', pruned, last_id, database_role)), '{2025-03-04 05:00:00 9 12 postgres}', 'and a row says so') FROM apitoken.trail_prunings;
SELECT is((SELECT count(*) FROM apitoken.api_tokens), 11::bigint, 'the tokens stay');
SELECT is((SELECT f.detail FROM helper.failure(format('SELECT api.apitoken_feed(%L)', :'early')) f), 'The argument "after" is older than what was pruned.', 'who has not read what went is told');
SELECT COALESCE((SELECT f.detail FROM helper.failure(format('SELECT api.apitoken_feed(%L)', :'late')) f), '') AS refused \gset
SELECT is(CASE WHEN :'alone' OR :'refused' <> 'The argument "after" is older than what was pruned.' THEN :'refused' ELSE '' END, '', 'who has, goes on, where nobody had a transaction open');
SELECT is(jsonb_array_length(api.apitoken_feed() -> 'events'), 5, 'the begin is what is left');
SELECT is(helper.outcome('DELETE FROM apitoken.trail_prunings'), '23001', 'what was pruned is told for good');

/*
 * What restores do to triggers.
 */
CREATE VIEW helper.always AS SELECT array_agg(concat_ws(' ', t.tgrelid::regclass, t.tgname) ORDER BY t.tgrelid::regclass::text, t.tgname) AS triggers
	FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'apitoken'::regnamespace AND t.tgenabled = 'A';
CREATE FUNCTION helper.of_all_tables(command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' LOOP
		EXECUTE format('ALTER TABLE %s %s TRIGGER USER', relation, command);
	END LOOP;
END
$$;
SELECT triggers FROM helper.always \gset
SELECT helper.of_all_tables('DISABLE') \g /dev/null
SELECT is(triggers, NULL, 'triggers can be switched off') FROM helper.always;
SELECT helper.of_all_tables('ENABLE') \g /dev/null
SELECT is(triggers, :'triggers', 'and those that fire always do so again when all are enabled') FROM helper.always;

SELECT * FROM finish();
ROLLBACK;
