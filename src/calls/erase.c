/*-------------------------------------------------------------------------
 *
 * erase.c
 *	  Erases what is known of a person, or of an account; prunes the trail.
 *
 * The trail is changed by nobody, and tokens are removed by nobody, but here: their
 * triggers ask whether this is so, by apitoken.is_erasing(), and nothing else makes it
 * so.  Where the tables are distributed, those are on other nodes: there a setting says
 * it, which is on in the transactions of this call for as long as it goes on.
 *
 * src/calls/erase.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/erase.h"

#include "apitoken.h"
#include "calls/call.h"
#include "calls/closing.h"
#include "calls/marks.h"
#include "calls/transitions.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

/* What is erased of either. */
static const ApitokenStatement user_statements[] = {
	STATEMENT_ERASE_USER, STATEMENT_ERASE_USER_ACCOUNTS, STATEMENT_ERASE_USER_TRAIL,
	STATEMENT_ERASE_USER_ACCESSES, STATEMENT_ERASE_USER_SECRETS
};

/*
 * Where the tables are distributed, in the order in which others lock what is in several
 * places: shards before what every node has.  Who acts as the user has locked shards, and
 * locks the user's row at his COMMIT; the trail is told of him until then.
 */
static const ApitokenStatement distributed_user_statements[] = {
	STATEMENT_ERASE_USER_ACCESSES, STATEMENT_ERASE_USER_SECRETS, STATEMENT_ERASE_USER,
	STATEMENT_ERASE_USER_TRAIL, STATEMENT_ERASE_USER_ACCOUNTS
};

/* Addresses go before the tokens do: that the operator's own is noted is no secret. */
static const ApitokenStatement account_statements[] = {
	STATEMENT_ERASE_ACCOUNT, STATEMENT_ERASE_ACCOUNT_USERS, STATEMENT_ERASE_ACCOUNT_GROUPS,
	STATEMENT_ERASE_ACCOUNT_BUYERS, STATEMENT_ERASE_ACCOUNT_ERRORS,
	STATEMENT_ERASE_ACCOUNT_TRAIL, STATEMENT_ERASE_ACCOUNT_ACCESSES,
	STATEMENT_ERASE_ACCOUNT_SECRETS, STATEMENT_ERASE_ACCOUNT_TOKENS
};

/* The tokens, then what hangs on them, and what every node has at last: as for a user. */
static const ApitokenStatement distributed_account_statements[] = {
	STATEMENT_ERASE_ACCOUNT, STATEMENT_ERASE_ACCOUNT_TOKENS, STATEMENT_ERASE_ACCOUNT_ACCESSES,
	STATEMENT_ERASE_ACCOUNT_SECRETS, STATEMENT_ERASE_ACCOUNT_GROUPS,
	STATEMENT_ERASE_ACCOUNT_BUYERS, STATEMENT_ERASE_ACCOUNT_ERRORS,
	STATEMENT_ERASE_ACCOUNT_TRAIL, STATEMENT_ERASE_ACCOUNT_USERS
};

/* Is one of these statements running? */
static bool erasing = false;

/* The setting: is one running on another node, which has sent a part of it here? */
static bool erasing_elsewhere = false;

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

/* Runs them, each with the id and the role.  Returns how many users were erased. */
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

		if (statements[i] == STATEMENT_ERASE_USER)
			found = rows;
	}
	return found;
}

/*
 * Where the tables are distributed
 */

/* Which server is a row of the last statement's result from? */
static int64
ServerOf(uint64 row)
{
	bool		isnull;

	return DatumGetInt64(apitoken_store_value(row, 1, &isnull));
}

/* Are the last statement's rows of as many servers? */
static bool
IsOneEach(uint64 count)
{
	for (uint64 row = 1; row < count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint64 before = 0; before < row; before++)
		{
			if (ServerOf(before) == ServerOf(row))
				return false;
		}
	}
	return true;
}

/*
 * Says on all nodes whether that is being done, where the tables are distributed.  Returns
 * whether each has one process that writes for this transaction: one that has asked several
 * shards at once may have several.
 */
static bool
SetErasing(bool on)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
		return true;
	if (on)
		apitoken_store_run_if_distributed(STATEMENT_OPEN_NODES);
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, on ? "on" : "off");
	return IsOneEach(apitoken_store_run_fresh(STATEMENT_SET_ERASING, &arguments));
}

