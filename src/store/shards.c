/*-------------------------------------------------------------------------
 *
 * shards.c
 *	  Which tables of this server have the rows of distributed ones.
 *
 * The rows of a table that Citus distributes are in shards, tables of that name with
 * a number behind it.  One that is on every node has a single shard, a copy of which
 * each has; one that is distributed by account has many, each on one node, and those
 * of two such tables which have the same accounts are together.
 *
 * It is read in Citus' catalog, and kept for the session until the server says that
 * something about one of the tables has changed, as Citus has it do: see distribution.c,
 * which is asked first.
 *
 * src/store/shards.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/shards.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Citus' table of shards, and its columns. */
#define CITUS_SHARDS "pg_dist_shard"

typedef enum CitusColumn
{
	CITUS_TABLE,
	CITUS_NUMBER,
	CITUS_LEAST,
	CITUS_COLUMNS
} CitusColumn;

static const struct
{
	const char *name;
	Oid			type;
}			citus_columns[CITUS_COLUMNS] =

{
	[CITUS_TABLE] = {"logicalrelid", REGCLASSOID},
	[CITUS_NUMBER] = {"shardid", INT8OID},
	[CITUS_LEAST] = {"shardminvalue", TEXTOID}
};

typedef struct Shard
{
	Oid			table;
	int64		number;
	bool		whole;			/* has it all of the table's rows? */
	int64		least;			/* hash of an account; else 0 */
} Shard;

/* All of them, as far as the server has said. */
static bool known = false;
static MemoryContext context = NULL;
static Shard *shards = NULL;
static int	count = 0;

/*
 * Something about a relation (InvalidOid: any) has changed, the server has said: a library
 * has few places where it can have itself told.
 */
void
apitoken_shards_forget(Oid relation)
{
	for (int i = 0; known && i < count; i++)
	{
		if (relation == InvalidOid || shards[i].table == relation)
			known = false;
	}
	if (count == 0)
		known = false;
}

static void
AddShard(const Datum *values, const bool *isnull)
{
	Shard	   *shard;

	if (isnull[CITUS_TABLE] || isnull[CITUS_NUMBER])
		return;
	if ((count & (count - 1)) == 0)
	{
		Size		size = sizeof(Shard) * Max(count * 2, 1);

		shards = shards == NULL ? MemoryContextAlloc(context, size) : repalloc(shards, size);
	}
	shard = &shards[count++];
	shard->table = DatumGetObjectId(values[CITUS_TABLE]);
	shard->number = DatumGetInt64(values[CITUS_NUMBER]);
	shard->whole = isnull[CITUS_LEAST];
	shard->least = shard->whole ? 0 : pg_strtoint32(TextDatumGetCString(values[CITUS_LEAST]));
}

/* Reads the catalog; none if it is not as it is known here. */
static void
ReadShards(void)
{
	Oid			catalog = get_relname_relid(CITUS_SHARDS, PG_CATALOG_NAMESPACE);
	AttrNumber	attnums[CITUS_COLUMNS];
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;

	for (int i = 0; i < CITUS_COLUMNS; i++)
	{
		attnums[i] = OidIsValid(catalog) ? get_attnum(catalog, citus_columns[i].name) : InvalidAttrNumber;
		if (attnums[i] == InvalidAttrNumber ||
			get_atttype(catalog, attnums[i]) != citus_columns[i].type)
			return;
	}
	relation = table_open(catalog, AccessShareLock);
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		values[CITUS_COLUMNS];
		bool		isnull[CITUS_COLUMNS];

		for (int i = 0; i < CITUS_COLUMNS; i++)
			values[i] = heap_getattr(tuple, attnums[i], RelationGetDescr(relation), &isnull[i]);
		AddShard(values, isnull);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

static void
FindShards(void)
{
	if (known)
		return;
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "apitoken shards",
										ALLOCSET_SMALL_SIZES);
	MemoryContextReset(context);
	shards = NULL;
	count = 0;
	/* whatever changes from here on makes it unknown again */
	known = true;
	ReadShards();
}

static Oid
TableOf(const char *table)
{
	return get_relname_relid(table, get_namespace_oid(APITOKEN_SCHEMA, false));
}

/* The shard's own table here, by its name; InvalidOid: this node has none. */
static Oid
RelationOf(const Shard *shard, const char *table)
{
	return TableOf(psprintf("%s_" INT64_FORMAT, table, shard->number));
}

/*
 * Returns the table that has all rows of one of the extension's tables, which is on every
 * node; InvalidOid: none has.
 */
Oid
apitoken_shards_whole(const char *table)
{
	Oid			wanted = TableOf(table);

	FindShards();
	for (int i = 0; i < count; i++)
	{
		if (shards[i].table == wanted && shards[i].whole)
			return RelationOf(&shards[i], table);
	}
	return InvalidOid;
}

/*
 * Returns the shard of a table (wanted) that has the rows of the same accounts as a shard of
 * another one; InvalidOid: that is no shard of it, or has none beside it here.
 */
Oid
apitoken_shards_beside(Oid shard, const char *table, const char *wanted)
{
	Oid			table_id = TableOf(table);
	Oid			wanted_id = TableOf(wanted);
	const Shard *given = NULL;

	FindShards();
	for (int i = 0; shards != NULL && i < count && given == NULL; i++)
	{
		if (shards[i].table == table_id && !shards[i].whole &&
			RelationOf(&shards[i], table) == shard)
			given = &shards[i];
	}
	for (int i = 0; given != NULL && i < count; i++)
	{
		if (shards[i].table == wanted_id && !shards[i].whole && shards[i].least == given->least)
			return RelationOf(&shards[i], wanted);
	}
	return InvalidOid;
}
