/*-------------------------------------------------------------------------
 * distribution.h
 *	  Are the tables distributed over several servers?
 *
 * src/store/distribution.h
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_DISTRIBUTION_H
#define APITOKEN_DISTRIBUTION_H

#include "compat.h"

/* How the tables are. */
typedef enum ApitokenDistribution
{
	DISTRIBUTION_NONE,			/* on one server */
	DISTRIBUTION_READY,			/* by account, and this node is prepared for
								 * it */
	DISTRIBUTION_UNREADY		/* by hand, or this node is not prepared */
} ApitokenDistribution;

/* A node's numbers are its own: before so many bits they have the node's own number. */
#define APITOKEN_NODE_NUMBER_BITS 48

extern ApitokenDistribution apitoken_distribution(void);
extern bool apitoken_distribution_is_ready(void);
extern int32 apitoken_distribution_node(void);
extern uint64 apitoken_distribution_base(void);

#endif							/* APITOKEN_DISTRIBUTION_H */
