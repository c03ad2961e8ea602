/*-------------------------------------------------------------------------
 *
 * changes.c
 *	  Create and update of a token.
 *
 * src/changes.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "body.h"
#include "call.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "secret.h"
#include "transitions.h"
#include "utils/builtins.h"

/*
 * Of 100,000,000 ids of the documented shape, a million taken make one try in a
 * hundred fail; so many tries fail when nearly all are taken.
 */
#define MAX_ID_ATTEMPTS 100

static void
SetText(ApitokenArguments *arguments, int number, const char *string)
{
	if (string != NULL)
		apitoken_store_set_pointer(arguments, number, cstring_to_text(string));
}

static ApitokenBody
Body(FunctionCallInfo fcinfo, int argument, bool create)
{
	return apitoken_body_parse(apitoken_call_isnull(fcinfo, argument) ? NULL :
							   PG_GETARG_JSONB_P(argument), create);
}

/*
 * Writes a token's row on behalf of the caller.  A constraint that the body
 * violates becomes the PT400 that tells so.
 */
static uint64
WriteToken(const ApitokenCall *call, ApitokenStatement statement, ApitokenArguments *arguments)
{
	MemoryContext context = CurrentMemoryContext;
	volatile uint64 rows = 0;

	PG_TRY();
	{
		rows = apitoken_identity_write_as(&call->caller, statement, arguments);
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

/* A module that the account's default user group has. */
typedef struct OfferedModule
{
	char	   *id;
	bool		holdable;		/* by an account of this type? */
} OfferedModule;

typedef struct Offer
{
	uint64		count;
	OfferedModule *modules;		/* in order of their ids */
} Offer;

static Offer
ReadOffer(const char *account_id)
{
	Offer		offer;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, account_id);
	offer.count = apitoken_store_write(STATEMENT_OFFERED_MODULES, &arguments);
	offer.modules = palloc(sizeof(OfferedModule) * Max(offer.count, 1));
	for (uint64 row = 0; row < offer.count; row++)
	{
		bool		isnull;

		offer.modules[row].id = apitoken_store_cstring(row, 1);
		offer.modules[row].holdable = DatumGetBool(apitoken_store_value(row, 2, &isnull)) &&
			!isnull;
	}
	return offer;
}

/* Names what could be given, for a hint. */
static char *
OfferedModules(const Offer *offer)
{
	StringInfoData names;

	initStringInfo(&names);
	for (uint64 i = 0; i < offer->count; i++)
	{
		if (offer->modules[i].holdable)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", offer->modules[i].id);
	}
	return names.len == 0 ? "The account has no module to give." :
		psprintf("The account can give: %s.", names.data);
}

static int
CompareOffered(const void *id, const void *module)
{
	return strcmp(id, ((const OfferedModule *) module)->id);
}

static void
CheckModule(const char *id, int index, const Offer *offer)
{
	const OfferedModule *module = bsearch(id, offer->modules, offer->count,
										  sizeof(OfferedModule), CompareOffered);

	CHECK_FOR_INTERRUPTS();
	if (module == NULL)
		apitoken_error_member(psprintf("modules[%d].id", index),
							  "names no module of the account's default user group",
							  OfferedModules(offer));
	else if (!module->holdable)
		apitoken_error_member(psprintf("modules[%d].id", index),
							  "names a module that an account of this type may not hold",
							  OfferedModules(offer));
}

static ArrayType *
TextArray(List *strings)
{
	Datum	   *texts = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	ListCell   *cell;

	foreach(cell, strings)
		texts[foreach_current_index(cell)] = CStringGetTextDatum(lfirst(cell));
	return construct_array(texts, list_length(strings), TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * Checks that the account can give all the modules, and locks them so that
 * they are not withdrawn meanwhile.  Raises PT400 naming the first that it
 * cannot.
 */
static void
CheckModules(const char *account_id, List *module_ids)
{
	ApitokenArguments arguments;
	Offer		offer;
	ListCell   *cell;

	if (module_ids == NIL)
		return;

	/* first the lock: what is offered is read after it */
	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, account_id);
	apitoken_store_set_pointer(&arguments, 2, TextArray(module_ids));
	apitoken_store_write(STATEMENT_LOCK_MODULES, &arguments);

	offer = ReadOffer(account_id);
	foreach(cell, module_ids)
		CheckModule(lfirst(cell), foreach_current_index(cell), &offer);
}

static void
WriteModules(ApitokenStatement statement, const char *account_id, const char *id,
			 List *module_ids)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, account_id);
	SetText(&arguments, 2, id);
	apitoken_store_set_pointer(&arguments, 3, TextArray(module_ids));
	apitoken_store_write(statement, &arguments);
}

/*
 * Create
 */

