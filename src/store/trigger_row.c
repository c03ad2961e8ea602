/*-------------------------------------------------------------------------
 *
 * trigger_row.c
 *	  What a trigger in C is called with.
 *
 * src/store/trigger_row.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/trigger_row.h"

#include "catalog/pg_type.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

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

/* The same for a trigger before an insert, too. */
void
apitoken_trigger_check_before_update_or_insert(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) || TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		apitoken_error_trigger();
}

/* The same for a trigger before a delete. */
void
apitoken_trigger_check_before_delete(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
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

/* The same for a trigger after a statement. */
void
apitoken_trigger_check_statement(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event))
		apitoken_error_trigger();
}

/*
 * Does a restore write this table?  A script of pg_dump copies each table in a
 * transaction of its own, tokens' modules before the groups', and has to bring
 * back what an older version let be written.  It turns row_security off, with
 * which only those write whom row security does not bind.  What runs in the
 * name of another than its caller, as the functions of this extension do, is no
 * restore: the setting is the caller's.
 */
bool
apitoken_trigger_is_restored(Relation relation)
{
	return !row_security && !InLocalUserIdChange() &&
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_ENABLED;
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
