/*-------------------------------------------------------------------------
 *
 * actor.h
 *	  Who acts.
 *
 * src/rights/actor.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ACTOR_H
#define APITOKEN_ACTOR_H

#include "compat.h"

/* An actor; type is NULL for none: a trusted role that acts by itself. */
typedef struct ApitokenActor
{
	const char *type;			/* "user" or "token", as in apitoken.actors */
	const char *id;
	int			secret;			/* number of the token's, that he acts by */
	const char *account_id;		/* of a user: the only one that he acts for,
								 * his or not; NULL: he has named none */
} ApitokenActor;

extern void apitoken_actor_define_setting(void);
extern void apitoken_actor_set_token(const char *id, int secret);
extern ApitokenActor apitoken_actor_current(void);
extern bool apitoken_actor_is_token(const ApitokenActor *actor);
extern bool apitoken_actor_same(const ApitokenActor *a, const ApitokenActor *b);

#endif							/* APITOKEN_ACTOR_H */
