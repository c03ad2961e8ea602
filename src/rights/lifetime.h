/*-------------------------------------------------------------------------
 *
 * lifetime.h
 *	  How long may a token live?
 *
 * src/rights/lifetime.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_LIFETIME_H
#define APITOKEN_LIFETIME_H

#include "compat.h"

#include "datatype/timestamp.h"

/* From when its secret is, and until when it may be used. */
typedef struct ApitokenLife
{
	TimestampTz begin;
	TimestampTz end;			/* DT_NOEND: for ever */
} ApitokenLife;

extern ApitokenLife apitoken_lifetime_of_token(const char *account_id, const char *id);
extern TimestampTz apitoken_lifetime_limit(const char *account_id, TimestampTz begin);

#endif							/* APITOKEN_LIFETIME_H */
