/*-------------------------------------------------------------------------
 *
 * offer.h
 *	  Which modules an account's tokens can be given, and by whom.
 *
 * src/rights/offer.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_OFFER_H
#define APITOKEN_OFFER_H

#include "compat.h"

#include "rights/identity.h"

/* A module that the account's default user group has. */
typedef struct ApitokenOfferedModule
{
	char	   *id;
	char	   *code;
	bool		holdable;		/* by an account of this type? */
} ApitokenOfferedModule;

typedef struct ApitokenOffer
{
	const char *account_id;
	uint64		count;
	ApitokenOfferedModule *modules; /* in order of their ids */
} ApitokenOffer;

extern ApitokenOffer *apitoken_offer_read(const char *account_id);
extern const ApitokenOfferedModule *apitoken_offer_find(const ApitokenOffer *offer,
														const char *id);
extern char *apitoken_offer_names(const ApitokenOffer *offer);
extern bool apitoken_offer_may_give(const ApitokenOffer *offer,
									const ApitokenOfferedModule *module,
									const ApitokenCaller *giver);

#endif							/* APITOKEN_OFFER_H */
