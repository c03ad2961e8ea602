/*
 * The selection of fields: what it takes off and gives, what $meta.omitted
 * says of it, what it refuses, and that what is not asked for is not read.
 *
 * Run it from the folder above this one: psql reads the documented response
 * from there.
 */
\ir fixtures/life.psql
\set content `cat test/reference/disable-token.response.json`

-- Plans of this session are made with it: a table of a few rows is not read for none of them.
SET enable_seqscan = off;
-- which makes plans look so dear that they are compiled
SET jit = off;

/*
 * The members that there are, from the documented response: the names on the
 * way from the token, and how many of them lead to the resource it is of.
 */
CREATE TABLE helper.members AS
	WITH RECURSIVE node (path, owner, value) AS (
		SELECT '{}'::text[], 0, :'content'::jsonb
		UNION ALL
		SELECT child.path, CASE WHEN child.value ? '$meta' THEN cardinality(child.path) ELSE node.owner END, child.value
			FROM node
			CROSS JOIN LATERAL (
				SELECT node.path || key, value
					FROM jsonb_each(CASE jsonb_typeof(node.value) WHEN 'object' THEN node.value ELSE '{}' END)
					WHERE key <> '$meta'
				UNION ALL
				SELECT node.path, value
					FROM jsonb_array_elements(CASE jsonb_typeof(node.value) WHEN 'array' THEN node.value ELSE '[]' END)
			) child (path, value)
	)
	SELECT path, array_to_string(path, '.') AS name,
			-- a resource is a member of the one before
			(SELECT max(o.owner) FROM node o WHERE cardinality(o.path) < cardinality(node.path)
				AND o.path = node.path[:cardinality(o.path)]) AS owner
		FROM node WHERE path <> '{}' GROUP BY path;

-- The members of an account, in jsonb's order and in that of names, for what lists
-- them: heldAt, which this account has not, can be asked for, but is not left out.
SELECT string_agg(name, ', ' ORDER BY length(name), name COLLATE "C") AS account,
		to_json(array_agg(name ORDER BY name COLLATE "C") FILTER (WHERE name <> ALL ('{id,$meta,heldAt}'))) AS of_account
	FROM (SELECT path[2] AS name FROM helper.members WHERE path[1] = 'account' AND cardinality(path) = 2
		UNION VALUES ('$meta'), ('heldAt')) m (name) \gset

/*
 * What taking members off a document should give: worked out a second time,
 * from the document with everything.
 */
