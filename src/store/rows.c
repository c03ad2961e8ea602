/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows that are kept, by the slots of a layout.
 *
 * src/store/rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/rows.h"

#include "catalog/pg_type.h"
#include "store/store.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* Room for the rows of a usual account. */
#define INITIAL_ROWS 16

/* Returns no rows, with room for some in the current memory context. */
ApitokenRows
apitoken_rows_none(const ApitokenLayout *layout)
{
	ApitokenRows rows = {layout, 0, INITIAL_ROWS, NULL, NULL};

	rows.rows = palloc0(sizeof(ApitokenRow) * rows.allocated);
	return rows;
}

static void
MakeRoom(ApitokenRows *rows)
{
	if (rows->count == rows->allocated)
	{
		rows->allocated *= 2;
		rows->rows = repalloc_huge(rows->rows, sizeof(ApitokenRow) * rows->allocated);
	}
}

/* How many bytes a value that is passed by reference takes; 0: it is not. */
static Size
ReferencedSize(const ApitokenColumn *column, Datum value)
{
	switch (column->type)
	{
		case BOOLOID:
		case TIMESTAMPTZOID:
			return FLOAT8PASSBYVAL || column->type == BOOLOID ? 0 : sizeof(int64);
		case UUIDOID:
			return UUID_LEN;
		default:
			return VARSIZE_ANY(DatumGetPointer(value));
	}
}

/* Fills a row with copies of the values, in one piece of memory. */
static void
KeepRow(ApitokenRow *row, const ApitokenLayout *layout, const Datum *values, const bool *isnull)
{
	Size		fixed = MAXALIGN((sizeof(Datum) + sizeof(bool)) * layout->count);
	Size		size = fixed;
	char	   *next;

	for (int slot = 0; slot < layout->count; slot++)
	{
		if (!isnull[slot])
			size += MAXALIGN(ReferencedSize(&layout->columns[slot], values[slot]));
	}

	row->values = palloc(size);
	row->isnull = (bool *) (row->values + layout->count);
	memcpy(row->values, values, sizeof(Datum) * layout->count);
	memcpy(row->isnull, isnull, sizeof(bool) * layout->count);
	next = (char *) row->values + fixed;
	for (int slot = 0; slot < layout->count; slot++)
	{
		Size		referenced = isnull[slot] ? 0 :
			ReferencedSize(&layout->columns[slot], values[slot]);

		if (referenced == 0)
			continue;
		memcpy(next, DatumGetPointer(values[slot]), referenced);
		row->values[slot] = PointerGetDatum(next);
		next += MAXALIGN(referenced);
	}
}

/* Adds a row; its values are copied. */
void
apitoken_rows_add(ApitokenRows *rows, const Datum *values, const bool *isnull)
{
	ApitokenRow *row;

	MakeRoom(rows);
	row = &rows->rows[rows->count];
	memset(row, 0, sizeof(ApitokenRow));
	row->number = rows->count++;
	KeepRow(row, rows->layout, values, isnull);
}

static ApitokenRows
KeepTuples(const ApitokenLayout *layout, TupleDesc tupdesc, HeapTuple *tuples, uint64 count)
{
	ApitokenRows kept = apitoken_rows_none(layout);
	AttrNumber *attnums = palloc(sizeof(AttrNumber) * layout->count);
	Datum	   *values = palloc(sizeof(Datum) * layout->count);
	bool	   *isnull = palloc(sizeof(bool) * layout->count);

	apitoken_layout_bind(layout, tupdesc, attnums);
	for (uint64 row = 0; row < count; row++)
	{
		for (int slot = 0; slot < layout->count; slot++)
		{
			isnull[slot] = attnums[slot] == InvalidAttrNumber;
			if (!isnull[slot])
				values[slot] = SPI_getbinval(tuples[row], tupdesc, attnums[slot], &isnull[slot]);
		}
		apitoken_rows_add(&kept, values, isnull);
	}
	return kept;
}

/*
 * Returns the first count rows of the last statement's result, in the current
 * memory context.  Raises 42804 for a column of another type than the layout
 * wants.
 */
ApitokenRows
apitoken_rows_of_result(const ApitokenLayout *layout, uint64 count)
{
	return KeepTuples(layout, SPI_tuptable->tupdesc, SPI_tuptable->vals, count);
}

/* The same for a table's row. */
ApitokenRows
apitoken_rows_of_tuple(const ApitokenLayout *layout, TupleDesc tupdesc, HeapTuple tuple)
{
	return KeepTuples(layout, tupdesc, &tuple, 1);
}

static void
ReceiveRow(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenRows *rows = argument;
	ApitokenRow *row = &rows->rows[key];

	row->number = key;
	KeepRow(row, rows->layout, values, isnull);
}

/*
 * Returns the rows with those ids under the active snapshot, in the current
 * memory context: each in the place of its id's number.  Raises as
 * apitoken_fetch does.
 */
ApitokenRows
apitoken_rows_fetch(const ApitokenLayout *layout, ApitokenLookup lookup, const ApitokenIds *ids)
{
	ApitokenRows rows = {layout, ids->count, 0, NULL, ids};
	ApitokenKeys keys = {ids->count, {ids->ids}};

	rows.rows = MemoryContextAllocExtended(CurrentMemoryContext,
										   sizeof(ApitokenRow) * Max(ids->count, 1),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	apitoken_fetch(lookup, rows.layout, &keys, 1, ReceiveRow, &rows);
	return rows;
}

/* Returns the row with that id (text) of rows found by their ids, or NULL. */
ApitokenRow *
apitoken_rows_find(const ApitokenRows *rows, Datum id)
{
	int			number = rows->ids == NULL ? -1 : apitoken_ids_find(rows->ids, id);

	return number < 0 || rows->rows[number].values == NULL ? NULL : &rows->rows[number];
}
