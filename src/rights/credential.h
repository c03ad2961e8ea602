/*-------------------------------------------------------------------------
 *
 * credential.h
 *	  Is it a token's secret, and which of them?
 *
 * src/rights/credential.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_CREDENTIAL_H
#define APITOKEN_CREDENTIAL_H

#include "compat.h"

#include "rights/identity.h"

/* What became of comparing a digest with those of a token's secrets. */
typedef struct ApitokenCredential
{
	bool		equal;			/* is it one of them? */
	int			number;			/* which */
	bool		used;			/* was there ever an access by it? */
	TimestampTz last_access_at; /* by it, if so */
} ApitokenCredential;

extern bool apitoken_credential_rotates(void);
extern char *apitoken_credential_token_id(const char *secret, int length, const bytea *digest);
extern ApitokenCredential apitoken_credential_find(const ApitokenTokenStatus *token,
												   const char *id, const bytea *digest);
extern void apitoken_credential_refuse(const ApitokenTokenStatus *token, const char *id);

#endif							/* APITOKEN_CREDENTIAL_H */
