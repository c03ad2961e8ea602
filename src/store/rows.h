/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows that are kept, by the slots of a layout.
 *
 * src/store/rows.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ROWS_H
#define APITOKEN_ROWS_H

#include "store/fetch.h"
#include "store/ids.h"

/* A row: one value a slot of its layout. */
typedef struct ApitokenRow
{
	Datum	   *values;			/* NULL: there is no such row */
	bool	   *isnull;
	int			number;			/* among the rows, or leaves, of its kind */
} ApitokenRow;

typedef struct ApitokenRows
{
	const ApitokenLayout *layout;
	int			count;
	int			allocated;
	ApitokenRow *rows;
	const ApitokenIds *ids;		/* by number, of rows found by their ids */
} ApitokenRows;

extern ApitokenRows apitoken_rows_none(const ApitokenLayout *layout);
extern ApitokenRows apitoken_rows_of_result(const ApitokenLayout *layout, uint64 count);
extern ApitokenRows apitoken_rows_of_tuple(const ApitokenLayout *layout, TupleDesc tupdesc,
										   HeapTuple tuple);
extern void apitoken_rows_add(ApitokenRows *rows, const Datum *values, const bool *isnull);
extern ApitokenRows apitoken_rows_fetch(const ApitokenLayout *layout, ApitokenLookup lookup,
										const ApitokenIds *ids);
extern ApitokenRow *apitoken_rows_find(const ApitokenRows *rows, Datum id);

#endif							/* APITOKEN_ROWS_H */
