/*-------------------------------------------------------------------------
 *
 * transitions.c
 *	  Changes of a token's status: disable, enable, delete, and their trail.
 *
 *		Active <-> Disabled, and either -> Deleted, for good.
 *
 * src/transitions.c
 *
 *-------------------------------------------------------------------------
 */
#include "transitions.h"

#include "acts.h"
#include "apitoken.h"
#include "call.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "gates.h"
#include "jsonb_writer.h"
#include "signals.h"
#include "subxact.h"
#include "miscadmin.h"
#include "triggers.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

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
	return construct_array(statuses, transition->from_count, TEXTOID, -1, false, TYPALIGN_INT);
}

static const text *
OptionalText(const char *string)
{
	return string == NULL ? NULL : cstring_to_text(string);
}

/* A column, of text and not null, of the last statement's first row. */
static char *
ResultText(const char *column)
{
	return apitoken_store_cstring(0, SPI_fnumber(SPI_tuptable->tupdesc, column));
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
 * Changes the status, in one statement that takes the row's lock and checks
 * status and scope.  The token's new row is the last statement's result then.
 * Raises PT404, or PT400 naming the status, and has changed nothing then.
 */
static void
ChangeStatus(const ApitokenCall *call, const Transition *transition, const char *id)
{
	const ApitokenActor *actor = &call->caller.actor;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(id));
	apitoken_store_set_pointer(&arguments, 2, cstring_to_text(transition->to));
	apitoken_store_set_pointer(&arguments, 3, OptionalText(actor->type));
	apitoken_store_set_pointer(&arguments, 4, OptionalText(actor->id));
	apitoken_store_set_pointer(&arguments, 5, StartStatuses(transition));
	apitoken_identity_set_scope(&arguments, 6, 7, &call->caller);

	if (apitoken_identity_write_as(&call->caller, STATEMENT_TRANSITION, &arguments, false) == 0)
	{
		/*
		 * If there was reason to, but is none any more, another transaction
		 * was in between; now the row is locked.
		 */
		Explain(call, transition, id);
		if (apitoken_identity_write_as(&call->caller, STATEMENT_TRANSITION, &arguments,
									   false) == 0)
			apitoken_error_statement("apitoken transition",
									 "a trigger has kept the row from changing");
	}

	/* whoever held the lock may have taken the right to change it */
	apitoken_acts_administer(&call->caller, ResultText("account_id"));
}

static Datum
AnswerTransition(FunctionCallInfo fcinfo, const Transition *transition)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 1);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	Jsonb	   *document;

	ChangeStatus(&call, transition, id);
	document = apitoken_call_document_after_write(&call, NULL, fields, NULL);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

PG_FUNCTION_INFO_V1(apitoken_disable);

/*
 * apitoken_disable(id text, fields text) returns jsonb: Active -> Disabled; the
 * token's document.
 *
 * Raises PT400 for an id or fields that cannot be used and for a token that is
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

PG_FUNCTION_INFO_V1(apitoken_delete);

/*
 * apitoken_delete(id text) returns void: Active or Disabled -> Deleted.
 * Raises as apitoken_disable does.
 */
Datum
apitoken_delete(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);

	ChangeStatus(&call, &delete, id);
	apitoken_call_end(&call);
	PG_RETURN_VOID();
}

/*
 * All tokens of an account
 */

/* For how long it is begun again for tokens that somebody has locked. */
#define RETRY_MS 200

