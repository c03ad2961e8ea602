/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between the major versions of PostgreSQL that apitoken
 *	  is built for.  No other file asks for PG_VERSION_NUM.
 *
 * src/compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_COMPAT_H
#define APITOKEN_COMPAT_H

#include "postgres.h"

/* 14 has what is told of waits in a file of its own */
#if PG_VERSION_NUM >= 140000
#include "utils/wait_event.h"
#else
#include "pgstat.h"
#endif

/* 18 replaced the attribute behind a declaration by a word in front of it */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 17 has the parts of a virtual transaction's id together */
#if PG_VERSION_NUM >= 170000
#define apitoken_lxid(proc) ((proc)->vxid.lxid)
#else
#define apitoken_lxid(proc) ((proc)->lxid)
#endif

/* 17 asks whether a stronger lock counts */
#if PG_VERSION_NUM >= 170000
#define apitoken_is_locked(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define apitoken_is_locked(tag, mode) LockHeldByMe(tag, mode)
#endif

/* 14 says whether the tree may be changed */
#if PG_VERSION_NUM >= 140000
#define APITOKEN_UTILITY_PARAMETERS \
	PlannedStmt *pstmt, const char *query_string, bool read_only_tree, \
	ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment, \
	DestReceiver *dest, QueryCompletion *completion
#define APITOKEN_UTILITY_ARGUMENTS \
	pstmt, query_string, read_only_tree, context, params, environment, dest, completion
#else
#define APITOKEN_UTILITY_PARAMETERS \
	PlannedStmt *pstmt, const char *query_string, \
	ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment, \
	DestReceiver *dest, QueryCompletion *completion
#define APITOKEN_UTILITY_ARGUMENTS \
	pstmt, query_string, context, params, environment, dest, completion
#endif

/* 14 has a function of C for it */
#if PG_VERSION_NUM < 140000
#define int64_to_numeric(value) \
	DatumGetNumeric(DirectFunctionCall1(int8_numeric, Int64GetDatum(value)))
#endif

/*
 * 14 counts the transactions that have ended: of two snapshots with one count,
 * both show the same.  0: not known.
 */
#if PG_VERSION_NUM >= 140000
#define apitoken_snapshot_completed(snapshot) ((snapshot)->snapXactCompletionCount)
#else
#define apitoken_snapshot_completed(snapshot) ((void) (snapshot), UINT64CONST(0))
#endif

/* 15 has a second hook on access to objects, by their names */
#if PG_VERSION_NUM >= 150000
#define apitoken_is_access_hooked_by_name() (object_access_hook_str != NULL)
#else
#define apitoken_is_access_hooked_by_name() false
#endif

/* 19 has another hook on what is known of a relation, and more on plans */
#if PG_VERSION_NUM >= 190000
#define apitoken_relation_hook build_simple_rel_hook
#define ApitokenRelationHook build_simple_rel_hook_type
#define APITOKEN_RELATION_HOOK_PARAMETERS \
	PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry
#define APITOKEN_RELATION_HOOK_ARGUMENTS root, relation, entry
#define apitoken_has_newer_planner_hooks() \
	(joinrel_setup_hook != NULL || join_path_setup_hook != NULL || \
	 planner_setup_hook != NULL || planner_shutdown_hook != NULL)
#else
#define apitoken_relation_hook get_relation_info_hook
#define ApitokenRelationHook get_relation_info_hook_type
#define APITOKEN_RELATION_HOOK_PARAMETERS \
	PlannerInfo *root, Oid relation_id, bool inherits, RelOptInfo *relation
#define APITOKEN_RELATION_HOOK_ARGUMENTS root, relation_id, inherits, relation
#define apitoken_has_newer_planner_hooks() false
#endif

/* 18 has columns that are computed when they are read */
#if PG_VERSION_NUM >= 180000
#define apitoken_computes_columns(tupdesc) \
	((tupdesc)->constr != NULL && (tupdesc)->constr->has_generated_virtual)
#else
#define apitoken_computes_columns(tupdesc) false
#endif

/* 18 has NOT NULL constraints that rows of before need not keep */
#if PG_VERSION_NUM >= 180000
#define apitoken_not_null_is_valid(tupdesc, attnum) \
	(TupleDescCompactAttr(tupdesc, (attnum) - 1)->attnullability != ATTNULLABLE_INVALID)
#else
#define apitoken_not_null_is_valid(tupdesc, attnum) true
#endif

/* 15 gave extensions a way to claim their settings' prefix for good */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* 16 has the varatt macros in a header of their own */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * 17 asks with the same function for locks that are stronger, and has a setting
 * for the size of the queue of notifications.
 */
