/*-------------------------------------------------------------------------
 *
 * policies.c
 *	  What the row security policies of the tables ask, and what they cannot
 *	  say: which columns an actor does not change by hand.
 *
 * src/rights/policies.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "errors.h"
#include "fmgr.h"
#include "rights/identity.h"
#include "store/trigger_row.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

/*
 * Finds what the caller sees.  The array is in the memory context that was
 * current at the call.
 */
static ApitokenCaller
VisibleToCaller(void)
{
	MemoryContext result_context = CurrentMemoryContext;
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenCaller caller;
	MemoryContext old;

	/* as things are now: but in parallel mode no newer snapshot can be taken */
	if (!IsInParallelMode())
		PushActiveSnapshot(GetLatestSnapshot());
	(void) apitoken_identity_find(ownership.role, OPERATION_SEE, &caller);
	if (!IsInParallelMode())
		PopActiveSnapshot();

	old = MemoryContextSwitchTo(result_context);
	caller.accounts = DatumGetArrayTypePCopy(PointerGetDatum(caller.accounts));
	MemoryContextSwitchTo(old);
	apitoken_owner_leave(&ownership);
	return caller;
}

PG_FUNCTION_INFO_V1(apitoken_sees_every_account);

/* apitoken.sees_every_account() returns boolean */
Datum
apitoken_sees_every_account(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(VisibleToCaller().everywhere);
}

PG_FUNCTION_INFO_V1(apitoken_visible_accounts);

/* apitoken.visible_accounts() returns text[]: empty if the caller sees none. */
Datum
apitoken_visible_accounts(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(VisibleToCaller().accounts);
}

/* Has the column another value in the new row?  As texts: a Datum has several forms. */
static bool
IsChanged(TriggerData *trigger, const char *column)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;
	int			attnum = SPI_fnumber(tupdesc, column);
	char	   *old = SPI_getvalue(trigger->tg_trigtuple, tupdesc, attnum);
	char	   *new = SPI_getvalue(trigger->tg_newtuple, tupdesc, attnum);

	return old == NULL || new == NULL ? old != new : strcmp(old, new) != 0;
}

PG_FUNCTION_INFO_V1(apitoken_keep_columns);

/*
 * apitoken.keep_columns(column, ...): trigger before an update of a row that names
 * one of these columns.  Only who sees every account changes them, among those whom
 * row security binds.  It is a trigger without a condition, since the server reads
 * a condition's text anew for each statement, which takes longer than all of this.
 *
 * Raises 42501 if somebody else has changed one, and 39P01 if it is called
 * otherwise.
 */
Datum
apitoken_keep_columns(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	apitoken_trigger_check_before_update(fcinfo);
	if (check_enable_rls(RelationGetRelid(trigger->tg_relation), InvalidOid, true) == RLS_ENABLED)
	{
		for (int i = 0; i < trigger->tg_trigger->tgnargs; i++)
		{
			if (IsChanged(trigger, trigger->tg_trigger->tgargs[i]) &&
				!VisibleToCaller().everywhere)
				apitoken_error_kept_column(trigger->tg_relation, trigger->tg_trigger->tgargs[i]);
		}
	}
	PG_RETURN_POINTER(trigger->tg_newtuple);
}
