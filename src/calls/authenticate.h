/*-------------------------------------------------------------------------
 *
 * authenticate.h
 *	  Authentication with a token's secret.
 *
 * src/calls/authenticate.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_AUTHENTICATE_H
#define APITOKEN_AUTHENTICATE_H

#include "compat.h"

#include "utils/jsonb.h"

extern Jsonb *apitoken_authenticate_secret(const char *secret, int length, bool *access_due);
extern bool apitoken_authenticate_is_token(const char *id, const char *string);

#endif							/* APITOKEN_AUTHENTICATE_H */
