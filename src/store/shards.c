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
 * which is asked first.  Which shards of the trail this node has is read each time, as the
 * snapshot shows it under which they are read: a shard that has come since has rows that
 * the snapshot does not show, though they are older.
 *
 * src/store/shards.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/shards.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "errors.h"
#include "nodes/pg_list.h"
#include "store/distribution.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define CITUS_COLUMNS 4

typedef struct CitusColumn
{
	const char *name;
	Oid			type;
} CitusColumn;

typedef struct CitusTable
{
	const char *name;
	int			count;
	CitusColumn columns[CITUS_COLUMNS];
} CitusTable;

/* Citus' table of shards, and its columns. */
enum
{
	CITUS_TABLE,
	CITUS_NUMBER,
	CITUS_LEAST
};

static const CitusTable citus_shards = {
	"pg_dist_shard", 3, {
		[CITUS_TABLE] = {"logicalrelid", REGCLASSOID},
		[CITUS_NUMBER] = {"shardid", INT8OID},
		[CITUS_LEAST] = {"shardminvalue", TEXTOID}
	}
};

/* Its table of where they are; one that is moved has another number there. */
enum
{
	CITUS_PLACEMENT,
	CITUS_PLACED,
	CITUS_STATE,
	CITUS_NODE
};

static const CitusTable citus_placements = {
	"pg_dist_placement", 4, {
		[CITUS_PLACEMENT] = {"placementid", INT8OID},
		[CITUS_PLACED] = {"shardid", INT8OID},
		[CITUS_STATE] = {"shardstate", INT4OID},
		[CITUS_NODE] = {"groupid", INT4OID}
	}
};

/* The state of a shard that is there. */
#define CITUS_ACTIVE 1

/* The table whose shards are looked for, and the trigger that each has. */
#define TRAIL "api_token_transitions"
#define TRAIL_TRIGGER "stamp_row"

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

/* Is handed each row of a table of Citus' catalog. */
typedef void (*Receiver) (void *argument, const Datum *values, const bool *isnull);

static void
AddShard(void *argument, const Datum *values, const bool *isnull)
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

/*
 * Reads a table of the catalog, under that snapshot (NULL: the latest); nothing if it is not
 * as it is known here.
 */
static void
ReadCatalog(const CitusTable *table, Snapshot snapshot, Receiver receive, void *argument)
{
	Oid			catalog = get_relname_relid(table->name, PG_CATALOG_NAMESPACE);
	AttrNumber	attnums[CITUS_COLUMNS];
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;

	for (int i = 0; i < table->count; i++)
	{
		attnums[i] = OidIsValid(catalog) ? get_attnum(catalog, table->columns[i].name) : InvalidAttrNumber;
		if (attnums[i] == InvalidAttrNumber ||
			get_atttype(catalog, attnums[i]) != table->columns[i].type)
			return;
	}
	relation = table_open(catalog, AccessShareLock);
	scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		values[CITUS_COLUMNS];
		bool		isnull[CITUS_COLUMNS];

		for (int i = 0; i < table->count; i++)
			values[i] = heap_getattr(tuple, attnums[i], RelationGetDescr(relation), &isnull[i]);
		receive(argument, values, isnull);
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
	ReadCatalog(&citus_shards, NULL, AddShard, NULL);
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

/*
 * The trail's shards
 */

/* Those of the trail, then those of them that this node has. */
typedef struct Look
{
	Oid			table;
	int32		node;
	List	   *shards;			/* of int64, as the next one */
	List	   *here;
	List	   *placements;
} Look;

/* What was found when it was looked last: a query of them, and a number. */
static char *trail_here = NULL;
static uint64 trail_set = 0;

static List *
AppendNumber(List *list, Datum number)
{
	int64	   *copy = palloc(sizeof(int64));

	*copy = DatumGetInt64(number);
	return lappend(list, copy);
}

static bool
HasNumber(const List *list, Datum number)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		if (*(int64 *) lfirst(cell) == DatumGetInt64(number))
			return true;
	}
	return false;
}

