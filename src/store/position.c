/*-------------------------------------------------------------------------
 *
 * position.c
 *	  A place in the feed.
 *
 * Rows of the trail become visible in the order of commits, which is not that of their
 * numbers, nor of their transactions.  So a place is a snapshot: what it does not show is
 * to come.  Which transactions it does not show is said one by one, those in progress
 * and all later ones: an old one, of whoever in whatever database, holds up nothing, and
 * writers do nothing for it but to note their transaction in the row.
 *
 * A place is of one trail, in one database of one cluster, and of a history of that: after
 * a promotion transactions that were handed out may never have been, and others get their
 * numbers.  Whether they were is told by how far the log had been written.
 *
 * Where the tables are distributed it is of the shards that one node has: their rows are
 * written there in transactions of that node, which have its number before their own, so
 * that what a shard has brought along from another node is known, see stamp.c.  Whether
 * that was handed out nobody knows, nor who tells what happens on a shard that has gone:
 * a place is of those shards, as they are there, and none where one has come or gone.
 *
 * src/store/position.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/position.h"

#include "access/timeline.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "store/distribution.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

/* Of the rows of one table, and of shards. */
#define VERSION "f1"
#define VERSION_OF_SHARDS "f2"

/*
 * Snapshots
 */

/* A transaction's whole number, given the next one's. */
static uint64
Widen(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, xid));
}

/*
 * What the active snapshot shows.  This transaction's own rows, which are not committed,
 * do not count as shown.  On a standby those in progress stand in another place.
 */
ApitokenSeen
apitoken_seen_now(void)
{
	Snapshot	snapshot = GetActiveSnapshot();
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	bool		standby = snapshot->takenDuringRecovery;
	int			count = standby ? snapshot->subxcnt : snapshot->xcnt;
	const TransactionId *xids = standby ? snapshot->subxip : snapshot->xip;
	ApitokenSeen seen = {Widen(snapshot->xmax, next), 0, palloc(sizeof(uint64) * (count + 1))};

	for (int i = 0; i < count; i++)
		seen.in_progress[seen.count++] = Widen(xids[i], next);
	if (FullTransactionIdIsValid(own) && U64FromFullTransactionId(own) < seen.xmax)
		seen.in_progress[seen.count++] = U64FromFullTransactionId(own);
	return seen;
}

static bool
IsInProgress(const ApitokenSeen *seen, uint64 xid)
{
	for (int i = 0; i < seen->count; i++)
	{
		if (seen->in_progress[i] == xid)
			return true;
	}
	return false;
}

/* Does a snapshot show all that the other one shows? */
bool
apitoken_seen_includes(const ApitokenSeen *seen, const ApitokenSeen *other)
{
	if (seen->xmax < other->xmax)
		return false;
	for (int i = 0; i < seen->count; i++)
	{
		if (seen->in_progress[i] < other->xmax && !IsInProgress(other, seen->in_progress[i]))
			return false;
	}
	return true;
}

/* The first transaction that it does not show. */
uint64
apitoken_seen_oldest(const ApitokenSeen *seen)
{
	uint64		oldest = seen->xmax;

	for (int i = 0; i < seen->count; i++)
		oldest = Min(oldest, seen->in_progress[i]);
	return oldest;
}

/* Returns a transaction's number as rows have it. */
Datum
apitoken_seen_xid(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(apitoken_distribution_base() | xid));
}

