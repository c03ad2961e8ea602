/*-------------------------------------------------------------------------
 *
 * body.h
 *	  The bodies of create and update.
 *
 * src/body.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_BODY_H
#define APITOKEN_BODY_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* A member that holds a string. */
typedef struct ApitokenBodyString
{
	bool		supplied;
	char	   *value;			/* NULL: null */
} ApitokenBodyString;

/*
 * What a body supplies, of the right types.  Lengths and characters are for the
 * tables' constraints to check: see apitoken_error_constraint.
 */
typedef struct ApitokenBody
{
	char	   *account_id;		/* NULL: not supplied */
	ApitokenBodyString name;
	ApitokenBodyString description;
	ApitokenBodyString icon;
	bool		modules_supplied;
	List	   *module_ids;		/* of char *, in the order supplied */
} ApitokenBody;

extern ApitokenBody apitoken_body_parse(Jsonb *body, bool create);

#endif							/* APITOKEN_BODY_H */
