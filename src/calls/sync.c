/*-------------------------------------------------------------------------
 *
 * sync.c
 *	  Accounts and what belongs to them, taken over from elsewhere.
 *
 * The work is done in PL/pgSQL, by apitoken.sync, with the rights of whoever calls.
 * Here is what that cannot do: no error is logged with a statement that a secret stands
 * in, none shows one, and the tokens of accounts that are no more, to which the caller
 * needs no right, are disabled.
 *
 * Where the tables are distributed, servers connect to one another as the tables' owner,
 * and row security is asked of none of their rows.  There apitoken.sync_by_account does it,
 * as the owner, when the caller has been seen to hold what he needs to do it by hand, and
 * to be past row security; and what triggers do elsewhere to tokens is done here.
 *
 * src/calls/sync.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "apitoken.h"
#include "calls/call.h"
#include "calls/trail.h"
#include "calls/transitions.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "rights/owner.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

/*
 * What a role needs
 */

/* What must be held on a table to take over resources of a kind. */
typedef struct Need
{
	const char *kind;			/* NULL: whatever is taken over */
	const char *relation;
	AclMode		mode;
	bool		deleting;		/* those that are no more? */
} Need;

/* To add rows and change them, and to replace lists; to lock a row needs ACL_UPDATE. */
#define WRITE (ACL_SELECT | ACL_INSERT | ACL_UPDATE)
#define REPLACE (ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE)

/* An account's modules are those of a group. */
#define NEEDS_GROUPS(kind) \
	{kind, "user_groups", WRITE, false}, \
	{kind, "user_group_modules", REPLACE, false}, \
	{kind, "user_group_users", REPLACE, false}, \
	{kind, "user_group_buyers", REPLACE, false}

/* That of the statements which do it on one server. */
static const Need needs[] = {
	{NULL, "user_groups", ACL_SELECT, false},
	{"modules", "modules", WRITE, false},
	{"accounts", "accounts", WRITE, false},
	NEEDS_GROUPS("accounts"),
	{"users", "users", WRITE, false},
	{"users", "user_accounts", REPLACE, false},
	{"buyers", "buyers", WRITE, false},
	NEEDS_GROUPS("groups"),
	{"modules", "user_group_modules", ACL_SELECT | ACL_DELETE, true},
	{"modules", "modules", ACL_SELECT | ACL_DELETE, true},
	{"accounts", "accounts", ACL_SELECT | ACL_UPDATE, true},
	{"accounts", "user_accounts", ACL_SELECT | ACL_UPDATE | ACL_DELETE, true},
	{"users", "users", ACL_SELECT | ACL_UPDATE, true},
	{"users", "user_accounts", ACL_SELECT | ACL_DELETE, true},
	{"buyers", "buyers", ACL_SELECT | ACL_UPDATE, true},
	{"groups", "user_groups", ACL_SELECT | ACL_DELETE, true}
};

/* What is called in the role's name on one server. */
static const char *const functions[] = {
	"apitoken.refuse_sync(text)",
	"apitoken.sync_members()",
	"apitoken.sync_problem(text,jsonb)",
	"apitoken.sync_rows(text,jsonb)",
	"apitoken.sync_list(text,jsonb)",
	"apitoken.sync_default_groups(jsonb)",
	"apitoken.sync_kind(text,jsonb)",
	"apitoken.sync_deleted(text,text[])",
	"apitoken.sync_step(text,jsonb,boolean,integer)"
};

static bool
MayExecute(Oid role, const char *function)
{
	return DatumGetBool(DirectFunctionCall3(has_function_privilege_id_name,
											ObjectIdGetDatum(role), CStringGetTextDatum(function),
											CStringGetTextDatum("EXECUTE")));
}

static void
RequireFunctions(Oid schema, Oid role)
{
	if (!apitoken_schema_usable(schema, role))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, APITOKEN_SCHEMA);
	for (int i = 0; i < lengthof(functions); i++)
	{
		if (!MayExecute(role, functions[i]))
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, functions[i]);
	}
}

