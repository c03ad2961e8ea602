/*-------------------------------------------------------------------------
 *
 * places.c
 *	  Where rows were the last time.
 *
 * To go down an index takes several times what it does to read the row that it
 * leads to.  So the places of rows that have a unique key are kept for the session,
 * and the next time a row is looked for where it was.  If the snapshot shows a row
 * there that has the very key, it is the one that the index would lead to: a
 * snapshot shows no two rows with one key.  Whatever else is there, or is not,
 * the index is gone down.
 *
 * So nothing has to be forgotten when rows move, or go, or the table becomes another
 * one: a place is where to look first, and no more than that.
 *
 * To read a page that the table does not have any more would be an error, and to ask
 * for the table's end takes as long as the index does.  So a place is one in a buffer,
 * and is looked at only while that has the page: whoever cuts a table off takes its
 * pages out of them, and is locked out while it is read.
 *
 * In a serializable transaction an index also tells which rows would have been read if
 * they had been there, so that nothing else will do.
 *
 * What is kept has no key, and so no digest, but a hash of it.  Rows that a secret
 * led to are kept by that secret as well, and are forgotten when it is refused: so a
 * place is known of those alone that were let in, and however often one is tried that
 * is not right, it takes what it took before.
 *
 * src/store/places.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/places.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"

/* More rows than that lie together, or are not looked for again. */
#define MAX_KEYS 16

typedef struct Place
{
	uint64		hash;			/* of the table and the key */
	ItemPointerData tid;		/* as an index has it */
	Buffer		buffer;			/* that had the page; InvalidBuffer: none is
								 * kept */
} Place;

/* Of two whose hashes agree in their last bits the later one is kept. */
static Place places[1024];

StaticAssertDecl((lengthof(places) & (lengthof(places) - 1)) == 0, "a power of two");

/* Who reads places: what the rows are found by, and room for one. */
typedef struct PlaceReader
{
	Relation	relation;
	const AttrNumber *columns;	/* of the key */
	int			nkeys;
	const ApitokenKeys *keys;
	Datum	   *values;			/* by the columns of the table */
	bool	   *isnull;
} PlaceReader;

static uint64
HashBytes(const struct varlena *value, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(value),
							   VARSIZE_ANY_EXHDR(value), seed);
}

/* Which key of a table, and of which secret if digest is not NULL. */
static uint64
HashKey(Oid relation, int nkeys, const ApitokenKeys *keys, int key, const bytea *digest)
{
	uint64		hash = digest == NULL ? relation : HashBytes(digest, relation);

	for (int column = 0; column < nkeys; column++)
		hash = HashBytes(DatumGetTextPP(keys->columns[column][key]), hash);
	return hash;
}

/* The place that is kept for a hash, or where it would be. */
static Place *
PlaceOf(uint64 hash)
{
	return &places[hash & (lengthof(places) - 1)];
}

/* Are places kept of the rows that are found by that path? */
static bool
AreKept(const ApitokenPath *path, const ApitokenKeys *keys, const bytea *digest)
{
	return path->unique[0] != InvalidAttrNumber && (digest != NULL || !path->by_secret) &&
		keys->count <= MAX_KEYS && !IsolationIsSerializable() &&
		IsMVCCSnapshot(GetActiveSnapshot());
}

static bool
SameText(Datum a, Datum b)
{
	const text *left = DatumGetTextPP(a);
	const text *right = DatumGetTextPP(b);

	return VARSIZE_ANY_EXHDR(left) == VARSIZE_ANY_EXHDR(right) &&
		memcmp(VARDATA_ANY(left), VARDATA_ANY(right), VARSIZE_ANY_EXHDR(left)) == 0;
}

/* Has the row that was read that key? */
static bool
HasKey(const PlaceReader *reader, int key)
{
	for (int i = 0; i < reader->nkeys; i++)
	{
		int			column = reader->columns[i] - 1;

		if (reader->isnull[column] ||
			!SameText(reader->values[column], reader->keys->columns[i][key]))
			return false;
	}
	return true;
}

