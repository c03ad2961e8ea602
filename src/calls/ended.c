/*-------------------------------------------------------------------------
 *
 * ended.c
 *	  What becomes of the tokens of accounts that are no more.
 *
 * src/calls/ended.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "errors.h"
#include "fmgr.h"
#include "rights/identity.h"
#include "utils/array.h"

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
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenArguments arguments;

	if (!apitoken_trusted(caller.role, OPERATION_KEEP_ACCOUNTS))
		apitoken_error_unauthorized();
	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, PG_GETARG_ARRAYTYPE_P(0));
	apitoken_store_set_text(&arguments, 2, caller.actor.type);
	apitoken_store_set_text(&arguments, 3, caller.actor.id);
	(void) apitoken_identity_write_as(&caller, STATEMENT_DISABLE_OF_ACCOUNTS, &arguments, true);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}
