/*
 * The tables: what they refuse, and what every one of them has.
 */
BEGIN;
SELECT plan(213);

\ir fixtures/helpers.psql
\ir fixtures/golden.psql

/*
 * What every table has.
 */
CREATE VIEW helper.relations AS
	SELECT oid, relname, relkind FROM pg_class
		WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm', 'f');
CREATE VIEW helper.functions AS
	SELECT p.oid, p.oid::regprocedure::text AS name, p.proacl, p.proowner
		FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		WHERE e.extname = 'apitoken';

SELECT is((SELECT array_agg(relname::text ORDER BY relname) FROM helper.relations WHERE relkind = 'r'),
	'{accounts,actors,api_token_credentials,api_token_foreign_secrets,api_token_modules,api_token_secrets,api_token_transitions,api_tokens,
		buyer_errors,buyer_sellers,buyers,erasures,modules,revoked_digests,sellers,trail_prunings,user_accounts,user_group_buyers,user_group_modules,
		user_group_users,user_groups,users}', 'the tables');
SELECT is((SELECT array_agg(relname::text ORDER BY relname) FROM helper.relations
		WHERE relkind IN ('r', 'S') AND NOT EXISTS (
			SELECT FROM pg_extension, unnest(extconfig, extcondition) marked (relation, condition)
				WHERE extname = 'apitoken' AND relation = helper.relations.oid AND condition = '')),
	NULL, 'every table and sequence is marked for dump, all of its rows');
SELECT is((SELECT count(*) FROM helper.relations WHERE relkind = 'S'), 1::bigint,
	'there is one sequence, so the test before this one saw a sequence');

-- Any order of the leading columns serves an equality on all of them.
SELECT is((SELECT array_agg(conrelid::regclass || ' ' || conname ORDER BY conrelid::regclass::text, conname)
		FROM pg_constraint c
		WHERE contype = 'f' AND connamespace = 'apitoken'::regnamespace AND NOT EXISTS (
			SELECT FROM pg_index i
				WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
					AND (SELECT array_agg(k ORDER BY k) FROM unnest(c.conkey) k)
						= (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) k))),
	NULL, 'every foreign key has an index that begins with its columns');
SELECT is((SELECT count(*) > 25 FROM pg_constraint WHERE contype = 'f' AND connamespace = 'apitoken'::regnamespace),
	true, 'there are foreign keys');
SELECT is((SELECT array_agg(relname::text) FROM helper.relations r WHERE relkind = 'r'
		AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = r.oid AND contype = 'p')),
	NULL, 'every table has a primary key');
SELECT is((SELECT array_agg(r.relname::text ORDER BY r.relname) FROM helper.relations r
		JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = 'account_id' AND r.relkind = 'r'
		JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary
		WHERE i.indkey[0] <> a.attnum),
	'{actors,api_token_foreign_secrets}', 'where rows are an account''s, its id is the first of the primary key, but of secrets that are found by their digest alone; actors are nobody''s');
SELECT is((SELECT array_agg(DISTINCT c.confrelid::regclass::text) FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'account_id'
		JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attname = 'account_id'
		WHERE c.contype = 'f' AND c.connamespace = 'apitoken'::regnamespace AND a.attnum <> ALL (c.conkey)),
	'{apitoken.actors}', 'and what refers to them has it, too, but for who has acted');

SELECT is(obj_description('apitoken'::regnamespace, 'pg_namespace') IS NULL, false, 'the schema has a comment');
SELECT is((SELECT array_agg(relname::text) FROM helper.relations
		WHERE relkind <> 'S' AND COALESCE(obj_description(oid, 'pg_class'), '') = ''),
	NULL, 'every table has a comment');
SELECT is((SELECT array_agg(attrelid::regclass || '.' || attname) FROM pg_attribute
		WHERE attrelid IN (SELECT oid FROM helper.relations WHERE relkind <> 'S')
			AND attnum > 0 AND NOT attisdropped AND COALESCE(col_description(attrelid, attnum), '') = ''),
	NULL, 'every column has a comment');
