/*-------------------------------------------------------------------------
 *
 * transitions.c
 *	  Changes of a token's status: disable, enable, delete, and their trail.
 *
 *		Active <-> Disabled, and either -> Deleted, for good.
 *
 * src/calls/transitions.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/transitions.h"

#include "apitoken.h"
#include "calls/call.h"
#include "calls/hold.h"
#include "calls/trail.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "rights/acts.h"
#include "store/distribution.h"
#include "store/gates.h"
#include "store/ids.h"
#include "store/signals.h"
#include "store/trigger_row.h"
#include "store/write.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/snapmgr.h"

typedef struct Transition
{
	const char *from[2];		/* statuses it starts at */
	int			from_count;
	const char *to;
	const char *hint;			/* for a token that has another status */
} Transition;

static const Transition disable = {
	{"Active"}, 1, "Disabled", "Only an Active API token can be disabled."
};
static const Transition enable = {
	{"Disabled"}, 1, "Active", "Only a Disabled API token can be enabled."
};
static const Transition delete = {
	{"Active", "Disabled"}, 2, "Deleted", "Only an Active or Disabled API token can be deleted."
};

static bool
StartsAt(const Transition *transition, const char *status)
{
	for (int i = 0; i < transition->from_count; i++)
	{
		if (strcmp(transition->from[i], status) == 0)
			return true;
	}
	return false;
}

static ArrayType *
StartStatuses(const Transition *transition)
{
	Datum		statuses[lengthof(transition->from)];

	for (int i = 0; i < transition->from_count; i++)
		statuses[i] = CStringGetTextDatum(transition->from[i]);
	return apitoken_ids_array(statuses, transition->from_count);
}

/*
 * Raises the error that says why no row was changed; returns, with the row
 * locked, if there is no reason.
 */
static void
Explain(const ApitokenCall *call, const Transition *transition, const char *id)
{
	char	   *status;

	apitoken_call_lock_token(call, id, &status);
	if (!StartsAt(transition, status))
		apitoken_error_transition(id, status, transition->hint);
}

/*
 * Trail and signal
 */

/*
 * Adds a row to the trail and, unless apitoken.notify is off, a signal that is
 * sent when the transaction commits.  Expects SPI to be connected and the tables' owner
 * to be the current role.
 */
static void
Record(const ApitokenCaller *caller, const ApitokenEvent *event)
{
	apitoken_trail_record(caller, event);
	if (apitoken_notify)
		apitoken_signals_add(TextDatumGetCString(event->id), TextDatumGetCString(event->to));
}

/* Records a new token that is Active, and what it has been given. */
void
apitoken_transitions_record_created(const ApitokenCaller *caller, const char *account_id,
									const char *id, List *module_ids)
{
	ApitokenEvent event = {
		.kind = "created", .account_id = CStringGetTextDatum(account_id),
		.id = CStringGetTextDatum(id), .to = CStringGetTextDatum("Active"),
		.details = apitoken_trail_modules(module_ids)
	};

	Record(caller, &event);
}

/*
 * A token that is no longer Active takes its rights away from whoever acts as it;
 * one that is Active again is open to everybody.
 */
static void
NoteTransition(const ApitokenCaller *caller, const char *account_id, const char *id,
			   const char *from, const char *to)
{
	if (strcmp(to, "Active") == 0)
		apitoken_acts_open(caller, account_id);
	if (strcmp(from, "Active") == 0 && !caller->closes_account)
		apitoken_gates_close_token(account_id, id);
}

/*
 * Records that the status of an account's token was changed, where no trigger does.
 * Expects SPI to be connected and the tables' owner to be the current role.
 */
void
apitoken_transitions_record(const ApitokenCaller *caller, const char *account_id, const char *id,
							const char *from, const char *to)
{
	ApitokenEvent event = {
		.account_id = CStringGetTextDatum(account_id), .id = CStringGetTextDatum(id),
		.from = CStringGetTextDatum(from), .to = CStringGetTextDatum(to)
	};

	NoteTransition(caller, account_id, id, from, to);
	event.kind = apitoken_trail_kind_of(event.to);
	Record(caller, &event);
}

/*
 * Raises PT403 for a held token that becomes Active, PT400 for one that has expired, or
 * whose secret is revoked.
 */
static void
CheckEnabled(const char *id, const char *to, bool held, TimestampTz end, bool revoked)
{
	if (strcmp(to, "Active") != 0)
		return;
	if (held)
		apitoken_error_held("API token", id);
	if (end <= GetCurrentTimestamp())
		apitoken_error_expired(id);
	if (revoked)
		apitoken_error_revoked(id);
}

