/*-------------------------------------------------------------------------
 *
 * rescue.c
 *	  Many tokens at once: disabling all that a query chooses, and enabling
 *	  what one such call has disabled.
 *
 * src/calls/rescue.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "apitoken.h"
#include "calls/call.h"
#include "calls/closing.h"
#include "calls/hold.h"
#include "calls/trail.h"
#include "calls/transitions.h"
#include "catalog/pg_type.h"
#include "document/jsonb_writer.h"
#include "errors.h"
#include "miscadmin.h"
#include "query/rql.h"
#include "query/rql_sql.h"
#include "rights/acts.h"
#include "store/distribution.h"
#include "store/gates.h"
#include "store/ids.h"
#include "store/subxact.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* For how long it is begun again for tokens that somebody has locked. */
#define RETRY_MS 200

/*
 * For how long it is begun again after deadlocks, while others wait for what this
 * transaction keeps: for longer than they take to find a deadlock themselves.
 */
#define STUCK_MS 2000

/* The same where it has locked nothing before that is known: it is others who come and go. */
#define LOST_MS 30000

/*
 * Ids
 */

static int
CompareIds(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
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

/*
 * Disabling
 */

/* The ids, each once, as an array. */
static ArrayType *
DistinctIds(List *list)
{
	int			count = 0;
	char	  **ids = palloc(sizeof(char *) * Max(list_length(list), 1));
	Datum	   *texts = palloc(sizeof(Datum) * Max(list_length(list), 1));
	ListCell   *cell;

	foreach(cell, list)
		ids[foreach_current_index(cell)] = lfirst(cell);
	qsort(ids, list_length(list), sizeof(char *), CompareIds);
	for (int i = 0; i < list_length(list); i++)
	{
		if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0)
			texts[count++] = CStringGetTextDatum(ids[i]);
	}
	return apitoken_ids_array(texts, count);
}

/* All tokens that are being disabled. */
typedef struct Rescue
{
	const ApitokenCall *call;
	ApitokenRescueChoice choice;
	ApitokenSql *statements[RESCUE_TRIES + 1];	/* by purpose */
	bool		waits;			/* for tokens that somebody has locked? */
	bool		deadlock;		/* has one ended it? */
	bool		overtakes;		/* those who come to disable single tokens? */
	bool		kept;			/* has the transaction locked tokens before? */
	TimestampTz first;			/* when was the first one? 0: there was none */
	TimestampTz stuck_since;	/* since when have all been others' affair,
								 * too? 0: the last one was not */
	List	   *ids;			/* of those that are */
} Rescue;

/* Adds the ids of those of the last statement's result that were Active. */
static List *
CollectIds(List *ids, uint64 count)
{
	for (uint64 row = 0; row < count; row++)
	{
		bool		isnull;

		if (DatumGetBool(apitoken_store_value(row, 2, &isnull)))
			ids = lappend(ids, apitoken_store_cstring(row, 1));
	}
	return ids;
}

/* Disables what is chosen by now, waiting or not. */
static void
DisableChosen(Rescue *rescue, bool waits)
{
	ApitokenSql *sql = rescue->statements[waits ? RESCUE_WAITS : RESCUE_TRIES];

	rescue->waits = waits;
	rescue->ids = CollectIds(rescue->ids,
							 apitoken_identity_write_composed_as(&rescue->call->caller, sql));
}

static void
CloseGate(const Rescue *rescue)
{
	const char *account_id = rescue->choice.account_id;

	apitoken_gates_close(account_id == NULL ? GATE_ALL : GATE_ACCOUNT, account_id);
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
	DisableChosen(rescue, true);
	CloseGate(rescue);
	DisableChosen(rescue, false);
}

/*
 * The other way round: when the gate is closed nobody commits another one, and
 * what is Active then is all.  Whoever has locked a token and is to pass the gate
 * waits for this, and this for him: he is told of the deadlock.
 */
static void
DisableAfterClosing(void *argument)
{
	Rescue	   *rescue = argument;

	rescue->ids = NIL;
	rescue->waits = true;
	CloseGate(rescue);
	DisableChosen(rescue, true);
}

/* Has it lasted for so long by now? */
static bool
IsOver(TimestampTz since, int milliseconds)
{
	return since != 0 && TimestampDifferenceExceeds(since, GetCurrentTimestamp(), milliseconds);
}

/*
 * Who calls in somebody's name and has locked tokens before is as good as anybody else
 * who wants two: it is not for him that others are made to wait.
 */
static bool
GivesWay(const Rescue *rescue)
{
	return rescue->kept && rescue->call->caller.actor.type != NULL;
}

