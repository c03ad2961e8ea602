/*-------------------------------------------------------------------------
 *
 * erase.c
 *	  Erases what is known of a person, or of an account; prunes the trail.
 *
 * The trail is changed by nobody, and tokens are removed by nobody, but here: their
 * triggers ask whether this is so, by apitoken.is_erasing(), and nothing else makes it
 * so.
 *
 * src/calls/erase.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/erase.h"

#include "apitoken.h"
#include "calls/call.h"
#include "errors.h"
#include "fmgr.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "utils/timestamp.h"

/* What is erased of either; the first says whether there is such a one. */
static const ApitokenStatement user_statements[] = {
	STATEMENT_ERASE_USER, STATEMENT_ERASE_USER_ACCOUNTS, STATEMENT_ERASE_USER_TRAIL,
	STATEMENT_ERASE_USER_ACCESSES, STATEMENT_ERASE_USER_SECRETS
};

/*
 * Whoever has locked a token, or makes one, is waited for before a gate is closed that he
 * passes at his COMMIT.  Addresses go before the tokens do: that the operator's own is
 * noted is no secret.
 */
static const ApitokenStatement account_statements[] = {
	STATEMENT_LOCK_ACCOUNT, STATEMENT_LOCK_TOKENS,
	STATEMENT_ERASE_ACCOUNT, STATEMENT_ERASE_ACCOUNT_USERS, STATEMENT_ERASE_ACCOUNT_GROUPS,
	STATEMENT_ERASE_ACCOUNT_BUYERS, STATEMENT_ERASE_ACCOUNT_ERRORS,
	STATEMENT_ERASE_ACCOUNT_TRAIL, STATEMENT_ERASE_ACCOUNT_ACCESSES,
	STATEMENT_ERASE_ACCOUNT_SECRETS, STATEMENT_ERASE_ACCOUNT_TOKENS
};

static const ApitokenStatement token_statements[] = {
	STATEMENT_REMOVE_TRAIL, STATEMENT_REMOVE_TOKENS
};

/* Is one of these statements running? */
static bool erasing = false;

static uint64
Run(const ApitokenCaller *caller, ApitokenStatement statement, ApitokenArguments *arguments)
{
	uint64		rows = 0;

	erasing = true;
	PG_TRY();
	{
		rows = apitoken_identity_write_as(caller, statement, arguments, true);
	}
	PG_FINALLY();
	{
		erasing = false;
	}
	PG_END_TRY();
	return rows;
}

/* Runs them, each with the id and the role.  Returns how many rows the first has found. */
static uint64
RunAll(const ApitokenCaller *caller, const ApitokenStatement *statements, int count, const char *id)
{
	ApitokenArguments arguments;
	uint64		found = 0;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	apitoken_store_set_role(&arguments, 2, caller->role);
	for (int i = 0; i < count; i++)
	{
		uint64		rows = Run(caller, statements[i], &arguments);

		if (i == 0)
			found = rows;
	}
	return found;
}

/* Leaves a row that says so. */
static void
AddErasure(const ApitokenCaller *caller, const char *kind, const char *id, bool with_tokens)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, kind);
	apitoken_store_set_text(&arguments, 2, id);
	apitoken_store_set(&arguments, 3, BoolGetDatum(with_tokens));
	apitoken_store_set_role(&arguments, 4, caller->role);
	(void) apitoken_store_run_fresh(STATEMENT_ADD_ERASURE, &arguments);
}

/* Such a call from its begin to its end. */
typedef struct Erasure
{
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenCaller caller;
} Erasure;

/*
 * Begins to do that: raises PT401 for a role that is not trusted with it.  Whoever acts,
 * it is the role that does this.
 */
static void
Begin(Erasure *erasure, ApitokenOperation operation)
{
	apitoken_error_guard(&erasure->guard, false);
	erasure->ownership = apitoken_owner_enter();
	erasure->caller = apitoken_identity_role(erasure->ownership.role, operation);
	if (!apitoken_trusted(erasure->caller.role, operation))
		apitoken_error_unauthorized();
}

