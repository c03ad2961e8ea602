/*-------------------------------------------------------------------------
 *
 * store.c
 *	  The statements that the extension runs: all its SQL text, and the
 *	  plans made of it.
 *
 * The extension writes its tables through SQL on purpose, and reads through it
 * whatever an index alone would not find the same (see fetch.c; a status is written
 * without it, see target.c): triggers, row security, foreign tables and partitions
 * go on working under it.  Every name and operator is qualified, so that no
 * search_path leads a statement to something planted; no text is ever put together
 * from input.
 *
 * Each statement is prepared at its first use in a session and kept.  Its plan
 * is a generic one: arguments are ids and arrays of ids, which a plan made for
 * their values would not serve better, and planning costs more than running.
 *
 * src/store/store.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/store.h"

#include "access/xact.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "store/distribution.h"
#include "store/planning.h"
#include "store/shards.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Where the rows of a statement are, if the tables are distributed. */
typedef enum Spread
{
	SPREAD_UNKNOWN,				/* it is refused */
	SPREAD_ONE,					/* with one account, which is an argument */
	SPREAD_SIMPLE,				/* the same, or on every node, in one table:
								 * one plan does for all arguments */
	SPREAD_COPY,				/* on every node: this one's own copy is read,
								 * or locked */
	SPREAD_HERE,				/* the same, and of the trail, the shards that
								 * apitoken_shards_look() found here */
	SPREAD_ALL,					/* with many; it only reads */
	SPREAD_NOWHERE				/* on every node */
} Spread;

/* Some of an account's tokens, in the order of their ids, as everybody locks several. */
#define LOCK_CHOSEN \
	"SELECT t.id::pg_catalog.text FROM apitoken.api_tokens AS t" \
	" WHERE t.account_id " EQ " $1 AND t.id " EQ " ANY ($2) ORDER BY t.id FOR NO KEY UPDATE"

/* What is asked for the moment, which others than this node must not ask for. */
#define CLOCK "pg_catalog.clock_timestamp()"

/*
 * What stands for the trail's shards here, for the least number of a transaction of this
 * node, and for the least behind all of those.
 */
#define TRAIL_HERE "{trail here}"
#define FIRST_HERE "{first here}"
#define BEHIND_HERE "{behind here}"

typedef struct StatementText
{
	const char *name;
	int			result;			/* what SPI answers when it succeeds */
	const char *sql;
	int			nargs;
	Oid			argtypes[APITOKEN_MAX_ARGUMENTS + 1];	/* and the moment's */
	Spread		spread;
	const char *distributed;	/* NULL: the same, but for the clock */
} StatementText;

/* In place of a name that was erased, which cannot be null. */
#define ERASED "'Erased'"

/* The change of a row that erases is nobody's. */
#define ERASED_BY_NOBODY \
	"updated_at = pg_catalog.clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL"

#define EQ "OPERATOR(pg_catalog.=)"
#define NE "OPERATOR(pg_catalog.<>)"

/*
 * A token by its id, and by its account ($n may be null, where it is not known).
 */
#define ONE_TOKEN(id, account) \
	"t.id " EQ " " id " AND (" account " IS NULL OR t.account_id " EQ " " account ")"

/* The same where its account is known, and its rows are where that is. */
#define TOKEN_OF(id, account) "t.account_id " EQ " " account " AND t.id " EQ " " id

/*
 * Tokens in the caller's scope: every account's for some, the given accounts'
 * for others, who do not see Deleted ones.
 */
#define IN_SCOPE(everywhere, accounts) \
	"(" everywhere " OR (t.account_id " EQ " ANY (" accounts ")" \
	" AND t.status " NE " 'Deleted'))"

/* The same of a token whose account is known. */
#define IN_SCOPE_OF(account, everywhere, accounts) \
	"(" everywhere " OR (" account " " EQ " ANY (" accounts ")" \
	" AND t.status " NE " 'Deleted'))"

/*
 * The rows that have one of the keys, which come as arrays, one for each column
 * of the key; of each key at most as many rows as the last argument says.  The
 * first column of the result is the key's place in the arrays.
 */
#define ROWS_BY_KEY(keys, relation, condition, limit, order) \
	"SELECT k.place, r.* FROM ROWS FROM (" keys ", place)" \
	" CROSS JOIN LATERAL (SELECT b.* FROM apitoken." relation " AS b WHERE " condition \
	" ORDER BY b." order " LIMIT " limit ") AS r ORDER BY k.place, r." order

#define ROWS_BY_ONE(relation, column, order) \
	ROWS_BY_KEY("pg_catalog.unnest($1)) WITH ORDINALITY AS k (a", relation, \
				"b." column " " EQ " k.a", "$2", order)

#define ROWS_BY_TWO(relation, first, second, order) \
	ROWS_BY_KEY("pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS k (a, b", \
				relation, "b." first " " EQ " k.a AND b." second " " EQ " k.b", "$3", order)

/* The same of one account, $1, whose rows are together where they are distributed. */
#define ROWS_OF_ACCOUNT(relation, column, order) \
	"SELECT 1::pg_catalog.int8 AS place, b.* FROM apitoken." relation " AS b" \
	" WHERE b." column " " EQ " $1 ORDER BY b." order " LIMIT $2"

/*
 * The same of keys in one account, and of keys that no account owns: at most that many rows
 * of all of them together.  Other nodes need no more than one table for it.
 */
#define ROWS_OF_KEYS(relation, condition, column, keys, limit, order) \
	"SELECT pg_catalog.array_position(" keys ", b." column "::pg_catalog.text)::pg_catalog.int8 AS place," \
	" b.* FROM apitoken." relation " AS b WHERE " condition "b." column " " EQ " ANY (" keys ")" \
	" ORDER BY 1, b." order " LIMIT " limit

#define ROWS_IN_ACCOUNT(relation, first, second, order) \
	ROWS_OF_KEYS(relation, "b." first " " EQ " $1 AND ", second, "$2", "$3", order)

#define TRANSITION(token, scope) \
	"UPDATE apitoken.api_tokens AS t" \
	" SET status = $2, updated_at = pg_catalog.clock_timestamp()," \
	" updated_by_type = $3, updated_by_id = $4" \
	" WHERE " token " AND t.status " EQ " ANY ($5) AND " scope \
	" RETURNING t.*"

#define LOCK_TOKEN(token, scope) \
	"SELECT t.account_id::pg_catalog.text, t.status FROM apitoken.api_tokens AS t" \
	" WHERE " token " AND " scope " FOR NO KEY UPDATE"

#define TOKEN(token, scope) \
	"SELECT t.* FROM apitoken.api_tokens AS t WHERE " token " AND " scope

/* The number of the call by which a token's status was last changed. */
#define LAST_CALL(account, token) \
	"(SELECT l.call_id FROM apitoken.api_token_transitions AS l" \
	" WHERE l.api_token_id " EQ " " token " AND l.account_id " EQ " " account \
	" AND l.to_status IS NOT NULL AND (l.from_status IS NULL OR l.from_status " NE " l.to_status)" \
	" ORDER BY l.id DESC LIMIT 1)"

#define ENABLE_ALL(account, scope) \
	"UPDATE apitoken.api_tokens AS t" \
	" SET status = 'Active', held_at = NULL, updated_at = pg_catalog.clock_timestamp()," \
	" updated_by_type = $6, updated_by_id = $7" \
	" WHERE " account "t.id " EQ " ANY ($1) AND t.status " EQ " 'Disabled' AND " scope \
	" AND " LAST_CALL("t.account_id", "t.id") " " EQ " $4 AND ($5 OR t.held_at IS NULL)" \
	" AND (t.expires_at IS NULL" \
	" OR t.expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())" \
	" AND t.revoked_at IS NULL" \
	" RETURNING t.id::pg_catalog.text, t.account_id::pg_catalog.text"

/* Does a snapshot show a transaction? */
#define SHOWN(xid, xmax, in_progress) \
	"(" xid " OPERATOR(pg_catalog.<) " xmax " AND " xid " " NE " ALL (" in_progress "))"

/* Is a row of the trail new since the snapshot $3, $4, and shown by the one $5, $6? */
#define ADDED_BY "COALESCE(l.xid, '0'::pg_catalog.xid8)"
#define BETWEEN_SNAPSHOTS(added_by) \
	SHOWN(added_by, "$5", "$6") " AND NOT " SHOWN(added_by, "$3", "$4")

/* Where shards come from other nodes, whose transactions mean nothing here. */
#define IS_OF_HERE(xid) \
	"(" xid " OPERATOR(pg_catalog.>=) " FIRST_HERE " AND " xid " OPERATOR(pg_catalog.<) " BEHIND_HERE ")"
#define ADDED_HERE(xid) "CASE WHEN " IS_OF_HERE(xid) " THEN " xid " ELSE '0'::pg_catalog.xid8 END"

/*
 * A row of the trail as the feed tells it; with everything only those who see every
 * account are told from where, and by which roles, others act.
 */
#define EVENT(everything) \
	"pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('number', l.id," \
	" 'at', pg_catalog.to_char(pg_catalog.timezone('UTC', l.at), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')," \
	" 'event', COALESCE(l.event, CASE WHEN l.from_status IS NULL THEN 'created'" \
	" WHEN l.to_status " EQ " 'Active' THEN 'enabled' ELSE pg_catalog.lower(l.to_status) END)," \
	" 'account', pg_catalog.jsonb_build_object('id', l.account_id)," \
	" 'token', pg_catalog.jsonb_build_object('id', l.api_token_id)," \
	" 'from', l.from_status, 'to', l.to_status, 'reason', l.reason," \
	" 'actor', CASE WHEN l.actor_id IS NOT NULL THEN" \
	" pg_catalog.jsonb_build_object('type', l.actor_type, 'id', l.actor_id) END," \
	" 'databaseRole', CASE WHEN " everything " THEN l.database_role END," \
	" 'sessionRole', CASE WHEN " everything " THEN l.session_role END," \
	" 'clientAddress', CASE WHEN " everything " THEN pg_catalog.host(l.client_address) END," \
	" 'requestId', CASE WHEN " everything " THEN l.request_id END," \
	" 'call', l.call_id)) OPERATOR(pg_catalog.||)" \
	" CASE WHEN l.details IS NULL THEN '{}'::pg_catalog.jsonb" \
	" ELSE pg_catalog.jsonb_build_object('details', l.details) END"

/* Of what is new since a snapshot the first; by the index on xid alone, which OFFSET sees to. */
#define FIRST_NEW(trail, condition) \
	"SELECT pg_catalog.min(n.id) FROM" \
	" (SELECT l.id FROM " trail " AS l" \
	" WHERE l.xid OPERATOR(pg_catalog.>=) $1" condition \
	" UNION ALL SELECT l.id FROM " trail " AS l" \
	" WHERE l.xid " EQ " ANY ($2) OFFSET 0) AS n"

/*
 * Of shards' rows all that have the number of the last one: where Citus had made a node
 * anew its numbers may have begun again.
 */
#define AT_MOST " LIMIT $2"
#define AT_MOST_HERE " FETCH FIRST ($2) ROWS WITH TIES"

