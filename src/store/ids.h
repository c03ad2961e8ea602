/*-------------------------------------------------------------------------
 *
 * ids.h
 *	  A set of ids that keeps the order in which they came.
 *
 * src/store/ids.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_IDS_H
#define APITOKEN_IDS_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "utils/array.h"

struct ids_hash;

/* Each id has a number: how many others came before it. */
typedef struct ApitokenIds
{
	int			count;
	int			allocated;
	Datum	   *ids;			/* text, by number */
	struct ids_hash *numbers;
} ApitokenIds;

extern ApitokenIds *apitoken_ids_create(void);
extern int	apitoken_ids_add(ApitokenIds *ids, Datum id);
extern ArrayType *apitoken_ids_array(const Datum *texts, int count);
extern ArrayType *apitoken_ids_array_of_list(const List *strings);
extern int	apitoken_ids_of_array(ArrayType *ids, Datum **texts);
extern bool apitoken_ids_array_has(ArrayType *ids, const char *id);
extern bool apitoken_ids_array_covers(ArrayType *all, ArrayType *some);
extern bool apitoken_ids_arrays_same(const ArrayType *a, const ArrayType *b);
extern bool apitoken_ids_is(Datum id, const char *string);
extern bool apitoken_ids_same(const char *a, const char *b);
extern int	apitoken_ids_find(const ApitokenIds *ids, Datum id);

#endif							/* APITOKEN_IDS_H */
