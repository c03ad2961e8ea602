/*-------------------------------------------------------------------------
 *
 * store.h
 *	  The statements that the extension runs.
 *
 * src/store/store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_STORE_H
#define APITOKEN_STORE_H

#include "compat.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "store/keyed.h"

typedef enum ApitokenStatement
{
	/* who acts, and for which accounts */
	STATEMENT_USER_SCOPE,
	STATEMENT_USER_ACCOUNTS,
	STATEMENT_USER_SCOPE_IN,
	STATEMENT_USER_HOLDS,
	STATEMENT_USER_MODULES,
	STATEMENT_ACCOUNT,
	STATEMENT_READ_AHEAD,
	STATEMENT_CREATED_BY,
	/* rights that are used, where tables are distributed */
	STATEMENT_SHARE_TOKEN,
	STATEMENT_SHARE_TOKEN_MODULES,
	STATEMENT_SHARE_ACCOUNT,
	STATEMENT_WRITE_NOTHING,
	STATEMENT_CLOSE_ACCOUNT,
	STATEMENT_TRY_ACCOUNT,
	STATEMENT_TRY_TO_ERASE,
	STATEMENT_TRY_CHOSEN,
	STATEMENT_LOCK_CHOSEN,
	STATEMENT_LOCKER_OF_TOKEN,
	STATEMENT_LOCKER_OF_ACCOUNT,
	STATEMENT_WRITE_NEXT,
	STATEMENT_TOKENS_OF,
	STATEMENT_EVERY_ACCOUNT,
	STATEMENT_DISABLE_CHOSEN,
	STATEMENT_SHARE_OFFER,
	STATEMENT_SHARE_USER,
	STATEMENT_SHARE_MODULES,
	STATEMENT_SHARE_USER_GROUPS,
	STATEMENT_SHARE_GROUP_MODULES,
	/* changes */
	STATEMENT_TRANSITION,
	STATEMENT_HOLD_TOKEN,
	STATEMENT_RELEASE_TOKEN,
	STATEMENT_HOLD_ACCOUNT,
	STATEMENT_RELEASE_ACCOUNT,
	STATEMENT_DISABLE_OF_ACCOUNTS,
	STATEMENT_LOCK_ACTIVE,
	STATEMENT_ERASE_USER,
	STATEMENT_ERASE_USER_ACCOUNTS,
	STATEMENT_ERASE_USER_TRAIL,
	STATEMENT_ERASE_USER_ACCESSES,
	STATEMENT_ERASE_USER_SECRETS,
	STATEMENT_LOCK_ACCOUNT,
	STATEMENT_LOCK_TOKENS,
	STATEMENT_ERASE_ACCOUNT,
	STATEMENT_ERASE_ACCOUNT_USERS,
	STATEMENT_ERASE_ACCOUNT_GROUPS,
	STATEMENT_ERASE_ACCOUNT_BUYERS,
	STATEMENT_ERASE_ACCOUNT_ERRORS,
	STATEMENT_ERASE_ACCOUNT_TRAIL,
	STATEMENT_ERASE_ACCOUNT_ACCESSES,
	STATEMENT_ERASE_ACCOUNT_SECRETS,
	STATEMENT_ERASE_ACCOUNT_TOKENS,
	STATEMENT_REMOVE_TRAIL,
	STATEMENT_REMOVE_TRAIL_OF,
	STATEMENT_LAST_OF_ACCOUNT,
	STATEMENT_LAST_BEFORE,
	STATEMENT_REMOVE_BEFORE,
	STATEMENT_ADD_PRUNING,
	STATEMENT_REMOVE_FOREIGN_SECRETS,
	STATEMENT_MARK_ERASED,
	STATEMENT_OPEN_NODES,
	STATEMENT_SET_ERASING,
	STATEMENT_SET_ON_SHARD,
	STATEMENT_REMOVE_TOKENS,
	STATEMENT_ADD_ERASURE,
	STATEMENT_NEXT_CALL,
	STATEMENT_FIND_CALL,
	STATEMENT_CALLS_OF,
	STATEMENT_CHANGES_OF_CALL,
	STATEMENT_LOCK_DISABLED,
	STATEMENT_ENABLE_ALL,
	STATEMENT_ADD_TRANSITION,
	STATEMENT_ADD_EVENT,
	STATEMENT_ADD_EVENT_TO_SHARD,
	STATEMENT_PRUNE_TRAIL,
	/* the feed */
	STATEMENT_FIND_PRUNED,
	STATEMENT_FIRST_NEW,
	STATEMENT_EVENTS,
	STATEMENT_EVENTS_OF_ACCOUNTS,
	/* changes */
	STATEMENT_COUNT_TOKENS,
	STATEMENT_FIND_ACTOR,
	STATEMENT_ADD_ACTOR,
	STATEMENT_START_ADDING,
	STATEMENT_ADD_TOKEN,
	STATEMENT_ADD_BOUNDED_TOKEN,
	STATEMENT_ADD_CREDENTIAL,
	STATEMENT_IMPORT,
	STATEMENT_SECURE_NODES,
	STATEMENT_SYNC,
	STATEMENT_ROTATE_TOKEN,
	STATEMENT_ADD_SECRET,
	STATEMENT_REMOVE_SECRETS,
	STATEMENT_LOCK_REVOKED,
	STATEMENT_ADD_REVOKED_DIGESTS,
	STATEMENT_FIND_REVOKED_DIGEST,
	STATEMENT_FIND_REVOKED_SECRET,
	STATEMENT_REVOKE_SECRETS,
	STATEMENT_REVOKE_OLD_SECRETS,
	STATEMENT_ADD_MODULES,
	STATEMENT_REMOVE_MODULES,
	STATEMENT_UPDATE_TOKEN,
	STATEMENT_SET_END,
	STATEMENT_SET_NETWORKS,
	STATEMENT_LOCK_TOKEN,
	STATEMENT_OFFERED_MODULES,
	STATEMENT_DEFAULT_GROUP,
	STATEMENT_WITHDRAW_FROM_GROUPS,
	STATEMENT_WITHDRAW_FROM_TOKENS,
	STATEMENT_LOCK_HOLDERS,
	/* what is offered, whoever writes */
	STATEMENT_MODULE_OFFER,
	STATEMENT_SETTLE_ACCOUNT,
	STATEMENT_HELD_UNOFFERED,
	STATEMENT_MODULE_STILL_HELD,
	STATEMENT_MODULE_HOLDER,
	/* authentication */
	STATEMENT_FIND_NETWORKS,
	STATEMENT_NOTE_ACCESS,
	STATEMENT_NOTE_USE,
	STATEMENT_NOTE_SECRET_ACCESS,
	/* the document */
	STATEMENT_TOKEN,
	/* rows by their keys */
