/*-------------------------------------------------------------------------
 *
 * members.h
 *	  Writes a resource, member by member.
 *
 * src/document/members.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_MEMBERS_H
#define APITOKEN_MEMBERS_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "document/document.h"
#include "document/jsonb_writer.h"

/* Of the documented form of a moment, its end included. */
#define APITOKEN_INSTANT_SIZE sizeof("YYYY-MM-DDTHH:mm:ss.sssZ")

extern void apitoken_members_write(ApitokenDocument *document, StringInfo buffer,
								   ApitokenContainer *parent, ApitokenPlace *place,
								   const ApitokenShape *shape, ApitokenRow *row,
								   ApitokenFields *fields);
extern ApitokenGroupList apitoken_members_group_list(ApitokenResourceKind target);
extern void apitoken_members_add_networks(ApitokenContainer *parent, Datum networks);
extern const char *apitoken_members_instant(TimestampTz at, char string[APITOKEN_INSTANT_SIZE]);

#endif							/* APITOKEN_MEMBERS_H */
