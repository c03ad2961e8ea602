/*-------------------------------------------------------------------------
 *
 * offers.c
 *	  What an account's default user group offers, whoever writes the tables:
 *	  its other groups and its tokens have no module that the default group
 *	  has not, and nobody has one that an account of the type may not hold.
 *
 * All of it is looked at under the latest snapshot, whatever the isolation
 * level.  Rows that were there before these rules are left alone: a statement
 * is refused for what it brings about itself.
 *
 * src/calls/offers.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/trigger_row.h"

#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/*
 * What is given
 */

static void
CheckOffer(Relation relation, Datum account_id, Datum module_id)
{
	ApitokenArguments arguments;
	bool		isnull;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, module_id);
	/* an account or a module that is not there is the foreign keys' matter */
	if (apitoken_store_run_crosschecked(STATEMENT_MODULE_OFFER, &arguments) == 0)
		return;
	if (!DatumGetBool(apitoken_store_value(0, 1, &isnull)))
		apitoken_error_account_type(relation, account_id, apitoken_store_cstring(0, 3), module_id);
	if (DatumGetBool(apitoken_store_value(0, 2, &isnull)))
		return;
	/* a call has looked before: the module was withdrawn since */
	if (apitoken_identity_is_writing() && !apitoken_identity_is_doing(OPERATION_KEEP_ACCOUNTS))
		apitoken_error_offer_gone(TextDatumGetCString(module_id));
	apitoken_error_not_offered(relation, account_id, module_id);
}

/* Does the call that is writing now note what it gives itself, with who gives it? */
static bool
IsNotedByCall(void)
{
	return apitoken_identity_is_writing() && !apitoken_identity_is_doing(OPERATION_IMPORT) &&
		!apitoken_identity_is_doing(OPERATION_KEEP_ACCOUNTS);
}

/*
 * Notes that a module was given by hand, or with a token from elsewhere, to be looked at
 * again when the transaction commits: it may be withdrawn meanwhile.
 */
static void
NoteGiven(Datum account_id, Datum module_id)
{
	ApitokenCaller role;

	if (IsNotedByCall())
		return;
	role = apitoken_identity_role(InvalidOid, OPERATION_SEE);
	apitoken_acts_give(&role, TextDatumGetCString(account_id), TextDatumGetCString(module_id));
}

PG_FUNCTION_INFO_V1(apitoken_check_offer);

/*
 * apitoken.check_offer(): trigger on apitoken.user_group_modules and
 * apitoken.api_token_modules, after a row is added or names something else.
 * Raises 23514 if the account's default group does not have the module, or an
 * account of its type may not hold it; 39P01 if it is called otherwise.
 */
Datum
apitoken_check_offer(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;
	HeapTuple	row;
	Datum		account_id;
	Datum		module_id;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_INSERT);
	if (apitoken_trigger_is_restored(trigger->tg_relation))
		PG_RETURN_POINTER(NULL);

	ownership = apitoken_owner_enter();
	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	account_id = apitoken_trigger_value(trigger, row, "account_id");
	module_id = apitoken_trigger_value(trigger, row, "module_id");
	CheckOffer(trigger->tg_relation, account_id, module_id);
	NoteGiven(account_id, module_id);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

/* A table of the extension, for what has no trigger's. */
static Relation
OpenTable(const char *name)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);

	return table_open(get_relname_relid(name, schema), AccessShareLock);
}

PG_FUNCTION_INFO_V1(apitoken_check_gift);

/*
 * apitoken.check_gift(account_id text, module_id text) returns void: the same for a module
 * that a group or token has been given, where the tables are distributed and no trigger does it.
 * Raises as apitoken.check_offer() does.
 */
