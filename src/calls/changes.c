/*-------------------------------------------------------------------------
 *
 * changes.c
 *	  Create and update of a token.
 *
 * src/calls/changes.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/allowed.h"
#include "calls/authenticate.h"
#include "calls/body.h"
#include "calls/call.h"
#include "calls/life.h"
#include "calls/marks.h"
#include "calls/trail.h"
#include "calls/transitions.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "rights/acts.h"
#include "rights/held.h"
#include "rights/offer.h"
#include "rights/quota.h"
#include "rights/secret.h"
#include "store/distribution.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/*
 * There are 100,000,000 ids of the documented shape.  Where so many tries find none of
 * them free they are scarce, and a longer one is taken: one new token in 10,000 gets one
 * when a tenth is taken, and none ever takes many more tries.
 */
#define SHORT_ID_ATTEMPTS 4
#define MAX_ID_ATTEMPTS 100

/* The body that is an argument; NULL for null.  Before anything of the call can fail. */
static Jsonb *
Body(FunctionCallInfo fcinfo, int argument)
{
	Jsonb	   *body = apitoken_call_isnull(fcinfo, argument) ? NULL : PG_GETARG_JSONB_P(argument);

	/* or its masked form */
	if (apitoken_body_supplies(body, "token"))
		apitoken_error_secret_given();
	return body;
}

/*
 * Writes a token's row on behalf of the caller; a new one, or an account's that is there
 * and locked.  A constraint that the body violates becomes the PT400 that tells so.
 */
static uint64
WriteToken(const ApitokenCall *call, ApitokenStatement statement, ApitokenArguments *arguments,
		   const char *account_id, const char *id)
{
	MemoryContext context = CurrentMemoryContext;
	volatile uint64 rows = 0;

	PG_TRY();
	{
		rows = id == NULL ?
			apitoken_identity_write_as(&call->caller, statement, arguments, false) :
			apitoken_trail_write_as(&call->caller, statement, arguments, account_id, id);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION)
		{
			FlushErrorState();
			apitoken_error_constraint(error->constraint_name);
			if (apitoken_distribution_is_ready())
				apitoken_error_constraint_elsewhere(error->message, error->detail);
			ReThrowError(error);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	return rows;
}

/*
 * Modules
 */

static void
CheckOffered(const ApitokenOfferedModule *module, int index, const ApitokenOffer *offer)
{
	CHECK_FOR_INTERRUPTS();
	if (module == NULL)
		apitoken_error_member(psprintf("modules[%d].id", index),
							  "names no module of the account's default user group",
							  apitoken_offer_names(offer));
	else if (!module->holdable)
		apitoken_error_member(psprintf("modules[%d].id", index),
							  "names a module that an account of this type may not hold",
							  apitoken_offer_names(offer));
}

static bool
Has(const ApitokenHeldModules *held, const char *id)
{
	for (int i = 0; i < held->count; i++)
	{
		if (strcmp(held->modules[i].id, id) == 0)
			return true;
	}
	return false;
}

/*
 * Checks that a module can be added to the token (NULL: a new one).  Raises PT403 if
 * the caller cannot give it, or it is held from him.
 */
static void
CheckGift(const ApitokenCall *call, const ApitokenOffer *offer, const char *id,
		  const char *module_id)
{
	if (!apitoken_offer_may_give(offer, apitoken_offer_find(offer, module_id), &call->caller))
		apitoken_error_not_held(module_id);
	if (call->caller.everywhere)
		return;
	if (id != NULL && apitoken_held_token(offer->account_id, id))
		apitoken_error_held("API token", id);
	if (apitoken_held_account(offer->account_id))
		apitoken_error_held("account", offer->account_id);
}

/*
 * Checks that the account can give all the modules, and the caller those that the
 * token has not: id is NULL for a new one.  Both may have changed since the
 * transaction began, and will be looked at again when it commits.  Raises PT400
 * naming the first that the account cannot give, PT403 for one that the caller
 * cannot.
 */
static void
CheckModules(const ApitokenCall *call, const char *account_id, const char *id, List *module_ids)
{
	ApitokenHeldModules has = {0, NULL};
	ApitokenOffer *offer;
	ListCell   *cell;

	if (module_ids == NIL)
		return;

	PushActiveSnapshot(GetLatestSnapshot());
	offer = apitoken_offer_read(account_id);
	foreach(cell, module_ids)
		CheckOffered(apitoken_offer_find(offer, lfirst(cell)), foreach_current_index(cell), offer);

	if (id != NULL)
		has = apitoken_identity_token_modules(account_id, id);
	foreach(cell, module_ids)
	{
		if (!Has(&has, lfirst(cell)))
			CheckGift(call, offer, id, lfirst(cell));
	}
	PopActiveSnapshot();
}

static uint64
WriteModules(const ApitokenCall *call, ApitokenStatement statement, const char *account_id,
			 const char *id, List *module_ids)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	apitoken_store_set_pointer(&arguments, 3, apitoken_ids_array_of_list(module_ids));
	return apitoken_identity_write_as(&call->caller, statement, &arguments, false);
}

