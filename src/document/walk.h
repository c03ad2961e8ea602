/*-------------------------------------------------------------------------
 *
 * walk.h
 *	  The three rules of the walk: what is expanded, and what is closed.
 *
 * 1. A list is walked once on a path.
 * 2. What a user group lists is a leaf.
 * 3. An audit has a visited set of its own.
 *
 * src/document/walk.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_WALK_H
#define APITOKEN_WALK_H

#include "document/model.h"

/* What a closed link gives instead of what it leads to. */
#define APITOKEN_CLOSED "[Circular Reference]"

typedef struct ApitokenResourceId
{
	ApitokenResourceKind kind;
	const char *id;				/* not terminated; NULL: any, of this kind */
	int			length;
} ApitokenResourceId;

/* A resource on the path from the token to the one being written. */
typedef struct ApitokenPlace
{
	const struct ApitokenPlace *parent;
	ApitokenResourceId resource;
	bool		leaf;			/* is it listed by what lists leaves? */
	bool		actor;			/* does it stand in an event's "by"? */
	const ApitokenMember *open_list;	/* its list that the path goes through */
} ApitokenPlace;

typedef enum ApitokenClosure
{
	LINK_OPEN,					/* expand what it leads to */
	LINK_CLOSED,				/* the marker instead */
	LINK_CLOSED_LIST			/* an array that holds the marker instead */
} ApitokenClosure;

/* The actors that one audit has expanded: each of its events has one. */
typedef struct ApitokenAuditVisit
{
	int			count;
	ApitokenResourceId actors[APITOKEN_MAX_EVENTS];
} ApitokenAuditVisit;

extern ApitokenPlace apitoken_walk_enter(const ApitokenPlace *parent, const ApitokenMember *member,
										 ApitokenResourceId resource);
extern ApitokenClosure apitoken_walk_closure(const ApitokenPlace *place,
											 const ApitokenMember *member);
extern bool apitoken_walk_visit_actor(ApitokenAuditVisit *visit, ApitokenResourceId actor);

#endif							/* APITOKEN_WALK_H */
