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
#include "store/store.h"
#include "utils/rel.h"

/* How the rows of a table are found by their keys. */
typedef struct ApitokenPath
{
	Oid			index;
	bool		covered;		/* are all wanted columns in the index? */
	bool		by_secret;		/* are places kept of what a right secret led
								 * to alone? */
	AttrNumber	unique[APITOKEN_MAX_KEYS];	/* the key, in the table, if
											 * places are kept of its rows,
											 * which no two of them share */
} ApitokenPath;

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
	const bytea *digest;		/* of the secret that led to the keys, if it
								 * may be wrong; else NULL */
} ApitokenDelivery;

extern void apitoken_scan_deliver(ApitokenDelivery *delivery, int key, const Datum *values,
								  const bool *isnull);
extern void apitoken_scan_read(Relation relation, const ApitokenPath *path, int nkeys,
							   const ApitokenKeys *keys, int64 limit,
							   ApitokenDelivery *delivery);
extern Relation apitoken_fetch_open_beside(Oid accounts, ApitokenStatement statement,
										   ApitokenPath *path, int *nkeys);
extern const char *apitoken_fetch_relation(ApitokenStatement statement);
extern void apitoken_scan_await_key(const char *table, Datum key);

#endif							/* APITOKEN_SCAN_H */