#define KEYED_ONE(statement, name, relation, key, order) STATEMENT_##statement,
#define KEYED_OF(statement, name, relation, key, order) STATEMENT_##statement,
#define KEYED_TWO(statement, name, relation, first, second, order) STATEMENT_##statement,
	APITOKEN_KEYED_READS(KEYED_ONE, KEYED_OF, KEYED_TWO)
#undef KEYED_ONE
#undef KEYED_OF
#undef KEYED_TWO
} ApitokenStatement;

/* Not more than so many arguments has any statement. */
#define APITOKEN_MAX_ARGUMENTS 15

/* Values for a statement's arguments; all null to begin with. */
typedef struct ApitokenArguments
{
	Datum		values[APITOKEN_MAX_ARGUMENTS];
	char		nulls[APITOKEN_MAX_ARGUMENTS];
} ApitokenArguments;

/* More than the values that rql.c lets through, and what else is chosen by. */
#define APITOKEN_MAX_SQL_ARGUMENTS 1024

/* A statement that was composed, with its values as arguments, none of them null. */
typedef struct ApitokenSql
{
	const char *name;
	StringInfoData text;
	int			count;			/* of arguments */
	Oid			types[APITOKEN_MAX_SQL_ARGUMENTS];
	Datum		values[APITOKEN_MAX_SQL_ARGUMENTS];
} ApitokenSql;

extern void apitoken_store_clear(ApitokenArguments *arguments);
extern void apitoken_store_set(ApitokenArguments *arguments, int number, Datum value);
extern void apitoken_store_set_pointer(ApitokenArguments *arguments, int number, const void *value);
extern void apitoken_store_set_text(ApitokenArguments *arguments, int number, const char *string);
extern void apitoken_store_set_role(ApitokenArguments *arguments, int number, Oid role);
extern bool apitoken_store_has_column(const char *relation, const char *column);

extern int	apitoken_store_heed_policies(void);
extern void apitoken_store_pass_policies(int security_context);

extern uint64 apitoken_store_run_active(ApitokenStatement statement, ApitokenArguments *arguments);
extern uint64 apitoken_store_run_composed_active(ApitokenSql *sql);
extern uint64 apitoken_store_run_fresh(ApitokenStatement statement, ApitokenArguments *arguments);
extern void apitoken_store_run_on_shard(ApitokenStatement statement, ApitokenArguments *arguments,
										const char *table, Oid shard);
extern uint64 apitoken_store_run_latest(ApitokenStatement statement,
										ApitokenArguments *arguments);
extern void apitoken_store_run_if_distributed(ApitokenStatement statement);
extern uint64 apitoken_store_run_composed_latest(ApitokenSql *sql);
extern uint64 apitoken_store_run_crosschecked(ApitokenStatement statement,
											  ApitokenArguments *arguments);
extern bool apitoken_store_is_of_account(ApitokenStatement statement);
extern void apitoken_store_secure_distribution(void);
extern void apitoken_store_prefer_indexes(void);
extern Datum apitoken_store_value(uint64 row, int column, bool *isnull);
extern char *apitoken_store_cstring(uint64 row, int column);
extern List *apitoken_store_strings(uint64 count);
extern char *apitoken_store_cstring_of(uint64 row, const char *column);

#endif							/* APITOKEN_STORE_H */