/*
 * Changes
 */

/* A token whose status was changed. */
typedef struct Changed
{
	ApitokenResources token;	/* as it is now */
	const char *account_id;
} Changed;

/* Changes the status without a statement, if that can be done; see write.c. */
static bool
TryWithoutStatement(const ApitokenCall *call, const Transition *transition, const char *id,
					Changed *changed)
{
	const ApitokenCaller *caller = &call->caller;
	ApitokenStatusChange change = {
		id, transition->from, transition->from_count, transition->to,
		caller->actor.type, caller->actor.id, caller->everywhere, caller->accounts
	};
	ApitokenChangedToken token;
	ApitokenEvent event = {
		.id = CStringGetTextDatum(id), .to = CStringGetTextDatum(transition->to)
	};

	if (!apitoken_write_status(&change, &apitoken_model_shape(RESOURCE_TOKEN)->layout, &token))
		return false;
	CheckEnabled(id, transition->to, token.held, token.expires_at, token.revoked);
	changed->token = apitoken_resources_of_rows(RESOURCE_TOKEN, token.row);
	changed->account_id = TextDatumGetCString(token.account_id);
	NoteTransition(caller, changed->account_id, id, TextDatumGetCString(token.from), transition->to);
	event.account_id = token.account_id;
	event.from = token.from;
	event.kind = apitoken_trail_kind_of(event.to);
	Record(caller, &event);
	return true;
}

/* account_id: the token's; NULL: it is not known. */
static bool
TryByStatement(const ApitokenCall *call, const Transition *transition, const char *account_id,
			   const char *id, Changed *changed)
{
	const ApitokenActor *actor = &call->caller.actor;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	apitoken_store_set_text(&arguments, 2, transition->to);
	apitoken_store_set_text(&arguments, 3, actor->type);
	apitoken_store_set_text(&arguments, 4, actor->id);
	apitoken_store_set_pointer(&arguments, 5, StartStatuses(transition));
	apitoken_identity_set_scope(&arguments, 6, 7, &call->caller);
	apitoken_store_set_text(&arguments, 8, account_id);
	if (apitoken_identity_write_as(&call->caller, STATEMENT_TRANSITION, &arguments, false) == 0)
		return false;
	changed->token = apitoken_resources_of_result(RESOURCE_TOKEN, 1);
	changed->account_id = apitoken_store_cstring_of(0, "account_id");
	return true;
}

static bool
HasMoment(const char *column, Datum *value)
{
	bool		isnull;

	*value = apitoken_store_value(0, SPI_fnumber(SPI_tuptable->tupdesc, column), &isnull);
	return !isnull;
}

/*
 * Locks the token's row where the tables are distributed, and looks whether it can be
 * changed so.  Returns its status, and sets its account.  Raises what CheckEnabled does.
 */
static char *
LookDistributed(const ApitokenCall *call, const Transition *transition, const char *id,
				Changed *changed)
{
	char	   *status;
	Datum		moment;
	bool		held;
	bool		revoked;

	changed->account_id = apitoken_call_lock_token(call, id, &status);
	if (transition != &enable || !StartsAt(transition, status))
		return status;
	PushActiveSnapshot(GetLatestSnapshot());
	apitoken_call_find_token(call, changed->account_id, id);
	PopActiveSnapshot();
	held = HasMoment("held_at", &moment);
	revoked = HasMoment("revoked_at", &moment);
	CheckEnabled(id, transition->to, held, HasMoment("expires_at", &moment) ?
				 DatumGetTimestampTz(moment) : DT_NOEND, revoked);
	return status;
}

/*
 * Changes the status where the tables are distributed.  Returns NULL; or the status of a
 * token that the change does not start at, whose row is locked then.  What it was is known
 * without a look where there is one such status, and who changes himself is to have been
 * looked at: see apitoken_acts_settle.
 */
static const char *
ChangeDistributed(const ApitokenCall *call, const Transition *transition, const char *id,
				  Changed *changed)
{
	const char *account_id = apitoken_call_route(id);
	const char *status = transition->from[0];

	apitoken_acts_refuse_other(&call->caller, id);
	if (transition->from_count > 1 || apitoken_call_is_by_itself(call, id) ||
		!TryByStatement(call, transition, account_id, id, changed))
	{
		status = LookDistributed(call, transition, id, changed);
		if (!StartsAt(transition, status))
			return status;
		apitoken_acts_settle(&call->caller, id);
		if (!TryByStatement(call, transition, account_id, id, changed))
			apitoken_call_error_kept("apitoken transition");
	}
	apitoken_transitions_record(&call->caller, changed->account_id, id, status, transition->to);
	return NULL;
}

