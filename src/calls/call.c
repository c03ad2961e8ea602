/*-------------------------------------------------------------------------
 *
 * call.c
 *	  What the calls about one API token have in common, and the simplest of
 *	  them: apitoken_get.
 *
 * src/calls/call.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/call.h"

#include "apitoken.h"
#include "calls/text.h"
#include "document/gather.h"
#include "document/self.h"
#include "errors.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "redact.h"
#include "rights/acting.h"
#include "rights/acts.h"
#include "store/ahead.h"
#include "store/distribution.h"
#include "store/gates.h"
#include "store/ids.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* A reason has no more characters; the trail's column has the same bound. */
#define MAX_REASON 500

/* What of a token's document is not in the token's own row. */
#define UNREAD_FIELDS "-account,-modules,-lastAccessAt,-audit.created.by,-audit.updated.by"

/*
 * Says whether an argument of the call is null.  One that the SQL function has
 * not got is, too: the library may be newer than the script that declared it.
 */
bool
apitoken_call_isnull(FunctionCallInfo fcinfo, int argument)
{
	return argument >= PG_NARGS() || PG_ARGISNULL(argument);
}

/*
 * Returns the id that is an argument of the call, as a C string in the current
 * memory context.  Raises PT400 if it is null or empty.
 */
char *
apitoken_call_id(FunctionCallInfo fcinfo, int argument, const char *name)
{
	char	   *id = apitoken_call_isnull(fcinfo, argument) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(argument));

	if (id == NULL || id[0] == '\0')
		apitoken_error_id_missing(name);
	return id;
}

/* Returns an argument of the call that is a boolean; null is false. */
bool
apitoken_call_flag(FunctionCallInfo fcinfo, int argument)
{
	return !apitoken_call_isnull(fcinfo, argument) && PG_GETARG_BOOL(argument);
}

/*
 * Returns the reason that is an argument of the call, as the trail is to have it, in the
 * current memory context; NULL for null.  A secret in it is masked: who has found one may
 * say what he has found.  Raises PT400 if it is too long, or has characters that a
 * description may not have, since it is shown to others.
 */
const char *
apitoken_call_reason(FunctionCallInfo fcinfo, int argument)
{
	const char *reason;

	if (apitoken_call_isnull(fcinfo, argument))
		return NULL;
	reason = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (pg_mbstrlen(reason) > MAX_REASON)
		apitoken_error_reason("is too long", MAX_REASON);
	if (!apitoken_text_is_text(reason))
		apitoken_error_reason("has a character that is not allowed", MAX_REASON);
	return apitoken_redact(reason);
}

/*
 * Returns the selection of fields that is an argument of the call; NULL, which
 * is everything, for null.  Raises PT400 as apitoken_fields_parse does.
 */
ApitokenFields *
apitoken_call_fields(FunctionCallInfo fcinfo, int argument)
{
	text	   *fields;

	if (apitoken_call_isnull(fcinfo, argument))
		return NULL;
	fields = PG_GETARG_TEXT_PP(argument);
	return apitoken_fields_parse(VARDATA_ANY(fields), VARSIZE_ANY_EXHDR(fields));
}

/* Finds out who acts, and what he may, as things are now. */
static void
Identify(ApitokenCall *call)
{
	uint64		completed = apitoken_acting_begin();

	call->caller = apitoken_identity_caller(call->ownership.role, call->operation);
	call->caller.completed = completed;
	apitoken_acting_end();
}

/*
 * Begins a call that does that: becomes the tables' owner, connects to SPI and
 * finds out who acts.  The arguments must have been taken before.  From here on the current
 * memory context is SPI's, which ends with the call; what the call returns
 * goes into result_context.  Raises PT401 and PT403.
 */
ApitokenCall
apitoken_call_begin(ApitokenOperation operation)
{
	ApitokenCall call;

	call.operation = operation;
	call.guard = palloc(sizeof(ErrorContextCallback));
	apitoken_error_guard(call.guard, false);
	call.result_context = CurrentMemoryContext;
	call.ownership = apitoken_owner_enter();
	Identify(&call);
	if (operation != OPERATION_READ && operation != OPERATION_FEED)
		apitoken_acts_identified(&call.caller);
	return call;
}

/* Ends a call, after which only what is in result_context is left of it. */
void
apitoken_call_end(const ApitokenCall *call)
{
	apitoken_owner_leave(&call->ownership);
	apitoken_error_unguard(call->guard);
	pfree(call->guard);
}

/* Is it a token's call about itself? */
bool
apitoken_call_is_by_itself(const ApitokenCall *call, const char *id)
{
	const ApitokenActor *actor = &call->caller.actor;

	return actor->type != NULL && apitoken_actor_is_token(actor) && strcmp(actor->id, id) == 0;
}

