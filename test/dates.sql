/*
 * Dates are written as YYYY-MM-DDTHH:mm:ss.sssZ in UTC, whatever the session's settings.
 */
BEGIN;
SELECT plan(57);
-- shapes of every kind: rows come as a restore brings them, whatever the modules' account types
SET LOCAL row_security = off;

\ir fixtures/helpers.psql

/*
 * Each date is when a module was created; a token with all of these modules
 * shows them all.
 */
CREATE TABLE helper.dates (place integer GENERATED ALWAYS AS IDENTITY (START WITH 0 MINVALUE 0), input timestamptz, expected text);
SET LOCAL TimeZone = 'UTC';
INSERT INTO helper.dates (input, expected) VALUES
	('0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'),
	('0001-12-31T23:59:59.999Z', '0001-12-31T23:59:59.999Z'),
	('0042-07-08T09:10:11.012Z', '0042-07-08T09:10:11.012Z'),
	('0999-02-28T12:00:00Z', '0999-02-28T12:00:00.000Z'),
	('1582-10-10T00:00:00Z', '1582-10-10T00:00:00.000Z'),
	('1899-12-31T23:59:59.001Z', '1899-12-31T23:59:59.001Z'),
	('1900-02-28T23:59:59.999Z', '1900-02-28T23:59:59.999Z'),
	('1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'),
	('1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'),
	('1999-12-31T23:59:59.999Z', '1999-12-31T23:59:59.999Z'),
	('2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'),
	('2000-01-01T00:00:00.001Z', '2000-01-01T00:00:00.001Z'),
	('2000-02-29T10:20:30.040Z', '2000-02-29T10:20:30.040Z'),
	('2024-02-29T23:59:59.100Z', '2024-02-29T23:59:59.100Z'),
	-- clocks go forward and back in Berlin
	('2025-03-30T00:59:59.999Z', '2025-03-30T00:59:59.999Z'),
	('2025-03-30T01:30:00Z', '2025-03-30T01:30:00.000Z'),
	('2025-10-26T00:30:00Z', '2025-10-26T00:30:00.000Z'),
	('2025-10-26T01:30:00Z', '2025-10-26T01:30:00.000Z'),
	-- given with an offset
	('2025-01-01T00:00:00+14:00', '2024-12-31T10:00:00.000Z'),
	('2024-12-31T23:30:00-12:00', '2025-01-01T11:30:00.000Z'),
	-- a second that leaps is the next one's first
	('2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'),
	-- more than milliseconds is rounded
	('2025-02-21T18:02:53.7734Z', '2025-02-21T18:02:53.773Z'),
	('2025-02-21T18:02:53.7736Z', '2025-02-21T18:02:53.774Z'),
	('2025-02-21T18:02:53.000499Z', '2025-02-21T18:02:53.000Z'),
	('2025-12-31T23:59:59.9996Z', '2026-01-01T00:00:00.000Z'),
	('1999-12-31T23:59:59.9996Z', '2000-01-01T00:00:00.000Z'),
	('1985-10-26T08:20:59.9994Z', '1985-10-26T08:20:59.999Z'),
	('2038-01-19T03:14:08Z', '2038-01-19T03:14:08.000Z'),
	('9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'),
	('9999-12-31T23:59:59.9994Z', '9999-12-31T23:59:59.999Z');

INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES ('ACC', 'Client', 'Dates', '2025-01-02T03:04:05.006Z');
INSERT INTO apitoken.modules (id, code, name, created_at)
	SELECT to_char(place, 'FM000'), 'dates ' || place, expected, input FROM helper.dates;
INSERT INTO apitoken.users (id, name, created_at, created_by_type, created_by_id, updated_at, last_login_at) VALUES
	('USR', 'User', '2025-01-01T00:00:00.001Z', 'user', 'USR', '2025-01-01T00:00:00.002Z', '2025-01-01T00:00:00.003Z');
INSERT INTO apitoken.user_accounts VALUES ('ACC', 'USR');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default, created_at, updated_at) VALUES
	('ACC', 'UGR', 'Group', true, '2025-01-01T00:00:00.004Z', '2025-01-01T00:00:00.005Z');
INSERT INTO apitoken.user_group_users VALUES ('ACC', 'UGR', 'USR');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at, created_by_type, created_by_id) VALUES
	('ACC', 'TKN', 'Dates', '2025-01-01T00:00:00.006Z', 'user', 'USR');
INSERT INTO apitoken.api_token_credentials VALUES ('ACC', 'TKN', sha256('x'), '2025-01-01T00:00:00.007Z');
INSERT INTO apitoken.api_token_modules SELECT 'ACC', 'TKN', id FROM apitoken.modules;