/*
 * Begins the wait for a token's row: nobody who comes later overtakes one who takes a
 * token's life.  Returns what EndTurn needs to end it.
 */
static const char *
TakeTurn(const ApitokenCall *call, const Transition *transition, const char *id)
{
	const char *account_id = transition == &enable ? NULL : apitoken_call_account_of(call, id);

	if (account_id == NULL)
		return NULL;
	/* a standby knows no such lock, and would say that in place of this */
	PreventCommandIfReadOnly("UPDATE");
	apitoken_gates_take_turn(GATE_TURN, account_id);
	return account_id;
}

static void
EndTurn(const char *account_id)
{
	if (account_id != NULL)
		apitoken_gates_end_turn(GATE_TURN, account_id);
}

/* Changes the status of a token whose row may have to be waited for. */
static void
ChangeByStatement(const ApitokenCall *call, const Transition *transition, const char *id,
				  Changed *changed)
{
	const char *turn = TakeTurn(call, transition, id);

	if (!TryByStatement(call, transition, turn, id, changed))
	{
		/*
		 * If there was reason to, but is none any more, another transaction
		 * was in between; now the row is locked.
		 */
		Explain(call, transition, id);
		if (!TryByStatement(call, transition, turn, id, changed))
			apitoken_call_error_kept("apitoken transition");
	}
	EndTurn(turn);
}

/*
 * Changes the status; returns the token's new row, and its account.  Raises PT404, or
 * PT400 naming the status, and has changed nothing then; PT403 for one that is held.
 */
static Changed
ChangeStatus(const ApitokenCall *call, const Transition *transition, const char *id)
{
	Changed		changed;

	if (transition == &enable)
		apitoken_call_pass_turn_of(call, id);
	else
		apitoken_call_pass_rescue_turn_of(call, id);
	if (apitoken_distribution_is_ready())
	{
		const char *status = ChangeDistributed(call, transition, id, &changed);

		if (status != NULL)
			apitoken_error_transition(id, status, transition->hint);
	}
	/* that one does not wait */
	else if (!TryWithoutStatement(call, transition, id, &changed))
		ChangeByStatement(call, transition, id, &changed);

	/* whoever held the lock may have taken the right to change it */
	apitoken_acts_administer(&call->caller, changed.account_id);
	return changed;
}

static Datum
AnswerTransition(FunctionCallInfo fcinfo, const Transition *transition)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 1);
	const char *reason = apitoken_call_reason(fcinfo, 2);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	Changed		changed;
	Jsonb	   *document;

	call.caller.reason = reason;
	changed = ChangeStatus(&call, transition, id);
	document = apitoken_call_document_of_change(&call, changed.account_id, id, changed.token,
												fields);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

PG_FUNCTION_INFO_V1(apitoken_disable);

/*
 * apitoken_disable(id text, fields text [, reason text]) returns jsonb: Active ->
 * Disabled; the token's document.
 *
 * Raises PT400 for an id, fields or a reason that cannot be used and for a token that is
 * not Active, PT401, PT403, PT404 if there is no such token that the caller
 * may administer, and 25006 in a read-only transaction.
 */
Datum
apitoken_disable(PG_FUNCTION_ARGS)
{
	return AnswerTransition(fcinfo, &disable);
}

PG_FUNCTION_INFO_V1(apitoken_enable);

/*
 * apitoken_enable(id text, fields text) returns jsonb: Disabled -> Active; the
 * token's document.  Raises as apitoken_disable does.
 */
Datum
apitoken_enable(PG_FUNCTION_ARGS)
{
	return AnswerTransition(fcinfo, &enable);
}

/*
 * Sees to it that a token is not Active, and that its row is locked.  Returns its account.
 * Raises PT404.  Somebody who enables it in between is overtaken once he has.
 */