SELECT is((SELECT array_agg(name) FROM helper.functions WHERE COALESCE(obj_description(oid, 'pg_proc'), '') = ''),
	NULL, 'every function has a comment');
SELECT is((SELECT array_agg(typname::text) FROM pg_type
		WHERE typnamespace = 'apitoken'::regnamespace AND typtype = 'd' AND COALESCE(obj_description(oid, 'pg_type'), '') = ''),
	NULL, 'every domain has a comment');
SELECT is((SELECT count(*) > 8 FROM helper.functions WHERE name LIKE 'api.%'), true, 'the functions are in the schema api');
SELECT is((SELECT array_agg(name) FROM helper.functions WHERE name !~ '^(api\.apitoken_|apitoken\.)'), NULL,
	'no function is anywhere else');

/*
 * Nothing is granted to PUBLIC.
 */
SELECT is((SELECT array_agg(name) FROM helper.functions
		CROSS JOIN LATERAL aclexplode(COALESCE(proacl, acldefault('f', proowner))) WHERE grantee = 0),
	NULL, 'PUBLIC may execute none of the functions');
SELECT is((SELECT array_agg(relname::text) FROM pg_class
		CROSS JOIN LATERAL aclexplode(COALESCE(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))
		WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'S', 'v') AND grantee = 0),
	NULL, 'PUBLIC may do nothing with the tables');
SELECT is((SELECT array_agg(attrelid::regclass || '.' || attname) FROM pg_attribute CROSS JOIN LATERAL aclexplode(attacl)
		WHERE attrelid IN (SELECT oid FROM helper.relations) AND grantee = 0),
	NULL, 'nor with a column of them');
SELECT is((SELECT count(*) FROM pg_namespace CROSS JOIN LATERAL aclexplode(COALESCE(nspacl, acldefault('n', nspowner)))
		WHERE nspname = 'apitoken' AND grantee = 0),
	0::bigint, 'nor with their schema');
CREATE ROLE apitoken_model_nobody;
SELECT is((SELECT array_agg(name) FROM helper.functions WHERE has_function_privilege('apitoken_model_nobody', oid, 'EXECUTE')),
	NULL, 'a bare role may execute none of the functions');
