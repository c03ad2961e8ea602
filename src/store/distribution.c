/*-------------------------------------------------------------------------
 *
 * distribution.c
 *	  Are the tables distributed over several servers?
 *
 * What Citus distributes is, on each of its nodes, a table that is empty: its rows
 * are in others, the shards.  Statements are planned to ask those; whoever reads the
 * table itself finds nothing, and a token that is disabled or revoked would not be
 * found to be so.  So it is known of each table, before anything else is.
 *
 * It is asked of Citus' catalog, once in a session and again where the server says
 * that something about a relation has changed: there is no other way for a table to
 * become distributed, whose relation Citus has the server announce then.
 *
 * src/store/distribution.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/distribution.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Citus' table of what it distributes, and its column of which table that is. */
#define CITUS_TABLES "pg_dist_partition"
#define CITUS_TABLE "logicalrelid"

/* Its table of which node this is, with one row. */
#define CITUS_NODE "pg_dist_local_group"
#define CITUS_GROUP "groupid"

/* Is it known where the rows are?  And are they elsewhere? */
static bool known = false;
static bool distributed = false;

/* Has something changed since it was last asked? */
static bool changed = true;

/* For the server: something about a relation has. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	known = false;
	changed = true;
}

/* Is handed each value of a column of Citus' catalog. */
typedef void (*Receiver) (void *argument, Datum value);

/* Reads a column of a table of Citus' catalog; nothing if there is none of that type. */
static void
ReadCatalog(const char *table, const char *column, Oid type, Receiver receive, void *argument)
{
	Oid			catalog = get_relname_relid(table, PG_CATALOG_NAMESPACE);
	AttrNumber	attnum = OidIsValid(catalog) ? get_attnum(catalog, column) : InvalidAttrNumber;
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (attnum == InvalidAttrNumber || get_atttype(catalog, attnum) != type)
		return;
	relation = table_open(catalog, AccessShareLock);
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, attnum, RelationGetDescr(relation), &isnull);

		if (!isnull)
			receive(argument, value);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

/* What is looked for, and whether it was found. */
typedef struct Search
{
	Oid			schema;
	bool		elsewhere;
} Search;

static void
ReceiveTable(void *argument, Datum value)
{
	Search	   *search = argument;

	if (get_rel_namespace(DatumGetObjectId(value)) == search->schema)
		search->elsewhere = true;
}

/* The coordinator is 0; a worker's tables are empty, distributed or not. */
static void
ReceiveGroup(void *argument, Datum value)
{
	if (DatumGetInt32(value) > 0)
		((Search *) argument)->elsewhere = true;
}

/* Is a table of the extension distributed, or would its rows be with the coordinator? */
static bool
Find(void)
{
	Search		search = {get_namespace_oid(APITOKEN_SCHEMA, true), false};

	ReadCatalog(CITUS_TABLES, CITUS_TABLE, REGCLASSOID, ReceiveTable, &search);
	ReadCatalog(CITUS_NODE, CITUS_GROUP, INT4OID, ReceiveGroup, &search);
	return search.elsewhere;
}

/*
 * Are rows of the extension's tables on other servers of Citus, or would they be?
 */
bool
apitoken_distribution_is_there(void)
{
	static bool registered = false;

	if (known)
		return distributed;
	if (!registered)
	{
		CacheRegisterRelcacheCallback(ForgetRelation, (Datum) 0);
		registered = true;
	}
	changed = false;
	distributed = Find();
	/* what has changed meanwhile is found out the next time */
	known = !changed;
	return distributed;
}
