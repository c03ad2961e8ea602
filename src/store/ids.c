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
SameId(const text *a, const text *b)
{
	int			length = VARSIZE_ANY_EXHDR(a);

	return length == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0;
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

/* Is the id one of those in a text[]? */
bool
apitoken_ids_array_has(ArrayType *ids, const char *id)
{
	Datum	   *elements;
	int			count;

	deconstruct_array(ids, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *element = DatumGetTextPP(elements[i]);

		if (VARSIZE_ANY_EXHDR(element) == strlen(id) &&
			memcmp(VARDATA_ANY(element), id, strlen(id)) == 0)
			return true;
	}
	return false;
}
