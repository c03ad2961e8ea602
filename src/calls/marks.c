/*-------------------------------------------------------------------------
 *
 * marks.c
 *	  Which changes on a shard are those of calls.
 *
 * A call leaves in the trail what it does, and a shard's trigger what is done by hand.  But
 * where a shard is, no more is known of a statement than its text, its role and its
 * transaction.  So a call's statements say that they are a call's: one that changes rows, or
 * removes some, by apitoken.by_call() in its condition, and one that adds rows, of which
 * Citus leaves nothing but the rows, by a setting that is on meanwhile.  Nobody but the
 * tables' owner can execute the one, and nobody but a superuser can set the other.
 *
 * src/calls/marks.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/marks.h"

#include "fmgr.h"
#include "store/distribution.h"
#include "store/store.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* How many statements of calls are being executed here. */
static int	marked = 0;

/* The setting: is a call, on whichever node, adding rows here? */
static bool adding = false;

static void
Unmark(void *argument)
{
	marked--;
}

PG_FUNCTION_INFO_V1(apitoken_by_call);

/*
 * apitoken.by_call(account_id text) returns boolean: true.  Until the statement ends that
 * has it in its condition, the rows that change are changed by a call.
 */
Datum
apitoken_by_call(PG_FUNCTION_ARGS)
{
	FmgrInfo   *function = fcinfo->flinfo;

	/* what it is kept in ends with the statement, also by an error */
	if (function->fn_extra == NULL)
	{
		MemoryContextCallback *callback = MemoryContextAlloc(function->fn_mcxt, sizeof(MemoryContextCallback));

		callback->func = Unmark;
		callback->arg = NULL;
		MemoryContextRegisterResetCallback(function->fn_mcxt, callback);
		function->fn_extra = callback;
		marked++;
	}
	PG_RETURN_BOOL(true);
}

/*
 * Keeps an account's shard where it is until the transaction ends, where the tables are
 * distributed: it is moved beside who reads and locks, not beside who writes.
 */
void
apitoken_marks_hold_shard(const char *account_id)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
		return;
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	(void) apitoken_store_run_fresh(STATEMENT_WRITE_NOTHING, &arguments);
}

/*
 * Says where an account's rows are that a call is adding some, where the tables are
 * distributed, and locks the account's row before what every node has is written: so does
 * whoever erases the account, and neither waits for the other with what that one needs.
 * Expects SPI to be connected and the tables' owner to be the current role.
 */
void
apitoken_marks_start_adding(const char *account_id)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
		return;
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_marks_hold_shard(account_id);
	(void) apitoken_store_run_fresh(STATEMENT_START_ADDING, &arguments);
}

/*
 * Sets such a setting where an account's rows are, some of which are locked, in this
 * transaction, where the tables are distributed.
 */
void
apitoken_marks_set(const char *setting, const char *value, const char *account_id)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
		return;
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, setting);
	apitoken_store_set_text(&arguments, 2, value);
	apitoken_store_set_text(&arguments, 3, account_id);
	(void) apitoken_store_run_fresh(STATEMENT_SET_ON_SHARD, &arguments);
}

/* Is what changes a row of a shard now a call? */
bool
apitoken_marks_is_call(void)
{
	return marked > 0 || adding;
}

/* Defines the setting by which nodes are told; for _PG_init. */
void
apitoken_marks_define_setting(void)
{
	DefineCustomBoolVariable(APITOKEN_ADDING,
							 "Whether a call, on whichever node, is adding rows in this transaction.",
							 "The extension sets it where its tables are distributed.",
							 &adding,
							 false,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							 NULL, NULL, NULL);
}
