/*-------------------------------------------------------------------------
 *
 * policies.c
 *	  What the row security policies of the tables ask, and what they cannot
 *	  say: which columns nobody whom they bind changes by hand.
 *
 * src/rights/policies.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "errors.h"
#include "fmgr.h"
#include "rights/acting.h"
#include "rights/actor.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "store/ids.h"
#include "store/trigger_row.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/rls.h"

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

	(void) apitoken_acting_begin();
	(void) apitoken_identity_find(ownership.role, OPERATION_SEE, &caller);
	apitoken_acting_end();

	if (caller.actor.type != NULL)
		apitoken_acts_asked(&caller);

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

/*
 * What row security cannot say
 */

/* A column's value as text: a Datum has several forms.  NULL if it is null. */
static char *
ColumnText(TriggerData *trigger, HeapTuple row, const char *column)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;

	return SPI_getvalue(row, tupdesc, SPI_fnumber(tupdesc, column));
}

static bool
IsChanged(TriggerData *trigger, const char *column)
{
	return !apitoken_ids_same(ColumnText(trigger, trigger->tg_trigtuple, column),
							  ColumnText(trigger, trigger->tg_newtuple, column));
}

/* Does row security bind who writes the row?  The functions' own writes are the owner's. */
static bool
IsBound(TriggerData *trigger)
{
	return check_enable_rls(RelationGetRelid(trigger->tg_relation), InvalidOid, true) == RLS_ENABLED;
}

PG_FUNCTION_INFO_V1(apitoken_keep_columns);

/*
 * apitoken.keep_columns(column, ...): trigger before an update of a row that names
 * one of these columns.  Nobody changes them whom row security binds.  It is a
 * trigger without a condition, since the server reads a condition's text anew for
 * each statement, which takes longer than all of this.
 *
 * Raises 42501 if somebody has changed one, and 39P01 if it is called otherwise.
 */
Datum
apitoken_keep_columns(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	apitoken_trigger_check_before_update(fcinfo);
	for (int i = 0; i < trigger->tg_trigger->tgnargs && IsBound(trigger); i++)
	{
		if (IsChanged(trigger, trigger->tg_trigger->tgargs[i]))
			apitoken_error_kept_column(trigger->tg_relation, trigger->tg_trigger->tgargs[i]);
	}
	PG_RETURN_POINTER(trigger->tg_newtuple);
}

/* The columns that say who has created or updated a row. */
typedef struct Audited
{
	const char *type;
	const char *id;
} Audited;

static const Audited created = {"created_by_type", "created_by_id"};
static const Audited updated = {"updated_by_type", "updated_by_id"};

/* Raises 42501 if the columns name somebody other than that actor. */
static void
CheckNamed(TriggerData *trigger, HeapTuple row, const Audited *audited, const ApitokenActor *actor)
{
	ApitokenActor named = {
		.type = ColumnText(trigger, row, audited->type), .id = ColumnText(trigger, row, audited->id)
	};

	if (named.type == NULL && named.id == NULL)
		return;
	if (!apitoken_actor_same(&named, actor))
		apitoken_error_kept_column(trigger->tg_relation, audited->id);
}

static bool
AreChanged(TriggerData *trigger, const Audited *audited)
{
	return IsChanged(trigger, audited->type) || IsChanged(trigger, audited->id);
}

PG_FUNCTION_INFO_V1(apitoken_keep_audit);

/*
 * apitoken.keep_audit(): trigger before an insert of a row, or an update that names
 * a column of who created or updated it.  Whom row security binds names himself or
 * nobody, if he acts; who acts in nobody's name may insert a row that has come with
 * an audit from elsewhere, and changes none.
 *
 * Raises 42501 for anything else, 39P01 if it is called otherwise.
 */
Datum
apitoken_keep_audit(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		inserted = CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	HeapTuple	row;
	ApitokenActor actor;

	apitoken_trigger_check_before_update_or_insert(fcinfo);
	row = inserted ? trigger->tg_trigtuple : trigger->tg_newtuple;
	if (!IsBound(trigger))
		PG_RETURN_POINTER(row);

	actor = apitoken_actor_current();
	if (inserted && actor.type != NULL)
	{
		CheckNamed(trigger, row, &created, &actor);
		CheckNamed(trigger, row, &updated, &actor);
	}
	else if (!inserted)
	{
		if (AreChanged(trigger, &created))
			apitoken_error_kept_column(trigger->tg_relation, created.id);
		if (AreChanged(trigger, &updated))
			CheckNamed(trigger, row, &updated, &actor);
	}
	PG_RETURN_POINTER(row);
}
