/*
 * Calls with arguments that are mutations of valid ones.
 */
CREATE SCHEMA mutate;

CREATE TABLE mutate.seeds (kind text, value text);
INSERT INTO mutate.seeds
	SELECT 'id', id FROM apitoken.api_tokens
	UNION ALL SELECT 'account', id FROM apitoken.accounts
	UNION ALL SELECT 'user', id FROM apitoken.users
	UNION ALL SELECT 'code', code FROM apitoken.modules
	UNION ALL SELECT 'secret', format('idt:%s:%s', id, translate(rtrim(encode(sha256(convert_to('demo ' || id, 'UTF8')), 'base64'), '='), '+/', '-_'))
		FROM apitoken.api_tokens
	UNION ALL SELECT 'fields', value FROM unnest(ARRAY['', '-account', '-*,+id,+status', '+*', '-account.groups.users.email,-modules.audit',
		'-*,+account.groups.account.address.city', '-account.*,+account.id', ' id , -name', '-modules.filters.group.buyers', '-audit.created.by.name']) value
	UNION ALL SELECT 'query', value FROM unnest(ARRAY['', 'status=Active', 'eq(account.id,ACC-3001-7788)&order=-audit.created.at,+name&limit=3&offset=1',
		'ilike(name,*e*)&any(modules,eq(id,MOD-0003))&select=+audit', 'in(id,(TKN-1671-0642,TKN-3001-1002))', 'not(or(eq(icon,null()),gt(lastAccessAt,2026-01-01T00:00:00.000Z)))',
		'all(modules,ne(code,orders))', 'out(status,(Deleted,''Disabled''))&limit=0', 'eq(modules,empty())', 'name=%22a%2Cb%22', 'modules.accountTypes=Client',
		'token=idt:TKN-1671-0642:x', 'and(ge(audit.updated.at,2020-02-29),le(audit.created.at,2030-01-01T00:00:00%2B01:00))', 'order=account.name']) value
	UNION ALL SELECT 'create', value FROM unnest(ARRAY['{"account": {"id": "ACC-3001-7788"}, "name": "Order desk", "modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}]}',
		'{"account": {"id": "ACC-3002-9900"}, "name": "N", "description": "D", "icon": null}']) value
	UNION ALL SELECT 'changes', value FROM unnest(ARRAY['{"name": "New", "description": null, "modules": []}', '{}', '{"modules": [{"id": "MOD-0003"}]}', '{"icon": "/i.png"}']) value
	UNION ALL SELECT 'import', value FROM unnest(ARRAY['{"tokens": [{"id": "old", "account": {"id": "ACC-3001-7788"}, "name": "Old", "status": "Disabled", "modules": [{"id": "MOD-0001"}], "expiresAt": "2999-01-01T00:00:00Z", "digest": "' || repeat('0a', 32) || '"}]}',
		'{"tokens": []}']) value
	UNION ALL SELECT 'sync', value FROM unnest(ARRAY['{"accounts": [{"id": "ACC-3001-7788", "name": "Contoso", "modules": [{"id": "MOD-0001"}]}], "users": [{"id": "USR-3001-0001", "phone": {"prefix": "+1"}, "accounts": []}]}',
		'{"groups": [{"id": "UGR-3001-0002", "users": [{"id": "USR-3001-0001"}], "isDefault": false}], "modules": [{"id": "MOD-0006", "deleted": true}]}']) value
	UNION ALL SELECT 'headers', value FROM unnest(ARRAY['{"x-apitoken-secret": "idt:TKN-1671-0642:x", "accept": "*/*"}', '{}', '[]', '']) value;

-- What one call has disabled: that alone, and nothing, can be enabled again.
INSERT INTO mutate.seeds
	SELECT 'disabled', value::text FROM unnest(ARRAY['[]', api.apitoken_disable_all('ACC-3002-9900', 'id=TKN-3002-1001')]) value;

CREATE TABLE mutate.outcomes (function text, code text, message text, statement text);
CREATE UNLOGGED TABLE mutate.seen_digests (statement text);

CREATE FUNCTION mutate.below(bound integer) RETURNS integer
LANGUAGE sql AS 'SELECT floor(random() * bound)::integer';

-- A character of any of the 17 planes.
CREATE FUNCTION mutate.character() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	code integer := mutate.below(17) * 65536 + mutate.below(65536);
BEGIN
	RETURN CASE WHEN mutate.below(3) > 0 THEN chr(1 + mutate.below(127)) WHEN code = 0 OR code BETWEEN 55296 AND 57343 THEN chr(65533) ELSE chr(code) END;
END
$$;