/*
 * Waits for others who disable all: who disables at the moment is told of a deadlock
 * before who waits here, and who has locked something before who has locked nothing.
 */
static void
Queue(const Rescue *rescue)
{
	apitoken_gates_queue_rescue(rescue->choice.account_id,
								rescue->kept ? 2 * STUCK_MS : LOST_MS);
}

/*
 * Is that a reason to begin again?  Somebody has locked a token that came in between;
 * but where there was waiting, it is lock_timeout that has ended it.  Or he was there
 * before and wants one that is disabled here already: now he gets it, and nobody comes
 * after him.
 */
static bool
IsLocked(int sqlstate, void *argument)
{
	Rescue	   *rescue = argument;

	rescue->deadlock = sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED;
	if (rescue->deadlock)
		return !GivesWay(rescue) && !IsOver(rescue->stuck_since, STUCK_MS) &&
			!IsOver(rescue->first, LOST_MS);
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE && !rescue->waits;
}

/*
 * A deadlock was in the way.  Whoever waits to disable all as well, and may have locked a
 * token before, is let past; and nobody else who comes to disable a token from now on.
 * But what this transaction has locked before, if only to read a table, it keeps: who
 * waits for that goes on waiting, and may be the reason for the deadlock.  If there is
 * always somebody, for a while, the next one is an error.
 */
static void
BeginAgain(Rescue *rescue)
{
	const char *account_id = rescue->choice.account_id;

	apitoken_gates_expect_no_deadlocks();
	apitoken_gates_leave_rescue(account_id);
	if (rescue->first == 0)
		rescue->first = GetCurrentTimestamp();
	if (!rescue->kept && !apitoken_gates_is_waited_for())
		rescue->stuck_since = 0;
	else if (rescue->stuck_since == 0)
		rescue->stuck_since = GetCurrentTimestamp();
	if (!rescue->overtakes)
		apitoken_gates_take_turn(GATE_RESCUE_TURN, account_id);
	rescue->overtakes = true;
	Queue(rescue);
	apitoken_gates_expect_deadlocks();
}

/* Returns whether all are disabled. */
static bool
TryDisable(Rescue *rescue, void (*disable) (void *argument))
{
	if (apitoken_subxact_try(disable, rescue, IsLocked))
		return true;
	if (rescue->deadlock)
		BeginAgain(rescue);
	return false;
}

/*
 * Disables what is chosen, so that nothing of it is Active when the transaction
 * has committed.  Expects the account's turn.
 *
 * Whoever has locked a token that came in between is waited for with nothing in
 * hand, by beginning again: he may be about to pass the gate, or to lock tokens
 * that are disabled already, which he takes in the order of their ids as well.  But
 * only for a moment: whoever goes on making tokens and locking them would keep this
 * from ending, which is what it is to put an end to.
 */
static void
DisableInTurn(Rescue *rescue)
{
	TimestampTz first = 0;

	while (first == 0 ||
		   !TimestampDifferenceExceeds(first, GetCurrentTimestamp(), RETRY_MS))
	{
		if (TryDisable(rescue, DisableBeforeClosing))
			return;
		if (first == 0 && !rescue->deadlock)
			first = GetCurrentTimestamp();
	}
	while (!TryDisable(rescue, DisableAfterClosing))
		CHECK_FOR_INTERRUPTS();
}

/* Takes the account's turn, one of those who disable all after another, and disables. */
static void
DisableAll(Rescue *rescue)
{
	const char *account_id = rescue->choice.account_id;

	rescue->kept = apitoken_acts_has_acted();
	Queue(rescue);
	apitoken_gates_expect_deadlocks();
	apitoken_gates_take_turn(GATE_TURN, account_id);
	PG_TRY();
	{
		DisableInTurn(rescue);
	}
	PG_CATCH();
	{
		apitoken_gates_expect_no_deadlocks();
		PG_RE_THROW();
	}
	PG_END_TRY();
	apitoken_gates_end_turn(GATE_TURN, account_id);
	if (rescue->overtakes)
		apitoken_gates_end_turn(GATE_RESCUE_TURN, account_id);
	apitoken_gates_expect_no_deadlocks();
}

/* Returns the ids of those that are to be disabled, or held, as things are now. */
static List *
LookForAll(const Rescue *rescue)
{
	List	   *ids;

	PushActiveSnapshot(GetLatestSnapshot());
	ids = apitoken_store_strings(apitoken_store_run_composed_active(rescue->statements[RESCUE_LOOKS]));
	PopActiveSnapshot();
	return ids;
}

