/*-------------------------------------------------------------------------
 *
 * planning.c
 *	  For which sizes of tables statements are planned.
 *
 * A statement's plan is kept as long as the session, and the server makes it anew only
 * when somebody has analyzed a table or changed it.  One that was made while a table was
 * empty reads all of that, since nothing is less; and goes on so when there is a million
 * of rows, as in a connection of a pool that was there before them.  So while a statement
 * of ours is planned, and what is run inside it, no table of the extension is taken for
 * smaller than one in which an index pays.
 *
 * src/store/planning.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "apitoken.h"
#include "catalog/namespace.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "store/planning.h"
#include "utils/lsyscache.h"

/* So many rows a table has at least, and so many of them, or entries, stand in a page. */
#define LEAST_ROWS 100000
#define ROWS_IN_PAGE 50

static ApitokenRelationHook next_hook = NULL;

/* Is it one of ours that is planned now? */
static bool for_many_rows = false;

/* A partial one may come to have an entry for each row as well. */
static void
EnlargeIndexes(RelOptInfo *relation)
{
	ListCell   *cell;

	foreach(cell, relation->indexlist)
	{
		IndexOptInfo *index = lfirst(cell);

		index->tuples = relation->tuples;
		index->pages = Max(index->pages, LEAST_ROWS / ROWS_IN_PAGE);
	}
}

/* Is it a table of the extension, of which the server has found out how large it is? */
static bool
IsOurs(const RangeTblEntry *entry)
{
	return entry->rtekind == RTE_RELATION && !entry->inh &&
		get_rel_namespace(entry->relid) == get_namespace_oid(APITOKEN_SCHEMA, true);
}

static void
EnlargeTable(APITOKEN_RELATION_HOOK_PARAMETERS)
{
	if (for_many_rows && relation->tuples < LEAST_ROWS &&
		IsOurs(planner_rt_fetch(relation->relid, root)))
	{
		relation->tuples = LEAST_ROWS;
		relation->pages = Max(relation->pages, LEAST_ROWS / ROWS_IN_PAGE);
		EnlargeIndexes(relation);
	}
	if (next_hook)
		next_hook(APITOKEN_RELATION_HOOK_ARGUMENTS);
}

/* Has the planner ask here for a table's size; once, when the library is loaded. */
void
apitoken_planning_start(void)
{
	next_hook = apitoken_relation_hook;
	apitoken_relation_hook = EnlargeTable;
}

/* Does anybody else have the planner ask him? */
bool
apitoken_planning_is_hooked(void)
{
	return next_hook != NULL || apitoken_relation_hook != EnlargeTable;
}

/*
 * From here on, are the extension's tables taken for large by what is planned?  Returns
 * what it was before, which the caller goes back to, after an error as well.
 */
bool
apitoken_planning_for_many_rows(bool many)
{
	bool		before = for_many_rows;

	for_many_rows = many;
	return before;
}
