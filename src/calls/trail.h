/*-------------------------------------------------------------------------
 *
 * trail.h
 *	  The trail: what happened to tokens, who did it, and from where.
 *
 * src/calls/trail.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRAIL_H
#define APITOKEN_TRAIL_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "rights/identity.h"
#include "utils/jsonb.h"

/* Something that happened to a token; all Datums are text. */
typedef struct ApitokenEvent
{
	const char *kind;			/* as the trail's column has it */
	Datum		account_id;
	Datum		id;
	Datum		from;			/* status; 0: a new token, or see to */
	Datum		to;				/* 0: it is no change of the status */
	const Jsonb *details;		/* NULL: there is no more to say */
	Oid			shard;			/* of the trail, for what is changed by hand
								 * on one of the tokens'; InvalidOid: the
								 * trail's table */
} ApitokenEvent;

extern void apitoken_trail_record(const ApitokenCaller *caller, const ApitokenEvent *event);
extern uint64 apitoken_trail_write_as(const ApitokenCaller *caller, ApitokenStatement statement,
									  ApitokenArguments *arguments, const char *account_id,
									  const char *id);
extern void apitoken_trail_record_module(const ApitokenCaller *caller, const char *account_id,
										 const char *id, const char *module_id, bool given);
extern const Jsonb *apitoken_trail_modules(List *module_ids);
extern const char *apitoken_trail_kind_of(Datum to);

#endif							/* APITOKEN_TRAIL_H */
