/*-------------------------------------------------------------------------
 *
 * import.c
 *	  API tokens brought along from elsewhere.
 *
 * The work is done in PL/pgSQL, by apitoken.import, which shares what apitoken_sync has.
 * Here is what that cannot do: no error is logged with a statement that digests stand
 * in, the caller needs no right to the functions, and who disables all tokens of an
 * account sees those that have come to it, or comes before them.
 *
 * src/calls/import.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/call.h"
#include "calls/marks.h"
#include "errors.h"
#include "fmgr.h"
#include "request.h"
#include "rights/acts.h"
#include "rights/quota.h"
#include "store/distribution.h"
#include "utils/builtins.h"

/* Raises PT401 for a role that is not trusted with this, whoever acts. */
static void
CheckTrust(Oid role)
{
	if (!apitoken_trusted(role, OPERATION_IMPORT))
		apitoken_error_unauthorized();
}

/* Has apitoken.import do it; returns how many tokens were added. */
static int64
Import(const ApitokenCaller *caller, Datum body)
{
	ApitokenOrigin origin = apitoken_request_origin();
	ApitokenArguments arguments;
	bool		isnull;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, body);
	apitoken_store_set_role(&arguments, 2, caller->role);
	apitoken_store_set_pointer(&arguments, 3, DatumGetPointer(origin.address));
	apitoken_store_set_text(&arguments, 4, origin.request_id);
	(void) apitoken_identity_write_as(caller, STATEMENT_IMPORT, &arguments, false);
	return DatumGetInt64(apitoken_store_value(0, 1, &isnull));
}

PG_FUNCTION_INFO_V1(apitoken_import);

/*
 * apitoken_import(jsonb) returns bigint: adds tokens with the digests of the secrets
 * that they had elsewhere; how many.  It is the role that does this, whoever acts.
 *
 * Raises PT400 with the place of what cannot be added, also for headers of a request
 * that are not usable JSON, and PT401.
 */
Datum
apitoken_import(PG_FUNCTION_ARGS)
{
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenCaller caller;
	int64		added;

	apitoken_error_guard(&guard, true);
	ownership = apitoken_owner_enter();
	CheckTrust(ownership.role);
	caller = apitoken_identity_role(ownership.role, OPERATION_IMPORT);
	caller.everywhere = true;
	if (apitoken_call_isnull(fcinfo, 0))
		apitoken_error_sync("The body is not a JSON object");
	added = Import(&caller, JsonbPGetDatum(PG_GETARG_JSONB_P(0)));
	apitoken_acts_administer(&caller, NULL);
	apitoken_owner_leave(&ownership);
	apitoken_error_unguard(&guard);
	PG_RETURN_INT64(added);
}

PG_FUNCTION_INFO_V1(apitoken_is_distributed);

/*
 * apitoken.is_distributed() returns boolean: are the tables distributed by account?  Then
 * the statements of functions in PL/pgSQL are others, too.
 */
Datum
apitoken_is_distributed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(apitoken_distribution_is_ready());
}

PG_FUNCTION_INFO_V1(apitoken_open_account);

/*
 * apitoken.open_account(account_id text) returns bigint: how many tokens can be added to
 * an account, which is going to be done, until the setting apitoken.adding is off there;
 * null: any number.  For apitoken.import, which writes in somebody's name: raises PT401 for
 * who calls it otherwise and is not trusted with that.
 */
Datum
apitoken_open_account(PG_FUNCTION_ARGS)
{
	char	   *account_id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenQuota quota;

	CheckTrust(caller.role);
	quota = apitoken_quota_claim(account_id, true);
	apitoken_acts_open(&caller, account_id);
	apitoken_marks_start_adding(account_id);
	apitoken_owner_leave(&ownership);
	if (!quota.bounded)
		PG_RETURN_NULL();
	PG_RETURN_INT64(quota.room);
}
