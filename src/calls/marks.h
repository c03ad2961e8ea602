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

/* The settings by which a call says on other nodes what it is doing. */
#define APITOKEN_ADDING "apitoken.adding"
#define APITOKEN_ERASING "apitoken.erasing"

extern void apitoken_marks_hold_shard(const char *account_id);
extern void apitoken_marks_start_adding(const char *account_id);
extern void apitoken_marks_set(const char *setting, const char *value,
							   const char *account_id);
extern bool apitoken_marks_is_call(void);
extern void apitoken_marks_define_setting(void);

#endif							/* APITOKEN_MARKS_H */
