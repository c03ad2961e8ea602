/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  Reads rows by their keys: through an index, or by a statement.
 *
 * A statement costs more to start and to end than it takes to find a few rows
 * by their keys, and a document is a dozen such look-ups.  So rows are read
 * through the table's index, as the executor would read them, under the active
 * snapshot and with the same locks; but only where nothing is hooked and nothing
 * is computed.  All of this must hold:
 *
 * - nobody has hooked into what a statement goes through, be it to plan it, to
 *	 bound it, to measure it or to leave a trace of it;
 * - the table is a permanent heap without children or rules, and none of its
 *	 columns is computed when it is read;
 * - the current role may read all of it, and no policy would apply;
 * - its index has what is looked for, in the collation C that ids are compared
 *	 by.
 *
 * Where anything else is so, the statement is run.  Both find the same rows in
 * the same order.  A row with a unique key may be found where it was the last time,
 * without the index and its lock: see places.c.
 *
 * Where the tables are distributed Citus has hooked into everything, and who has beside it
 * cannot be told.  What is on every node is read here all the same, in the node's own copy;
 * what an account owns is asked of the node that has it, all that will be needed at once:
 * see ahead.c.
 *
 * What is known of a table is kept for the session, until the server says that
 * something about the table has changed.
 *
 * src/store/fetch.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/fetch.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "rewrite/rowsecurity.h"
#include "storage/lmgr.h"
#include "store/ahead.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "store/places.h"
#include "store/planning.h"
#include "store/scan.h"
#include "store/shards.h"
#include "store/store.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

/*
 * How rows are looked for.  The columns of the key are the first ones of an index;
 * then comes, unless the key is unique, the one that orders its rows.
 */
typedef struct Lookup
{
	const char *relation;
	const char *columns[APITOKEN_MAX_KEYS]; /* of the key */
	int			nkeys;
	const char *order;
} Lookup;

