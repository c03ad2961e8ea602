/*-------------------------------------------------------------------------
 *
 * fields.h
 *	  The selection of fields: which members a document gives.
 *
 * src/document/fields.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_FIELDS_H
#define APITOKEN_FIELDS_H

#include "document/model.h"
#include "nodes/pg_list.h"

typedef enum ApitokenFieldChoice
{
	FIELD_UNNAMED,				/* as ApitokenFields.others says */
	FIELD_GIVEN,
	FIELD_OMITTED
} ApitokenFieldChoice;

/*
 * What is asked for of one object, by the index of its shape's members.  A
 * NULL pointer to it asks for everything.
 */
typedef struct ApitokenFields
{
	const ApitokenShape *shape;
	bool		others;			/* are members that are not named given? */
	ApitokenFieldChoice *choices;
	struct ApitokenFields **members;	/* what is asked for of each */
	List	   *omitted;		/* names, sorted; once they were asked for */
	bool		omitted_known;
} ApitokenFields;

extern ApitokenFields *apitoken_fields_parse(const char *fields, int length);
extern ApitokenFields *apitoken_fields_add(ApitokenFields *fields, const char *more, int length);
extern bool apitoken_fields_gives(const ApitokenFields *fields, const ApitokenShape *shape,
								  int member);
extern ApitokenFields *apitoken_fields_of(const ApitokenFields *fields, int member);
extern List *apitoken_fields_omitted(ApitokenFields *fields);
extern int	apitoken_fields_compare_names(const ListCell *a, const ListCell *b);

#endif							/* APITOKEN_FIELDS_H */
