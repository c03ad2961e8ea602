/*-------------------------------------------------------------------------
 *
 * stamp.c
 *	  Rows of the trail say which transaction has added them.
 *
 * By that the feed knows what is new.  What a row was given, as by a dump or a publication,
 * is of another server.
 *
 * Where the tables are distributed it is the node that has the row, not the one that the
 * call was made on, which says so, with its own number before the transaction's.  It
 * numbers the rows as well, so that of one account a later one has the higher number:
 * callers' numbers would be in no order.  A shard that comes from another node keeps what
 * its rows have from there: their transactions are none of this node's, and what is added
 * from then on has higher numbers than they have.
 *
 * src/calls/stamp.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/sequence.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "storage/lmgr.h"
#include "store/distribution.h"
#include "store/trigger_row.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

/* Behind a row's number on its node is the node's, so that no two nodes give the same. */
#define NODE_BITS 15

/* What is locked of the sequence while a number is taken, as a part of it. */
#define SEQUENCE_PART 1

/* So many more are left out where numbers go on behind others: calls have some, too. */
#define SKIPPED 1000

/* What a transaction has taken from the trail's shards here: the last of those that added it. */
typedef struct Pruned
{
	uint64		by;
	uint64		last_xid;		/* 0: none of this node's */
} Pruned;

static Pruned pruned = {0, 0};

static uint64
OwnStamp(void)
{
	return apitoken_distribution_base() | U64FromFullTransactionId(GetTopFullTransactionId());
}

static bool
IsOfHere(uint64 xid)
{
	return xid >> APITOKEN_NODE_NUMBER_BITS == apitoken_distribution_node();
}

static int
ColumnNumber(TriggerData *trigger, const char *column)
{
	int			attnum = SPI_fnumber(trigger->tg_relation->rd_att, column);

	if (attnum <= 0)
		apitoken_error_column_missing(column);
	return attnum;
}

/* Returns a number of the row that there is; 0 if it is null. */
static uint64
ColumnValue(TriggerData *trigger, const char *column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(trigger->tg_trigtuple, trigger->tg_relation->rd_att,
									  ColumnNumber(trigger, column), &isnull);

	return isnull ? 0 : (uint64) DatumGetInt64(value);
}

/* The row that was given, with another value. */
static HeapTuple
WithValue(TriggerData *trigger, HeapTuple tuple, const char *column, Datum value, bool isnull)
{
	int			attnum = ColumnNumber(trigger, column);

	return heap_modify_tuple_by_cols(tuple, trigger->tg_relation->rd_att, 1, &attnum, &value,
									 &isnull);
}

/*
 * Numbers
 */

/*
 * The highest number that a row of the account has in the trail's shard: the end of its
 * part of the primary key, whoever sees that row.
 */
static int64
LastNumber(Relation shard, const char *account)
{
	Oid			key = apitoken_primary_key_index(shard);
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData scankey;
	TupleTableSlot *slot;
	bool		isnull;
	int64		last = 0;

	if (!OidIsValid(key))
		return 0;
	index = index_open(key, AccessShareLock);
	slot = table_slot_create(shard, NULL);
	scan = apitoken_index_beginscan(shard, index, SnapshotAny, 1);
	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(account));
	index_rescan(scan, &scankey, 1, NULL, 0);
	if (index_getnext_slot(scan, BackwardScanDirection, slot))
		last = DatumGetInt64(slot_getattr(slot, SPI_fnumber(shard->rd_att, "id"), &isnull));
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	return last;
}

/* The next number of this node; nobody else's. */
static int64
NextNumber(Oid sequence)
{
	uint64		next = nextval_internal(sequence, false);

	return (next & ((UINT64CONST(1) << APITOKEN_NODE_NUMBER_BITS) - 1)) << NODE_BITS |
		apitoken_distribution_node();
}

/* Has the sequence go on behind a number, as its owner. */
static void
SkipTo(Oid sequence, Oid owner, int64 number)
{
	int64		next = (number >> NODE_BITS) + SKIPPED;
	Oid			role;
	int			security_context;

	GetUserIdAndSecContext(&role, &security_context);
	SetUserIdAndSecContext(owner, security_context | SECURITY_LOCAL_USERID_CHANGE);
	(void) DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence),
							   Int64GetDatum((int64) apitoken_distribution_base() | next));
	SetUserIdAndSecContext(role, security_context);
}

