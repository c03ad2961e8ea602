/*-------------------------------------------------------------------------
 *
 * quota.h
 *	  How many tokens may an account have?
 *
 * src/rights/quota.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_QUOTA_H
#define APITOKEN_QUOTA_H

#include "compat.h"

/* How many an account may have, and how many more that are. */
typedef struct ApitokenQuota
{
	bool		bounded;		/* else the others mean nothing */
	int64		most;
	int64		room;
} ApitokenQuota;

extern ApitokenQuota apitoken_quota_claim(const char *account_id, bool one_of_many);

#endif							/* APITOKEN_QUOTA_H */
