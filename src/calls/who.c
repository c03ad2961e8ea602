/*-------------------------------------------------------------------------
 *
 * who.c
 *	  Who acts, for an application's own SQL: the policies of its tables ask
 *	  this, and whatever else it decides by.
 *
 * Each function finds out anew, so that a token which was disabled since is
 * nobody.  They are stable and safe in parallel mode: a policy that asks in a
 * subquery, (SELECT apitoken_actor_account()), asks once a statement.
 *
 * src/calls/who.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/who.h"

#include "calls/call.h"
#include "errors.h"
#include "fmgr.h"
#include "rights/acting.h"
#include "utils/builtins.h"

/* Whoever asks who acts, from the begin of it to the end. */
typedef struct Question
{
	ErrorContextCallback guard;
	MemoryContext result_context;
	ApitokenOwnership ownership;
	ApitokenActing acting;
} Question;

/*
 * Finds out who acts.  From here on the current memory context is SPI's, which ends
 * with the question; what outlives it goes into result_context.
 */
static void
Ask(Question *question)
{
	apitoken_error_guard(&question->guard, false);
	question->result_context = CurrentMemoryContext;
	question->ownership = apitoken_owner_enter();
	(void) apitoken_acting_begin();
	question->acting = apitoken_acting();
}

static void
EndQuestion(const Question *question)
{
	apitoken_acting_end();
	apitoken_owner_leave(&question->ownership);
	apitoken_error_unguard(&question->guard);
}

/* The account of whoever acts, as a result; NULL if it is not known. */
static text *
AccountOf(const Question *question)
{
	MemoryContext old = MemoryContextSwitchTo(question->result_context);
	text	   *account = NULL;

	if (question->acting.actor.type != NULL && question->acting.account_id != NULL)
		account = cstring_to_text(question->acting.account_id);
	MemoryContextSwitchTo(old);
	return account;
}

/* The argument that is the code of a module; NULL for null. */
static char *
ModuleArgument(FunctionCallInfo fcinfo)
{
	return apitoken_call_isnull(fcinfo, 0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/*
 * The answer
 */

/* Adds {"id"}, of an account, to an answer. */
void
apitoken_who_add_account(ApitokenContainer *answer, const char *account_id)
{
	ApitokenContainer account;

	apitoken_jsonb_start_object(&account, answer->buffer, 1);
	apitoken_jsonb_add_key(&account, "id");
	apitoken_jsonb_add_string(&account, account_id, strlen(account_id));
	apitoken_jsonb_finish(&account, answer);
}

static void
AddModule(ApitokenContainer *modules, const ApitokenHeldModule *held)
{
	ApitokenContainer module;

	apitoken_jsonb_start_object(&module, modules->buffer, 2);
	apitoken_jsonb_add_key(&module, "id");
	apitoken_jsonb_add_key(&module, "code");
	apitoken_jsonb_add_string(&module, held->id, strlen(held->id));
	apitoken_jsonb_add_string(&module, held->code, strlen(held->code));
	apitoken_jsonb_finish(&module, modules);
}

/* Adds [{"id", "code"}], of modules, to an answer. */
void
apitoken_who_add_modules(ApitokenContainer *answer, const ApitokenHeldModules *held)
{
	ApitokenContainer modules;

	apitoken_jsonb_start_array(&modules, answer->buffer, held->count);
	for (int i = 0; i < held->count; i++)
		AddModule(&modules, &held->modules[i]);
	apitoken_jsonb_finish(&modules, answer);
}

/* {"id", "type", "account": {"id"}, "modules": [{"id", "code"}]} */
static Jsonb *
BuildActor(const Question *question)
{
	const ApitokenActing *acting = &question->acting;
	ApitokenHeldModules held = apitoken_acting_modules(acting);
	bool		has_account = acting->account_id != NULL;
	MemoryContext old = MemoryContextSwitchTo(question->result_context);
	StringInfoData buffer;
	ApitokenContainer answer;

	apitoken_jsonb_start_document(&buffer, 256);
	MemoryContextSwitchTo(old);

	apitoken_jsonb_start_object(&answer, &buffer, has_account ? 4 : 3);
	apitoken_jsonb_add_key(&answer, "id");
	apitoken_jsonb_add_key(&answer, "type");
	if (has_account)
		apitoken_jsonb_add_key(&answer, "account");
	apitoken_jsonb_add_key(&answer, "modules");
	apitoken_jsonb_add_string(&answer, acting->actor.id, strlen(acting->actor.id));
	apitoken_jsonb_add_string(&answer, acting->actor.type, strlen(acting->actor.type));
	if (has_account)
		apitoken_who_add_account(&answer, acting->account_id);
	apitoken_who_add_modules(&answer, &held);
	apitoken_jsonb_finish(&answer, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

PG_FUNCTION_INFO_V1(apitoken_actor);

/*
 * apitoken_actor() returns jsonb: who acts, see above; null if nobody does.  The
 * account is absent, and there are no modules, where it is not known for which
 * account a user acts.
 */
Datum
apitoken_actor(PG_FUNCTION_ARGS)
{
	Question	question;
	Jsonb	   *actor = NULL;

	Ask(&question);
	if (question.acting.actor.type != NULL)
		actor = BuildActor(&question);
	EndQuestion(&question);
	if (actor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(actor);
}

PG_FUNCTION_INFO_V1(apitoken_actor_account);

/*
 * apitoken_actor_account() returns text: the account of whoever acts; null if nobody
 * does, or if it is not known.
 */
Datum
apitoken_actor_account(PG_FUNCTION_ARGS)
{
	Question	question;
	text	   *account;

	Ask(&question);
	account = AccountOf(&question);
	EndQuestion(&question);
	if (account == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(account);
}

PG_FUNCTION_INFO_V1(apitoken_actor_holds);

/*
 * apitoken_actor_holds(code text) returns boolean: does whoever acts hold the module
 * with that code in his account?
 */
Datum
apitoken_actor_holds(PG_FUNCTION_ARGS)
{
	char	   *module = ModuleArgument(fcinfo);
	Question	question;
	bool		holds;

	Ask(&question);
	holds = module != NULL && apitoken_acting_holds(&question.acting, module);
	EndQuestion(&question);
	PG_RETURN_BOOL(holds);
}

PG_FUNCTION_INFO_V1(apitoken_require);

/*
 * apitoken_require(module text) returns text: the account of whoever acts, who has to
 * hold the module with that code if it is given.  Raises PT401 if nobody acts, PT403 if
 * it is not known for which account, or if he does not hold the module there.
 */
Datum
apitoken_require(PG_FUNCTION_ARGS)
{
	char	   *module = ModuleArgument(fcinfo);
	Question	question;
	text	   *account;

	Ask(&question);
	if (question.acting.actor.type == NULL)
		apitoken_error_unauthorized();
	account = AccountOf(&question);
	if (account == NULL)
		apitoken_error_no_account();
	if (module != NULL && !apitoken_acting_holds(&question.acting, module))
		apitoken_error_module_not_held(module);
	EndQuestion(&question);
	PG_RETURN_TEXT_P(account);
}
