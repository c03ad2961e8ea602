/*-------------------------------------------------------------------------
 *
 * subxact.h
 *	  Runs something that may fail, without failing with it.
 *
 * src/store/subxact.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SUBXACT_H
#define APITOKEN_SUBXACT_H

#include "compat.h"

extern bool apitoken_subxact_try(void (*action) (void *argument), void *argument,
								 bool (*forgives) (int sqlstate, void *argument));

#endif							/* APITOKEN_SUBXACT_H */