static const Lookup keyed_reads[] = {
#define KEYED_ONE(statement, name, relation, key, order) \
	[STATEMENT_##statement] = {relation, {key}, 1, order},
#define KEYED_OF KEYED_ONE
#define KEYED_TWO(statement, name, relation, first, second, order) \
	[STATEMENT_##statement] = {relation, {first, second}, 2, order},
	APITOKEN_KEYED_READS(KEYED_ONE, KEYED_OF, KEYED_TWO)
#undef KEYED_ONE
#undef KEYED_OF
#undef KEYED_TWO
};

static const ApitokenStatement lookups[] = {
	[LOOKUP_TOKEN_STATUS] = STATEMENT_TOKENS,
	[LOOKUP_CREDENTIALS] = STATEMENT_CREDENTIALS,
	[LOOKUP_SECRETS] = STATEMENT_SECRETS,
	[LOOKUP_FOREIGN_SECRETS] = STATEMENT_FOREIGN_SECRETS,
	[LOOKUP_ACCOUNT_TYPE] = STATEMENT_ACCOUNTS,
	[LOOKUP_TOKEN_HOLD] = STATEMENT_OWN_TOKENS,
	[LOOKUP_ACCOUNT_HOLD] = STATEMENT_ACCOUNTS,
	[LOOKUP_TOKEN_LIFE] = STATEMENT_OWN_TOKENS,
	[LOOKUP_ACCOUNT_LIFETIME] = STATEMENT_ACCOUNTS,
	[LOOKUP_ACCOUNT_QUOTA] = STATEMENT_ACCOUNTS,
	[LOOKUP_ACCOUNT_STATUS] = STATEMENT_ACCOUNTS,
	[LOOKUP_ACCOUNT_NETWORKS] = STATEMENT_ACCOUNTS,
	[LOOKUP_CREATING_USER] = STATEMENT_USERS,
	[LOOKUP_CREATING_TOKEN] = STATEMENT_TOKENS,
	[LOOKUP_ACTOR_MODULES] = STATEMENT_TOKEN_MODULES,
	[LOOKUP_MODULE_CODES] = STATEMENT_MODULES,
	[LOOKUP_LAST_ACCESS] = STATEMENT_CREDENTIALS,
	[LOOKUP_TOKEN_ACCOUNTS] = STATEMENT_ACTORS,
	[LOOKUP_TOKEN] = STATEMENT_TOKENS,
	[LOOKUP_ACTOR_GROUP_MODULES] = STATEMENT_GROUP_MODULES,
	[LOOKUP_TOKEN_ACTORS] = STATEMENT_TOKENS,
	[LOOKUP_ACCOUNTS] = STATEMENT_ACCOUNTS,
	[LOOKUP_USER_GROUPS] = STATEMENT_USER_GROUPS,
	[LOOKUP_GROUP_MODULES] = STATEMENT_GROUP_MODULES,
	[LOOKUP_GROUP_USERS] = STATEMENT_GROUP_USERS,
	[LOOKUP_GROUP_BUYERS] = STATEMENT_GROUP_BUYERS,
	[LOOKUP_TOKEN_MODULES] = STATEMENT_TOKEN_MODULES,
	[LOOKUP_MODULES] = STATEMENT_MODULES,
	[LOOKUP_USERS] = STATEMENT_USERS,
	[LOOKUP_USER_ACTORS] = STATEMENT_USERS,
	[LOOKUP_BUYERS] = STATEMENT_BUYERS,
	[LOOKUP_BUYER_ERRORS] = STATEMENT_BUYER_ERRORS,
};

/* What is known of a lookup's table. */
typedef struct Binding
{
	bool		valid;			/* as far as the server has said */
	Oid			relation;
	ApitokenPath path;			/* without an index: run the statement */
	AttrNumber	last;			/* of attnums, the greatest */
	bool		owner_reads;	/* has the owner himself the right to? */
	AttrNumber *attnums;		/* by slot: of the table, or of the index if
								 * covered */
} Binding;

static Binding bindings[lengthof(lookups)];

/* What is known of a table beside a shard of accounts. */
typedef struct ShardKey
{
	Oid			accounts;
	ApitokenStatement statement;
} ShardKey;

typedef struct ShardBinding
{
	ShardKey	key;
	bool		valid;
	Oid			relation;
	ApitokenPath path;
} ShardBinding;

static HTAB *shard_bindings = NULL;

/*
 * Bindings
 */

static void
ForgetShards(Oid relation)
{
	HASH_SEQ_STATUS status;
	ShardBinding *binding;

	if (shard_bindings == NULL)
		return;
	hash_seq_init(&status, shard_bindings);
	while ((binding = hash_seq_search(&status)) != NULL)
	{
		if (relation == InvalidOid || binding->relation == relation)
			binding->valid = false;
	}
}

/* For the server: something about a relation (InvalidOid: any) has changed. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	ForgetShards(relation);
	for (int i = 0; i < (int) lengthof(bindings); i++)
	{
		if (relation == InvalidOid || bindings[i].relation == relation ||
			bindings[i].relation == InvalidOid)
			bindings[i].valid = false;
	}
}

/* Asks the server to tell when that happens. */
static void
HearOfChanges(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(ForgetRelation, (Datum) 0);
	registered = true;
}

/*
 * Has anybody hooked into what a statement that reads goes through, from its parser
 * to its end?
 */
static bool
IsHooked(void)
{
	return post_parse_analyze_hook != NULL || planner_hook != NULL ||
		set_rel_pathlist_hook != NULL || set_join_pathlist_hook != NULL ||
		join_search_hook != NULL || create_upper_paths_hook != NULL ||
		get_relation_stats_hook != NULL || get_index_stats_hook != NULL ||
		apitoken_planning_is_hooked() || apitoken_has_newer_planner_hooks() ||
		row_security_policy_hook_permissive != NULL ||
		row_security_policy_hook_restrictive != NULL ||
		ExecutorCheckPerms_hook != NULL || ExecutorStart_hook != NULL ||
		ExecutorRun_hook != NULL || ExecutorFinish_hook != NULL || ExecutorEnd_hook != NULL ||
		object_access_hook != NULL || apitoken_is_access_hooked_by_name() ||
		needs_fmgr_hook != NULL || fmgr_hook != NULL;
}

/* May rows be read and written without a statement, as far as the session goes? */
bool
apitoken_fetch_may_be_direct(void)
{
	return apitoken_index_reads && !IsHooked() && apitoken_distribution() == DISTRIBUTION_NONE;
}

/* The same where Citus has hooked, for the tables that it has made for its own. */
bool
apitoken_fetch_may_pass_citus(void)
{
	return apitoken_index_reads && apitoken_distribution_is_ready();
}

/* Are the table's rows what lies in it, and all that there is to them? */
bool
apitoken_fetch_is_ordinary(Relation relation)
{
	Form_pg_class form = relation->rd_rel;

	return form->relkind == RELKIND_RELATION && form->relam == HEAP_TABLE_AM_OID &&
		form->relpersistence == RELPERSISTENCE_PERMANENT && !form->relhassubclass &&
		!form->relhasrules && !apitoken_computes_columns(RelationGetDescr(relation));
}

/*
 * Opens and locks a table of which something is known; valid says whether it still is,
 * as far as the server has told.  Returns NULL if it is not, or there is no such table
 * any more: whoever knew has to find out again.
 */
Relation
apitoken_fetch_reopen(Oid oid, LOCKMODE lock, const bool *valid)
{
	Relation	relation = *valid ? try_relation_open(oid, lock) : NULL;

	/* the lock comes first: by then all that was changed is known */
	if (relation == NULL || *valid)
		return relation;
	relation_close(relation, lock);
	return NULL;
}

/* Has the table's owner the right to read it by what is granted to him himself? */
static bool
OwnerReads(Relation relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(relation)));
	bool		reads;
	Datum		acl;

	if (!HeapTupleIsValid(tuple))
		return false;
	/* without a list the owner has every right */
	acl = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &reads);
	if (!reads)
	{
		const Acl  *list = DatumGetAclPCopy(acl);

		for (int i = 0; i < ACL_NUM(list); i++)
		{
			const AclItem *item = &ACL_DAT(list)[i];

			if (item->ai_grantee == relation->rd_rel->relowner &&
				(ACLITEM_GET_PRIVS(*item) & ACL_SELECT) != 0)
				reads = true;
		}
	}
	ReleaseSysCache(tuple);
	return reads;
}

