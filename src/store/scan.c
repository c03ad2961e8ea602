/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Scans of an index: for one key after another, or for all in one go.
 *
 * What belongs together lies together in an index: the links of an account's
 * user groups, its buyers.  To go down the tree for each of them takes longer
 * than all else, so the range from the least key to the greatest is scanned
 * instead, and what is met in it is looked up among the keys.  That is given up
 * as soon as it meets too much that was not asked for; what is missing then is
 * looked for key by key.
 *
 * src/store/scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/scan.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "compat.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "store/ids.h"
#include "store/places.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

/* With fewer keys than that, a range saves nothing. */
#define MIN_RANGE_KEYS 4

/*
 * How much may be met in a range that was not asked for: to pass over it takes
 * a small part of what going down the tree does.
 */
#define MAX_PASSED(found) (16 + 4 * (found))

/* A scan of an index. */
typedef struct IndexReader
{
	Relation	relation;
	const ApitokenPath *path;
	const ApitokenKeys *keys;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	Buffer		visibility;		/* page of the visibility map, or
								 * InvalidBuffer */
} IndexReader;

/* Keys that differ in their last column alone, and lie in a range of it. */
typedef struct KeyRange
{
	MemoryContext context;		/* of all this */
	ApitokenIds *ids;			/* of the last column; numbers are keys */
	Datum		least;
	Datum		greatest;
} KeyRange;

/*
 * Rows
 */

/* Hands a row on; values and isnull are by the attribute numbers of delivery. */
void
apitoken_scan_deliver(ApitokenDelivery *delivery, int key, const Datum *values,
					  const bool *isnull)
{
	for (int slot = 0; slot < delivery->layout->count; slot++)
	{
		AttrNumber	attnum = delivery->attnums[slot];

		delivery->isnull[slot] = attnum == InvalidAttrNumber || isnull[attnum - 1];
		if (!delivery->isnull[slot])
			delivery->values[slot] = values[attnum - 1];
	}
	delivery->receive(delivery->argument, key, delivery->values, delivery->isnull);
}

/* tuples: are those of the index wanted, too? */
static void
StartScan(IndexReader *reader, int nkeys, bool tuples)
{
	reader->scan = apitoken_index_beginscan(reader->relation, reader->index,
											GetActiveSnapshot(), nkeys);
	reader->scan->xs_want_itup = tuples;
}

/*
 * Is the row that the index has led to visible?  It is not read from the table
 * if the index has all of it, unless that is what it takes to see: as an
 * index-only scan does.
 */
static bool
IsVisible(IndexReader *reader)
{
	BlockNumber block = ItemPointerGetBlockNumber(&reader->scan->xs_heaptid);

	if (!reader->path->covered)
		return index_fetch_heap(reader->scan, reader->slot);

	if (VM_ALL_VISIBLE(reader->relation, block, &reader->visibility))
	{
		PredicateLockPage(reader->relation, block, reader->scan->xs_snapshot);
		return true;
	}
	if (!index_fetch_heap(reader->scan, reader->slot))
		return false;
	ExecClearTuple(reader->slot);
	return true;
}

static void
DeliverRow(IndexReader *reader, int key, ApitokenDelivery *delivery)
{
	if (reader->path->covered)
	{
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		index_deform_tuple(reader->scan->xs_itup, reader->scan->xs_itupdesc, values, isnull);
		apitoken_scan_deliver(delivery, key, values, isnull);
	}
	else
	{
		/* what is behind the last one need not be taken apart */
		slot_getsomeattrs(reader->slot, delivery->last);
		apitoken_scan_deliver(delivery, key, reader->slot->tts_values, reader->slot->tts_isnull);
	}
}

/*
 * A range
 */

/* As the collation C has it. */
static int
CompareIds(Datum a, Datum b)
{
	text	   *left = DatumGetTextPP(a);
	text	   *right = DatumGetTextPP(b);
	int			left_length = VARSIZE_ANY_EXHDR(left);
	int			right_length = VARSIZE_ANY_EXHDR(right);
	int			order = memcmp(VARDATA_ANY(left), VARDATA_ANY(right),
							   Min(left_length, right_length));

	return order != 0 ? order : left_length - right_length;
}

/* Does a key differ from the first one, if at all, in its last column alone? */
static bool
IsAkin(int nkeys, const ApitokenKeys *keys, int key)
{
	for (int column = 0; column < nkeys - 1; column++)
	{
		if (CompareIds(keys->columns[column][key], keys->columns[column][0]) != 0)
			return false;
	}
	return true;
}