static void
MakeRoom(PlaceReader *reader)
{
	int			columns = RelationGetNumberOfAttributes(reader->relation);

	if (reader->values != NULL)
		return;
	reader->values = palloc((sizeof(Datum) + sizeof(bool)) * columns);
	reader->isnull = (bool *) (reader->values + columns);
}

/*
 * Reads the row in a place, whose buffer is pinned; returns whether the active snapshot
 * shows one there, and it has the key.
 */
static bool
ReadPlace(PlaceReader *reader, const Place *place, int key)
{
	ItemPointerData tid = place->tid;
	HeapTupleData tuple;
	bool		found;

	LockBuffer(place->buffer, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(&tid, reader->relation, place->buffer, GetActiveSnapshot(),
								   &tuple, NULL, true);
	LockBuffer(place->buffer, BUFFER_LOCK_UNLOCK);
	if (!found)
		return false;

	MakeRoom(reader);
	heap_deform_tuple(&tuple, RelationGetDescr(reader->relation), reader->values,
					  reader->isnull);
	return HasKey(reader, key);
}

/* Hands on the row with a key, if it is where it was; else returns false. */
static bool
DeliverPlace(PlaceReader *reader, int key, ApitokenDelivery *delivery)
{
	uint64		hash = HashKey(RelationGetRelid(reader->relation), reader->nkeys, reader->keys,
							   key, delivery->digest);
	const Place place = *PlaceOf(hash);
	bool		found;

	if (place.hash != hash || !BufferIsValid(place.buffer) ||
		!apitoken_read_recent(reader->relation, ItemPointerGetBlockNumber(&place.tid),
							  place.buffer))
		return false;

	found = ReadPlace(reader, &place, key);
	if (found)
	{
		pgstat_count_heap_fetch(reader->relation);
		apitoken_scan_deliver(delivery, key, reader->values, reader->isnull);
	}
	ReleaseBuffer(place.buffer);
	return found;
}

/*
 * Hands on the rows with the keys that are where they were, under the active snapshot, and
 * counts them by their keys.  Returns how many there are.  The table is open and locked,
 * and is a heap.
 */
int
apitoken_places_read(Relation relation, const ApitokenPath *path, int nkeys,
					 const ApitokenKeys *keys, int64 *rows, ApitokenDelivery *delivery)
{
	PlaceReader reader = {relation, path->unique, nkeys, keys, NULL, NULL};
	int			found = 0;

	if (!AreKept(path, keys, delivery->digest))
		return 0;

	for (int key = 0; key < keys->count; key++)
	{
		if (DeliverPlace(&reader, key, delivery))
		{
			rows[key]++;
			found++;
		}
	}
	if (reader.values != NULL)
		pfree(reader.values);
	return found;
}

/*
 * Keeps the place of the row with a key: tid is what the path's index has, and buffer
 * that of its page.
 */
void
apitoken_places_note(Relation relation, const ApitokenPath *path, int nkeys,
					 const ApitokenKeys *keys, int key, const bytea *digest, ItemPointer tid,
					 Buffer buffer)
{
	uint64		hash;
	Place	   *place;

	if (!AreKept(path, keys, digest))
		return;
	hash = HashKey(RelationGetRelid(relation), nkeys, keys, key, digest);
	place = PlaceOf(hash);
	place->hash = hash;
	place->tid = *tid;
	place->buffer = buffer;
}

/* Forgets the places of the rows with the keys, as those that a secret led to. */
void
apitoken_places_forget(Oid relation, int nkeys, const ApitokenKeys *keys, const bytea *digest)
{
	for (int key = 0; key < keys->count; key++)
	{
		uint64		hash = HashKey(relation, nkeys, keys, key, digest);
		Place	   *place = PlaceOf(hash);

		if (place->hash == hash)
			place->buffer = InvalidBuffer;
	}
}
