/*-------------------------------------------------------------------------
 *
 * authenticate.h
 *	  Authentication with a token's secret.
 *
 * src/authenticate.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_AUTHENTICATE_H
#define APITOKEN_AUTHENTICATE_H

#include "compat.h"

#include "utils/jsonb.h"

extern Jsonb *apitoken_authenticate_secret(const char *secret, int length);

#endif							/* APITOKEN_AUTHENTICATE_H */