static int
CompareIds(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

/* Adds the ids of the last statement's result to those that are there. */
static List *
CollectIds(List *ids, uint64 count)
{
	for (uint64 row = 0; row < count; row++)
		ids = lappend(ids, apitoken_store_cstring(row, 1));
	return ids;
}

/* The ids as an array in bytes' order. */
static Jsonb *
SortedIds(List *list, MemoryContext result_context)
{
	int			count = list_length(list);
	char	  **ids = MemoryContextAllocHuge(CurrentMemoryContext,
											 sizeof(char *) * Max(count, 1));
	MemoryContext old;
	StringInfoData buffer;
	ApitokenContainer array;
	ListCell   *cell;

	foreach(cell, list)
		ids[foreach_current_index(cell)] = lfirst(cell);
	qsort(ids, count, sizeof(char *), CompareIds);

	old = MemoryContextSwitchTo(result_context);
	apitoken_jsonb_start_document(&buffer, 1024);
	MemoryContextSwitchTo(old);
	apitoken_jsonb_start_array(&array, &buffer, count);
	for (int i = 0; i < count; i++)
		apitoken_jsonb_add_string(&array, ids[i], strlen(ids[i]));
	apitoken_jsonb_finish(&array, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/* All tokens of an account that are being disabled. */
typedef struct Rescue
{
	const ApitokenCall *call;
	const char *account_id;
	bool		waits;			/* for tokens that somebody has locked? */
	List	   *ids;			/* of those that are */
} Rescue;

/* Disables what is Active of the account by now, waiting or not. */
static void
DisableActive(Rescue *rescue, bool waits)
{
	const ApitokenActor *actor = &rescue->call->caller.actor;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(rescue->account_id));
	apitoken_store_set_pointer(&arguments, 2, OptionalText(actor->type));
	apitoken_store_set_pointer(&arguments, 3, OptionalText(actor->id));
	rescue->waits = waits;
	rescue->ids = CollectIds(rescue->ids,
							 apitoken_identity_write_as(&rescue->call->caller,
														waits ? STATEMENT_DISABLE_ALL :
														STATEMENT_DISABLE_ALL_NOWAIT,
														&arguments, true));
}

/*
 * Disables the tokens that are there, then closes the account's gate, so that
 * nobody commits another one, then disables those that came in between, without
 * waiting.  So it is with an open gate that others' locks are waited for.
 */
static void
DisableBeforeClosing(void *argument)
{
	Rescue	   *rescue = argument;

	rescue->ids = NIL;
	DisableActive(rescue, true);
	apitoken_gates_close(GATE_ACCOUNT, rescue->account_id);
	DisableActive(rescue, false);
}

/*
 * The other way round: when the gate is closed nobody commits another one, and
 * what is Active then is all.  Whoever has locked a token and is to pass the gate
 * waits for this, and this for him: he is told of the deadlock.
 */
static void
DisableAfterClosing(Rescue *rescue)
{
	rescue->ids = NIL;
	apitoken_gates_close(GATE_ACCOUNT, rescue->account_id);
	DisableActive(rescue, true);
}

/* Where there is waiting, it is lock_timeout that has ended it. */
static bool
IsLocked(int sqlstate, void *argument)
{
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE && !((Rescue *) argument)->waits;
}

/*
 * Disables what is Active, so that nothing of the account is when the transaction
 * has committed.
 *
 * Whoever has locked a token that came in between is waited for with nothing in
 * hand, by beginning again: he may be about to pass the gate, or to lock tokens
 * that are disabled already, which he takes in the order of their ids as well.  But
 * only for a moment: whoever goes on making tokens and locking them would keep this
 * from ending, which is what it is to put an end to.
 */
static void
DisableAll(Rescue *rescue)
{
	TimestampTz first = 0;

	/* before a lock that a standby has not got says something else */
	PreventCommandIfReadOnly("UPDATE");
	apitoken_gates_queue_rescue(rescue->account_id);
	while (first == 0 ||
		   !TimestampDifferenceExceeds(first, GetCurrentTimestamp(), RETRY_MS))
	{
		if (apitoken_subxact_try(DisableBeforeClosing, rescue, IsLocked))
			return;
		if (first == 0)
			first = GetCurrentTimestamp();
	}
	DisableAfterClosing(rescue);
}

PG_FUNCTION_INFO_V1(apitoken_disable_all);

/*
 * apitoken_disable_all(account_id text) returns jsonb: disables every Active
 * token of an account; an array of their ids, sorted.
 *
 * What others commit while it goes on counts, under every isolation.
 *
 * Raises PT400 for an id that cannot be used, PT401, PT403, PT404 if there is
 * no such account whose tokens the caller may administer, and 25006.
 */
Datum
apitoken_disable_all(PG_FUNCTION_ARGS)
{
	char	   *account_id = apitoken_call_id(fcinfo, 0, "account_id");
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	Rescue		rescue = {&call, account_id, false, NIL};
	Jsonb	   *answer;

	apitoken_call_find_account(&call, account_id);
	call.caller.closes_account = true;
	DisableAll(&rescue);
	apitoken_acts_administer(&call.caller, account_id);
	answer = SortedIds(rescue.ids, call.result_context);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(answer);
}

/*
 * Trail and signal
 */

/*
 * Adds a row to the trail and, unless apitoken.notify is off, a signal that is
 * sent when the transaction commits.
 *
 * All Datums are text; from is 0 for a new token.  Expects SPI to be connected and the tables' owner to be the current
 * role.
 */
void
apitoken_transitions_record(const ApitokenCaller *caller, Datum account_id, Datum id,
							Datum from, Datum to)
{
	ApitokenArguments arguments;
	NameData	role;

	namestrcpy(&role, GetUserNameFromId(caller->role, false));
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, id);
	apitoken_store_set_pointer(&arguments, 3, DatumGetPointer(from));
	apitoken_store_set(&arguments, 4, to);
	apitoken_store_set_pointer(&arguments, 5, OptionalText(caller->actor.type));
	apitoken_store_set_pointer(&arguments, 6, OptionalText(caller->actor.id));
	apitoken_store_set_pointer(&arguments, 7, &role);
	apitoken_store_write(STATEMENT_ADD_TRANSITION, &arguments);

	if (apitoken_notify)
		apitoken_signals_add(TextDatumGetCString(id), TextDatumGetCString(to));
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

PG_FUNCTION_INFO_V1(apitoken_log_transition);

/*
 * apitoken.log_transition(): trigger on apitoken.api_tokens, after an update of
 * a row that changes its status.  Raises 39P01 if it is called otherwise, PT401 if
 * somebody changes it by hand in the name of an actor who has been disabled.
 */
Datum
apitoken_log_transition(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenCaller caller;
	ApitokenOwnership ownership;
	Datum		account_id;
	Datum		id;
	Datum		from;
	Datum		to;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_UPDATE);
	account_id = apitoken_trigger_value(trigger, trigger->tg_newtuple, "account_id");
	id = apitoken_trigger_value(trigger, trigger->tg_newtuple, "id");
	from = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "status");
	to = apitoken_trigger_value(trigger, trigger->tg_newtuple, "status");

	caller = apitoken_identity_writer();
	ownership = apitoken_identity_enter();
	NoteTransition(&caller, TextDatumGetCString(account_id), TextDatumGetCString(id),
				   TextDatumGetCString(from), TextDatumGetCString(to));
	if (!apitoken_identity_is_writing())
	{
		apitoken_acts_identified(&caller);
		apitoken_acts_administer(&caller, NULL);
	}
	apitoken_transitions_record(&caller, account_id, id, from, to);
	apitoken_identity_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}