/* Disables those of the tokens that are Active, and holds all of them if that is asked for. */
static void
DisableThese(Rescue *rescue, List *ids)
{
	const ApitokenCall *call = rescue->call;
	const char *account_id = rescue->choice.account_id;
	ApitokenArguments arguments;
	List	   *disabled;
	ListCell   *cell;

	foreach(cell, ids)
		apitoken_acts_settle(&call->caller, lfirst(cell));
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_pointer(&arguments, 2, DistinctIds(ids));
	apitoken_store_set_text(&arguments, 3, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 4, call->caller.actor.id);
	disabled = apitoken_store_strings(apitoken_identity_write_as(&call->caller, STATEMENT_DISABLE_CHOSEN,
																 &arguments, false));
	foreach(cell, disabled)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_transitions_record(&call->caller, account_id, lfirst(cell), "Active", "Disabled");
	}
	rescue->ids = list_concat(rescue->ids, disabled);
	if (!rescue->choice.hold)
		return;
	foreach(cell, ids)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_hold_token(call, account_id, lfirst(cell));
	}
}

/* Says what would be disabled, as things are now. */
static void
LookAtAll(Rescue *rescue)
{
	PushActiveSnapshot(GetLatestSnapshot());
	rescue->ids = CollectIds(NIL,
							 apitoken_store_run_composed_active(rescue->statements[RESCUE_LOOKS]));
	PopActiveSnapshot();
}

/* Translates the query for each purpose; raises PT400. */
static void
Compile(Rescue *rescue, const ApitokenRql *rql, text *query)
{
	for (ApitokenRescuePurpose purpose = RESCUE_LOOKS; purpose <= RESCUE_TRIES; purpose++)
	{
		ApitokenSql *sql = palloc(sizeof(ApitokenSql));

		rescue->choice.purpose = purpose;
		apitoken_rql_compile_rescue(rql, VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query),
									&rescue->choice, sql);
		rescue->statements[purpose] = sql;
	}
}

/* What is asked of a rescue of several accounts, each of which it is about for a moment. */
typedef struct DistributedRescue
{
	Rescue	   *rescue;
	const ApitokenRql *rql;
	text	   *query;
} DistributedRescue;

static List *
LookForAccount(const char *account_id, void *argument)
{
	DistributedRescue *distributed = argument;

	distributed->rescue->choice.account_id = account_id;
	Compile(distributed->rescue, distributed->rql, distributed->query);
	return LookForAll(distributed->rescue);
}

/*
 * Disables what is chosen where the tables are distributed: when nobody commits another token
 * of the account, or of any, any more, nor has one of those.
 */
static void
DisableDistributed(Rescue *rescue, const ApitokenRql *rql, text *query)
{
	DistributedRescue distributed = {rescue, rql, query};
	ApitokenArguments arguments;
	List	   *accounts;
	List	   *ids;
	ListCell   *cell;

	apitoken_store_clear(&arguments);
	accounts = rescue->choice.account_id != NULL ? list_make1((char *) rescue->choice.account_id) :
		apitoken_store_strings(apitoken_store_run_latest(STATEMENT_EVERY_ACCOUNT, &arguments));
	(void) apitoken_closing_lock(accounts, false, LookForAccount, &distributed);
	foreach(cell, accounts)
	{
		CHECK_FOR_INTERRUPTS();
		while ((ids = LookForAccount(lfirst(cell), &distributed)) != NIL)
			DisableThese(rescue, ids);
	}
}

/*
 * Sees that the caller may do that to the account: without one it is every account.
 * Raises PT403 and PT404.
 */
static void
CheckScope(const ApitokenCall *call, const char *account_id, bool hold)
{
	if (account_id != NULL)
		apitoken_call_find_account(call, account_id);
	else if (!call->caller.everywhere)
		apitoken_error_every_account_forbidden();
	if (hold)
		apitoken_hold_check_right(&call->caller);
}

/* Returns a number by which the trail knows what this call has done, or 0. */
static int64
NextCall(void)
{
	ApitokenArguments arguments;
	bool		isnull;

	if (!apitoken_store_has_column("api_token_transitions", "call_id"))
		return 0;
	apitoken_store_clear(&arguments);
	(void) apitoken_store_run_fresh(STATEMENT_NEXT_CALL, &arguments);
	return DatumGetInt64(apitoken_store_value(0, 1, &isnull));
}

PG_FUNCTION_INFO_V1(apitoken_disable_all);