static bool
IsAmong(List *module_ids, const char *module_id)
{
	ListCell   *cell;

	foreach(cell, module_ids)
	{
		if (strcmp(lfirst(cell), module_id) == 0)
			return true;
	}
	return false;
}

/* Takes all modules from a token but those. */
static void
RemoveModules(const ApitokenCall *call, const char *account_id, const char *id, List *module_ids)
{
	ApitokenHeldModules held;

	PushActiveSnapshot(GetLatestSnapshot());
	held = apitoken_identity_token_modules(account_id, id);
	PopActiveSnapshot();
	apitoken_acts_settle(&call->caller, id);
	(void) WriteModules(call, STATEMENT_REMOVE_MODULES, account_id, id, module_ids);
	for (int i = 0; i < held.count; i++)
	{
		if (!IsAmong(module_ids, held.modules[i].id))
			apitoken_trail_record_module(&call->caller, account_id, id, held.modules[i].id, false);
	}
}

/* Those of the modules that the token has not, each once. */
static List *
Missing(const char *account_id, const char *id, List *module_ids)
{
	ApitokenHeldModules held;
	List	   *missing = NIL;
	ListCell   *cell;

	PushActiveSnapshot(GetLatestSnapshot());
	held = apitoken_identity_token_modules(account_id, id);
	PopActiveSnapshot();
	foreach(cell, module_ids)
	{
		if (!Has(&held, lfirst(cell)) && !IsAmong(missing, lfirst(cell)))
			missing = lappend(missing, lfirst(cell));
	}
	return missing;
}

/*
 * Adds modules to a token.  Given are those that the statement says it has added:
 * one that was there when it was looked for may have been withdrawn since.  has_written: the
 * transaction has written rows of the account before.
 */
static void
AddModules(const ApitokenCall *call, const char *account_id, const char *id, List *module_ids,
		   bool has_written)
{
	uint64		count;
	char	  **given;

	apitoken_acts_refuse_other(&call->caller, id);
	/* a statement on distributed tables passes over nothing that is there */
	if (apitoken_distribution_is_ready())
		module_ids = Missing(account_id, id, module_ids);
	if (module_ids == NIL)
		return;

	/*
	 * This node's copies are locked before a foreign key does so where the
	 * account is, and not only at COMMIT: who changes one waits for both, and
	 * has none of them meanwhile.
	 */
	apitoken_store_run_if_distributed(STATEMENT_SHARE_MODULES);
	if (!has_written)
		apitoken_marks_hold_shard(account_id);
	apitoken_marks_set(APITOKEN_ADDING, "on", account_id);
	count = WriteModules(call, STATEMENT_ADD_MODULES, account_id, id, module_ids);
	given = palloc(sizeof(char *) * Max(count, 1));
	for (uint64 row = 0; row < count; row++)
		given[row] = apitoken_store_cstring(row, 1);
	apitoken_marks_set(APITOKEN_ADDING, "off", account_id);
	for (uint64 row = 0; row < count; row++)
	{
		apitoken_trail_record_module(&call->caller, account_id, id, given[row], true);
		apitoken_acts_give(&call->caller, account_id, given[row]);
	}
}

/*
 * Create
 */

/* Checks that the account may have another token.  Raises PT400. */
static void
CheckQuota(const char *account_id)
{
	ApitokenQuota quota = apitoken_quota_claim(account_id, false);

	if (quota.bounded && quota.room <= 0)
		apitoken_error_too_many_tokens(account_id, quota.most);
}

/*
 * Adds the token's actor, before it; returns whether the id was free.  Raises 23505 if
 * somebody has taken it in this very moment.
 */
static bool
AddActor(const char *account_id, const char *id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	if (apitoken_store_run_fresh(STATEMENT_FIND_ACTOR, &arguments) > 0)
		return false;
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	(void) apitoken_store_run_fresh(STATEMENT_ADD_ACTOR, &arguments);
	return true;
}

/* Adds the token's row under an id that is free, and returns the id. */
static char *
TryIds(const ApitokenCall *call, const ApitokenBody *body, ApitokenStatement statement,
	   ApitokenArguments *arguments)
{
	for (int attempt = 0; attempt < MAX_ID_ATTEMPTS; attempt++)
	{
		char	   *id = apitoken_secret_generate_id(attempt >= SHORT_ID_ATTEMPTS);

		apitoken_store_set_text(arguments, 2, id);
		if ((!apitoken_distribution_is_ready() || AddActor(body->account_id, id)) &&
			WriteToken(call, statement, arguments, NULL, NULL) > 0)
			return id;
	}
	apitoken_error_no_free_id(MAX_ID_ATTEMPTS);
}

