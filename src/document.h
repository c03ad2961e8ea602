/*-------------------------------------------------------------------------
 *
 * document.h
 *	  The document: what an API token is answered with.
 *
 * src/document.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_DOCUMENT_H
#define APITOKEN_DOCUMENT_H

#include "fields.h"
#include "rows.h"
#include "utils/jsonb.h"

/* A container that was written: where its bytes are in its buffer. */
typedef struct ApitokenCopy
{
	int			start;
	int			length;
} ApitokenCopy;

/* What one owner lists in one list: indexes of rows or leaves, in order. */
typedef struct ApitokenItems
{
	int			count;
	int		   *items;
} ApitokenItems;

/*
 * One list of all the user groups.  Each leaf is written once, however many
 * groups list it.
 */
typedef struct ApitokenLeaves
{
	ApitokenCopy *copies;
	StringInfoData buffer;
	ApitokenItems *of_group;	/* by the index of the user group */
} ApitokenLeaves;

/* A user group has three lists. */
#define APITOKEN_GROUP_LISTS 3

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
	ApitokenRows tokens;
	const ApitokenPage *page;	/* of a list of tokens; NULL: one token */
	MemoryContext result_context;
	ApitokenExtent extent;

	StringInfoData buffer;		/* what is written, in result_context */

	/* what was read */
	ApitokenRows accounts;
	ApitokenRows user_groups;
	ApitokenRows modules;		/* of the tokens */
	ApitokenRows user_actors;
	ApitokenRows token_actors;

	ApitokenItems *groups_of_account;	/* by the index of the account */
	ApitokenItems *modules_of_token;	/* by the index of the token */
	ApitokenLeaves leaves[APITOKEN_GROUP_LISTS];	/* modules, users, buyers */
	ApitokenRows errors;		/* of all buyers, by buyer and ordinal */
	Datum	   *error_buyers;	/* whose each is */
} ApitokenDocument;

extern Jsonb *apitoken_document_build(ApitokenRows token, ApitokenFields *fields,
									  const char *secret, bool of_change,
									  MemoryContext result_context);
extern Jsonb *apitoken_document_build_list(ApitokenRows tokens, ApitokenFields *fields,
										   ApitokenPage page, MemoryContext result_context);

#endif							/* APITOKEN_DOCUMENT_H */
