/*-------------------------------------------------------------------------
 *
 * model.h
 *	  The shape of the document: which resources there are, their members,
 *	  and the columns that hold them.
 *
 * src/document/model.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_MODEL_H
#define APITOKEN_MODEL_H

#include "compat.h"

#include "store/layout.h"

/* What stands in a member, and so how it is written. */
typedef enum ApitokenMemberKind
{
	/* plain members */
	MEMBER_TEXT,				/* string, from text */
	MEMBER_BOOLEAN,				/* true or false, from boolean */
	MEMBER_INSTANT,				/* documented date form, from timestamptz */
	MEMBER_UUID,				/* string, from uuid */
	MEMBER_TEXT_ARRAY,			/* array of strings, from text[] */
	MEMBER_NETWORKS,			/* array of strings, from cidr[] */
	MEMBER_JSON,				/* any JSON, from jsonb; null stays null */
	MEMBER_HREF,				/* path of the resource, from its id */
	MEMBER_MASKED_SECRET,		/* what may be shown of a token's secret */
	MEMBER_META,				/* $meta: what was left out */
	MEMBER_OBJECT,				/* object of members of the same row */
	MEMBER_RECORDS,				/* array of such objects, one a record */
	/* links, which lead to other resources */
	MEMBER_AUDIT,				/* object of events; its actors are links */
	MEMBER_ACTOR,				/* whoever caused an event */
	MEMBER_LINK,				/* one resource */
	MEMBER_LIST					/* list of resources */
} ApitokenMemberKind;

typedef enum ApitokenResourceKind
{
	RESOURCE_NONE,
	RESOURCE_TOKEN,
	RESOURCE_ACCOUNT,
	RESOURCE_USER_GROUP,
	RESOURCE_MODULE,
	RESOURCE_USER,
	RESOURCE_BUYER,
	RESOURCE_SELLER,
	RESOURCE_USER_ACTOR,
	RESOURCE_TOKEN_ACTOR
} ApitokenResourceKind;

#define RESOURCE_KINDS (RESOURCE_TOKEN_ACTOR + 1)

/* No object has more members, no audit more events. */
#define APITOKEN_MAX_MEMBERS 32
#define APITOKEN_MAX_EVENTS 4

struct ApitokenMembers;

/*
 * A member.  "column" holds a plain member or the id that a link leads to;
 * "members" are those of an object, an audit or a record; "target" is the
 * kind of resource behind a link.
 */
typedef struct ApitokenMember
{
	const char *name;
	const char *column;
	const struct ApitokenMembers *members;
	ApitokenMemberKind kind;
	ApitokenResourceKind target;
	bool		added;			/* not in the documented response: nowhere
								 * where it is null */
	bool		elsewhere;		/* the column is not of the resource's own
								 * table */
} ApitokenMember;

typedef struct ApitokenMembers
{
	const ApitokenMember *list; /* in the documented order */
	int			count;
} ApitokenMembers;

typedef struct ApitokenResource
{
	const char *collection;		/* as in href */
	const ApitokenMembers *members;
	bool		lists_leaves;	/* is what it lists a leaf? (rule 2) */
} ApitokenResource;

/*
 * The same, made ready for writing: members in jsonb's order of keys, each
 * with the place of its column in a row's values.
 */
typedef struct ApitokenShapeMember
{
	const ApitokenMember *member;
	int			name_length;
	int			slot;			/* of the column; -1 without one */
	int			type_slot;		/* of an actor's type; else -1 */
	struct ApitokenShape *shape;	/* of an object or an audit */
	struct ApitokenShape *records;	/* of records, which are rows of their own */
} ApitokenShapeMember;

typedef struct ApitokenShape
{
	const ApitokenResource *resource;	/* NULL: of an object, or of records */
	ApitokenLayout layout;		/* of the rows; none: of an object in a row */
	int			count;
	ApitokenShapeMember *members;
} ApitokenShape;

extern const ApitokenShape *apitoken_model_shape(ApitokenResourceKind kind);
extern int	apitoken_model_find_member(const ApitokenShape *shape, const char *name, int length);
extern int	apitoken_model_find_first(const ApitokenShape *shape, const char *path);

#endif							/* APITOKEN_MODEL_H */
