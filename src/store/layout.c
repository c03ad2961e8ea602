/*-------------------------------------------------------------------------
 *
 * layout.c
 *	  Which columns are wanted of a kind of row.
 *
 * src/store/layout.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/layout.h"

#include "errors.h"
#include "utils/lsyscache.h"

static AttrNumber
FindAttribute(TupleDesc tupdesc, const char *name)
{
	for (int i = 0; name != NULL && i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}

static void
CheckAttributeType(const ApitokenColumn *column, TupleDesc tupdesc, AttrNumber attnum)
{
	Oid			type = TupleDescAttr(tupdesc, attnum - 1)->atttypid;

	if (type != column->type && getBaseType(type) != column->type)
		apitoken_error_column_type(column->name);
}

/*
 * Finds the layout's columns in the rows that tupdesc describes.
 *
 * Fills attnums, one for each slot: InvalidAttrNumber where there is no such
 * column yet, and for what is in another table, whatever this one calls the same.
 * Raises 42703 if a column is missing that was there from the beginning: somebody
 * has renamed it, and what it held is not nothing.  Raises 42804 if a column has
 * another type than its member needs: a Datum of another type must never be taken
 * for it.
 */
void
apitoken_layout_bind(const ApitokenLayout *layout, TupleDesc tupdesc, AttrNumber *attnums)
{
	for (int slot = 0; slot < layout->count; slot++)
	{
		const ApitokenColumn *column = &layout->columns[slot];

		attnums[slot] = FindAttribute(tupdesc, column->name);
		if (attnums[slot] != InvalidAttrNumber)
			CheckAttributeType(column, tupdesc, attnums[slot]);
		else if (column->name != NULL && !column->added)
			apitoken_error_column_missing(column->name);
	}
}
