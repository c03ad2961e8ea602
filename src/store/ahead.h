/*-------------------------------------------------------------------------
 *
 * ahead.h
 *	  Reads together what will be asked for of an account.
 *
 * src/store/ahead.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_AHEAD_H
#define APITOKEN_AHEAD_H

#include "store/scan.h"
#include "store/store.h"

/* What is read besides the account, and the token or user if one is given. */
#define AHEAD_CREDENTIALS	0x01	/* its first secret */
#define AHEAD_SECRETS		0x02	/* the others */
#define AHEAD_MODULES		0x04	/* of the token */
#define AHEAD_GROUPS		0x08	/* the account's user groups */
#define AHEAD_GROUP_MODULES	0x10	/* with groups: their links */
#define AHEAD_GROUP_USERS	0x20
#define AHEAD_GROUP_BUYERS	0x40	/* the buyers, too */
#define AHEAD_BUYER_ERRORS	0x80
#define AHEAD_ACTORS		0x100	/* tokens of the account that audits name */
#define AHEAD_USER			0x200	/* a user's groups, and their modules */

extern void apitoken_ahead_begin(const char *account_id, const char *id, int wanted,
								 int64 most);
extern void apitoken_ahead_end(void);
extern bool apitoken_ahead_is_whole(void);
extern bool apitoken_ahead_is_of_token(const char *id);
extern bool apitoken_ahead_deliver(ApitokenStatement statement, Datum account_id,
								   const Datum *ids, int count, const int *numbers, int64 limit,
								   ApitokenDelivery *delivery);

#endif							/* APITOKEN_AHEAD_H */
