/*-------------------------------------------------------------------------
 *
 * identity.c
 *	  Who acts, and for which accounts.
 *
 * What an actor may administer is worked out before any token is looked at, so
 * that no answer depends on a token outside it.
 *
 * src/rights/identity.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/identity.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "rights/left_behind.h"
#include "rights/networks.h"
#include "store/ahead.h"
#include "store/distribution.h"
#include "store/fetch.h"
#include "store/ids.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* on whose behalf a statement is writing now; NULL: nobody's */
static const ApitokenCaller *writer = NULL;

/*
 * Tokens
 */

static ApitokenColumn status_columns[] = {
	{"account_id", TEXTOID, false}, {"status", TEXTOID, false}, {"expires_at", TIMESTAMPTZOID, true},
	{"secret_number", INT4OID, true}, {"old_secret_until", TIMESTAMPTZOID, true},
	{"revoked_at", TIMESTAMPTZOID, true}, {"created_by_type", TEXTOID, false},
	{"created_by_id", TEXTOID, false}, {"allowed_networks", CIDRARRAYOID, true}
};
static ApitokenColumn type_columns[] = {{"type", TEXTOID, false}};
static ApitokenColumn link_columns[] = {{"module_id", TEXTOID, false}};
static ApitokenColumn code_columns[] = {{"id", TEXTOID, false}, {"code", TEXTOID, false}};
static const ApitokenLayout status_layout = {9, status_columns, 0};
static const ApitokenLayout type_layout = {1, type_columns, 0};
static const ApitokenLayout link_layout = {1, link_columns, 0};
static const ApitokenLayout code_layout = {2, code_columns, 0};

static void
ReceiveStatus(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenTokenStatus *token = argument;

	token->account_id = TextDatumGetCString(values[0]);
	token->status = TextDatumGetCString(values[1]);
	token->expires_at = isnull[2] ? DT_NOEND : DatumGetTimestampTz(values[2]);
	token->secret_number = isnull[3] ? 0 : DatumGetInt32(values[3]);
	token->old_until = isnull[4] ? DT_NOBEGIN : DatumGetTimestampTz(values[4]);
	token->revoked = !isnull[5];
	token->networks = isnull[8] ? NULL : DatumGetArrayTypePCopy(values[8]);
	if (apitoken_refuse_lost_creators && !isnull[6])
	{
		token->creator_type = TextDatumGetCString(values[6]);
		token->creator_id = TextDatumGetCString(values[7]);
	}
}

/*
 * Has it read, where the tables are distributed, all that says who a token is and what it
 * may, under the active snapshot, until apitoken_identity_end.  Returns whether that is for
 * this caller to end: not if it is done already.
 */
bool
apitoken_identity_begin(const char *id)
{
	if (apitoken_ahead_is_of_token(id) || !apitoken_distribution_is_ready())
		return false;
	apitoken_ahead_begin(apitoken_fetch_account_of(id), id,
						 AHEAD_CREDENTIALS | AHEAD_SECRETS | AHEAD_MODULES, PG_INT32_MAX);
	return true;
}

/* Ends it, if it was begun. */
void
apitoken_identity_end(bool begun)
{
	if (begun)
		apitoken_ahead_end();
}

/*
 * Finds a token by its id, to which a secret with that digest has led; NULL: something
 * else has.  If the secret is refused, apitoken_credential_refuse is to be called.  Under
 * the active snapshot; the result is in the current memory context.
 */
ApitokenTokenStatus
apitoken_identity_token_of_secret(const char *id, const bytea *digest)
{
	ApitokenTokenStatus token = {.expires_at = DT_NOEND, .old_until = DT_NOBEGIN,
	.digest = digest};
	Datum		key = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&key}};

	apitoken_fetch_by_secret(LOOKUP_TOKEN_STATUS, &status_layout, &keys, digest, ReceiveStatus,
							 &token);
	return token;
}

/* The same by its id alone. */
ApitokenTokenStatus
apitoken_identity_token_status(const char *id)
{
	return apitoken_identity_token_of_secret(id, NULL);
}