/*
 * May the current role read all rows and columns, past the table's policies?  What
 * is granted to him through others may change without the table's being changed, so
 * it is asked each time.
 */
static bool
IsOpenToRole(Relation relation, const Binding *binding)
{
	Form_pg_class form = relation->rd_rel;
	bool		owner = form->relowner == GetUserId();

	return (!form->relrowsecurity ||
			(owner && (!form->relforcerowsecurity || InNoForceRLSOperation()))) &&
		((owner && binding->owner_reads) ||
		 pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_SELECT) == ACLCHECK_OK);
}

/* How many columns of an index a lookup needs. */
static int
CountColumns(const Lookup *lookup)
{
	return strcmp(lookup->order, lookup->columns[lookup->nkeys - 1]) == 0 ? lookup->nkeys :
		lookup->nkeys + 1;
}

static const char *
Column(const Lookup *lookup, int column)
{
	return column < lookup->nkeys ? lookup->columns[column] : lookup->order;
}

static bool
ColumnFits(Relation relation, Relation index, const Lookup *lookup, int column)
{
	AttrNumber	attnum = index->rd_index->indkey.values[column];

	if (attnum <= 0 || index->rd_indoption[column] != 0 ||
		strcmp(NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname),
			   Column(lookup, column)) != 0)
		return false;

	return column >= lookup->nkeys ||
		(index->rd_opfamily[column] == TEXT_BTREE_FAM_OID &&
		 index->rd_opcintype[column] == TEXTOID &&
		 index->rd_indcollation[column] == C_COLLATION_OID);
}

/* Does the index find, and order, if that is of use, what is looked for? */
static bool
IndexFits(Relation relation, Relation index, const Lookup *lookup, bool ordered)
{
	Form_pg_index form = index->rd_index;
	int			columns = CountColumns(lookup);

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indcheckxmin ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) ||
		form->indnkeyatts < columns ||
		(ordered && columns == lookup->nkeys && !(form->indisunique && form->indnkeyatts == columns)))
		return false;

	for (int i = 0; i < columns; i++)
	{
		if (!ColumnFits(relation, index, lookup, i))
			return false;
	}
	return true;
}

static Oid
FindIndex(Relation relation, const Lookup *lookup, bool ordered)
{
	List	   *indexes = RelationGetIndexList(relation);
	Oid			found = InvalidOid;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		bool		fits = IndexFits(relation, index, lookup, ordered);

		index_close(index, NoLock);
		if (fits)
		{
			found = lfirst_oid(cell);
			break;
		}
	}
	list_free(indexes);
	return found;
}

/*
 * Returns a unique index by which a row of an open table is found, of one column or
 * two (second is NULL or not), as a lookup's key; InvalidOid if there is none.
 */
Oid
apitoken_fetch_unique_index(Relation relation, const char *first, const char *second)
{
	Lookup		lookup = {NULL, {first, second}, 2, second};

	if (second == NULL)
	{
		lookup.nkeys = 1;
		lookup.order = first;
	}
	return FindIndex(relation, &lookup, true);
}

