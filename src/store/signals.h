/*-------------------------------------------------------------------------
 *
 * signals.h
 *	  Signals that tokens' statuses have changed.
 *
 * src/store/signals.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SIGNALS_H
#define APITOKEN_SIGNALS_H

#include "compat.h"

#include "access/xact.h"

extern void apitoken_signals_add(const char *id, const char *status);
extern bool apitoken_signals_are_due(void);
extern void apitoken_signals_send(void);
extern void apitoken_signals_end_subtransaction(SubXactEvent event, SubTransactionId mine,
												SubTransactionId parent);
extern void apitoken_signals_forget(void);

#endif							/* APITOKEN_SIGNALS_H */
