/*-------------------------------------------------------------------------
 *
 * identity.h
 *	  Who acts, and for which accounts.
 *
 * src/rights/identity.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_IDENTITY_H
#define APITOKEN_IDENTITY_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "rights/actor.h"
#include "rights/owner.h"
#include "rights/trust.h"
#include "store/store.h"
#include "utils/array.h"

/* Who calls, and what he may administer. */
typedef struct ApitokenCaller
{
	Oid			role;			/* that called the function */
	ApitokenOperation operation;	/* that it does */
	ApitokenActor actor;
	bool		everywhere;		/* every account, and Deleted tokens too? */
	ArrayType  *accounts;		/* else these: ids, text[] */
	ArrayType  *homes;			/* by which accounts he has his rights */
	bool		only_self;		/* may he read nothing but himself? */
	bool		own;			/* are these rights this transaction's own? */
	bool		changed;		/* had it changed anything before? */
	uint64		completed;		/* of transactions, when he was found; 0: not
								 * known */
	TimestampTz expires_at;		/* of the token that acts; DT_NOEND: never */
	TimestampTz acts_until;		/* by its secret; the same, or sooner */
	const ArrayType *networks;	/* of the token that acts, cidr[]; NULL: all */
	bool		closes_account; /* does he close the account's gate himself? */
	int64		call_id;		/* by which the trail knows the call, or 0 */
	const char *reason;			/* that the trail gives, or NULL */
} ApitokenCaller;

/* Codes of the modules that let an actor administer tokens. */
#define APITOKEN_OWN_ACCOUNT_MODULE "access-management"
#define APITOKEN_ANY_ACCOUNT_MODULE "account-management"

/* What is known of a token by its id. */
typedef struct ApitokenTokenStatus
{
	const char *account_id;		/* both NULL: there is no such token */
	const char *status;
	TimestampTz expires_at;		/* DT_NOEND: never */
	int			secret_number;	/* of the current secret */
	TimestampTz old_until;		/* until when the one before counts;
								 * DT_NOBEGIN: it does not */
	bool		revoked;		/* does the current one never count again? */
	const ArrayType *networks;	/* from where it may be used, cidr[]; NULL:
								 * from everywhere */
	const char *creator_type;	/* who created it: NULL if nobody is known, */
	const char *creator_id;		/* or apitoken.refuse_lost_creators is off */
	const bytea *digest;		/* of the secret that led to it; NULL:
								 * something else did */
} ApitokenTokenStatus;

/* A module that a token has. */
typedef struct ApitokenHeldModule
{
	const char *id;
	const char *code;
} ApitokenHeldModule;

typedef struct ApitokenHeldModules
{
	int			count;
	ApitokenHeldModule *modules;	/* in order of their ids */
} ApitokenHeldModules;

extern bool apitoken_identity_begin(const char *id);
extern void apitoken_identity_end(bool begun);
extern List *apitoken_identity_homes(const ApitokenActor *actor);
extern ApitokenTokenStatus apitoken_identity_token_of_secret(const char *id, const bytea *digest);
extern ApitokenTokenStatus apitoken_identity_token_status(const char *id);
extern void apitoken_identity_refuse(const ApitokenTokenStatus *token, const char *id);
extern bool apitoken_identity_has_expired(const ApitokenTokenStatus *token);
extern bool apitoken_identity_accepts(const ApitokenTokenStatus *token, int secret);
extern ApitokenHeldModules apitoken_identity_token_modules(const char *account_id,
														   const char *id);

extern ApitokenCaller apitoken_identity_role(Oid role, ApitokenOperation operation);
extern bool apitoken_identity_scope(ApitokenActor actor, ApitokenCaller *scope);
extern bool apitoken_identity_holds(const ApitokenCaller *scope, const char *module_code);
extern bool apitoken_identity_user_holds(const ApitokenActor *actor, const char *account_id,
										 const char *module_code);
extern ApitokenCaller apitoken_identity_caller(Oid role, ApitokenOperation operation);
extern bool apitoken_identity_administers(const ApitokenCaller *caller, const char *account_id);
extern void apitoken_identity_set_scope(ApitokenArguments *arguments, int everywhere,
										int accounts, const ApitokenCaller *caller);
extern bool apitoken_identity_find(Oid role, ApitokenOperation operation,
								   ApitokenCaller *caller);

extern uint64 apitoken_identity_write_as(const ApitokenCaller *caller,
										 ApitokenStatement statement,
										 ApitokenArguments *arguments, bool now);
extern uint64 apitoken_identity_write_composed_as(const ApitokenCaller *caller,
												  ApitokenSql *sql);
extern bool apitoken_identity_is_writing(void);
extern bool apitoken_identity_is_doing(ApitokenOperation operation);
extern ApitokenCaller apitoken_identity_writer(void);

#endif							/* APITOKEN_IDENTITY_H */