/* Events behind a number, between two snapshots. */
#define EVENTS(trail, added_by, at_most) \
	"SELECT l.id, " EVENT("true") " FROM " trail " AS l" \
	" WHERE l.id OPERATOR(pg_catalog.>) $1 AND " BETWEEN_SNAPSHOTS(added_by) \
	" ORDER BY l.id" at_most

/* The same of accounts. */
#define EVENTS_OF_ACCOUNTS(trail, added_by, at_most) \
	"SELECT e.id, e.event FROM pg_catalog.unnest($7) AS a (id)" \
	" CROSS JOIN LATERAL (SELECT l.id, " EVENT("false") " AS event" \
	" FROM " trail " AS l WHERE l.account_id " EQ " a.id" \
	" AND l.id OPERATOR(pg_catalog.>) $1 AND " BETWEEN_SNAPSHOTS(added_by) \
	" ORDER BY l.id LIMIT $2) AS e ORDER BY e.id" at_most

/* Prunings that a snapshot does not show, of what it may not show either. */
#define FIND_PRUNED(xid) \
	"SELECT FROM apitoken.trail_prunings AS p WHERE NOT " SHOWN(xid, "$1", "$2") \
	" AND (p.last_xid OPERATOR(pg_catalog.>=) $3 OR p.last_id OPERATOR(pg_catalog.>) $4)" \
	" LIMIT 1"

/* Does the account's default group, g, have the module? */
#define OFFERED(account, module) \
	"EXISTS (SELECT FROM apitoken.user_groups AS g" \
	" JOIN apitoken.user_group_modules AS o" \
	" ON o.account_id " EQ " g.account_id AND o.user_group_id " EQ " g.id" \
	" WHERE g.account_id " EQ " " account " AND g.is_default AND o.module_id " EQ " " module ")"

/*
 * Is the last note of an access that old?  If it is still to come a clock was ahead; the
 * column's milliseconds are rounded.
 */
#define IS_ACCESS_DUE(alias, interval) \
	"(" alias ".last_access_at IS NULL OR " alias ".last_access_at OPERATOR(pg_catalog.<=)" \
	" (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)" \
	" pg_catalog.make_interval(secs => " interval "))" \
	" OR " alias ".last_access_at OPERATOR(pg_catalog.>)" \
	" pg_catalog.clock_timestamp()::pg_catalog.timestamptz(3))"

#define HOW_IT_IS_USED \
	", last_access_address = $4, last_access_via = $5, last_access_mode = $6"

/* Notes an access, unless another session has since it was found to be due. */
#define NOTE_ACCESS(use, account) \
	"UPDATE apitoken.api_token_credentials AS c" \
	" SET last_access_at = pg_catalog.clock_timestamp()" use \
	" FROM (SELECT k.account_id, k.api_token_id FROM apitoken.api_token_credentials AS k" \
	" WHERE k.account_id " EQ " $1 AND k.api_token_id " EQ " $2" \
	" AND " IS_ACCESS_DUE("k", "$3") \
	" FOR NO KEY UPDATE SKIP LOCKED) AS free" \
	" WHERE " account "c.account_id " EQ " free.account_id AND c.api_token_id " EQ " free.api_token_id"

/* The same of a secret that has a number, $7. */
#define NOTE_SECRET_ACCESS(account) \
	"UPDATE apitoken.api_token_secrets AS s" \
	" SET last_access_at = pg_catalog.clock_timestamp()" HOW_IT_IS_USED \
	" FROM (SELECT k.account_id, k.api_token_id, k.number FROM apitoken.api_token_secrets AS k" \
	" WHERE k.account_id " EQ " $1 AND k.api_token_id " EQ " $2 AND k.number " EQ " $7" \
	" AND " IS_ACCESS_DUE("k", "$3") \
	" FOR NO KEY UPDATE SKIP LOCKED) AS free" \
	" WHERE " account "s.account_id " EQ " free.account_id AND s.api_token_id " EQ " free.api_token_id" \
	" AND s.number " EQ " free.number"

/*
 * Erases from where secrets were used, of a table of them: of which tokens, condition
 * says.  Also where nothing is noted: whoever is noting it is waited for.
 */
#define ERASE_ACCESSES(relation, condition) \
	"UPDATE apitoken." relation " AS s SET last_access_address = NULL WHERE " condition
#define MADE_BY_USER \
	"EXISTS (SELECT FROM apitoken.api_tokens AS t" \
	" WHERE t.account_id " EQ " s.account_id AND t.id " EQ " s.api_token_id" \
	" AND t.created_by_type " EQ " 'user' AND t.created_by_id " EQ " $1)"

/*
 * A new token, unless another has the id, or had it and was erased; with columns that
 * an older table has not, for who needs them.
 */
#define ADD_TOKEN(columns, values) \
	"INSERT INTO apitoken.api_tokens AS t" \
	" (account_id, id, name, description, icon, created_at, created_by_type, created_by_id" \
	columns ") SELECT $1, $2, $3, $4, $5, pg_catalog.clock_timestamp(), $6, $7" values \
	" WHERE NOT EXISTS (SELECT FROM apitoken.actors a" \
	" WHERE a.type OPERATOR(pg_catalog.=) 'token' AND a.id OPERATOR(pg_catalog.=) $2)" \
	" ON CONFLICT DO NOTHING RETURNING t.*"

/* The same of one whose actor was just added, and nobody else adds. */
#define ADD_TOKEN_OF_ACTOR(columns, values) \
	"INSERT INTO apitoken.api_tokens AS t" \
	" (account_id, id, name, description, icon, created_at, created_by_type, created_by_id" \
	columns ") VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp(), $6, $7" values ")" \
	" RETURNING t.*"

