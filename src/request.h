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

/* How the session is used. */
typedef struct ApitokenUse
{
	const char *via;			/* "sql" or "http" */
	const char *mode;			/* "read" or "write"; NULL: nobody knows */
} ApitokenUse;

/* The one call that is made for a read, and for nothing else, as PostgREST names it. */
#define APITOKEN_NOTE_PATH "/rpc/apitoken_pre_request"

extern bool apitoken_request_session_is_of(const char *role);
extern ApitokenOrigin apitoken_request_origin(void);
extern ApitokenUse apitoken_request_use(void);
extern char *apitoken_request_member(const char *setting, const char *key);

#endif							/* APITOKEN_REQUEST_H */
