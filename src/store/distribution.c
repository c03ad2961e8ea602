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

/* Is it known which table is distributed?  And which is; InvalidOid: none. */
static bool known = false;
static Oid	distributed = InvalidOid;

/* Has something changed since it was last asked? */
static bool changed = true;

/* For the server: something about a relation has. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	known = false;
	changed = true;
}

/* The first of the tables in a schema that Citus' catalog has; InvalidOid: none. */
static Oid
FindIn(Oid catalog, AttrNumber attnum, Oid schema)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	Oid			found = InvalidOid;
	HeapTuple	tuple;

	while (!OidIsValid(found) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			table = DatumGetObjectId(heap_getattr(tuple, attnum,
														  RelationGetDescr(relation), &isnull));

		if (!isnull && get_rel_namespace(table) == schema)
			found = table;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

static Oid
Find(void)
{
	Oid			catalog = get_relname_relid(CITUS_TABLES, PG_CATALOG_NAMESPACE);
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, true);
	AttrNumber	attnum;

	if (!OidIsValid(catalog) || !OidIsValid(schema))
		return InvalidOid;
	attnum = get_attnum(catalog, CITUS_TABLE);
	if (attnum == InvalidAttrNumber || get_atttype(catalog, attnum) != REGCLASSOID)
		return InvalidOid;
	return FindIn(catalog, attnum, schema);
}

/*
 * Returns a table of the extension that is distributed, of whatever kind its
 * distribution is; InvalidOid if none is.
 */
Oid
apitoken_distribution_table(void)
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
