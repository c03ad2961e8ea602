/*-------------------------------------------------------------------------
 *
 * target.h
 *	  Tables that rows are written to without a statement.
 *
 * src/store/target.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TARGET_H
#define APITOKEN_TARGET_H

#include "compat.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"

/* No target has more columns that are looked at. */
#define APITOKEN_MAX_TARGET_COLUMNS 17

typedef struct ApitokenTargetColumn
{
	const char *name;
	Oid			type;			/* base type */
} ApitokenTargetColumn;

/* A foreign key of two columns, by their places, to a table of the extension. */
typedef struct ApitokenTargetReference
{
	const char *relation;
	int			columns[2];
} ApitokenTargetReference;

/*
 * A table, what is written of its rows, and what is known of it for as long as it
 * is as it was.
 */
typedef struct ApitokenTarget
{
	const char *relation;
	LOCKMODE	lock;
	AclMode		rights;			/* that a statement would need */
	bool		inserts;		/* whole rows?  Else the first columns change. */
	int			written;		/* how many columns are */
	int			count;			/* of columns */
	ApitokenTargetColumn columns[APITOKEN_MAX_TARGET_COLUMNS];
	const char *key[2];			/* by which rows are found; NULL: they are not */
	ApitokenTargetReference references[2];	/* that the caller sees to */
	const char *trigger;		/* whose work the caller does, or NULL */
	const char *idle;			/* one that has nothing to do here */
	const char *unfired[2];		/* and those whose condition does not hold */

	bool		valid;
	bool		usable;			/* can a row be written without a statement? */
	Oid			oid;
	Oid			index;			/* by which rows are found */
	Oid			sequence;		/* of an identity column */
	AttrNumber	attnums[APITOKEN_MAX_TARGET_COLUMNS];
	MemoryContext context;		/* of what follows */
	void	   *domains[APITOKEN_MAX_TARGET_COLUMNS];	/* see domain_check */
	List	   *checks;			/* constraints, as ExprState */
	ExprContext *expressions;
} ApitokenTarget;

extern Relation apitoken_target_open(ApitokenTarget *target);
extern bool apitoken_target_coerce(ApitokenTarget *target, Relation relation, int column,
								   Datum *value, bool isnull);
extern bool apitoken_target_admits(ApitokenTarget *target, TupleTableSlot *slot);

#endif							/* APITOKEN_TARGET_H */
