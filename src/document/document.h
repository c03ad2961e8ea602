/*-------------------------------------------------------------------------
 *
 * document.h
 *	  The document: what an API token is answered with.
 *
 * src/document/document.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_DOCUMENT_H
#define APITOKEN_DOCUMENT_H

#include "document/fields.h"
#include "document/resources.h"
#include "utils/jsonb.h"

/* A container that was written: where its bytes are in its buffer. */
typedef struct ApitokenCopy
{
	int			start;
	int			length;
} ApitokenCopy;

/* What one owner lists: so many items of its list, from the first one on. */
typedef struct ApitokenItems
{
	int			first;
	int			count;
	bool		too_long;		/* longer than what is given: it has no items */
} ApitokenItems;

/*
 * One list of all its owners.  Owners and items are numbers of rows or leaves;
 * each owner's items are in order.
 */
typedef struct ApitokenList
{
	ApitokenItems *of_owner;	/* NULL: not asked for */
	int			owners;
	int		   *items;
	int			count;
	int			allocated;
} ApitokenList;

/*
 * One list of all the user groups.  Each leaf is written once, however many
 * groups list it.
 */
typedef struct ApitokenLeaves
{
	ApitokenCopy *copies;		/* length 0: there is no such leaf */
	StringInfoData buffer;
	ApitokenList of_group;
} ApitokenLeaves;

/*
 * How many times its size a document can have as text: so often does an escape
 * have the bytes of its character.  (What numbers can is another matter.)
 */
#define APITOKEN_TEXT_GROWTH 6

/* The lists of a user group, by which their leaves are known. */
typedef enum ApitokenGroupList
{
	GROUP_MODULES,
	GROUP_USERS,
	GROUP_BUYERS
} ApitokenGroupList;

#define APITOKEN_GROUP_LISTS (GROUP_BUYERS + 1)

/* How much of it is given; less than all where there is no room for it. */
typedef enum ApitokenExtent
{
	EXTENT_WHOLE,
	EXTENT_WITHOUT_GROUPS,		/* without the account's user groups */
	EXTENT_TOKEN				/* the token's plain members alone */
} ApitokenExtent;

/* Which page of a list. */
typedef struct ApitokenPage
{
	int64		offset;
	int64		limit;
	int64		total;
} ApitokenPage;

typedef struct ApitokenDocument
{
	/* what is asked for */
	ApitokenFields *fields;
	const char *secret;			/* shown unmasked if not NULL */
	ApitokenResources tokens;
	const ApitokenPage *page;	/* of a list of tokens; NULL: one token */
	MemoryContext result_context;
	MemoryContext context;		/* of all that is not the result */
	ApitokenExtent extent;
	int			limit;			/* so many bytes, and no more, are written */

	StringInfoData buffer;		/* what is written, in result_context */
	bool		has_long_numbers;	/* that grow more than a string, as text */

	/* what was read */
	ApitokenResources accounts;
	ApitokenResources user_groups;
	ApitokenResources modules;	/* of the tokens */
	ApitokenResources user_actors;
	ApitokenResources token_actors;

	ApitokenList groups_of_account;
	ApitokenList modules_of_token;
	ApitokenLeaves leaves[APITOKEN_GROUP_LISTS];
	ApitokenRows errors;
	ApitokenList errors_of_buyer;	/* by the buyer's number as a leaf */
} ApitokenDocument;

extern Jsonb *apitoken_document_build(ApitokenResources token, ApitokenFields *fields,
									  const char *secret, bool of_change,
									  MemoryContext result_context);
extern Jsonb *apitoken_document_build_list(ApitokenResources tokens, ApitokenFields *fields,
										   ApitokenPage page, MemoryContext result_context);

#endif							/* APITOKEN_DOCUMENT_H */