/* The same behind another number; who skips is alone, or he might go back. */
static int64
NumberBehind(Oid owner, int64 last)
{
	Oid			sequence = get_relname_relid("api_token_transitions_id_seq",
											 get_namespace_oid(APITOKEN_SCHEMA, false));
	int64		number;

	LockDatabaseObject(RelationRelationId, sequence, SEQUENCE_PART, ShareLock);
	number = NextNumber(sequence);
	UnlockDatabaseObject(RelationRelationId, sequence, SEQUENCE_PART, ShareLock);
	if (number > last)
		return number;

	LockDatabaseObject(RelationRelationId, sequence, SEQUENCE_PART, ExclusiveLock);
	number = NextNumber(sequence);
	if (number <= last)
	{
		SkipTo(sequence, owner, last);
		number = NextNumber(sequence);
	}
	UnlockDatabaseObject(RelationRelationId, sequence, SEQUENCE_PART, ExclusiveLock);
	return number;
}

/*
 * Shards
 */

/* A row of the trail is added. */
static HeapTuple
StampEvent(TriggerData *trigger)
{
	Relation	shard = trigger->tg_relation;
	char	   *account = TextDatumGetCString(apitoken_trigger_value(trigger, trigger->tg_trigtuple, "account_id"));
	int64		number = NumberBehind(shard->rd_rel->relowner, LastNumber(shard, account));
	HeapTuple	row = WithValue(trigger, trigger->tg_trigtuple, "id", Int64GetDatum(number), false);

	return WithValue(trigger, row, "xid",
					 FullTransactionIdGetDatum(FullTransactionIdFromU64(OwnStamp())), false);
}

/* A row of the trail is taken away. */
static void
NotePruned(TriggerData *trigger)
{
	uint64		own = OwnStamp();
	uint64		xid = ColumnValue(trigger, "xid");

	if (pruned.by != own)
	{
		pruned.by = own;
		pruned.last_xid = 0;
	}
	if (IsOfHere(xid))
		pruned.last_xid = Max(pruned.last_xid, xid);
}

/*
 * It is said what went, on each node, in the transaction in which it did.  Where somebody is
 * said to have added it, and where it is not known who had on this node, nobody goes on.
 */
static HeapTuple
StampPruning(TriggerData *trigger)
{
	uint64		own = OwnStamp();
	uint64		last_xid = own;
	HeapTuple	row;

	if (ColumnValue(trigger, "last_xid") == 0)
	{
		if (pruned.by == own)
			last_xid = pruned.last_xid;
		else if (ColumnValue(trigger, "pruned") == 0)
			last_xid = 0;
	}
	row = WithValue(trigger, trigger->tg_trigtuple, "last_xid",
					FullTransactionIdGetDatum(FullTransactionIdFromU64(last_xid)), last_xid == 0);
	return WithValue(trigger, row, "xid",
					 FullTransactionIdGetDatum(FullTransactionIdFromU64(own)), false);
}

static HeapTuple
StampOnShard(TriggerData *trigger)
{
	/* what comes from another node is as it was there */
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !IsLogicalWorker())
		return SPI_fnumber(trigger->tg_relation->rd_att, "pruned") > 0 ?
			StampPruning(trigger) : StampEvent(trigger);
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		NotePruned(trigger);
	return trigger->tg_trigtuple;
}

PG_FUNCTION_INFO_V1(apitoken_stamp_row);

/*
 * apitoken.stamp_row(), or ('shard') where the tables are distributed: trigger before an
 * insert or update of a row whose column xid says which transaction has added it, on a shard
 * also before a delete.  Raises 39P01 if it is called otherwise.
 */
Datum
apitoken_stamp_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Datum		xid;
	bool		isnull;
	int			attnum;

	if (CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		trigger->tg_trigger->tgnargs > 0)
		apitoken_trigger_check_before_delete(fcinfo);
	else
		apitoken_trigger_check_before_update_or_insert(fcinfo);
	attnum = ColumnNumber(trigger, "xid");
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		xid = SPI_getbinval(trigger->tg_trigtuple, trigger->tg_relation->rd_att, attnum, &isnull);
		return PointerGetDatum(WithValue(trigger, trigger->tg_newtuple, "xid", xid, isnull));
	}
	if (trigger->tg_trigger->tgnargs > 0)
		return PointerGetDatum(StampOnShard(trigger));
	xid = FullTransactionIdGetDatum(GetTopFullTransactionId());
	return PointerGetDatum(WithValue(trigger, trigger->tg_trigtuple, "xid", xid, false));
}