SELECT is((SELECT array_agg(relname::text) FROM helper.relations WHERE relkind <> 'S'
		AND has_table_privilege('apitoken_model_nobody', oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER')),
	NULL, 'a bare role may do nothing with the tables');
SELECT is(has_schema_privilege('apitoken_model_nobody', 'apitoken', 'USAGE,CREATE'), false,
	'a bare role cannot even name them');

/*
 * Enumerations: the documented values, side by side with others.
 */
CREATE TABLE helper.enumerations (member text, statement text, allowed text[], refused text[]);
INSERT INTO helper.enumerations VALUES
	('accounts.type', 'INSERT INTO apitoken.accounts (id, type, name) VALUES (''new'', %L, ''New'')',
		'{Client,Vendor,Operations}', '{"",client,CLIENT,Seller,"Client ",Buyer}'),
	('accounts.status', 'UPDATE apitoken.accounts SET status = %L',
		'{Active,Enabled,Disabled}', '{"",active,Deleted,New}'),
	('users.status', 'UPDATE apitoken.users SET status = %L',
		'{New,Invited,InvitationExpired,Active,Blocked,Disabled,Deleted}', '{"",text,Enabled,Invitation}'),
	('buyers.status', 'UPDATE apitoken.buyers SET status = %L',
		'{Enabled,Active,Disabled,Deleted}', '{"",Offline,Invited}'),
	('sellers.status', 'UPDATE apitoken.sellers SET status = %L',
		'{Active,Disabled,Offline,Deleted}', '{"",Enabled,Blocked}'),
	('api_tokens.status', 'UPDATE apitoken.api_tokens SET status = %L',
		'{Active,Disabled,Deleted}', '{"",Enabled,disabled,Blocked}');

SELECT is(helper.outcome(format(statement, value)), 'ok', member || ' may be ' || value)
	FROM helper.enumerations, unnest(allowed) value;
SELECT is(helper.outcome(format(statement, value)), '23514', format('%s may not be "%s"', member, value))
	FROM helper.enumerations, unnest(refused) value;
SELECT is(helper.outcome(format(statement, NULL)), '23502', member || ' may not be null')
	FROM helper.enumerations;

/*
 * Lengths and the characters of names.
 */
CREATE FUNCTION helper.token_with(member text, value text) RETURNS text
LANGUAGE sql
AS $$
	SELECT helper.outcome(format('UPDATE apitoken.api_tokens SET %I = %L', member, value))
$$;

SELECT is(helper.token_with('name', value), 'ok', 'name may be ' || left(value, 30) || '…')
	FROM unnest(ARRAY['a', repeat('x', 200), repeat('漢', 200), 'Zoë Ünïcode ß', '漢字 カタカナ ひらがな 한국어', '佐々木',
		'Привет Ελληνικά עברית العربية', 'हिन्दी ไทย', E'e\u0301', '0123456789 ٣ ２', 'a-b.c', 'it''s "quoted"',
		'𠀀']) value;
SELECT is(helper.token_with('name', value), '23514', 'name may not be ' || CASE WHEN value ~ '^[!-~]' THEN left(value, 30)
			ELSE 'U+' || upper(to_hex(ascii(value))) END)
	FROM unnest(ARRAY['', repeat('x', 201), repeat('漢', 201), '<b>', '@', '/', '\', '_', ',', ';', ':', '%', '&', '=', '?', '#',
		'(', '[', '{', '*', '+', '!', '$', '|', '~', '`', '^', E'\n', E'\t', E'\r', E'\u0001', E'\u007f', E'\u00a0', '×', '÷',
		E'\u200b', E'\u2028', E'\u202e', E'\ufeff', '“', '–', '€', '。', '😀', '👩‍🚀', E'\U000E0041', E'\uE000']) value;
SELECT is(helper.token_with('name', NULL), '23502', 'name may not be null');
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET name = E'good\n<b>bad' $$), '23514',
	'a bad character is seen after a good line');
SELECT is(helper.token_with('description', repeat('漢', 2000)), 'ok', 'description may have 2,000 characters');
SELECT is(helper.token_with('description', repeat('x', 2001)), '23514', 'description may not have 2,001');
SELECT is(helper.token_with('description', E'<any> @ \n 😀'), 'ok', 'description may hold any character');
SELECT is(helper.token_with('description', NULL), 'ok', 'description may be null');
SELECT is(helper.outcome($$ INSERT INTO apitoken.sellers (id, name) VALUES (repeat('漢', 255), '') $$), 'ok',
	'an id may have 255 characters');
SELECT is(array_agg(helper.outcome(format(statement, $$''$$)) || ' ' || helper.outcome(format(statement, 'repeat(''x'', 256)')) ORDER BY place),
		array_agg('23514 23514'::text), 'and neither none nor one more, wherever one begins')
	FROM unnest(ARRAY[
		'INSERT INTO apitoken.accounts (id, type, name) VALUES (%s, ''Client'', ''x'')',
		'INSERT INTO apitoken.modules (id, code, name) VALUES (%s, ''x'', ''x'')',
		'INSERT INTO apitoken.sellers (id, name) VALUES (%s, ''x'')',
		'INSERT INTO apitoken.users (id, name) VALUES (%s, ''x'')',
		'INSERT INTO apitoken.user_groups (account_id, id, name) VALUES (''text'', %s, ''x'')',
		'INSERT INTO apitoken.buyers (account_id, id, name) VALUES (''text'', %s, ''x'')',
		'INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''text'', %s, ''x'')',
		'INSERT INTO apitoken.actors (type, id) VALUES (''user'', %s)',
		'INSERT INTO apitoken.erasures (kind, resource_id, database_role) VALUES (''user'', %s, ''x'')']) WITH ORDINALITY AS s (statement, place);
