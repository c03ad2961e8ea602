/*-------------------------------------------------------------------------
 *
 * acting.h
 *	  Who acts, for which account, and with which modules: what an application
 *	  asks for its own tables.
 *
 * src/rights/acting.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ACTING_H
#define APITOKEN_ACTING_H

#include "compat.h"

#include "rights/identity.h"

/* Who acts as things are now; actor.type is NULL for nobody. */
typedef struct ApitokenActing
{
	ApitokenActor actor;
	const char *account_id;		/* NULL: a user of whom it is not known */
} ApitokenActing;

extern uint64 apitoken_acting_begin(void);
extern void apitoken_acting_end(void);

extern ApitokenActing apitoken_acting(void);
extern ApitokenHeldModules apitoken_acting_modules(const ApitokenActing *acting);
extern bool apitoken_acting_holds(const ApitokenActing *acting, const char *module_code);

#endif							/* APITOKEN_ACTING_H */
