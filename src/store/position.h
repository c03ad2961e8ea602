/*-------------------------------------------------------------------------
 *
 * position.h
 *	  A place in the feed.
 *
 * src/store/position.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_POSITION_H
#define APITOKEN_POSITION_H

#include "compat.h"

#include "access/xlogdefs.h"
#include "store/store.h"

/* What a snapshot shows: transactions before xmax, but for those in progress. */
typedef struct ApitokenSeen
{
	uint64		xmax;			/* 0: it shows nothing */
	int			count;
	uint64	   *in_progress;
} ApitokenSeen;

/*
 * A place in the feed: all that base shows was handed out and, if there is a target, of
 * what that one shows as well the rows up to number.
 */
typedef struct ApitokenPosition
{
	uint64		shards;			/* which ones have the rows; 0: none, they are
								 * in the table */
	TimeLineID	timeline;
	XLogRecPtr	lsn;			/* all that was handed out was written before */
	ApitokenSeen base;
	bool		has_target;
	ApitokenSeen target;
	int64		number;
} ApitokenPosition;

extern ApitokenPosition apitoken_position_begin(uint64 shards);
extern bool apitoken_position_parse(const char *string, bool of_shards,
									ApitokenPosition *position);
extern const char *apitoken_position_text(const ApitokenPosition *position);
extern bool apitoken_position_is_known(const ApitokenPosition *position);
extern void apitoken_position_stamp(ApitokenPosition *position);

extern ApitokenSeen apitoken_seen_now(void);
extern bool apitoken_seen_includes(const ApitokenSeen *seen, const ApitokenSeen *other);
extern uint64 apitoken_seen_oldest(const ApitokenSeen *seen);
extern Datum apitoken_seen_xid(uint64 xid);
extern void apitoken_seen_set(ApitokenArguments *arguments, int xmax, int in_progress,
							  const ApitokenSeen *seen);

#endif							/* APITOKEN_POSITION_H */
