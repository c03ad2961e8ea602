/*-------------------------------------------------------------------------
 *
 * planning.h
 *	  For which sizes of tables statements are planned.
 *
 * src/store/planning.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_PLANNING_H
#define APITOKEN_PLANNING_H

#include "postgres.h"

extern void apitoken_planning_start(void);
extern bool apitoken_planning_for_many_rows(bool many);
extern bool apitoken_planning_is_hooked(void);

#endif