static const StatementText statements[] = {
	[STATEMENT_USER_SCOPE] = {
		"apitoken user scope", SPI_OK_SELECT,
		"SELECT g.account_id::pg_catalog.text, a.type " EQ " 'Operations',"
		" pg_catalog.bool_or(m.code " EQ " 'access-management'),"
		" pg_catalog.bool_or(m.code " EQ " 'account-management')"
		" FROM apitoken.users AS u"
		" LEFT JOIN apitoken.user_group_users AS g ON g.user_id " EQ " u.id"
		" LEFT JOIN apitoken.accounts AS a ON a.id " EQ " g.account_id"
		" LEFT JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.user_group_id"
		" LEFT JOIN apitoken.modules AS m ON m.id " EQ " l.module_id"
		" WHERE u.id " EQ " $1 AND u.status " EQ " 'Active'"
		" GROUP BY g.account_id, a.type",
		1, {TEXTOID}
	},
	[STATEMENT_USER_ACCOUNTS] = {
		"apitoken user accounts", SPI_OK_SELECT,
		"SELECT m.account_id::pg_catalog.text FROM apitoken.users AS u"
		" LEFT JOIN apitoken.user_accounts AS m ON m.user_id " EQ " u.id"
		" WHERE u.id " EQ " $1 AND u.status " EQ " 'Active' ORDER BY 1",
		1, {TEXTOID}, SPREAD_COPY
	},
	[STATEMENT_USER_SCOPE_IN] = {
		/* the same of one account, of which the user is known to be Active */
		"apitoken user scope in", SPI_OK_SELECT,
		"SELECT g.account_id::pg_catalog.text, a.type " EQ " 'Operations',"
		" pg_catalog.bool_or(m.code " EQ " 'access-management'),"
		" pg_catalog.bool_or(m.code " EQ " 'account-management')"
		" FROM apitoken.user_group_users AS g"
		" JOIN apitoken.accounts AS a ON a.id " EQ " g.account_id"
		" LEFT JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.user_group_id"
		" LEFT JOIN apitoken.modules AS m ON m.id " EQ " l.module_id"
		" WHERE g.user_id " EQ " $1 AND g.account_id " EQ " $2"
		" GROUP BY g.account_id, a.type",
		2, {TEXTOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_USER_HOLDS] = {
		"apitoken user holds", SPI_OK_SELECT,
		"SELECT m.id FROM apitoken.users AS u"
		" JOIN apitoken.user_group_users AS g ON g.user_id " EQ " u.id"
		" JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.user_group_id"
		" JOIN apitoken.modules AS m ON m.id " EQ " l.module_id"
		" WHERE u.id " EQ " $1 AND u.status " EQ " 'Active' AND m.code " EQ " $2"
		" AND ($3 IS NULL OR g.account_id " EQ " $3) LIMIT 1",
		3, {TEXTOID, TEXTOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_USER_MODULES] = {
		"apitoken user modules", SPI_OK_SELECT,
		"SELECT m.id::pg_catalog.text, m.code FROM apitoken.modules AS m"
		" WHERE m.id " EQ " ANY (SELECT l.module_id FROM apitoken.user_group_users AS g"
		" JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.user_group_id"
		" WHERE g.user_id " EQ " $1 AND g.account_id " EQ " $2) ORDER BY m.id",
		2, {TEXTOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ACCOUNT] = {
		"apitoken account", SPI_OK_SELECT,
		"SELECT a.id FROM apitoken.accounts AS a"
		" WHERE a.id " EQ " $1 AND ($2 OR a.id " EQ " ANY ($3))",
		3, {TEXTOID, BOOLOID, TEXTARRAYOID}, SPREAD_SIMPLE,
		"SELECT a.id FROM apitoken.accounts AS a"
		" WHERE a.id " EQ " $1 AND ($2 OR $1 " EQ " ANY ($3))"
	},
	[STATEMENT_READ_AHEAD] = {
		"apitoken read ahead", SPI_OK_SELECT,
		"SELECT apitoken.read_ahead(a.tableoid, $1, $2, $3, $4) FROM apitoken.accounts AS a"
		" WHERE a.id " EQ " $1",
		4, {TEXTOID, TEXTOID, INT4OID, INT8OID}, SPREAD_SIMPLE
	},
	[STATEMENT_CREATED_BY] = {
		"apitoken created by", SPI_OK_SELECT,
		"SELECT k.id FROM apitoken.api_tokens AS k"
		" WHERE k.created_by_type " EQ " 'token' AND k.created_by_id " EQ " ANY ($1)",
		1, {TEXTARRAYOID}, SPREAD_ALL
	},
	[STATEMENT_SHARE_TOKEN] = {
		"apitoken share token", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.api_tokens AS t"
		" WHERE t.account_id " EQ " $1 AND t.id " EQ " $2 FOR SHARE",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SHARE_TOKEN_MODULES] = {
		"apitoken share token modules", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.api_token_id " EQ " $2 FOR SHARE",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SHARE_ACCOUNT] = {
		"apitoken share account", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.accounts AS a WHERE a.id " EQ " $1 FOR SHARE",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_WRITE_NOTHING] = {
		/*
		 * it finds nothing, but is one that writes: for Citus, to the
		 * account's shard
		 */
		"apitoken write nothing", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_secrets AS s"
		" WHERE s.account_id " EQ " $1 AND s.number OPERATOR(pg_catalog.<) 0",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_CLOSE_ACCOUNT] = {
		"apitoken close account", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.accounts AS a WHERE a.id " EQ " $1 FOR NO KEY UPDATE",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_TRY_ACCOUNT] = {
		"apitoken try account", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.accounts AS a WHERE a.id " EQ " $1 FOR NO KEY UPDATE SKIP LOCKED",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_TRY_TO_ERASE] = {
		"apitoken try to erase", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.accounts AS a WHERE a.id " EQ " $1 FOR UPDATE SKIP LOCKED",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_TRY_CHOSEN] = {
		"apitoken try chosen", SPI_OK_SELECT,
		LOCK_CHOSEN " SKIP LOCKED",
		2, {TEXTOID, TEXTARRAYOID}, SPREAD_SIMPLE
	},
	[STATEMENT_LOCK_CHOSEN] = {
		"apitoken lock chosen", SPI_OK_SELECT,
		LOCK_CHOSEN,
		2, {TEXTOID, TEXTARRAYOID}, SPREAD_SIMPLE
	},
	[STATEMENT_LOCKER_OF_TOKEN] = {
		"apitoken locker of token", SPI_OK_SELECT,
		"SELECT t.xmax::pg_catalog.text FROM apitoken.api_tokens AS t"
		" WHERE t.account_id " EQ " $1 AND t.id " EQ " $2",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_LOCKER_OF_ACCOUNT] = {
		"apitoken locker of account", SPI_OK_SELECT,
		"SELECT a.xmax::pg_catalog.text FROM apitoken.accounts AS a WHERE a.id " EQ " $1",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_WRITE_NEXT] = {
		/*
		 * there is no such row: it is the copies' lock that one has to wait
		 * for
		 */
		"apitoken write next", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.trail_prunings AS p WHERE p.pruned OPERATOR(pg_catalog.<) 0 FOR UPDATE",
		0, {0}, SPREAD_NOWHERE
	},
	[STATEMENT_TOKENS_OF] = {
		"apitoken tokens of", SPI_OK_SELECT,
		"SELECT t.id::pg_catalog.text FROM apitoken.api_tokens AS t WHERE t.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_EVERY_ACCOUNT] = {
		"apitoken every account", SPI_OK_SELECT,
		"SELECT a.id FROM apitoken.accounts AS a ORDER BY a.id",
		0, {0}, SPREAD_ALL
	},
	[STATEMENT_DISABLE_CHOSEN] = {
		"apitoken disable chosen", SPI_OK_UPDATE_RETURNING,
		"UPDATE apitoken.api_tokens AS t"
		" SET status = 'Disabled', updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $3, updated_by_id = $4"
		" WHERE t.account_id " EQ " $1 AND t.id " EQ " ANY ($2) AND t.status " EQ " 'Active'"
		" RETURNING t.id::pg_catalog.text, true",
		4, {TEXTOID, TEXTARRAYOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SHARE_OFFER] = {
		"apitoken share offer", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.user_groups AS g JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.id"
		" WHERE g.account_id " EQ " $1 AND l.account_id " EQ " $1 AND g.is_default"
		" FOR SHARE OF g, l",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_SHARE_USER] = {
		"apitoken share user", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.users AS u WHERE u.id " EQ " $1 FOR SHARE",
		1, {TEXTOID}, SPREAD_COPY
	},
	[STATEMENT_SHARE_MODULES] = {
		"apitoken share modules", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.modules AS m FOR SHARE",
		0, {0}, SPREAD_COPY
	},
	[STATEMENT_SHARE_USER_GROUPS] = {
		"apitoken share user groups", SPI_OK_SELECT,
		"SELECT g.user_group_id::pg_catalog.text FROM apitoken.user_group_users AS g"
		" WHERE g.account_id " EQ " $1 AND g.user_id " EQ " $2 FOR SHARE",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SHARE_GROUP_MODULES] = {
		"apitoken share group modules", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.user_group_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.user_group_id " EQ " ANY ($2) FOR SHARE",
		2, {TEXTOID, TEXTARRAYOID}, SPREAD_SIMPLE
	},
	[STATEMENT_TRANSITION] = {
		"apitoken transition", SPI_OK_UPDATE_RETURNING,
		TRANSITION(ONE_TOKEN("$1", "$8"), IN_SCOPE("$6", "$7")),
		8, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, BOOLOID, TEXTARRAYOID, TEXTOID},
		SPREAD_SIMPLE,
		/* one that cannot be enabled is not, and found out by a look */
		TRANSITION(TOKEN_OF("$1", "$8"), IN_SCOPE_OF("$8", "$6", "$7")
				   " AND ($2 " NE " 'Active' OR (t.held_at IS NULL AND t.revoked_at IS NULL AND"
				   " (t.expires_at IS NULL OR t.expires_at OPERATOR(pg_catalog.>) " CLOCK ")))")
	},
	[STATEMENT_HOLD_TOKEN] = {
		"apitoken hold token", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET held_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $2, updated_by_id = $3"
		" WHERE t.account_id " EQ " $4 AND t.id " EQ " $1"
		" AND t.status " EQ " 'Disabled' AND t.held_at IS NULL",
		4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_RELEASE_TOKEN] = {
		"apitoken release token", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET held_at = NULL, updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $2, updated_by_id = $3"
		" WHERE t.account_id " EQ " $4 AND t.id " EQ " $1 AND t.held_at IS NOT NULL",
		4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_HOLD_ACCOUNT] = {
		"apitoken hold account", SPI_OK_UPDATE,
		"UPDATE apitoken.accounts AS a"
		" SET held_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $2, updated_by_id = $3"
		" WHERE a.id " EQ " $1 AND a.held_at IS NULL",
		3, {TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_RELEASE_ACCOUNT] = {
		"apitoken release account", SPI_OK_UPDATE,
		"UPDATE apitoken.accounts AS a"
		" SET held_at = NULL, updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $2, updated_by_id = $3"
		" WHERE a.id " EQ " $1 AND a.held_at IS NOT NULL",
		3, {TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_DISABLE_OF_ACCOUNTS] = {
		"apitoken disable of accounts", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET status = 'Disabled', updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $2, updated_by_id = $3"
		" FROM (SELECT k.account_id, k.id, k.status FROM apitoken.api_tokens AS k"
		" WHERE k.account_id " EQ " ANY ($1) AND k.status " NE " 'Deleted'"
		" ORDER BY k.id FOR NO KEY UPDATE) AS l"
		" WHERE t.account_id " EQ " l.account_id AND t.id " EQ " l.id AND l.status " EQ " 'Active'",
		3, {TEXTARRAYOID, TEXTOID, TEXTOID}
	},
	[STATEMENT_LOCK_ACTIVE] = {
		"apitoken lock active", SPI_OK_SELECT,
		"SELECT t.id::pg_catalog.text FROM apitoken.api_tokens AS t"
		" WHERE t.account_id " EQ " $1 AND t.status " EQ " 'Active' ORDER BY t.id FOR NO KEY UPDATE",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_ERASE_USER] = {
		"apitoken erase user", SPI_OK_UPDATE,
		"UPDATE apitoken.users AS u"
		" SET status = 'Deleted', name = " ERASED ", first_name = NULL, last_name = NULL, email = NULL,"
		" phone_prefix = NULL, phone_number = NULL, icon = NULL, culture_code = NULL,"
		" language_code = NULL, last_login_at = NULL, current_account_id = NULL, " ERASED_BY_NOBODY
		" WHERE u.id " EQ " $1",
		1, {TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_ERASE_USER_ACCOUNTS] = {
		"apitoken erase user accounts", SPI_OK_DELETE,
		"DELETE FROM apitoken.user_accounts AS l WHERE l.user_id " EQ " $1",
		1, {TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_ERASE_USER_TRAIL] = {
		"apitoken erase user trail", SPI_OK_UPDATE,
		"UPDATE apitoken.api_token_transitions AS l"
		" SET client_address = NULL, request_id = NULL"
		" WHERE l.actor_type " EQ " 'user' AND l.actor_id " EQ " $1"
		" AND (l.client_address IS NOT NULL OR l.request_id IS NOT NULL)",
		1, {TEXTOID}, SPREAD_ALL
	},
	[STATEMENT_ERASE_USER_ACCESSES] = {
		"apitoken erase user accesses", SPI_OK_UPDATE,
		ERASE_ACCESSES("api_token_credentials", MADE_BY_USER),
		1, {TEXTOID}, SPREAD_ALL
	},
	[STATEMENT_ERASE_USER_SECRETS] = {
		"apitoken erase user secrets", SPI_OK_UPDATE,
		ERASE_ACCESSES("api_token_secrets", MADE_BY_USER),
		1, {TEXTOID}, SPREAD_ALL
	},
	[STATEMENT_LOCK_ACCOUNT] = {
		"apitoken lock account", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.accounts AS a WHERE a.id " EQ " $1 FOR UPDATE",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_LOCK_TOKENS] = {
		"apitoken lock tokens", SPI_OK_SELECT,
		"SELECT t.id::pg_catalog.text, t.status FROM apitoken.api_tokens AS t"
		" WHERE t.account_id " EQ " $1 ORDER BY t.id FOR UPDATE",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT] = {
		"apitoken erase account", SPI_OK_UPDATE,
		"UPDATE apitoken.accounts AS a"
		" SET status = 'Disabled', name = " ERASED ", description = NULL, icon = NULL,"
		" external_id = NULL, external_name = NULL, pyra_tenant_id = NULL, service_level = NULL,"
		" address_line1 = NULL, address_line2 = NULL, post_code = NULL, city = NULL, state = NULL,"
		" country = NULL, technical_support_email = NULL, website = NULL, allowed_networks = NULL,"
		" held_at = COALESCE(a.held_at, pg_catalog.clock_timestamp()), " ERASED_BY_NOBODY
		" WHERE a.id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_USERS] = {
		"apitoken erase account users", SPI_OK_DELETE,
		"DELETE FROM apitoken.user_accounts AS l WHERE l.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_ERASE_ACCOUNT_GROUPS] = {
		"apitoken erase account groups", SPI_OK_UPDATE,
		"UPDATE apitoken.user_groups AS g"
		" SET name = " ERASED ", description = NULL, logo = NULL, " ERASED_BY_NOBODY
		" WHERE g.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_BUYERS] = {
		"apitoken erase account buyers", SPI_OK_UPDATE,
		"UPDATE apitoken.buyers AS b"
		" SET status = 'Deleted', name = " ERASED ", icon = NULL, contact_id = NULL,"
		" erp_company_contact = NULL, erp_customer = NULL, account_external_id = NULL,"
		" address_line1 = NULL, address_line2 = NULL, post_code = NULL, city = NULL, state = NULL,"
		" country = NULL, tax_id = NULL, " ERASED_BY_NOBODY
		" WHERE b.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_ERRORS] = {
		"apitoken erase account errors", SPI_OK_DELETE,
		"DELETE FROM apitoken.buyer_errors AS e WHERE e.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_TRAIL] = {
		"apitoken erase account trail", SPI_OK_UPDATE,
		"UPDATE apitoken.api_token_transitions AS l"
		" SET client_address = NULL, request_id = NULL, reason = NULL,"
		" details = l.details OPERATOR(pg_catalog.-) ARRAY['name', 'description', 'icon', 'allowedNetworks']"
		" WHERE l.account_id " EQ " $1 AND (l.client_address IS NOT NULL"
		" OR l.request_id IS NOT NULL OR l.reason IS NOT NULL OR l.details IS NOT NULL)",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_ACCESSES] = {
		"apitoken erase account accesses", SPI_OK_UPDATE,
		ERASE_ACCESSES("api_token_credentials", "s.account_id " EQ " $1"),
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_SECRETS] = {
		"apitoken erase account secrets", SPI_OK_UPDATE,
		ERASE_ACCESSES("api_token_secrets", "s.account_id " EQ " $1"),
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ERASE_ACCOUNT_TOKENS] = {
		"apitoken erase account tokens", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET status = 'Deleted', name = " ERASED ", description = NULL, icon = NULL,"
		" allowed_networks = NULL, " ERASED_BY_NOBODY
		" WHERE t.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_REMOVE_TRAIL] = {
		/*
		 * whoever follows the feed is not told what becomes of the tokens: he
		 * begins again
		 */
		"apitoken remove trail", SPI_OK_INSERT,
		"WITH gone AS (DELETE FROM apitoken.api_token_transitions AS l"
		" WHERE l.account_id " EQ " $1 RETURNING l.id)"
		" INSERT INTO apitoken.trail_prunings (before, pruned, last_id, last_xid, database_role)"
		" SELECT pg_catalog.clock_timestamp(), pg_catalog.count(*), pg_catalog.max(g.id),"
		" pg_catalog.pg_current_xact_id(), $2 FROM gone AS g",
		2, {TEXTOID, NAMEOID}
	},
	[STATEMENT_REMOVE_TRAIL_OF] = {
		/* the same, where the tables are distributed */
		"apitoken remove trail of", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_transitions AS l WHERE l.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_LAST_OF_ACCOUNT] = {
		"apitoken last of account", SPI_OK_SELECT,
		"SELECT pg_catalog.max(l.id) FROM apitoken.api_token_transitions AS l"
		" WHERE l.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_LAST_BEFORE] = {
		"apitoken last before", SPI_OK_SELECT,
		"SELECT pg_catalog.max(l.id) FROM apitoken.api_token_transitions AS l"
		" WHERE l.at OPERATOR(pg_catalog.<) $1",
		1, {TIMESTAMPTZOID}, SPREAD_ALL
	},
	[STATEMENT_REMOVE_BEFORE] = {
		"apitoken remove before", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_transitions AS l WHERE l.at OPERATOR(pg_catalog.<) $1",
		1, {TIMESTAMPTZOID}, SPREAD_ALL
	},
	[STATEMENT_ADD_PRUNING] = {
		"apitoken add pruning", SPI_OK_INSERT,
		/* each node adds its own transactions to it: see stamp.c */
		"INSERT INTO apitoken.trail_prunings (before, pruned, last_id, database_role, last_xid)"
		" VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN '1'::pg_catalog.xid8 END)",
		5, {TIMESTAMPTZOID, INT8OID, INT8OID, NAMEOID, BOOLOID}, SPREAD_NOWHERE
	},
	[STATEMENT_REMOVE_FOREIGN_SECRETS] = {
		"apitoken remove foreign secrets", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_foreign_secrets AS s WHERE s.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_MARK_ERASED] = {
		"apitoken mark erased", SPI_OK_UPDATE,
		"UPDATE apitoken.actors AS a SET erased_at = pg_catalog.clock_timestamp()"
		" WHERE a.type " EQ " 'token' AND a.id " EQ " ANY ($1)",
		1, {TEXTARRAYOID}, SPREAD_NOWHERE
	},
	[STATEMENT_OPEN_NODES] = {
		/* what only reads opens no transaction there; this finds nothing */
		"apitoken open nodes", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_secrets AS s WHERE s.number OPERATOR(pg_catalog.<) 0",
		0, {0}, SPREAD_ALL
	},
	[STATEMENT_SET_ERASING] = {
		/*
		 * on each node that has rows, by one of them at least; and by which
		 * server process.  Servers may be copies of one, but none was started
		 * in the same microsecond.
		 */
		"apitoken set erasing", SPI_OK_SELECT,
		"SELECT DISTINCT pg_catalog.pg_postmaster_start_time(), pg_catalog.pg_backend_pid(),"
		" pg_catalog.set_config('apitoken.erasing', $1, true) FROM apitoken.accounts AS a",
		1, {TEXTOID}, SPREAD_ALL
	},
	[STATEMENT_SET_ON_SHARD] = {
		"apitoken set on shard", SPI_OK_SELECT,
		"SELECT pg_catalog.set_config($1, $2, true) FROM apitoken.accounts AS a"
		" WHERE a.id " EQ " $3",
		3, {TEXTOID, TEXTOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_REMOVE_TOKENS] = {
		"apitoken remove tokens", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_tokens AS t WHERE t.account_id " EQ " $1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ADD_ERASURE] = {
		"apitoken add erasure", SPI_OK_INSERT,
		"INSERT INTO apitoken.erasures (kind, resource_id, with_tokens, database_role)"
		" VALUES ($1, $2, $3, $4)",
		4, {TEXTOID, TEXTOID, BOOLOID, NAMEOID}, SPREAD_NOWHERE
	},
	[STATEMENT_NEXT_CALL] = {
		"apitoken next call", SPI_OK_SELECT,
		"SELECT pg_catalog.nextval('apitoken.api_token_transitions_id_seq')",
		0, {0}, SPREAD_NOWHERE
	},
	[STATEMENT_FIND_CALL] = {
		/*
		 * that has changed the given tokens, and no other; if there are
		 * several, the last
		 */
		"apitoken find call", SPI_OK_SELECT,
		"SELECT g.call_id FROM (SELECT l.call_id, pg_catalog.count(*) AS number"
		" FROM apitoken.api_token_transitions AS l"

		/*
		 * what no number was given is found here, by its tokens, and not
		 * below
		 */
		" WHERE l.api_token_id " EQ " ANY ($1) AND l.from_status " NE " l.to_status"
		" AND ($2 OR l.account_id " EQ " ANY ($3)) GROUP BY l.call_id) AS g"
		" WHERE g.number " EQ " pg_catalog.cardinality($1) AND g.number " EQ
		" (SELECT pg_catalog.count(*) FROM apitoken.api_token_transitions AS o"
		" WHERE o.call_id " EQ " g.call_id AND o.from_status " NE " o.to_status)"
		" ORDER BY g.call_id DESC LIMIT 1",
		3, {TEXTARRAYOID, BOOLOID, TEXTARRAYOID}
	},
	[STATEMENT_CALLS_OF] = {
		/*
		 * the same: those that have changed that many of the tokens, the last
		 * one first
		 */
		"apitoken calls of", SPI_OK_SELECT,
		"SELECT l.call_id FROM apitoken.api_token_transitions AS l"
		" WHERE l.api_token_id " EQ " ANY ($1) AND l.call_id IS NOT NULL"
		" AND l.from_status " NE " l.to_status AND ($2 OR l.account_id " EQ " ANY ($3))"
		" GROUP BY l.call_id HAVING pg_catalog.count(*) " EQ " pg_catalog.cardinality($1)"
		" ORDER BY pg_catalog.max(l.at) DESC",
		3, {TEXTARRAYOID, BOOLOID, TEXTARRAYOID}, SPREAD_ALL
	},
	[STATEMENT_CHANGES_OF_CALL] = {
		"apitoken changes of call", SPI_OK_SELECT,
		"SELECT pg_catalog.count(*) FROM apitoken.api_token_transitions AS l"
		" WHERE l.call_id " EQ " $1 AND l.from_status " NE " l.to_status",
		1, {INT8OID}, SPREAD_ALL
	},
	[STATEMENT_LOCK_DISABLED] = {
		"apitoken lock disabled", SPI_OK_SELECT,
		"SELECT FROM apitoken.api_tokens AS t"
		" WHERE t.id " EQ " ANY ($1) AND t.status " EQ " 'Disabled' AND " IN_SCOPE("$2", "$3")
		" ORDER BY t.id FOR NO KEY UPDATE",
		3, {TEXTARRAYOID, BOOLOID, TEXTARRAYOID}
	},
	[STATEMENT_ENABLE_ALL] = {
		"apitoken enable all", SPI_OK_UPDATE_RETURNING,
		ENABLE_ALL("", IN_SCOPE("$2", "$3")),
		8, {TEXTARRAYOID, BOOLOID, TEXTARRAYOID, INT8OID, BOOLOID, TEXTOID, TEXTOID, TEXTOID},
		SPREAD_ONE, ENABLE_ALL("t.account_id " EQ " $8 AND ", IN_SCOPE_OF("$8", "$2", "$3"))
	},
	[STATEMENT_ADD_TRANSITION] = {
		/* to a trail of version 1.0 */
		"apitoken add transition", SPI_OK_INSERT,
		"INSERT INTO apitoken.api_token_transitions"
		" (account_id, api_token_id, from_status, to_status, actor_type, actor_id,"
		" database_role, client_address)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		8, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, NAMEOID, INETOID}
	},
	[STATEMENT_ADD_EVENT] = {
		"apitoken add event", SPI_OK_INSERT,
		"INSERT INTO apitoken.api_token_transitions"
		" (account_id, api_token_id, from_status, to_status, actor_type, actor_id,"
		" database_role, client_address, call_id, reason, event, details, session_role, request_id)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		14, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, NAMEOID, INETOID, INT8OID,
		TEXTOID, TEXTOID, JSONBOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_ADD_EVENT_TO_SHARD] = {
		/* where no default sees to its number and its moment */
		"apitoken add event to shard", SPI_OK_INSERT,
		"INSERT INTO apitoken.api_token_transitions"
		" (id, at, account_id, api_token_id, from_status, to_status, actor_type, actor_id,"
		" database_role, client_address, call_id, reason, event, details, session_role, request_id)"
		" OVERRIDING SYSTEM VALUE"
		" VALUES (pg_catalog.nextval('apitoken.api_token_transitions_id_seq'), pg_catalog.clock_timestamp(),"
		" $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		14, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, NAMEOID, INETOID, INT8OID,
		TEXTOID, TEXTOID, JSONBOID, TEXTOID, TEXTOID}
	},
	[STATEMENT_PRUNE_TRAIL] = {
		"apitoken prune trail", SPI_OK_INSERT_RETURNING,
		"WITH gone AS (DELETE FROM apitoken.api_token_transitions AS l"
		" WHERE l.at OPERATOR(pg_catalog.<) $1 RETURNING l.id, l.xid)"
		" INSERT INTO apitoken.trail_prunings AS p"
		" (before, pruned, last_id, last_xid, database_role)"
		" SELECT $1, pg_catalog.count(*), pg_catalog.max(g.id),"
		" (SELECT h.xid FROM gone AS h WHERE h.xid IS NOT NULL"
		" ORDER BY h.xid USING OPERATOR(pg_catalog.>) LIMIT 1), $2 FROM gone AS g"
		" RETURNING p.pruned",
		2, {TIMESTAMPTZOID, NAMEOID}
	},
	[STATEMENT_FIND_PRUNED] = {
		"apitoken find pruned", SPI_OK_SELECT,
		FIND_PRUNED("p.xid"),
		4, {XID8OID, XID8ARRAYOID, XID8OID, INT8OID}, SPREAD_HERE, FIND_PRUNED(ADDED_HERE("p.xid"))
	},
	[STATEMENT_FIRST_NEW] = {
		"apitoken first new", SPI_OK_SELECT,
		FIRST_NEW("apitoken.api_token_transitions", ""),
		2, {XID8OID, XID8ARRAYOID}, SPREAD_HERE,
		FIRST_NEW(TRAIL_HERE, " AND l.xid OPERATOR(pg_catalog.<) " BEHIND_HERE)
	},
	[STATEMENT_EVENTS] = {
		"apitoken events", SPI_OK_SELECT,
		EVENTS("apitoken.api_token_transitions", ADDED_BY, AT_MOST),
		6, {INT8OID, INT8OID, XID8OID, XID8ARRAYOID, XID8OID, XID8ARRAYOID}, SPREAD_HERE,
		EVENTS(TRAIL_HERE, ADDED_HERE("l.xid"), AT_MOST_HERE)
	},
	[STATEMENT_EVENTS_OF_ACCOUNTS] = {
		"apitoken events of accounts", SPI_OK_SELECT,
		EVENTS_OF_ACCOUNTS("apitoken.api_token_transitions", ADDED_BY, AT_MOST),
		7, {INT8OID, INT8OID, XID8OID, XID8ARRAYOID, XID8OID, XID8ARRAYOID, TEXTARRAYOID},
		SPREAD_HERE, EVENTS_OF_ACCOUNTS(TRAIL_HERE, ADDED_HERE("l.xid"), AT_MOST_HERE)
	},
	[STATEMENT_COUNT_TOKENS] = {
		/* as many as matter */
		"apitoken count tokens", SPI_OK_SELECT,
		"SELECT pg_catalog.count(*) FROM (SELECT FROM apitoken.api_tokens AS t"
		" WHERE t.account_id " EQ " $1 AND t.status " NE " 'Deleted' LIMIT $2) AS k",
		2, {TEXTOID, INT8OID}, SPREAD_ONE
	},
	[STATEMENT_FIND_ACTOR] = {
		"apitoken find actor", SPI_OK_SELECT,
		"SELECT 1 FROM apitoken.actors AS a WHERE a.type " EQ " 'token' AND a.id " EQ " $1",
		1, {TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_ADD_ACTOR] = {
		/*
		 * with ON CONFLICT, all who add one on any node would wait for each
		 * other
		 */
		"apitoken add actor", SPI_OK_INSERT,
		"INSERT INTO apitoken.actors (type, id, account_id) VALUES ('token', $2, $1)",
		2, {TEXTOID, TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_START_ADDING] = {
		/*
		 * what only reads opens no transaction there; foreign keys will lock
		 * it so
		 */
		"apitoken start adding", SPI_OK_SELECT,
		"SELECT pg_catalog.set_config('apitoken.adding', 'on', true) FROM apitoken.accounts AS a"
		" WHERE a.id " EQ " $1 FOR KEY SHARE",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ADD_TOKEN] = {
		"apitoken add token", SPI_OK_INSERT_RETURNING,
		ADD_TOKEN("", ""),
		7, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID},
		SPREAD_SIMPLE, ADD_TOKEN_OF_ACTOR("", "")
	},
	[STATEMENT_ADD_BOUNDED_TOKEN] = {
		"apitoken add bounded token", SPI_OK_INSERT_RETURNING,
		ADD_TOKEN(", expires_at, allowed_networks", ", $8, $9"),
		9, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
		CIDRARRAYOID}, SPREAD_SIMPLE,
		ADD_TOKEN_OF_ACTOR(", expires_at, allowed_networks", ", $8, $9")
	},
	[STATEMENT_ADD_CREDENTIAL] = {
		"apitoken add credential", SPI_OK_INSERT,
		"INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)"
		" VALUES ($1, $2, $3)",
		3, {TEXTOID, TEXTOID, BYTEAOID}, SPREAD_SIMPLE
	},
	[STATEMENT_IMPORT] = {
		"apitoken import", SPI_OK_SELECT,
		"SELECT apitoken.import($1, $2, $3, $4)",
		4, {JSONBOID, NAMEOID, INETOID, TEXTOID}, SPREAD_NOWHERE
	},
	[STATEMENT_SECURE_NODES] = {
		"apitoken secure nodes", SPI_OK_SELECT,
		"SELECT apitoken.secure_nodes()",
		0, {0}, SPREAD_NOWHERE
	},
	[STATEMENT_SYNC] = {
		"apitoken sync", SPI_OK_SELECT,
		"SELECT apitoken.sync_by_account($1)",
		1, {JSONBOID}, SPREAD_NOWHERE
	},
	[STATEMENT_ROTATE_TOKEN] = {
		"apitoken rotate token", SPI_OK_UPDATE_RETURNING,
		"UPDATE apitoken.api_tokens AS t"
		" SET secret_number = COALESCE(t.secret_number, 0) OPERATOR(pg_catalog.+) 1,"
		" rotated_at = pg_catalog.clock_timestamp(),"
		/* what is revoked does not go on */
		" old_secret_until = CASE WHEN t.revoked_at IS NULL THEN $2 END, revoked_at = NULL,"
		" updated_at = pg_catalog.clock_timestamp(), updated_by_type = $3, updated_by_id = $4"
		" WHERE t.account_id " EQ " $5 AND t.id " EQ " $1 RETURNING t.secret_number",
		5, {TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_ADD_SECRET] = {
		"apitoken add secret", SPI_OK_INSERT,
		/* the first one as well, with the first rotation */
		"INSERT INTO apitoken.api_token_secrets"
		" (account_id, api_token_id, number, digest, last_access_at, last_access_address,"
		" last_access_via, last_access_mode)"
		" SELECT c.account_id, c.api_token_id, 0, c.digest, c.last_access_at,"
		" c.last_access_address, c.last_access_via, c.last_access_mode"
		" FROM apitoken.api_token_credentials AS c"
		" WHERE $3 " EQ " 1 AND c.account_id " EQ " $1 AND c.api_token_id " EQ " $2"
		" UNION ALL SELECT $1, $2, $3, $4, NULL, NULL, NULL, NULL",
		4, {TEXTOID, TEXTOID, INT4OID, BYTEAOID}, SPREAD_ONE
	},
	[STATEMENT_REMOVE_SECRETS] = {
		/* that do not count any more, but for one whose access is being noted */
		"apitoken remove secrets", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_secrets AS s"
		" USING (SELECT o.number FROM apitoken.api_token_secrets AS o"
		" WHERE o.account_id " EQ " $1 AND o.api_token_id " EQ " $2"
		" AND o.number OPERATOR(pg_catalog.<) ($3 OPERATOR(pg_catalog.-) 1)"
		" FOR UPDATE SKIP LOCKED) AS free"
		" WHERE s.account_id " EQ " $1 AND s.api_token_id " EQ " $2 AND s.number " EQ " free.number",
		3, {TEXTOID, TEXTOID, INT4OID}, SPREAD_ONE
	},
	[STATEMENT_LOCK_REVOKED] = {
		"apitoken lock revoked", SPI_OK_SELECT,
		"SELECT FROM apitoken.api_tokens AS t WHERE t.id " EQ " ANY ($1)"
		" ORDER BY t.id FOR NO KEY UPDATE",
		1, {TEXTARRAYOID}
	},
	[STATEMENT_ADD_REVOKED_DIGESTS] = {
		"apitoken add revoked digests", SPI_OK_INSERT,
		"INSERT INTO apitoken.revoked_digests (digest)"
		" SELECT r.digest FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS r (digest, found)"
		/* looked for in any case, so that the time tells nobody */
		" WHERE CASE WHEN (SELECT true FROM apitoken.revoked_digests AS d WHERE d.digest " EQ " r.digest)"
		" THEN false ELSE r.found END"
		" ORDER BY r.digest ON CONFLICT DO NOTHING",
		2, {BYTEAARRAYOID, BOOLARRAYOID}, SPREAD_NOWHERE
	},
	[STATEMENT_FIND_REVOKED_DIGEST] = {
		"apitoken find revoked digest", SPI_OK_SELECT,
		"SELECT FROM apitoken.revoked_digests AS r WHERE r.digest " EQ " $1",
		1, {BYTEAOID}, SPREAD_NOWHERE
	},
	[STATEMENT_FIND_REVOKED_SECRET] = {
		/* that could count: see apitoken_credential_find and EndOfSecret */
		"apitoken find revoked secret", SPI_OK_SELECT,
		"SELECT FROM apitoken.api_tokens AS t CROSS JOIN LATERAL"
		" (SELECT 0, c.digest FROM apitoken.api_token_credentials AS c"
		" WHERE c.account_id " EQ " t.account_id AND c.api_token_id " EQ " t.id"
		" AND COALESCE(t.secret_number, 0) " EQ " 0"
		" UNION ALL SELECT s.number, s.digest FROM apitoken.api_token_secrets AS s"
		" WHERE s.account_id " EQ " t.account_id AND s.api_token_id " EQ " t.id"
		" AND t.secret_number " NE " 0) AS k (number, digest)"
		" JOIN apitoken.revoked_digests AS r ON r.digest " EQ " k.digest"
		" WHERE t.account_id " EQ " $1 AND t.id " EQ " $2 AND t.status " NE " 'Deleted'"
		" AND (k.number " EQ " COALESCE(t.secret_number, 0) AND t.revoked_at IS NULL"
		" OR k.number " EQ " (t.secret_number OPERATOR(pg_catalog.-) 1)"
		" AND t.old_secret_until IS NOT NULL)",
		2, {TEXTOID, TEXTOID}
	},
	[STATEMENT_REVOKE_SECRETS] = {
		"apitoken revoke secrets", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET status = 'Disabled', revoked_at = pg_catalog.clock_timestamp(),"
		" updated_at = pg_catalog.clock_timestamp(), updated_by_type = NULL,"
		" updated_by_id = NULL"
		" WHERE t.id " EQ " ANY ($1) AND ($2 IS NULL OR t.account_id " EQ " $2)"
		" AND t.status " NE " 'Deleted' AND t.revoked_at IS NULL",
		2, {TEXTARRAYOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_REVOKE_OLD_SECRETS] = {
		"apitoken revoke old secrets", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET old_secret_until = NULL, updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = NULL, updated_by_id = NULL"
		" WHERE t.id " EQ " ANY ($1) AND ($2 IS NULL OR t.account_id " EQ " $2)"
		" AND t.status " NE " 'Deleted' AND t.old_secret_until IS NOT NULL",
		2, {TEXTARRAYOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_ADD_MODULES] = {
		"apitoken add modules", SPI_OK_INSERT_RETURNING,
		"INSERT INTO apitoken.api_token_modules AS l (account_id, api_token_id, module_id)"
		" SELECT $1, $2, m.id FROM pg_catalog.unnest($3) AS m (id)"
		" ON CONFLICT DO NOTHING RETURNING l.module_id::pg_catalog.text",
		3, {TEXTOID, TEXTOID, TEXTARRAYOID}, SPREAD_ONE
	},
	[STATEMENT_REMOVE_MODULES] = {
		"apitoken remove modules", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.api_token_id " EQ " $2"
		" AND l.module_id " NE " ALL ($3)",
		3, {TEXTOID, TEXTOID, TEXTARRAYOID}, SPREAD_SIMPLE
	},
	[STATEMENT_UPDATE_TOKEN] = {
		"apitoken update token", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		/* $2, $4 and $6 say which of the three are supplied */
		" SET name = CASE WHEN $2 THEN $3 ELSE t.name END,"
		" description = CASE WHEN $4 THEN $5 ELSE t.description END,"
		" icon = CASE WHEN $6 THEN $7 ELSE t.icon END,"
		" updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $8, updated_by_id = $9"
		" WHERE t.account_id " EQ " $10 AND t.id " EQ " $1",
		10, {TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTOID, TEXTOID, TEXTOID,
		TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SET_END] = {
		"apitoken set end", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET expires_at = $2, updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $3, updated_by_id = $4"
		" WHERE t.account_id " EQ " $5 AND t.id " EQ " $1",
		5, {TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_SET_NETWORKS] = {
		"apitoken set networks", SPI_OK_UPDATE,
		"UPDATE apitoken.api_tokens AS t"
		" SET allowed_networks = $2, updated_at = pg_catalog.clock_timestamp(),"
		" updated_by_type = $3, updated_by_id = $4"
		" WHERE t.account_id " EQ " $5 AND t.id " EQ " $1",
		5, {TEXTOID, CIDRARRAYOID, TEXTOID, TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_LOCK_TOKEN] = {
		"apitoken lock token", SPI_OK_SELECT,
		LOCK_TOKEN(ONE_TOKEN("$1", "$4"), IN_SCOPE("$2", "$3")),
		4, {TEXTOID, BOOLOID, TEXTARRAYOID, TEXTOID}, SPREAD_SIMPLE,
		LOCK_TOKEN(TOKEN_OF("$1", "$4"), IN_SCOPE_OF("$4", "$2", "$3"))
	},
	[STATEMENT_OFFERED_MODULES] = {
		"apitoken offered modules", SPI_OK_SELECT,
		"SELECT m.id::pg_catalog.text, m.code, a.type " EQ " ANY (m.account_types)"
		" FROM apitoken.accounts AS a"
		" JOIN apitoken.user_groups AS g ON g.account_id " EQ " a.id AND g.is_default"
		" JOIN apitoken.user_group_modules AS l"
		" ON l.account_id " EQ " g.account_id AND l.user_group_id " EQ " g.id"
		" JOIN apitoken.modules AS m ON m.id " EQ " l.module_id"
		" WHERE a.id " EQ " $1 ORDER BY m.id",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_DEFAULT_GROUP] = {
		"apitoken default group", SPI_OK_SELECT,
		/* that has the module no more: a statement may put back what it takes */
		"SELECT d.id FROM apitoken.user_groups AS d"
		" WHERE d.account_id " EQ " $1 AND d.id " EQ " $2 AND d.is_default"
		" AND NOT " OFFERED("$1", "$3"),
		3, {TEXTOID, TEXTOID, TEXTOID}
	},
	[STATEMENT_WITHDRAW_FROM_GROUPS] = {
		"apitoken withdraw from groups", SPI_OK_DELETE,
		"DELETE FROM apitoken.user_group_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.module_id " EQ " $2",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_WITHDRAW_FROM_TOKENS] = {
		"apitoken withdraw from tokens", SPI_OK_DELETE,
		"DELETE FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.module_id " EQ " $2",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_LOCK_HOLDERS] = {
		"apitoken lock holders", SPI_OK_SELECT,
		"SELECT l.api_token_id::pg_catalog.text FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.module_id " EQ " $2 ORDER BY l.api_token_id FOR UPDATE",
		2, {TEXTOID, TEXTOID}, SPREAD_SIMPLE
	},
	[STATEMENT_MODULE_OFFER] = {
		"apitoken module offer", SPI_OK_SELECT,
		"SELECT a.type " EQ " ANY (m.account_types), " OFFERED("$1", "$2") ", a.type"
		" FROM apitoken.accounts AS a CROSS JOIN apitoken.modules AS m"
		" WHERE a.id " EQ " $1 AND m.id " EQ " $2",
		2, {TEXTOID, TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_SETTLE_ACCOUNT] = {
		"apitoken settle account", SPI_OK_SELECT,
		/* of a group: only one that another transaction may make the default */
		"SELECT FROM apitoken.accounts AS a WHERE a.id " EQ " $1"
		" AND ($2 IS NULL OR EXISTS (SELECT FROM apitoken.user_groups AS g"
		" WHERE g.account_id " EQ " $1 AND g.id " EQ " $2 AND NOT g.is_default))"
		" FOR NO KEY UPDATE OF a",
		2, {TEXTOID, TEXTOID}
	},
	[STATEMENT_HELD_UNOFFERED] = {
		"apitoken held unoffered", SPI_OK_SELECT,
		"SELECT h.holder_id::pg_catalog.text, h.module_id::pg_catalog.text"
		" FROM (SELECT l.user_group_id, l.module_id FROM apitoken.user_group_modules AS l"
		" WHERE l.account_id " EQ " $1"
		" UNION ALL SELECT l.api_token_id, l.module_id FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1) AS h (holder_id, module_id)"
		" WHERE NOT " OFFERED("$1", "h.module_id")
		" ORDER BY h.holder_id, h.module_id LIMIT 1",
		1, {TEXTOID}, SPREAD_ONE
	},
	[STATEMENT_MODULE_STILL_HELD] = {
		"apitoken module still held", SPI_OK_SELECT,
		"SELECT h.holder_id::pg_catalog.text, $2"
		" FROM (SELECT l.user_group_id FROM apitoken.user_group_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.module_id " EQ " $2"
		" UNION ALL SELECT l.api_token_id FROM apitoken.api_token_modules AS l"
		" WHERE l.account_id " EQ " $1 AND l.module_id " EQ " $2) AS h (holder_id)"
		" WHERE EXISTS (SELECT FROM apitoken.user_groups AS d"
		" WHERE d.account_id " EQ " $1 AND d.id " EQ " $3 AND d.is_default)"
		" AND NOT " OFFERED("$1", "$2")
		" ORDER BY h.holder_id LIMIT 1",
		3, {TEXTOID, TEXTOID, TEXTOID}
	},
	[STATEMENT_MODULE_HOLDER] = {
		/* of a type that could have the module before, and cannot now */
		"apitoken module holder", SPI_OK_SELECT,
		"SELECT a.id::pg_catalog.text, a.type"
		" FROM (SELECT l.account_id FROM apitoken.user_group_modules AS l"
		" WHERE l.module_id " EQ " $1"
		" UNION ALL SELECT l.account_id FROM apitoken.api_token_modules AS l"
		" WHERE l.module_id " EQ " $1) AS h (account_id)"
		" JOIN apitoken.accounts AS a ON a.id " EQ " h.account_id"
		" JOIN apitoken.modules AS m ON m.id " EQ " $1"
		" WHERE a.type " EQ " ANY ($2) AND NOT (a.type " EQ " ANY (m.account_types))"
		" ORDER BY a.id LIMIT 1",
		2, {TEXTOID, TEXTARRAYOID}, SPREAD_ALL
	},
	[STATEMENT_FIND_NETWORKS] = {
		"apitoken find networks", SPI_OK_SELECT,

		/*
		 * by the index of those alone, which ORDER BY sees to: mostly there
		 * is none
		 */
		"SELECT FROM apitoken.accounts AS a WHERE a.allowed_networks IS NOT NULL"
		" ORDER BY a.id LIMIT 1",
		0, {0}, SPREAD_ALL
	},
	[STATEMENT_NOTE_ACCESS] = {
		/* to credentials of version 1.0 */
		"apitoken note access", SPI_OK_UPDATE,
		NOTE_ACCESS("", ""),
		3, {TEXTOID, TEXTOID, INT4OID}
	},
	[STATEMENT_NOTE_USE] = {
		"apitoken note use", SPI_OK_UPDATE,
		NOTE_ACCESS(HOW_IT_IS_USED, ""),
		6, {TEXTOID, TEXTOID, INT4OID, INETOID, TEXTOID, TEXTOID}, SPREAD_ONE,
		NOTE_ACCESS(HOW_IT_IS_USED, "c.account_id " EQ " $1 AND ")
	},
	[STATEMENT_NOTE_SECRET_ACCESS] = {
		"apitoken note secret access", SPI_OK_UPDATE,
		NOTE_SECRET_ACCESS(""),
		7, {TEXTOID, TEXTOID, INT4OID, INETOID, TEXTOID, TEXTOID, INT4OID}, SPREAD_ONE,
		NOTE_SECRET_ACCESS("s.account_id " EQ " $1 AND ")
	},
	[STATEMENT_TOKEN] = {
		"apitoken token", SPI_OK_SELECT,
		TOKEN(ONE_TOKEN("$1", "$4"), IN_SCOPE("$2", "$3")),
		4, {TEXTOID, BOOLOID, TEXTARRAYOID, TEXTOID}, SPREAD_SIMPLE,
		TOKEN(TOKEN_OF("$1", "$4"), IN_SCOPE_OF("$4", "$2", "$3"))
	},
#define KEYED_ONE(statement, name, relation, key, order) \
	[STATEMENT_##statement] = { \
		"apitoken " name, SPI_OK_SELECT, ROWS_BY_ONE(relation, key, order), \
		2, {TEXTARRAYOID, INT8OID}, SPREAD_SIMPLE, \
		ROWS_OF_KEYS(relation, "", key, "$1", "$2", order) \
	},
#define KEYED_OF(statement, name, relation, key, order) \
	[STATEMENT_##statement] = { \
		"apitoken " name, SPI_OK_SELECT, ROWS_BY_ONE(relation, key, order), \
		2, {TEXTARRAYOID, INT8OID}, SPREAD_SIMPLE, ROWS_OF_ACCOUNT(relation, key, order) \
	},
#define KEYED_TWO(statement, name, relation, first, second, order) \
	[STATEMENT_##statement] = { \
		"apitoken " name, SPI_OK_SELECT, ROWS_BY_TWO(relation, first, second, order), \
		3, {TEXTARRAYOID, TEXTARRAYOID, INT8OID}, SPREAD_SIMPLE, \
		ROWS_IN_ACCOUNT(relation, first, second, order) \
	},
	APITOKEN_KEYED_READS(KEYED_ONE, KEYED_OF, KEYED_TWO)
#undef KEYED_ONE
#undef KEYED_OF
#undef KEYED_TWO
};

/*
 * Plans of this session; each is set once it is kept, and stays.  The second of
 * each heeds forced policies, as apitoken_store_heed_policies has it: the server
 * keeps a plan whatever becomes of that.
 */
static SPIPlanPtr plans[lengthof(statements)][2];

/* The same where the tables are distributed. */
static SPIPlanPtr distributed_plans[lengthof(statements)][2];

/*
 * A statement's text with its name in it, by which it is known in
 * pg_stat_statements, in logs and in errors' context.  It stands behind the
 * first word: what is before a statement is no part of it from 18 on.
 */
static char *
NamedText(const char *name, const char *sql)
{
	int			word = strcspn(sql, " ");

	return psprintf("%.*s /* %s */%s", word, sql, name, sql + word);
}

/* Has each occurrence of a word in a statement be another text. */
static char *
Replace(const char *sql, const char *word, const char *with)
{
	StringInfoData text;
	const char *found;

	initStringInfo(&text);
	while ((found = strstr(sql, word)) != NULL)
	{
		appendBinaryStringInfo(&text, sql, found - sql);
		appendStringInfoString(&text, with);
		sql = found + strlen(word);
	}
	appendStringInfoString(&text, sql);
	return text.data;
}

/* What a call changes the rows of, each in one way, and how those are called there. */
static const struct
{
	const char *beginning;
	const char *condition;
	const char *mark;
}			marked[] =

{
	{"UPDATE apitoken.api_tokens AS t ", " WHERE t.", " WHERE apitoken.by_call(t.account_id) AND t."},
	{"DELETE FROM apitoken.api_token_modules AS l ", " WHERE l.", " WHERE apitoken.by_call(l.account_id) AND l."}
};

/* Has a statement that changes what is in the trail say that it is a call's: see marks.c. */
static const char *
WithMark(const char *sql)
{
	for (int i = 0; i < lengthof(marked); i++)
	{
		const char *condition;

		if (strncmp(sql, marked[i].beginning, strlen(marked[i].beginning)) != 0)
			continue;
		condition = strstr(sql, marked[i].condition);
		Assert(condition != NULL);
		return psprintf("%.*s%s%s", (int) (condition - sql), sql, marked[i].mark,
						condition + strlen(marked[i].condition));
	}
	return sql;
}

/* The table's own name, or that of the table of this node that is to be read in its place. */
typedef const char *(*NameOf) (const char *table, const void *argument);

static const char *
CopyOf(const char *table, const void *argument)
{
	Oid			copy = apitoken_shards_whole(table);

	return OidIsValid(copy) ? quote_identifier(get_rel_name(copy)) : table;
}

/* One table, and a shard of it. */
typedef struct ShardOf
{
	const char *table;
	Oid			shard;
} ShardOf;

static const char *
ShardName(const char *table, const void *argument)
{
	const ShardOf *of = argument;

	return strcmp(table, of->table) == 0 ? quote_identifier(get_rel_name(of->shard)) : table;
}

/* The same statement on other tables: those that name_of says. */
static const char *
OnTables(const char *sql, NameOf name_of, const void *argument)
{
	StringInfoData text;
	const char *name;

	initStringInfo(&text);
	while ((name = strstr(sql, APITOKEN_SCHEMA ".")) != NULL)
	{
		int			length;

		name += strlen(APITOKEN_SCHEMA ".");
		length = strcspn(name, " ");
		appendBinaryStringInfo(&text, sql, name - sql);
		appendStringInfoString(&text, name_of(pnstrdup(name, length), argument));
		sql = name + length;
	}
	appendStringInfoString(&text, sql);
	return text.data;
}

/* A transaction's number in a statement. */
static char *
TransactionText(uint64 xid)
{
	return psprintf("'" UINT64_FORMAT "'::pg_catalog.xid8", xid);
}

/* The same of the trail's shards that this node has. */
static const char *
OnShards(const char *sql)
{
	uint64		base = apitoken_distribution_base();
	const char *query;

	(void) apitoken_shards_found(&query);
	sql = Replace(OnTables(sql, CopyOf, NULL), TRAIL_HERE, psprintf("(%s)", query));
	sql = Replace(sql, FIRST_HERE, TransactionText(base));
	return Replace(sql, BEHIND_HERE,
				   TransactionText(base + (UINT64CONST(1) << APITOKEN_NODE_NUMBER_BITS)));
}

/*
 * Prepares a statement on tables that are distributed.  Which shard it goes to depends on
 * its arguments, and so the plan of all but the simplest does; and nothing in it may have
 * another value each time that it is asked for.  one_account: the first argument is one
 * account, where there are many elsewhere.  Raises 0A000 for one that is not made for that.
 */
static SPIPlanPtr
PrepareDistributed(const StatementText *text, bool one_account)
{
	const char *sql = text->distributed != NULL ? text->distributed : text->sql;
	bool		has_moment = strstr(sql, CLOCK) != NULL;
	int			nargs = text->nargs;
	int			options = CURSOR_OPT_CUSTOM_PLAN;
	Oid			argtypes[lengthof(text->argtypes)];

	if (text->spread == SPREAD_UNKNOWN)
		apitoken_error_not_distributed(text->name);
	memcpy(argtypes, text->argtypes, sizeof(text->argtypes));
	if (one_account)
		argtypes[0] = TEXTOID;

	/*
	 * Whoever changes a table that is on every node changes each copy, and
	 * waits for who has locked his: there is no need to ask another node, or
	 * to plan it as Citus does each time.
	 */
	if (text->spread == SPREAD_COPY)
		sql = OnTables(sql, CopyOf, NULL);
	else if (text->spread == SPREAD_HERE)
		sql = OnShards(sql);
	else
		sql = WithMark(sql);
	if (has_moment)
	{
		argtypes[nargs++] = TIMESTAMPTZOID;
		sql = Replace(sql, CLOCK, psprintf("$%d", nargs));
	}
	if (text->spread == SPREAD_HERE)
		options = CURSOR_OPT_GENERIC_PLAN;
	else if (text->spread == SPREAD_SIMPLE || text->spread == SPREAD_COPY)
		options = 0;
	return SPI_prepare_cursor(NamedText(text->name, sql), nargs, argtypes, options);
}

/* Is it a lookup by keys of which the first column is an account? */
bool
apitoken_store_is_of_account(ApitokenStatement statement)
{
	switch (statement)
	{
#define KEYED_ONE(statement, name, relation, key, order)
#define KEYED_OF(statement, name, relation, key, order) case STATEMENT_##statement:
#define KEYED_TWO(statement, name, relation, first, second, order) case STATEMENT_##statement:
			APITOKEN_KEYED_READS(KEYED_ONE, KEYED_OF, KEYED_TWO)
#undef KEYED_ONE
#undef KEYED_OF
#undef KEYED_TWO
				return true;
		default:
			return false;
	}
}

/* Which shards a kept plan is made for. */
static uint64 plans_shards[lengthof(statements)][2];

/*
 * How often a plan of one table's statement is executed where the tables are distributed.  Of
 * a shard on this node Citus 13.2 keeps one more plan in it each time, some 30 kB.
 */
#define MOST_EXECUTIONS 64

static int	executions[lengthof(statements)][2];

/* How many statements are being executed: one within another may be the same. */
static int	executing = 0;

/* Forgets a plan that has been executed so often. */
static void
ForgetWornPlan(ApitokenStatement statement, int heeding, SPIPlanPtr *kept)
{
	SPIPlanPtr	old = *kept;

	if (executing > 0 || ++executions[statement][heeding] < MOST_EXECUTIONS)
		return;
	executions[statement][heeding] = 0;
	*kept = NULL;
	if (old != NULL)
		SPI_freeplan(old);
}

/* Lets go of a plan that is made for other shards than those which are here. */
static void
ForgetOldShards(ApitokenStatement statement, int heeding, SPIPlanPtr *kept)
{
	uint64	   *of = &plans_shards[statement][heeding];
	const char *query;
	uint64		shards = apitoken_shards_found(&query);
	SPIPlanPtr	old = *kept;

	if (*of == shards)
		return;
	*kept = NULL;
	*of = shards;
	if (old != NULL)
		SPI_freeplan(old);
}

static SPIPlanPtr
PreparePlan(ApitokenStatement statement)
{
	const StatementText *text = &statements[statement];
	bool		distributed = apitoken_distribution_is_ready();
	int			heeding = InNoForceRLSOperation() ? 0 : 1;
	SPIPlanPtr *kept = &(distributed ? distributed_plans : plans)[statement][heeding];

	if (distributed && text->spread == SPREAD_HERE)
		ForgetOldShards(statement, heeding, kept);
	if (distributed && text->spread == SPREAD_SIMPLE)
		ForgetWornPlan(statement, heeding, kept);
	if (*kept == NULL)
	{
		SPIPlanPtr	plan = distributed ? PrepareDistributed(text, apitoken_store_is_of_account(statement)) :
			SPI_prepare_cursor(NamedText(text->name, text->sql), text->nargs,
							   (Oid *) text->argtypes, CURSOR_OPT_GENERIC_PLAN);

		if (plan == NULL)
			apitoken_error_statement(text->name, SPI_result_code_string(SPI_result));
		if (SPI_keepplan(plan) != 0)
			apitoken_error_statement(text->name, "SPI_keepplan");
		*kept = plan;
	}
	return *kept;
}

/*
 * From here on, until apitoken_store_pass_policies, policies that are forced on the
 * tables' owner bind what is read: else he is past them, see
 * apitoken_owner_enter.  Returns what that function goes back to; an error
 * goes back by itself.
 */
int
apitoken_store_heed_policies(void)
{
	Oid			role;
	int			security_context;

	GetUserIdAndSecContext(&role, &security_context);
	SetUserIdAndSecContext(role, security_context & ~SECURITY_NOFORCE_RLS);
	return security_context;
}

/* Goes back to no policy that binds. */
void
apitoken_store_pass_policies(int security_context)
{
	SetUserIdAndSecContext(GetUserId(), security_context);
}

/* A setting that anybody may have otherwise, and what it has to be. */
typedef struct Setting
{
	const char *name;
	const char *value;
} Setting;

static const Setting settings_of_distribution[] = {
	/* what goes to other nodes as text is to mean the same there */
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"standard_conforming_strings", "on"},
	{"plan_cache_mode", "auto"},
	{"citus.enable_router_execution", "on"},
	{"citus.enable_fast_path_router_planner", "on"},
	/* what is locked or written there is so until the transaction ends, in it */
	{"citus.function_opens_transaction_block", "on"},
	{"citus.select_opens_transaction_block", "on"},
	{"citus.all_modifications_commutative", "off"},
	{"citus.multi_shard_modify_mode", "sequential"},
	{"citus.force_max_query_parallelization", "off"},
	{"citus.enable_local_execution", "on"},
	{"citus.propagate_set_commands", "none"},
	/* what is read is all that there is */
	{"citus.limit_clause_row_fetch_count", "-1"},
	{"citus.count_distinct_error_rate", "0"},
	{"citus.task_assignment_policy", "greedy"},
	{"citus.max_intermediate_result_size", "-1"},
	/* and nobody is shown what is sent */
	{"citus.log_remote_commands", "off"},
	{"citus.log_local_commands", "off"},
	{"citus.multi_task_query_log_level", "off"}
};

/*
 * Secures what statements on distributed tables depend on beside the search path, until
 * the tables' owner is left.
 */
void
apitoken_store_secure_distribution(void)
{
	for (int i = 0; i < lengthof(settings_of_distribution); i++)
	{
		const Setting *setting = &settings_of_distribution[i];
		const char *value = GetConfigOption(setting->name, true, false);

		if (value != NULL && strcmp(value, setting->value) != 0)
			(void) set_config_option(setting->name, setting->value, PGC_USERSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, ERROR, false);
	}
	/* Citus shows its statements to whoever debugs */
	if (client_min_messages < NOTICE)
		(void) set_config_option("client_min_messages", "notice", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, ERROR, false);
}

/*
 * Makes the search path a safe one, until the tables' owner is left: somebody's
 * trigger on these tables runs with the owner's rights.  The statements qualify
 * every name and do not depend on it, but their plans do: under one path,
 * whoever calls, they are made once.  It is seen to here, since much is read
 * without a statement, and setting it takes longer than to read a row.
 */
static void
SecureSearchPath(void)
{
	if (strcmp(namespace_search_path, APITOKEN_SAFE_SEARCH_PATH) != 0)
		(void) set_config_option("search_path", APITOKEN_SAFE_SEARCH_PATH, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, ERROR, false);
}

/* Under which snapshot a statement runs. */
typedef enum Under
{
	UNDER_ACTIVE,				/* the active one: it only reads */
	UNDER_FRESH,				/* one of its own, if the isolation has it so */
	UNDER_LATEST,				/* the latest, whatever the isolation */
	UNDER_LATEST_CROSSCHECKED	/* the same, but 40001 for what is newer than
								 * the transaction's */
} Under;

/*
 * Enters the server's executor and comes out of it: SPI leaves a memory context of
 * its own behind.  Returns what SPI does.
 */
static int
Enter(SPIPlanPtr plan, Datum *values, const char *nulls, Under under)
{
	MemoryContext context = CurrentMemoryContext;
	Snapshot	latest = InvalidSnapshot;
	Snapshot	crosscheck = InvalidSnapshot;
	int			result;

	if (under >= UNDER_LATEST && IsolationUsesXactSnapshot())
	{
		CommandCounterIncrement();
		latest = GetLatestSnapshot();
		if (under == UNDER_LATEST_CROSSCHECKED)
			crosscheck = GetTransactionSnapshot();
	}
	result = SPI_execute_snapshot(plan, values, nulls, latest, crosscheck, under == UNDER_ACTIVE,
								  true, 0);
	MemoryContextSwitchTo(context);
	return result;
}

/* Returns how many rows there are.  Raises XX000 if it is not what was to come. */
static uint64
CountRows(const char *name, int result, int expected)
{
	if (result != expected)
		apitoken_error_statement(name, SPI_result_code_string(result));
	return SPI_processed;
}

/* Where its plan is made only now, that is one for tables which have grown. */
static uint64
Run(ApitokenStatement statement, ApitokenArguments *arguments, Under under)
{
	bool		many_rows;
	int			others = executing;
	volatile int result;

	SecureSearchPath();
	if (apitoken_distribution_is_ready())
		apitoken_store_set(arguments, statements[statement].nargs + 1,
						   TimestampTzGetDatum(GetCurrentTimestamp()));
	many_rows = apitoken_planning_for_many_rows(true);
	PG_TRY();
	{
		SPIPlanPtr	plan = PreparePlan(statement);

		executing++;
		result = Enter(plan, arguments->values, arguments->nulls, under);
	}
	PG_FINALLY();
	{
		executing = others;
		(void) apitoken_planning_for_many_rows(many_rows);
	}
	PG_END_TRY();
	return CountRows(statements[statement].name, result, statements[statement].result);
}

/* Makes all arguments null. */
void
apitoken_store_clear(ApitokenArguments *arguments)
{
	memset(arguments->values, 0, sizeof(arguments->values));
	memset(arguments->nulls, 'n', sizeof(arguments->nulls));
}

/*
 * Sets argument $number; what a Datum points to stays the caller's.  Raises XX000
 * for a number that no statement has.
 */
void
apitoken_store_set(ApitokenArguments *arguments, int number, Datum value)
{
	if (number < 1 || number > APITOKEN_MAX_ARGUMENTS)
		apitoken_error_statement("apitoken", psprintf("there is no argument $%d", number));
	else
	{
		arguments->values[number - 1] = value;
		arguments->nulls[number - 1] = ' ';
	}
}

/* The same for a value passed by reference, NULL meaning null. */
void
apitoken_store_set_pointer(ApitokenArguments *arguments, int number, const void *value)
{
	if (value != NULL)
		apitoken_store_set(arguments, number, PointerGetDatum(value));
}

/* The same for a text. */
void
apitoken_store_set_text(ApitokenArguments *arguments, int number, const char *string)
{
	if (string != NULL)
		apitoken_store_set(arguments, number, CStringGetTextDatum(string));
}

/* The same for a role's name, which is in the current memory context. */
void
apitoken_store_set_role(ApitokenArguments *arguments, int number, Oid role)
{
	Name		name = palloc0(sizeof(NameData));

	namestrcpy(name, GetUserNameFromId(role, false));
	apitoken_store_set(arguments, number, NameGetDatum(name));
}

/*
 * Has a table of the extension that column?  It may be older than the library.
 */
bool
apitoken_store_has_column(const char *relation, const char *column)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);

	return get_attnum(get_relname_relid(relation, schema), column) != InvalidAttrNumber;
}

/*
 * Runs a statement that only reads, under the active snapshot.
 *
 * Returns how many rows there are; they are in
 * SPI_tuptable and live until SPI_finish.  Expects SPI to be connected.
 * Raises XX000 if the statement cannot be prepared, and whatever it raises.
 */
uint64
apitoken_store_run_active(ApitokenStatement statement, ApitokenArguments *arguments)
{
	return Run(statement, arguments, UNDER_ACTIVE);
}

/* Runs it as a plan that, unlike one which is prepared, is not copied to be kept. */
static int
RunComposed(ApitokenSql *sql)
{
	MemoryContext context = CurrentMemoryContext;
	int			result;

	result = SPI_execute_with_args(NamedText(sql->name, sql->text.data), sql->count, sql->types,
								   sql->values, NULL, true, 0);
	MemoryContextSwitchTo(context);
	return result;
}

/* The same where the tables are distributed.  Raises 0A000 for what Citus does not do. */
static int
RunComposedDistributed(ApitokenSql *sql)
{
	volatile int result = 0;

	PG_TRY();
	{
		result = RunComposed(sql);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_FEATURE_NOT_SUPPORTED)
			PG_RE_THROW();
		FlushErrorState();
		apitoken_error_one_account();
	}
	PG_END_TRY();
	return result;
}

/*
 * Runs a statement that was composed, of this file's kind, once; else as
 * apitoken_store_run_active.
 */
uint64
apitoken_store_run_composed_active(ApitokenSql *sql)
{
	int			result;

	SecureSearchPath();
	result = apitoken_distribution_is_ready() ? RunComposedDistributed(sql) : RunComposed(sql);
	return CountRows(sql->name, result, SPI_OK_SELECT);
}

/*
 * Runs a statement that writes or locks, under a snapshot of its own (in a
 * transaction that is read committed), and makes its changes visible to what
 * comes after.  Returns as above; raises 25006 in a read-only transaction.
 */
uint64
apitoken_store_run_fresh(ApitokenStatement statement, ApitokenArguments *arguments)
{
	return Run(statement, arguments, UNDER_FRESH);
}

/*
 * The same on a shard of the table that the statement names, which is on this node: for
 * that shard's triggers, which are to ask no distributed table.
 */
void
apitoken_store_run_on_shard(ApitokenStatement statement, ApitokenArguments *arguments,
							const char *table, Oid shard)
{
	const StatementText *text = &statements[statement];
	ShardOf		of = {table, shard};
	const char *sql = OnTables(text->sql, ShardName, &of);

	SecureSearchPath();
	(void) CountRows(text->name, SPI_execute_with_args(NamedText(text->name, sql), text->nargs, (Oid *) text->argtypes,
													   arguments->values, arguments->nulls, false, 0), text->result);
}

/*
 * The same as apitoken_store_run_fresh, but what others have committed by now counts
 * under repeatable read and above, too: for what has to find everything there is.
 */
uint64
apitoken_store_run_latest(ApitokenStatement statement, ApitokenArguments *arguments)
{
	return Run(statement, arguments, UNDER_LATEST);
}

/* Runs a statement that writes or locks and takes no arguments, where the tables are distributed. */
void
apitoken_store_run_if_distributed(ApitokenStatement statement)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
		return;
	apitoken_store_clear(&arguments);
	(void) apitoken_store_run_fresh(statement, &arguments);
}

/*
 * The same for a trigger that must not overlook what others have committed
 * since the transaction's snapshot was taken, under repeatable read and above:
 * as the server's own foreign keys do, it finds such rows, and raises 40001.
 */
uint64
apitoken_store_run_crosschecked(ApitokenStatement statement, ApitokenArguments *arguments)
{
	return Run(statement, arguments, UNDER_LATEST_CROSSCHECKED);
}

/* The same as apitoken_store_run_latest for an UPDATE ... RETURNING that was composed. */
uint64
apitoken_store_run_composed_latest(ApitokenSql *sql)
{
	SPIPlanPtr	plan;
	uint64		rows;

	if (apitoken_distribution_is_ready())
		apitoken_error_not_distributed(sql->name);
	SecureSearchPath();
	plan = SPI_prepare(NamedText(sql->name, sql->text.data), sql->count, sql->types);
	if (plan == NULL)
		apitoken_error_statement(sql->name, SPI_result_code_string(SPI_result));
	rows = CountRows(sql->name, Enter(plan, sql->values, NULL, UNDER_LATEST),
					 SPI_OK_UPDATE_RETURNING);
	SPI_freeplan(plan);
	return rows;
}

/*
 * From here on, until the tables' owner is left, statements are planned to read an index,
 * in its order, wherever there is one: for what looks for the little that is new in a
 * table that is large, of which a plan that is made for any values knows nothing.  What
 * such a plan seems to cost is no reason to compile it.
 */
void
apitoken_store_prefer_indexes(void)
{
	static const char *const others[] = {
		"enable_seqscan", "enable_bitmapscan", "enable_sort", "jit"
	};

	for (int i = 0; i < lengthof(others); i++)
		(void) set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, ERROR, false);
}

/* Returns a value of the last statement's result; column counts from 1. */
Datum
apitoken_store_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/*
 * Returns a text value of the last statement's result as a C string in the
 * current memory context, or NULL for null.
 */
char *
apitoken_store_cstring(uint64 row, int column)
{
	bool		isnull;
	Datum		value = apitoken_store_value(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Those of so many rows' first column, as a list. */
List *
apitoken_store_strings(uint64 count)
{
	List	   *strings = NIL;

	for (uint64 row = 0; row < count; row++)
		strings = lappend(strings, apitoken_store_cstring(row, 1));
	return strings;
}

/* The same for a column that is known by its name. */
char *
apitoken_store_cstring_of(uint64 row, const char *column)
{
	return apitoken_store_cstring(row, SPI_fnumber(SPI_tuptable->tupdesc, column));
}
