/*-------------------------------------------------------------------------
 *
 * held.h
 *	  Is a token, or an account, held?
 *
 * src/rights/held.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_HELD_H
#define APITOKEN_HELD_H

#include "compat.h"

extern bool apitoken_held_account(const char *account_id);
extern bool apitoken_held_token(const char *account_id, const char *id);

#endif							/* APITOKEN_HELD_H */
