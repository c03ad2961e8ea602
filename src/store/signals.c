/*-------------------------------------------------------------------------
 *
 * signals.c
 *	  Signals that tokens' statuses have changed.
 *
 * They are notifications, which a committing transaction puts into a queue that
 * all of the server share: one at a time, and none when it is full; and anybody
 * can fill it.  But no change of a status may fail, or wait for long, because of
 * that.  So signals are kept until the transaction commits, and handed over only
 * if the lock of the queue was to be had in apitoken.notify_timeout, and there is
 * room; else they are left out, with a warning.  The lock is the one that the
 * server itself takes next, so that nothing is different by then.
 *
 * src/store/signals.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/signals.h"

#include "apitoken.h"
#include "catalog/pg_database.h"
#include "commands/async.h"
#include "errors.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lock.h"
#include "store/gates.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* What a notification takes in the queue beside its text, and then some. */
#define NOTIFICATION_OVERHEAD 64

/* Fuller than that the queue is not made. */
#define MAX_QUEUE_USAGE 0.99

/* How long the lock of the queue is looked for, and how long between two looks. */
#define LOOKING_MS 100
#define NAP_US 500

typedef struct Signal
{
	SubTransactionId subid;
	char	   *payload;
} Signal;

/* Those of this transaction, in its memory. */
static List *signals = NIL;

/* Keeps a signal until the transaction commits. */
void
apitoken_signals_add(const char *id, const char *status)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Signal	   *signal = palloc(sizeof(Signal));
	StringInfoData payload;

	initStringInfo(&payload);
	appendStringInfoString(&payload, "{\"id\": ");
	escape_json(&payload, id);
	appendStringInfoString(&payload, ", \"status\": ");
	escape_json(&payload, status);
	appendStringInfoChar(&payload, '}');

	signal->subid = GetCurrentSubTransactionId();
	signal->payload = payload.data;
	signals = lappend(signals, signal);
	MemoryContextSwitchTo(old);
}

/* Are there signals to be sent? */
bool
apitoken_signals_are_due(void)
{
	return signals != NIL;
}

/* Which part of the queue is used: nobody adds to it while its lock is held. */
static double
QueueUsage(void)
{
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	return DatumGetFloat8(pg_notification_queue_usage(fcinfo));
}

static bool
IsRoom(void)
{
	Size		bytes = 0;
	ListCell   *cell;

	foreach(cell, signals)
		bytes += strlen(((Signal *) lfirst(cell))->payload) + NOTIFICATION_OVERHEAD;
	return QueueUsage() + (double) bytes / ((double) apitoken_queue_pages * BLCKSZ) <=
		MAX_QUEUE_USAGE;
}

/*
 * Looks for so many milliseconds, without waiting, whether the lock can be had.  One
 * that is waited for is given to whoever has waited longest, and is nobody's use until
 * he has been woken: where many commit on a busy machine, all of them wait for one who
 * does not run.
 */
static bool
LockFreeQueue(const LOCKTAG *tag, int milliseconds)
{
	for (int slept = 0; slept <= milliseconds * 1000; slept += NAP_US)
	{
		if (LockAcquire(tag, AccessExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL)
			return true;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(NAP_US);
	}
	return false;
}

/* Takes the lock under which the server itself adds to the queue, if it can. */
static bool
LockQueue(void)
{
	int			looking = Min(apitoken_notify_timeout, LOOKING_MS);
	int			waiting = apitoken_notify_timeout - looking;
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, InvalidOid, 0);
	return LockFreeQueue(&tag, looking) ||
		(waiting > 0 && apitoken_gates_lock_within(&tag, AccessExclusiveLock, waiting, waiting));
}

/*
 * Hands the signals over to the server, which sends them when the transaction has
 * committed; for the time before that.  Leaves them out, with a warning, if the
 * queue cannot be had, or is full.
 */
void
apitoken_signals_send(void)
{
	ListCell   *cell;

	if (signals == NIL)
		return;
	if (!LockQueue() || !IsRoom())
	{
		apitoken_warn_signals_left_out(list_length(signals));
		return;
	}
	foreach(cell, signals)
		Async_Notify(APITOKEN_CHANNEL, ((Signal *) lfirst(cell))->payload);
}

/* Those of a subtransaction are its parent's when it ends well, else nobody's. */
void
apitoken_signals_end_subtransaction(SubXactEvent event, SubTransactionId mine,
									SubTransactionId parent)
{
	for (int i = list_length(signals) - 1; i >= 0; i--)
	{
		Signal	   *signal = list_nth(signals, i);

		if (signal->subid != mine)
			break;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			signal->subid = parent;
		else
			signals = list_delete_last(signals);
	}
}

/* Forgets them; their memory goes with the transaction. */
void
apitoken_signals_forget(void)
{
	signals = NIL;
}