CREATE FUNCTION mutate.token() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	tokens text[] := ARRAY['%', '%0', '%00', '%zz', '%C3', '%C3%A9', '%F4%90%80%80', '%ED%A0%80', '%2C', '%22', '"', '''', '\', '(', ')', ',', '&', '=', '*', '.', '..', '+', '-',
		'null()', 'empty()', 'eq(', 'not(', 'and(', 'in(', 'any(modules,', 'limit=', 'offset=99999999999999999999', 'order=', 'select=', '99999999999999999999999999',
		'-1', '1e400', '0.1', 'true', '$meta', '{', '}', '[', ']', ':', '\u0000', '\ud800', '\u00e9', '{"id": "x"}', '"id"', '"name"', 'null', 'idt:', ':', E'\n', E'\t', 'group.buyers'];
BEGIN
	RETURN CASE mutate.below(4) WHEN 0 THEN mutate.character() ELSE tokens[1 + mutate.below(array_length(tokens, 1))] END;
END
$$;

CREATE FUNCTION mutate.text(value text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	place integer;
	size integer;
BEGIN
	FOR step IN 1..mutate.below(4) LOOP
		place := mutate.below(length(value) + 1);
		size := mutate.below(8);
		value := CASE mutate.below(9)
			WHEN 0 THEN left(value, place)
			WHEN 1 THEN overlay(value PLACING '' FROM place + 1 FOR size)
			WHEN 2 THEN overlay(value PLACING mutate.token() FROM place + 1 FOR size)
			WHEN 3 THEN overlay(value PLACING mutate.token() FROM place + 1 FOR 0)
			WHEN 4 THEN overlay(value PLACING repeat(substr(value, place + 1, size), mutate.below(20)) FROM place + 1 FOR 0)
			WHEN 5 THEN overlay(value PLACING repeat(mutate.token(), CASE mutate.below(20) WHEN 0 THEN 5000 ELSE mutate.below(50) END) FROM place + 1 FOR 0)
			WHEN 6 THEN value || (SELECT s.value FROM mutate.seeds s ORDER BY random() LIMIT 1)
			WHEN 7 THEN upper(value)
			ELSE (SELECT string_agg(mutate.character(), '') FROM generate_series(0, mutate.below(30)))
			END;
		value := COALESCE(value, '');
	END LOOP;
	-- an audit logs arguments, and this, and the log is searched for what a crash leaves there
	RETURN regexp_replace(value, 'X[X]000|P[A]NIC|T[R]AP|terminated by [s]ignal', '?', 'g');
END
$$;

-- Any JSON, to so many levels.
CREATE FUNCTION mutate.any_json(depth integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	keys text[] := ARRAY['id', 'name', 'account', 'modules', 'description', 'icon', '', 'token'];
BEGIN
	CASE mutate.below(CASE WHEN depth > 0 THEN 9 ELSE 5 END)
		WHEN 0 THEN RETURN 'null';
		WHEN 1 THEN RETURN to_jsonb(random() < 0.5);
		WHEN 2 THEN RETURN to_jsonb((random() * 10 ^ mutate.below(300))::numeric);
		WHEN 3 THEN RETURN to_jsonb(mutate.text('MOD-0001'));
		WHEN 4 THEN RETURN to_jsonb((SELECT s.value FROM mutate.seeds s ORDER BY random() LIMIT 1));
		WHEN 5, 6 THEN
			RETURN COALESCE((SELECT jsonb_agg(mutate.any_json(depth - 1)) FROM generate_series(1, CASE mutate.below(50) WHEN 0 THEN 500 ELSE mutate.below(4) END)), '[]');
		ELSE
			RETURN COALESCE((SELECT jsonb_object_agg(CASE mutate.below(6) WHEN 0 THEN mutate.text('name') ELSE keys[1 + mutate.below(8)] END, mutate.any_json(depth - 1))
				FROM generate_series(1, mutate.below(5))), '{}');
	END CASE;
END
$$;

-- A body: one with a member replaced, deep ones, or a mutated text that is still JSON.
CREATE FUNCTION mutate.body(kind text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	body jsonb := (SELECT s.value FROM mutate.seeds s WHERE s.kind = body.kind ORDER BY random() LIMIT 1);
	keys text[] := ARRAY['name', 'account', 'modules', 'description', 'icon', 'id'];
BEGIN
	CASE mutate.below(6)
		WHEN 0 THEN RETURN body;
		WHEN 1, 2 THEN RETURN body || jsonb_build_object(keys[1 + mutate.below(6)], mutate.any_json(2));
		WHEN 3 THEN RETURN mutate.any_json(3);
		WHEN 4 THEN RETURN jsonb_build_object(keys[1 + mutate.below(6)], (repeat('[', 1000) || repeat(']', 1000))::jsonb);
		ELSE
			BEGIN
				RETURN mutate.text(body::text)::jsonb;
			EXCEPTION WHEN OTHERS THEN
				RETURN body - keys[1 + mutate.below(6)];
			END;
	END CASE;
END
$$;

CREATE FUNCTION mutate.argument(kind text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE
		WHEN mutate.below(40) = 0 THEN 'NULL'
		WHEN kind = 'moment' THEN format('now() - interval ''%s days''', mutate.below(200))
		WHEN kind = 'position' THEN quote_literal(mutate.text('f1.1.1.1.9-8.9.1'))
		WHEN kind = 'secrets' THEN (SELECT format('ARRAY[%s, %s]', mutate.argument('secret'), mutate.argument('id')))
		WHEN kind IN ('create', 'changes', 'sync', 'import', 'disabled') THEN quote_literal(mutate.body(kind)) || '::jsonb'
		ELSE quote_literal(mutate.text((SELECT s.value FROM mutate.seeds s WHERE s.kind = argument.kind ORDER BY random() LIMIT 1))) END;
