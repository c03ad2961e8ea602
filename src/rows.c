/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows of a result, by the slots of a layout.
 *
 * Values passed by reference point into SPI_tuptable's rows: they live until
 * the table is freed or SPI is finished.
 *
 * src/rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "rows.h"

#include "access/htup_details.h"
#include "miscadmin.h"

/*
 * Prepares to read the rows of the last statement's result; what it allocates
 * is in the current memory context.  Raises 42804 for a column of another type
 * than the layout wants.
 */
void
apitoken_rows_start(ApitokenRowReader *reader, const ApitokenLayout *layout)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;

	reader->layout = layout;
	reader->attnums = palloc(sizeof(AttrNumber) * layout->count);
	reader->values = palloc(sizeof(Datum) * tupdesc->natts);
	reader->isnull = palloc(sizeof(bool) * tupdesc->natts);
	apitoken_model_bind(layout, tupdesc, reader->attnums);
}

/* Reads a row of the last statement's result into the slots of result. */
void
apitoken_rows_read(ApitokenRowReader *reader, uint64 row, ApitokenRow *result)
{
	CHECK_FOR_INTERRUPTS();
	heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
					  reader->values, reader->isnull);

	for (int slot = 0; slot < reader->layout->count; slot++)
	{
		AttrNumber	attnum = reader->attnums[slot];

		result->isnull[slot] = attnum == InvalidAttrNumber || reader->isnull[attnum - 1];
		if (!result->isnull[slot])
			result->values[slot] = reader->values[attnum - 1];
	}
}

/* Returns a row with room for the layout's slots, all null. */
ApitokenRow
apitoken_rows_allocate(const ApitokenLayout *layout)
{
	ApitokenRow row = {0};

	row.values = palloc0(sizeof(Datum) * layout->count);
	row.isnull = palloc(sizeof(bool) * layout->count);
	memset(row.isnull, true, sizeof(bool) * layout->count);
	return row;
}

/*
 * Returns the first count rows of the last statement's result, in the current
 * memory context; their values live as long as SPI_tuptable.
 */
ApitokenRows
apitoken_rows_keep(ApitokenResourceKind kind, const ApitokenLayout *layout, uint64 count)
{
	ApitokenRows kept = {kind, layout, count, NULL, NULL};
	ApitokenRowReader reader;

	if (count == 0)
		return kept;

	apitoken_rows_start(&reader, layout);
	kept.rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ApitokenRow) * count);
	for (uint64 i = 0; i < count; i++)
	{
		kept.rows[i] = apitoken_rows_allocate(layout);
		apitoken_rows_read(&reader, i, &kept.rows[i]);
	}
	return kept;
}

/* Compares two ids (text) by bytes, as the collation C does. */
int
apitoken_rows_compare_ids(Datum left, Datum right)
{
	text	   *a = DatumGetTextPP(left);
	text	   *b = DatumGetTextPP(right);
	int			a_length = VARSIZE_ANY_EXHDR(a);
	int			b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	return order != 0 ? order : a_length - b_length;
}

static int
CompareIndexes(const void *left, const void *right, void *argument)
{
	const ApitokenRows *rows = argument;
	int			slot = rows->layout->id_slot;

	return apitoken_rows_compare_ids(rows->rows[*(const int *) left].values[slot],
									 rows->rows[*(const int *) right].values[slot]);
}

/* Makes rows that are in another order fit to be found by their ids. */
void
apitoken_rows_sort(ApitokenRows *rows)
{
	rows->by_id = palloc(sizeof(int) * Max(rows->count, 1));
	for (int i = 0; i < rows->count; i++)
		rows->by_id[i] = i;
	qsort_arg(rows->by_id, rows->count, sizeof(int), CompareIndexes, rows);
}

/*
 * Returns the row with that id (text), or NULL.  The rows are in order of
 * their ids, or apitoken_rows_sort has been called.
 */
ApitokenRow *
apitoken_rows_find(const ApitokenRows *rows, Datum id)
{
	int			low = 0;
	int			high = rows->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		ApitokenRow *row = &rows->rows[rows->by_id != NULL ? rows->by_id[middle] : middle];
		int			order = apitoken_rows_compare_ids(id, row->values[rows->layout->id_slot]);

		if (order == 0)
			return row;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Returns the identity of the resource in a row; it points into the row. */
ApitokenResourceId
apitoken_rows_id(ApitokenResourceKind kind, const ApitokenLayout *layout, const ApitokenRow *row)
{
	text	   *id = DatumGetTextPP(row->values[layout->id_slot]);
	ApitokenResourceId resource = {kind, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id)};

	return resource;
}

/* Returns what the actor in a row is; RESOURCE_NONE if there is none. */
ApitokenResourceKind
apitoken_rows_actor_kind(const ApitokenRow *row, const ApitokenShapeMember *actor)
{
	text	   *type;

	if (row->isnull[actor->slot] || row->isnull[actor->type_slot])
		return RESOURCE_NONE;

	type = DatumGetTextPP(row->values[actor->type_slot]);
	/* the table admits "user" and "token" alone */
	return *VARDATA_ANY(type) == 't' ? RESOURCE_TOKEN_ACTOR : RESOURCE_USER_ACTOR;
}
