-- Lists: what a query in RQL finds, in which order, and how it is refused.
\set QUIET on
\ir marketplace.sql
BEGIN;
SET LOCAL search_path = public, pg_catalog;
CREATE SCHEMA helper;

-- The ids that a query finds, in the order of the answer.
CREATE FUNCTION helper.ids(query text) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(t ->> 'id' ORDER BY n), '{}')
		FROM jsonb_array_elements(api.apitoken_list(query) -> 'data') WITH ORDINALITY AS d (t, n)
$$;

-- The ids of the tokens that satisfy a condition of SQL, in the default order.
CREATE FUNCTION helper.wanted(condition text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	ids text[];
BEGIN
	EXECUTE format($q$
		SELECT coalesce(array_agg(t.id::text ORDER BY t.created_at, t.id), '{}')
			FROM apitoken.api_tokens t JOIN apitoken.accounts a ON a.id = t.account_id
				LEFT JOIN apitoken.api_token_credentials c ON c.api_token_id = t.id
			WHERE %s $q$, condition) INTO ids;
	RETURN ids;
END $$;

CREATE FUNCTION helper.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	PERFORM api.apitoken_list(query);
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
	RETURN concat_ws('|', state, message, detail, hint);
END $$;

-- The same as text, or how the query is refused.
CREATE FUNCTION helper.answer(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN helper.ids(query);
EXCEPTION WHEN OTHERS THEN
	RETURN helper.refusal(query);
END $$;

SELECT no_plan();

-- filters, against the same in SQL
SELECT is(helper.answer(query), helper.wanted(condition)::text, query) FROM (VALUES
	('', 'true'),
	('status=Active', 't.status = ''Active'''),
	('eq(status,Disabled)', 't.status = ''Disabled'''),
	('ne(status,Active)', 't.status <> ''Active'''),
	('gt(id,TKN-2001-1002)', 't.id > ''TKN-2001-1002'''),
	('ge(id,TKN-2001-1002)', 't.id >= ''TKN-2001-1002'''),
	('lt(id,TKN-2001-1002)', 't.id < ''TKN-2001-1002'''),
	('le(id,TKN-2001-1002)', 't.id <= ''TKN-2001-1002'''),
	('in(id,(TKN-1671-0642,TKN-0001-0001,nobody))', 't.id IN (''TKN-1671-0642'', ''TKN-0001-0001'')'),
	('out(id,(TKN-1671-0642,TKN-0001-0001))', 't.id NOT IN (''TKN-1671-0642'', ''TKN-0001-0001'')'),
	('in(description,(x))', 'false'),
	('out(description,(x))', 'true'),
	('like(name,*export*)', 't.name LIKE ''%export%'''),
	('like(name,Nightly*)', 't.name LIKE ''Nightly%'''),
	('like(name,Nightly)', 'false'),
	('like(name,*EXPORT)', 'false'),
	('ilike(name,*EXPORT)', 't.id = ''TKN-1671-0642'''),
	('like(name,%2AExport)', 'false'),
	('like(name,"%zz")', 'false'),
	('like(name,_ightly*)', 'false'),
	('like(name,"Nightl?*")', 'false'),
	('like(name,Nightly%20*x*)', 't.id = ''TKN-1671-0642'''),
	('like(name,"%25")', 'false'),
	('name=%zz', 'false'),
	('eq(name,eq.Active)', 'false'),
	('name="eq.Active"', 'false'),
	('name=equal.Active', 'false'),
	('like(name,\*)', 'false'),
	('like(name,*)', 'true'),
	('not(like(description,*token*))', 't.description IS NULL OR t.description NOT LIKE ''%token%'''),
	('and(eq(status,Active),eq(account.type,Client))', 't.status = ''Active'' AND a.type = ''Client'''),
	('status=Active&account.type=Client', 't.status = ''Active'' AND a.type = ''Client'''),
	('or(status=Deleted,status=Disabled)', 't.status <> ''Active'''),
	('or(eq(status,Deleted),and(eq(account.status,Disabled),ne(id,x)))', 't.status = ''Deleted'' OR a.status = ''Disabled'''),
	('not(or(status=Deleted,account.type=Vendor))', 't.status <> ''Deleted'' AND a.type <> ''Vendor'''),
	('not(and(status=Active,account.type=Vendor))', 'NOT (t.status = ''Active'' AND a.type = ''Vendor'')'),
	('not(not(status=Active))', 't.status = ''Active'''),
	('account.id=ACC-3001-7788', 't.account_id = ''ACC-3001-7788'''),
	('account.address.city=London', 'a.city = ''London'''),
	('account.externalIds.pyraTenantId=9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d', 'a.pyra_tenant_id IS NOT NULL'),
	('account.externalIds.pyraTenantId=9F1C1D5E-6B0A-4C8E-9A52-0E2F5A6B7C8D', 'a.pyra_tenant_id IS NOT NULL'),
	('in(account.externalIds.pyraTenantId,(9F1C1D5E-6b0a-4c8e-9a52-0e2f5a6b7c8d,00000000-0000-0000-0000-000000000000))', 'a.pyra_tenant_id IS NOT NULL'),
	('ne(account.externalIds.pyraTenantId,9F1C1D5E-6B0A-4C8E-9A52-0E2F5A6B7C8D)', 'a.pyra_tenant_id IS NULL'),
	('le(account.externalIds.pyraTenantId,9F1C1D5E-6B0A-4C8E-9A52-0E2F5A6B7C8D)', 'a.pyra_tenant_id IS NOT NULL'),
	('like(account.externalIds.pyraTenantId,9F1C*7C8D)', 'a.pyra_tenant_id IS NOT NULL'),
	('eq(account.externalId,null())', 'a.external_id IS NULL'),
	('ne(account.website,https%3A%2F%2Fcontoso.example)', 'a.website IS DISTINCT FROM ''https://contoso.example'''),
	('eq(description,null())', 't.description IS NULL'),
	('ne(description,null())', 't.description IS NOT NULL'),
	('not(eq(description,null()))', 't.description IS NOT NULL'),
	('eq(description,empty())', 't.description = '''''),
	('ne(description,empty())', 't.description IS DISTINCT FROM '''''),
	('eq(description,)', 'false'),
	('ne(icon,/icons/upload.png)', 't.icon IS DISTINCT FROM ''/icons/upload.png'''),
	('gt(audit.created.at,2025-03-02)', 't.created_at > ''2025-03-02 00:00Z'''),
	('ge(audit.created.at,2025-03-02T10:00:00.000Z)', 't.created_at >= ''2025-03-02 10:00Z'''),
	('ge(audit.created.at,2025-03-02T12:00:00%2B02:00)', 't.created_at >= ''2025-03-02 10:00Z'''),
	('lt(audit.created.at,2025-02-21T18:02:53.773Z)', 't.created_at < ''2025-02-21 18:02:53.773Z'''),
	('audit.created.at=2025-02-21T18:02:53.773Z', 't.id = ''TKN-1671-0642'''),
	('in(audit.created.at,(2025-02-21T18:02:53.773Z,2024-01-05T08:00:00Z))', 't.id IN (''TKN-1671-0642'', ''TKN-0001-0001'')'),
	('audit.created.at=2025-02-21T18:02:53.7730000Z', 't.id = ''TKN-1671-0642'''),
	('audit.created.at=2025-02-21T18:02:53.7730009Z', 't.id = ''TKN-1671-0642'''),
	('not(gt(lastAccessAt,2026-01-31))', 'c.last_access_at IS NULL OR c.last_access_at <= ''2026-01-31 00:00Z'''),
	('eq(lastAccessAt,null())', 'c.last_access_at IS NULL'),
	('audit.created.by.id=TKN-3001-1002', 't.created_by_id = ''TKN-3001-1002'''),
	('eq(audit.updated.by.id,null())', 't.updated_by_id IS NULL'),
	('modules.id=MOD-0003', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id = ''MOD-0003'')'),
	('any(modules,id=MOD-0003)', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id = ''MOD-0003'')'),
	('not(modules.id=MOD-0003)', 'NOT EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id = ''MOD-0003'')'),
	('all(modules,id=MOD-0003)', 'NOT EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id <> ''MOD-0003'')'),
	('not(all(modules,id=MOD-0003))', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id <> ''MOD-0003'')'),
	('any(modules,and(name=Orders,isConfigurable=true))', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id AND m.module_id = ''MOD-0003'')'),
	('modules.accountTypes=Vendor', 'EXISTS (SELECT FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id WHERE l.api_token_id = t.id AND ''Vendor'' = ANY (m.account_types))'),
	('in(modules.accountTypes,(Vendor,x))', 'EXISTS (SELECT FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id WHERE l.api_token_id = t.id AND ''Vendor'' = ANY (m.account_types))'),
	('modules.paid=false', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id)'),
	('eq(modules,empty())', 'NOT EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id)'),
	('ne(modules,empty())', 'EXISTS (SELECT FROM apitoken.api_token_modules m WHERE m.api_token_id = t.id)'),
	-- values as a URL brings them
	('name=Nightly%20export', 't.id = ''TKN-1671-0642'''),
	('name=%4Eightly%20%65xport', 't.id = ''TKN-1671-0642'''),
	('name="Nightly export"', 't.id = ''TKN-1671-0642'''),
	('name=''Nightly export''', 't.id = ''TKN-1671-0642'''),
	('name=%22Nightly%20export%22', 't.id = ''TKN-1671-0642'''),
	('name=%27Nightly%20export%27', 't.id = ''TKN-1671-0642'''),
	('eq(name,"ERP \"Gamma\"")', 't.id = ''TKN-3002-1001'''),
	('eq(name,''ERP "Gamma"'')', 't.id = ''TKN-3002-1001'''),
	('eq(account.name,%27Atelier%20%22Gr%C3%BCn%22%27)&limit=5', 'a.name = ''Atelier "Grün"'''),
	('in(name,("a,b","Nightly export",''(x)''))', 't.id = ''TKN-1671-0642'''),
	('eq(name,"x'' OR true --")', 'false'),
	('name=x%27%29%20OR%20true%20--', 'false'),
	('eq(name,"$1")', 'false'),
	('name=Active%26limit%3D1', 'false'),
	('name=a\', 'false'),
	('like(name,\)', 'false'),
	('in(id,())', 'false'),
	('ge(audit.created.at,0001-01-01)&le(audit.created.at,9999-12-31T23:59:59.999999-15:59)', 'true'),
	('like(description,*' || repeat('a*', 124) || ')', 'false'),
	('like(name,' || repeat('*', 240) || 'export*)', 't.id = ''TKN-1671-0642'''),
	('eq(id,' || repeat('x', 65000) || ')', 'false')
) AS v (query, condition);

-- the token that has a secret
SELECT is(helper.ids('token=idt:TKN-1671-0642:' || translate(rtrim(encode(sha256('demo TKN-1671-0642'), 'base64'), '='), '+/', '-_')),
	ARRAY['TKN-1671-0642'], 'a token is found by its secret');
SELECT is(helper.ids('token=idt:TKN-1671-0642:x'), '{}', 'but not by another''s');
SELECT is(helper.ids('token=idt:TKN-1671-0642:****'), '{}', 'nor by the masked form');
SELECT is(helper.ids('token='), '{}', 'nor by nothing');

-- order and page
SELECT is(helper.ids('order=-audit.created.at&limit=2'), ARRAY['TKN-3003-1001', 'TKN-3002-1001'], 'newest first');
SELECT is(helper.ids('order=%2Bname&limit=3'), helper.ids('order=name&limit=3'), 'an encoded plus is a plus');
SELECT is(helper.ids('order=%2Bname%2C%2Did'), helper.ids('order=name,-id'), 'an order that is encoded as a whole');
SELECT is(helper.ids('order=-name, id'), helper.ids('order=-name,+id'), 'a plus that came as a space');
SELECT is(helper.ids('order=name,%20-id'), helper.ids('order=+name,-id'), 'white space before a sign');
SELECT is(helper.ids('order=' || repeat('name,', 999) || 'name'), helper.ids('order=name'), 'as many keys as may be');
SELECT is(helper.ids('order=-lastAccessAt'),
	(SELECT array_agg(api_token_id::text ORDER BY last_access_at DESC NULLS LAST, api_token_id DESC) FROM apitoken.api_token_credentials),
	'never used comes last, also from the newest');
SELECT is(helper.ids('order=lastAccessAt'),
	(SELECT array_agg(api_token_id::text ORDER BY last_access_at NULLS LAST, api_token_id) FROM apitoken.api_token_credentials),
	'and from the oldest');
SELECT is(helper.ids('order=-account.externalId,name'),
	(SELECT array_agg(t.id::text ORDER BY a.external_id DESC NULLS LAST, t.name, t.id) FROM apitoken.api_tokens t JOIN apitoken.accounts a ON a.id = t.account_id),
	'so does a member of the account that is null');
SELECT is(helper.ids('order=+status,-id'), (SELECT array_agg(id::text ORDER BY status, id DESC) FROM apitoken.api_tokens),
	'two keys');
SELECT is(helper.ids('order=-account.id,audit.created.at'),
	(SELECT array_agg(id::text ORDER BY account_id DESC, created_at, id) FROM apitoken.api_tokens), 'by the account');
SELECT is(helper.ids('limit=3&offset=2'), (helper.wanted('true'))[3:5], 'a page');
SELECT is(api.apitoken_list('limit=3&offset=2') #> '{$meta,pagination}', '{"limit": 3, "offset": 2, "total": 11}', 'its place');
SELECT is(api.apitoken_list(query) #> '{$meta,pagination}', '{"limit": 100, "offset": 0, "total": 11}', query || ' is capped')
	FROM unnest(ARRAY['limit=101', 'limit=1000', 'limit=99999999999999999999', 'LIMIT=%31%30%31', '', 'limit= 100']) query;
SELECT is(api.apitoken_list(query), api.apitoken_list('limit=2'), query || ': no more than without render()')
	FROM unnest(ARRAY['render()&limit=2', 'limit=2&render()', 'limit=2&RENDER( )', 'render()&limit=2&render()']) query;
SELECT is(api.apitoken_list('status=Active&limit=0'),
	'{"data": [], "$meta": {"omitted": [], "pagination": {"limit": 0, "offset": 0, "total": 8}}}', 'limit=0 only counts');
SELECT is(api.apitoken_list('offset=100'),
	'{"data": [], "$meta": {"omitted": [], "pagination": {"limit": 100, "offset": 100, "total": 11}}}', 'behind the end');
SELECT is(api.apitoken_list(), api.apitoken_list(''), 'no query is an empty one');
SELECT is(api.apitoken_list(NULL), api.apitoken_list(''), 'so is null');

-- what a token in a list looks like
SELECT is(api.apitoken_list('id=TKN-3001-1003&select=-modules') #> '{data,0}', '{
	"id": "TKN-3001-1003", "href": "/v1/accounts/api-tokens/TKN-3001-1003", "name": "Order desk", "status": "Active",
	"token": "idt:TKN-3001-1003:****", "$meta": {"omitted": ["audit", "modules"]},
	"account": {"id": "ACC-3001-7788", "type": "Client", "status": "Active", "name": "Contoso Retail",
		"icon": "/icons/contoso.png", "$meta": {"omitted": ["address", "audit", "description", "externalId", "externalIds",
			"externalName", "groups", "href", "serviceLevel", "technicalSupportEmail", "website"]}}}',
	'own members and a short account');
SELECT is(api.apitoken_list('id=TKN-3001-1003&select=+audit,+account,+modules.audit') #> '{data,0}', api.apitoken_get('TKN-3001-1003'),
	'with everything selected it is the document');
SELECT is((SELECT jsonb_agg(t) FROM jsonb_array_elements(api.apitoken_list('select=+audit,+account,+modules.audit') -> 'data') t),
	(SELECT jsonb_agg(api.apitoken_get(id) ORDER BY created_at, id) FROM apitoken.api_tokens),
	'so it is for all tokens at once');
SELECT is(api.apitoken_list('id=TKN-3001-1003&select=-*,%2Bid') #> '{data,0,id}', '"TKN-3001-1003"', 'an encoded select');

-- refusals: where, what, and what was expected
SELECT is(helper.refusal(query), 'PT400|Bad Request|' || wanted, query) FROM (VALUES
	('foo=1', 'Position 1 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('status=Active&eq(nme,x)', 'Position 18 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('name=ü&foo=1', 'Position 8 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('zz(name,x)', 'Position 1 of the query: there is no such operator.|Expected eq, ne, gt, ge, lt, le, like, ilike, in, out, and, or, not, any, all or family.'),
	('eq(name', 'Position 8 of the query: the query ends too early.|Expected a comma and what the member is compared with.'),
	('eq(name,x', 'Position 10 of the query: the query ends too early.|Expected a closing parenthesis.'),
	('eq(name,x)y', 'Position 11 of the query: something else is expected here.|Expected & or the end of the query.'),
	('eq(name,x,y)', 'Position 10 of the query: something else is expected here.|Expected a closing parenthesis.'),
	('eq(,x)', 'Position 4 of the query: a name is missing.|Expected the path of a member, such as account.id.'),
	('in(name,(x)', 'Position 12 of the query: the query ends too early.|Expected a closing parenthesis.'),
	('and()', 'Position 5 of the query: a name is missing.|Expected a member, or an operator such as eq.'),
	('name="x', 'Position 6 of the query: this quote is not closed.|Expected the same quote again, and a backslash before it twice.'),
	('name=%00', 'Position 6 of the query: a value has no zero byte.|Expected any other byte than %00.'),
	('name="%00"', 'Position 7 of the query: a value has no zero byte.|Expected any other byte than %00.'),
	('select=%00', 'Position 8 of the query: a value has no zero byte.|Expected any other byte than %00.'),
	('name=%ff', 'Position 6 of the query: this is not valid UTF-8.|Expected UTF-8, percent-encoded.'),
	('name=%C3', 'Position 6 of the query: this is not valid UTF-8.|Expected UTF-8, percent-encoded.'),
	('eq(name,foo())', 'Position 9 of the query: there is no such constant.|Expected null(), empty() or self(member).'),
	('in(status,(null()))', 'Position 12 of the query: this constant is for eq and ne alone.|Expected a value.'),
	('any(modules,any(modules,id=x))', 'Position 17 of the query: this is no list that can be searched.|Expected a module''s list, such as accountTypes.'),
	('any(modules,eq(modules.id,x))', 'Position 16 of the query: there is no such member to compare or order by.|Expected a member of a module, such as id.'),
	('any(modules,id=x,id=y)', 'Position 17 of the query: something else is expected here.|Expected a closing parenthesis.'),
	('not(id=x,id=y)', 'Position 9 of the query: something else is expected here.|Expected a closing parenthesis.'),
	('order=modules', 'Position 7 of the query: a list or a secret has no order.|Expected a member with one value.'),
	(repeat('x', 65537), 'Position 65537 of the query: the query is too long.|Expected at most 65536 bytes.'),
	('gt(name,null())', 'Position 9 of the query: this constant is for eq and ne alone.|Expected a value.'),
	('like(name,empty())', 'Position 11 of the query: this constant is for eq and ne alone.|Expected a pattern.'),
	('limit=-1', 'Position 7 of the query: this number cannot be used.|Expected a number; more than 100 is as much as 100.'),
	('limit=', 'Position 7 of the query: this number cannot be used.|Expected a number; more than 100 is as much as 100.'),
	('limit=1x', 'Position 7 of the query: this number cannot be used.|Expected a number; more than 100 is as much as 100.'),
	('offset=2147483648', 'Position 8 of the query: this number cannot be used.|Expected a number from 0 to 2147483647.'),
	('limit=1&limit=2', 'Position 9 of the query: this was given before.|Expected it once.'),
	('offset=99999999999999999999', 'Position 8 of the query: this number cannot be used.|Expected a number from 0 to 2147483647.'),
	('order=modules.id', 'Position 7 of the query: a list or a secret has no order.|Expected a member with one value.'),
	('order=token', 'Position 7 of the query: a list or a secret has no order.|Expected a member with one value.'),
	('order=', 'Position 7 of the query: a name is missing.|Expected the path of a member, such as account.id.'),
	('status=Active&', 'Position 15 of the query: the query ends too early.|Expected another condition.'),
	('eq(audit,x)', 'Position 4 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('account.groups.id=x', 'Position 1 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('any(modules,code=x)', 'Position 13 of the query: there is no such member to compare or order by.|Expected a member of a module, such as id.'),
	('any(account,id=x)', 'Position 5 of the query: this is no list that can be searched.|Expected modules.'),
	('gt(modules,1)', 'Position 1 of the query: a list is compared as a whole.|Expected empty(), or a member of what is listed, such as modules.id.'),
	('gt(modules.paid,true)', 'Position 1 of the query: this operator is not for true and false.|Expected eq, ne, in or out.'),
	('modules.paid=1', 'Position 14 of the query: this is neither true nor false.|Expected true or false.'),
	('like(modules.accountTypes,x)', 'Position 1 of the query: this operator is not for lists.|Expected eq, ne, in or out.'),
	('like(audit.created.at,2025*)', 'Position 1 of the query: this operator is not for dates.|Expected eq, ne, gt, ge, lt, le, in or out.'),
	('gt(audit.created.at,2025-02-29)', 'Position 21 of the query: this is no date.|Expected a date such as 2026-01-31 or 2026-01-31T23:00:00.000Z.'),
	('gt(audit.created.at,yesterday)', 'Position 21 of the query: this is no date.|Expected a date such as 2026-01-31 or 2026-01-31T23:00:00.000Z.'),
	('gt(audit.created.at,2025-01-01T23:00:00.Z)', 'Position 21 of the query: this is no date.|Expected a date such as 2026-01-31 or 2026-01-31T23:00:00.000Z.'),
	('gt(audit.created.at,2025-01-01T24:00:00Z)', 'Position 21 of the query: this is no date.|Expected a date such as 2026-01-31 or 2026-01-31T23:00:00.000Z.'),
	('like(token,idt*)', 'Position 1 of the query: a token can only be looked up by its whole secret.|Expected eq(token,idt:...).'),
	('order=name%zz', 'Position 11 of the query: something else is expected here.|Expected & or the end of the query.'),
	('order=name%2C', 'Position 14 of the query: a name is missing.|Expected the path of a member, such as account.id.'),
	('order=name%3B', 'Position 11 of the query: something else is expected here.|Expected & or the end of the query.'),
	(repeat('token=x&', 1000) || 'token=x', 'Position 4007 of the query: the query is too long.|Expected at most 1000 operators and values.'),
	(repeat('token=x&', 10) || 'token=x', 'Position 81 of the query: there are too many conditions on modules, secrets and families.|Expected at most 10 of them.'),
	(repeat('modules.id=x&', 10) || 'modules.id=x', 'Position 131 of the query: there are too many conditions on modules, secrets and families.|Expected at most 10 of them.'),
	('or(' || repeat('eq(modules,empty()),', 10) || 'any(modules,id=x))', 'Position 204 of the query: there are too many conditions on modules, secrets and families.|Expected at most 10 of them.'),
	(repeat('not(', 33) || 'id=x' || repeat(')', 33), 'Position 129 of the query: the query is nested too deeply.|Expected at most 32 levels.'),
	('in(id,(' || repeat('x,', 1000) || 'x))', 'Position 2006 of the query: the query is too long.|Expected at most 1000 operators and values.')
) AS v (query, wanted);

-- The values that a query may have are those of the tables' own checks, and no others.
CREATE FUNCTION helper.enumerations() RETURNS TABLE (member text, known text[]) LANGUAGE sql AS $$
	SELECT CASE conrelid WHEN 'apitoken.accounts'::regclass THEN 'account.' ELSE '' END || attname,
			(SELECT array_agg(m[1] ORDER BY m[1] COLLATE "C") FROM regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::text', 'g') AS m)
		FROM pg_constraint c JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
		WHERE conrelid IN ('apitoken.accounts'::regclass, 'apitoken.api_tokens'::regclass) AND contype = 'c'
			AND pg_get_constraintdef(c.oid) ~ ' = ANY \(+ARRAY\['
$$;
SELECT is(array_agg(member ORDER BY member COLLATE "C"), '{account.status,account.type,status}', 'the members that have but a few values')
	FROM helper.enumerations();
SELECT is(
	(SELECT array_agg(v ORDER BY v COLLATE "C")
		FROM regexp_split_to_table(substring(helper.refusal(format('eq(%s,x)', member)) FROM 'Expected (.*)\.$'), ', | or ') AS v),
	known, 'what is expected of ' || member || ' is what the table takes')
	FROM helper.enumerations();
SELECT is(helper.refusal(format('eq(%s,%s)', member, value)), 'ok', member || ' may be asked for ' || value)
	FROM helper.enumerations(), unnest(known) AS value;
SELECT is(helper.refusal('select=-foo'),
	'PT400|Bad Request|The field "foo" does not exist: the API token has no member "foo".|Its members are: id, href, icon, name, $meta, audit, token, heldAt, status, account, modules, expiresAt, revokedAt, rotatedAt, description, lastAccessAt, oldSecretUntil, allowedNetworks.',
	'a field that does not exist');
SELECT is(helper.ids(repeat('not(', 32) || 'id=x' || repeat(')', 32)), '{}', 'as deep as may be');
SELECT is(helper.ids(repeat('id=x&', 499) || 'id=x'), '{}', 'as many comparisons as may be');
SELECT is(helper.ids('and(' || repeat('any(modules,id=MOD-0003),', 9) || 'modules.name=Orders)'), helper.ids('modules.id=MOD-0003'),
	'as many conditions on modules as may be');
SELECT is(helper.ids('in(id,(' || repeat('x,', 997) || 'TKN-1671-0642))'), ARRAY['TKN-1671-0642'], 'as long as may be');

-- the caller's scope
CREATE FUNCTION helper.ids_as(secret_of text, query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	ids text[];
BEGIN
	PERFORM api.apitoken_authenticate(format('idt:%s:%s', secret_of,
		translate(rtrim(encode(sha256(convert_to('demo ' || secret_of, 'UTF8')), 'base64'), '='), '+/', '-_')));
	ids := helper.ids(query);
	RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = ids::text;
EXCEPTION WHEN raise_exception THEN
	RETURN SQLERRM::text[];
END $$;
SELECT is(helper.ids_as('TKN-3001-1002', ''), helper.wanted('t.account_id = ''ACC-3001-7788'' AND t.status <> ''Deleted'''),
	'an account''s own tokens, but for Deleted ones');
SELECT is(helper.ids_as('TKN-3001-1002', 'or(status=Deleted,account.type=Vendor)'), '{}', 'no query leads out of it');
SELECT is(helper.ids_as('TKN-3001-1002', 'not(account.id=ACC-3001-7788)'), '{}', 'nor does a negation');
SELECT is(helper.ids_as('TKN-0001-0001', ''), helper.wanted('true'), 'Operations see all');
SELECT is(helper.ids_as('TKN-3001-1002', 'token=idt:TKN-3002-1001:' ||
	translate(rtrim(encode(sha256('demo TKN-3002-1001'), 'base64'), '='), '+/', '-_')), '{}', 'a secret of another account is not found');

-- what other dialects write: the right answer, or a refusal
SET LOCAL session_replication_role = replica;
INSERT INTO apitoken.api_tokens (account_id, id, name, description, icon, created_at, updated_at) VALUES
	('ACC-3003-1122', 'TEXT-1', 'Empty', '', '', '2025-06-01Z', '2025-06-02Z'),
	('ACC-3003-1122', 'TEXT-2', 'Same', 'Same', NULL, '2025-06-02Z', '2025-06-02Z'),
	('ACC-3003-1122', 'TEXT-3', 'status', 'C:\', 'C:\"\', '2025-06-03Z', NULL),
	('ACC-3003-1122', 'TEXT-4', 'O''Brien', '100%', 'null', '2025-06-04Z', '2025-06-03Z'),
	('ACC-3003-1122', 'TEXT-5', 'Nightly', 'a,b|c;d&e(f)=g<h>!~*+ ''"', 'a|status=Active', '2025-06-05Z', '2025-06-06Z'),
	('ACC-3003-1122', 'TEXT-6', ' x', 'string:x', 'Active;Disabled', '2025-06-06Z', '2025-06-07Z');
INSERT INTO apitoken.modules (id, code, name, description, settings_type) VALUES
	('MOD-9001', 'nine', 'Same', 'Same', '{}'), ('MOD-9002', 'ten', 'Ten', '', NULL);
INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id) VALUES
	('ACC-3003-1122', 'TEXT-1', 'MOD-9001'), ('ACC-3003-1122', 'TEXT-2', 'MOD-9002');
SET LOCAL session_replication_role = origin;

CREATE FUNCTION helper.some_module(condition text) RETURNS text LANGUAGE sql AS $$
	SELECT format('EXISTS (SELECT FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id
		WHERE l.api_token_id = t.id AND (%s))', condition)
$$;

SELECT is(helper.answer(query), helper.wanted(condition)::text, 'understood: ' || query) FROM (VALUES
	-- "or" and "and" between conditions, and groups
	('status=Active|status=Disabled', 't.status IN (''Active'', ''Disabled'')'),
	('status=Active;status=Disabled', 't.status IN (''Active'', ''Disabled'')'),
	('status=Active%7Cstatus=Disabled', 't.status IN (''Active'', ''Disabled'')'),
	('status="Deleted" | status="Disabled"', 't.status IN (''Deleted'', ''Disabled'')'),
	('eq(status,Deleted)%7ceq(status,Disabled)', 't.status IN (''Deleted'', ''Disabled'')'),
	('or(status=Active;name=a)', 't.status = ''Active'''),
	('or(status=Deleted;status=Disabled|name=Toys)', 't.status <> ''Active'' OR t.name = ''Toys'''),
	('and(status=Active&name=Toys)', 't.name = ''Toys'''),
	('status=Active,account.type=Client', 't.status = ''Active'' AND a.type = ''Client'''),
	('status=Active,account.type=Client&account.status=Disabled', 't.status = ''Active'' AND a.type = ''Client'' AND a.status = ''Disabled'''),
	('(status=Active|status=Disabled)&(account.type=Client|account.type=Operations)', 't.status IN (''Active'', ''Disabled'') AND a.type <> ''Vendor'''),
	('(status=Active;status=Disabled),(account.type=Client;account.type=Operations)', 't.status IN (''Active'', ''Disabled'') AND a.type <> ''Vendor'''),
	('status=Deleted|status=Active&account.type=Vendor', 't.status = ''Deleted'' OR t.status = ''Active'' AND a.type = ''Vendor'''),
	('status=Active&account.type=Vendor|status=Deleted', 't.status = ''Deleted'' OR t.status = ''Active'' AND a.type = ''Vendor'''),
	('(status=Deleted|status=Active)&account.type=Vendor', 't.status = ''Active'' AND a.type = ''Vendor'''),
	('status=Deleted|status=Active&limit=100&account.type=Vendor', 't.status = ''Deleted'' OR t.status = ''Active'' AND a.type = ''Vendor'''),
	('((status=Deleted))', 't.status = ''Deleted'''),
	('not(status=Active|status=Disabled)', 't.status = ''Deleted'''),
	('not(status=Active&account.type=Client)', 'NOT (t.status = ''Active'' AND a.type = ''Client'')'),
	('or((status=Active,account.type=Vendor),status=Deleted)', 't.status = ''Deleted'' OR t.status = ''Active'' AND a.type = ''Vendor'''),
	('any(modules,id=MOD-0001|id=MOD-0005)', helper.some_module('m.id IN (''MOD-0001'', ''MOD-0005'')')),
	-- lists of values
	('in(status,(Active;Disabled))', 't.status IN (''Active'', ''Disabled'')'),
	('in(status,(Active|Disabled))', 't.status IN (''Active'', ''Disabled'')'),
	('out(status,(Active;Disabled))', 't.status = ''Deleted'''),
	('in(status,Active)', 't.status = ''Active'''),
	('out(status,"Active")', 't.status <> ''Active'''),
	('in(icon,"/icons/export.png")', 't.id = ''TKN-1671-0642'''),
	('in(icon,(/icons/export.png))', 't.id = ''TKN-1671-0642'''),
	('in(id,())', 'false'),
	('out(id,())', 'true'),
	('out(description,())', 'true'),
	('in(modules.accountTypes,())', 'false'),
	('in(icon,(Active%3BDisabled,x))', 't.id = ''TEXT-6'''),
	-- white space
	('eq(status, "Active")', 't.status = ''Active'''),
	('eq(status,%20%22Active%22%20)', 't.status = ''Active'''),
	('in(status,("Active", "Disabled"))', 't.status IN (''Active'', ''Disabled'')'),
	('in(status, ("Active" ,%20''Disabled'' ) )', 't.status IN (''Active'', ''Disabled'')'),
	('status = "Deleted" & name = "Leaked in a repository"', 't.status = ''Deleted'''),
	(' ne ( icon , null() ) ', 't.icon IS NOT NULL'),
	('name=" x"', 't.id = ''TEXT-6'''),
	-- a member on the right
	('eq(name,description)', 't.name = t.description'),
	('name=description', 't.name = t.description'),
	('name=Description', 't.name = t.description'),
	('eq(name,self(description))', 't.name = t.description'),
	('not(eq(name,description))', 't.name IS DISTINCT FROM t.description'),
	('ne(name,description)', 't.name IS DISTINCT FROM t.description'),
	('eq(icon,description)', 't.icon IS NOT DISTINCT FROM t.description'),
	('not(ne(icon,description))', 't.icon IS NOT DISTINCT FROM t.description'),
	('gt(audit.updated.at,audit.created.at)', 't.updated_at > t.created_at'),
	('not(gt(audit.updated.at,audit.created.at))', 't.updated_at > t.created_at IS NOT TRUE'),
	('le(audit.updated.at,audit.created.at)', 't.updated_at <= t.created_at'),
	('eq(status,account.status)', 't.status = a.status'),
	('lt(account.name,name)', 'a.name < t.name'),
	('eq(name,"status")', 't.id = ''TEXT-3'''),
	('eq(name,%73tatus)', 't.id = ''TEXT-3'''),
	('in(name,(status))', 't.id = ''TEXT-3'''),
	('like(name,status)', 't.id = ''TEXT-3'''),
	('any(modules,name=description)', helper.some_module('m.name = m.description')),
	('modules.name=name', helper.some_module('m.name = t.name')),
	('not(modules.name=name)', 'NOT ' || helper.some_module('m.name = t.name')),
	('any(modules,eq(isConfigurable,isEnabledByDefault))', helper.some_module('m.is_configurable = m.is_enabled_by_default')),
	-- lists
	('any(modules)', helper.some_module('true')),
	('not(any(modules))', 'NOT ' || helper.some_module('true')),
	('any(modules)&any(modules,id=MOD-0003)', helper.some_module('m.id = ''MOD-0003''')),
	('any(modules,self(id)=MOD-0003)', helper.some_module('m.id = ''MOD-0003''')),
	('any(modules,eq(self(id),MOD-0003))', helper.some_module('m.id = ''MOD-0003''')),
	('any(modules,eq(self(),MOD-0003))', helper.some_module('m.id = ''MOD-0003''')),
	('all(modules,in(self(),(MOD-0003,MOD-0004)))', 'NOT ' || helper.some_module('m.id NOT IN (''MOD-0003'', ''MOD-0004'')')),
	('eq(self(),TEXT-1)', 't.id = ''TEXT-1'''),
	('eq(self(status),Deleted)', 't.status = ''Deleted'''),
	('any(modules,any(accountTypes,self()=Vendor))', helper.some_module('''Vendor'' = ANY (m.account_types)')),
	('any(modules,any(accountTypes,like(self(),Op*)))', helper.some_module('''Operations'' = ANY (m.account_types)')),
	('any(modules,all(accountTypes,in(self(),(Vendor,Operations))))', helper.some_module('m.account_types <@ ''{Vendor,Operations}''')),
	('any(modules,any(settings.type))', helper.some_module('cardinality(m.settings_type) > 0')),
	('any(modules,not(any(settings.type)))', helper.some_module('cardinality(m.settings_type) > 0 IS NOT TRUE')),
	-- upper and lower case
	('EQ(Status,Active)', 't.status = ''Active'''),
	('STATUS=Active&Account.ADDRESS.city=London', 't.status = ''Active'' AND a.city = ''London'''),
	('Any(Modules,Or(ID=MOD-0001,Name=Orders))', helper.some_module('m.id IN (''MOD-0001'', ''MOD-0003'')')),
	('Not(In(Id,(TEXT-1)))', 't.id <> ''TEXT-1'''),
	('eq(icon,NULL())', 't.icon IS NULL'),
	('eq(icon,Empty())', 't.icon = '''''),
	('eq(SELF(ID),TEXT-1)', 't.id = ''TEXT-1'''),
	('Modules.AccountTypes=Vendor', helper.some_module('''Vendor'' = ANY (m.account_types)')),
	('audit.Created.BY.Id=TKN-3001-1002', 't.created_by_id = ''TKN-3001-1002'''),
	('status=Active&Limit=100&OFFSET=0&Order=audit.created.at&SELECT=id', 't.status = ''Active'''),
	-- empty() and null()
	('eq(icon,empty())', 't.icon = '''''),
	('icon=empty()', 't.icon = '''''),
	('eq(icon,)', 't.icon = '''''),
	('ne(icon,empty())', 't.icon IS DISTINCT FROM '''''),
	('not(eq(icon,empty()))', 't.icon IS DISTINCT FROM '''''),
	('not(ne(icon,empty()))', 't.icon = '''''),
	('eq(icon,null())', 't.icon IS NULL'),
	('ne(icon,null())', 't.icon IS NOT NULL'),
	('in(icon,(empty(),"null"))', 't.icon IN ('''', ''null'')'),
	('out(icon,(empty()))', 't.icon IS NULL OR t.icon <> '''''),
	('gt(description,empty())', 't.description > '''''),
	('eq(icon,"null")', 't.id = ''TEXT-4'''),
	('any(modules,eq(settings.type,empty()))', helper.some_module('cardinality(m.settings_type) = 0')),
	('any(modules,ne(settings.type,empty()))', helper.some_module('cardinality(m.settings_type) = 0 IS NOT TRUE')),
	('any(modules,eq(settings.type,null()))', helper.some_module('m.settings_type IS NULL')),
	('any(modules,eq(description,empty()))', helper.some_module('m.description = ''''')),
	-- quotes, backslashes, and what has a meaning without quotes
	('eq(description,"C:\\")', 't.description = ''C:\'''),
	('eq(description,''C:\\'')', 't.description = ''C:\'''),
	('and(eq(description,"C:\\"),name="status")', 't.description = ''C:\'''),
	('description=C:\', 't.description = ''C:\'''),
	('eq(icon,"C:\\\"\\")', 't.icon = ''C:\"\'''),
	('eq(icon,''C:\"\\'')', 't.icon = ''C:\"\'''),
	('name="O''Brien"', 't.id = ''TEXT-4'''),
	('name=''O\''Brien''', 't.id = ''TEXT-4'''),
	('name=O%27Brien', 't.id = ''TEXT-4'''),
	('description="a,b|c;d&e(f)=g<h>!~*%2B ''\""', 't.id = ''TEXT-5'''),
	('in(description,(''a,b|c;d&e(f)=g<h>!~*%2B \''"''))', 't.id = ''TEXT-5'''),
	('in(icon,("a|status=Active"))', 't.id = ''TEXT-5'''),
	('like(description,"*|c;*!~\**")', 't.id = ''TEXT-5'''),
	('eq(description,''100%'')', 't.id = ''TEXT-4'''),
	('description=100%', 't.id = ''TEXT-4'''),
	('description=100%25', 't.id = ''TEXT-4'''),
	('like(description,"*%")', 't.id = ''TEXT-4'''),
	('eq(description,"string:x")', 't.id = ''TEXT-6'''),
	('description=string%3Ax', 't.id = ''TEXT-6'''),
	('description=%3Deq%3Dx', 'false'),
	('icon=/icons/export.png', 't.icon = ''/icons/export.png'''),
	('name="Nightly*"', 'false'),
	('like(name,Nightly*)', 't.name LIKE ''Nightly%''')
) AS v (query, condition);

SELECT is(helper.refusal(query), 'PT400|Bad Request|Position ' || wanted, 'refused: ' || query) FROM (VALUES
	-- FIQL and RSQL
	('status=eq=Active', '7 of the query: this is how FIQL and RSQL compare.|Expected eq(member,value).'),
	('status=ne=Active', '7 of the query: this is how FIQL and RSQL compare.|Expected ne(member,value).'),
	-- PostgREST
	('status=eq.Active', '8 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('name=like.*Night*', '6 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('icon=is.null', '6 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('id=not.eq.x', '4 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('name=a&id=gte.x', '11 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('name=match.Night', '6 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('name=FTS.night', '6 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('name=isdistinct.Night', '6 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('modules.accountTypes=cs.{Vendor}', '25 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('modules.accountTypes=cs.Vendor', '22 of the query: this is how PostgREST compares.|Expected an operator such as eq(member,value), or the value in quotes.'),
	('status=in.(Active,Disabled)', '8 of the query: there is no such constant.|Expected null(), empty() or self(member).'),
	-- SQL
	('like(name,%Night%)', '11 of the query: this character is itself in a pattern, and a wildcard elsewhere.|Expected * for any characters, or the pattern in quotes.'),
	('ilike(name,Night%25)', '17 of the query: this character is itself in a pattern, and a wildcard elsewhere.|Expected * for any characters, or the pattern in quotes.'),
	('ilike(name,Nightl?*)', '18 of the query: this character is itself in a pattern, and a wildcard elsewhere.|Expected * for any characters, or the pattern in quotes.'),
	-- what no token is
	('status=active', '8 of the query: this member never has that value.|Expected Active, Disabled or Deleted.'),
	('status="ACTIVE"', '8 of the query: this member never has that value.|Expected Active, Disabled or Deleted.'),
	('ne(status,Enabled)', '11 of the query: this member never has that value.|Expected Active, Disabled or Deleted.'),
	('in(status,(Active,Gone))', '19 of the query: this member never has that value.|Expected Active, Disabled or Deleted.'),
	('status=%3DActive', '8 of the query: this member never has that value.|Expected Active, Disabled or Deleted.'),
	('account.status=Deleted', '16 of the query: this member never has that value.|Expected Active, Enabled or Disabled.'),
	('account.externalIds.pyraTenantId=9f1c', '34 of the query: this is no UUID.|Expected a UUID such as 9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d.'),
	('account.externalIds.pyraTenantId="9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8g"', '34 of the query: this is no UUID.|Expected a UUID such as 9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d.'),
	('in(account.externalIds.pyraTenantId,(9f1c1d5e06b0a-4c8e-9a52-0e2f5a6b7c8d))', '38 of the query: this is no UUID.|Expected a UUID such as 9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d.'),
	('eq(account.externalIds.pyraTenantId,empty())', '37 of the query: this member is never an empty string.|Expected null(), or a value.'),
	('account.type=client', '14 of the query: this member never has that value.|Expected Client, Vendor or Operations.'),
	('status==Active', '7 of the query: this is how FIQL and RSQL compare.|Expected eq(member,value).'),
	('status==Active;name==a', '7 of the query: this is how FIQL and RSQL compare.|Expected eq(member,value).'),
	('status=Active;name==a', '19 of the query: this is how FIQL and RSQL compare.|Expected eq(member,value).'),
	('status!=Active', '7 of the query: this is how FIQL and RSQL compare.|Expected ne(member,value).'),
	('status<>Active', '7 of the query: this is how FIQL and RSQL compare.|Expected ne(member,value).'),
	('status%21%3DActive', '7 of the query: something else is expected here.|Expected = behind a member, or ( behind an operator.'),
	('status=IN=(Active,Disabled)', '7 of the query: this is how FIQL and RSQL compare.|Expected in(member,(value,value)).'),
	('status=out=(Active,Disabled)', '7 of the query: this is how FIQL and RSQL compare.|Expected out(member,(value,value)).'),
	('name=like=a', '5 of the query: this is how FIQL and RSQL compare.|Expected like(member,value).'),
	('name=ilike=a', '5 of the query: this is how FIQL and RSQL compare.|Expected ilike(member,value).'),
	('audit.created.at=lt=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected lt(member,value).'),
	('audit.created.at=le=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected le(member,value).'),
	('audit.created.at=gt=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected gt(member,value).'),
	('audit.created.at=ge=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected ge(member,value).'),
	('audit.created.at<2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected lt(member,value).'),
	('audit.created.at<=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected le(member,value).'),
	('audit.created.at%3E2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected gt(member,value).'),
	('audit.created.at%3E=2026-01-01', '17 of the query: this is how FIQL and RSQL compare.|Expected ge(member,value).'),
	('status=foo=Active', '11 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('status=Active or status=Disabled', '24 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('eq(status,Active) or eq(status,Disabled)', '19 of the query: something else is expected here.|Expected & or the end of the query.'),
	-- characters
	('status=Active%26limit=1', '22 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=a<b', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=a%3Eb', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('id=[TKN-1671-0642]', '4 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('in(id,%7BTKN-1671-0642%7D)', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('like(name,[Nn]ightly*)', '11 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=a^ORDERBYname', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=`a`', '6 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=a~b', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=a!', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=O''Brien', '7 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=ERP "Gamma"', '10 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=ERP%20%22Gamma%22', '12 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('eq(account.name,Atelier%20\%22Gr%C3%BCn\%22)', '28 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=$1', '6 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('name=Nightly*', '13 of the query: a star stands for other characters in like and ilike alone.|Expected like or ilike, or the value in quotes.'),
	('in(name,(a,b*))', '13 of the query: a star stands for other characters in like and ilike alone.|Expected like or ilike, or the value in quotes.'),
	('name=Nightly+export', '13 of the query: this may be a plus or a space.|Expected %2B for a plus, %20 for a space.'),
	('name="Nightly+export"', '14 of the query: this may be a plus or a space.|Expected %2B for a plus, %20 for a space.'),
	('like(name,*y+e*)', '13 of the query: this may be a plus or a space.|Expected %2B for a plus, %20 for a space.'),
	('eq(status,+"Active")', '12 of the query: this character has no place in a value without quotes.|Expected the value in quotes.'),
	('description=string:x', '13 of the query: this is how other dialects write a value''s type.|Expected the value alone, or all of it in quotes.'),
	('description=RE:x', '13 of the query: this is how other dialects write a value''s type.|Expected the value alone, or all of it in quotes.'),
	('description=a|b', '16 of the query: the query ends too early.|Expected = behind a member, ( behind an operator, or quotes around the value that this is a part of.'),
	('description=a%7Cb', '18 of the query: the query ends too early.|Expected = behind a member, ( behind an operator, or quotes around the value that this is a part of.'),
	('description=a,b', '16 of the query: the query ends too early.|Expected = behind a member, ( behind an operator, or quotes around the value that this is a part of.'),
	('eq(status, Active)', '11 of the query: there is white space before or behind this value.|Expected none, or the value in quotes.'),
	('eq(status,%20Active)', '11 of the query: there is white space before or behind this value.|Expected none, or the value in quotes.'),
	('status=Active & limit=1', '8 of the query: there is white space before or behind this value.|Expected none, or the value in quotes.'),
	('icon=null', '6 of the query: this is a word or a constant.|Expected null() or empty() for the constant, quotes for the word.'),
	('icon=Empty', '6 of the query: this is a word or a constant.|Expected null() or empty() for the constant, quotes for the word.'),
	('icon=undefined', '6 of the query: this is a word or a constant.|Expected null() or empty() for the constant, quotes for the word.'),
	('eq(description,"C:\")', '16 of the query: this quote is not closed.|Expected the same quote again, and a backslash before it twice.'),
	('name="a""b"', '9 of the query: something else is expected here.|Expected & or the end of the query.'),
	('?status=Active', '1 of the query: a name is missing.|Expected a member, or an operator such as eq.'),
	-- separators and groups
	('and(status=Active|status=Disabled)', '18 of the query: "and" and "or" are mixed here.|Expected parentheses around what belongs together, as in or((a&b),c).'),
	('or(status=Active,name=a&name=b)', '24 of the query: "and" and "or" are mixed here.|Expected parentheses around what belongs together, as in or((a&b),c).'),
	('status=Active|', '15 of the query: the query ends too early.|Expected another condition.'),
	('|status=Active', '1 of the query: a name is missing.|Expected a member, or an operator such as eq.'),
	('()', '2 of the query: a name is missing.|Expected a member, or an operator such as eq.'),
	('(status=Active', '15 of the query: the query ends too early.|Expected a closing parenthesis.'),
	('status=Active)', '14 of the query: something else is expected here.|Expected & or the end of the query.'),
	(repeat('(', 33) || 'id=x' || repeat(')', 33), '33 of the query: the query is nested too deeply.|Expected at most 32 levels.'),
	('status=Active,limit=1', '15 of the query: this is no condition.|Expected it by itself, between & and &.'),
	('status=Active|render()', '15 of the query: this is no condition.|Expected it by itself, between & and &.'),
	('(order=name)', '2 of the query: this is no condition.|Expected it by itself, between & and &.'),
	('and(limit=1)', '5 of the query: this is no condition.|Expected it by itself, between & and &.'),
	('order=name|status=Active', '11 of the query: something else is expected here.|Expected & or the end of the query.'),
	('render(x)', '8 of the query: something else is expected here.|Expected a closing parenthesis.'),
	('sort(+name)', '1 of the query: there is no such operator.|Expected eq, ne, gt, ge, lt, le, like, ilike, in, out, and, or, not, any, all or family.'),
	('limit(10,20)', '1 of the query: there is no such operator.|Expected eq, ne, gt, ge, lt, le, like, ilike, in, out, and, or, not, any, all or family.'),
	-- lists
	('in(status,Active,Disabled)', '11 of the query: this may be a list of values.|Expected parentheses around it.'),
	('in(status,Active/Disabled)', '11 of the query: this may be a list of values.|Expected parentheses around it.'),
	('modules.accountTypes=Vendor/Client', '28 of the query: this may be a list of values.|Expected in(member,(value,value)), or the value in quotes.'),
	('in(modules.accountTypes,(Vendor/Client))', '32 of the query: this may be a list of values.|Expected in(member,(value,value)), or the value in quotes.'),
	('eq(status,(Active,Disabled))', '11 of the query: a list of values is for in and out alone.|Expected one value.'),
	('all(modules)', '12 of the query: something else is expected here.|Expected a comma and a condition.'),
	('any(modules.accountTypes,self()=Vendor)', '5 of the query: this is no list that can be searched.|Expected modules.'),
	('any(modules,any(accountTypes,id=x))', '30 of the query: there is no such member to compare or order by.|Expected self(), which is an element of the list.'),
	('eq(modules,null())', '1 of the query: a list is never null.|Expected empty().'),
	('eq(lastAccessAt,empty())', '17 of the query: this member is never an empty string.|Expected null(), or a value.'),
	('modules.paid=empty()', '14 of the query: this member is never an empty string.|Expected null(), or a value.'),
	('eq(self(self(id)),x)', '13 of the query: something else is expected here.|Expected a closing parenthesis.'),
	-- members on the right
	('eq(name,audit)', '9 of the query: these two members cannot be compared.|Expected a member of the same kind, or quotes for the word.'),
	('name=Token', '6 of the query: these two members cannot be compared.|Expected a member of the same kind, or quotes for the word.'),
	('name=modules', '6 of the query: these two members cannot be compared.|Expected a member of the same kind, or quotes for the word.'),
	('name=modules.name', '6 of the query: these two members cannot be compared.|Expected a member of the same kind, or quotes for the word.'),
	('eq(name,lastAccessAt)', '9 of the query: these two members cannot be compared.|Expected a member of the same kind, or quotes for the word.'),
	('eq(name,self(foo))', '9 of the query: there is no such member to compare or order by.|Expected a member of the token, its account or its modules, such as status, account.id or modules.id.'),
	('like(name,self(description))', '11 of the query: another member is for eq, ne, gt, ge, lt and le alone.|Expected a pattern.'),
	('in(name,(self(description)))', '10 of the query: another member is for eq, ne, gt, ge, lt and le alone.|Expected a value.'),
	-- what a query may cost
	('like(description,*' || repeat('a', 249) || '*)', '18 of the query: the patterns are too long.|Expected at most 250 bytes in all patterns together.'),
	('like(description,*' || repeat('a', 149) || ')&ilike(name,' || repeat('b', 101) || ')', '181 of the query: the patterns are too long.|Expected at most 250 bytes in all patterns together.'),
	('like(description,*' || repeat('%F0%90%81%80', 63) || ')', '18 of the query: the patterns are too long.|Expected at most 250 bytes in all patterns together.'),
	('like(description,*' || repeat('a*', 20000) || ')', '18 of the query: the patterns are too long.|Expected at most 250 bytes in all patterns together.'),
	(repeat('not(like(description,*a*))&', 10) || 'ilike(name,*a*)', '271 of the query: there are too many comparisons of texts by pattern or order.|Expected at most 10 of them.'),
	(repeat('gt(name,a)&', 5) || repeat('lt(id,x)|', 5) || 'ge(description,b)', '101 of the query: there are too many comparisons of texts by pattern or order.|Expected at most 10 of them.'),
	(repeat('eq(name,description)|', 10) || 'ne(name,icon)', '211 of the query: there are too many comparisons of texts by pattern or order.|Expected at most 10 of them.')
) AS v (query, wanted);
SELECT is(helper.ids(repeat('like(description,*' || repeat('a', 23) || '*)|', 9) || 'gt(id,TKN-3002-1001)'), ARRAY['TKN-3003-1001'],
	'as many comparisons of texts, and patterns as long, as may be');
SELECT is(helper.ids('like(description,' || repeat('a', 250) || ')'), '{}', 'a pattern as long as may be');
SELECT is(helper.ids(repeat('(', 32) || 'id=TEXT-1' || repeat(')', 32)), ARRAY['TEXT-1'], 'groups as deep as may be');
SELECT is(helper.ids(repeat('gt(audit.created.at,2025-06-06)&', 50) || 'ne(id,x)'), '{}', 'dates are compared as often as one likes');

-- A page far behind is found in another way than one near the beginning.
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-DEEP', 'Client', 'Deep');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at)
	SELECT 'ACC-DEEP', to_char(n, '"DEEP-"FM0000'), 'Token ' || n % 7, timestamptz '2025-01-01 00:00Z' + n % 13 * interval '1 day'
		FROM generate_series(1, 1100) n;
SELECT results_eq(format($$ SELECT helper.ids('account.id=ACC-DEEP&order=%1$s&limit=%3$s&offset=%2$s') $$, o.query, f.number, l.number),
	format($$ SELECT coalesce(array_agg(p.id ORDER BY p.place), '{}') FROM (SELECT t.id::text COLLATE "default", row_number() OVER (ORDER BY %s) AS place
		FROM apitoken.api_tokens t WHERE t.account_id = 'ACC-DEEP') p WHERE p.place > %s AND p.place <= %2$s + %s $$, o.sql, f.number, l.number),
	format('order=%s&offset=%s&limit=%s', o.query, f.number, l.number))
	FROM (VALUES ('+audit.created.at', 't.created_at, t.id'), ('-audit.created.at', 't.created_at DESC, t.id DESC'),
		('-name,+audit.created.at', 't.name DESC, t.created_at, t.id'), ('-description,+name', 't.description DESC NULLS LAST, t.name, t.id'))
		AS o (query, sql), (VALUES (999), (1000), (1095), (1100), (2000)) AS f (number), (VALUES (0), (10)) AS l (number);
SELECT is(api.apitoken_list('account.id=ACC-DEEP&offset=1050&limit=1'), api.apitoken_list('account.id=ACC-DEEP&id=' || helper.id || '&limit=1')
	|| jsonb_build_object('$meta', '{"omitted": [], "pagination": {"limit": 1, "offset": 1050, "total": 1100}}'::jsonb),
	'its tokens are whole, and the total is that of all')
	FROM (SELECT (helper.ids('account.id=ACC-DEEP&offset=1050&limit=1'))[1]) AS helper (id);
SELECT is(api.apitoken_list('account.id=ACC-DEEP&offset=5000') -> '$meta' -> 'pagination' ->> 'total', '1100', 'behind the last there are none, but the total');

SELECT * FROM finish();
ROLLBACK;