static const char *
EnsureDisabled(const ApitokenCall *call, const char *id)
{
	Changed		changed;

	apitoken_call_pass_rescue_turn_of(call, id);
	if (apitoken_distribution_is_ready())
		(void) ChangeDistributed(call, &disable, id, &changed);
	else if (!TryWithoutStatement(call, &disable, id, &changed))
	{
		const char *turn = TakeTurn(call, &disable, id);
		char	   *status;

		if (!TryByStatement(call, &disable, turn, id, &changed))
		{
			changed.account_id = apitoken_call_lock_token(call, id, &status);
			if (StartsAt(&disable, status) &&
				!TryByStatement(call, &disable, changed.account_id, id, &changed))
				apitoken_call_error_kept("apitoken transition");
		}
		EndTurn(turn);
	}
	apitoken_acts_administer(&call->caller, changed.account_id);
	return changed.account_id;
}

PG_FUNCTION_INFO_V1(apitoken_ensure_disabled);

/*
 * apitoken_ensure_disabled(id text, hold boolean, fields text) returns jsonb: the
 * token is Disabled, or Deleted, whatever it was, and held if that is asked for and
 * it is not Deleted; its document.
 *
 * Raises PT400 for an id or fields that cannot be used, PT401, PT403, also for a
 * hold by somebody who may not, PT404 if there is no such token that the caller may
 * administer, and 25006 in a read-only transaction.
 */
Datum
apitoken_ensure_disabled(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	bool		hold = apitoken_call_flag(fcinfo, 1);
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 2);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	const char *account_id;
	Jsonb	   *document;

	if (hold)
		apitoken_hold_check_right(&call.caller);
	account_id = EnsureDisabled(&call, id);
	if (hold)
		apitoken_hold_token(&call, account_id, id);
	document = apitoken_call_document_after_write(&call, account_id, id, fields, NULL);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

PG_FUNCTION_INFO_V1(apitoken_delete);

/*
 * apitoken_delete(id text [, reason text]) returns void: Active or Disabled -> Deleted.
 * Raises as apitoken_disable does.
 */
Datum
apitoken_delete(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	const char *reason = apitoken_call_reason(fcinfo, 1);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);

	call.caller.reason = reason;
	(void) ChangeStatus(&call, &delete, id);
	apitoken_call_end(&call);
	PG_RETURN_VOID();
}

/*
 * The trigger
 */

static bool
IsSet(TriggerData *trigger, HeapTuple row, const char *column)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;
	int			attnum = SPI_fnumber(tupdesc, column);

	/* the library may be newer than the table */
	return attnum > 0 && !heap_attisnull(row, attnum, tupdesc);
}

static TimestampTz
EndOf(TriggerData *trigger)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;
	int			attnum = SPI_fnumber(tupdesc, "expires_at");
	bool		isnull = true;
	Datum		end = 0;

	if (attnum > 0)
		end = SPI_getbinval(trigger->tg_newtuple, tupdesc, attnum, &isnull);
	return isnull ? DT_NOEND : DatumGetTimestampTz(end);
}

PG_FUNCTION_INFO_V1(apitoken_log_transition);

/*
 * apitoken.log_transition(): trigger on apitoken.api_tokens, after an update of
 * a row that changes its status.  Raises 39P01 if it is called otherwise, PT403 if a
 * token is enabled that is held, PT400 if it has expired or its secret is revoked, PT401
 * if somebody changes it by hand in the name of an actor who has been disabled.
 */
Datum
apitoken_log_transition(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenCaller caller;
	ApitokenOwnership ownership;
	ApitokenEvent event = {0};
	HeapTuple	old;
	HeapTuple	new;
	bool		revoked;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_UPDATE);
	old = trigger->tg_trigtuple;
	new = trigger->tg_newtuple;
	event.account_id = apitoken_trigger_value(trigger, new, "account_id");
	event.id = apitoken_trigger_value(trigger, new, "id");
	event.from = apitoken_trigger_value(trigger, old, "status");
	event.to = apitoken_trigger_value(trigger, new, "status");
	revoked = IsSet(trigger, new, "revoked_at");
	event.kind = revoked && !IsSet(trigger, old, "revoked_at") ? "revoked" :
		apitoken_trail_kind_of(event.to);

	CheckEnabled(TextDatumGetCString(event.id), TextDatumGetCString(event.to),
				 IsSet(trigger, new, "held_at"), EndOf(trigger), revoked);
	caller = apitoken_identity_writer();
	ownership = apitoken_owner_enter();
	NoteTransition(&caller, TextDatumGetCString(event.account_id), TextDatumGetCString(event.id),
				   TextDatumGetCString(event.from), TextDatumGetCString(event.to));
	apitoken_acts_by_hand(RelationGetRelid(trigger->tg_relation), ownership.role);
	Record(&caller, &event);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}