static void
LookAtShard(void *argument, const Datum *values, const bool *isnull)
{
	Look	   *look = argument;

	if (!isnull[CITUS_TABLE] && !isnull[CITUS_NUMBER] &&
		DatumGetObjectId(values[CITUS_TABLE]) == look->table)
		look->shards = AppendNumber(look->shards, values[CITUS_NUMBER]);
}

static void
LookAtPlacement(void *argument, const Datum *values, const bool *isnull)
{
	Look	   *look = argument;

	for (int i = 0; i < citus_placements.count; i++)
	{
		if (isnull[i])
			return;
	}
	if (DatumGetInt32(values[CITUS_STATE]) != CITUS_ACTIVE ||
		DatumGetInt32(values[CITUS_NODE]) != look->node ||
		!HasNumber(look->shards, values[CITUS_PLACED]))
		return;
	look->here = AppendNumber(look->here, values[CITUS_PLACED]);
	look->placements = AppendNumber(look->placements, values[CITUS_PLACEMENT]);
}

/*
 * Raises 0A000 if the shard does not number and stamp its rows, as stamp.c has it, and PT400
 * if it is gone already.  It stays while the transaction reads it.
 */
static void
RequireStamped(int64 number)
{
	Oid			shard = TableOf(psprintf(TRAIL "_" INT64_FORMAT, number));
	Relation	relation = OidIsValid(shard) ? try_relation_open(shard, AccessShareLock) : NULL;
	bool		stamped = false;

	if (relation == NULL)
		apitoken_error_other_shards();
	for (int i = 0; relation->trigdesc != NULL && i < relation->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &relation->trigdesc->triggers[i];

		/* its name is behind it there */
		stamped |= strncmp(trigger->tgname, TRAIL_TRIGGER, strlen(TRAIL_TRIGGER)) == 0 &&
			trigger->tgnargs > 0 && trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
	}
	relation_close(relation, NoLock);
	if (!stamped)
		apitoken_error_not_distributed("apitoken_feed");
}

static int
CompareNumbers(const ListCell *a, const ListCell *b)
{
	int64		first = *(int64 *) lfirst(a);
	int64		second = *(int64 *) lfirst(b);

	return first < second ? -1 : first > second;
}

/* A number that stands for these, and is not 0. */
static uint64
HashNumbers(const List *list)
{
	uint64		hash = 1;
	ListCell   *cell;

	foreach(cell, list)
		hash = hash_bytes_extended(lfirst(cell), sizeof(int64), hash);
	return Max(hash, 1);
}

/* A query of the rows of all of them; of none, if there are none. */
static char *
QueryOf(const List *here)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, here)
		appendStringInfo(&text, "%sSELECT * FROM " APITOKEN_SCHEMA "." TRAIL "_" INT64_FORMAT,
						 text.len == 0 ? "" : " UNION ALL ", *(int64 *) lfirst(cell));
	if (here == NIL)
		appendStringInfoString(&text, "SELECT (NULL::" APITOKEN_SCHEMA "." TRAIL ").* WHERE false");
	return text.data;
}

/*
 * Looks which of the trail's shards this node has, as the active snapshot shows it.  Returns
 * a number that is another one where it has others, also one that was gone and has come
 * back; it is not 0.  Raises 0A000 if the rows of one do not say when they were added, PT400
 * if one is gone since.
 */
uint64
apitoken_shards_look(void)
{
	Look		look = {.table = TableOf(TRAIL), .node = apitoken_distribution_node()};
	ListCell   *cell;

	ReadCatalog(&citus_shards, GetActiveSnapshot(), LookAtShard, &look);
	ReadCatalog(&citus_placements, GetActiveSnapshot(), LookAtPlacement, &look);
	foreach(cell, look.here)
		RequireStamped(*(int64 *) lfirst(cell));
	list_sort(look.placements, CompareNumbers);
	if (trail_here != NULL)
		pfree(trail_here);
	trail_here = NULL;
	trail_set = HashNumbers(look.placements);
	trail_here = MemoryContextStrdup(TopMemoryContext, QueryOf(look.here));
	return trail_set;
}

/* Returns what apitoken_shards_look() found: the number, and a query of the shards' rows. */
uint64
apitoken_shards_found(const char **query)
{
	*query = trail_here;
	return trail_set;
}
