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

#include "document/document.h"
#include "document/jsonb_writer.h"

extern void apitoken_members_write(ApitokenDocument *document, StringInfo buffer,
								   ApitokenContainer *parent, ApitokenPlace *place,
								   const ApitokenShape *shape, ApitokenRow *row,
								   ApitokenFields *fields);
extern ApitokenGroupList apitoken_members_group_list(ApitokenResourceKind target);

#endif							/* APITOKEN_MEMBERS_H */
