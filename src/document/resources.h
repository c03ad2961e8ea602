/*-------------------------------------------------------------------------
 *
 * resources.h
 *	  Resources of one kind that were read.
 *
 * src/document/resources.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_RESOURCES_H
#define APITOKEN_RESOURCES_H

#include "document/fields.h"
#include "document/model.h"
#include "document/walk.h"
#include "store/rows.h"

/*
 * Where in the document a resource was last written, through which member and with
 * which fields; length 0: nowhere yet.
 */
typedef struct ApitokenWritten
{
	int			start;
	int			length;
	const ApitokenMember *member;
	const ApitokenFields *fields;
} ApitokenWritten;

typedef struct ApitokenResources
{
	ApitokenResourceKind kind;
	const ApitokenShape *shape;
	ApitokenRows rows;
	ApitokenWritten *written;	/* by number, of those found by their ids */
} ApitokenResources;

extern ApitokenResources apitoken_resources_none(ApitokenResourceKind kind);
extern ApitokenResources apitoken_resources_of_result(ApitokenResourceKind kind, uint64 count);
extern ApitokenResources apitoken_resources_of_rows(ApitokenResourceKind kind, ApitokenRows rows);
extern ApitokenResources apitoken_resources_fetch(ApitokenResourceKind kind, ApitokenLookup lookup,
												  const ApitokenIds *ids);
extern ApitokenResourceId apitoken_resources_id(ApitokenResourceKind kind, const ApitokenRow *row);
extern ApitokenResourceKind apitoken_resources_actor_kind(const ApitokenRow *row,
														  const ApitokenShapeMember *actor);

#endif							/* APITOKEN_RESOURCES_H */