Datum
apitoken_check_gift(PG_FUNCTION_ARGS)
{
	ApitokenOwnership ownership = apitoken_owner_enter();
	Relation	relation = OpenTable("api_token_modules");

	CheckOffer(relation, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	NoteGiven(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	table_close(relation, AccessShareLock);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}

/*
 * What is offered no more
 */

/*
 * Locks the account until the transaction ends: who moves the default to a group
 * and who takes a module from that group must not both rely on what the other
 * takes away.  group_id is 0 for the former; a module that is taken from the
 * default group locks nothing.  No foreign key's check conflicts with this.
 */
static void
SettleAccount(Datum account_id, Datum group_id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set_pointer(&arguments, 2, DatumGetPointer(group_id));
	(void) apitoken_store_run_crosschecked(STATEMENT_SETTLE_ACCOUNT, &arguments);
}

/* Raises 23514 if the statement finds a holder and a module. */
static void
CheckHeld(Relation relation, Datum account_id, ApitokenStatement statement,
		  ApitokenArguments *arguments)
{
	apitoken_store_set(arguments, 1, account_id);
	if (apitoken_store_run_crosschecked(statement, arguments) > 0)
		apitoken_error_still_held(relation, account_id, apitoken_store_cstring(0, 1),
								  apitoken_store_cstring(0, 2));
}

PG_FUNCTION_INFO_V1(apitoken_keep_offer);

/*
 * apitoken.keep_offer(): trigger on apitoken.user_groups, after the default
 * group has gone or is the default no more.  Raises 23514 if somebody of the
 * account has a module that the default group has not now; 39P01 if it is
 * called otherwise.
 */
Datum
apitoken_keep_offer(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;
	ApitokenArguments arguments;
	Datum		account_id;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_DELETE);
	ownership = apitoken_owner_enter();
	account_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "account_id");
	SettleAccount(account_id, (Datum) 0);
	apitoken_store_clear(&arguments);
	CheckHeld(trigger->tg_relation, account_id, STATEMENT_HELD_UNOFFERED, &arguments);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

PG_FUNCTION_INFO_V1(apitoken_check_offers);

/*
 * apitoken.check_offers(account_id text) returns void: the same of an account, which is
 * locked, where the tables are distributed and no trigger does it.  Raises PT401 but for
 * apitoken_sync.
 */
Datum
apitoken_check_offers(PG_FUNCTION_ARGS)
{
	ApitokenOwnership ownership = apitoken_owner_enter();
	Relation	relation = OpenTable("user_groups");
	ApitokenArguments arguments;

	if (!apitoken_identity_is_doing(OPERATION_KEEP_ACCOUNTS))
		apitoken_error_unauthorized();
	apitoken_store_clear(&arguments);
	CheckHeld(relation, PG_GETARG_DATUM(0), STATEMENT_HELD_UNOFFERED, &arguments);
	table_close(relation, AccessShareLock);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(apitoken_keep_module);

/*
 * apitoken.keep_module(): trigger on apitoken.user_group_modules, in the end,
 * after a group has lost a module.  The group may have become the default one
 * since, in this transaction or in another: then nobody else has the module.
 * Raises as apitoken.keep_offer() does.
 */
Datum
apitoken_keep_module(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;
	ApitokenArguments arguments;
	Datum		account_id;
	Datum		group_id;
	HeapTuple	row;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_DELETE);
	row = trigger->tg_trigtuple;
	ownership = apitoken_owner_enter();
	account_id = apitoken_trigger_value(trigger, row, "account_id");
	group_id = apitoken_trigger_value(trigger, row, "user_group_id");
	SettleAccount(account_id, group_id);
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 2, apitoken_trigger_value(trigger, row, "module_id"));
	apitoken_store_set(&arguments, 3, group_id);
	CheckHeld(trigger->tg_relation, account_id, STATEMENT_MODULE_STILL_HELD, &arguments);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

/* The types of account that could hold a module before; no row has a null. */
static Datum
FormerAccountTypes(TriggerData *trigger)
{
	TupleDesc	tupdesc = trigger->tg_relation->rd_att;
	int			attnum = SPI_fnumber(tupdesc, "account_types");
	bool		isnull;
	Datum		types;

	if (attnum <= 0 || SPI_gettypeid(tupdesc, attnum) != TEXTARRAYOID)
		apitoken_error_column_type("account_types");
	types = SPI_getbinval(trigger->tg_trigtuple, tupdesc, attnum, &isnull);
	if (isnull)
		apitoken_error_column_type("account_types");
	return types;
}

/* Raises 23514 if an account has a module that had these account types, and cannot any more. */
static void
CheckAccountTypes(Relation relation, Datum module_id, Datum former)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, module_id);
	apitoken_store_set(&arguments, 2, former);
	if (apitoken_store_run_crosschecked(STATEMENT_MODULE_HOLDER, &arguments) > 0)
		apitoken_error_type_held(relation, apitoken_store_cstring(0, 1),
								 apitoken_store_cstring(0, 2), module_id);
}

PG_FUNCTION_INFO_V1(apitoken_keep_account_types);

/*
 * apitoken.keep_account_types(): trigger on apitoken.modules, in the end, after
 * its account types have changed.  Raises 23514 if an account has the module
 * whose type is among them no more; 39P01 if it is called otherwise.
 */
Datum
apitoken_keep_account_types(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_UPDATE);
	ownership = apitoken_owner_enter();
	CheckAccountTypes(trigger->tg_relation,
					  apitoken_trigger_value(trigger, trigger->tg_trigtuple, "id"),
					  FormerAccountTypes(trigger));
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

PG_FUNCTION_INFO_V1(apitoken_check_account_types);

/*
 * apitoken.check_account_types(module_id text, former text[]) returns void: the same of a
 * module that had the former ones, where the tables are distributed and no trigger does it.
 * Raises PT401 but for apitoken_sync.
 */
Datum
apitoken_check_account_types(PG_FUNCTION_ARGS)
{
	ApitokenOwnership ownership = apitoken_owner_enter();
	Relation	relation = OpenTable("modules");

	if (!apitoken_identity_is_doing(OPERATION_KEEP_ACCOUNTS))
		apitoken_error_unauthorized();
	CheckAccountTypes(relation, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	table_close(relation, AccessShareLock);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}