-- all other ids refer to one of those
SELECT is((SELECT array_agg(a.attrelid::regclass || ' ' || a.attname ORDER BY a.attrelid::regclass::text, a.attname) FROM pg_attribute a
		JOIN helper.relations r ON r.oid = a.attrelid AND r.relkind = 'r'
		WHERE a.atttypid = 'apitoken.resource_id'::regtype AND NOT a.attisdropped AND NOT EXISTS (
			SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey)
				AND (c.contype = 'f' OR c.contype = 'c' AND c.conname LIKE '%id_length_check'))),
	'{"apitoken.actors account_id","apitoken.api_tokens id","apitoken.users id"}',
	'every id has its length checked, or refers to one; tokens'' and users'' are actors'', whose account is the token''s');
SELECT is((SELECT count(*) FROM pg_constraint WHERE contypid = 'apitoken.resource_id'::regtype), 0::bigint,
	'rows can be distributed by any: its domain checks nothing');
SELECT is(helper.outcome($$ INSERT INTO apitoken.sellers (id, name) VALUES (repeat('x', 256), '') $$), '23514',
	'an id may not have 256');
SELECT is(helper.outcome($$ INSERT INTO apitoken.sellers (id, name) VALUES ('', '') $$), '23514', 'an id may not be empty');
SELECT is(helper.outcome($$ INSERT INTO apitoken.sellers (id, name) VALUES (NULL, '') $$), '23502', 'an id may not be null');
SELECT is(helper.outcome($$ UPDATE apitoken.modules SET code = '' $$), '23514', 'a module''s code may not be empty');
SELECT is(helper.outcome($$ INSERT INTO apitoken.modules (id, code, name) VALUES ('other', 'access-management', '') $$), '23505',
	'two modules may not share a code');
SELECT is(helper.outcome($$ UPDATE apitoken.api_token_credentials SET digest = sha256('x') $$), 'ok', 'a digest may have 32 bytes');
SELECT is(helper.outcome($$ UPDATE apitoken.api_token_credentials SET digest = 'idt:text:secret' $$), '23514',
	'a digest may not have any other length');
SELECT is(helper.outcome($$ UPDATE apitoken.accounts SET pyra_tenant_id = '123e4567' $$), '22P02',
	'pyra_tenant_id is a UUID');

/*
 * An account that has groups has exactly one default group.  In account
 * "text", the group "text" is it.
 */
INSERT INTO apitoken.accounts (id, type, name) VALUES ('other', 'Vendor', 'Other'), ('empty', 'Vendor', 'Empty');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES
	('text', 'second', 'Second', false), ('other', 'other', 'Other', true), ('other', 'other second', 'Second', false);
-- the checks of these rows are over before others are watched
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

SELECT is(helper.outcome($$
	INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('text', 'third', 'Third', true) $$), '23505',
	'a second default group is refused');
SELECT is(helper.outcome($$ UPDATE apitoken.user_groups SET is_default = true WHERE id = 'second' $$), '23505',
	'a group cannot become a second default group');
SELECT is(helper.outcome($$
	INSERT INTO apitoken.user_groups (account_id, id, name) VALUES ('empty', 'first', 'First') $$), '23514',
	'a first group that is not the default is refused in the end');
SELECT is(helper.outcome($$
	INSERT INTO apitoken.user_groups (account_id, id, name) VALUES ('empty', 'first', 'First');
	INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('empty', 'second one', 'Second', true) $$), 'ok',
	'but not before the end');
SELECT is(helper.outcome($$ UPDATE apitoken.user_groups SET is_default = false WHERE id = 'text' $$), '23514',
	'the default group cannot cease to be it');
SELECT is(helper.outcome($$
	DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'text';
	UPDATE apitoken.user_groups SET is_default = false WHERE id = 'text';
	UPDATE apitoken.user_groups SET is_default = true WHERE id = 'second' $$), 'ok',
	'but another can take its place');