/*
 * Returns the account of a token, by which a statement finds the token's rows where the
 * tables are distributed, in the current memory context; NULL where they are not, and no
 * statement needs it.  Raises PT404 if there is no such token.
 */
const char *
apitoken_call_route(const char *id)
{
	const char *account_id;

	if (!apitoken_distribution_is_ready())
		return NULL;
	/* one that was added since is found, too */
	PushActiveSnapshot(GetLatestSnapshot());
	account_id = apitoken_fetch_account_of(id);
	PopActiveSnapshot();
	if (account_id == NULL)
		apitoken_error_token_not_found(id);
	return account_id;
}

/*
 * Reads the token with that id, of an account (NULL: it is not known of which), under the
 * active snapshot; its row is the last statement's result.  Raises PT404 if the caller may
 * not administer it.
 */
void
apitoken_call_find_token(const ApitokenCall *call, const char *account_id, const char *id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(id));
	apitoken_identity_set_scope(&arguments, 2, 3, &call->caller);
	apitoken_store_set_text(&arguments, 4,
							account_id != NULL ? account_id : apitoken_call_route(id));
	if (apitoken_store_run_active(STATEMENT_TOKEN, &arguments) == 0)
		apitoken_error_token_not_found(id);
}

static int
StatusSlot(void)
{
	const ApitokenShape *shape = apitoken_model_shape(RESOURCE_TOKEN);

	return shape->members[apitoken_model_find_member(shape, "status", strlen("status"))].slot;
}

/* Has it read what a token's document needs, where the tables are distributed. */
static void
ReadAhead(const char *account_id, const char *id, ApitokenFields *fields)
{
	if (account_id != NULL)
		apitoken_ahead_begin(account_id, id, apitoken_gather_wanted(fields),
							 (int64) apitoken_max_list_items + 1);
}

/*
 * The same as apitoken_call_find_token, but the row is returned, in the current memory
 * context; account_id is NULL where the tables are not distributed.
 */
static ApitokenResources
ReadToken(const ApitokenCall *call, const char *account_id, const char *id)
{
	ApitokenIds *ids;
	ApitokenRows rows;

	if (account_id == NULL)
	{
		apitoken_call_find_token(call, NULL, id);
		return apitoken_resources_of_result(RESOURCE_TOKEN, 1);
	}
	ids = apitoken_ids_create();
	(void) apitoken_ids_add(ids, CStringGetTextDatum(id));
	rows = apitoken_rows_fetch(&apitoken_model_shape(RESOURCE_TOKEN)->layout, LOOKUP_TOKEN, ids);
	if (rows.rows[0].values == NULL ||
		(!call->caller.everywhere &&
		 (!apitoken_identity_administers(&call->caller, account_id) ||
		  apitoken_ids_is(rows.rows[0].values[StatusSlot()], "Deleted"))))
		apitoken_error_token_not_found(id);
	rows.ids = NULL;
	return apitoken_resources_of_rows(RESOURCE_TOKEN, rows);
}

/*
 * Returns what is asked for of a document that a change answers.  A role that
 * is trusted with the change, but could not read by hand what hangs on the
 * token, is not shown it: $meta names what is left out.
 */
static ApitokenFields *
FieldsOfChange(const ApitokenCall *call, ApitokenFields *fields)
{
	if (call->caller.actor.type != NULL || apitoken_trusted(call->caller.role, OPERATION_READ))
		return fields;
	return apitoken_fields_add(fields, UNREAD_FIELDS, strlen(UNREAD_FIELDS));
}

/*
 * Returns the document of an account's token that was just written: under one snapshot,
 * taken now, so that all of it shows one state of the database, the change
 * included.
 */
Jsonb *
apitoken_call_document_after_write(const ApitokenCall *call, const char *account_id,
								   const char *id, ApitokenFields *fields, const char *secret)
{
	const char *route = apitoken_distribution_is_ready() ? account_id : NULL;
	Jsonb	   *document;

	fields = FieldsOfChange(call, fields);
	PushActiveSnapshot(GetTransactionSnapshot());
	ReadAhead(route, id, fields);
	document = apitoken_document_build(ReadToken(call, route, id), fields, secret, true,
									   call->result_context);
	apitoken_ahead_end();
	PopActiveSnapshot();
	return document;
}

