/*-------------------------------------------------------------------------
 *
 * triggers.c
 *	  What the triggers in C have in common, and the one that withdraws
 *	  modules.
 *
 * src/calls/triggers.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/triggers.h"

#include "catalog/pg_type.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "store/gates.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/*
 * Checks that a function was called as a trigger, after that event of a row.
 * Raises 39P01 if not.
 */
void
apitoken_trigger_check(FunctionCallInfo fcinfo, TriggerEvent event)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		(trigger->tg_event & TRIGGER_EVENT_OPMASK) != event)
		apitoken_error_trigger();
}

/* The same for a trigger before an update of a row. */
void
apitoken_trigger_check_before_update(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		apitoken_error_trigger();
}

/* The same for a trigger that follows an update, too. */
void
apitoken_trigger_check_update_or(FunctionCallInfo fcinfo, TriggerEvent event)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		update = CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);

	apitoken_trigger_check(fcinfo, update ? TRIGGER_EVENT_UPDATE : event);
}

/*
 * Returns a column, of text and not null, of a trigger's row.  Raises 42804 if
 * it is not there or of another type.
 */
Datum
apitoken_trigger_value(TriggerData *trigger, HeapTuple tuple, const char *column)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;
	int			attnum = SPI_fnumber(tupdesc, column);
	bool		isnull;
	Datum		value;

	if (attnum <= 0 || getBaseType(SPI_gettypeid(tupdesc, attnum)) != TEXTOID)
		apitoken_error_column_type(column);
	value = SPI_getbinval(tuple, tupdesc, attnum, &isnull);
	if (isnull)
		apitoken_error_column_type(column);
	return value;
}

/* Is it the default group, and has the module no more? */
static bool
HasDefaultGroupLost(Datum account_id, Datum group_id, Datum module_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, group_id);
	apitoken_store_set(&arguments, 3, module_id);
	apitoken_store_write_latest(STATEMENT_DEFAULT_GROUP, &arguments);
	return SPI_processed > 0;
}

static void
Withdraw(Datum account_id, Datum module_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, module_id);
	apitoken_store_write_latest(STATEMENT_WITHDRAW_FROM_GROUPS, &arguments);
	apitoken_store_write_latest(STATEMENT_WITHDRAW_FROM_TOKENS, &arguments);
}

PG_FUNCTION_INFO_V1(apitoken_withdraw_module);

/*
 * apitoken.withdraw_module(): trigger on apitoken.user_group_modules, after a
 * delete or update of a row.  A module that is taken from an account's default group is taken from
 * its other groups and its tokens.  Raises 39P01 if it is called otherwise, PT401 if
 * it is done in the name of an actor who has been disabled, and
 * 40001, under repeatable read and above, if somebody has been given the module
 * since the transaction began.
 */
Datum
apitoken_withdraw_module(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;
	Datum		account_id;
	Datum		module_id;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_DELETE);
	ownership = apitoken_identity_enter();
	account_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "account_id");
	apitoken_gates_close(GATE_ACCOUNT, TextDatumGetCString(account_id));
	apitoken_acts_by_hand();
	module_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "module_id");
	if (HasDefaultGroupLost(account_id,
							apitoken_trigger_value(trigger, trigger->tg_trigtuple, "user_group_id"),
							module_id))
		Withdraw(account_id, module_id);
	apitoken_identity_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

static char *
OldText(TriggerData *trigger, const char *column)
{
	return TextDatumGetCString(apitoken_trigger_value(trigger, trigger->tg_trigtuple, column));
}

PG_FUNCTION_INFO_V1(apitoken_close_gate);

/*
 * apitoken.close_gate('all'), ('account', column), ('user', column) or ('token',
 * column): trigger after an update or delete of a row that takes rights away from
 * all, or from what the row's column names; see gates.c.  Raises 39P01 if it is
 * called otherwise.
 */
Datum
apitoken_close_gate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const char *kind;
	char	   *id = NULL;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_DELETE);

	kind = trigger->tg_trigger->tgargs[0];
	if (trigger->tg_trigger->tgnargs > 1)
		id = OldText(trigger, trigger->tg_trigger->tgargs[1]);

	if (id == NULL)
		apitoken_gates_close(GATE_ALL, NULL);
	else if (strcmp(kind, "token") == 0)
		apitoken_gates_close_token(OldText(trigger, "account_id"), id);
	else
		apitoken_gates_close(strcmp(kind, "user") == 0 ? GATE_USER : GATE_ACCOUNT, id);
	PG_RETURN_POINTER(NULL);
}
