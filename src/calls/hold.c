/*-------------------------------------------------------------------------
 *
 * hold.c
 *	  The calls that hold tokens and accounts, and let them go.
 *
 * What an account's own tokens and users disable, they can enable again, and so
 * can they what somebody above them has disabled.  Therefore a token that is not
 * Active can be held, and then it is enabled by nobody, and nobody of its account
 * gives it anything, until it is let go.  An account can be held: then nobody of
 * it enables any of its tokens, gives one anything, or makes another.
 *
 * Who holds, and lets go, is who administers every account, or a trusted role.
 * The tenant may still delete what is held.
 *
 * src/calls/hold.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/hold.h"

#include "calls/trail.h"
#include "errors.h"
#include "rights/acts.h"
#include "store/trigger_row.h"
#include "utils/builtins.h"

/* Raises PT403 if the caller is not one who holds, and lets go. */
void
apitoken_hold_check_right(const ApitokenCaller *caller)
{
	if (!caller->everywhere)
		apitoken_error_hold_forbidden();
}

/*
 * Holds something, or lets it go; what is so already is left as it is.  account_id is the
 * account that it belongs to; NULL: it is one itself.
 */
static void
Change(const ApitokenCall *call, ApitokenStatement statement, const char *account_id,
	   const char *id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	apitoken_store_set_text(&arguments, 2, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 3, call->caller.actor.id);
	apitoken_store_set_text(&arguments, 4, account_id);
	if (account_id != NULL)
		(void) apitoken_trail_write_as(&call->caller, statement, &arguments, account_id, id);
	else
		(void) apitoken_identity_write_as(&call->caller, statement, &arguments, false);
	apitoken_acts_administer(&call->caller, NULL);
}

/*
 * Holds an account's token that is Disabled.  The caller's right must have been checked, and
 * the token's row be locked.
 */
void
apitoken_hold_token(const ApitokenCall *call, const char *account_id, const char *id)
{
	Change(call, STATEMENT_HOLD_TOKEN, account_id, id);
}

PG_FUNCTION_INFO_V1(apitoken_release);

/*
 * apitoken_release(id text, fields text) returns jsonb: lets a token go; its
 * document, the same if it was not held.
 *
 * Raises PT400 for an id or fields that cannot be used, PT401, PT403, PT404 and
 * 25006.
 */
Datum
apitoken_release(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 1);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	char	   *status;
	char	   *account_id;
	Jsonb	   *document;

	apitoken_hold_check_right(&call.caller);
	apitoken_call_pass_turn_of(&call, id);
	account_id = apitoken_call_lock_token(&call, id, &status);
	Change(&call, STATEMENT_RELEASE_TOKEN, account_id, id);
	document = apitoken_call_document_after_write(&call, account_id, id, fields, NULL);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

static void
ChangeAccount(FunctionCallInfo fcinfo, ApitokenStatement statement)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "account_id");
	ApitokenCall call = apitoken_call_begin(OPERATION_HOLD_ACCOUNT);

	apitoken_hold_check_right(&call.caller);
	apitoken_call_find_account(&call, id);
	Change(&call, statement, NULL, id);
	apitoken_call_end(&call);
}

PG_FUNCTION_INFO_V1(apitoken_hold_account);

/*
 * apitoken_hold_account(account_id text) returns void: holds an account; one that
 * is held stays so.  Raises as apitoken_release does.
 */
Datum
apitoken_hold_account(PG_FUNCTION_ARGS)
{
	ChangeAccount(fcinfo, STATEMENT_HOLD_ACCOUNT);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(apitoken_release_account);

/*
 * apitoken_release_account(account_id text) returns void: lets an account go.
 * Raises as apitoken_release does.
 */
Datum
apitoken_release_account(PG_FUNCTION_ARGS)
{
	ChangeAccount(fcinfo, STATEMENT_RELEASE_ACCOUNT);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(apitoken_refuse_held);

/*
 * apitoken.refuse_held(): trigger on apitoken.api_tokens, after a row was added, or
 * held, that is held and Active; one that becomes Active is log_transition()'s, which
 * is there anyway.  Raises PT403; 39P01 if it is called otherwise.
 */
Datum
apitoken_refuse_held(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	row;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_INSERT);
	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	apitoken_error_held("API token",
						TextDatumGetCString(apitoken_trigger_value(trigger, row, "id")));
}