SELECT is(helper.outcome($$ DELETE FROM apitoken.user_groups WHERE id = 'other' $$), '23514',
	'the default group cannot go while others stay');
SELECT is(helper.outcome($$ DELETE FROM apitoken.user_groups WHERE account_id = 'other' $$), 'ok', 'all can go');
SELECT is(helper.outcome($$ UPDATE apitoken.user_groups SET account_id = 'empty' WHERE id = 'other' $$), '23001',
	'the default group cannot go over to another account');
SELECT is(helper.outcome($$ UPDATE apitoken.user_groups SET account_id = 'text' WHERE id = 'other second' $$), '23001',
	'nor can another one: a group belongs to one account for life');
SELECT is(helper.outcome($$ UPDATE apitoken.accounts SET type = 'Operations' WHERE id = 'empty' $$), '23001',
	'an account''s type is fixed for life');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('empty', 'free', 'Free');
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET account_id = 'other' WHERE id = 'free' $$), '23001',
	'an API token belongs to one account for life');

/*
 * Links stay inside one account.
 */
INSERT INTO apitoken.buyers (account_id, id, name) VALUES ('other', 'other buyer', 'Other');
INSERT INTO apitoken.users (id, name) VALUES ('outsider', 'Outsider');
INSERT INTO apitoken.user_accounts VALUES ('other', 'outsider');

SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_buyers VALUES ('other', 'other', 'other buyer') $$), 'ok',
	'a group may have a buyer of its account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_buyers VALUES ('text', 'text', 'other buyer') $$), '23503',
	'a group may not have a buyer of another account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_buyers VALUES ('other', 'text', 'other buyer') $$), '23503',
	'nor may a link say that the group is of the buyer''s account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_users VALUES ('other', 'other', 'outsider') $$), 'ok',
	'a group may have a user of its account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_users VALUES ('text', 'text', 'outsider') $$), '23503',
	'a group may not have a user who is not in its account');
SELECT is(helper.outcome($$
	INSERT INTO apitoken.user_group_users VALUES ('other', 'other', 'outsider');
	DELETE FROM apitoken.user_accounts WHERE user_id = 'outsider';
	DELETE FROM apitoken.users WHERE id = 'outsider' $$), 'ok',
	'whoever leaves an account leaves its groups');
SELECT is(helper.outcome($$ INSERT INTO apitoken.user_group_modules VALUES ('other', 'text', 'text') $$), '23503',
	'a group''s module carries the group''s account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_token_modules VALUES ('other', 'text', 'text') $$), '23503',
	'a token''s module carries the token''s account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_token_credentials VALUES ('other', 'free', sha256('x')) $$), '23503',
	'a token''s credential carries the token''s account');
SELECT is(helper.outcome($$
	INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role)
		VALUES ('other', 'free', 'Active', 'postgres') $$), '23503',
	'the trail carries the token''s account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.buyer_errors VALUES ('other', 'text', 1, 'e', 'm') $$), '23503',
	'a buyer''s error carries the buyer''s account');
SELECT is(helper.outcome($$ INSERT INTO apitoken.buyer_sellers VALUES ('other', 'text', 'text') $$), '23503',
	'a buyer''s seller carries the buyer''s account');
SELECT is(helper.outcome($$ UPDATE apitoken.buyers SET contact_id = 'nobody' $$), '23503', 'a contact is a user');
SELECT is(helper.outcome($$ UPDATE apitoken.users SET current_account_id = 'nowhere' $$), '23503',
	'a current account is an account');

/*
 * Actors are users or tokens that there are.
 */
CREATE TABLE helper.audited (relation text);
INSERT INTO helper.audited SELECT attrelid::regclass FROM pg_attribute
	WHERE attrelid IN (SELECT oid FROM helper.relations) AND attname = 'created_by_id';
