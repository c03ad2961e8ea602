/*-------------------------------------------------------------------------
 *
 * triggers.h
 *	  What the triggers in C have in common.
 *
 * src/calls/triggers.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TRIGGERS_H
#define APITOKEN_TRIGGERS_H

#include "compat.h"

#include "commands/trigger.h"
#include "fmgr.h"

extern void apitoken_trigger_check(FunctionCallInfo fcinfo, TriggerEvent event);
extern void apitoken_trigger_check_before_update(FunctionCallInfo fcinfo);
extern void apitoken_trigger_check_update_or(FunctionCallInfo fcinfo, TriggerEvent event);
extern Datum apitoken_trigger_value(TriggerData *trigger, HeapTuple tuple, const char *column);

#endif							/* APITOKEN_TRIGGERS_H */
