/*-------------------------------------------------------------------------
 *
 * nodes.h
 *	  What other nodes go by, where the tables are distributed.
 *
 * src/store/nodes.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_NODES_H
#define APITOKEN_NODES_H

#include "compat.h"

extern void apitoken_nodes_start(void);
extern void apitoken_nodes_secure(void);

#endif							/* APITOKEN_NODES_H */