SELECT is(array_agg(relation ORDER BY relation),
		'{apitoken.accounts,apitoken.api_tokens,apitoken.buyers,apitoken.modules,apitoken.sellers,apitoken.user_groups,apitoken.users}',
		'seven tables have an audit')
	FROM helper.audited;

SELECT is(array_agg(DISTINCT helper.outcome(format('UPDATE %1$s SET %2$s_at = now(), %2$s_by_type = %3$L, %2$s_by_id = %4$L',
			relation, event, type, id))),
		ARRAY[expected], description)
	FROM helper.audited
	CROSS JOIN unnest('{created,updated}'::text[]) event
	CROSS JOIN (VALUES
		('user', 'text', 'ok', 'a user that there is acts everywhere'),
		('token', 'text', 'ok', 'a token that there is acts everywhere'),
		(NULL, NULL, 'ok', 'nobody acts everywhere'),
		('user', 'nobody', '23503', 'a user that there is not acts nowhere'),
		('token', 'outsider', '23503', 'a user''s id is no token''s'),
		('user', 'free', '23503', 'a token''s id is no user''s'),
		('robot', 'text', '23503', 'nothing else acts'),
		('user', NULL, '23503', 'no actor without an id'),
		(NULL, 'text', '23503', 'no actor without a type')) actor (type, id, expected, description)
	GROUP BY type, id, expected, description
	ORDER BY expected DESC, description;

SELECT is(array_agg(DISTINCT helper.outcome(format('UPDATE %s SET updated_at = NULL', relation))), '{23514}',
		'nobody has updated what was never updated')
	FROM helper.audited;

UPDATE apitoken.sellers SET created_by_type = 'user', created_by_id = 'outsider', updated_by_type = 'token', updated_by_id = 'free';
SELECT is(helper.outcome($$ DELETE FROM apitoken.user_accounts WHERE user_id = 'outsider';
	DELETE FROM apitoken.users WHERE id = 'outsider' $$), '23503', 'a user who acted cannot be removed');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'free' $$), '23001',
	'a token cannot be removed');
SELECT is(helper.outcome($$ DELETE FROM apitoken.actors WHERE id = 'free' $$), '23503',
	'nor can it by the back door');
UPDATE apitoken.sellers SET created_by_type = NULL, created_by_id = NULL, updated_by_type = NULL, updated_by_id = NULL;
SELECT is(helper.outcome($$ DELETE FROM apitoken.user_accounts WHERE user_id = 'outsider';
	DELETE FROM apitoken.users WHERE id = 'outsider';
	INSERT INTO apitoken.users (id, name) VALUES ('outsider', 'Again') $$), 'ok', 'a user who did not act can, and can come back');
SELECT is((SELECT array_agg(type || ':' || id ORDER BY type, id) FROM apitoken.actors), '{token:free,token:text,user:outsider,user:text}',
	'there is an actor for each user and each token, and for nothing else');
SELECT is((SELECT array_agg(a.id || ':' || COALESCE(a.account_id, '') ORDER BY a.id, a.account_id NULLS FIRST) FROM apitoken.actors a),
	(SELECT array_agg(k.id || ':' || k.account ORDER BY k.id, k.account) FROM (SELECT id, account_id FROM apitoken.api_tokens UNION ALL SELECT id, '' FROM apitoken.users) k (id, account)),
	'a token''s has its account, a user''s none');
UPDATE apitoken.actors SET account_id = NULL WHERE id = 'free';
SELECT is(helper.outcome($$ INSERT INTO apitoken.actors (type, id) VALUES ('token', 'came first');
	INSERT INTO apitoken.api_tokens (account_id, id, name) SELECT account_id, 'came first', 'x' FROM apitoken.api_tokens WHERE id = 'free';
	DO 'BEGIN
		ASSERT (SELECT a.account_id = t.account_id FROM apitoken.actors a JOIN apitoken.api_tokens t USING (id) WHERE t.id = ''came first'');
		ASSERT (SELECT a.account_id IS NULL FROM apitoken.actors a WHERE a.id = ''free'');
	END' $$), 'ok', 'one that came before its token, as in a dump of version 1.0, gets it with the token, and no other does');
SELECT is(helper.outcome($$ UPDATE apitoken.users SET id = 'changed' WHERE id = 'outsider' $$), '23001',
	'a user''s id cannot change');
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET id = 'changed' WHERE id = 'free' $$), '23001',
	'a token''s id cannot change');
