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
 * src/calls/sync.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "apitoken.h"
#include "calls/call.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "rights/owner.h"
#include "store/distribution.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(apitoken_sync);

/*
 * apitoken_sync(jsonb) returns jsonb: how many rows of each kind were not so before.
 * Raises PT400 with the place of what cannot be taken over, 42501, and 0A000 as every call
 * does where rows are distributed.
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
	if (apitoken_distribution_is_ready())
		apitoken_error_not_distributed("apitoken_sync");
	apitoken_error_guard(&guard, false);
	changed = OidFunctionCall1(LookupFuncName(name, 1, &argument, false), PG_GETARG_DATUM(0));
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
	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, PG_GETARG_ARRAYTYPE_P(0));
	apitoken_store_set_text(&arguments, 2, caller.actor.type);
	apitoken_store_set_text(&arguments, 3, caller.actor.id);
	(void) apitoken_identity_write_as(&caller, STATEMENT_DISABLE_OF_ACCOUNTS, &arguments, true);
	/* whoever was waited for may have revoked what the role was granted */
	apitoken_acts_administer(&role, NULL);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}
