/*
 * A token that may administer none reads itself: what it is shown, and what not.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(47);

CREATE ROLE apitoken_itself_caller;
GRANT USAGE ON SCHEMA api TO apitoken_itself_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_itself_caller;

-- TKN-3001-1003 holds the module orders alone.  Another token has made it.
UPDATE apitoken.api_tokens SET created_by_type = 'token', created_by_id = 'TKN-3001-1002', updated_at = '2026-01-02T03:04:05.006Z',
	updated_by_type = 'user', updated_by_id = 'USR-3001-0001' WHERE id = 'TKN-3001-1003';
CREATE FUNCTION helper.itself(statement text, OUT code text, OUT result text, OUT message text, OUT detail text, OUT hint text, OUT everything text)
LANGUAGE sql
AS $$
	SELECT * FROM helper.probe(statement, helper.as_token('TKN-3001-1003'), 'apitoken_itself_caller')
$$;

/*
 * get
 */
CREATE TABLE helper.document AS
	SELECT api.apitoken_get('TKN-3001-1003') AS whole, (helper.itself($$ SELECT api.apitoken_get('TKN-3001-1003') $$)).result::jsonb AS shown;
SELECT is(shown - 'account' - 'modules' - 'audit' - '$meta' - 'lastAccessAt', whole - 'account' - 'modules' - 'audit' - '$meta' - 'lastAccessAt', 'its own plain members')
	FROM helper.document;