static void
End(const Erasure *erasure)
{
	/* whoever was waited for may have revoked what the role was granted */
	apitoken_acts_administer(&erasure->caller, NULL);
	apitoken_owner_leave(&erasure->ownership);
	apitoken_error_unguard(&erasure->guard);
}

PG_FUNCTION_INFO_V1(apitoken_erase_user);

/*
 * apitoken_erase_user(id text) returns void: erases what is known of a user.
 *
 * Raises PT400 for an id that cannot be used, PT401, PT404 if there is no such user.
 */
Datum
apitoken_erase_user(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	Erasure		erasure;

	Begin(&erasure, OPERATION_ERASE);
	if (RunAll(&erasure.caller, user_statements, lengthof(user_statements), id) == 0)
		apitoken_error_not_to_erase("user", id);
	AddErasure(&erasure.caller, "user", id, false);
	End(&erasure);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(apitoken_erase_account);

/*
 * apitoken_erase_account(id text, with_tokens boolean) returns void: erases what is known
 * of an account, of its user groups, buyers and tokens, which are Deleted; with_tokens:
 * their rows and their trail, too.  Raises as apitoken_erase_user does.
 */
Datum
apitoken_erase_account(PG_FUNCTION_ARGS)
{
	char	   *id = apitoken_call_id(fcinfo, 0, "id");
	bool		with_tokens = apitoken_call_flag(fcinfo, 1);
	Erasure		erasure;

	Begin(&erasure, OPERATION_ERASE);
	if (RunAll(&erasure.caller, account_statements, lengthof(account_statements), id) == 0)
		apitoken_error_not_to_erase("account", id);
	if (with_tokens)
		(void) RunAll(&erasure.caller, token_statements, lengthof(token_statements), id);
	AddErasure(&erasure.caller, "account", id, with_tokens);
	End(&erasure);
	PG_RETURN_VOID();
}

/* Raises PT400 for a moment that is null, or since when the trail is to be kept. */
static TimestampTz
Before(FunctionCallInfo fcinfo)
{
	TimestampTz before;

	if (apitoken_call_isnull(fcinfo, 0))
		apitoken_error_before("is null", apitoken_trail_retention);
	before = PG_GETARG_TIMESTAMPTZ(0);
	if (before > GetCurrentTimestamp() - apitoken_trail_retention * USECS_PER_SEC)
		apitoken_error_before("is too late", apitoken_trail_retention);
	return before;
}

PG_FUNCTION_INFO_V1(apitoken_trail_prune);

/*
 * apitoken_trail_prune(before timestamptz) returns bigint: takes the rows of the trail
 * away that are older, and leaves a row that says so; how many.
 *
 * Raises PT400 for a moment that is too late, PT401.
 */
Datum
apitoken_trail_prune(PG_FUNCTION_ARGS)
{
	TimestampTz before = Before(fcinfo);
	Erasure		erasure;
	ApitokenArguments arguments;
	int64		pruned;
	bool		isnull;

	Begin(&erasure, OPERATION_PRUNE);
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, TimestampTzGetDatum(before));
	apitoken_store_set_role(&arguments, 2, erasure.caller.role);
	(void) Run(&erasure.caller, STATEMENT_PRUNE_TRAIL, &arguments);
	pruned = DatumGetInt64(apitoken_store_value(0, 1, &isnull));
	End(&erasure);
	PG_RETURN_INT64(pruned);
}

/* Is a call that erases writing now? */
bool
apitoken_erase_is_running(void)
{
	return erasing;
}

PG_FUNCTION_INFO_V1(apitoken_is_erasing);

/* apitoken.is_erasing() returns boolean: for the triggers of what is else kept for good. */
Datum
apitoken_is_erasing(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(erasing);
}