/* Forgets where the token is: the secret that led to it is refused. */
void
apitoken_identity_refuse(const ApitokenTokenStatus *token, const char *id)
{
	Datum		key = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&key}};

	apitoken_fetch_forget(LOOKUP_TOKEN_STATUS, &keys, token->digest);
}

/* Is its end over, by the clock, and not by the transaction's beginning? */
bool
apitoken_identity_has_expired(const ApitokenTokenStatus *token)
{
	return token->expires_at <= GetCurrentTimestamp();
}

/* Is there such a token, and is it Active? */
static bool
IsActive(const ApitokenTokenStatus *token)
{
	return token->status != NULL && strcmp(token->status, "Active") == 0;
}

/* Until when does its secret of that number count, as things are?  Not beyond its own end. */
static TimestampTz
EndOfSecret(const ApitokenTokenStatus *token, int secret)
{
	if (secret == token->secret_number)
		return token->revoked ? DT_NOBEGIN : token->expires_at;
	return secret == token->secret_number - 1 ? Min(token->expires_at, token->old_until) :
		DT_NOBEGIN;
}

/*
 * Is it an Active token, which its secret of that number still opens, which is not left
 * behind, and which may be used from where this is?  Under the active snapshot, under
 * which it was found.
 */
bool
apitoken_identity_accepts(const ApitokenTokenStatus *token, int secret)
{
	return IsActive(token) && EndOfSecret(token, secret) > GetCurrentTimestamp() &&
		!apitoken_left_behind(token) && apitoken_networks_allow(token);
}

static void
ReceiveLink(void *argument, int key, Datum *values, bool *isnull)
{
	(void) apitoken_ids_add(argument, PointerGetDatum(DatumGetTextPCopy(values[0])));
}

static void
ReceiveCode(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenHeldModule *module = &((ApitokenHeldModule *) argument)[key];

	module->id = TextDatumGetCString(values[0]);
	module->code = TextDatumGetCString(values[1]);
}

/* Leaves those out that are not there; they stay in their order. */
static ApitokenHeldModules
ThoseThere(ApitokenHeldModule *modules, int count)
{
	ApitokenHeldModules held = {0, modules};

	for (int i = 0; i < count; i++)
	{
		if (modules[i].id != NULL)
			held.modules[held.count++] = modules[i];
	}
	return held;
}

/*
 * Finds the modules that a token has, under the active snapshot; the result is
 * in the current memory context.
 */
ApitokenHeldModules
apitoken_identity_token_modules(const char *account_id, const char *id)
{
	ApitokenIds *ids = apitoken_ids_create();
	Datum		account = CStringGetTextDatum(account_id);
	Datum		token = CStringGetTextDatum(id);
	ApitokenKeys owner = {1, {&account, &token}};
	ApitokenKeys keys;
	ApitokenHeldModule *modules;

	apitoken_fetch(LOOKUP_ACTOR_MODULES, &link_layout, &owner, PG_INT32_MAX, ReceiveLink, ids);
	keys.count = ids->count;
	keys.columns[0] = ids->ids;
	modules = palloc0(sizeof(ApitokenHeldModule) * Max(ids->count, 1));
	apitoken_fetch(LOOKUP_MODULE_CODES, &code_layout, &keys, 1, ReceiveCode, modules);
	return ThoseThere(modules, ids->count);
}

static void
ReceiveType(void *argument, int key, Datum *values, bool *isnull)
{
	*(bool *) argument = strcmp(TextDatumGetCString(values[0]), "Operations") == 0;
}

static bool
IsOperations(const char *account_id)
{
	bool		operations = false;
	Datum		key = CStringGetTextDatum(account_id);
	ApitokenKeys keys = {1, {&key}};

	apitoken_fetch(LOOKUP_ACCOUNT_TYPE, &type_layout, &keys, 1, ReceiveType, &operations);
	return operations;
}

/*
 * The scope
 */

static bool
IsTrue(uint64 row, int column)
{
	bool		isnull;

	return DatumGetBool(apitoken_store_value(row, column, &isnull)) && !isnull;
}

/* Does a user act for that account?  For each of his if he has named none. */
static bool
ActsFor(const ApitokenActor *actor, Datum account)
{
	return actor->account_id == NULL || apitoken_ids_is(account, actor->account_id);
}

