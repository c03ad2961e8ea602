/*-------------------------------------------------------------------------
 *
 * walk.c
 *	  The three rules of the walk: what is expanded, and what is closed.
 *
 * The rules depend on kinds of resource and on the path alone, so the same
 * functions serve the document's writer, which knows the rows, and the parser
 * of a selection of fields, which knows only the shapes.
 *
 * src/document/walk.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/walk.h"

static bool
SameResource(const ApitokenResourceId *a, const ApitokenResourceId *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->id == NULL || b->id == NULL)
		return true;
	return a->length == b->length && memcmp(a->id, b->id, a->length) == 0;
}

/*
 * Steps from a place through a member to a resource.
 *
 * parent and member are NULL for the token that the walk starts at.  parent
 * must stay where it is for as long as the place is used.
 */
ApitokenPlace
apitoken_walk_enter(const ApitokenPlace *parent, const ApitokenMember *member,
					ApitokenResourceId resource)
{
	ApitokenPlace place = {parent, resource, false, false, NULL};

	if (parent != NULL)
	{
		const ApitokenShape *shape = apitoken_model_shape(parent->resource.kind);

		place.leaf = member->kind == MEMBER_LIST && shape->resource->lists_leaves;
		place.actor = member->kind == MEMBER_ACTOR;
	}
	return place;
}

/* Rule 1: is this (owner, list) pair open between the token and here? */
static bool
IsOpenList(const ApitokenPlace *place, const ApitokenMember *list)
{
	for (const ApitokenPlace *above = place->parent; above != NULL; above = above->parent)
	{
		if (above->open_list == list && SameResource(&above->resource, &place->resource))
			return true;
	}
	return false;
}

/*
 * Says whether a link of the resource at this place is expanded.
 *
 * Rules 1 and 2, and of rule 3 that an actor's own audit closes its "by"s; for
 * the rest of rule 3 see apitoken_walk_visit_actor.  Plain members are open.
 */
ApitokenClosure
apitoken_walk_closure(const ApitokenPlace *place, const ApitokenMember *member)
{
	if (member->kind < MEMBER_AUDIT)
		return LINK_OPEN;
	if (place->leaf)
		return LINK_CLOSED;
	if (place->actor && member->kind == MEMBER_ACTOR)
		return LINK_CLOSED;
	if (member->kind == MEMBER_LIST && IsOpenList(place, member))
		return LINK_CLOSED_LIST;
	return LINK_OPEN;
}

/*
 * Rule 3: adds an actor to those that an audit has expanded.  Returns false if
 * it is one of them already, and is closed this time.
 */
bool
apitoken_walk_visit_actor(ApitokenAuditVisit *visit, ApitokenResourceId actor)
{
	for (int i = 0; i < visit->count; i++)
	{
		if (SameResource(&visit->actors[i], &actor))
			return false;
	}

	/* model.c sees to it that there are not more events */
	visit->actors[visit->count++] = actor;
	return true;
}
