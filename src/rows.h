/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows of a result, by the slots of a layout.
 *
 * src/rows.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ROWS_H
#define APITOKEN_ROWS_H

#include "fields.h"
#include "model.h"
#include "store.h"
#include "walk.h"

/* A row: one value a slot of its layout. */
typedef struct ApitokenRow
{
	Datum	   *values;
	bool	   *isnull;

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
	ApitokenRow *rows;
	int		   *by_id;			/* indexes in order of the ids; NULL: rows are */
} ApitokenRows;

/* Reads the rows of a result one at a time. */
typedef struct ApitokenRowReader
{
	const ApitokenLayout *layout;
	AttrNumber *attnums;
	Datum	   *values;			/* by attribute */
	bool	   *isnull;
} ApitokenRowReader;

extern void apitoken_rows_start(ApitokenRowReader *reader, const ApitokenLayout *layout);
extern void apitoken_rows_read(ApitokenRowReader *reader, uint64 row, ApitokenRow *result);
extern ApitokenRow apitoken_rows_allocate(const ApitokenLayout *layout);
extern ApitokenRows apitoken_rows_keep(ApitokenResourceKind kind, const ApitokenLayout *layout,
									   uint64 count);
extern int	apitoken_rows_compare_ids(Datum left, Datum right);
extern void apitoken_rows_sort(ApitokenRows *rows);
extern ApitokenRow *apitoken_rows_find(const ApitokenRows *rows, Datum id);
extern ApitokenResourceId apitoken_rows_id(ApitokenResourceKind kind, const ApitokenLayout *layout,
										   const ApitokenRow *row);
extern ApitokenResourceKind apitoken_rows_actor_kind(const ApitokenRow *row,
													 const ApitokenShapeMember *actor);

#endif							/* APITOKEN_ROWS_H */
