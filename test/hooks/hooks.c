/*-------------------------------------------------------------------------
 *
 * hooks.c
 *	  Hooks into what a statement goes through, one at a time, as extensions
 *	  do; and an audit, which keeps the tables that statements have read.
 *
 * test/hooks/hooks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "rewrite/rowsecurity.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/selfuncs.h"

PG_MODULE_MAGIC;

typedef struct Hook
{
	const char *name;
	void	  **variable;
	void	   *function;
} Hook;

static StringInfo tables = NULL;	/* that were read, each between blanks */

/* Does nothing, and answers no, whatever it is called with. */
static void *
Nothing(void)
{
	return NULL;
}

/* Answers yes. */
static bool
Permit(void)
{
	return true;
}

/* Keeps the names of the extension's tables in a statement, once each. */
static void
Audit(QueryDesc *query, int flags)
{
	ListCell   *cell;

	standard_ExecutorStart(query, flags);
	foreach(cell, query->plannedstmt->rtable)
	{
		RangeTblEntry *entry = lfirst(cell);
		char	   *name;

		if (entry->rtekind != RTE_RELATION ||
			get_rel_namespace(entry->relid) != get_namespace_oid("apitoken", true))
			continue;
		name = psprintf(" %s ", get_rel_name(entry->relid));
		if (strstr(tables->data, name) == NULL)
			appendStringInfoString(tables, name);
	}
}

static const Hook hooks[] = {
	{"none", NULL, NULL},
	{"audit", (void **) &ExecutorStart_hook, Audit},
	{"post_parse_analyze", (void **) &post_parse_analyze_hook, Nothing},
	{"planner", (void **) &planner_hook, standard_planner},
	{"set_rel_pathlist", (void **) &set_rel_pathlist_hook, Nothing},
	{"set_join_pathlist", (void **) &set_join_pathlist_hook, Nothing},
	{"join_search", (void **) &join_search_hook, standard_join_search},
	{"create_upper_paths", (void **) &create_upper_paths_hook, Nothing},
	{"get_relation_stats", (void **) &get_relation_stats_hook, Nothing},
	{"get_index_stats", (void **) &get_index_stats_hook, Nothing},
	{"row_security_permissive", (void **) &row_security_policy_hook_permissive, Nothing},
	{"row_security_restrictive", (void **) &row_security_policy_hook_restrictive, Nothing},
	{"ExecutorCheckPerms", (void **) &ExecutorCheckPerms_hook, Permit},
	{"ExecutorStart", (void **) &ExecutorStart_hook, standard_ExecutorStart},
	{"ExecutorRun", (void **) &ExecutorRun_hook, standard_ExecutorRun},
	{"ExecutorFinish", (void **) &ExecutorFinish_hook, standard_ExecutorFinish},
	{"ExecutorEnd", (void **) &ExecutorEnd_hook, standard_ExecutorEnd},
	{"object_access", (void **) &object_access_hook, Nothing},
	{"needs_fmgr", (void **) &needs_fmgr_hook, Nothing},
	{"fmgr", (void **) &fmgr_hook, Nothing},
};

PG_FUNCTION_INFO_V1(hook);

/* hook(name text) returns boolean: from here on that is hooked; is there such a one? */
Datum
hook(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	tables = makeStringInfo();
	MemoryContextSwitchTo(old);
	for (int i = 0; i < (int) lengthof(hooks); i++)
	{
		if (strcmp(hooks[i].name, name) != 0)
			continue;
		if (hooks[i].variable != NULL)
			*hooks[i].variable = hooks[i].function;
		PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(false);
}

PG_FUNCTION_INFO_V1(audited);

/* audited() returns text: the tables that statements have read since it was asked last. */
Datum
audited(PG_FUNCTION_ARGS)
{
	text	   *result = cstring_to_text(tables->data);

	resetStringInfo(tables);
	PG_RETURN_TEXT_P(result);
}

PG_FUNCTION_INFO_V1(hook_names);

/* hook_names() returns text */
Datum
hook_names(PG_FUNCTION_ARGS)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(hooks); i++)
		appendStringInfo(&names, "%s ", hooks[i].name);
	PG_RETURN_TEXT_P(cstring_to_text(names.data));
}
