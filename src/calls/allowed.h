/*-------------------------------------------------------------------------
 *
 * allowed.h
 *	  From where a token may be used: what create and update are asked for.
 *
 * src/calls/allowed.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ALLOWED_H
#define APITOKEN_ALLOWED_H

#include "compat.h"

#include "calls/body.h"
#include "calls/call.h"

extern const ArrayType *apitoken_allowed_for_new(const ApitokenCall *call, const ApitokenBody *body);
extern void apitoken_allowed_change(const ApitokenCall *call, const char *account_id,
									const char *id, const ArrayType *networks);

#endif							/* APITOKEN_ALLOWED_H */
