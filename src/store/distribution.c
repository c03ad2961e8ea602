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
#include "access/relation.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "store/shards.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Citus' table of what it distributes, and its column of which table that is. */
#define CITUS_TABLES "pg_dist_partition"
#define CITUS_TABLE "logicalrelid"

/* Its table of which node this is, with one row. */
#define CITUS_NODE "pg_dist_local_group"
#define CITUS_GROUP "groupid"

/* apitoken.distribute() begins and ends with these, in one transaction. */
#define FIRST_TABLE "actors"
#define LAST_TABLE "api_token_transitions"

/* Is it known how the tables are?  And how they are. */
static bool known = false;
static ApitokenDistribution distribution = DISTRIBUTION_NONE;

/* Which of Citus' nodes this is: 0 is the coordinator, -1 none. */
static int32 node = -1;

/* Has something changed since it was last asked? */
static bool changed = true;

/* For the server: something about a relation has. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	known = false;
	changed = true;
	apitoken_shards_forget(relation);
}

/*
 * Citus' catalog
 */

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

/* Which tables of the schema are distributed. */
typedef struct Search
{
	Oid			schema;
	bool		some;
	bool		first;
	bool		last;
} Search;

static void
ReceiveTable(void *argument, Datum value)
{
	Search	   *search = argument;
	Oid			table = DatumGetObjectId(value);
	char	   *name = get_rel_name(table);

	if (name == NULL || get_rel_namespace(table) != search->schema)
		return;
	search->some = true;
	search->first |= strcmp(name, FIRST_TABLE) == 0;
	search->last |= strcmp(name, LAST_TABLE) == 0;
}

static void
ReceiveGroup(void *argument, Datum value)
{
	*(int32 *) argument = DatumGetInt32(value);
}

/*
 * What a node is prepared for
 */

/* Which of Citus' nodes this is: 0 is the coordinator, -1 none. */
static int32
FindGroup(void)
{
	int32		group = -1;

	ReadCatalog(CITUS_NODE, CITUS_GROUP, INT4OID, ReceiveGroup, &group);
	return group;
}

/* Are the trail's numbers the node's own? */
static bool
NumbersAreOwn(Oid schema, int32 group)
{
	Oid			sequence = get_relname_relid("api_token_transitions_id_seq", schema);
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	Form_pg_sequence form;
	bool		own;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_sequence) GETSTRUCT(tuple);
	own = group >= 0 && form->seqmin > (int64) group << APITOKEN_NODE_NUMBER_BITS &&
		form->seqmax < (int64) (group + 1) << APITOKEN_NODE_NUMBER_BITS;
	ReleaseSysCache(tuple);
	return own;
}

/* Has the table none of the triggers that write to others?  On a prepared node calls do that. */
static bool
IsPrepared(Oid schema)
{
	Oid			table = get_relname_relid("api_tokens", schema);
	Relation	relation = try_relation_open(table, AccessShareLock);
	bool		none = relation != NULL;

	for (int i = 0; none && relation->trigdesc != NULL && i < relation->trigdesc->numtriggers; i++)
		none = strcmp(relation->trigdesc->triggers[i].tgname, "log_transition") != 0;
	if (relation != NULL)
		relation_close(relation, AccessShareLock);
	return none;
}

static ApitokenDistribution
Find(void)
{
	Search		search = {get_namespace_oid(APITOKEN_SCHEMA, true), false, false, false};

	node = FindGroup();
	if (OidIsValid(search.schema))
		ReadCatalog(CITUS_TABLES, CITUS_TABLE, REGCLASSOID, ReceiveTable, &search);

	/*
	 * A worker's tables are empty: the rows are with the coordinator.  A node
	 * that was prepared does not know any more that it was one of several,
	 * once its part of Citus' catalog was taken away.
	 */
	if (!search.some)
		return node > 0 || IsPrepared(search.schema) ? DISTRIBUTION_UNREADY : DISTRIBUTION_NONE;
	return search.first && search.last && NumbersAreOwn(search.schema, node) &&
		IsPrepared(search.schema) ? DISTRIBUTION_READY : DISTRIBUTION_UNREADY;
}

/* Returns how the tables are. */
ApitokenDistribution
apitoken_distribution(void)
{
	static bool registered = false;

	if (known)
		return distribution;
	if (!registered)
	{
		CacheRegisterRelcacheCallback(ForgetRelation, (Datum) 0);
		registered = true;
	}
	changed = false;
	distribution = Find();
	/* what has changed meanwhile is found out the next time */
	known = !changed;
	return distribution;
}

/* Are the tables distributed by account, so that their statements are others? */
bool
apitoken_distribution_is_ready(void)
{
	return apitoken_distribution() == DISTRIBUTION_READY;
}

/* Returns the number of this node among Citus' nodes; 0 for the coordinator, and where is no Citus. */
int32
apitoken_distribution_node(void)
{
	(void) apitoken_distribution();
	return Max(node, 0);
}

/*
 * Returns what a number of this node's own begins with, that of a transaction or one of its
 * sequence: all of another node's are below it, or from 2 ^ APITOKEN_NODE_NUMBER_BITS above it on.
 */
uint64
apitoken_distribution_base(void)
{
	return (uint64) apitoken_distribution_node() << APITOKEN_NODE_NUMBER_BITS;
}