/*
 * apitoken_disable_all(account_id text [, query text, hold boolean, dry_run boolean,
 * reason text])
 * returns jsonb: disables every Active token of an account (null: of all) that
 * satisfies the conditions of the query, and with hold holds them and those that are
 * Disabled; an array of the ids of those that were Active, sorted.  With dry_run
 * nothing is changed.
 *
 * What others commit while it goes on counts, under every isolation; but above read
 * committed a token that they have changed may end it with 40001.
 *
 * Raises PT400 for an id or a query that cannot be used, and for a null account
 * without a condition; PT401; PT403, also for a hold or a null account by somebody
 * who may not; PT404 if there is no such account whose tokens the caller may
 * administer; and 25006, but for a dry run.
 */
Datum
apitoken_disable_all(PG_FUNCTION_ARGS)
{
	/* the one that has no query has to be given the account */
	char	   *account_id = PG_NARGS() > 1 && PG_ARGISNULL(0) ? NULL :
		apitoken_call_id(fcinfo, 0, "account_id");
	text	   *query = apitoken_call_isnull(fcinfo, 1) ? cstring_to_text("") :
		PG_GETARG_TEXT_PP(1);
	bool		hold = apitoken_call_flag(fcinfo, 2);
	bool		dry_run = apitoken_call_flag(fcinfo, 3);
	ApitokenRql *rql = apitoken_rql_parse(VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query));
	const char *reason = apitoken_call_reason(fcinfo, 4);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	Rescue		rescue = {
		.call = &call, .choice = {account_id, hold, RESCUE_LOOKS, &call.caller.actor}
	};
	Jsonb	   *answer;

	if (account_id == NULL && rql->filters == NIL)
		apitoken_error_rescue_everything();
	CheckScope(&call, account_id, hold);
	Compile(&rescue, rql, query);
	if (dry_run)
		LookAtAll(&rescue);
	else
	{
		/* before something that a standby has not got says something else */
		PreventCommandIfReadOnly("UPDATE");
		call.caller.closes_account = true;
		call.caller.reason = reason;
		call.caller.call_id = NextCall();
		if (apitoken_distribution_is_ready())
			DisableDistributed(&rescue, rql, query);
		else
			DisableAll(&rescue);
		apitoken_acts_administer(&call.caller, account_id);
	}
	answer = SortedIds(rescue.ids, call.result_context);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(answer);
}

/*
 * Enabling
 */

/* Takes an array of ids apart; NULL stands for null.  Raises PT400. */
static List *
ParseIds(Jsonb *jsonb)
{
	List	   *ids = NIL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (jsonb == NULL || !JB_ROOT_IS_ARRAY(jsonb) || JB_ROOT_IS_SCALAR(jsonb))
		apitoken_error_ids_type();

	iterator = JsonbIteratorInit(&jsonb->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvString)
			apitoken_error_ids_type();
		ids = lappend(ids, pnstrdup(value.val.string.val, value.val.string.len));
	}
	return ids;
}

/* The same where the tables are distributed: what is on several nodes is asked in pieces. */
static int64
FindDistributedCall(ApitokenArguments *arguments, int count)
{
	uint64		rows = apitoken_store_run_latest(STATEMENT_CALLS_OF, arguments);
	int64	   *calls = palloc(sizeof(int64) * Max(rows, 1));
	bool		isnull;

	for (uint64 row = 0; row < rows; row++)
		calls[row] = DatumGetInt64(apitoken_store_value(row, 1, &isnull));
	for (uint64 row = 0; row < rows; row++)
	{
		ApitokenArguments call;

		apitoken_store_clear(&call);
		apitoken_store_set(&call, 1, Int64GetDatum(calls[row]));
		(void) apitoken_store_run_latest(STATEMENT_CHANGES_OF_CALL, &call);
		if (DatumGetInt64(apitoken_store_value(0, 1, &isnull)) == count)
			return calls[row];
	}
	apitoken_error_no_such_call();
}

/* Finds the call that has disabled these tokens, and no other.  Raises PT400. */
static int64
FindCall(ApitokenArguments *arguments)
{
	bool		isnull;

	if (apitoken_store_run_latest(STATEMENT_FIND_CALL, arguments) == 0)
		apitoken_error_no_such_call();
	return DatumGetInt64(apitoken_store_value(0, 1, &isnull));
}

static void
PassTurns(const ApitokenCall *call, List *ids)
{
	ListCell   *cell;

	foreach(cell, ids)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_call_pass_turn_of(call, lfirst(cell));
	}
}