/* Finds the layout's columns among those of the index, if they all are there. */
static bool
BindToIndex(const Lookup *lookup, const ApitokenLayout *layout, AttrNumber *attnums)
{
	for (int slot = 0; slot < layout->count; slot++)
	{
		attnums[slot] = InvalidAttrNumber;
		for (int i = 0; i < CountColumns(lookup); i++)
		{
			if (layout->columns[slot].name != NULL &&
				strcmp(Column(lookup, i), layout->columns[slot].name) == 0)
				attnums[slot] = i + 1;
		}
		if (attnums[slot] == InvalidAttrNumber)
			return false;
	}
	return true;
}

/*
 * Finds the columns of a lookup's key in the table, if places are kept of its rows:
 * where no snapshot shows two rows with one key, not even before a constraint that
 * is deferred is checked.
 */
static void
BindKey(const Lookup *lookup, Oid oid, ApitokenPath *path)
{
	Relation	index = index_open(oid, NoLock);
	bool		unique = CountColumns(lookup) == lookup->nkeys && index->rd_index->indimmediate &&
		!path->covered;

	for (int column = 0; column < APITOKEN_MAX_KEYS; column++)
		path->unique[column] = unique && column < lookup->nkeys ?
			index->rd_index->indkey.values[column] : InvalidAttrNumber;
	index_close(index, NoLock);
}

static AttrNumber
LastOf(const AttrNumber *attnums, int count)
{
	AttrNumber	last = InvalidAttrNumber;

	for (int slot = 0; slot < count; slot++)
		last = Max(last, attnums[slot]);
	return last;
}

/*
 * Returns the table that has all rows of a lookup, locked.  Where the tables are distributed
 * that is a node's own copy of what is on every node; InvalidOid if there is none.  Raises
 * 42P01.
 */
static Oid
FindTable(const Lookup *lookup)
{
	RangeVar   *name = makeRangeVar(APITOKEN_SCHEMA, (char *) lookup->relation, -1);
	bool		distributed = apitoken_distribution_is_ready();
	Oid			table;

	if (distributed)
	{
		table = apitoken_shards_whole(lookup->relation);
		if (OidIsValid(table))
			LockRelationOid(table, AccessShareLock);
		return table;
	}
	table = RangeVarGetRelid(name, AccessShareLock, true);
	if (!OidIsValid(table))
		apitoken_error_table_missing(lookup->relation);
	return table;
}

/* Finds out about the table of a lookup; returns it, open and locked, or NULL for none. */
static Relation
Bind(const Lookup *lookup, const ApitokenLayout *layout, Binding *binding)
{
	Relation	relation;
	Oid			index;

	binding->relation = FindTable(lookup);

	/*
	 * Whatever changes from here on makes it invalid again.  The index comes
	 * last: if a column's type is refused, the statement, which refuses it as
	 * well, is what is run from then on.
	 */
	binding->valid = true;
	binding->path.index = InvalidOid;
	if (!OidIsValid(binding->relation))
		return NULL;
	relation = relation_open(binding->relation, NoLock);
	if (binding->attnums == NULL)
		binding->attnums = MemoryContextAlloc(TopMemoryContext,
											  sizeof(AttrNumber) * layout->count);
	index = apitoken_fetch_is_ordinary(relation) ? FindIndex(relation, lookup, true) : InvalidOid;
	if (OidIsValid(index))
	{
		/* this one checks the columns' types, too */
		apitoken_layout_bind(layout, RelationGetDescr(relation), binding->attnums);
		binding->path.covered = BindToIndex(lookup, layout, binding->attnums);
		if (!binding->path.covered)
			apitoken_layout_bind(layout, RelationGetDescr(relation), binding->attnums);
		binding->last = LastOf(binding->attnums, layout->count);
		BindKey(lookup, index, &binding->path);
	}
	binding->owner_reads = OwnerReads(relation);
	binding->path.index = index;
	return relation;
}

/*
 * Returns the table of a lookup, open and locked for reading, if it can be read
 * through the index of the binding, which is up to date then; else NULL.
 */