/* Hands a snapshot to a statement, as a number and an array. */
void
apitoken_seen_set(ApitokenArguments *arguments, int xmax, int in_progress,
				  const ApitokenSeen *seen)
{
	Datum	   *xids = palloc(sizeof(Datum) * Max(seen->count, 1));

	for (int i = 0; i < seen->count; i++)
		xids[i] = apitoken_seen_xid(seen->in_progress[i]);
	apitoken_store_set(arguments, xmax, seen->xmax == 0 ?
					   FullTransactionIdGetDatum(FullTransactionIdFromU64(0)) :
					   apitoken_seen_xid(seen->xmax));
	apitoken_store_set_pointer(arguments, in_progress,
							   construct_array(xids, seen->count, XID8OID, sizeof(uint64),
											   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * Histories
 */

/*
 * What a place's text is sealed with: what stands in it, and which trail this is, which is
 * another one after a restore, and in another server.  So what was cut off or changed is
 * seen, and nobody makes up a place that costs whatever he likes.
 */
static uint64
Seal(const char *text)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);
	uint64		of[3] = {GetSystemIdentifier(), MyDatabaseId,
	get_relname_relid("api_token_transitions", schema)};

	return hash_bytes_extended((const unsigned char *) text, strlen(text),
							   hash_bytes_extended((const unsigned char *) of, sizeof(of),
												   apitoken_distribution_base()));
}

/*
 * How far the log is written; where that is the begin of a page, it is the end of the one
 * before, which can be flushed.
 */
static XLogRecPtr
EndOfLog(void)
{
	XLogRecPtr	end = GetXLogInsertRecPtr();
	uint32		header = XLogSegmentOffset(end, wal_segment_size) < XLOG_BLCKSZ ?
		SizeOfXLogLongPHD : SizeOfXLogShortPHD;

	return end % XLOG_BLCKSZ == header ? end - header : end;
}

/* Where this server is. */
static void
FindLog(TimeLineID *timeline, XLogRecPtr *lsn)
{
	if (RecoveryInProgress())
		*lsn = GetXLogReplayRecPtr(timeline);
	else
	{
		*timeline = apitoken_insert_timeline();
		*lsn = EndOfLog();
	}
}

/*
 * Notes where a place stands in the log, before it is handed out: after its snapshots
 * were taken.  What is shown, but not flushed yet, as with synchronous_commit off, a
 * crash would take back; so it is flushed.
 */
void
apitoken_position_stamp(ApitokenPosition *position)
{
	FindLog(&position->timeline, &position->lsn);
	if (!RecoveryInProgress())
		XLogFlush(position->lsn);
}

/* Was the log of an older timeline, as far as the position has it, this server's as well? */
static bool
IsInHistory(const ApitokenPosition *position, TimeLineID timeline)
{
	List	   *history = readTimeLineHistory(timeline);
	TimeLineID	next;

	return tliInHistory(position->timeline, history) &&
		position->lsn <= tliSwitchPoint(position->timeline, history, &next);
}

/* Does it show transactions that have not begun yet? */
static bool
IsToCome(const ApitokenSeen *seen)
{
	return seen->xmax > U64FromFullTransactionId(ReadNextFullTransactionId());
}

/* Is what the position shows in this server's past, or on a standby to come? */
bool
apitoken_position_is_known(const ApitokenPosition *position)
{
	TimeLineID	timeline;
	XLogRecPtr	lsn;

	if (!RecoveryInProgress() && (IsToCome(&position->base) || IsToCome(&position->target)))
		return false;
	FindLog(&timeline, &lsn);
	if (position->timeline < timeline)
		return IsInHistory(position, timeline);
	/* a standby may have to learn of it yet */
	return RecoveryInProgress() || (position->timeline == timeline && position->lsn <= lsn);
}

/* The begin of the feed, with what there is now before it. */
ApitokenPosition
apitoken_position_begin(uint64 shards)
{
	ApitokenPosition position = {
		.shards = shards, .has_target = true, .target = apitoken_seen_now()
	};

	return position;
}

/*
 * The text: f1.seal.timeline.lsn.base[.target.number], where base and target are
 * xmax[-xid...], and the seal is that of all behind it: nothing has to be encoded in a URL.
 * Of shards it is f2.seal.shards.timeline..., and else the same.
 */

static void
AppendSeen(StringInfo text, const ApitokenSeen *seen)
{
	appendStringInfo(text, "." UINT64_FORMAT, seen->xmax);
	for (int i = 0; i < seen->count; i++)
		appendStringInfo(text, "-" UINT64_FORMAT, seen->in_progress[i]);
}

/* Returns a position as text, in the current memory context. */
const char *
apitoken_position_text(const ApitokenPosition *position)
{
	StringInfoData text;

	initStringInfo(&text);
	if (position->shards != 0)
		appendStringInfo(&text, "." UINT64_FORMAT, position->shards);
	appendStringInfo(&text, ".%u." UINT64_FORMAT, position->timeline, (uint64) position->lsn);
	AppendSeen(&text, &position->base);
	if (position->has_target)
	{
		AppendSeen(&text, &position->target);
		appendStringInfo(&text, "." INT64_FORMAT, position->number);
	}
	return psprintf("%s." UINT64_FORMAT "%s",
					position->shards != 0 ? VERSION_OF_SHARDS : VERSION, Seal(text.data), text.data);
}

/* Reads that character, and a number; returns false if they are not there. */
static bool
ReadNumber(const char **next, char before, uint64 *number)
{
	char	   *end;

	if (**next != before || (*next)[1] < '0' || (*next)[1] > '9')
		return false;
	errno = 0;
	*number = strtoull(*next + 1, &end, 10);
	*next = end;
	return errno == 0;
}

static bool
ReadSeen(const char **next, ApitokenSeen *seen)
{
	int			allocated = 16;

	seen->count = 0;
	seen->in_progress = palloc(sizeof(uint64) * allocated);
	if (!ReadNumber(next, '.', &seen->xmax))
		return false;
	while (**next == '-')
	{
		if (seen->count == allocated)
		{
			allocated *= 2;
			seen->in_progress = repalloc(seen->in_progress, sizeof(uint64) * allocated);
		}
		if (!ReadNumber(next, '-', &seen->in_progress[seen->count++]))
			return false;
	}
	return true;
}

/*
 * Reads a position in the current memory context, of shards or not; returns false for what
 * was not handed out of this trail.
 */
bool
apitoken_position_parse(const char *string, bool of_shards, ApitokenPosition *position)
{
	const char *version = of_shards ? VERSION_OF_SHARDS : VERSION;
	const char *next = string + strlen(version);
	uint64		seal;
	uint64		timeline;
	uint64		lsn;
	uint64		number;

	memset(position, 0, sizeof(ApitokenPosition));
	if (strncmp(string, version, strlen(version)) != 0 ||
		!ReadNumber(&next, '.', &seal) || seal != Seal(next) ||
		(of_shards && !ReadNumber(&next, '.', &position->shards)) ||
		!ReadNumber(&next, '.', &timeline) || !ReadNumber(&next, '.', &lsn) ||
		!ReadSeen(&next, &position->base))
		return false;
	position->timeline = timeline;
	position->lsn = lsn;
	if (*next == '\0')
		return true;
	position->has_target = true;
	if (!ReadSeen(&next, &position->target) || !ReadNumber(&next, '.', &number) ||
		number > PG_INT64_MAX)
		return false;
	position->number = number;
	return *next == '\0';
}
