/*-------------------------------------------------------------------------
 *
 * left_behind.h
 *	  Is a token left behind, so that it does not authenticate?
 *
 * src/rights/left_behind.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_LEFT_BEHIND_H
#define APITOKEN_LEFT_BEHIND_H

#include "compat.h"

#include "rights/identity.h"

extern bool apitoken_left_behind(const ApitokenTokenStatus *token);
extern bool apitoken_left_behind_by_account(const ApitokenTokenStatus *token);

#endif							/* APITOKEN_LEFT_BEHIND_H */