CREATE TABLE helper.answers AS SELECT helper.disable('TKN') AS document;
SELECT is(document #>> ARRAY['modules', place::text, 'audit', 'created', 'at'], expected, 'in UTC: ' || expected)
	FROM helper.answers, helper.dates ORDER BY place;
SELECT helper.same((SELECT jsonb_object_agg(path, value) FROM helper.flatten(document - 'modules')
			WHERE value::text ~ '^"\d{4}-' AND path <> 'audit.updated.at'),
		'{"account.audit.created.at": "2025-01-02T03:04:05.006Z",
			"account.groups[0].account.audit.created.at": "2025-01-02T03:04:05.006Z",
			"account.groups[0].audit.created.at": "2025-01-01T00:00:00.004Z",
			"account.groups[0].audit.updated.at": "2025-01-01T00:00:00.005Z",
			"account.groups[0].users[0].lastLoginAt": "2025-01-01T00:00:00.003Z",
			"audit.created.at": "2025-01-01T00:00:00.006Z",
			"audit.created.by.audit.created.at": "2025-01-01T00:00:00.001Z",
			"audit.created.by.audit.updated.at": "2025-01-01T00:00:00.002Z",
			"lastAccessAt": "2025-01-01T00:00:00.007Z"}',
		'every date is the one of its column')
	FROM helper.answers;

/*
 * The same document under other settings.
 */
CREATE FUNCTION helper.differences_under(zone text, style text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM set_config('TimeZone', zone, true), set_config('DateStyle', style, true),
		set_config('IntervalStyle', 'sql_standard', true), set_config('extra_float_digits', '-15', true),
		set_config('bytea_output', 'escape', true);
	RETURN QUERY SELECT d.path || ': ' || d.difference
		FROM helper.answers, helper.differences(helper.disable('TKN') #- '{audit,updated}', document #- '{audit,updated}') d;
END
$$;
SELECT is((SELECT array_agg(d) FROM helper.differences_under(zone, style) d), NULL, format('under %s, %s', zone, style))
	FROM unnest('{UTC,Europe/Berlin,America/St_Johns,Asia/Kathmandu,Pacific/Kiritimati,Etc/GMT+12,<X>-13:37}'::text[],
		'{"ISO, MDY","SQL, DMY","German, DMY","Postgres, YMD","ISO, YMD","SQL, MDY","German, DMY"}'::text[]) AS setting (zone, style);
SELECT set_config('TimeZone', 'Pacific/Kiritimati', true), set_config('DateStyle', 'German, DMY', true) \g /dev/null
SELECT ok((document #>> '{audit,updated,at}')::timestamptz
		BETWEEN now() - interval '1 ms' AND clock_timestamp() + interval '1 ms'
		AND document #>> '{audit,updated,at}' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$',
	'what is written under other settings is now, and is shown in UTC')
	FROM (SELECT helper.disable('TKN') AS document) answer;
SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, MDY', true) \g /dev/null

/*
 * What the form cannot say is not stored.
 */
CREATE FUNCTION helper.stored(moment text) RETURNS text
LANGUAGE sql
AS $$
	SELECT helper.outcome(format('UPDATE apitoken.accounts SET updated_at = %L', moment))
$$;
SELECT is(helper.stored(moment), 'ok', moment || ' is stored')
	FROM unnest('{0001-01-01 00:00:00+00,9999-12-31 23:59:59.999+00,9999-12-31 23:59:59.9994+00,9999-12-31 12:00:00-11}'::text[]) moment;
SELECT is(helper.stored(moment), '23514', moment || ' is refused')
	FROM unnest('{infinity,-infinity,0001-12-31 23:59:59.999+00 BC,4713-01-01 00:00:00+00 BC,10000-01-01 00:00:00+00,
		9999-12-31 23:59:59.9996+00,9999-12-31 13:00:00-11,0001-01-01 00:00:00+01,294276-12-31 00:00:00+00}'::text[]) moment;
-- the other columns that hold a date are of the same domain
SELECT is((SELECT array_agg(attrelid::regclass || '.' || attname ORDER BY attrelid::regclass::text, attname)
		FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' AND attnum > 0
			AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'time'::regtype)),
	'{apitoken.actors.erased_at,apitoken.api_token_transitions.at,apitoken.erasures.at,apitoken.trail_prunings.at,apitoken.trail_prunings.before}', 'only the trail and what tells of erasures and prunings, which no document shows, have dates of another type');
SELECT is(helper.outcome('UPDATE apitoken.accounts SET created_at = NULL'), '23502', 'everything was created some time');
INSERT INTO apitoken.sellers (id, name) VALUES ('now', 'Now');
SELECT is((SELECT created_at BETWEEN now() - interval '1 ms' AND now() + interval '1 ms' FROM apitoken.sellers WHERE id = 'now'),
	true, 'namely now, unless said otherwise');

/*
 * A moment that the clock gives is stored with milliseconds, and shown as it
 * is stored.
 */
INSERT INTO apitoken.sellers (id, name, created_at) VALUES ('s', 's', '2025-01-01 00:00:00.0006+00');
SELECT is((SELECT created_at FROM apitoken.sellers WHERE id = 's')::timestamptz, '2025-01-01 00:00:00.001+00',
	'microseconds are not stored');
DO $$ BEGIN PERFORM helper.disable('TKN'); END $$;
SELECT is((api.apitoken_get('TKN') #>> '{audit,updated,at}')::timestamptz, updated_at::timestamptz,
		'a moment is shown as it is stored, to the digit')
	FROM apitoken.api_tokens WHERE id = 'TKN';

SELECT * FROM finish();
ROLLBACK;
