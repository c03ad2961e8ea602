/*-------------------------------------------------------------------------
 *
 * marks.h
 *	  Which changes on a shard are those of calls.
 *
 * src/calls/marks.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_MARKS_H
#define APITOKEN_MARKS_H

#include "compat.h"

extern void apitoken_marks_start_adding(const char *account_id);
extern void apitoken_marks_set_adding(const char *account_id, bool on);
extern bool apitoken_marks_is_call(void);
extern void apitoken_marks_define_setting(void);

#endif							/* APITOKEN_MARKS_H */
