/*-------------------------------------------------------------------------
 *
 * rotate.c
 *	  Another secret for a token, under the same id.
 *
 * The old secret goes on for as long as is asked for, beside the new one; there are
 * never more than these two.  Whoever reads the new secret has all that the token
 * has, for as long as it has it: so who rotates it is who could give it that.  The
 * token itself may by its present secret where apitoken.self_rotation says so: else who
 * has found a secret could keep it.
 *
 * src/calls/rotate.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "apitoken.h"
#include "calls/call.h"
#include "calls/trail.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/held.h"
#include "rights/networks.h"
#include "rights/offer.h"
#include "rights/secret.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* No part of an overlap is of more days: none takes a moment out of its range. */
#define MOST_DAYS 365000

/* Is that too long, or too far back, to be added to a moment? */
static bool
IsBeyondTime(const Interval *overlap)
{
	return llabs(overlap->month) > MOST_DAYS / 30 || llabs(overlap->day) > MOST_DAYS ||
		llabs(overlap->time / USECS_PER_DAY) > MOST_DAYS;
}

static bool
IsNegative(const Interval *overlap)
{
	Interval	none = {0};

	return DatumGetBool(DirectFunctionCall2(interval_lt, PointerGetDatum(overlap),
											PointerGetDatum(&none)));
}

/*
 * Until when the old secret goes on; DT_NOBEGIN: it does not.  Raises PT400 for a time
 * that is negative or too long.
 */
static TimestampTz
EndOfOverlap(FunctionCallInfo fcinfo)
{
	const Interval *overlap;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz end;

	if (apitoken_call_isnull(fcinfo, 1))
		return DT_NOBEGIN;
	overlap = PG_GETARG_INTERVAL_P(1);
	if (IsBeyondTime(overlap))
		apitoken_error_overlap(IsNegative(overlap) ? "is negative" : "is too long",
							   apitoken_max_rotation_overlap);
	/* without a time zone: a day is as long wherever somebody asks */
	end = DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval, TimestampGetDatum(now),
												PointerGetDatum(overlap)));
	if (end < now)
		apitoken_error_overlap("is negative", apitoken_max_rotation_overlap);
	if (end - now > apitoken_max_rotation_overlap * USECS_PER_SEC)
		apitoken_error_overlap("is too long", apitoken_max_rotation_overlap);
	return end == now ? DT_NOBEGIN : end;
}

/*
 * Checks that the caller could give the token each module that it has.  Raises PT403 for
 * the first that he could not.
 */
static void
CheckModules(const ApitokenCall *call, const char *account_id, const char *id)
{
	ApitokenHeldModules held = apitoken_identity_token_modules(account_id, id);
	ApitokenOffer *offer = apitoken_offer_read(account_id);

	for (int i = 0; i < held.count; i++)
	{
		const char *module_id = held.modules[i].id;

		if (!apitoken_offer_may_give(offer, apitoken_offer_find(offer, module_id), &call->caller))
			apitoken_error_not_held(module_id);
		apitoken_acts_give(&call->caller, account_id, module_id);
	}
}

/* Checks that a token may rotate itself, and by its present secret.  Raises PT403. */
static void
CheckSelf(const ApitokenCall *call, const ApitokenTokenStatus *token)
{
	if (!apitoken_self_rotation)
		apitoken_error_self_rotation();
	/* an old one would outlive its time */
	if (call->caller.actor.secret != token->secret_number)
		apitoken_error_old_secret();
}

/*
 * Checks the right of somebody who acts to rotate the token, whose row is locked.  Under
 * the active snapshot.  Raises PT403, also for what is held.
 */
