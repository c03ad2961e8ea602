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

#include "apitoken.h"
#include "call.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "errors.h"
#include "jsonb_writer.h"
#include "miscadmin.h"
#include "triggers.h"
#include "utils/builtins.h"
#include "utils/json.h"

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

	if (apitoken_identity_write_as(&call->caller, STATEMENT_TRANSITION, &arguments) > 0)
		return;

	/*
	 * If there was reason to, but is none any more, another transaction was
	 * in between; now the row is locked.
	 */
	Explain(call, transition, id);
	if (apitoken_identity_write_as(&call->caller, STATEMENT_TRANSITION, &arguments) == 0)
		apitoken_error_statement("apitoken transition", "a trigger has kept the row from changing");
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

static int
CompareIds(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

/* The ids in the last statement's result as an array in bytes' order. */
static Jsonb *
SortedIds(uint64 count, MemoryContext result_context)
{
	char	  **ids = MemoryContextAllocHuge(CurrentMemoryContext,
											 sizeof(char *) * Max(count, 1));
	MemoryContext old;
	StringInfoData buffer;
	ApitokenContainer array;

	for (uint64 i = 0; i < count; i++)
		ids[i] = apitoken_store_cstring(i, 1);
	qsort(ids, count, sizeof(char *), CompareIds);

	old = MemoryContextSwitchTo(result_context);
	apitoken_jsonb_start_document(&buffer, 1024);
	MemoryContextSwitchTo(old);
	apitoken_jsonb_start_array(&array, &buffer, count);
	for (uint64 i = 0; i < count; i++)
		apitoken_jsonb_add_string(&array, ids[i], strlen(ids[i]));
	apitoken_jsonb_finish(&array, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

PG_FUNCTION_INFO_V1(apitoken_disable_all);

/*
 * apitoken_disable_all(account_id text) returns jsonb: disables every Active
 * token of an account, in one statement; an array of their ids, sorted.
 *
 * Raises PT400 for an id that cannot be used, PT401, PT403, PT404 if there is
 * no such account whose tokens the caller may administer, and 25006.
 */
Datum
apitoken_disable_all(PG_FUNCTION_ARGS)
{
	char	   *account_id = apitoken_call_id(fcinfo, 0, "account_id");
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	ApitokenArguments arguments;
	uint64		count;
	Jsonb	   *ids;

	apitoken_call_lock_account(&call, STATEMENT_LOCK_ACCOUNT, account_id);
	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(account_id));
	apitoken_store_set_pointer(&arguments, 2, OptionalText(call.caller.actor.type));
	apitoken_store_set_pointer(&arguments, 3, OptionalText(call.caller.actor.id));
	count = apitoken_identity_write_as(&call.caller, STATEMENT_DISABLE_ALL, &arguments);
	ids = SortedIds(count, call.result_context);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(ids);
}

/*
 * Trail and signal
 */

static void
Signal(Datum id, Datum status)
{
	StringInfoData payload;

	initStringInfo(&payload);
	appendStringInfoString(&payload, "{\"id\": ");
	escape_json(&payload, TextDatumGetCString(id));
	appendStringInfoString(&payload, ", \"status\": ");
	escape_json(&payload, TextDatumGetCString(status));
	appendStringInfoChar(&payload, '}');
	Async_Notify(APITOKEN_CHANNEL, payload.data);
}

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
		Signal(id, to);
}

PG_FUNCTION_INFO_V1(apitoken_log_transition);

/*
 * apitoken.log_transition(): trigger on apitoken.api_tokens, after an update of
 * a row that changes its status.  Raises 39P01 if it is called otherwise.
 */
Datum
apitoken_log_transition(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenCaller caller;
	ApitokenOwnership ownership;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_UPDATE);

	caller = apitoken_identity_writer();
	ownership = apitoken_identity_become_owner();
	SPI_connect();
	apitoken_transitions_record(&caller,
								apitoken_trigger_value(trigger, trigger->tg_newtuple, "account_id"),
								apitoken_trigger_value(trigger, trigger->tg_newtuple, "id"),
								apitoken_trigger_value(trigger, trigger->tg_trigtuple, "status"),
								apitoken_trigger_value(trigger, trigger->tg_newtuple, "status"));
	SPI_finish();
	apitoken_identity_leave_owner(&ownership);
	PG_RETURN_POINTER(NULL);
}
