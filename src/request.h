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

extern char *apitoken_request_member(const char *setting, const char *key);

#endif							/* APITOKEN_REQUEST_H */
