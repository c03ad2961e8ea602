/*-------------------------------------------------------------------------
 *
 * transitions.h
 *	  The trail of the changes of tokens' statuses.
 *
 * src/calls/transitions.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRANSITIONS_H
#define APITOKEN_TRANSITIONS_H

#include "rights/identity.h"

extern void apitoken_transitions_record(const ApitokenCaller *caller, Datum account_id,
										Datum id, Datum from, Datum to);
extern void apitoken_transitions_record_event(const ApitokenCaller *caller,
											  const char *account_id, const char *id,
											  const char *status);

#endif							/* APITOKEN_TRANSITIONS_H */
