/*-------------------------------------------------------------------------
 *
 * places.h
 *	  From where a token may be used: what create and update are asked for.
 *
 * src/calls/places.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_PLACES_H
#define APITOKEN_PLACES_H

#include "compat.h"

#include "calls/body.h"
#include "calls/call.h"

extern const ArrayType *apitoken_places_of_new(const ApitokenCall *call, const ApitokenBody *body);
extern void apitoken_places_change(const ApitokenCall *call, const char *account_id,
								   const char *id, const ArrayType *networks);

#endif							/* APITOKEN_PLACES_H */