/* A user's scope, while it is being read. */
typedef struct UserScope
{
	ApitokenCaller *caller;
	Datum	   *accounts;
	Datum	   *homes;
	int			accounts_count;
	int			homes_count;
} UserScope;

static void
StartScope(UserScope *scope, ApitokenCaller *caller, uint64 accounts)
{
	scope->caller = caller;
	scope->accounts = palloc(sizeof(Datum) * Max(accounts, 1));
	scope->homes = palloc(sizeof(Datum) * Max(accounts, 1));
	scope->accounts_count = 0;
	scope->homes_count = 0;
}

/* Adds the accounts that are the last statement's result. */
static void
AddAccounts(UserScope *scope, uint64 rows)
{
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		Datum		account = apitoken_store_value(row, 1, &isnull);

		/* a user without a group has one row, without an account */
		if (isnull || !ActsFor(&scope->caller->actor, account))
			continue;
		scope->homes[scope->homes_count++] = account;
		if (IsTrue(row, 3))
			scope->accounts[scope->accounts_count++] = account;
		if (IsTrue(row, 2) && IsTrue(row, 4))
			scope->caller->everywhere = true;
	}
}

static void
FinishScope(const UserScope *scope)
{
	scope->caller->accounts = apitoken_ids_array(scope->accounts, scope->accounts_count);
	scope->caller->homes = apitoken_ids_array(scope->homes, scope->homes_count);
}

/* Finds the accounts of a user who is Active, where the tables are distributed. */
static uint64
FindAccounts(const ApitokenActor *actor, char ***accounts)
{
	ApitokenArguments arguments;
	uint64		rows;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, actor->id);
	rows = apitoken_store_run_active(STATEMENT_USER_ACCOUNTS, &arguments);
	*accounts = palloc(sizeof(char *) * Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
		(*accounts)[row] = apitoken_store_cstring(row, 1);
	return rows;
}

static void
ReceiveGroup(void *argument, int key, Datum *values, bool *isnull)
{
	(void) apitoken_ids_add(argument, PointerGetDatum(DatumGetTextPCopy(values[0])));
}

/* The codes of the modules that user groups of an account have. */
static ApitokenHeldModule *
FindCodes(Datum account, const ApitokenIds *groups, int *count)
{
	Datum	   *accounts = palloc(sizeof(Datum) * Max(groups->count, 1));
	ApitokenKeys owners = {groups->count, {accounts, groups->ids}};
	ApitokenIds *ids = apitoken_ids_create();
	ApitokenKeys keys;
	ApitokenHeldModule *modules;

	for (int i = 0; i < groups->count; i++)
		accounts[i] = account;
	apitoken_fetch(LOOKUP_ACTOR_GROUP_MODULES, &link_layout, &owners, PG_INT32_MAX, ReceiveLink, ids);
	keys.count = ids->count;
	keys.columns[0] = ids->ids;
	modules = palloc0(sizeof(ApitokenHeldModule) * Max(ids->count, 1));
	apitoken_fetch(LOOKUP_MODULE_CODES, &code_layout, &keys, 1, ReceiveCode, modules);
	*count = ids->count;
	return modules;
}

/*
 * Adds an account of a user, where the tables are distributed, by what is read there of him
 * in one go.  Returns false, having done nothing, if that was not to be had.
 */
