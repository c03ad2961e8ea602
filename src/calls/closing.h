/*-------------------------------------------------------------------------
 *
 * closing.h
 *	  Locks an account with its tokens, where the tables are distributed.
 *
 * src/calls/closing.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_CLOSING_H
#define APITOKEN_CLOSING_H

#include "compat.h"

#include "nodes/pg_list.h"

/* Returns the ids of an account's tokens that are chosen as things are now: strings. */
typedef List *(*ApitokenChoice) (const char *account_id, void *argument);

extern bool apitoken_closing_lock(const List *accounts, bool erases, ApitokenChoice choose,
								  void *argument);

#endif							/* APITOKEN_CLOSING_H */
