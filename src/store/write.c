/*-------------------------------------------------------------------------
 *
 * write.c
 *	  Writes a row without a statement: a token's status, and the trail's row.
 *
 * See target.c for where that is done, and why.  A row that somebody else is
 * changing is left to a statement, which waits for him.
 *
 * src/store/write.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/write.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "storage/procarray.h"
#include "store/ids.h"
#include "store/target.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* Places of the columns of api_tokens: first those that change. */
enum
{
	TOKEN_STATUS,
	TOKEN_UPDATED_AT,
	TOKEN_UPDATED_BY_TYPE,
	TOKEN_UPDATED_BY_ID,
	TOKEN_CHANGED,
	TOKEN_ACCOUNT_ID = TOKEN_CHANGED,
	TOKEN_HELD_AT,
	TOKEN_EXPIRES_AT,
	TOKEN_REVOKED_AT,
	TOKEN_COLUMNS
};

/* Places of the columns of api_token_transitions. */
enum
{
	TRAIL_ID,
	TRAIL_ACCOUNT_ID,
	TRAIL_TOKEN_ID,
	TRAIL_FROM,
	TRAIL_TO,
	TRAIL_ACTOR_TYPE,
	TRAIL_ACTOR_ID,
	TRAIL_ROLE,
	TRAIL_CLIENT,
	TRAIL_AT,
	TRAIL_CALL,
	TRAIL_REASON,
	TRAIL_EVENT,
	TRAIL_DETAILS,
	TRAIL_SESSION_ROLE,
	TRAIL_REQUEST,
	TRAIL_XID,
	TRAIL_COLUMNS
};

StaticAssertDecl(TOKEN_COLUMNS <= APITOKEN_MAX_TARGET_COLUMNS, "columns of a target");
StaticAssertDecl(TRAIL_COLUMNS <= APITOKEN_MAX_TARGET_COLUMNS, "columns of a target");

static ApitokenTarget tokens = {
	.relation = "api_tokens",
	.lock = RowExclusiveLock,
	.rights = ACL_SELECT | ACL_UPDATE,
	.written = TOKEN_CHANGED,
	.count = TOKEN_COLUMNS,
	.columns = {
		[TOKEN_STATUS] = {"status", TEXTOID},
		[TOKEN_UPDATED_AT] = {"updated_at", TIMESTAMPTZOID},
		[TOKEN_UPDATED_BY_TYPE] = {"updated_by_type", TEXTOID},
		[TOKEN_UPDATED_BY_ID] = {"updated_by_id", TEXTOID},
		[TOKEN_ACCOUNT_ID] = {"account_id", TEXTOID},
		[TOKEN_HELD_AT] = {"held_at", TIMESTAMPTZOID},
		[TOKEN_EXPIRES_AT] = {"expires_at", TIMESTAMPTZOID},
		[TOKEN_REVOKED_AT] = {"revoked_at", TIMESTAMPTZOID},
	},
	.key = {"id", NULL},
	.references = {{"actors", {TOKEN_UPDATED_BY_TYPE, TOKEN_UPDATED_BY_ID}}},
	.trigger = "log_transition",
	.idle = "keep_audit",
	.unfired = {"refuse_transition", "log_change"},
};

static ApitokenTarget trail = {
	.relation = "api_token_transitions",
	.lock = RowExclusiveLock,
	.rights = ACL_INSERT,
	.inserts = true,
	.written = TRAIL_COLUMNS,
	.count = TRAIL_COLUMNS,
	.columns = {
		[TRAIL_ID] = {"id", INT8OID},
		[TRAIL_ACCOUNT_ID] = {"account_id", TEXTOID},
		[TRAIL_TOKEN_ID] = {"api_token_id", TEXTOID},
		[TRAIL_FROM] = {"from_status", TEXTOID},
		[TRAIL_TO] = {"to_status", TEXTOID},
		[TRAIL_ACTOR_TYPE] = {"actor_type", TEXTOID},
		[TRAIL_ACTOR_ID] = {"actor_id", TEXTOID},
		[TRAIL_ROLE] = {"database_role", NAMEOID},
		[TRAIL_CLIENT] = {"client_address", INETOID},
		[TRAIL_AT] = {"at", TIMESTAMPTZOID},
		[TRAIL_CALL] = {"call_id", INT8OID},
		[TRAIL_REASON] = {"reason", TEXTOID},
		[TRAIL_EVENT] = {"event", TEXTOID},
		[TRAIL_DETAILS] = {"details", JSONBOID},
		[TRAIL_SESSION_ROLE] = {"session_role", TEXTOID},
		[TRAIL_REQUEST] = {"request_id", TEXTOID},
		[TRAIL_XID] = {"xid", XID8OID},
	},
	.references = {
		{"api_tokens", {TRAIL_ACCOUNT_ID, TRAIL_TOKEN_ID}},
		{"actors", {TRAIL_ACTOR_TYPE, TRAIL_ACTOR_ID}},
	},
	.trigger = "stamp_row",
};