END
$$;

-- What each function takes.
CREATE TABLE mutate.functions (number integer GENERATED ALWAYS AS IDENTITY, name text, kinds text[]);
INSERT INTO mutate.functions (name, kinds) VALUES ('apitoken_disable', '{id,fields}'), ('apitoken_enable', '{id,fields}'), ('apitoken_delete', '{id}'),
	('apitoken_disable_all', '{account}'), ('apitoken_disable_all', '{account,query}'), ('apitoken_enable_all', '{disabled}'), ('apitoken_ensure_disabled', '{id}'), ('apitoken_release', '{id,fields}'),
	('apitoken_hold_account', '{account}'), ('apitoken_release_account', '{account}'), ('apitoken_create', '{create}'), ('apitoken_update', '{id,changes,fields}'), ('apitoken_get', '{id,fields}'),
	('apitoken_list', '{query}'), ('apitoken_authenticate', '{secret}'), ('apitoken_pre_request', '{}'), ('apitoken_guard', '{code}'),
	('apitoken_actor', '{}'), ('apitoken_actor_account', '{}'), ('apitoken_actor_holds', '{code}'), ('apitoken_require', '{code}'), ('apitoken_sync', '{sync}'),
	('apitoken_erase_user', '{user}'), ('apitoken_erase_account', '{account}'),
	('apitoken_rotate', '{id}'), ('apitoken_revoke', '{secrets}'), ('apitoken_import', '{import}'),
	('apitoken_feed', '{position}'), ('apitoken_trail_prune', '{moment}'), ('apitoken_version', '{}');

CREATE FUNCTION mutate.shows_digest(output text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM (SELECT digest FROM apitoken.api_token_credentials UNION ALL SELECT digest FROM apitoken.api_token_secrets
			UNION ALL SELECT decode(digest, 'hex') FROM apitoken.api_token_foreign_secrets UNION ALL SELECT digest FROM apitoken.revoked_digests) c WHERE strpos(output, encode(c.digest, 'hex')) > 0
		OR strpos(output, rtrim(encode(c.digest, 'base64'), '=')) > 0)
$$;

-- One call in somebody's name, undone.
CREATE FUNCTION mutate.call(function text, statement text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	code text;
	message text;
	detail text;
	hint text;
BEGIN
	BEGIN
		CASE mutate.below(6)
			WHEN 0 THEN PERFORM api.apitoken_authenticate((SELECT value FROM mutate.seeds WHERE kind = 'secret' AND value LIKE '%TKN-3001-1002%'));
			WHEN 1 THEN PERFORM api.apitoken_authenticate((SELECT value FROM mutate.seeds WHERE kind = 'secret' AND value LIKE '%TKN-0001-0001%'));
			WHEN 2 THEN SET LOCAL ROLE mutate_nobody;
			WHEN 3 THEN SET LOCAL transaction_read_only = on;
			WHEN 4 THEN SET LOCAL ROLE careless;
			ELSE NULL;
		END CASE;
		EXECUTE statement INTO answer;
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION
		WHEN SQLSTATE 'Y0000' THEN
			code := 'ok';
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	INSERT INTO mutate.outcomes VALUES (function, code, CASE WHEN code !~ '^(ok|PT)' THEN message END, CASE WHEN code !~ '^(ok|PT)' THEN statement END);
	IF mutate.shows_digest(concat_ws(' ', answer, message, detail, hint)) THEN
		INSERT INTO mutate.seen_digests VALUES (statement);
	END IF;
END
$$;

-- So many calls, or for so many seconds (null: until all are made).
CREATE FUNCTION mutate.run(calls bigint, seconds integer, seed integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	function record;
	chosen integer;
BEGIN
	PERFORM setseed(seed / 32768.0);
	FOR n IN 1..calls LOOP
		EXIT WHEN clock_timestamp() > now() + make_interval(secs => seconds);
		chosen := 1 + mutate.below((SELECT count(*)::integer FROM mutate.functions));
		SELECT * INTO function FROM mutate.functions WHERE number = chosen;
		IF function.name = 'apitoken_pre_request' THEN
			PERFORM set_config('request.headers', mutate.text((SELECT value FROM mutate.seeds WHERE kind = 'headers' ORDER BY random() LIMIT 1)), true);
		END IF;
		PERFORM mutate.call(function.name, format('SELECT api.%I(%s)', function.name,
			(SELECT string_agg(mutate.argument(kind), ', ' ORDER BY place) FROM unnest(function.kinds) WITH ORDINALITY k (kind, place))));
	END LOOP;
END
$$;

-- Nobody's role, that may call everything.
CREATE ROLE mutate_nobody;
GRANT USAGE ON SCHEMA api TO mutate_nobody;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO mutate_nobody;

\ir ../fixtures/careless.sql