static Relation
OpenDirectly(const Lookup *lookup, const ApitokenLayout *layout, Binding *binding)
{
	Relation	relation;

	if (!apitoken_fetch_may_be_direct() && !apitoken_fetch_may_pass_citus())
		return NULL;

	HearOfChanges();

	/* known not to be on every node */
	if (binding->valid && !OidIsValid(binding->relation))
		return NULL;
	relation = apitoken_fetch_reopen(binding->relation, AccessShareLock, &binding->valid);
	if (relation == NULL)
		relation = Bind(lookup, layout, binding);
	if (relation == NULL)
		return NULL;

	if (OidIsValid(binding->path.index) && IsOpenToRole(relation, binding))
		return relation;
	relation_close(relation, NoLock);
	return NULL;
}

/*
 * Statements
 */

/* Hands on the rows of the last statement's result. */
static void
DeliverResult(uint64 count, ApitokenDelivery *delivery)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	AttrNumber *attnums = palloc(sizeof(AttrNumber) * delivery->layout->count);
	Datum	   *values = palloc(sizeof(Datum) * tupdesc->natts);
	bool	   *isnull = palloc(sizeof(bool) * tupdesc->natts);
	SPITupleTable *table = SPI_tuptable;

	apitoken_layout_bind(delivery->layout, tupdesc, attnums);
	delivery->attnums = attnums;
	for (uint64 row = 0; row < count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(table->vals[row], tupdesc, values, isnull);
		/* the first column tells the key, counted from 1 */
		apitoken_scan_deliver(delivery, DatumGetInt64(values[0]) - 1, values, isnull);
	}
	SPI_freetuptable(table);
}

/*
 * Statements on distributed tables
 */

/* More keys than that are not looked for in one list. */
#define MANY_KEYS 256

/* Keys of one account, or that no account owns, on their way to who has asked for more. */
typedef struct Part
{
	ApitokenStatement statement;
	Datum		account_id;		/* 0: of none */
	const Datum *ids;
	const int  *keys;			/* the whole's numbers; NULL: the same */
	int64		limit;
	const ApitokenDelivery *whole;
	int			from;			/* of which key what is being read begins */
	int			key;			/* whose row was the last */
	int64		rows;			/* of that key until now */
} Part;

static void
ReceivePart(void *argument, int key, Datum *values, bool *isnull)
{
	Part	   *part = argument;

	key += part->from;
	part->rows = key == part->key ? part->rows + 1 : 1;
	part->key = key;
	if (part->rows <= part->limit)
		part->whole->receive(part->whole->argument, part->keys != NULL ? part->keys[key] : key,
							 values, isnull);
}

/* Runs the statement for some of the keys, and returns how many rows they have. */
static uint64
RunPart(const Part *part, int from, int count, int64 bound)
{
	ApitokenArguments arguments;
	int			number = 0;

	apitoken_store_clear(&arguments);
	if (part->account_id != (Datum) 0)
		apitoken_store_set(&arguments, ++number, part->account_id);
	if (part->ids != NULL)
		apitoken_store_set_pointer(&arguments, ++number,
								   apitoken_ids_array(part->ids + from, count));
	apitoken_store_set(&arguments, number + 1, Int64GetDatum(bound));
	return apitoken_store_run_active(part->statement, &arguments);
}

/*
 * Reads the rows of some of the keys.  The statement bounds those of all together: where
 * there may be more, each half is asked for by itself, down to a single key.
 */
static void
ReadPart(Part *part, int from, int count)
{
	ApitokenDelivery delivery = {.layout = part->whole->layout, .receive = ReceivePart,
	.argument = part, .values = part->whole->values, .isnull = part->whole->isnull};
	int64		bound = count == 1 ? part->limit : Max(part->limit, count + 1);
	uint64		rows = 0;
	bool		complete = false;

	CHECK_FOR_INTERRUPTS();
	if (count <= MANY_KEYS)
	{
		rows = RunPart(part, from, count, bound);
		complete = count == 1 || rows < bound;
		if (!complete)
			SPI_freetuptable(SPI_tuptable);
	}
	if (complete)
	{
		part->from = from;
		part->key = -1;
		DeliverResult(rows, &delivery);
		return;
	}
	ReadPart(part, from, count / 2);
	ReadPart(part, from + count / 2, count - count / 2);
}

/*
 * Reads by keys whose first column is an account: once for each account, whose rows are
 * together where the tables are distributed.
 */
