/*-------------------------------------------------------------------------
 *
 * list.c
 *	  Lists of tokens.
 *
 * src/calls/list.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/call.h"
#include "document/self.h"
#include "errors.h"
#include "query/rql.h"
#include "query/rql_sql.h"
#include "utils/builtins.h"

/* What a list leaves out unless it is selected. */
#define LIST_FIELDS \
	"-audit,-modules.audit," \
	"-account.*,+account.id,+account.type,+account.status,+account.name,+account.icon"

static ApitokenFields *
ListFields(const ApitokenRql *rql)
{
	ApitokenFields *fields = apitoken_fields_add(NULL, LIST_FIELDS, strlen(LIST_FIELDS));

	if (rql->select != NULL && rql->select[0] != '\0')
		fields = apitoken_fields_add(fields, rql->select, strlen(rql->select));
	return fields;
}

/*
 * Keeps the page's rows of the last statement's result, whose first column is
 * the total, and whose second is null if the page is empty.
 */
static ApitokenResources
KeepPage(uint64 count, ApitokenPage *page)
{
	bool		isnull;

	page->total = DatumGetInt64(apitoken_store_value(0, 1, &isnull));
	(void) apitoken_store_value(0, 2, &isnull);
	return apitoken_resources_of_result(RESOURCE_TOKEN, isnull ? 0 : count);
}

PG_FUNCTION_INFO_V1(apitoken_list);

/*
 * apitoken_list(query text) returns jsonb: the page that a query asks for of
 * the tokens that the caller may administer.
 *
 * {"data": [...], "$meta": {"pagination": {"offset", "limit", "total"},
 * "omitted": []}}; page and total are of one snapshot.  The query is explained
 * in rql.c.  For a token that may administer none there is only itself, shown as
 * self.c says.  Raises PT400 with the position in the query, PT401 and PT403.
 */
Datum
apitoken_list(PG_FUNCTION_ARGS)
{
	text	   *query = apitoken_call_isnull(fcinfo, 0) ? cstring_to_text("") :
		PG_GETARG_TEXT_PP(0);
	ApitokenRql *rql = apitoken_rql_parse(VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query));
	ApitokenFields *fields = ListFields(rql);
	ApitokenCall call = apitoken_call_begin(OPERATION_READ);
	ApitokenSql *sql = palloc(sizeof(ApitokenSql));
	ApitokenPage page;
	ApitokenResources tokens;
	Jsonb	   *list;

	page.limit = rql->limit < 0 ? APITOKEN_DEFAULT_LIMIT : rql->limit;
	page.offset = Max(rql->offset, 0);
	apitoken_rql_compile(rql, VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query), &call.caller, sql);
	tokens = KeepPage(apitoken_store_run_composed_active(sql), &page);
	list = apitoken_document_build_list(tokens, apitoken_self_fields(&call.caller, fields), page,
										call.result_context);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(list);
}
