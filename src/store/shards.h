/*-------------------------------------------------------------------------
 *
 * shards.h
 *	  Which tables of this server have the rows of distributed ones.
 *
 * src/store/shards.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SHARDS_H
#define APITOKEN_SHARDS_H

#include "compat.h"

extern void apitoken_shards_forget(Oid relation);
extern uint64 apitoken_shards_look(void);
extern uint64 apitoken_shards_found(const char **query);
extern Oid	apitoken_shards_whole(const char *table);
extern Oid	apitoken_shards_beside(Oid shard, const char *table, const char *wanted);

#endif							/* APITOKEN_SHARDS_H */
