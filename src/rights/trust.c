/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which database roles are trusted, with which calls.
 *
 * A role is trusted with a call if it holds, itself, every right that doing
 * the same by hand would need: on the schema, on each table that the call's
 * statements read or write, and past row security where no policy lets a role
 * write.  docs/rights.md has the same table for those who grant.
 *
 * src/rights/trust.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/trust.h"

#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "errors.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#define MAX_RIGHTS 11

/* What must be held on a table. */
typedef struct Right
{
	const char *relation;
	AclMode		mode;
	bool		past_row_security;	/* no policy is for it */
} Right;

/* Every operation asks for OPERATION_SEE as well. */
static const Right rights[][MAX_RIGHTS] = {
	[OPERATION_SEE] = {
		{"api_tokens", ACL_SELECT, false}
	},
	[OPERATION_READ] = {
		{"accounts", ACL_SELECT, false},
		{"user_groups", ACL_SELECT, false},
		{"user_group_modules", ACL_SELECT, false},
		{"user_group_users", ACL_SELECT, false},
		{"user_group_buyers", ACL_SELECT, false},
		{"modules", ACL_SELECT, false},
		{"users", ACL_SELECT, false},
		{"buyers", ACL_SELECT, false},
		{"buyer_errors", ACL_SELECT, false},
		{"api_token_modules", ACL_SELECT, false}
	},
	[OPERATION_TRANSITION] = {
		{"api_tokens", ACL_UPDATE, false}
	},
	[OPERATION_UPDATE] = {
		{"api_tokens", ACL_UPDATE, false}
	},
	[OPERATION_UPDATE_MODULES] = {
		{"accounts", ACL_SELECT, false},
		{"user_groups", ACL_SELECT, false},
		{"user_group_modules", ACL_SELECT, false},
		{"modules", ACL_SELECT, false},
		{"api_tokens", ACL_UPDATE, false},
		{"api_token_modules", ACL_SELECT | ACL_INSERT | ACL_DELETE, true}
	},
	[OPERATION_CREATE] = {
		{"accounts", ACL_SELECT, false},
		{"user_groups", ACL_SELECT, false},
		{"user_group_modules", ACL_SELECT, false},
		{"modules", ACL_SELECT, false},
		{"api_tokens", ACL_INSERT, true},
		{"api_token_credentials", ACL_INSERT, true},
		{"api_token_modules", ACL_INSERT, true},
		{"api_token_transitions", ACL_INSERT, true}
	},
	[OPERATION_IMPORT] = {
		{"accounts", ACL_SELECT, false},
		{"user_groups", ACL_SELECT, false},
		{"user_group_modules", ACL_SELECT, false},
		{"modules", ACL_SELECT, false},
		{"api_tokens", ACL_INSERT, true},
		{"api_token_credentials", ACL_INSERT, true},
		{"api_token_foreign_secrets", ACL_INSERT, true},
		{"api_token_modules", ACL_INSERT, true},
		{"api_token_transitions", ACL_INSERT, true}
	},
	[OPERATION_ROTATE] = {
		{"accounts", ACL_SELECT, false},
		{"user_groups", ACL_SELECT, false},
		{"user_group_modules", ACL_SELECT, false},
		{"modules", ACL_SELECT, false},
		{"api_tokens", ACL_UPDATE, false},
		{"api_token_modules", ACL_SELECT, false},
		{"api_token_secrets", ACL_INSERT | ACL_DELETE, true},
		{"api_token_transitions", ACL_INSERT, true}
	},
	[OPERATION_HOLD_ACCOUNT] = {
		{"accounts", ACL_SELECT | ACL_UPDATE, false}
	},
	[OPERATION_KEEP_ACCOUNTS] = {
		{"accounts", ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE, true},
		{"users", ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE, true}
	},
	[OPERATION_ERASE] = {
		{"accounts", ACL_SELECT | ACL_UPDATE, true},
		{"users", ACL_SELECT | ACL_UPDATE, true},
		{"user_accounts", ACL_SELECT | ACL_DELETE, true},
		{"user_groups", ACL_SELECT | ACL_UPDATE, true},
		{"buyers", ACL_SELECT | ACL_UPDATE, true},
		{"buyer_errors", ACL_SELECT | ACL_DELETE, true},
		{"api_tokens", ACL_SELECT | ACL_UPDATE | ACL_DELETE, true},
		{"api_token_transitions", ACL_SELECT | ACL_UPDATE | ACL_DELETE, true},
		{"erasures", ACL_INSERT, true}
	},
	[OPERATION_FEED] = {
		{"api_token_transitions", ACL_SELECT, false}
	},
	[OPERATION_PRUNE] = {
		{"api_token_transitions", ACL_SELECT | ACL_DELETE, true},
		{"trail_prunings", ACL_INSERT, true}
	}
};

static Oid
RelationByName(Oid schema, const char *name)
{
	Oid			relation = get_relname_relid(name, schema);

	if (!OidIsValid(relation))
		apitoken_error_table_missing(psprintf("%s.%s", APITOKEN_SCHEMA, name));
	return relation;
}

/* Is that role one that row security does not hold back? */
static bool
IsPastRowSecurity(Oid relation, Oid role)
{
	return check_enable_rls(relation, role, true) != RLS_ENABLED;
}

static bool
Holds(Oid relation, Oid role, AclMode mode)
{
	return pg_class_aclmask(relation, role, mode, ACLMASK_ALL) == mode;
}

static bool
HoldsAll(Oid schema, Oid role, ApitokenOperation operation)
{
	for (const Right *right = rights[operation];
		 right < rights[operation] + MAX_RIGHTS && right->relation != NULL; right++)
	{
		Oid			relation = RelationByName(schema, right->relation);

		if (!Holds(relation, role, right->mode))
			return false;
		if (right->past_row_security && !IsPastRowSecurity(relation, role))
			return false;
	}
	return true;
}

/*
 * Does row security show it the tokens of every account?  The policies ask
 * this, so it must not depend on what they show: who may change any token by
 * hand may see whose it is.
 */
static bool
SeesEveryAccount(Oid schema, Oid role)
{
	Oid			tokens = RelationByName(schema, "api_tokens");

	return Holds(tokens, role, ACL_UPDATE) || IsPastRowSecurity(tokens, role);
}

/*
 * Returns whether a role by itself, without an actor, may do that to every
 * account.  Raises 42P01 if a table of the extension is not there.
 */
bool
apitoken_trusted(Oid role, ApitokenOperation operation)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, true);

	return OidIsValid(schema) && apitoken_schema_usable(schema, role) &&
		SeesEveryAccount(schema, role) &&
		HoldsAll(schema, role, OPERATION_SEE) && HoldsAll(schema, role, operation);
}