/* Adds the token, and returns its id. */
static char *
AddToken(const ApitokenCall *call, const ApitokenBody *body, TimestampTz end,
		 const ArrayType *networks)
{
	ApitokenStatement statement = STATEMENT_ADD_TOKEN;
	ApitokenArguments arguments;
	char	   *id;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, body->account_id);
	apitoken_store_set_text(&arguments, 3, body->name.value);
	apitoken_store_set_text(&arguments, 4, body->description.value);
	apitoken_store_set_text(&arguments, 5, body->icon.value);
	apitoken_store_set_text(&arguments, 6, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 7, call->caller.actor.id);
	if (end != DT_NOEND || networks != NULL)
		statement = STATEMENT_ADD_BOUNDED_TOKEN;
	if (end != DT_NOEND)
		apitoken_store_set(&arguments, 8, TimestampTzGetDatum(end));
	apitoken_store_set_pointer(&arguments, 9, networks);

	apitoken_marks_start_adding(body->account_id);
	id = TryIds(call, body, statement, &arguments);
	apitoken_marks_set(APITOKEN_ADDING, "off", body->account_id);
	return id;
}

/* Adds what the token authenticates with, and returns the secret. */
static char *
AddCredential(const char *account_id, const char *id)
{
	char	   *secret = apitoken_secret_generate(id);
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	apitoken_store_set_pointer(&arguments, 3, apitoken_secret_digest(secret, strlen(secret)));
	apitoken_store_run_fresh(STATEMENT_ADD_CREDENTIAL, &arguments);
	return secret;
}

PG_FUNCTION_INFO_V1(apitoken_create);

/*
 * apitoken_create(jsonb) returns jsonb: a new Active token; its document, with
 * the secret as "token", which is shown this once.
 *
 * Raises PT400 naming the member of the body that cannot be used, or if the account has
 * as many tokens as it may have, PT401, PT403, PT404 if there is no such account whose
 * tokens the caller may administer, 25006, and 54000 if no free id was found.
 */
Datum
apitoken_create(PG_FUNCTION_ARGS)
{
	ApitokenBody body = apitoken_body_parse(Body(fcinfo, 0), true);
	ApitokenCall call = apitoken_call_begin(OPERATION_CREATE);
	char	   *id;
	char	   *secret;
	Jsonb	   *document;

	apitoken_call_find_account(&call, body.account_id);
	apitoken_call_pass_turn(&call, body.account_id);
	CheckQuota(body.account_id);
	CheckModules(&call, body.account_id, NULL, body.module_ids);
	apitoken_acts_open(&call.caller, body.account_id);

	id = AddToken(&call, &body, apitoken_life_of_new(&call, &body),
				  apitoken_allowed_for_new(&call, &body));
	secret = AddCredential(body.account_id, id);
	if (body.module_ids != NIL)
		AddModules(&call, body.account_id, id, body.module_ids, true);
	apitoken_transitions_record_created(&call.caller, body.account_id, id, body.module_ids);
	apitoken_acts_administer(&call.caller, body.account_id);

	document = apitoken_call_document_after_write(&call, body.account_id, id, NULL, secret);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

/*
 * Update
 */

static void
CheckStatus(const char *id, const char *status)
{
	if (strcmp(status, "Deleted") == 0)
		apitoken_error_transition(id, status,
								  "Only an Active or Disabled API token can be updated.");
}

static void
SetString(ApitokenArguments *arguments, int number, const ApitokenBodyString *string)
{
	apitoken_store_set(arguments, number, BoolGetDatum(string->supplied));
	apitoken_store_set_text(arguments, number + 1, string->value);
}

static void
UpdateToken(const ApitokenCall *call, const char *account_id, const char *id,
			const ApitokenBody *body)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	SetString(&arguments, 2, &body->name);
	SetString(&arguments, 4, &body->description);
	SetString(&arguments, 6, &body->icon);
	apitoken_store_set_text(&arguments, 8, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 9, call->caller.actor.id);
	apitoken_store_set_text(&arguments, 10, account_id);
	if (WriteToken(call, STATEMENT_UPDATE_TOKEN, &arguments, account_id, id) == 0)
		apitoken_call_error_kept("apitoken update token");
}

static bool
ChangesAnything(const ApitokenBody *body)
{
	return body->name.supplied || body->description.supplied || body->icon.supplied ||
		body->modules_supplied;
}

/* Is a member supplied that says something else than what is stored? */
static bool
IsDifferent(const char *supplied, const char *stored)
{
	return supplied != NULL && strcmp(supplied, stored) != 0;
}