static bool
AddAccountAhead(UserScope *scope, const char *account_id)
{
	static ApitokenColumn group_columns[] = {{"user_group_id", TEXTOID, false}};
	static const ApitokenLayout group_layout = {1, group_columns, 0};
	Datum		account = CStringGetTextDatum(account_id);
	ApitokenIds *groups = apitoken_ids_create();
	Datum		value;
	bool		isnull;
	int			only = 0;
	ApitokenDelivery delivery = {.layout = &group_layout, .receive = ReceiveGroup,
	.argument = groups, .values = &value, .isnull = &isnull};
	ApitokenHeldModule *modules;
	int			count;
	bool		administers = false;
	bool		everywhere = false;

	apitoken_ahead_begin(account_id, scope->caller->actor.id, AHEAD_USER, PG_INT32_MAX);
	if (!apitoken_ahead_deliver(STATEMENT_USER_SCOPE_IN, account, &account, 1, &only, PG_INT32_MAX,
								&delivery))
	{
		apitoken_ahead_end();
		return false;
	}
	modules = FindCodes(account, groups, &count);
	for (int i = 0; i < count; i++)
	{
		if (modules[i].id == NULL)
			continue;
		administers |= strcmp(modules[i].code, APITOKEN_OWN_ACCOUNT_MODULE) == 0;
		everywhere |= strcmp(modules[i].code, APITOKEN_ANY_ACCOUNT_MODULE) == 0;
	}
	if (groups->count > 0)
		scope->homes[scope->homes_count++] = account;
	if (administers)
		scope->accounts[scope->accounts_count++] = account;
	if (everywhere && IsOperations(account_id))
		scope->caller->everywhere = true;
	apitoken_ahead_end();
	return true;
}

/* The same as FindUserScope, account by account, each of which is in one place. */
static bool
FindDistributedScope(ApitokenCaller *caller)
{
	UserScope	scope;
	char	  **accounts;
	uint64		count = FindAccounts(&caller->actor, &accounts);

	StartScope(&scope, caller, count);
	for (uint64 i = 0; i < count; i++)
	{
		ApitokenArguments arguments;

		/* a user without an account has one row; and he may have named one */
		if (accounts[i] == NULL || !ActsFor(&caller->actor, CStringGetTextDatum(accounts[i])) ||
			AddAccountAhead(&scope, accounts[i]))
			continue;
		apitoken_store_clear(&arguments);
		apitoken_store_set_text(&arguments, 1, caller->actor.id);
		apitoken_store_set_text(&arguments, 2, accounts[i]);
		AddAccounts(&scope, apitoken_store_run_active(STATEMENT_USER_SCOPE_IN, &arguments));
	}
	FinishScope(&scope);
	return count > 0;
}

/*
 * What a user may administer, by the accounts that he acts for; false if there is no
 * such user, or he is not Active.
 */
static bool
FindUserScope(ApitokenCaller *caller)
{
	ApitokenArguments arguments;
	UserScope	scope;
	uint64		rows;

	if (apitoken_distribution_is_ready())
		return FindDistributedScope(caller);
	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(caller->actor.id));
	rows = apitoken_store_run_active(STATEMENT_USER_SCOPE, &arguments);
	StartScope(&scope, caller, rows);
	AddAccounts(&scope, rows);
	FinishScope(&scope);
	return rows > 0;
}

static bool
FindTokenRights(ApitokenCaller *caller)
{
	ApitokenTokenStatus token = apitoken_identity_token_status(caller->actor.id);
	ApitokenHeldModules held;
	Datum		home;

	if (!apitoken_identity_accepts(&token, caller->actor.secret))
		return false;

	caller->expires_at = token.expires_at;
	caller->acts_until = EndOfSecret(&token, caller->actor.secret);
	caller->networks = token.networks;
	home = CStringGetTextDatum(token.account_id);
	caller->homes = apitoken_ids_array(&home, 1);
	held = apitoken_identity_token_modules(token.account_id, caller->actor.id);
	for (int i = 0; i < held.count; i++)
	{
		if (strcmp(held.modules[i].code, APITOKEN_OWN_ACCOUNT_MODULE) == 0)
			caller->accounts = caller->homes;
		else if (strcmp(held.modules[i].code, APITOKEN_ANY_ACCOUNT_MODULE) == 0)
			caller->everywhere = IsOperations(token.account_id);
	}
	return true;
}

/* The same for a token, which has its own modules, in its account. */
static bool
FindTokenScope(ApitokenCaller *caller)
{
	bool		begun = apitoken_identity_begin(caller->actor.id);
	bool		found = FindTokenRights(caller);

	apitoken_identity_end(begun);
	return found;
}

/* Somebody who may administer nothing. */
static ApitokenCaller
Powerless(ApitokenActor actor)
{
	ApitokenCaller caller = {0};

	caller.actor = actor;
	caller.expires_at = DT_NOEND;
	caller.acts_until = DT_NOEND;
	caller.accounts = construct_empty_array(TEXTOID);
	caller.homes = caller.accounts;
	return caller;
}