static void
ReadByAccount(ApitokenStatement statement, const ApitokenKeys *keys, int64 limit,
			  ApitokenDelivery *delivery)
{
	bool		has_ids = keyed_reads[statement].nkeys > 1;
	ApitokenIds *accounts = apitoken_ids_create();
	int		   *account_of = palloc(sizeof(int) * keys->count);
	int		   *numbers = palloc(sizeof(int) * keys->count);
	Datum	   *ids = palloc(sizeof(Datum) * keys->count);

	for (int key = 0; key < keys->count; key++)
		account_of[key] = apitoken_ids_add(accounts, keys->columns[0][key]);
	for (int account = 0; account < accounts->count; account++)
	{
		Part		part = {.statement = statement, .account_id = accounts->ids[account],
		.ids = has_ids ? ids : NULL, .keys = numbers, .limit = limit, .whole = delivery};
		int			count = 0;

		for (int key = 0; key < keys->count; key++)
		{
			CHECK_FOR_INTERRUPTS();
			if (account_of[key] != account)
				continue;
			numbers[count] = key;
			if (has_ids)
				ids[count] = keys->columns[1][key];
			count++;
		}
		if (!apitoken_ahead_deliver(statement, part.account_id, part.ids, count, numbers, limit,
									delivery))
			ReadPart(&part, 0, count);
	}
}

/* Tokens by their ids alone, while their accounts are looked for. */
typedef struct TokenKeys
{
	const ApitokenKeys *given;
	int			count;			/* of those that were found */
	Datum	   *accounts;
	Datum	   *ids;
	int		   *numbers;		/* among the given ones */
} TokenKeys;

static void
ReceiveAccount(void *argument, int key, Datum *values, bool *isnull)
{
	TokenKeys  *tokens = argument;

	if (isnull[0])
		return;
	tokens->accounts[tokens->count] = PointerGetDatum(DatumGetTextPCopy(values[0]));
	tokens->ids[tokens->count] = tokens->given->columns[0][key];
	tokens->numbers[tokens->count++] = key;
}

static ApitokenColumn account_columns[] = {{"account_id", TEXTOID, true}};
static const ApitokenLayout account_layout = {1, account_columns, 0};

/* Hands on the account of each token that has one: actors, on every node, know it. */
static void
FindAccounts(const Datum *ids, int count, ApitokenReceiver receive, void *argument)
{
	Datum		type = CStringGetTextDatum("token");
	Datum	   *types = palloc(sizeof(Datum) * count);
	ApitokenKeys keys = {count, {types, ids}};

	for (int i = 0; i < count; i++)
		types[i] = type;
	apitoken_fetch(LOOKUP_TOKEN_ACCOUNTS, &account_layout, &keys, 1, receive, argument);
}

/* The same as ReadByAccount for tokens by their ids alone. */
static void
ReadTokens(const ApitokenKeys *keys, int64 limit, ApitokenDelivery *delivery)
{
	TokenKeys	tokens = {
		keys, 0, palloc(sizeof(Datum) * keys->count), palloc(sizeof(Datum) * keys->count),
		palloc(sizeof(int) * keys->count)
	};
	ApitokenKeys found = {0, {tokens.accounts, tokens.ids}};
	Part		part = {.keys = tokens.numbers, .limit = limit, .whole = delivery, .key = -1};
	ApitokenDelivery of_part = {.layout = delivery->layout, .receive = ReceivePart,
	.argument = &part, .values = delivery->values, .isnull = delivery->isnull};

	FindAccounts(keys->columns[0], keys->count, ReceiveAccount, &tokens);
	found.count = tokens.count;
	ReadByAccount(STATEMENT_OWN_TOKENS, &found, limit, &of_part);
}

static void
ReadDistributed(ApitokenStatement statement, const ApitokenKeys *keys, int64 limit,
				ApitokenDelivery *delivery)
{
	Part		part = {.statement = statement, .ids = keys->columns[0], .limit = limit,
	.whole = delivery};

	if (statement == STATEMENT_TOKENS)
		ReadTokens(keys, limit, delivery);
	else if (apitoken_store_is_of_account(statement))
		ReadByAccount(statement, keys, limit, delivery);
	else
		ReadPart(&part, 0, keys->count);
}

/* Runs the statement: once for all keys. */
static void
ReadByStatement(ApitokenStatement statement, const ApitokenKeys *keys, int64 limit,
				ApitokenDelivery *delivery)
{
	const Lookup *lookup = &keyed_reads[statement];
	ApitokenArguments arguments;

	if (apitoken_distribution_is_ready())
	{
		ReadDistributed(statement, keys, limit, delivery);
		return;
	}
	apitoken_store_clear(&arguments);
	for (int column = 0; column < Min(lookup->nkeys, APITOKEN_MAX_KEYS); column++)
		apitoken_store_set_pointer(&arguments, column + 1,
								   apitoken_ids_array(keys->columns[column], keys->count));
	apitoken_store_set(&arguments, lookup->nkeys + 1, Int64GetDatum(limit));
	DeliverResult(apitoken_store_run_active(statement, &arguments), delivery);
}

