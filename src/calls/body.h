/*-------------------------------------------------------------------------
 *
 * body.h
 *	  The bodies of create and update.
 *
 * src/calls/body.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_BODY_H
#define APITOKEN_BODY_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
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
	/* of an update: what must be stored already, or NULL */
	char	   *id;
	char	   *status;
	char	   *token;
	char	   *held_at;
	char	   *revoked_at;
	TimestampTz old_secret_until;	/* DT_NOEND: not supplied */
	ApitokenBodyString name;
	ApitokenBodyString description;
	ApitokenBodyString icon;
	bool		expires_supplied;
	TimestampTz expires_at;		/* DT_NOEND: null */
	bool		networks_supplied;
	const ArrayType *networks;	/* cidr[]; NULL: null */
	bool		modules_supplied;
	List	   *module_ids;		/* of char *, in the order supplied */
} ApitokenBody;

#define APITOKEN_BODY_UPDATE_MEMBERS \
	"The members that can change are: name, description, icon, modules, expiresAt, allowedNetworks."

extern bool apitoken_body_is_empty(Jsonb *body);
extern bool apitoken_body_supplies(Jsonb *body, char *member);
extern ApitokenBody apitoken_body_parse(Jsonb *body, bool create);

#endif							/* APITOKEN_BODY_H */
