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

/* What a user group lists in one list: indexes of the leaves, in order. */
typedef struct ApitokenGroupList
{
	int			count;
	int		   *leaves;
} ApitokenGroupList;

/*
 * One list of all the user groups.  Each leaf is written once, however many
 * groups list it.
 */
typedef struct ApitokenLeaves
{
	int			count;
	ApitokenCopy *copies;
	StringInfoData buffer;
	ApitokenGroupList *of_group;	/* by the index of the user group */
} ApitokenLeaves;

/* A user group has three lists. */
#define APITOKEN_GROUP_LISTS 3

typedef struct ApitokenDocument
{
	ApitokenFields *fields;
	const char *secret;			/* shown unmasked if not NULL */

	ApitokenRows token;
	ApitokenRows account;
	ApitokenRows user_groups;
	ApitokenRows modules;		/* of the token */
	ApitokenRows user_actors;
	ApitokenRows token_actors;

	ApitokenLeaves leaves[APITOKEN_GROUP_LISTS];	/* modules, users, buyers */
	ApitokenRows errors;		/* of all buyers, by buyer and ordinal */
	Datum	   *error_buyers;	/* whose each is */
} ApitokenDocument;

extern Jsonb *apitoken_document_build(ApitokenRows token, ApitokenFields *fields,
									  const char *secret, MemoryContext result_context);

#endif							/* APITOKEN_DOCUMENT_H */
