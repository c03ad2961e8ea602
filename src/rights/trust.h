/*-------------------------------------------------------------------------
 *
 * trust.h
 *	  Which database roles are trusted, with which calls.
 *
 * src/rights/trust.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRUST_H
#define APITOKEN_TRUST_H

#include "compat.h"

/* What a call does to the tables, as far as rights differ. */
typedef enum ApitokenOperation
{
	OPERATION_SEE,				/* every account's tokens; part of the others */
	OPERATION_READ,				/* get, list */
	OPERATION_TRANSITION,		/* of one token or many; hold, and let go */
	OPERATION_UPDATE,			/* update of anything but modules */
	OPERATION_UPDATE_MODULES,
	OPERATION_CREATE,
	OPERATION_IMPORT,			/* create of tokens from elsewhere */
	OPERATION_ROTATE,
	OPERATION_HOLD_ACCOUNT,		/* and let go of one */
	OPERATION_KEEP_ACCOUNTS,	/* write accounts, and end them */
	OPERATION_ERASE,			/* what is known of persons and accounts */
	OPERATION_FEED,				/* the trail's events */
	OPERATION_PRUNE				/* the trail */
} ApitokenOperation;

extern bool apitoken_trusted(Oid role, ApitokenOperation operation);

#endif							/* APITOKEN_TRUST_H */