/* A token that is erased, as it was. */
typedef struct Erased
{
	char	   *id;
	char	   *status;
} Erased;

/*
 * Lets nobody else write what every node has, where the tables are distributed, until the
 * transaction has ended: Citus locks those tables in an order of its own, and each of these
 * calls writes several, and rows of the trail that others of them take away.  As
 * apitoken.sync_lock() does.
 */
static void
WriteNext(void)
{
	apitoken_store_run_if_distributed(STATEMENT_WRITE_NEXT);
}

/* None of them may have acted in this transaction: see apitoken_acts_refuse_other. */
static void
RefuseActed(const ApitokenCaller *caller, const List *tokens)
{
	ListCell   *cell;

	foreach(cell, tokens)
		apitoken_acts_refuse_other(caller, ((const Erased *) lfirst(cell))->id);
}

static List *
TokensOf(const char *account_id, void *argument)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	return apitoken_store_strings(apitoken_store_run_latest(STATEMENT_TOKENS_OF, &arguments));
}

/* The last statement's result: tokens, and what they are. */
static List *
CollectErased(uint64 count)
{
	List	   *tokens = NIL;

	for (uint64 row = 0; row < count; row++)
	{
		Erased	   *token = palloc(sizeof(Erased));

		token->id = apitoken_store_cstring(row, 1);
		token->status = apitoken_store_cstring(row, 2);
		tokens = lappend(tokens, token);
	}
	return tokens;
}

/*
 * Locks an account, and its tokens in the order of their ids: whoever has locked one, or
 * makes one, is waited for before a gate is closed that he passes at his COMMIT.
 * Returns false if there is no such account.
 */
static bool
LockAccount(const ApitokenCaller *caller, char *id, List **tokens)
{
	ApitokenArguments arguments;
	bool		distributed = apitoken_distribution_is_ready();
	uint64		count;

	*tokens = NIL;
	if (distributed && !apitoken_closing_lock(list_make1(id), true, TokensOf, NULL))
		return false;
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	if (Run(caller, STATEMENT_LOCK_ACCOUNT, &arguments) == 0)
		return false;
	count = Run(caller, STATEMENT_LOCK_TOKENS, &arguments);
	/* elsewhere triggers have them */
	if (distributed)
		*tokens = CollectErased(count);
	RefuseActed(caller, *tokens);
	return true;
}

/* Records that an account's tokens are Deleted, where no trigger does. */
static void
RecordDeleted(const ApitokenCaller *caller, const char *account_id, const List *tokens)
{
	ListCell   *cell;

	foreach(cell, tokens)
	{
		const Erased *token = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (strcmp(token->status, "Deleted") != 0)
			apitoken_transitions_record(caller, account_id, token->id, token->status, "Deleted");
	}
}

/*
 * Leaves a row that says what went from the trail; for_all: whoever follows a feed begins
 * again.
 */
static void
AddPruning(const ApitokenCaller *caller, TimestampTz before, uint64 pruned, Datum last,
		   bool no_last, bool for_all)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, TimestampTzGetDatum(before));
	apitoken_store_set(&arguments, 2, Int64GetDatum((int64) pruned));
	if (!no_last)
		apitoken_store_set(&arguments, 3, last);
	apitoken_store_set_role(&arguments, 4, caller->role);
	apitoken_store_set(&arguments, 5, BoolGetDatum(for_all));
	(void) apitoken_store_run_fresh(STATEMENT_ADD_PRUNING, &arguments);
}

/* The highest number of the rows that a statement finds. */
static Datum
LastOf(ApitokenStatement statement, ApitokenArguments *arguments, bool *isnull)
{
	(void) apitoken_store_run_fresh(statement, arguments);
	return apitoken_store_value(0, 1, isnull);
}

/*
 * Removes an account's tokens with their trail, and what refers to them on every node:
 * elsewhere triggers and foreign keys do.
 */