/* Enables a token that is as the call has left it, where the tables are distributed. */
static bool
EnableDistributed(const ApitokenCall *call, ApitokenArguments *arguments, Datum id, List **accounts)
{
	const char *name = TextDatumGetCString(id);
	const char *account_id = apitoken_call_account_of(call, name);
	char	   *status;

	/*
	 * one that the call has disabled, but that is not the caller's to see any
	 * more
	 */
	if (account_id == NULL)
		return false;
	(void) apitoken_call_lock_token(call, name, &status);
	apitoken_store_set_pointer(arguments, 1, apitoken_ids_array(&id, 1));
	apitoken_store_set_text(arguments, 8, account_id);
	if (apitoken_trail_write_as(&call->caller, STATEMENT_ENABLE_ALL, arguments, account_id,
								name) == 0)
		return false;
	apitoken_acts_open(&call->caller, account_id);
	if (*accounts == NIL || strcmp(llast(*accounts), account_id) != 0)
		*accounts = lappend(*accounts, pstrdup(account_id));
	return true;
}

/* Enables those of the tokens that are as the call has left them; in order of their ids. */
static List *
EnableEach(const ApitokenCall *call, ApitokenArguments *arguments, ArrayType *array,
		   List **accounts)
{
	List	   *enabled = NIL;
	Datum	   *ids;
	int			count = apitoken_ids_of_array(array, &ids);

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (EnableDistributed(call, arguments, ids[i], accounts))
			enabled = lappend(enabled, TextDatumGetCString(ids[i]));
	}
	return enabled;
}

/* The same on one server, all at once. */
static List *
EnableTogether(const ApitokenCall *call, ApitokenArguments *arguments, List **accounts)
{
	List	   *enabled = NIL;
	uint64		rows;

	/* what has become of them is asked when nobody can change it any more */
	(void) apitoken_store_run_latest(STATEMENT_LOCK_DISABLED, arguments);
	rows = apitoken_identity_write_as(&call->caller, STATEMENT_ENABLE_ALL, arguments, true);
	for (uint64 row = 0; row < rows; row++)
	{
		char	   *account_id = apitoken_store_cstring(row, 2);

		enabled = lappend(enabled, apitoken_store_cstring(row, 1));
		/* mostly they are of one */
		if (*accounts == NIL || strcmp(llast(*accounts), account_id) != 0)
			*accounts = lappend(*accounts, account_id);
	}
	return enabled;
}

/*
 * Enables those of the tokens that are as the call has left them.  Returns their ids.
 */
static List *
EnableAll(const ApitokenCall *call, List *list, bool release)
{
	ArrayType  *ids = DistinctIds(list);
	ApitokenArguments arguments;
	List	   *enabled;
	List	   *accounts = NIL;
	ListCell   *cell;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, ids);
	apitoken_identity_set_scope(&arguments, 2, 3, &call->caller);
	apitoken_store_set(&arguments, 4,
					   Int64GetDatum(apitoken_distribution_is_ready() ?
									 FindDistributedCall(&arguments, ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids))) :
									 FindCall(&arguments)));
	apitoken_store_set(&arguments, 5, BoolGetDatum(release));
	apitoken_store_set_text(&arguments, 6, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 7, call->caller.actor.id);

	if (call->caller.actor.type != NULL)
		PassTurns(call, list);
	enabled = apitoken_distribution_is_ready() ?
		EnableEach(call, &arguments, ids, &accounts) :
		EnableTogether(call, &arguments, &accounts);
	foreach(cell, accounts)
		apitoken_acts_administer(&call->caller, lfirst(cell));
	/* tokens that are not as the call has left them were locked, too */
	if (accounts == NIL)
		apitoken_acts_administer(&call->caller, NULL);
	return enabled;
}

PG_FUNCTION_INFO_V1(apitoken_enable_all);

/*
 * apitoken_enable_all(disabled jsonb, release boolean) returns jsonb: takes back
 * what one call of apitoken_disable_all has done, whose answer it is given.  A token
 * whose status somebody has changed since stays as it is, and so does one that is
 * held, unless it is to be let go.  An array of the ids of those that are Active
 * now, sorted.
 *
 * Raises PT400 if no call has disabled these tokens and no other, PT401, PT403, also
 * for letting go by somebody who may not, and 25006.
 */
Datum
apitoken_enable_all(PG_FUNCTION_ARGS)
{
	List	   *ids = ParseIds(apitoken_call_isnull(fcinfo, 0) ? NULL : PG_GETARG_JSONB_P(0));
	bool		release = apitoken_call_flag(fcinfo, 1);
	ApitokenCall call = apitoken_call_begin(OPERATION_TRANSITION);
	Jsonb	   *answer;

	if (release)
		apitoken_hold_check_right(&call.caller);
	PreventCommandIfReadOnly("UPDATE");
	answer = SortedIds(ids == NIL ? NIL : EnableAll(&call, ids, release),
					   call.result_context);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(answer);
}
