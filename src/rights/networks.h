/*-------------------------------------------------------------------------
 *
 * networks.h
 *	  From where may a token be used?
 *
 * src/rights/networks.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_NETWORKS_H
#define APITOKEN_NETWORKS_H

#include "compat.h"

#include "rights/identity.h"

/* No list has more, as the type of the columns says. */
#define APITOKEN_MAX_NETWORKS 100

extern bool apitoken_networks_allow(const ApitokenTokenStatus *token);
extern bool apitoken_networks_are_settled(void);
extern void apitoken_networks_settle(void);

extern const char *apitoken_networks_read(const char *string, Datum *network);
extern bool apitoken_networks_cover(const ArrayType *all, const ArrayType *some);

#endif							/* APITOKEN_NETWORKS_H */
