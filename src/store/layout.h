/*-------------------------------------------------------------------------
 *
 * layout.h
 *	  Which columns are wanted of a kind of row.
 *
 * src/store/layout.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_LAYOUT_H
#define APITOKEN_LAYOUT_H

#include "compat.h"

#include "access/tupdesc.h"

typedef struct ApitokenColumn
{
	const char *name;			/* NULL: of another table */
	Oid			type;
	bool		added;			/* since 1.0: may not be there yet */
} ApitokenColumn;

/* The columns, in order of their slots: a row has a value for each. */
typedef struct ApitokenLayout
{
	int			count;
	ApitokenColumn *columns;
	int			id_slot;		/* of the row's id */
} ApitokenLayout;

extern void apitoken_layout_bind(const ApitokenLayout *layout, TupleDesc tupdesc,
								 AttrNumber *attnums);

#endif							/* APITOKEN_LAYOUT_H */