static ApitokenTarget actors = {
	.relation = "actors",
	.lock = RowShareLock,
	.rights = ACL_SELECT | ACL_UPDATE,
	.count = 2,
	.columns = {{"type", TEXTOID}, {"id", TEXTOID}},
	.key = {"type", "id"},
};

/*
 * Rows
 */

/* Finds the row with the keys, under that snapshot, by the target's index. */
static bool
FindRow(const ApitokenTarget *target, Relation relation, const Datum *keys, Snapshot snapshot,
		TupleTableSlot *slot)
{
	Relation	index = index_open(target->index, AccessShareLock);
	int			nkeys = target->key[1] == NULL ? 1 : 2;
	IndexScanDesc scan = apitoken_index_beginscan(relation, index, snapshot, nkeys);
	ScanKeyData scankeys[lengthof(target->key)];
	bool		found;

	for (int column = 0; column < nkeys; column++)
		ScanKeyInit(&scankeys[column], column + 1, BTEqualStrategyNumber, F_TEXTEQ,
					keys[column]);
	index_rescan(scan, scankeys, nkeys, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	index_endscan(scan);
	index_close(index, NoLock);
	return found;
}

/*
 * Keeps an actor from going until the transaction ends, as a foreign key to him does.
 * Returns false if that is to be left to the foreign key: he may not be there.
 */
static bool
KeepActor(const char *type, const char *id)
{
	Datum		keys[] = {CStringGetTextDatum(type), CStringGetTextDatum(id)};
	Relation	relation = apitoken_target_open(&actors);
	Snapshot	snapshot;
	TupleTableSlot *slot;
	TM_FailureData failure;
	bool		kept;

	if (relation == NULL)
		return false;

	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(relation, NULL);
	kept = FindRow(&actors, relation, keys, snapshot, slot) &&
		table_tuple_lock(relation, &slot->tts_tid, snapshot, slot, GetCurrentCommandId(false),
						 LockTupleKeyShare, LockWaitBlock, 0, &failure) == TM_Ok;
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(relation, NoLock);
	return kept;
}

/* Adds what the table's indexes need of a row that was just written. */
static void
InsertIndexTuples(Relation relation, TupleTableSlot *slot, bool update, ApitokenIndexes indexes)
{
	EState	   *estate;
	ResultRelInfo *target;

	if (indexes == APITOKEN_NO_INDEXES)
		return;
	estate = CreateExecutorState();
	target = makeNode(ResultRelInfo);
	target->ri_RelationDesc = relation;
	ExecOpenIndices(target, false);
	(void) apitoken_insert_index_tuples(target, slot, estate, update, indexes);
	ExecCloseIndices(target);
	FreeExecutorState(estate);
}

/*
 * A token's status
 */

static Datum
TokenValue(TupleTableSlot *slot, int column, bool *isnull)
{
	return slot_getattr(slot, tokens.attnums[column], isnull);
}

/* Does the change start at this row, and is the row in its scope? */
static bool
Starts(const ApitokenStatusChange *change, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		status = TokenValue(slot, TOKEN_STATUS, &isnull);

	for (int i = 0; i < change->from_count; i++)
	{
		if (apitoken_ids_is(status, change->from[i]))
			return change->everywhere ||
				apitoken_ids_array_has(change->accounts,
									   TextDatumGetCString(TokenValue(slot, TOKEN_ACCOUNT_ID, &isnull)));
	}
	return false;
}

/*
 * Does another transaction hold the row, as far as can be seen without a lock?  One
 * that comes this very moment is waited for, and then the row has changed.
 */
static bool
IsHeldByOthers(TupleTableSlot *slot)
{
	HeapTupleHeader header = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;
	TransactionId holder = HeapTupleHeaderGetRawXmax(header);

	if ((header->t_infomask & HEAP_XMAX_INVALID) != 0)
		return false;
	return (header->t_infomask & HEAP_XMAX_IS_MULTI) != 0 ||
		(!TransactionIdIsCurrentTransactionId(holder) && TransactionIdIsInProgress(holder));
}

/* Makes the new row of the old one; NULL if a column does not take its value. */
static HeapTuple
NewToken(const ApitokenStatusChange *change, Relation relation, TupleTableSlot *slot)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	Datum	   *values = palloc0(sizeof(Datum) * tupdesc->natts);
	bool	   *isnull = palloc0(sizeof(bool) * tupdesc->natts);
	bool	   *replaced = palloc0(sizeof(bool) * tupdesc->natts);
	Datum		changed[TOKEN_CHANGED] = {0};
	bool		nobody = change->actor_type == NULL;

	changed[TOKEN_STATUS] = CStringGetTextDatum(change->to);
	changed[TOKEN_UPDATED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	if (!nobody)
	{
		changed[TOKEN_UPDATED_BY_TYPE] = CStringGetTextDatum(change->actor_type);
		changed[TOKEN_UPDATED_BY_ID] = CStringGetTextDatum(change->actor_id);
	}
	for (int i = 0; i < TOKEN_CHANGED; i++)
	{
		int			place = tokens.attnums[i] - 1;

		isnull[place] = nobody && i >= TOKEN_UPDATED_BY_TYPE;
		if (!apitoken_target_coerce(&tokens, relation, i, &changed[i], isnull[place]))
			return NULL;
		values[place] = changed[i];
		replaced[place] = true;
	}
	return heap_modify_tuple(ExecFetchSlotHeapTuple(slot, false, NULL), tupdesc, values, isnull,
							 replaced);
}

/* Puts the new row in the place of the old one, unless somebody changes that. */
static bool
Replace(Relation relation, TupleTableSlot *old, TupleTableSlot *new)
{
	TM_FailureData failure;
	LockTupleMode lock;
	ApitokenIndexes indexes;

	CheckCmdReplicaIdentity(relation, CMD_UPDATE);
	if (apitoken_tuple_update(relation, &old->tts_tid, new, GetCurrentCommandId(true),
							  GetActiveSnapshot(), &failure, &lock, &indexes) != TM_Ok)
		return false;
	InsertIndexTuples(relation, new, true, indexes);
	return true;
}

static bool
ChangeToken(const ApitokenStatusChange *change, Relation relation, TupleTableSlot *old,
			TupleTableSlot *new, const ApitokenLayout *layout, ApitokenChangedToken *changed)
{
	Datum		id = CStringGetTextDatum(change->id);
	HeapTuple	tuple;
	Datum		end;
	bool		isnull;

	if (!FindRow(&tokens, relation, &id, GetActiveSnapshot(), old) || !Starts(change, old) ||
		IsHeldByOthers(old))
		return false;
	tuple = NewToken(change, relation, old);
	if (tuple == NULL)
		return false;
	ExecStoreHeapTuple(tuple, new, false);
	if (!apitoken_target_admits(&tokens, new) ||
		(change->actor_type != NULL && !KeepActor(change->actor_type, change->actor_id)) ||
		!Replace(relation, old, new))
		return false;

	changed->row = apitoken_rows_of_tuple(layout, RelationGetDescr(relation), tuple);
	changed->account_id = PointerGetDatum(DatumGetTextPCopy(TokenValue(new, TOKEN_ACCOUNT_ID,
																	   &isnull)));
	changed->from = PointerGetDatum(DatumGetTextPCopy(TokenValue(old, TOKEN_STATUS, &isnull)));
	(void) TokenValue(new, TOKEN_HELD_AT, &isnull);
	changed->held = !isnull;
	end = TokenValue(new, TOKEN_EXPIRES_AT, &isnull);
	changed->expires_at = isnull ? DT_NOEND : DatumGetTimestampTz(end);
	(void) TokenValue(new, TOKEN_REVOKED_AT, &isnull);
	changed->revoked = !isnull;
	return true;
}

/*
 * Changes a token's status; what its trigger does is left to the caller.
 *
 * Returns whether it was done; if not, nothing has changed, and a statement is to say
 * why, or to do it.  What changed points to is in the current memory context.  Expects
 * the tables' owner to be the current role.
 */
bool
apitoken_write_status(const ApitokenStatusChange *change, const ApitokenLayout *layout,
					  ApitokenChangedToken *changed)
{
	Relation	relation = apitoken_target_open(&tokens);
	TupleTableSlot *old;
	TupleTableSlot *new;
	bool		done;

	if (relation == NULL)
		return false;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	old = table_slot_create(relation, NULL);
	new = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsHeapTuple);
	done = ChangeToken(change, relation, old, new, layout, changed);
	ExecDropSingleTupleTableSlot(new);
	ExecDropSingleTupleTableSlot(old);
	PopActiveSnapshot();
	CommandCounterIncrement();
	table_close(relation, NoLock);
	return done;
}

