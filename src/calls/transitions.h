/*-------------------------------------------------------------------------
 *
 * transitions.h
 *	  What has become of a token's status, for the trail.
 *
 * src/calls/transitions.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRANSITIONS_H
#define APITOKEN_TRANSITIONS_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "rights/identity.h"

extern void apitoken_transitions_record_created(const ApitokenCaller *caller,
												const char *account_id, const char *id,
												List *module_ids);
extern void apitoken_transitions_record(const ApitokenCaller *caller, const char *account_id,
										const char *id, const char *from, const char *to);

#endif							/* APITOKEN_TRANSITIONS_H */
