/*-------------------------------------------------------------------------
 *
 * who.h
 *	  Who acts, for an application's own SQL.
 *
 * src/calls/who.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_WHO_H
#define APITOKEN_WHO_H

#include "compat.h"

#include "document/jsonb_writer.h"
#include "rights/identity.h"

extern void apitoken_who_add_account(ApitokenContainer *answer, const char *account_id);
extern void apitoken_who_add_modules(ApitokenContainer *answer, const ApitokenHeldModules *held);

#endif							/* APITOKEN_WHO_H */