static void
RemoveDistributed(const ApitokenCaller *caller, const char *account_id, const List *tokens)
{
	Datum	   *ids = palloc(sizeof(Datum) * Max(list_length(tokens), 1));
	ApitokenArguments arguments;
	ListCell   *cell;
	bool		no_last;
	Datum		last;
	uint64		removed;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	last = LastOf(STATEMENT_LAST_OF_ACCOUNT, &arguments, &no_last);
	removed = Run(caller, STATEMENT_REMOVE_TRAIL_OF, &arguments);
	AddPruning(caller, GetCurrentTimestamp(), removed, last, no_last, true);
	(void) Run(caller, STATEMENT_REMOVE_TOKENS, &arguments);
	/* as who brings tokens along writes them */
	foreach(cell, tokens)
		ids[foreach_current_index(cell)] = CStringGetTextDatum(((Erased *) lfirst(cell))->id);
	apitoken_store_set_pointer(&arguments, 1, apitoken_ids_array(ids, list_length(tokens)));
	(void) Run(caller, STATEMENT_MARK_ERASED, &arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	(void) Run(caller, STATEMENT_REMOVE_FOREIGN_SECRETS, &arguments);
}

/* Removes an account's tokens with their trail. */
static void
RemoveTokens(const ApitokenCaller *caller, const char *account_id, const List *tokens)
{
	static const ApitokenStatement statements[] = {
		STATEMENT_REMOVE_TRAIL, STATEMENT_REMOVE_TOKENS
	};

	if (apitoken_distribution_is_ready())
		RemoveDistributed(caller, account_id, tokens);
	else
		(void) RunAll(caller, statements, lengthof(statements), account_id);
}

/* Takes older rows of the trail away; returns how many. */
static uint64
PruneDistributed(const ApitokenCaller *caller, TimestampTz before)
{
	ApitokenArguments arguments;
	uint64		pruned;
	bool		no_last;
	bool		noted;
	Datum		last;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, TimestampTzGetDatum(before));
	last = LastOf(STATEMENT_LAST_BEFORE, &arguments, &no_last);

	/*
	 * what went from a node is noted by the process that took it away: see
	 * stamp.c
	 */
	noted = SetErasing(true);
	pruned = Run(caller, STATEMENT_REMOVE_BEFORE, &arguments);
	(void) SetErasing(false);
	AddPruning(caller, before, pruned, last, no_last, !noted);
	return pruned;
}

static uint64
Prune(const ApitokenCaller *caller, TimestampTz before)
{
	ApitokenArguments arguments;
	bool		isnull;

	if (apitoken_distribution_is_ready())
		return PruneDistributed(caller, before);
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, TimestampTzGetDatum(before));
	apitoken_store_set_role(&arguments, 2, caller->role);
	(void) Run(caller, STATEMENT_PRUNE_TRAIL, &arguments);
	return DatumGetInt64(apitoken_store_value(0, 1, &isnull));
}

/*
 * The calls
 */

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
	WriteNext();
	(void) SetErasing(true);
	if (RunAll(&erasure.caller, apitoken_distribution_is_ready() ? distributed_user_statements : user_statements,
			   lengthof(user_statements), id) == 0)
		apitoken_error_not_to_erase("user", id);
	(void) SetErasing(false);
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
	List	   *tokens;

	Begin(&erasure, OPERATION_ERASE);
	WriteNext();
	if (!LockAccount(&erasure.caller, id, &tokens))
		apitoken_error_not_to_erase("account", id);
	apitoken_marks_set(APITOKEN_ERASING, "on", id);
	(void) RunAll(&erasure.caller, apitoken_distribution_is_ready() ? distributed_account_statements : account_statements,
				  lengthof(account_statements), id);
	RecordDeleted(&erasure.caller, id, tokens);
	if (with_tokens)
		RemoveTokens(&erasure.caller, id, tokens);
	apitoken_marks_set(APITOKEN_ERASING, "off", id);
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
	uint64		pruned;

	Begin(&erasure, OPERATION_PRUNE);
	WriteNext();
	pruned = Prune(&erasure.caller, before);
	End(&erasure);
	PG_RETURN_INT64((int64) pruned);
}

/* Is a call that erases writing now, on whichever node? */
bool
apitoken_erase_is_running(void)
{
	return erasing || (erasing_elsewhere && apitoken_distribution_is_ready());
}

PG_FUNCTION_INFO_V1(apitoken_is_erasing);

/* apitoken.is_erasing() returns boolean: for the triggers of what is else kept for good. */
Datum
apitoken_is_erasing(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(apitoken_erase_is_running());
}

/* Defines the setting by which other nodes are told; for _PG_init. */
void
apitoken_erase_define_setting(void)
{
	DefineCustomBoolVariable(APITOKEN_ERASING,
							 "Whether a call that erases, on another node, is writing in this transaction.",
							 "The extension sets it where its tables are distributed.",
							 &erasing_elsewhere,
							 false,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							 NULL, NULL, NULL);
}