CREATE FUNCTION helper.remove(node jsonb, path text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	child jsonb;
BEGIN
	IF jsonb_typeof(node) = 'array' THEN
		RETURN (SELECT COALESCE(jsonb_agg(helper.remove(element, path) ORDER BY place), '[]')
			FROM jsonb_array_elements(node) WITH ORDINALITY e (element, place));
	ELSIF jsonb_typeof(node) <> 'object' OR NOT node ? path[1] THEN
		RETURN node;
	ELSIF cardinality(path) = 1 THEN
		RETURN node - path[1];
	END IF;

	-- an object of which nothing is left is absent
	child := helper.remove(node -> path[1], path[2:]);
	RETURN CASE child WHEN '{}' THEN node - path[1] ELSE jsonb_set(node, path[1:1], child) END;
END
$$;
CREATE FUNCTION helper.without(node jsonb, path text[], owner integer) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
	IF jsonb_typeof(node) = 'array' THEN
		RETURN (SELECT COALESCE(jsonb_agg(helper.without(element, path, owner) ORDER BY place), '[]')
			FROM jsonb_array_elements(node) WITH ORDINALITY e (element, place));
	ELSIF jsonb_typeof(node) <> 'object' THEN
		RETURN node;
	ELSIF owner > 0 THEN
		RETURN CASE WHEN node ? path[1]
			THEN jsonb_set(node, path[1:1], helper.without(node -> path[1], path[2:], owner - 1)) ELSE node END;
	END IF;
	RETURN jsonb_set(helper.remove(node, path), '{$meta,omitted}', (
		SELECT jsonb_agg(name ORDER BY name COLLATE "C") FROM (
			SELECT jsonb_array_elements_text(node #> '{$meta,omitted}') UNION SELECT array_to_string(path, '.')) names (name)));
END
$$;
-- Everything but a member is taken off: what stands beside the steps to it.
CREATE FUNCTION helper.alone(document jsonb, target text[]) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	beside record;
BEGIN
	FOR beside IN
		SELECT m.path, m.owner FROM helper.members m
			WHERE cardinality(m.path) <= cardinality(target)
				AND m.path[:cardinality(m.path) - 1] = target[:cardinality(m.path) - 1]
				AND m.path <> target[:cardinality(m.path)]
	LOOP
		document := helper.without(document, beside.path, beside.owner);
	END LOOP;
	RETURN document;
END
$$;

-- helper.same() takes its time to say where documents differ: here, only where they do.
CREATE FUNCTION helper.equal(have jsonb, want jsonb, description text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
BEGIN
	IF have = want THEN
		RETURN NEXT pass(description);
	ELSE
		RETURN QUERY SELECT helper.same(have, want, description);
	END IF;
END
$$;

BEGIN;
SELECT plan((SELECT count(*)::integer * 2 FROM helper.members) + 143);

-- An actor who is met twice in an audit is a test of its own, at the end of the next part.
UPDATE apitoken.user_groups SET updated_by_id = 'USR-3001-0002' WHERE id = 'UGR-3001-0002';
CREATE TABLE helper.whole AS SELECT api.apitoken_get('TKN-1671-0642') AS document;

/*
 * Each member taken off, and each by itself.
 */
SELECT cmp_ok((SELECT count(*) FROM helper.members), '>=', 230::bigint, 'the documented response has so many members');
SELECT is((SELECT count(*) FROM helper.members, helper.whole WHERE document #> path IS NOT NULL) > 20, true, 'the document has some of them');
SELECT helper.equal(api.apitoken_get('TKN-1671-0642', '-' || name), helper.without(document, path, owner), '-' || name)
	FROM helper.members, helper.whole ORDER BY name COLLATE "C";
SELECT helper.equal(api.apitoken_get('TKN-1671-0642', '-*,+' || name), helper.alone(document, path), '-*,+' || name)
	FROM helper.members, helper.whole ORDER BY name COLLATE "C";

/*
 * Selections that say the same.
 */
SELECT helper.equal(api.apitoken_get('TKN-1671-0642', fields), document, COALESCE('everything: ' || fields, 'everything: NULL'))
	FROM helper.whole, unnest(ARRAY[NULL, '', '+name', 'name', ' name', '+*', '*', '-*,+*', '-name,+name', '-account,+account', '-account.id,+account',
		'-account.id,+account.id', '-account.groups.users.email,+account', '-modules.filters.group.buyers,+modules.filters',
		'-$meta', '-$meta,-account.$meta', '+account.groups.users.name', '+$meta', '-account.*,+account.*', '-account.*,+account',
		'-name,-status,+*', '+account.address.city', '-audit.created.by.name,+audit.created.by', '+name,+name,+name']) fields;
SELECT helper.equal(api.apitoken_get('TKN-1671-0642', one), api.apitoken_get('TKN-1671-0642', other), format('%s: %s', one, other))
	FROM (VALUES
		('-*,+id,+name', ' -* , +id , +name '),
		('-*,+id,+name', '-*,id,name'),
		('-*,+id,+name', '-*, id, name'),
		('-*,+id,+name', E'\t-*,\n+id,\r\n+name'),
		('-*,+id,+name', '-*,+name,+id'),
		('-*', '-*,+name,-name'),
		('-*', '-*,-name,-account.groups'),
		('-*', '+name,-*'),
		('-*', '-*,+$meta'),
		('-account', '-account,-account.id'),
		('-account', '-account.id,-account'),
		('-account', '+account.name,-account'),
		('-name,-status', '-status,-name'),
		('-name', '-name,-name'),
		('-account,+account.id', '-account.*,+account.id'),
		('-account,+account.groups.id', '-account.*,+account.groups.id'),
		('-account.groups,+account.groups.users.id', '-account.groups.*,+account.groups.users.id'),
		('-*,+account', '-*,+account.*'),
		('-*,+account,-account.groups', '-*,-account.groups,+account,-account.groups'),
		('-*,+account.id,+account.name', '-*,+account.name,+account.id'),
		('-*,+account.id,+account', '-*,+account'),
		('-account.groups.users', '-account.groups.users.id,-account.groups.users'),
		('-*,+audit', '-*,+audit.created,+audit.updated'),
		('-account.address.city,-account.address.country', '-account.address.country,-account.address.city')
	) pairs (one, other);

/*
 * Some in full.
 */
SELECT is(api.apitoken_get('TKN-1671-0642', '-*'), '{"$meta": {"omitted": ["account", "audit", "description", "href", "icon", "id",
	"lastAccessAt", "modules", "name", "status", "token"]}}', 'nothing: $meta stays');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id,+account.id,+modules.filters.group.buyers,-account.$meta'),
	('{"$meta": {"omitted": ["audit", "description", "href", "icon", "lastAccessAt", "name", "status", "token"]},
	"id": "TKN-1671-0642",
	"account": {"id": "ACC-3001-7788", "$meta": {"omitted": ' || :'of_account' || '}},
	"modules": [
		{"$meta": {"omitted": ["accountTypes", "audit", "description", "href", "id", "isConfigurable", "isEnabledByDefault", "name", "paid", "settings"]},
			"filters": {"group.buyers": ["selected", "all"]}},
		{"$meta": {"omitted": ["accountTypes", "audit", "description", "href", "id", "isConfigurable", "isEnabledByDefault", "name", "paid", "settings"]},
			"filters": {"group.buyers": ["selected", "all"]}}]}')::jsonb, 'members of links, and a name with a dot');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+audit.created.by.name') - '$meta',
	'{"audit": {"created": {"by": {"name": "Clara Jones", "$meta": {"omitted": ["audit", "href", "icon", "id"]}}}}}', 'an actor''s name');
SELECT is(d -> '$meta', '{"omitted": ["account", "audit.created.at", "audit.updated", "description", "href", "icon", "id", "lastAccessAt",
	"modules", "name", "status", "token"]}', 'and what is beside it on the way')
	FROM api.apitoken_get('TKN-1671-0642', '-*,+audit.created.by.name') d;
SELECT is(jsonb_path_query_array(d, '$.account.groups[*].buyers[*].errors'),
	'[[], [{"message": "There is no customer in the ERP system", "parameters": null}, {"message": "The tax id is missing", "parameters": {"country": "IE"}}], []]',
	'in records of a list of a list of a list')
	FROM api.apitoken_get('TKN-1671-0642', '-account.groups.buyers.errors.id') d;
SELECT is((SELECT jsonb_agg(DISTINCT m) FROM api.apitoken_get('TKN-1671-0642', '-account.groups.buyers.errors.id,-account.groups.buyers.address.city') d,
	jsonb_path_query(d, '$.account.groups[*].buyers[*]."$meta"') m), '[{"omitted": ["address.city", "errors.id"]}]', 'named, sorted, by the buyer');
SELECT is(d #> '{account,$meta}', '{"omitted": ["externalId", "externalIds.pyraTenantId", "groups", "status"]}', 'sorted by bytes, whatever the order of the selection')
	FROM api.apitoken_get('TKN-1671-0642', '-account.status,-account.groups,-account.externalIds.pyraTenantId,-account.externalId') d;
SELECT is(d #> '{account}' ? 'externalIds', false, 'an object of which nothing is left is absent')
	FROM api.apitoken_get('TKN-1671-0642', '-account.externalIds.pyraTenantId') d;
SELECT is(jsonb_build_array(d #> '{account,groups,0,account,groups}', d #> '{account,groups,0,users,0,accounts}', d #> '{account,groups,0,buyers,0,audit}'),
	'[["[Circular Reference]"], "[Circular Reference]", "[Circular Reference]"]', 'what is closed is marked as ever')
	FROM api.apitoken_get('TKN-1671-0642', '-*,+account.groups.account.groups,+account.groups.users.accounts,+account.groups.buyers.audit') d;
SELECT is(jsonb_build_array(d -> '$meta', d -> 'modules'), '[{"omitted": ["account", "audit", "description", "href", "icon", "id", "lastAccessAt", "name", "status", "token"]}, []]',
	'an empty list that was asked for is there') FROM api.apitoken_get('TKN-3003-1001', '-*,+modules') d;
SET LOCAL apitoken.max_list_items = 1;
SELECT is(d -> '$meta', '{"omitted": ["icon", "modules", "name"]}', 'a list that is too long is named among what was taken off')
	FROM api.apitoken_get('TKN-1671-0642', '-name,-icon') d;
SELECT is(d #> '{account,$meta}', '{"omitted": ["groups", "name"]}', 'in its owner''s $meta')
	FROM api.apitoken_get('TKN-1671-0642', '-account.name') d;
SET LOCAL apitoken.max_list_items = 10000;

-- the same for the other calls
SELECT helper.equal(p.result::jsonb, api.apitoken_get('TKN-1671-0642', '-*,+id,+account.groups.id'), 'disable') FROM
	helper.probe($$ SELECT api.apitoken_disable('TKN-1671-0642', '-*,+id,+account.groups.id') $$) p;
SELECT helper.equal(p.result::jsonb, api.apitoken_get('TKN-3001-1004', '-*,+id,+account.groups.id'), 'enable') FROM
	helper.probe($$ SELECT api.apitoken_enable('TKN-3001-1004', '-*,+id,+account.groups.id') $$) p;
SELECT helper.equal(p.result::jsonb, api.apitoken_get('TKN-1671-0642', '-*,+id,+account.groups.id'), 'update') FROM
	helper.probe($$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}', '-*,+id,+account.groups.id') $$) p;

-- An actor is expanded where he is first met in what is given of an audit.
UPDATE apitoken.user_groups SET updated_by_id = 'USR-3001-0001' WHERE id = 'UGR-3001-0002';
SELECT is(jsonb_build_array(d #> '{account,groups,1,audit,created,by,id}', d #> '{account,groups,1,audit,updated,by}'),
	'["USR-3001-0001", "[Circular Reference]"]', 'who created and updated something is closed the second time')
	FROM api.apitoken_get('TKN-1671-0642', '-*,+account.groups.audit') d;
SELECT is(d #> '{account,groups,1,audit}' #- '{updated,by,audit}' #- '{updated,by,$meta}', '{"created": {"at": "2024-05-02T12:00:00.000Z"}, "updated":
	{"at": "2024-05-03T12:00:00.000Z", "by": {"id": "USR-3001-0001", "href": "/v1/accounts/users/USR-3001-0001", "icon": "/icons/clara.png", "name": "Clara Jones"}}}',
	'which is the first, where the first is taken off')
	FROM api.apitoken_get('TKN-1671-0642', '-account.groups.audit.created.by') d;

/*
 * What is refused.
 */
\set token 'Its members are: id, href, icon, name, $meta, audit, token, heldAt, status, account, modules, expiresAt, revokedAt, rotatedAt, description, lastAccessAt, oldSecretUntil, allowedNetworks.'
\set account 'Its members are: ' :account '.'
\set itself 'It stands for itself: it has no members to choose from.'
\set grammar 'Write fields as +a,-b,-c.d, or -* to start from nothing.'
SELECT is(jsonb_build_array(f.code, f.message, f.detail, f.hint), jsonb_build_array('PT400', 'Bad Request', wrong.detail, wrong.hint), wrong.fields)
	FROM (VALUES
		(1, 'nam', 'The field "nam" does not exist: the API token has no member "nam".', :'token'),
		(2, '+Name', 'The field "Name" does not exist: the API token has no member "Name".', :'token'),
		(3, '-names', 'The field "names" does not exist: the API token has no member "names".', :'token'),
		(4, '-*,+id,+nothing', 'The field "nothing" does not exist: the API token has no member "nothing".', :'token'),
		(5, 'digest', 'The field "digest" does not exist: the API token has no member "digest".', :'token'),
		(6, '-%s%n', 'The field "%s%n" does not exist: the API token has no member "%s%n".', :'token'),
		(7, 'né😀', 'The field "né😀" does not exist: the API token has no member "né😀".', :'token'),
		(8, '--name', 'The field "-name" does not exist: the API token has no member "-name".', :'token'),
		(9, '*.name', 'The field "*.name" does not exist: the API token has no member "*".', :'token'),
		(10, '**', 'The field "**" does not exist: the API token has no member "**".', :'token'),
		(11, 'name status', 'The field "name status" does not exist: the API token has no member "name status".', :'token'),
		(12, '"name"', 'The field ""name"" does not exist: the API token has no member ""name"".', :'token'),
		(13, '.name', 'The field ".name" does not exist: the API token has no member "".', :'token'),
		(14, 'account.', 'The field "account." does not exist: "account" has no member "".', :'account'),
		(15, 'account.city', 'The field "account.city" does not exist: "account" has no member "city".', :'account'),
		(16, 'account..id', 'The field "account..id" does not exist: "account" has no member "".', :'account'),
		(17, 'account.*.id', 'The field "account.*.id" does not exist: "account" has no member "*".', :'account'),
		(18, '-account,-account.city', 'The field "account.city" does not exist: "account" has no member "city".', :'account'),
		(19, '-account.address.town', 'The field "account.address.town" does not exist: "account.address" has no member "town".',
			'Its members are: city, state, country, postCode, addressLine1, addressLine2.'),
		(20, 'account.groups[0].id', 'The field "account.groups[0].id" does not exist: "account" has no member "groups[0]".', :'account'),
		(21, 'modules.filters.group', 'The field "modules.filters.group" does not exist: "modules.filters" has no member "group".', 'Its members are: group.buyers.'),
		(22, 'modules.filters.group.buyers.id', 'The field "modules.filters.group.buyers.id" does not exist: "modules.filters.group.buyers" has no member "id".', :'itself'),
		(23, 'account.groups.buyers.errors.code', 'The field "account.groups.buyers.errors.code" does not exist: "account.groups.buyers.errors" has no member "code".',
			'Its members are: id, message, parameters.'),
		(24, 'account.groups.buyers.errors.parameters.country', 'The field "account.groups.buyers.errors.parameters.country" does not exist: "account.groups.buyers.errors.parameters" has no member "country".', :'itself'),
		(25, 'audit.created.by.email', 'The field "audit.created.by.email" does not exist: "audit.created.by" has no member "email".', 'Its members are: id, href, icon, name, $meta, audit.'),
		(26, 'name.first', 'The field "name.first" does not exist: "name" has no member "first".', :'itself'),
		(27, 'name.*', 'The field "name.*" does not exist: "name" has no member "*".', :'itself'),
		(28, '-$meta.omitted', 'The field "$meta.omitted" does not exist: "$meta" has no member "omitted".', :'itself'),
		-- behind a closed link
		(29, 'account.groups.users.audit.created', 'The field "account.groups.users.audit.created" does not exist: "account.groups.users.audit" has no member "created".', :'itself'),
		(30, 'account.groups.users.accounts.id', 'The field "account.groups.users.accounts.id" does not exist: "account.groups.users.accounts" has no member "id".', :'itself'),
		(31, 'account.groups.users.currentAccount.id', 'The field "account.groups.users.currentAccount.id" does not exist: "account.groups.users.currentAccount" has no member "id".', :'itself'),
		(32, 'account.groups.buyers.contact.name', 'The field "account.groups.buyers.contact.name" does not exist: "account.groups.buyers.contact" has no member "name".', :'itself'),
		(33, 'account.groups.buyers.sellers.*', 'The field "account.groups.buyers.sellers.*" does not exist: "account.groups.buyers.sellers" has no member "*".', :'itself'),
		(34, 'account.groups.modules.audit.created.at', 'The field "account.groups.modules.audit.created.at" does not exist: "account.groups.modules.audit" has no member "created".', :'itself'),
		(35, 'account.groups.account.groups.id', 'The field "account.groups.account.groups.id" does not exist: "account.groups.account.groups" has no member "id".', :'itself'),
		(36, 'audit.created.by.audit.created.by.id', 'The field "audit.created.by.audit.created.by.id" does not exist: "audit.created.by.audit.created.by" has no member "id".', :'itself'),
		-- not in the grammar
		(37, ' ', 'The selection of fields is malformed at position 2: a field''s name is missing.', :'grammar'),
		(38, ',', 'The selection of fields is malformed at position 1: a field''s name is missing.', :'grammar'),
		(39, 'name,', 'The selection of fields is malformed at position 6: a field''s name is missing.', :'grammar'),
		(40, ',name', 'The selection of fields is malformed at position 1: a field''s name is missing.', :'grammar'),
		(41, 'name,,id', 'The selection of fields is malformed at position 6: a field''s name is missing.', :'grammar'),
		(42, '+', 'The selection of fields is malformed at position 2: a field''s name is missing.', :'grammar'),
		(43, 'name,-', 'The selection of fields is malformed at position 7: a field''s name is missing.', :'grammar')
	) wrong (number, fields, detail, hint),
	helper.failure(format('SELECT api.apitoken_get(''TKN-1671-0642'', %L)', wrong.fields)) f
	ORDER BY wrong.number;
SELECT is(array(SELECT DISTINCT f.code FROM unnest('{disable,enable,get}'::text[]) name, helper.failure(format('SELECT api.apitoken_%s(''TKN-1671-0642'', ''nam'')', name)) f), '{PT400}',
	'a wrong field is told before anything is done');
SELECT is((SELECT status FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642'), 'Active', 'and nothing was');
SELECT is((SELECT f.code FROM helper.failure(format('SELECT api.apitoken_get(''TKN-1671-0642'', %L)', 'account' || repeat('.groups.account', 1000))) f), 'PT400', 'a path of 2,001 names');
SELECT is(api.apitoken_get('TKN-1671-0642', '-*' || repeat(',+name,-name', 20000) || ',+id') ->> 'id', 'TKN-1671-0642', 'a selection of 40,002 items');
COMMIT;

/*
 * What is not asked for is not read: the tables of which a call reads rows.
 */
CREATE FUNCTION helper.rows_read() RETURNS TABLE (name text, rows bigint)
LANGUAGE sql
AS $$
	SELECT relname, seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE schemaname = 'apitoken'
$$;
CREATE FUNCTION helper.tables_read(statement text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	before jsonb;
BEGIN
	SELECT jsonb_object_agg(name, rows) INTO before FROM helper.rows_read();
	EXECUTE statement;
	RETURN (SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM helper.rows_read() WHERE rows > (before ->> name)::bigint);
END
$$;
SELECT is(helper.tables_read(format('SELECT api.apitoken_get(''TKN-1671-0642'', %L)', fields)), tables, 'read for ' || fields)
	FROM (VALUES
		(1, '-*', 'api_tokens'),
		(2, '-*,+id', 'api_tokens'),
		(3, '-*,+id,+href,+status,+name,+description,+icon,+token', 'api_tokens'),
		(4, '-*,+lastAccessAt', 'api_token_credentials api_tokens'),
		(5, '-*,+audit.created.at,+audit.updated.at', 'api_tokens'),
		(6, '-*,+audit', 'api_tokens users'),
		(7, '-*,+audit.updated.by.id', 'api_tokens users'),
		(8, '-*,+modules.id', 'api_token_modules api_tokens modules'),
		(9, '-*,+modules', 'api_token_modules api_tokens modules users'),
		(10, '-*,+modules,-modules.audit', 'api_token_modules api_tokens modules'),
		(11, '-*,+account.id', 'accounts api_tokens'),
		(12, '-*,+account,-account.groups,-account.audit', 'accounts api_tokens'),
		(13, '-*,+account,-account.groups', 'accounts api_tokens users'),
		(14, '-*,+account.groups.id', 'accounts api_tokens user_groups'),
		(15, '-*,+account.groups.account.name', 'accounts api_tokens user_groups'),
		(16, '-*,+account.groups.account.groups', 'accounts api_tokens user_groups'),
		(17, '-*,+account.groups.account.audit', 'accounts api_tokens user_groups users'),
		(18, '-*,+account.groups.modules', 'accounts api_tokens modules user_group_modules user_groups'),
		(19, '-*,+account.groups.users', 'accounts api_tokens user_group_users user_groups users'),
		(20, '-*,+account.groups.users.accounts,+account.groups.users.currentAccount', 'accounts api_tokens user_group_users user_groups users'),
		(21, '-*,+account.groups.buyers.sellers,+account.groups.buyers.contact,+account.groups.buyers.account',
			'accounts api_tokens buyers user_group_buyers user_groups'),
		(22, '-*,+account.groups.buyers,-account.groups.buyers.errors', 'accounts api_tokens buyers user_group_buyers user_groups'),
		(23, '-*,+account.groups.buyers.errors.id', 'accounts api_tokens buyer_errors buyers user_group_buyers user_groups'),
		(24, '-account,-modules,-audit,-lastAccessAt', 'api_tokens'),
		(25, '-account.groups', 'accounts api_token_credentials api_token_modules api_tokens modules users'),
		(26, '+*', 'accounts api_token_credentials api_token_modules api_tokens buyer_errors buyers modules user_group_buyers user_group_modules'
			' user_group_users user_groups users')
	) expected (number, fields, tables)
	ORDER BY number;
BEGIN;
SELECT is(helper.tables_read(call), 'api_tokens', 'read for ' || call)
	FROM unnest(ARRAY['SELECT api.apitoken_disable(''TKN-1671-0642'', ''-*,+id,+status'')', 'SELECT api.apitoken_enable(''TKN-3001-1004'', ''-*,+id,+status'')',
		'SELECT api.apitoken_update(''TKN-3001-1003'', ''{"name": "New"}'', ''-*,+id,+status'')']) call;
COMMIT;

SELECT * FROM finish();