/* Keys that are looked for in a node's own copy, while their rows come in. */
typedef struct CopyReading
{
	ApitokenReceiver receive;
	void	   *argument;
	bool	   *found;			/* by key */
	const int  *numbers;		/* of the keys; NULL: the same */
} CopyReading;

static void
ReceiveFound(void *argument, int key, Datum *values, bool *isnull)
{
	CopyReading *missing = argument;

	key = missing->numbers != NULL ? missing->numbers[key] : key;
	missing->found[key] = true;
	missing->receive(missing->argument, key, values, isnull);
}

/*
 * Reads from a node's own copy of what is on every node.  What is not in it is asked for by
 * a statement: Citus may have added it in this transaction by another connection.
 */
static void
ReadCopy(ApitokenLookup lookup, Relation relation, Binding *binding, const ApitokenKeys *keys,
		 int64 limit, ApitokenDelivery *delivery)
{
	const int	nkeys = keyed_reads[lookups[lookup]].nkeys;
	int		   *numbers = palloc(sizeof(int) * keys->count);
	Datum	   *columns[APITOKEN_MAX_KEYS];
	ApitokenKeys others = {0};
	CopyReading missing = {delivery->receive, delivery->argument,
	palloc0(sizeof(bool) * keys->count), NULL};

	delivery->receive = ReceiveFound;
	delivery->argument = &missing;
	apitoken_scan_read(relation, &binding->path, nkeys, keys, limit, delivery);
	for (int column = 0; column < nkeys; column++)
	{
		columns[column] = palloc(sizeof(Datum) * keys->count);
		others.columns[column] = columns[column];
	}
	for (int key = 0; key < keys->count; key++)
	{
		CHECK_FOR_INTERRUPTS();
		if (missing.found[key])
			continue;
		for (int column = 0; column < nkeys; column++)
			columns[column][others.count] = keys->columns[column][key];
		numbers[others.count++] = key;
	}
	missing.numbers = numbers;
	if (others.count > 0)
		ReadByStatement(lookups[lookup], &others, limit, delivery);
}

static void
Fetch(ApitokenLookup lookup, const ApitokenKeys *keys, int64 limit, ApitokenDelivery *delivery)
{
	const Lookup *keyed = &keyed_reads[lookups[lookup]];
	Binding    *binding = &bindings[lookup];
	Relation	relation = OpenDirectly(keyed, delivery->layout, binding);

	if (relation != NULL)
	{
		binding->path.by_secret = lookup <= LOOKUP_FOREIGN_SECRETS;
		delivery->attnums = binding->attnums;
		delivery->last = binding->last;
		if (apitoken_distribution_is_ready())
			ReadCopy(lookup, relation, binding, keys, limit, delivery);
		else
			apitoken_scan_read(relation, &binding->path, keyed->nkeys, keys, limit, delivery);
		relation_close(relation, NoLock);
	}
	else
		ReadByStatement(lookups[lookup], keys, limit, delivery);
}

static void
Deliver(ApitokenLookup lookup, const ApitokenKeys *keys, int64 limit, ApitokenDelivery *delivery)
{
	const ApitokenLayout *layout = delivery->layout;

	if (keys->count == 0)
		return;

	delivery->values = palloc(sizeof(Datum) * layout->count);
	delivery->isnull = palloc(sizeof(bool) * layout->count);
	if (lookup < LOOKUP_TOKEN_ACTORS)
		Fetch(lookup, keys, limit, delivery);
	else
	{
		int			security_context = apitoken_store_heed_policies();

		Fetch(lookup, keys, limit, delivery);
		apitoken_store_pass_policies(security_context);
	}
	pfree(delivery->values);
	pfree(delivery->isnull);
}

/*
 * Reads, under the active snapshot, the rows that have the keys, at most limit
 * of them for each, and hands them to receive(argument, ...): one key's after
 * another's, the keys in any order, and in the order of the lookup for each.
 *
 * layout says which columns are wanted; it is the same one at every call for a
 * lookup.  Expects SPI to be connected and the tables' owner to be the current
 * role.  Raises 42P01 if the table is not there, 42804 if a column is of
 * another type than the layout wants.
 */
