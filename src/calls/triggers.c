/*-------------------------------------------------------------------------
 *
 * triggers.c
 *	  The triggers that withdraw modules, that close gates, and that note what
 *	  is done by hand.
 *
 * src/calls/triggers.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "rights/acts.h"
#include "rights/owner.h"
#include "store/gates.h"
#include "store/store.h"
#include "store/trigger_row.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* Is it the default group, and has the module no more? */
static bool
HasDefaultGroupLost(Datum account_id, Datum group_id, Datum module_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, group_id);
	apitoken_store_set(&arguments, 3, module_id);
	return apitoken_store_run_crosschecked(STATEMENT_DEFAULT_GROUP, &arguments) > 0;
}

static void
Withdraw(Datum account_id, Datum module_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, module_id);
	(void) apitoken_store_run_crosschecked(STATEMENT_WITHDRAW_FROM_GROUPS, &arguments);
	(void) apitoken_store_run_crosschecked(STATEMENT_WITHDRAW_FROM_TOKENS, &arguments);
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
	ownership = apitoken_owner_enter();
	account_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "account_id");
	apitoken_gates_close(GATE_ACCOUNT, TextDatumGetCString(account_id));
	apitoken_acts_by_hand(RelationGetRelid(trigger->tg_relation), ownership.role);
	module_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "module_id");
	if (HasDefaultGroupLost(account_id,
							apitoken_trigger_value(trigger, trigger->tg_trigtuple, "user_group_id"),
							module_id))
		Withdraw(account_id, module_id);
	apitoken_owner_leave(&ownership);
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

PG_FUNCTION_INFO_V1(apitoken_act_by_hand);

/*
 * apitoken.act_by_hand(): trigger after a statement that changes rows.  What is done by hand
 * by an actor's right is looked at again when it is committed; see acts.c.  Raises 39P01
 * if it is called otherwise, PT401 if he is not there any more, and PT403 if he may not.
 */
Datum
apitoken_act_by_hand(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;

	apitoken_trigger_check_statement(fcinfo);
	ownership = apitoken_owner_enter();
	apitoken_acts_by_policy(RelationGetRelid(trigger->tg_relation), ownership.role);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}
