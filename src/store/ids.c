/*-------------------------------------------------------------------------
 *
 * ids.c
 *	  A set of ids that keeps the order in which they came.
 *
 * src/store/ids.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/ids.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Room for the document of a usual account. */
#define INITIAL_IDS 64

typedef struct IdEntry
{
	const text *id;
	int			number;
	char		status;			/* of the hash table */
} IdEntry;

static inline uint32
HashId(const text *id)
{
	return hash_bytes((const unsigned char *) VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
}

static inline bool
SameBytes(const text *a, const char *b, Size length)
{
	return VARSIZE_ANY_EXHDR(a) == length && memcmp(VARDATA_ANY(a), b, length) == 0;
}

static inline bool
SameId(const text *a, const text *b)
{
	return SameBytes(a, VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));
}

#define SH_PREFIX ids
#define SH_ELEMENT_TYPE IdEntry
#define SH_KEY_TYPE const text *
#define SH_KEY id
#define SH_HASH_KEY(table, key) HashId(key)
#define SH_EQUAL(table, a, b) SameId(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Returns an empty set, in the current memory context. */
ApitokenIds *
apitoken_ids_create(void)
{
	ApitokenIds *ids = palloc(sizeof(ApitokenIds));

	ids->count = 0;
	ids->allocated = INITIAL_IDS;
	ids->ids = palloc(sizeof(Datum) * ids->allocated);
	ids->numbers = ids_create(CurrentMemoryContext, INITIAL_IDS, NULL);
	return ids;
}

static void
MakeRoom(ApitokenIds *ids)
{
	if (ids->count == ids->allocated)
	{
		ids->allocated *= 2;
		ids->ids = repalloc_huge(ids->ids, sizeof(Datum) * ids->allocated);
	}
}

/* Adds an id (text), if it is not there; it must stay.  Returns its number. */
int
apitoken_ids_add(ApitokenIds *ids, Datum id)
{
	text	   *key = DatumGetTextPP(id);
	bool		found;
	IdEntry    *entry = ids_insert(ids->numbers, key, &found);

	if (!found)
	{
		entry->number = ids->count;
		MakeRoom(ids);
		ids->ids[ids->count++] = PointerGetDatum(key);
	}
	return entry->number;
}

/* Returns the number of an id (text), or -1 if it is not there. */
int
apitoken_ids_find(const ApitokenIds *ids, Datum id)
{
	IdEntry    *entry = ids_lookup(ids->numbers, DatumGetTextPP(id));

	return entry == NULL ? -1 : entry->number;
}

/* Returns texts as text[], in the current memory context. */
ArrayType *
apitoken_ids_array(const Datum *texts, int count)
{
	return construct_array((Datum *) texts, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* The same of a list of C strings. */
ArrayType *
apitoken_ids_array_of_list(const List *strings)
{
	Datum	   *texts = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	ListCell   *cell;

	foreach(cell, strings)
		texts[foreach_current_index(cell)] = CStringGetTextDatum(lfirst(cell));
	return apitoken_ids_array(texts, list_length(strings));
}

/* Sets texts to those of a text[], in the current memory context; returns how many. */
int
apitoken_ids_of_array(ArrayType *ids, Datum **texts)
{
	int			count;

	deconstruct_array(ids, TEXTOID, -1, false, TYPALIGN_INT, texts, NULL, &count);
	return count;
}

/* Is the id one of those in a text[]? */
bool
apitoken_ids_array_has(ArrayType *ids, const char *id)
{
	Datum	   *texts;
	int			count = apitoken_ids_of_array(ids, &texts);

	for (int i = 0; i < count; i++)
	{
		if (apitoken_ids_is(texts[i], id))
			return true;
	}
	return false;
}

/* Is each id of some, which is text[], in all, too? */
bool
apitoken_ids_array_covers(ArrayType *all, ArrayType *some)
{
	ApitokenIds *known = apitoken_ids_create();
	Datum	   *texts;
	int			count = apitoken_ids_of_array(all, &texts);

	for (int i = 0; i < count; i++)
		(void) apitoken_ids_add(known, texts[i]);
	count = apitoken_ids_of_array(some, &texts);
	for (int i = 0; i < count; i++)
	{
		if (apitoken_ids_find(known, texts[i]) < 0)
			return false;
	}
	return true;
}

/* Are the two arrays, of whatever type, the same byte by byte?  NULL is the same as NULL. */
bool
apitoken_ids_arrays_same(const ArrayType *a, const ArrayType *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Is the id (text) that one? */
bool
apitoken_ids_is(Datum id, const char *string)
{
	return SameBytes(DatumGetTextPP(id), string, strlen(string));
}

/* Are the two the same?  NULL is the same as NULL. */
bool
apitoken_ids_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}
