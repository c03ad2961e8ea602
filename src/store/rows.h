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

#include "document/fields.h"
#include "document/model.h"
#include "document/walk.h"
#include "store/fetch.h"
#include "store/ids.h"
#include "store/store.h"

/* A row: one value a slot of its layout. */
typedef struct ApitokenRow
{
	Datum	   *values;			/* NULL: there is no such row */
	bool	   *isnull;
	int			number;			/* among the rows, or leaves, of its kind */

	/*
	 * Where in the document the row was last written, through which member
	 * and with which fields; length 0: nowhere yet.
	 */
	int			copy_start;
	int			copy_length;
	const ApitokenMember *copy_member;
	const ApitokenFields *copy_fields;
} ApitokenRow;

typedef struct ApitokenRows
{
	ApitokenResourceKind kind;
	const ApitokenLayout *layout;
	int			count;
	int			allocated;
	ApitokenRow *rows;
	const ApitokenIds *ids;		/* by number, of rows found by their ids */
} ApitokenRows;

extern ApitokenRows apitoken_rows_none(ApitokenResourceKind kind, const ApitokenLayout *layout);
extern ApitokenRows apitoken_rows_of_result(ApitokenResourceKind kind, uint64 count);
extern void apitoken_rows_add(ApitokenRows *rows, const Datum *values, const bool *isnull);
extern ApitokenRows apitoken_rows_fetch(ApitokenResourceKind kind, ApitokenLookup lookup,
										const ApitokenIds *ids);
extern ApitokenRow *apitoken_rows_find(const ApitokenRows *rows, Datum id);
extern ApitokenResourceId apitoken_rows_id(ApitokenResourceKind kind, const ApitokenLayout *layout,
										   const ApitokenRow *row);
extern ApitokenResourceKind apitoken_rows_actor_kind(const ApitokenRow *row,
													 const ApitokenShapeMember *actor);

#endif							/* APITOKEN_ROWS_H */