void
apitoken_fetch(ApitokenLookup lookup, const ApitokenLayout *layout, const ApitokenKeys *keys,
			   int64 limit, ApitokenReceiver receive, void *argument)
{
	ApitokenDelivery delivery = {.layout = layout, .receive = receive, .argument = argument};

	Deliver(lookup, keys, limit, &delivery);
}

/*
 * The same for keys to one row each, to which a secret has led that has that digest.  If
 * it is refused then, apitoken_fetch_forget is to be called.
 */
void
apitoken_fetch_by_secret(ApitokenLookup lookup, const ApitokenLayout *layout,
						 const ApitokenKeys *keys, const bytea *digest,
						 ApitokenReceiver receive, void *argument)
{
	ApitokenDelivery delivery = {.layout = layout, .receive = receive, .argument = argument,
	.digest = digest};

	Deliver(lookup, keys, 1, &delivery);
}

static void
ReceiveAccountOf(void *argument, int key, Datum *values, bool *isnull)
{
	if (!isnull[0])
		*(char **) argument = TextDatumGetCString(values[0]);
}

/*
 * Returns the account of a token, where the tables are distributed, in the current memory
 * context; NULL: there is no such token.  Under the active snapshot, as above.
 */
char *
apitoken_fetch_account_of(const char *id)
{
	Datum		key = CStringGetTextDatum(id);
	char	   *account_id = NULL;

	FindAccounts(&key, 1, ReceiveAccountOf, &account_id);
	return account_id;
}

/*
 * Shards
 */

static ShardBinding *
FindShardBinding(Oid accounts, ApitokenStatement statement)
{
	ShardKey	key = {accounts, statement};
	ShardBinding *binding;
	bool		found;

	if (shard_bindings == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(ShardKey), .entrysize = sizeof(ShardBinding)};

		shard_bindings = hash_create("apitoken shards", 64, &control, HASH_ELEM | HASH_BLOBS);
		HearOfChanges();
	}
	binding = hash_search(shard_bindings, &key, HASH_ENTER, &found);
	if (!found)
		binding->valid = false;
	return binding;
}

/* A user's groups in an account, in any order: the key is not that of their lookup. */
static const Lookup user_links = {"user_group_users", {"user_id", "account_id"}, 2, "account_id"};

static const Lookup *
LookupBeside(ApitokenStatement statement)
{
	return statement == STATEMENT_USER_SCOPE_IN ? &user_links : &keyed_reads[statement];
}

/*
 * Opens, for reading by the keys of a lookup's statement, the table that has its rows of the
 * same accounts as a shard of the table accounts.  Sets how its rows are found, and how many
 * columns the key has.  Returns NULL if there is none here, or it cannot be read without a
 * statement.
 */
Relation
apitoken_fetch_open_beside(Oid accounts, ApitokenStatement statement, ApitokenPath *path,
						   int *nkeys)
{
	const Lookup *lookup = LookupBeside(statement);
	ShardBinding *shard = FindShardBinding(accounts, statement);
	Relation	relation = apitoken_fetch_reopen(shard->relation, AccessShareLock, &shard->valid);
	Binding		binding = {0};

	if (relation == NULL)
	{
		memset(&shard->path, 0, sizeof(shard->path));
		shard->relation = apitoken_shards_beside(accounts, "accounts", lookup->relation);
		shard->valid = true;
		relation = OidIsValid(shard->relation) ?
			try_relation_open(shard->relation, AccessShareLock) : NULL;
		if (relation == NULL)
		{
			shard->valid = false;
			return NULL;
		}
		if (apitoken_fetch_is_ordinary(relation))
			shard->path.index = FindIndex(relation, lookup, lookup != &user_links);
	}
	*path = shard->path;
	*nkeys = lookup->nkeys;
	if (OidIsValid(path->index) && IsOpenToRole(relation, &binding))
		return relation;
	relation_close(relation, NoLock);
	return NULL;
}

/* The relation of a lookup's statement, by its name in the extension's schema. */
const char *
apitoken_fetch_relation(ApitokenStatement statement)
{
	return LookupBeside(statement)->relation;
}

/* Forgets where the rows with the keys are to which a secret has led: see places.c. */
void
apitoken_fetch_forget(ApitokenLookup lookup, const ApitokenKeys *keys, const bytea *digest)
{
	apitoken_places_forget(bindings[lookup].relation, keyed_reads[lookups[lookup]].nkeys, keys,
						   digest);
}
