/*-------------------------------------------------------------------------
 *
 * hold.h
 *	  The calls that hold tokens and accounts, and let them go.
 *
 * src/calls/hold.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_HOLD_H
#define APITOKEN_HOLD_H

#include "compat.h"

#include "calls/call.h"

extern void apitoken_hold_check_right(const ApitokenCaller *caller);
extern void apitoken_hold_token(const ApitokenCall *call, const char *account_id, const char *id);

#endif							/* APITOKEN_HOLD_H */
