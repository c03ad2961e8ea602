/*
 * A trail of many events: of at most 10,000 tokens in turn, a hundred events a
 * transaction, over the last two years.
 */
CREATE TABLE bench.trail_tokens AS
	SELECT row_number() OVER (ORDER BY id) - 1 AS number, account_id, id FROM apitoken.api_tokens ORDER BY id LIMIT 10000;
CREATE UNIQUE INDEX ON bench.trail_tokens (number);

-- Events from one number to another, of so many in all.
CREATE PROCEDURE bench.fill_trail(first bigint, last bigint, events bigint)
LANGUAGE plpgsql
AS $$
DECLARE
	tokens bigint := (SELECT count(*) FROM bench.trail_tokens);
BEGIN
	-- without foreign keys, for speed
	SET session_replication_role = replica;
	FOR batch IN first / 100 .. (last - 1) / 100 LOOP
		INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, from_status, to_status, event, database_role, session_role, client_address, at)
			SELECT t.account_id, t.id, s.statuses[1], s.statuses[2], lower(replace(s.statuses[2], 'Active', 'Enabled')), 'web', 'web', '192.0.2.1',
					now() - interval '730 days' * (1 - n / events::double precision)
				FROM generate_series(batch * 100, least(batch * 100 + 99, last - 1)) n
				CROSS JOIN LATERAL (SELECT CASE n / tokens % 2 WHEN 0 THEN ARRAY['Active', 'Disabled'] ELSE ARRAY['Disabled', 'Active'] END) s (statuses)
				JOIN bench.trail_tokens t ON t.number = n % tokens
				ORDER BY n;
		COMMIT;
	END LOOP;
	RESET session_replication_role;
END
$$;

-- Where the feed goes on after so many events, or after all that there are.
CREATE FUNCTION bench.feed_position(events bigint) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	page jsonb;
	told bigint := 0;
BEGIN
	LOOP
		page := api.apitoken_feed(page ->> 'position', 1000);
		told := told + jsonb_array_length(page -> 'events');
		IF told >= events OR jsonb_array_length(page -> 'events') < 1000 THEN
			RETURN page ->> 'position';
		END IF;
	END LOOP;
END
$$;

/*
 * The median of what so many calls take, in milliseconds, by the server's clock: what
 * else the machine does touches fewer than half of them.
 */
CREATE FUNCTION bench.trail_time(what text, calls integer) RETURNS numeric
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	place text := (SELECT position FROM bench.positions WHERE name = what);
	tokens integer := (SELECT count(*) FROM bench.trail_tokens);
	drawn integer;
	token text;
	began timestamptz;
	times numeric[];
BEGIN
	FOR turn IN 1..calls LOOP
		drawn := floor(random() * tokens);
		SELECT t.id INTO STRICT token FROM bench.trail_tokens t WHERE t.number = drawn;
		began := clock_timestamp();
		IF what = 'history' THEN
			PERFORM e.* FROM apitoken_monitor.token_events e WHERE e.api_token_id = token ORDER BY e.id;
		ELSE
			PERFORM api.apitoken_feed(place, 100);
		END IF;
		times := times || extract(epoch FROM clock_timestamp() - began)::numeric * 1000;
	END LOOP;
	RETURN (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(times) t);
END
$$;

CREATE TABLE bench.positions (name text PRIMARY KEY, position text NOT NULL);
CALL bench.fill_trail(0, :events / 2, :events);
INSERT INTO bench.positions VALUES ('away', bench.feed_position(9223372036854775807));
CALL bench.fill_trail(:events / 2, :events, :events);
VACUUM (ANALYZE) apitoken.api_token_transitions;
INSERT INTO bench.positions VALUES ('middle', bench.feed_position(:events / 2)), ('end', bench.feed_position(9223372036854775807));