/* The same of one whose row, as it was written, is known. */
Jsonb *
apitoken_call_document_of_change(const ApitokenCall *call, const char *account_id, const char *id,
								 ApitokenResources token, ApitokenFields *fields)
{
	Jsonb	   *document;

	fields = FieldsOfChange(call, fields);
	PushActiveSnapshot(GetTransactionSnapshot());
	ReadAhead(apitoken_distribution_is_ready() ? account_id : NULL, id, fields);
	document = apitoken_document_build(token, fields, NULL, true, call->result_context);
	apitoken_ahead_end();
	PopActiveSnapshot();
	return document;
}

/*
 * Sees that the account is there.  Raises PT404 if there is none such whose tokens
 * the caller may administer.
 */
void
apitoken_call_find_account(const ApitokenCall *call, const char *account_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(account_id));
	apitoken_identity_set_scope(&arguments, 2, 3, &call->caller);
	if (apitoken_store_run_fresh(STATEMENT_ACCOUNT, &arguments) == 0)
		apitoken_error_account_not_found(account_id);
}

/*
 * Returns the account of a token, in the current memory context, or NULL if there is no
 * such token that the caller may administer.  Takes no lock.
 */
const char *
apitoken_call_account_of(const ApitokenCall *call, const char *id)
{
	const char *account_id = apitoken_distribution_is_ready() ? apitoken_fetch_account_of(id) :
		apitoken_identity_token_status(id).account_id;

	return account_id != NULL && apitoken_identity_administers(&call->caller, account_id) ?
		account_id : NULL;
}

/*
 * Has a caller who acts in somebody's name wait his turn, before he locks a token of an
 * account for anything but to disable or delete it, and give way to who does: see
 * gates.c.
 */
void
apitoken_call_pass_turn(const ApitokenCall *call, const char *account_id)
{
	if (call->caller.actor.type == NULL)
		return;
	apitoken_gates_give_way();
	apitoken_gates_pass_turn(GATE_TURN, account_id, apitoken_acts_has_acted());
}

/* The account whose turn it may be; NULL for nobody's. */
static const char *
TurnAt(const ApitokenCall *call, const char *id)
{
	return call->caller.actor.type == NULL ? NULL : apitoken_call_account_of(call, id);
}

/* The same for a token; one that he may not administer is nobody's turn. */
void
apitoken_call_pass_turn_of(const ApitokenCall *call, const char *id)
{
	const char *account_id = TurnAt(call, id);

	if (account_id != NULL)
		apitoken_call_pass_turn(call, account_id);
}

/* The same before he disables or deletes one; but he gives way to nobody. */
void
apitoken_call_pass_rescue_turn_of(const ApitokenCall *call, const char *id)
{
	const char *account_id = TurnAt(call, id);

	if (account_id != NULL)
		apitoken_gates_pass_turn(GATE_RESCUE_TURN, account_id, true);
}

/*
 * Locks the token's row against other changes for the transaction.  Returns its
 * account and sets its status, both in the current memory context.  Raises
 * PT404 if the caller may not administer it.
 */
char *
apitoken_call_lock_token(const ApitokenCall *call, const char *id, char **status)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(id));
	apitoken_identity_set_scope(&arguments, 2, 3, &call->caller);
	apitoken_store_set_text(&arguments, 4, apitoken_call_route(id));
	if (apitoken_store_run_fresh(STATEMENT_LOCK_TOKEN, &arguments) == 0)
		apitoken_error_token_not_found(id);

	*status = apitoken_store_cstring(0, 2);
	return apitoken_store_cstring(0, 1);
}

/*
 * A statement that changes one row, which was locked, has not changed it: raises XX000, or
 * 40001 where the tables are distributed, as the row's shard may be here since the statement
 * began.
 */
void
apitoken_call_error_kept(const char *name)
{
	apitoken_error_kept_by_trigger(name, apitoken_distribution_is_ready());
}

PG_FUNCTION_INFO_V1(apitoken_get);

/*
 * apitoken_get(id text, fields text) returns jsonb: the token's document.
 *
 * A token that may administer none is shown itself; see self.c.  Raises PT400 for an
 * id or fields that cannot be used, PT401, PT403, and PT404 if there is no such
 * token that the caller may administer.
 */
Datum
apitoken_get(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 1);
	ApitokenCall call = apitoken_call_begin(OPERATION_READ);
	const char *account_id;
	Jsonb	   *document;

	if (call.caller.only_self && strcmp(call.caller.actor.id, id) != 0)
		apitoken_error_forbidden();
	account_id = apitoken_call_route(id);
	fields = apitoken_self_fields(&call.caller, fields);
	ReadAhead(account_id, id, fields);
	document = apitoken_document_build(ReadToken(&call, account_id, id), fields, NULL, false,
									   call.result_context);
	apitoken_ahead_end();
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}
