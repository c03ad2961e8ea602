/*-------------------------------------------------------------------------
 *
 * fetch.h
 *	  Reads rows by their keys.
 *
 * src/store/fetch.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_FETCH_H
#define APITOKEN_FETCH_H

#include "store/layout.h"
#include "utils/rel.h"

/* What is looked for, and by which key. */
typedef enum ApitokenLookup
{
	/* who acts, and a token's own: no policy binds these, though it be forced */
	/* the first ones are made for a secret that may be wrong */
	LOOKUP_TOKEN_STATUS,		/* by id */
	LOOKUP_CREDENTIALS,			/* by account and token */
	LOOKUP_SECRETS,				/* by account and token */
	LOOKUP_FOREIGN_SECRETS,		/* by digest */
	LOOKUP_ACCOUNT_TYPE,		/* by id */
	LOOKUP_TOKEN_HOLD,			/* by account and id */
	LOOKUP_ACCOUNT_HOLD,		/* by id */
	LOOKUP_TOKEN_LIFE,			/* by account and id */
	LOOKUP_ACCOUNT_LIFETIME,	/* by id */
	LOOKUP_ACCOUNT_QUOTA,		/* by id */
	LOOKUP_ACCOUNT_STATUS,		/* by id */
	LOOKUP_ACCOUNT_NETWORKS,	/* by id */
	LOOKUP_CREATING_USER,		/* by id */
	LOOKUP_CREATING_TOKEN,		/* by id */
	LOOKUP_ACTOR_MODULES,		/* by account and token */
	LOOKUP_MODULE_CODES,		/* by id */
	LOOKUP_LAST_ACCESS,			/* by account and token */
	LOOKUP_TOKEN_ACCOUNTS,		/* by type, which is token, and id */
	LOOKUP_TOKEN,				/* by id */
	LOOKUP_ACTOR_GROUP_MODULES, /* by account and user group */
	/* the document */
	LOOKUP_TOKEN_ACTORS,		/* by id */
	LOOKUP_ACCOUNTS,			/* by id */
	LOOKUP_USER_GROUPS,			/* by account */
	LOOKUP_GROUP_MODULES,		/* by account and user group */
	LOOKUP_GROUP_USERS,			/* by account and user group */
	LOOKUP_GROUP_BUYERS,		/* by account and user group */
	LOOKUP_TOKEN_MODULES,		/* by account and token */
	LOOKUP_MODULES,				/* by id */
	LOOKUP_USERS,				/* by id */
	LOOKUP_USER_ACTORS,			/* by id */
	LOOKUP_BUYERS,				/* by account and id */
	LOOKUP_BUYER_ERRORS			/* by account and buyer */
} ApitokenLookup;

/* No lookup has more columns in its key. */
#define APITOKEN_MAX_KEYS 2

/* The keys, column by column; all are text. */
typedef struct ApitokenKeys
{
	int			count;
	const Datum *columns[APITOKEN_MAX_KEYS];
} ApitokenKeys;

/*
 * Is handed each row: the index of the key it was found by, and its values by
 * the slots of the layout.  They do not outlive the call.
 */
typedef void (*ApitokenReceiver) (void *argument, int key, Datum *values, bool *isnull);

extern bool apitoken_fetch_may_be_direct(void);
extern bool apitoken_fetch_may_pass_citus(void);
extern bool apitoken_fetch_is_ordinary(Relation relation);
extern Relation apitoken_fetch_reopen(Oid oid, LOCKMODE lock, const bool *valid);
extern Oid	apitoken_fetch_unique_index(Relation relation, const char *first,
										const char *second);
extern void apitoken_fetch(ApitokenLookup lookup, const ApitokenLayout *layout,
						   const ApitokenKeys *keys, int64 limit, ApitokenReceiver receive,
						   void *argument);
extern void apitoken_fetch_by_secret(ApitokenLookup lookup, const ApitokenLayout *layout,
									 const ApitokenKeys *keys, const bytea *digest,
									 ApitokenReceiver receive, void *argument);
extern char *apitoken_fetch_account_of(const char *id);
extern void apitoken_fetch_forget(ApitokenLookup lookup, const ApitokenKeys *keys,
								  const bytea *digest);

#endif							/* APITOKEN_FETCH_H */