/* Fills a range from keys; returns false if they do not make one. */
static bool
FillRange(KeyRange *range, int nkeys, const ApitokenKeys *keys)
{
	const Datum *last = keys->columns[nkeys - 1];

	range->least = last[0];
	range->greatest = last[0];
	for (int key = 0; key < keys->count; key++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!IsAkin(nkeys, keys, key) || apitoken_ids_add(range->ids, last[key]) != key)
			return false;
		if (CompareIds(last[key], range->least) < 0)
			range->least = last[key];
		if (CompareIds(last[key], range->greatest) > 0)
			range->greatest = last[key];
	}
	return true;
}

/* Returns the range of the keys, or NULL if they are too few or make none. */
static KeyRange *
FindRange(int nkeys, const ApitokenKeys *keys)
{
	MemoryContext context;
	MemoryContext old;
	KeyRange   *range;
	bool		filled;

	if (keys->count < MIN_RANGE_KEYS)
		return NULL;

	context = AllocSetContextCreate(CurrentMemoryContext, "apitoken range",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	range = palloc(sizeof(KeyRange));
	range->context = context;
	range->ids = apitoken_ids_create();
	filled = FillRange(range, nkeys, keys);
	MemoryContextSwitchTo(old);
	if (filled)
		return range;
	MemoryContextDelete(context);
	return NULL;
}

static void
StartRange(IndexReader *reader, const KeyRange *range, int nkeys)
{
	ScanKeyData scankeys[APITOKEN_MAX_KEYS + 1];

	for (int column = 0; column < nkeys - 1; column++)
		ScanKeyInit(&scankeys[column], column + 1, BTEqualStrategyNumber, F_TEXTEQ,
					reader->keys->columns[column][0]);
	ScanKeyInit(&scankeys[nkeys - 1], nkeys, BTGreaterEqualStrategyNumber, F_TEXT_GE,
				range->least);
	ScanKeyInit(&scankeys[nkeys], nkeys, BTLessEqualStrategyNumber, F_TEXT_LE,
				range->greatest);
	StartScan(reader, nkeys + 1, true);
	index_rescan(reader->scan, scankeys, nkeys + 1, NULL, 0);
}

/* The key that the index has led to; -1: none that was asked for. */
static int
FindKey(const IndexReader *reader, const KeyRange *range, int nkeys)
{
	bool		isnull;
	Datum		id = index_getattr(reader->scan->xs_itup, nkeys, reader->scan->xs_itupdesc,
								   &isnull);

	return apitoken_ids_find(range->ids, id);
}

/*
 * Reading
 */

/* Keeps the place of the row that was read, as the index has it; the table is a heap. */
static void
NotePlace(const IndexReader *reader, int key, int nkeys, const ApitokenDelivery *delivery,
		  ItemPointer tid)
{
	apitoken_places_note(reader->relation, reader->path, nkeys, reader->keys, key,
						 delivery->digest, tid,
						 ((BufferHeapTupleTableSlot *) reader->slot)->buffer);
}

/*
 * Hands on the rows that the scan leads to, of one key (range is NULL) or of those of
 * a range, and counts them by their keys.  Returns false if it was given up, having
 * met too much that was not asked for.
 */
static bool
ReadScan(IndexReader *reader, const KeyRange *range, int key, int nkeys, int64 limit,
		 int64 *rows, ApitokenDelivery *delivery)
{
	int64		found = 0;
	int64		passed = 0;
	ItemPointer tid;

	while ((range == NULL ? rows[key] < limit : passed <= MAX_PASSED(found)) &&
		   (tid = index_getnext_tid(reader->scan, ForwardScanDirection)) != NULL)
	{
		int			met = range == NULL ? key : FindKey(reader, range, nkeys);
		ItemPointerData place = *tid;	/* a row's is another one, if it was
										 * updated */

		CHECK_FOR_INTERRUPTS();
		if (met < 0 || rows[met] == limit)
			passed++;
		else if (IsVisible(reader))
		{
			NotePlace(reader, met, nkeys, delivery, &place);
			DeliverRow(reader, met, delivery);
			rows[met]++;
			found++;
		}
	}
	return passed <= MAX_PASSED(found);
}

/* Reads what has the keys of which there are no rows yet. */
static void
ReadKeys(IndexReader *reader, int nkeys, int64 limit, int64 *rows, ApitokenDelivery *delivery)
{
	const ApitokenKeys *keys = reader->keys;
	ScanKeyData scankeys[APITOKEN_MAX_KEYS];

	StartScan(reader, nkeys, reader->path->covered);
	for (int key = 0; key < keys->count; key++)
	{
		/* there may be no row of any of them */
		CHECK_FOR_INTERRUPTS();
		if (rows[key] > 0)
			continue;
		for (int column = 0; column < nkeys; column++)
			ScanKeyInit(&scankeys[column], column + 1, BTEqualStrategyNumber, F_TEXTEQ,
						keys->columns[column][key]);
		index_rescan(reader->scan, scankeys, nkeys, NULL, 0);
		(void) ReadScan(reader, NULL, key, nkeys, limit, rows, delivery);
	}
	index_endscan(reader->scan);
}

/*
 * Reads the range.  Returns false if it was given up: then all rows of those keys have
 * been read of which there are any, and maybe none of the others'.
 */
static bool
ReadRange(IndexReader *reader, const KeyRange *range, int nkeys, int64 limit, int64 *rows,
		  ApitokenDelivery *delivery)
{
	bool		whole;

	StartRange(reader, range, nkeys);
	whole = ReadScan(reader, range, 0, nkeys, limit, rows, delivery);
	index_endscan(reader->scan);
	return whole;
}

/* Reads what has the keys of which there are no rows yet: a part of them, or all. */
static void
ReadIndex(IndexReader *reader, int nkeys, bool all, int64 limit, int64 *rows,
		  ApitokenDelivery *delivery)
{
	KeyRange   *range = all ? FindRange(nkeys, reader->keys) : NULL;

	if (range == NULL || !ReadRange(reader, range, nkeys, limit, rows, delivery))
		ReadKeys(reader, nkeys, limit, rows, delivery);
	if (range != NULL)
		MemoryContextDelete(range->context);
}

static void
OpenIndex(IndexReader *reader)
{
	reader->index = index_open(reader->path->index, AccessShareLock);
	reader->slot = table_slot_create(reader->relation, NULL);
}

/* Locks are kept until the transaction ends, as a statement's are. */
static void
CloseIndex(IndexReader *reader)
{
	if (BufferIsValid(reader->visibility))
		ReleaseBuffer(reader->visibility);
	ExecDropSingleTupleTableSlot(reader->slot);
	index_close(reader->index, NoLock);
}

/*
 * Reads by a path, under the active snapshot, the rows that have the keys, which are
 * its index's first nkeys columns (text, of collation C): at most limit of them
 * for each key, one key's after another's, the keys in any order.
 *
 * The attribute numbers of delivery are those of the index if the path is covered by
 * it, else they are those of the table.
 */
void
apitoken_scan_read(Relation relation, const ApitokenPath *path, int nkeys,
				   const ApitokenKeys *keys, int64 limit, ApitokenDelivery *delivery)
{
	IndexReader reader = {.relation = relation, .path = path, .keys = keys,
	.visibility = InvalidBuffer};
	int64	   *rows = MemoryContextAllocExtended(CurrentMemoryContext,
												  sizeof(int64) * keys->count,
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int			found = apitoken_places_read(relation, path, nkeys, keys, rows, delivery);

	if (found < keys->count)
	{
		OpenIndex(&reader);
		ReadIndex(&reader, nkeys, found == 0, limit, rows, delivery);
		CloseIndex(&reader);
	}
	pfree(rows);
}

/*
 * Keys that are being added
 */

/* Returns who is adding a row with the key now, of an index's one column, which is bytea. */
static TransactionId
FindAdder(Relation relation, Relation index, Datum key, uint32 *speculative)
{
	SnapshotData dirty;
	ScanKeyData scankey;
	IndexScanDesc scan;
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	TransactionId adder = InvalidTransactionId;

	InitDirtySnapshot(dirty);
	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, F_BYTEAEQ, key);
	scan = apitoken_index_beginscan(relation, index, &dirty, 1);
	index_rescan(scan, &scankey, 1, NULL, 0);
	while (!TransactionIdIsValid(adder) && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		adder = dirty.xmin;
		*speculative = dirty.speculativeToken;
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return adder;
}

/*
 * Waits until nobody is adding a row to a table of the extension any more whose primary key
 * that is, one column of bytea: as whoever adds such a row himself would.  Nothing is waited
 * for if the table has no such key.
 */
void
apitoken_scan_await_key(const char *table, Datum key)
{
	Oid			relation_id = get_relname_relid(table, get_namespace_oid(APITOKEN_SCHEMA, false));
	Relation	relation = table_open(relation_id, AccessShareLock);
	Oid			index_id = apitoken_primary_key_index(relation);
	Relation	index;
	TransactionId adder;
	uint32		speculative = 0;

	if (OidIsValid(index_id))
	{
		index = index_open(index_id, AccessShareLock);
		while (TransactionIdIsValid(adder = FindAdder(relation, index, key, &speculative)))
		{
			if (speculative != 0)
				SpeculativeInsertionWait(adder, speculative);
			else
				XactLockTableWait(adder, relation, NULL, XLTW_None);
		}
		index_close(index, NoLock);
	}
	table_close(relation, NoLock);
}