static void
CheckRight(const ApitokenCall *call, const char *account_id, const char *id)
{
	ApitokenTokenStatus token = apitoken_identity_token_status(id);

	if (token.expires_at > call->caller.expires_at)
		apitoken_error_beyond_own_end();
	if (!apitoken_networks_cover(call->caller.networks, token.networks))
		apitoken_error_beyond_own_networks();
	if (apitoken_call_is_by_itself(call, id))
		CheckSelf(call, &token);
	else
	{
		apitoken_acts_give_time(&call->caller, token.expires_at);
		apitoken_acts_give_networks(&call->caller, token.networks);
		if (call->caller.everywhere)
			return;
		CheckModules(call, account_id, id);
	}

	if (apitoken_held_token(account_id, id))
		apitoken_error_held("API token", id);
	apitoken_acts_open(&call->caller, account_id);
}

/* Has the token's row count another secret; returns its number. */
static int
CountSecret(const ApitokenCall *call, const char *account_id, const char *id,
			TimestampTz old_until)
{
	ApitokenArguments arguments;
	bool		isnull;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	if (old_until != DT_NOBEGIN)
		apitoken_store_set(&arguments, 2, TimestampTzGetDatum(old_until));
	apitoken_store_set_text(&arguments, 3, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 4, call->caller.actor.id);
	apitoken_store_set_text(&arguments, 5, account_id);
	if (apitoken_trail_write_as(&call->caller, STATEMENT_ROTATE_TOKEN, &arguments, account_id,
								id) == 0)
		apitoken_call_error_kept("apitoken rotate token");
	return DatumGetInt32(apitoken_store_value(0, 1, &isnull));
}

/* Adds the secret with that number, and returns it. */
static char *
AddSecret(const char *account_id, const char *id, int number)
{
	char	   *secret = apitoken_secret_generate(id);
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	apitoken_store_set(&arguments, 3, Int32GetDatum(number));
	(void) apitoken_store_run_latest(STATEMENT_REMOVE_SECRETS, &arguments);
	apitoken_store_set_pointer(&arguments, 4, apitoken_secret_digest(secret, strlen(secret)));
	(void) apitoken_store_run_latest(STATEMENT_ADD_SECRET, &arguments);
	return secret;
}

/* Changes the token's secret, and returns it; sets the token's account. */
static char *
Rotate(ApitokenCall *call, const char *id, TimestampTz old_until, char **token_account_id)
{
	char	   *status;
	char	   *account_id;
	char	   *secret;

	apitoken_call_pass_turn_of(call, id);
	account_id = apitoken_call_lock_token(call, id, &status);
	*token_account_id = account_id;
	if (strcmp(status, "Deleted") == 0)
		apitoken_error_transition(id, status,
								  "Only an Active or Disabled API token can be rotated.");
	if (call->caller.actor.type != NULL)
	{
		PushActiveSnapshot(GetLatestSnapshot());
		CheckRight(call, account_id, id);
		PopActiveSnapshot();
	}
	secret = AddSecret(account_id, id, CountSecret(call, account_id, id, old_until));
	if (call->caller.only_self)
		apitoken_acts_guard(&call->caller, NULL);
	else
		apitoken_acts_administer(&call->caller, account_id);
	return secret;
}

PG_FUNCTION_INFO_V1(apitoken_rotate);

/*
 * apitoken_rotate(id text, overlap interval, fields text) returns jsonb: another secret
 * for a token; its document, with the secret as "token", which is shown this once.  The
 * old secret goes on for that long.
 *
 * Raises PT400 for an id, a time or fields that cannot be used and for a token that is
 * Deleted, PT401, PT403, PT404 if there is no such token that the caller may
 * administer, and 25006.
 */
Datum
apitoken_rotate(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	TimestampTz old_until = EndOfOverlap(fcinfo);
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 2);
	ApitokenCall call = apitoken_call_begin(OPERATION_ROTATE);
	char	   *account_id;
	char	   *secret;
	Jsonb	   *document;

	if (call.caller.only_self && strcmp(call.caller.actor.id, id) != 0)
		apitoken_error_forbidden();
	secret = Rotate(&call, id, old_until, &account_id);
	document = apitoken_call_document_after_write(&call, account_id, id, fields, secret);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}