/*
 * Returns a caller for what a role does by itself, in nobody's name, and may administer
 * nothing.  In the current memory context.
 */
ApitokenCaller
apitoken_identity_role(Oid role, ApitokenOperation operation)
{
	ApitokenActor nobody = {NULL, NULL, 0, NULL};
	ApitokenCaller caller = Powerless(nobody);

	caller.role = role;
	caller.operation = operation;
	return caller;
}

/*
 * Finds what an actor may administer, under the active snapshot; what scope points
 * to is in the current memory context.  Returns false if he is not known, or not
 * Active.  Expects SPI to be connected and the tables' owner to be the current
 * role.
 */
bool
apitoken_identity_scope(ApitokenActor actor, ApitokenCaller *scope)
{
	*scope = Powerless(actor);
	return apitoken_actor_is_token(&actor) ? FindTokenScope(scope) : FindUserScope(scope);
}

/*
 * Returns the accounts by which an actor may have his rights, as his scope would name them,
 * where the tables are distributed: more than those is no harm to who locks them.  As above.
 */
List *
apitoken_identity_homes(const ApitokenActor *actor)
{
	List	   *homes = NIL;
	char	  **accounts;
	uint64		count;

	if (apitoken_actor_is_token(actor))
	{
		char	   *account_id = apitoken_fetch_account_of(actor->id);

		return account_id == NULL ? NIL : list_make1(account_id);
	}
	count = FindAccounts(actor, &accounts);
	for (uint64 i = 0; i < count; i++)
	{
		if (accounts[i] != NULL && ActsFor(actor, CStringGetTextDatum(accounts[i])))
			homes = lappend(homes, accounts[i]);
	}
	return homes;
}

static bool
HoldsIn(const ApitokenActor *actor, const char *account_id, const char *module_code)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, actor->id);
	apitoken_store_set_text(&arguments, 2, module_code);
	apitoken_store_set_text(&arguments, 3, account_id);
	return apitoken_store_run_active(STATEMENT_USER_HOLDS, &arguments) > 0;
}

/*
 * Does a user hold the module with that code, by his groups in an account (NULL:
 * in any)?  Under the active snapshot, as above.
 */
bool
apitoken_identity_user_holds(const ApitokenActor *actor, const char *account_id,
							 const char *module_code)
{
	char	  **accounts;
	uint64		count;

	if (account_id != NULL || !apitoken_distribution_is_ready())
		return HoldsIn(actor, account_id, module_code);
	count = FindAccounts(actor, &accounts);
	for (uint64 i = 0; i < count; i++)
	{
		if (accounts[i] != NULL && HoldsIn(actor, accounts[i], module_code))
			return true;
	}
	return false;
}

/*
 * Does an actor whose scope was found hold the module with that code?  Under the
 * active snapshot, as above.
 */
bool
apitoken_identity_holds(const ApitokenCaller *scope, const char *module_code)
{
	ApitokenTokenStatus token;
	ApitokenHeldModules held;

	if (!apitoken_actor_is_token(&scope->actor))
		return apitoken_identity_user_holds(&scope->actor, scope->actor.account_id, module_code);

	token = apitoken_identity_token_status(scope->actor.id);
	if (token.account_id == NULL)
		return false;
	held = apitoken_identity_token_modules(token.account_id, scope->actor.id);
	for (int i = 0; i < held.count; i++)
	{
		if (strcmp(held.modules[i].code, module_code) == 0)
			return true;
	}
	return false;
}

/*
 * Finds who acts for a session of that role, which is to be trusted with that
 * operation if nobody does, without raising an error for nobody: returns false
 * then, and a caller who may administer nothing.
 */
bool
apitoken_identity_find(Oid role, ApitokenOperation operation, ApitokenCaller *caller)
{
	ApitokenActor actor = apitoken_actor_current();
	bool		found;

	if (actor.type != NULL)
		found = apitoken_identity_scope(actor, caller);
	else
	{
		*caller = apitoken_identity_role(role, operation);
		caller->everywhere = apitoken_trusted(role, operation);
		found = caller->everywhere;
	}
	caller->role = role;
	caller->operation = operation;
	return found;
}

