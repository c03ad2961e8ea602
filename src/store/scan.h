/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  Scans of an index.
 *
 * src/store/scan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SCAN_H
#define APITOKEN_SCAN_H

#include "store/fetch.h"
#include "utils/rel.h"

/* Rows on their way from where they are found to who asked for them. */
typedef struct ApitokenDelivery
{
	const ApitokenLayout *layout;
	const AttrNumber *attnums;	/* by slot */
	AttrNumber	last;			/* of them, in a table that is read */
	Datum	   *values;			/* room, by slot */
	bool	   *isnull;
	ApitokenReceiver receive;
	void	   *argument;
} ApitokenDelivery;

extern void apitoken_scan_deliver(ApitokenDelivery *delivery, int key, const Datum *values,
								  const bool *isnull);
extern void apitoken_scan_read(Relation relation, Oid index, bool covered, int nkeys,
							   const ApitokenKeys *keys, int64 limit,
							   ApitokenDelivery *delivery);

#endif							/* APITOKEN_SCAN_H */