SELECT is(shown -> '$meta', '{"omitted": ["audit.created.by", "audit.updated.by"]}', 'what is left out of it is named') FROM helper.document;
SELECT is(shown -> 'audit', jsonb_build_object('created', jsonb_build_object('at', whole #> '{audit,created,at}'), 'updated', jsonb_build_object('at', '2026-01-02T03:04:05.006Z')),
	'when it was made and changed, and not by whom') FROM helper.document;
SELECT is(shown -> 'account', jsonb_build_object('id', 'ACC-3001-7788', 'href', '/v1/accounts/accounts/ACC-3001-7788', 'type', 'Client', 'status', 'Active',
	'name', 'Contoso Retail', 'icon', '/icons/contoso.png', '$meta', jsonb_build_object('omitted', '["address", "audit", "description", "externalId", "externalIds", "externalName",
		"groups", "serviceLevel", "technicalSupportEmail", "website"]'::jsonb)), 'the account') FROM helper.document;
SELECT is(jsonb_path_query_array(shown, '$.modules[*].id'), '["MOD-0003"]', 'its modules') FROM helper.document;
SELECT is((shown #> '{modules,0}') - '$meta', (whole #> '{modules,0}') - 'audit' - '$meta', 'a module') FROM helper.document;
SELECT is(shown #> '{modules,0,$meta}', '{"omitted": ["audit"]}', 'what is left out of a module') FROM helper.document;
SELECT is(array(SELECT DISTINCT m[1] FROM helper.document, regexp_matches(shown::text, '((?:USR|UGR|BUY|TKN)-\d{4}-\d{4})', 'g') m), '{TKN-3001-1003}', 'nobody else is in it');

SELECT is(result::jsonb, fields.answer::jsonb, 'with fields ' || fields.fields)
	FROM (VALUES
		(1, '-*,+id', '{"id": "TKN-3001-1003", "$meta": {"omitted": ["account", "audit", "description", "href", "icon", "lastAccessAt", "modules", "name", "status", "token"]}}'),
		(2, '-*,+account.groups', '{"account": {"$meta": {"omitted": ["address", "audit", "description", "externalId", "externalIds", "externalName", "groups", "href", "icon", "id", "name", "serviceLevel", "status",
			"technicalSupportEmail", "type", "website"]}}, "$meta": {"omitted": ["audit", "description", "href", "icon", "id", "lastAccessAt", "modules", "name", "status", "token"]}}'),
		(3, '-*,+account.website,+audit.created.by', '{"account": {"$meta": {"omitted": ["address", "audit", "description", "externalId", "externalIds", "externalName", "groups", "href", "icon", "id", "name", "serviceLevel", "status",
			"technicalSupportEmail", "type", "website"]}}, "$meta": {"omitted": ["audit.created.at", "audit.created.by", "audit.updated", "description", "href", "icon", "id", "lastAccessAt", "modules", "name", "status", "token"]}}')
	) fields (number, fields, answer), helper.itself(format('SELECT api.apitoken_get(''TKN-3001-1003'', %L)', fields.fields))
	ORDER BY fields.number;

SELECT is(jsonb_build_array(code, detail), other.answer::jsonb, other.call)
	FROM (VALUES
		(1, 'get(''TKN-1671-0642'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(2, 'get(''TKN-3002-1001'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(3, 'get(''TKN-9999-9999'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(4, 'get('''')', '["PT400", "The argument \"id\" is null or empty."]'),
		(5, 'get(''TKN-3001-1003 '')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(6, 'disable(''TKN-3001-1003'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(7, 'enable(''TKN-3001-1003'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(8, 'delete(''TKN-3001-1003'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(9, 'update(''TKN-3001-1003'', ''{}'')', '["PT403", "The actor holds no module that lets him administer API tokens."]'),
		(10, 'disable_all(''ACC-3001-7788'')', '["PT403", "The actor holds no module that lets him administer API tokens."]')
	) other (number, call, answer), helper.itself('SELECT api.apitoken_' || other.call)
	ORDER BY other.number;

/*
 * list: it is the only row there is.
 */
SELECT is(jsonb_build_array(l.result::jsonb #> '{$meta,pagination,total}', jsonb_path_query_array(l.result::jsonb, '$.data[*].id')), list.answer::jsonb, 'list: ' || list.query)
	FROM (VALUES
		(1, '', '[1, ["TKN-3001-1003"]]'),
		(2, 'limit=2&token=' || helper.secret('TKN-3001-1003'), '[1, ["TKN-3001-1003"]]'),
		(3, 'token=' || helper.secret('TKN-1671-0642'), '[0, []]'),
		(4, 'id=TKN-1671-0642', '[0, []]'),
		(5, 'or(id=TKN-1671-0642,id=TKN-3001-1003,status=Active)', '[1, ["TKN-3001-1003"]]'),
		(6, 'not(id=x)', '[1, ["TKN-3001-1003"]]'),
		(7, 'account.id=ACC-3001-7788&account.name=Contoso%20Retail', '[1, ["TKN-3001-1003"]]'),
		(8, 'any(modules,id=MOD-0003)&order=-name', '[1, ["TKN-3001-1003"]]'),
		(9, 'status=Deleted', '[0, []]'),
		(10, 'limit=0', '[1, []]')
	) list (number, query, answer), helper.itself(format('SELECT api.apitoken_list(%L)', list.query)) l
	ORDER BY list.number;
SELECT is(result::jsonb #> '{data,0,account}', '{"id": "ACC-3001-7788", "icon": "/icons/contoso.png", "name": "Contoso Retail", "type": "Client", "status": "Active",
	"href": "/v1/accounts/accounts/ACC-3001-7788", "$meta": {"omitted": ["address", "audit", "description", "externalId", "externalIds", "externalName", "groups", "serviceLevel",
		"technicalSupportEmail", "website"]}}', 'select cannot ask for more') FROM helper.itself($$ SELECT api.apitoken_list('select=+account,+audit') $$);

-- What it is not shown, it may not find out by asking.
SELECT is(jsonb_build_array(code, detail), jsonb_build_array('PT403', format('The API token may not ask about "%s".', hidden.path)), hidden.query)
	FROM (VALUES
		(1, 'account.technicalSupportEmail=x', 'account.technicalSupportEmail'),
		(2, 'like(account.address.city,"L*")', 'account.address.city'),
		(3, 'Account.Website=x', 'Account.Website'),
		(4, 'audit.created.by.id=TKN-3001-1002', 'audit.created.by.id'),
		(5, 'eq(name,self(account.description))', 'account.description'),
		(6, 'eq(name,account.description)', 'account.description'),
		(7, 'any(modules,gt(audit.created.at,2020-01-01))', 'audit.created.at'),
		(8, 'modules.audit.created.at=2024-01-02', 'modules.audit.created.at'),
		(9, 'order=audit.updated.by.id', 'audit.updated.by.id'),
		(10, 'not(in(account.serviceLevel,(Elite)))', 'account.serviceLevel'),
		(11, 'family(TKN-3001-1002)', 'audit.created.by')
	) hidden (number, query, path), helper.itself(format('SELECT api.apitoken_list(%L)', hidden.query))
	ORDER BY hidden.number;

/*
 * Who it is not for.
 */
SELECT is((helper.probe($$ SELECT api.apitoken_list() $$, helper.as_token('TKN-3001-1004'), 'apitoken_itself_caller')).code, 'PT401', 'a Disabled token');
SELECT is(result::jsonb -> 'account' ? 'website', true, 'one that administers its account is shown itself as all the others')
	FROM helper.probe($$ SELECT api.apitoken_get('TKN-3001-1002') $$, helper.as_token('TKN-3001-1002'), 'apitoken_itself_caller');
SELECT is((SELECT count(*) FROM helper.document d, helper.shown(d.shown::text)), 0::bigint, 'no digest, no secret');
SELECT is((SELECT count(*) FROM helper.document), 1::bigint, '(there is one)');

SELECT * FROM finish();
ROLLBACK;
