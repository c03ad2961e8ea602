/*-------------------------------------------------------------------------
 *
 * life.h
 *	  When a token's life ends.
 *
 * src/calls/life.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_LIFE_H
#define APITOKEN_LIFE_H

#include "compat.h"

#include "calls/body.h"
#include "calls/call.h"

extern TimestampTz apitoken_life_of_new(const ApitokenCall *call, const ApitokenBody *body);
extern void apitoken_life_check_gain(const ApitokenCall *call, const char *account_id,
									 const char *id);
extern void apitoken_life_change(const ApitokenCall *call, const char *account_id,
								 const char *id, TimestampTz end);

#endif							/* APITOKEN_LIFE_H */