/* Checks that a token is held: who sends back when it was may think that it is. */
static void
CheckIsHeld(const char *account_id, const char *id)
{
	PushActiveSnapshot(GetLatestSnapshot());
	if (!apitoken_held_token(account_id, id))
		apitoken_error_member("heldAt", "cannot change",
							  "A token is held by apitoken_ensure_disabled.");
	PopActiveSnapshot();
}

/* Checks the same of which secrets count. */
static void
CheckSecrets(const ApitokenBody *body, const char *id)
{
	ApitokenTokenStatus token;

	PushActiveSnapshot(GetLatestSnapshot());
	token = apitoken_identity_token_status(id);
	PopActiveSnapshot();
	if (body->revoked_at != NULL && !token.revoked)
		apitoken_error_member("revokedAt", "cannot change",
							  "A secret is revoked by apitoken_revoke.");
	if (body->old_secret_until != DT_NOEND && body->old_secret_until != token.old_until)
		apitoken_error_member("oldSecretUntil", "cannot change",
							  "An old secret is ended by apitoken_rotate or apitoken_revoke.");
}

/*
 * Checks that the members which cannot change are what is stored: a client that
 * sends a document back means no harm, but one that asks for another status must
 * not be told that it was done.  The row is locked.  Raises PT400.
 */
static void
CheckStored(const ApitokenBody *body, const char *account_id, const char *id, const char *status)
{
	if (IsDifferent(body->id, id))
		apitoken_error_member("id", "cannot change", APITOKEN_BODY_UPDATE_MEMBERS);
	if (IsDifferent(body->account_id, account_id))
		apitoken_error_member("account", "cannot change", APITOKEN_BODY_UPDATE_MEMBERS);
	if (IsDifferent(body->status, status))
		apitoken_error_member("status", "cannot change",
							  "A status changes by enable, disable and delete.");
	if (body->token != NULL && !apitoken_authenticate_is_token(id, body->token))
		apitoken_error_member("token", "cannot change", APITOKEN_BODY_UPDATE_MEMBERS);
	if (body->held_at != NULL)
		CheckIsHeld(account_id, id);
	if (body->revoked_at != NULL || body->old_secret_until != DT_NOEND)
		CheckSecrets(body, id);
}

/*
 * Changes what the body supplies.  Returns the token's account.  Raises PT404 if the
 * caller may not administer the token, and only then PT400 if it is Deleted, or for what
 * is wrong with the body.
 */
static char *
Update(const ApitokenCall *call, const char *id, Jsonb *changes)
{
	char	   *status;
	char	   *account_id;
	ApitokenBody body;

	apitoken_call_pass_turn_of(call, id);
	account_id = apitoken_call_lock_token(call, id, &status);
	CheckStatus(id, status);
	apitoken_acts_administer(&call->caller, account_id);
	body = apitoken_body_parse(changes, false);
	CheckStored(&body, account_id, id, status);
	if (body.expires_supplied)
		apitoken_life_change(call, account_id, id, body.expires_at);
	if (body.networks_supplied)
		apitoken_allowed_change(call, account_id, id, body.networks);
	if (body.modules_supplied)
	{
		CheckModules(call, account_id, id, body.module_ids);
		RemoveModules(call, account_id, id, body.module_ids);
		AddModules(call, account_id, id, body.module_ids, false);
	}
	if (ChangesAnything(&body))
		UpdateToken(call, account_id, id, &body);
	return account_id;
}

/* The same for a body that supplies nothing: no lock is taken. */
static char *
UpdateNothing(const ApitokenCall *call, const char *id)
{
	char	   *account_id;

	PushActiveSnapshot(GetTransactionSnapshot());
	apitoken_call_find_token(call, NULL, id);
	account_id = apitoken_store_cstring_of(0, "account_id");
	CheckStatus(id, apitoken_store_cstring_of(0, "status"));
	PopActiveSnapshot();
	return account_id;
}

PG_FUNCTION_INFO_V1(apitoken_update);

/*
 * apitoken_update(id text, changes jsonb, fields text) returns jsonb: changes
 * the supplied members, and them alone; the token's document.
 *
 * Members that cannot change may be there as they are.  Where none that can is
 * supplied nothing changes, the updated event included; without any member no lock
 * is taken.  Raises as apitoken_create and apitoken_disable do.
 */
Datum
apitoken_update(PG_FUNCTION_ARGS)
{
	Jsonb	   *changes = Body(fcinfo, 1);
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 2);
	ApitokenCall call = apitoken_call_begin(apitoken_body_supplies(changes, "modules") ?
											OPERATION_UPDATE_MODULES : OPERATION_UPDATE);
	const char *account_id = apitoken_body_is_empty(changes) ? UpdateNothing(&call, id) :
		Update(&call, id, changes);
	Jsonb	   *document = apitoken_call_document_after_write(&call, account_id, id, fields, NULL);

	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}
