/*-------------------------------------------------------------------------
 *
 * resources.c
 *	  Resources of one kind that were read.
 *
 * src/document/resources.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/resources.h"

#include "fmgr.h"
#include "utils/memutils.h"

/* Returns no resources of a kind, with room for some in the current memory context. */
ApitokenResources
apitoken_resources_none(ApitokenResourceKind kind)
{
	const ApitokenShape *shape = apitoken_model_shape(kind);
	ApitokenResources resources = {kind, shape, apitoken_rows_none(&shape->layout), NULL};

	return resources;
}

/*
 * Returns those in the first count rows of the last statement's result, in the
 * current memory context.  Raises as apitoken_rows_of_result does.
 */
ApitokenResources
apitoken_resources_of_result(ApitokenResourceKind kind, uint64 count)
{
	return apitoken_resources_of_rows(kind,
									  apitoken_rows_of_result(&apitoken_model_shape(kind)->layout,
															  count));
}

/* Returns those in rows, which are by the layout of their kind. */
ApitokenResources
apitoken_resources_of_rows(ApitokenResourceKind kind, ApitokenRows rows)
{
	ApitokenResources resources = {kind, apitoken_model_shape(kind), rows, NULL};

	return resources;
}

/*
 * Returns those with these ids under the active snapshot, in the current memory
 * context: each in the place of its id's number.  Raises as apitoken_fetch does.
 */
ApitokenResources
apitoken_resources_fetch(ApitokenResourceKind kind, ApitokenLookup lookup, const ApitokenIds *ids)
{
	const ApitokenShape *shape = apitoken_model_shape(kind);
	ApitokenResources resources = {
		kind, shape, apitoken_rows_fetch(&shape->layout, lookup, ids), NULL
	};

	resources.written = MemoryContextAllocExtended(CurrentMemoryContext,
												   sizeof(ApitokenWritten) * Max(ids->count, 1),
												   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	return resources;
}

/* Returns the identity of the resource of a kind in a row; it points into the row. */
ApitokenResourceId
apitoken_resources_id(ApitokenResourceKind kind, const ApitokenRow *row)
{
	text	   *id = DatumGetTextPP(row->values[apitoken_model_shape(kind)->layout.id_slot]);
	ApitokenResourceId resource = {kind, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id)};

	return resource;
}

/* Returns what the actor in a row is; RESOURCE_NONE if there is none. */
ApitokenResourceKind
apitoken_resources_actor_kind(const ApitokenRow *row, const ApitokenShapeMember *actor)
{
	text	   *type;

	if (row->isnull[actor->slot] || row->isnull[actor->type_slot])
		return RESOURCE_NONE;

	type = DatumGetTextPP(row->values[actor->type_slot]);
	/* the table admits "user" and "token" alone */
	return *VARDATA_ANY(type) == 't' ? RESOURCE_TOKEN_ACTOR : RESOURCE_USER_ACTOR;
}