static void
RequireTable(Oid schema, Oid role, const Need *need)
{
	Oid			relation = get_relname_relid(need->relation, schema);

	if (pg_class_aclmask(relation, role, need->mode, ACLMASK_ALL) != need->mode)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, need->relation);
	if (need->kind != NULL && check_enable_rls(relation, role, true) == RLS_ENABLED)
		apitoken_error_bound(need->relation);
}

PG_FUNCTION_INFO_V1(apitoken_sync_require);

/*
 * apitoken.sync_require(kind text, deleting boolean) returns void: raises 42501 unless the
 * role that calls apitoken_sync may take over resources of a kind by hand, those that are
 * no more or the others, and row security binds it nowhere there.  Without a kind: may it
 * read what is read in the end; without either: may it execute what does it.
 */
Datum
apitoken_sync_require(PG_FUNCTION_ARGS)
{
	Oid			role = apitoken_identity_writer().role;
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);
	char	   *kind = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		deleting = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);

	AcceptInvalidationMessages();
	if (PG_ARGISNULL(1))
	{
		RequireFunctions(schema, role);
		PG_RETURN_VOID();
	}
	if (kind != NULL && deleting && strcmp(kind, "accounts") == 0 &&
		!MayExecute(role, "apitoken.disable_of_accounts(text[])"))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, "apitoken.disable_of_accounts(text[])");
	for (const Need *need = needs; need < needs + lengthof(needs); need++)
	{
		if (need->deleting == deleting && (kind == NULL ? need->kind == NULL :
										   need->kind != NULL && strcmp(need->kind, kind) == 0))
			RequireTable(schema, role, need);
	}
	PG_RETURN_VOID();
}

/*
 * The call
 */

/* Takes it over where the tables are distributed. */
static Datum
SyncByAccount(Datum body)
{
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenArguments arguments;
	bool		isnull;
	Datum		changed;

	caller.operation = OPERATION_KEEP_ACCOUNTS;
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, body);
	(void) apitoken_identity_write_as(&caller, STATEMENT_SYNC, &arguments, false);
	changed = SPI_datumTransfer(apitoken_store_value(0, 1, &isnull), false, -1);
	apitoken_owner_leave(&ownership);
	return changed;
}

PG_FUNCTION_INFO_V1(apitoken_sync);

/*
 * apitoken_sync(jsonb) returns jsonb: how many rows of each kind were not so before.
 * Raises PT400 with the place of what cannot be taken over, PT401, 42501, and 0A000 as every
 * call does where rows are distributed and this node is not fit for it.
 */
Datum
apitoken_sync(PG_FUNCTION_ARGS)
{
	List	   *name = list_make2(makeString(APITOKEN_SCHEMA), makeString("sync"));
	Oid			argument = JSONBOID;
	ErrorContextCallback guard;
	Datum		changed;

	if (apitoken_call_isnull(fcinfo, 0))
		apitoken_error_sync("The body is not a JSON object");
	apitoken_owner_refuse_distribution();
	apitoken_error_guard(&guard, false);
	changed = apitoken_distribution_is_ready() ? SyncByAccount(PG_GETARG_DATUM(0)) :
		OidFunctionCall1(LookupFuncName(name, 1, &argument, false), PG_GETARG_DATUM(0));
	apitoken_error_unguard(&guard);
	PG_RETURN_DATUM(changed);
}

PG_FUNCTION_INFO_V1(apitoken_refuse_sync);