/* Adds the token's row under an id that is free, and returns the id. */
static char *
AddToken(const ApitokenCall *call, const ApitokenBody *body)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, body->account_id);
	SetText(&arguments, 3, body->name.value);
	SetText(&arguments, 4, body->description.value);
	SetText(&arguments, 5, body->icon.value);
	SetText(&arguments, 6, call->caller.actor.type);
	SetText(&arguments, 7, call->caller.actor.id);

	for (int attempt = 0; attempt < MAX_ID_ATTEMPTS; attempt++)
	{
		char	   *id = apitoken_secret_generate_id();

		SetText(&arguments, 2, id);
		if (WriteToken(call, STATEMENT_ADD_TOKEN, &arguments) > 0)
			return id;
	}
	apitoken_error_no_free_id(MAX_ID_ATTEMPTS);
}

/* Adds what the token authenticates with, and returns the secret. */
static char *
AddCredential(const char *account_id, const char *id)
{
	char	   *secret = apitoken_secret_generate(id);
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, account_id);
	SetText(&arguments, 2, id);
	apitoken_store_set_pointer(&arguments, 3, apitoken_secret_digest(secret, strlen(secret)));
	apitoken_store_write(STATEMENT_ADD_CREDENTIAL, &arguments);
	return secret;
}

PG_FUNCTION_INFO_V1(apitoken_create);

/*
 * apitoken_create(jsonb) returns jsonb: a new Active token; its document, with
 * the secret as "token", which is shown this once.
 *
 * Raises PT400 naming the member of the body that cannot be used, PT401, PT403,
 * PT404 if there is no such account whose tokens the caller may administer,
 * 25006, and 54000 if no free id was found.
 */
Datum
apitoken_create(PG_FUNCTION_ARGS)
{
	ApitokenBody body = Body(fcinfo, 0, true);
	ApitokenCall call = apitoken_call_begin(OPERATION_CREATE);
	char	   *id;
	char	   *secret;
	Jsonb	   *document;

	/*
	 * who disables all of an account's tokens may have come first: the
	 * caller's too
	 */
	apitoken_call_lock_account(&call, STATEMENT_SHARE_ACCOUNT, body.account_id);
	apitoken_call_identify(&call);
	CheckModules(body.account_id, body.module_ids);

	id = AddToken(&call, &body);
	secret = AddCredential(body.account_id, id);
	if (body.module_ids != NIL)
		WriteModules(STATEMENT_ADD_MODULES, body.account_id, id, body.module_ids);
	apitoken_transitions_record(&call.caller, CStringGetTextDatum(body.account_id),
								CStringGetTextDatum(id), (Datum) 0,
								CStringGetTextDatum("Active"));

	document = apitoken_call_document_after_write(&call, id, NULL, secret);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}

/*
 * Update
 */

/*
 * Locks the token and returns its account.  Raises PT404 if the caller may not
 * administer it, PT400 if it is Deleted.
 */
static char *
LockToken(const ApitokenCall *call, const char *id)
{
	char	   *status;
	char	   *account_id = apitoken_call_lock_token(call, id, &status);

	if (strcmp(status, "Deleted") == 0)
		apitoken_error_transition(id, status,
								  "Only an Active or Disabled API token can be updated.");
	return account_id;
}

static void
SetString(ApitokenArguments *arguments, int number, const ApitokenBodyString *string)
{
	apitoken_store_set(arguments, number, BoolGetDatum(string->supplied));
	SetText(arguments, number + 1, string->value);
}

static void
UpdateToken(const ApitokenCall *call, const char *id, const ApitokenBody *body)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	SetText(&arguments, 1, id);
	SetString(&arguments, 2, &body->name);
	SetString(&arguments, 4, &body->description);
	SetString(&arguments, 6, &body->icon);
	SetText(&arguments, 8, call->caller.actor.type);
	SetText(&arguments, 9, call->caller.actor.id);
	if (WriteToken(call, STATEMENT_UPDATE_TOKEN, &arguments) == 0)
		apitoken_error_statement("apitoken update token",
								 "a trigger has kept the row from changing");
}

static bool
ChangesAnything(const ApitokenBody *body)
{
	return body->name.supplied || body->description.supplied || body->icon.supplied ||
		body->modules_supplied;
}

PG_FUNCTION_INFO_V1(apitoken_update);

/*
 * apitoken_update(id text, changes jsonb, fields text) returns jsonb: changes
 * the supplied members, and them alone; the token's document.
 *
 * No member supplied changes nothing, the updated event included.  Raises as
 * apitoken_create and apitoken_disable do.
 */
Datum
apitoken_update(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	ApitokenBody body = Body(fcinfo, 1, false);
	ApitokenFields *fields = apitoken_call_fields(fcinfo, 2);
	ApitokenCall call = apitoken_call_begin(body.modules_supplied ? OPERATION_UPDATE_MODULES :
											OPERATION_UPDATE);
	char	   *account_id = LockToken(&call, id);
	Jsonb	   *document;

	if (body.modules_supplied)
	{
		CheckModules(account_id, body.module_ids);
		WriteModules(STATEMENT_REMOVE_MODULES, account_id, id, body.module_ids);
		WriteModules(STATEMENT_ADD_MODULES, account_id, id, body.module_ids);
	}
	if (ChangesAnything(&body))
		UpdateToken(&call, id, &body);

	document = apitoken_call_document_after_write(&call, id, fields, NULL);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(document);
}
