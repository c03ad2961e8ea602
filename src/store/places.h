/*-------------------------------------------------------------------------
 *
 * places.h
 *	  Where rows were the last time.
 *
 * src/store/places.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_PLACES_H
#define APITOKEN_PLACES_H

#include "store/scan.h"

#include "storage/buf.h"
#include "storage/itemptr.h"

extern int	apitoken_places_read(Relation relation, const ApitokenPath *path, int nkeys,
								 const ApitokenKeys *keys, int64 *rows,
								 ApitokenDelivery *delivery);
extern void apitoken_places_note(Relation relation, const ApitokenPath *path, int nkeys,
								 const ApitokenKeys *keys, int key, const bytea *digest,
								 ItemPointer tid, Buffer buffer);
extern void apitoken_places_forget(Oid relation, int nkeys, const ApitokenKeys *keys,
								   const bytea *digest);

#endif							/* APITOKEN_PLACES_H */
