/*-------------------------------------------------------------------------
 *
 * owner.h
 *	  The owner of the tables, whom the functions become.
 *
 * src/rights/owner.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_OWNER_H
#define APITOKEN_OWNER_H

#include "compat.h"

/* What to go back to when the function that became the owner ends. */
typedef struct ApitokenOwnership
{
	Oid			role;
	int			security_context;
	int			guc_level;
} ApitokenOwnership;

extern void apitoken_owner_refuse_distribution(void);
extern ApitokenOwnership apitoken_owner_enter(void);
extern ApitokenOwnership apitoken_owner_enter_shard(void);
extern void apitoken_owner_leave(const ApitokenOwnership *ownership);

#endif							/* APITOKEN_OWNER_H */