#if PG_VERSION_NUM >= 170000
#include "commands/async.h"
#define apitoken_lock_held(tag, mode) LockHeldByMe(tag, mode, false)
#define apitoken_queue_pages max_notify_queue_pages
#else
#define apitoken_lock_held(tag, mode) LockHeldByMe(tag, mode)
#define apitoken_queue_pages 1048576
#endif

/* 16 asks for every kind of object in one function */
#if PG_VERSION_NUM >= 160000
#define apitoken_schema_usable(schema, role) \
	(object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define apitoken_schema_usable(schema, role) \
	(pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/* 18 asks whether it may be one that is checked at COMMIT */
#if PG_VERSION_NUM >= 180000
#define apitoken_primary_key_index(relation) RelationGetPrimaryKeyIndex(relation, false)
#else
#define apitoken_primary_key_index(relation) RelationGetPrimaryKeyIndex(relation)
#endif

/* 18 lets a scan of an index be counted apart, 19 gives it flags */
#if PG_VERSION_NUM >= 190000
#define apitoken_index_beginscan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, NULL, nkeys, 0, SO_NONE)
#elif PG_VERSION_NUM >= 180000
#define apitoken_index_beginscan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, NULL, nkeys, 0)
#else
#define apitoken_index_beginscan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, nkeys, 0)
#endif

/*
 * 14 takes a page from the buffer in which it was, if it still is there, and 16 calls the
 * file that a table lies in otherwise.
 */
#if PG_VERSION_NUM >= 160000
#define apitoken_read_recent(relation, block, buffer) \
	ReadRecentBuffer((relation)->rd_locator, MAIN_FORKNUM, block, buffer)
#elif PG_VERSION_NUM >= 140000
#define apitoken_read_recent(relation, block, buffer) \
	ReadRecentBuffer((relation)->rd_node, MAIN_FORKNUM, block, buffer)
#else
#define apitoken_read_recent(relation, block, buffer) false
#endif

/* 15 tells the timeline that is written to by a function, and has a header for recovery */
#if PG_VERSION_NUM >= 150000
#include "access/xlogrecovery.h"
#define apitoken_insert_timeline() GetWALInsertionTimeLine()
#else
#define apitoken_insert_timeline() ThisTimeLineID
#endif

/* 17 asks for the sequence of an open table */
#if PG_VERSION_NUM >= 170000
#define apitoken_identity_sequence(relation, attnum) getIdentitySequence(relation, attnum, false)
#else
#define apitoken_identity_sequence(relation, attnum) \
	getIdentitySequence(RelationGetRelid(relation), attnum, false)
#endif

/* 18 has constraints that are only said */
#if PG_VERSION_NUM >= 180000
#define apitoken_check_is_enforced(check) ((check)->ccenforced)
#else
#define apitoken_check_is_enforced(check) true
#endif

/* 16 says which indexes an update concerns: some but sum up rows */
#if PG_VERSION_NUM >= 160000
#define ApitokenIndexes TU_UpdateIndexes
#define APITOKEN_ALL_INDEXES TU_All
#define APITOKEN_NO_INDEXES TU_None
#else
#define ApitokenIndexes bool
#define APITOKEN_ALL_INDEXES true
#define APITOKEN_NO_INDEXES false
#endif

/* 19 has options for an update, and flags for what is added to indexes */
#if PG_VERSION_NUM >= 190000
#define apitoken_tuple_update(relation, tid, slot, cid, snapshot, failure, lock, indexes) \
	table_tuple_update(relation, tid, slot, cid, 0, snapshot, InvalidSnapshot, true, failure, \
					   lock, indexes)
#define apitoken_insert_index_tuples(target, slot, estate, update, indexes) \
	ExecInsertIndexTuples(target, estate, \
						  ((update) ? EIIT_IS_UPDATE : 0) | \
						  ((indexes) == TU_Summarizing ? EIIT_ONLY_SUMMARIZING : 0), \
						  slot, NIL, NULL)
#else
#define apitoken_tuple_update(relation, tid, slot, cid, snapshot, failure, lock, indexes) \
	table_tuple_update(relation, tid, slot, cid, snapshot, InvalidSnapshot, true, failure, \
					   lock, indexes)
#if PG_VERSION_NUM >= 160000
#define apitoken_insert_index_tuples(target, slot, estate, update, indexes) \
	ExecInsertIndexTuples(target, slot, estate, update, false, NULL, NIL, \
						  (indexes) == TU_Summarizing)
#elif PG_VERSION_NUM >= 140000
#define apitoken_insert_index_tuples(target, slot, estate, update, indexes) \
	ExecInsertIndexTuples(target, slot, estate, update, false, NULL, NIL)
#else
#define apitoken_insert_index_tuples(target, slot, estate, update, indexes) \
	((estate)->es_result_relation_info = (target), \
	 ExecInsertIndexTuples(slot, estate, false, NULL, NIL))
#endif
#endif

#endif							/* APITOKEN_COMPAT_H */
