/*-------------------------------------------------------------------------
 *
 * request.h
 *	  What PostgREST tells of the HTTP request.
 *
 * src/request.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_REQUEST_H
#define APITOKEN_REQUEST_H

#include "compat.h"

/* Where a call comes from. */
typedef struct ApitokenOrigin
{
	Datum		address;		/* inet; 0: not known, or a local connection */
	const char *request_id;		/* NULL: it is no request, or has none */
} ApitokenOrigin;

extern ApitokenOrigin apitoken_request_origin(void);
extern char *apitoken_request_member(const char *setting, const char *key);

#endif							/* APITOKEN_REQUEST_H */
