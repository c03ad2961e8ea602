/*-------------------------------------------------------------------------
 *
 * trigger_row.h
 *	  What a trigger in C is called with.
 *
 * src/store/trigger_row.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRIGGER_ROW_H
#define APITOKEN_TRIGGER_ROW_H

#include "compat.h"

#include "commands/trigger.h"
#include "fmgr.h"

extern void apitoken_trigger_check(FunctionCallInfo fcinfo, TriggerEvent event);
extern void apitoken_trigger_check_before_update(FunctionCallInfo fcinfo);
extern void apitoken_trigger_check_before_update_or_insert(FunctionCallInfo fcinfo);
extern void apitoken_trigger_check_before_delete(FunctionCallInfo fcinfo);
extern void apitoken_trigger_check_update_or(FunctionCallInfo fcinfo, TriggerEvent event);
extern void apitoken_trigger_check_statement(FunctionCallInfo fcinfo);
extern bool apitoken_trigger_is_restored(Relation relation);
extern Datum apitoken_trigger_value(TriggerData *trigger, HeapTuple tuple, const char *column);

#endif							/* APITOKEN_TRIGGER_ROW_H */