/*
 * The trail
 */

static void
SetText(Datum *value, bool *isnull, const char *string)
{
	*isnull = string == NULL;
	if (string != NULL)
		*value = CStringGetTextDatum(string);
}

static void
SetDatum(Datum *value, bool *isnull, Datum datum)
{
	*isnull = DatumGetPointer(datum) == NULL;
	*value = datum;
}

static void
FillTrail(const ApitokenTrailRow *row, Datum *values, bool *isnull)
{
	memset(isnull, 0, sizeof(bool) * TRAIL_COLUMNS);
	values[TRAIL_ID] = Int64GetDatum(nextval_internal(trail.sequence, false));
	values[TRAIL_ACCOUNT_ID] = row->account_id;
	values[TRAIL_TOKEN_ID] = row->id;
	SetDatum(&values[TRAIL_FROM], &isnull[TRAIL_FROM], row->from);
	SetDatum(&values[TRAIL_TO], &isnull[TRAIL_TO], row->to);
	SetText(&values[TRAIL_ACTOR_TYPE], &isnull[TRAIL_ACTOR_TYPE], row->actor_type);
	SetText(&values[TRAIL_ACTOR_ID], &isnull[TRAIL_ACTOR_ID], row->actor_id);
	values[TRAIL_ROLE] = NameGetDatum(&row->role);
	SetDatum(&values[TRAIL_CLIENT], &isnull[TRAIL_CLIENT], row->client_address);
	values[TRAIL_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[TRAIL_CALL] = Int64GetDatum(row->call_id);
	isnull[TRAIL_CALL] = row->call_id == 0;
	SetText(&values[TRAIL_REASON], &isnull[TRAIL_REASON], row->reason);
	SetText(&values[TRAIL_EVENT], &isnull[TRAIL_EVENT], row->event);
	SetDatum(&values[TRAIL_DETAILS], &isnull[TRAIL_DETAILS], PointerGetDatum(row->details));
	SetText(&values[TRAIL_SESSION_ROLE], &isnull[TRAIL_SESSION_ROLE], row->session_role);
	SetText(&values[TRAIL_REQUEST], &isnull[TRAIL_REQUEST], row->request_id);
	values[TRAIL_XID] = FullTransactionIdGetDatum(GetTopFullTransactionId());
}

/* Makes the row; returns false if a column does not take its value. */
static bool
StoreTrail(const ApitokenTrailRow *row, Relation relation, TupleTableSlot *slot)
{
	Datum		values[TRAIL_COLUMNS];
	bool		isnull[TRAIL_COLUMNS];

	FillTrail(row, values, isnull);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int i = 0; i < TRAIL_COLUMNS; i++)
	{
		int			place = trail.attnums[i] - 1;

		if (!apitoken_target_coerce(&trail, relation, i, &values[i], isnull[i]))
			return false;
		slot->tts_values[place] = values[i];
		slot->tts_isnull[place] = isnull[i];
	}
	ExecStoreVirtualTuple(slot);
	return apitoken_target_admits(&trail, slot);
}

/*
 * Adds a row to the trail, of a token whose row this transaction has just written, and
 * so keeps.  Returns whether it was done; if not, a statement is to do it.  Expects the
 * tables' owner to be the current role.
 */
bool
apitoken_write_trail(const ApitokenTrailRow *row)
{
	Relation	relation = apitoken_target_open(&trail);
	TupleTableSlot *slot;
	bool		done;

	if (relation == NULL)
		return false;

	slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	done = (row->actor_type == NULL || KeepActor(row->actor_type, row->actor_id)) &&
		StoreTrail(row, relation, slot);
	if (done)
	{
		table_tuple_insert(relation, slot, GetCurrentCommandId(true), 0, NULL);
		InsertIndexTuples(relation, slot, false, APITOKEN_ALL_INDEXES);
		CommandCounterIncrement();
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, NoLock);
	return done;
}