/* apitoken.refuse_sync(problem text) returns void: raises PT400. */
Datum
apitoken_refuse_sync(PG_FUNCTION_ARGS)
{
	apitoken_error_sync(text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

/*
 * Tokens
 */

/* Disables the Active tokens of an account, where the tables are distributed. */
static void
DisableOfAccount(const ApitokenCaller *caller, const char *account_id)
{
	ApitokenArguments arguments;
	List	   *ids;
	ListCell   *cell;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	ids = apitoken_store_strings(apitoken_store_run_fresh(STATEMENT_LOCK_ACTIVE, &arguments));
	if (ids == NIL)
		return;
	foreach(cell, ids)
		apitoken_acts_settle(caller, lfirst(cell));
	apitoken_store_set_pointer(&arguments, 2, apitoken_ids_array_of_list(ids));
	apitoken_store_set_text(&arguments, 3, caller->actor.type);
	apitoken_store_set_text(&arguments, 4, caller->actor.id);
	if (apitoken_identity_write_as(caller, STATEMENT_DISABLE_CHOSEN, &arguments, false) != list_length(ids))
		apitoken_call_error_kept("apitoken disable chosen");
	foreach(cell, ids)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_transitions_record(caller, account_id, lfirst(cell), "Active", "Disabled");
	}
}

PG_FUNCTION_INFO_V1(apitoken_disable_of_accounts);

/*
 * apitoken.disable_of_accounts(accounts text[]) returns void: disables the Active
 * tokens of accounts.  For whoever keeps the accounts, and has no right to the tokens:
 * raises PT401 for a role that is not trusted with that, whoever acts.
 */
Datum
apitoken_disable_of_accounts(PG_FUNCTION_ARGS)
{
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenCaller role = apitoken_identity_role(caller.role, OPERATION_KEEP_ACCOUNTS);
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenArguments arguments;

	if (!apitoken_trusted(role.role, role.operation))
		apitoken_error_unauthorized();
	if (apitoken_distribution_is_ready())
	{
		Datum	   *accounts;
		int			count = apitoken_ids_of_array(PG_GETARG_ARRAYTYPE_P(0), &accounts);

		for (int i = 0; i < count; i++)
			DisableOfAccount(&caller, TextDatumGetCString(accounts[i]));
	}
	else
	{
		apitoken_store_clear(&arguments);
		apitoken_store_set_pointer(&arguments, 1, PG_GETARG_ARRAYTYPE_P(0));
		apitoken_store_set_text(&arguments, 2, caller.actor.type);
		apitoken_store_set_text(&arguments, 3, caller.actor.id);
		(void) apitoken_identity_write_as(&caller, STATEMENT_DISABLE_OF_ACCOUNTS, &arguments, true);
	}
	/* whoever was waited for may have revoked what the role was granted */
	apitoken_acts_administer(&role, NULL);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}

/* Takes a module from an account's groups and tokens. */
static void
Withdraw(const ApitokenCaller *caller, const char *account_id, const char *module_id)
{
	ApitokenArguments arguments;
	List	   *ids;
	ListCell   *cell;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, module_id);
	(void) apitoken_store_run_fresh(STATEMENT_WITHDRAW_FROM_GROUPS, &arguments);
	ids = apitoken_store_strings(apitoken_store_run_fresh(STATEMENT_LOCK_HOLDERS, &arguments));
	if (ids == NIL)
		return;
	foreach(cell, ids)
		apitoken_acts_settle(caller, lfirst(cell));
	(void) apitoken_store_run_fresh(STATEMENT_WITHDRAW_FROM_TOKENS, &arguments);
	foreach(cell, ids)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_trail_record_module(caller, account_id, lfirst(cell), module_id, false);
	}
}

PG_FUNCTION_INFO_V1(apitoken_withdraw);

/*
 * apitoken.withdraw(account_id text, module_ids text[]) returns void: what
 * apitoken.withdraw_module() does when a group has lost modules, of which these are the
 * default group's, where the tables are distributed.  Raises PT401 but for apitoken_sync, or
 * if it is done in the name of an actor who has been disabled, and as apitoken_acts_settle
 * does.
 */
Datum
apitoken_withdraw(PG_FUNCTION_ARGS)
{
	char	   *account_id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenOwnership ownership = apitoken_owner_enter();
	Datum	   *modules;
	int			count = apitoken_ids_of_array(PG_GETARG_ARRAYTYPE_P(1), &modules);

	if (!apitoken_identity_is_doing(OPERATION_KEEP_ACCOUNTS))
		apitoken_error_unauthorized();

	/*
	 * as on one server, where the owner's trigger does it, after what is done
	 * by hand
	 */
	caller.operation = OPERATION_SEE;
	caller.role = GetUserId();
	apitoken_acts_identified(&caller);
	apitoken_acts_administer(&caller, NULL);
	for (int i = 0; i < count; i++)
		Withdraw(&caller, account_id, TextDatumGetCString(modules[i]));
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}
