-- A status that is written without a statement leaves what a statement would, and
-- where the two would not mean the same, the statement is run.
\set QUIET on
\ir marketplace.sql
BEGIN;
SET LOCAL track_functions = 'all';
SELECT no_plan();

CREATE SCHEMA helper;
CREATE FUNCTION helper.secret(token text) RETURNS text LANGUAGE sql AS $$
	SELECT format('idt:%s:%s', token, translate(rtrim(encode(sha256(convert_to('demo ' || token, 'UTF8')), 'base64'), '='), '+/', '-_'))
$$;

-- What an SQL text has left when it has run, or why it has not; it leaves nothing.
CREATE FUNCTION helper.left_by(command text, without_statement boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	result jsonb;
	trail_before CONSTANT bigint := (SELECT coalesce(max(id), 0) FROM apitoken.api_token_transitions);
	triggers_before CONSTANT bigint := coalesce(pg_stat_get_xact_function_calls('apitoken.log_transition()'::regprocedure), 0);
	problem text;
BEGIN
	BEGIN
		PERFORM set_config('apitoken.index_reads', without_statement::text, true);
		EXECUTE command;
		SELECT jsonb_build_object(
				'tokens', (SELECT jsonb_agg(to_jsonb(t) - '{updated_at,held_at}'::text[] || jsonb_build_object('held', t.held_at IS NOT NULL, 'now', t.updated_at >= now() AND t.updated_at < clock_timestamp() + interval '1 ms') ORDER BY t.id)
					FROM apitoken.api_tokens t),
				'trail', (SELECT jsonb_agg(to_jsonb(l) - '{at,id,xid}'::text[] #- '{details,heldAt,to}' || jsonb_build_object('now', l.at BETWEEN now() AND clock_timestamp()) ORDER BY l.id)
					FROM apitoken.api_token_transitions l WHERE l.id > trail_before),
				'by statement', coalesce(pg_stat_get_xact_function_calls('apitoken.log_transition()'::regprocedure), 0) - triggers_before)
			INTO result;
		RAISE EXCEPTION USING ERRCODE = 'ZZ999';
	EXCEPTION
		WHEN SQLSTATE 'ZZ999' THEN
			NULL;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
			result := jsonb_build_object('state', SQLSTATE, 'message', problem);
	END;
	RETURN result;
END $$;

-- Both ways do the same; and the first one is by so many statements.
CREATE FUNCTION helper.both(command text, statements integer, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	without CONSTANT jsonb := helper.left_by(command, true);
BEGIN
	RETURN NEXT is(without - 'by statement', helper.left_by(command, false) - 'by statement', what);
	RETURN NEXT is(without ->> 'by statement', statements::text, what || ': statements');
END $$;

-- each of the changes
SELECT helper.both($$ SELECT api.apitoken_disable('TKN-1671-0642') $$, 0, 'disable');
SELECT helper.both($$ SELECT api.apitoken_enable('TKN-3002-1001') $$, 0, 'enable') FROM apitoken.api_tokens WHERE id = 'TKN-3002-1001' AND status = 'Disabled'
UNION ALL SELECT helper.both($$ SELECT api.apitoken_disable('TKN-1671-0642'), api.apitoken_enable('TKN-1671-0642') $$, 0, 'disable and enable');
SELECT helper.both($$ SELECT api.apitoken_delete('TKN-1671-0642') $$, 0, 'delete');
SELECT helper.both($$ SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true) $$, 0, 'a hold');
SELECT is(helper.left_by($$ SELECT api.apitoken_disable('TKN-1671-0642') $$, true) -> 'trail' -> 0,
	'{"account_id": "ACC-3001-7788", "api_token_id": "TKN-1671-0642", "from_status": "Active", "to_status": "Disabled", "actor_type": null,
		"actor_id": null, "database_role": "postgres", "client_address": null, "call_id": null, "reason": null,
		"event": "disabled", "details": null, "session_role": "postgres", "request_id": null, "now": true}', 'the row of the trail');

-- the settings of a transaction
SELECT helper.both($$ SET LOCAL transaction_read_only = on; SELECT api.apitoken_disable('TKN-1671-0642') $$, NULL, 'a transaction that only reads');

-- somebody who acts
CREATE FUNCTION helper.as_administrator(command text) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT api.apitoken_authenticate(%L); %s', helper.secret('TKN-3001-1002'), command)
$$;
INSERT INTO apitoken.api_token_modules SELECT 'ACC-3001-7788', 'TKN-3001-1002', 'MOD-0001' ON CONFLICT DO NOTHING;
SELECT helper.both(helper.as_administrator($$ SELECT api.apitoken_disable('TKN-1671-0642') $$), 0, 'by a token');
SELECT is((SELECT r ->> 'updated_by_id' FROM jsonb_array_elements(helper.left_by(helper.as_administrator($$ SELECT api.apitoken_disable('TKN-1671-0642') $$), true) -> 'tokens') r
	WHERE r ->> 'id' = 'TKN-1671-0642'), 'TKN-3001-1002', 'it stands in the audit');
SELECT helper.both(helper.as_administrator($$ SELECT api.apitoken_disable('TKN-2001-1001') $$), NULL, 'another account''s');
SELECT helper.both($$ SELECT api.apitoken_enable('TKN-1671-0642') $$, NULL, 'a status that it does not start at');
SELECT helper.both($$ SELECT api.apitoken_disable('nobody') $$, NULL, 'no such token');
SELECT helper.both($$ SELECT api.apitoken_ensure_disabled('TKN-1671-0642', true); SELECT api.apitoken_enable('TKN-1671-0642') $$, NULL, 'a held one');

-- Alters the tables, or does something else that counts, and sees whether both do the same.
CREATE FUNCTION helper.both_with(altered text, command text, statements integer, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	told text[];
BEGIN
	BEGIN
		EXECUTE altered;
		told := ARRAY(SELECT helper.both(command, statements, what));
		RAISE EXCEPTION USING ERRCODE = 'ZZ998';
	EXCEPTION WHEN SQLSTATE 'ZZ998' THEN
		NULL;
	END;
	FOREACH line IN ARRAY told LOOP
		RETURN NEXT line;
	END LOOP;
END $$;

CREATE FUNCTION helper.polite() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.description := 'polite'; RETURN NEW; END $$;
CREATE FUNCTION helper.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE TABLE helper.statuses (status text PRIMARY KEY);
INSERT INTO helper.statuses VALUES ('Active'), ('Deleted');
SET LOCAL client_min_messages = error;
SELECT helper.both_with(v.altered, $$ SELECT api.apitoken_disable('TKN-1671-0642') $$, v.statements, v.what) FROM (VALUES
	('CREATE TRIGGER polite BEFORE UPDATE ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.polite()', 1, 'a trigger of somebody else''s'),
	('CREATE TRIGGER refuse AFTER UPDATE ON apitoken.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION helper.refuse()', NULL, 'one for a statement'),
	('CREATE TRIGGER refuse AFTER UPDATE OF name, status ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.refuse()', NULL, 'one for the status'),
	('CREATE TRIGGER polite BEFORE UPDATE OF name ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.polite()', 0, 'one for another column'),
	('CREATE TRIGGER polite BEFORE INSERT ON apitoken.api_token_transitions FOR EACH ROW EXECUTE FUNCTION helper.refuse()', NULL, 'one on the trail'),
	('ALTER TABLE apitoken.api_tokens DISABLE TRIGGER log_transition', 0, 'no trail'),
	('ALTER TABLE apitoken.api_tokens DISABLE TRIGGER ALL', 0, 'no triggers at all'),
	('SET LOCAL session_replication_role = replica', 0, 'a session that replicates'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (status <> ''Disabled'' OR name = ''x'') NOT VALID', NULL, 'a constraint of the status'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (updated_by_id IS NOT NULL) NOT VALID', NULL, 'one of who has changed it'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (status <> ''Disabled'' OR length(name) > 1)', 0, 'one that holds'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (name = ''x'') NOT VALID', NULL, 'one of another column that the row does not keep'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (api_tokens IS NOT NULL) NOT VALID', NULL, 'one of the whole row'),
	('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (updated_at < clock_timestamp() + interval ''1 day'')', 1, 'one that may change its mind'),
	('ALTER TABLE apitoken.api_token_transitions ADD CONSTRAINT polite CHECK (to_status <> ''Disabled'') NOT VALID', NULL, 'one of the trail'),
	('UPDATE apitoken.api_tokens SET updated_at = now(), updated_by_type = ''user'', updated_by_id = ''USR-0001-0001'' WHERE updated_by_id IS NULL;
		ALTER TABLE apitoken.api_tokens ALTER updated_by_id SET NOT NULL', NULL, 'no column for nobody'),
	('ALTER DOMAIN apitoken.instant ADD CONSTRAINT early CHECK (VALUE < ''2020-01-01'') NOT VALID', NULL, 'a constraint of a type'),
	('ALTER TABLE apitoken.api_tokens ADD FOREIGN KEY (status) REFERENCES helper.statuses NOT VALID', NULL, 'a foreign key of somebody else''s'),
	('ALTER TABLE apitoken.api_tokens DROP CONSTRAINT api_tokens_updated_by_type_updated_by_id_fkey', 0, 'a foreign key less'),
	('CREATE UNIQUE INDEX one ON apitoken.api_tokens (account_id) WHERE status = ''Disabled'' AND account_id = ''ACC-3001-7788''', NULL, 'an index of somebody else''s'),
	('CREATE INDEX odd ON apitoken.api_tokens (lower(status), length(name))', 0, 'one of expressions'),
	('ALTER TABLE apitoken.api_tokens ADD COLUMN shouted text GENERATED ALWAYS AS (upper(status)) STORED', 1, 'a column that is generated'),
	('ALTER TABLE apitoken.api_token_transitions ADD COLUMN weather text DEFAULT ''fair''', 0, 'a column of the trail'),
	('ALTER TABLE apitoken.api_token_transitions ALTER client_address SET DEFAULT ''127.0.0.1''', 0, 'a default of the trail'),
	('ALTER TABLE apitoken.api_token_transitions ALTER at DROP DEFAULT', NULL, 'a default less'),
	('CREATE TRIGGER mine BEFORE UPDATE OF status ON apitoken.api_tokens FOR EACH ROW WHEN (NEW.status = ''Disabled'') EXECUTE FUNCTION apitoken.refuse_transition()', NULL,
		'a trigger of somebody else''s that runs one of the extension''s functions'),
	('CREATE OR REPLACE FUNCTION apitoken.keep_audit() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION $m$mine$m$; END''', NULL, 'one of these functions that is somebody else''s'),
	('CREATE OR REPLACE FUNCTION apitoken.log_transition() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION $m$mine$m$; END''', NULL, 'the one that writes the trail'),
	('CREATE RULE polite AS ON UPDATE TO apitoken.api_tokens DO ALSO SELECT 1', 1, 'a rule'),
	('ALTER TABLE apitoken.api_tokens REPLICA IDENTITY NOTHING; CREATE PUBLICATION p FOR TABLE apitoken.api_tokens', NULL, 'a publication that cannot tell rows'),
	('ALTER TABLE apitoken.api_tokens FORCE ROW LEVEL SECURITY', 0, 'policies that are forced'),
	('ALTER TABLE apitoken.api_tokens RENAME updated_by_id TO whom', NULL, 'a column of another name')) AS v (altered, statements, what);

-- an actor who is written down stays
SAVEPOINT actor;
SET LOCAL session_replication_role = replica;
DELETE FROM apitoken.actors WHERE id = 'TKN-3001-1002';
SET LOCAL session_replication_role = origin;
SELECT helper.both(helper.as_administrator($$ SELECT api.apitoken_enable('TKN-3001-1004') $$), NULL, 'an actor who is not there is refused');
ROLLBACK TO actor;

-- what a constraint calls is what it is now
SAVEPOINT called;
CREATE FUNCTION helper.fine(status text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
ALTER TABLE apitoken.api_tokens ADD CONSTRAINT fine CHECK (helper.fine(status));
ALTER DOMAIN apitoken.instant ADD CONSTRAINT fine CHECK (helper.fine(VALUE::text));
SELECT is(api.apitoken_disable('TKN-1671-0642') ->> 'status', 'Disabled', 'a function of PL/pgSQL');
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null
CREATE OR REPLACE FUNCTION helper.fine(status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT status <> 'Disabled' $$;
SELECT is(helper.left_by($$ SELECT api.apitoken_disable('TKN-1671-0642') $$, true) ->> 'state', '23514', 'replaced by one of SQL') FROM generate_series(1, 3);
CREATE OR REPLACE FUNCTION helper.fine(status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
SELECT is(api.apitoken_disable('TKN-1671-0642') ->> 'status', 'Disabled', 'and by another, which is not the one that was inlined');
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null
CREATE OR REPLACE FUNCTION helper.fine(status text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN status <> $s$Disabled$s$; END';
SELECT is(helper.left_by($$ SELECT api.apitoken_disable('TKN-1671-0642') $$, true) ->> 'state', '23514', 'and by one that may change its mind') FROM generate_series(1, 3);
ROLLBACK TO called;

-- from 18 on a column may be NOT NULL which old rows do not keep
SELECT helper.both_with('ALTER TABLE apitoken.api_tokens ADD CONSTRAINT described NOT NULL description NOT VALID', $$ SELECT api.apitoken_disable('TKN-2001-1001') $$, NULL, 'a row that does not keep it')
	WHERE current_setting('server_version_num')::integer >= 180000;

-- indexes have the new row, and no other
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
CREATE TEMPORARY TABLE found AS SELECT count(*) AS number,
		(SELECT count(*) FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642' AND account_id = 'ACC-3001-7788') AS trail
	FROM apitoken.api_tokens WHERE status = 'Disabled' AND created_at > '2000-01-01';
SELECT api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT is(count(*), (SELECT number + 1 FROM found), 'an index finds it by its new status') FROM apitoken.api_tokens WHERE status = 'Disabled' AND created_at > '2000-01-01';
SELECT is((SELECT count(*) FROM apitoken.api_tokens WHERE status = 'Active' AND created_at > '2000-01-01' AND id = 'TKN-1671-0642'), 0::bigint, 'and not by its old one');
SELECT is((SELECT count(*) FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642' AND account_id = 'ACC-3001-7788'), trail + 1, 'and the trail''s row') FROM found;

SELECT * FROM finish();
ROLLBACK;