/*
 * Returns who acts, and what he may administer.
 *
 * role is the one that called the function, and operation what it does.  Expects SPI
 * to be connected and the tables' owner to be the current role; the result is in the
 * current memory context.  A token that holds no module which lets it administer tokens may
 * read itself.  Raises PT401 if nobody who is known acts, PT403 if he may do
 * nothing of the kind.
 */
ApitokenCaller
apitoken_identity_caller(Oid role, ApitokenOperation operation)
{
	ApitokenCaller caller;

	if (!apitoken_identity_find(role, operation, &caller))
		apitoken_error_unauthorized();
	if (!caller.everywhere && ArrayGetNItems(ARR_NDIM(caller.accounts),
											 ARR_DIMS(caller.accounts)) == 0)
	{
		if ((operation != OPERATION_READ && operation != OPERATION_ROTATE) ||
			!apitoken_actor_is_token(&caller.actor))
			apitoken_error_forbidden();
		caller.only_self = true;
		caller.accounts = caller.homes;
	}
	return caller;
}

/* Is the account one whose tokens he may administer? */
bool
apitoken_identity_administers(const ApitokenCaller *caller, const char *account_id)
{
	return caller->everywhere || apitoken_ids_array_has(caller->accounts, account_id);
}

/* Hands the scope to a statement that looks for tokens in it. */
void
apitoken_identity_set_scope(ApitokenArguments *arguments, int everywhere, int accounts,
							const ApitokenCaller *caller)
{
	apitoken_store_set(arguments, everywhere, BoolGetDatum(caller->everywhere));
	apitoken_store_set_pointer(arguments, accounts, caller->accounts);
}

/* What is run on somebody's behalf: one of the two. */
typedef struct Writing
{
	ApitokenStatement statement;
	ApitokenArguments *arguments;
	bool		now;
	ApitokenSql *composed;
} Writing;

static uint64
Write(const Writing *writing)
{
	if (writing->composed != NULL)
		return apitoken_store_run_composed_latest(writing->composed);
	return writing->now ? apitoken_store_run_latest(writing->statement, writing->arguments) :
		apitoken_store_run_fresh(writing->statement, writing->arguments);
}

static uint64
WriteAs(const ApitokenCaller *caller, const Writing *writing)
{
	const ApitokenCaller *outer = writer;
	uint64		rows = 0;

	writer = caller;
	PG_TRY();
	{
		rows = Write(writing);
	}
	PG_FINALLY();
	{
		writer = outer;
	}
	PG_END_TRY();
	return rows;
}

/*
 * Runs a statement that writes, on behalf of a caller: for as long as it runs,
 * triggers learn from apitoken_identity_writer who that is.  now: under the latest
 * snapshot, see apitoken_store_run_latest.
 */
uint64
apitoken_identity_write_as(const ApitokenCaller *caller, ApitokenStatement statement,
						   ApitokenArguments *arguments, bool now)
{
	Writing		writing = {.statement = statement, .arguments = arguments, .now = now};

	return WriteAs(caller, &writing);
}

/* The same for a statement that was composed, see apitoken_store_run_composed_latest. */
uint64
apitoken_identity_write_composed_as(const ApitokenCaller *caller, ApitokenSql *sql)
{
	Writing		writing = {.composed = sql};

	return WriteAs(caller, &writing);
}

/* Is one of the extension's functions writing now?  Else it is by hand. */
bool
apitoken_identity_is_writing(void)
{
	return writer != NULL;
}

/* The same of one that does that. */
bool
apitoken_identity_is_doing(ApitokenOperation operation)
{
	return writer != NULL && writer->operation == operation;
}

/*
 * Returns on whose behalf a trigger runs: the caller of one of the extension's
 * functions, or whoever writes to the tables by hand.
 */
ApitokenCaller
apitoken_identity_writer(void)
{
	ApitokenCaller by_hand;

	if (writer != NULL)
		return *writer;

	by_hand = Powerless(apitoken_actor_current());
	by_hand.role = GetUserId();
	return by_hand;
}