SELECT is(helper.outcome($$ UPDATE apitoken.users SET id = id, name = 'Renamed' WHERE id = 'outsider' $$), 'ok',
	'a user''s name can');
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('other', 'free', 'Second') $$), '23505',
	'two accounts cannot have tokens of one id');

/*
 * Deleted is for good, and the trail only grows.
 */
UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'text';
UPDATE apitoken.api_tokens SET status = 'Deleted' WHERE id = 'text';
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'text' $$), '23001',
	'a Deleted token cannot be Active again');
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'text' $$), '23001',
	'nor Disabled');
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET name = 'Renamed' WHERE id = 'text' $$), 'ok',
	'its other columns can change');
SELECT is((SELECT jsonb_agg(jsonb_build_array(account_id, api_token_id, from_status, to_status, actor_type, actor_id,
			database_role = session_user) ORDER BY id) FROM apitoken.api_token_transitions WHERE to_status IS NOT NULL AND event <> 'created'),
	'[["text", "text", "Active", "Disabled", null, null, true], ["text", "text", "Disabled", "Deleted", null, null, true]]'::jsonb,
	'a status changed by hand leaves its row in the trail');
SELECT is(helper.outcome($$ UPDATE apitoken.api_token_transitions SET to_status = 'Active' $$), '23001',
	'a row of the trail cannot change');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_token_transitions $$), '23001', 'nor go');
SELECT is(helper.outcome($$ TRUNCATE apitoken.api_token_transitions $$), '23001', 'nor can all of them');
SELECT is(helper.outcome($$ TRUNCATE apitoken.api_tokens CASCADE $$), '23001', 'nor with the tokens');
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'text' $$), '23001',
	'a Deleted token cannot be removed');

/*
 * What the default group loses, the account's other groups and tokens lose.
 */
INSERT INTO apitoken.modules (id, code, name, account_types) VALUES ('kept', 'kept', 'Kept', '{Vendor}'), ('lost', 'lost', 'Lost', '{Vendor,Client}');
INSERT INTO apitoken.user_group_modules VALUES ('other', 'other', 'kept'), ('other', 'other', 'lost'),
	('other', 'other second', 'kept'), ('other', 'other second', 'lost'), ('text', 'text', 'lost');
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('other', 'moduled', 'Moduled');
INSERT INTO apitoken.api_token_modules VALUES ('other', 'moduled', 'kept'), ('other', 'moduled', 'lost');
CREATE VIEW helper.held AS
	SELECT user_group_id AS holder, module_id FROM apitoken.user_group_modules
	UNION ALL SELECT api_token_id, module_id FROM apitoken.api_token_modules;
DELETE FROM apitoken.user_group_modules WHERE (user_group_id, module_id) = ('other second', 'kept');
SELECT is((SELECT array_agg(holder || ':' || module_id ORDER BY holder, module_id) FROM helper.held),
	'{moduled:kept,moduled:lost,other:kept,other:lost,"other second:lost",text:lost,text:text,text:text}'::text[],
	'what another group loses, nobody else does');
DELETE FROM apitoken.user_group_modules WHERE (user_group_id, module_id) = ('other', 'lost');
SELECT is((SELECT array_agg(holder || ':' || module_id ORDER BY holder, module_id) FROM helper.held),
	'{moduled:kept,other:kept,text:lost,text:text,text:text}'::text[],
	'a module taken from the default group is taken from its account''s other groups and tokens, and from no other account''s');

SELECT * FROM finish();
ROLLBACK;
