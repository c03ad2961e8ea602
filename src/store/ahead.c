/*-------------------------------------------------------------------------
 *
 * ahead.c
 *	  Reads together what will be asked for of an account.
 *
 * Where the tables are distributed each look-up is a statement that goes to the node
 * which has the account: to plan it, to take it there and to bring the rows back takes
 * many times longer than to find them.  So whoever is going to ask for much has it all
 * read first, by one statement.  What it runs there is apitoken.read_ahead(), which reads
 * the account's shards through their indexes, as one server does with its tables, all under
 * one snapshot.  The look-ups are then answered from what it has brought.
 *
 * It need not bring everything: what is not there is asked for by a statement, as if
 * nothing had been read.  So it leaves out what it cannot read without one, and whatever
 * comes when there is much already.
 *
 * src/store/ahead.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/ahead.h"

#include "access/relation.h"
#include "access/table.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Lookups are numbered by their statements, from here on; last come a user's groups. */
#define FIRST_STATEMENT STATEMENT_TOKENS
#define USER_LINKS (STATEMENT_BUYER_ERRORS - FIRST_STATEMENT + 1)
#define LOOKUPS (USER_LINKS + 1)

static int
NumberOf(ApitokenStatement statement)
{
	return statement == STATEMENT_USER_SCOPE_IN ? USER_LINKS : statement - FIRST_STATEMENT;
}

/* No more than that is brought at once: with so much, one more statement is no matter. */
#define MAX_AHEAD (1024 * 1024)

/* Of the same form on both nodes, and of the same kind of machine. */
#define AHEAD_FORM ((int32) (0x41480001 ^ (PG_VERSION_NUM << 8)))

/*
 * What one key has: the rows follow.  A row has a length and then the bytes for each of
 * the table's columns, in order, each beginning where any type may.
 */
typedef struct Answer
{
	int32		lookup;			/* its number */
	int32		columns;
	int32		rows;
	int32		size;			/* of the rows */
	int32		key_length;		/* of the key's second column; -1: it has none */
} Answer;

#define NO_VALUE (-1)

/* What all answers come behind. */
typedef struct Header
{
	int32		form;
	int32		size;			/* of all, the header included */
	int32		whole;			/* was nothing left out? */
} Header;

/*
 * Reading, where the rows are
 */

/* What is brought, while it is read. */
typedef struct Collector
{
	StringInfoData buffer;
	Oid			accounts;		/* the shard of the table accounts */
	Datum		account_id;
	int64		most;			/* rows of a key */
	bool		full;			/* nothing more is added */
	ApitokenIds *actors;		/* tokens that audits name; NULL: not wanted */
} Collector;

/* One statement's rows, while they come in. */
typedef struct Reading
{
	Collector  *collector;
	ApitokenStatement statement;
	TupleDesc	tupdesc;
	int			columns;		/* that are not dropped */
	const ApitokenKeys *keys;
	int			nkeys;
	int			key;			/* whose rows come in; -1: none yet */
	int			answer;			/* where it begins */
	bool	   *seen;			/* by key */
	ApitokenIds *links;			/* of what the rows lead to, or NULL */
	int			link;			/* the column that does */
	int			actors[2];		/* the columns that name actors; -1: none */
	int			actor_types[2];
} Reading;

static void
Align(StringInfo buffer)
{
	static const char zeros[MAXIMUM_ALIGNOF] = {0};

	appendBinaryStringInfo(buffer, zeros, MAXALIGN(buffer->len) - buffer->len);
}

static void
StartAnswer(Reading *reading, int key)
{
	StringInfo	buffer = &reading->collector->buffer;
	text	   *id = reading->nkeys < 2 ? NULL : DatumGetTextPP(reading->keys->columns[1][key]);
	Answer		answer = {
		.lookup = NumberOf(reading->statement), .columns = reading->columns,
		.key_length = id == NULL ? NO_VALUE : VARSIZE_ANY_EXHDR(id)
	};

	Align(buffer);
	reading->key = key;
	reading->answer = buffer->len;
	reading->seen[key] = true;
	appendBinaryStringInfo(buffer, (char *) &answer, sizeof(answer));
	if (id != NULL)
		appendBinaryStringInfo(buffer, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
	Align(buffer);
}

static Answer *
CurrentAnswer(Reading *reading)
{
	return (Answer *) (reading->collector->buffer.data + reading->answer);
}

/* The bytes of a value are those of its Datum, or what that points to. */
static void
AddValue(StringInfo buffer, Form_pg_attribute attribute, Datum value, bool isnull)
{
	int32		length = NO_VALUE;
	const char *bytes = NULL;

	if (!isnull && attribute->attbyval)
	{
		length = sizeof(Datum);
		bytes = (const char *) &value;
	}
	else if (!isnull)
	{
		bytes = attribute->attlen == -1 ? (char *) PG_DETOAST_DATUM(value) : DatumGetPointer(value);
		length = attribute->attlen == -1 ? VARSIZE(bytes) : attribute->attlen;
	}
	Align(buffer);
	appendBinaryStringInfo(buffer, (char *) &length, sizeof(length));
	if (length != NO_VALUE)
	{
		Align(buffer);
		appendBinaryStringInfo(buffer, bytes, length);
	}
}

static void
AddActor(Reading *reading, int event, const Datum *values, const bool *isnull)
{
	int			actor = reading->actors[event];
	int			type = reading->actor_types[event];

	if (actor >= 0 && type >= 0 && !isnull[actor] && !isnull[type] &&
		*VARDATA_ANY(DatumGetTextPP(values[type])) == 't')
		(void) apitoken_ids_add(reading->collector->actors,
								PointerGetDatum(DatumGetTextPCopy(values[actor])));
}

static void
ReceiveRow(void *argument, int key, Datum *values, bool *isnull)
{
	Reading    *reading = argument;
	Collector  *collector = reading->collector;
	StringInfo	buffer = &collector->buffer;
	int			start;

	if (collector->full)
		return;
	if (key != reading->key)
		StartAnswer(reading, key);
	start = buffer->len;
	for (int i = 0, column = 0; i < reading->tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(reading->tupdesc, i);

		if (attribute->attisdropped)
			continue;
		AddValue(buffer, attribute, values[column], isnull[column]);
		column++;
	}
	Align(buffer);
	if (buffer->len > MAX_AHEAD)
	{
		/* what is not all there is not there */
		buffer->len = reading->answer;
		collector->full = true;
		return;
	}
	CurrentAnswer(reading)->rows++;
	CurrentAnswer(reading)->size += buffer->len - start;
	if (reading->links != NULL && reading->link >= 0 && !isnull[reading->link])
		(void) apitoken_ids_add(reading->links,
								PointerGetDatum(DatumGetTextPCopy(values[reading->link])));
	if (collector->actors != NULL)
	{
		AddActor(reading, 0, values, isnull);
		AddActor(reading, 1, values, isnull);
	}
}

/* The place of a column among those that are not dropped; -1: there is none. */
static int
FindColumn(TupleDesc tupdesc, const char *name)
{
	for (int i = 0, column = 0; name != NULL && i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attisdropped)
			continue;
		if (strcmp(NameStr(attribute->attname), name) == 0)
			return column;
		column++;
	}
	return -1;
}

static int
CountColumns(TupleDesc tupdesc)
{
	int			columns = 0;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (!TupleDescAttr(tupdesc, i)->attisdropped)
			columns++;
	}
	return columns;
}

/* Reads what has the keys; link is the column that leads on, if any, to links. */
static void
Read(Collector *collector, ApitokenStatement statement, ApitokenKeys keys, const char *link,
	 ApitokenIds *links)
{
	Reading		reading = {.collector = collector, .statement = statement, .keys = &keys,
	.key = -1, .links = links};
	ApitokenPath path;
	ApitokenLayout layout = {0};
	ApitokenDelivery delivery = {.layout = &layout, .receive = ReceiveRow, .argument = &reading};
	AttrNumber *attnums;
	Relation	relation;

	if (keys.count == 0 || collector->full)
		return;
	relation = apitoken_fetch_open_beside(collector->accounts, statement, &path, &reading.nkeys);
	if (relation == NULL)
	{
		/* what would follow from it is not known */
		collector->full = true;
		return;
	}

	reading.tupdesc = RelationGetDescr(relation);
	reading.columns = CountColumns(reading.tupdesc);
	reading.seen = palloc0(sizeof(bool) * keys.count);
	reading.link = FindColumn(reading.tupdesc, link);
	reading.actors[0] = FindColumn(reading.tupdesc, "created_by_id");
	reading.actors[1] = FindColumn(reading.tupdesc, "updated_by_id");
	reading.actor_types[0] = FindColumn(reading.tupdesc, "created_by_type");
	reading.actor_types[1] = FindColumn(reading.tupdesc, "updated_by_type");
	attnums = palloc(sizeof(AttrNumber) * reading.columns);
	for (int i = 0; i < reading.tupdesc->natts; i++)
	{
		if (!TupleDescAttr(reading.tupdesc, i)->attisdropped)
			attnums[layout.count++] = i + 1;
	}
	delivery.attnums = attnums;
	delivery.last = reading.tupdesc->natts;
	delivery.values = palloc(sizeof(Datum) * layout.count);
	delivery.isnull = palloc(sizeof(bool) * layout.count);
	apitoken_scan_read(relation, &path, reading.nkeys, &keys, collector->most, &delivery);
	for (int key = 0; key < keys.count && !collector->full; key++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!reading.seen[key])
			StartAnswer(&reading, key);
	}
	relation_close(relation, NoLock);
}

/* Keys of an account: with these ids, or the account's own, if they are none. */
static ApitokenKeys
KeysOf(const Collector *collector, const ApitokenIds *ids)
{
	int			count = ids == NULL ? 1 : ids->count;
	Datum	   *accounts = palloc(sizeof(Datum) * Max(count, 1));
	ApitokenKeys keys = {count, {accounts, ids == NULL ? NULL : ids->ids}};

	for (int i = 0; i < count; i++)
		accounts[i] = collector->account_id;
	return keys;
}

static void
ReadToken(Collector *collector, Datum token_id, int wanted)
{
	ApitokenIds *ids = apitoken_ids_create();
	ApitokenKeys keys;

	(void) apitoken_ids_add(ids, token_id);
	keys = KeysOf(collector, ids);
	Read(collector, STATEMENT_OWN_TOKENS, keys, NULL, NULL);
	if (wanted & AHEAD_CREDENTIALS)
		Read(collector, STATEMENT_CREDENTIALS, keys, NULL, NULL);
	if (wanted & AHEAD_SECRETS)
		Read(collector, STATEMENT_SECRETS, keys, NULL, NULL);
	if (wanted & AHEAD_MODULES)
		Read(collector, STATEMENT_TOKEN_MODULES, keys, NULL, NULL);
}

static void
ReadUser(Collector *collector, Datum user_id)
{
	ApitokenIds *groups = apitoken_ids_create();
	ApitokenKeys key = {1, {&user_id, &collector->account_id}};

	Read(collector, STATEMENT_USER_SCOPE_IN, key, "user_group_id", groups);
	Read(collector, STATEMENT_GROUP_MODULES, KeysOf(collector, groups), NULL, NULL);
}

static void
ReadGroups(Collector *collector, int wanted)
{
	ApitokenIds *groups = apitoken_ids_create();
	ApitokenIds *buyers = apitoken_ids_create();
	ApitokenKeys keys;

	Read(collector, STATEMENT_USER_GROUPS, KeysOf(collector, NULL), "id", groups);
	keys = KeysOf(collector, groups);
	if (wanted & AHEAD_GROUP_MODULES)
		Read(collector, STATEMENT_GROUP_MODULES, keys, NULL, NULL);
	if (wanted & AHEAD_GROUP_USERS)
		Read(collector, STATEMENT_GROUP_USERS, keys, NULL, NULL);
	if (wanted & AHEAD_GROUP_BUYERS)
		Read(collector, STATEMENT_GROUP_BUYERS, keys, "buyer_id", buyers);
	keys = KeysOf(collector, buyers);
	if (wanted & AHEAD_GROUP_BUYERS)
		Read(collector, STATEMENT_BUYERS, keys, NULL, NULL);
	if (wanted & AHEAD_BUYER_ERRORS)
		Read(collector, STATEMENT_BUYER_ERRORS, keys, NULL, NULL);
}

/* Those that audits name and are read already are read once more. */
static void
ReadActors(Collector *collector)
{
	ApitokenIds *actors = collector->actors;

	/* those of these are nobody's */
	collector->actors = NULL;
	if (actors != NULL)
		Read(collector, STATEMENT_OWN_TOKENS, KeysOf(collector, actors), NULL, NULL);
}

PG_FUNCTION_INFO_V1(apitoken_read_ahead);

/*
 * apitoken.read_ahead(accounts oid, account_id text, id text, wanted integer, most bigint)
 * returns bytea: what will be asked for of an account whose row is in that shard, and of a
 * token or a user with that id, which may be null.  Of each key at most so many rows.  Null
 * if this node cannot tell.
 */
Datum
apitoken_read_ahead(PG_FUNCTION_ARGS)
{
	Collector	collector = {0};
	Header		header = {.form = AHEAD_FORM};
	int			wanted;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3) || PG_ARGISNULL(4) ||
		!apitoken_distribution_is_ready())
		PG_RETURN_NULL();
	wanted = PG_GETARG_INT32(3);
	collector.accounts = PG_GETARG_OID(0);
	collector.account_id = PointerGetDatum(PG_GETARG_TEXT_PP(1));
	collector.most = PG_GETARG_INT64(4);
	collector.actors = wanted & AHEAD_ACTORS ? apitoken_ids_create() : NULL;
	initStringInfo(&collector.buffer);
	appendBinaryStringInfo(&collector.buffer, (char *) &header, sizeof(header));
	Align(&collector.buffer);

	Read(&collector, STATEMENT_ACCOUNTS, KeysOf(&collector, NULL), NULL, NULL);
	if (!PG_ARGISNULL(2) && (wanted & AHEAD_USER))
		ReadUser(&collector, PointerGetDatum(PG_GETARG_TEXT_PP(2)));
	else if (!PG_ARGISNULL(2))
		ReadToken(&collector, PointerGetDatum(PG_GETARG_TEXT_PP(2)), wanted);
	if (wanted & AHEAD_GROUPS)
		ReadGroups(&collector, wanted);
	ReadActors(&collector);
	((Header *) collector.buffer.data)->size = collector.buffer.len;
	((Header *) collector.buffer.data)->whole = !collector.full;
	PG_RETURN_BYTEA_P(cstring_to_text_with_len(collector.buffer.data, collector.buffer.len));
}

/*
 * Answering, where it is asked for
 */

/* What was read of one lookup. */
typedef struct Known
{
	ApitokenIds *ids;			/* second columns of keys; NULL: it has none */
	int			allocated;
	const Answer **answers;		/* by the ids' numbers */
} Known;

typedef struct Ahead
{
	MemoryContext context;
	MemoryContextCallback callback; /* when its memory goes */
	Snapshot	snapshot;		/* under which it was read */
	const char *account_id;
	const char *token_id;		/* NULL: of none */
	int64		most;
	bool		whole;
	Known		known[LOOKUPS];
} Ahead;

/* What is read ahead now; NULL: nothing. */
static Ahead *ahead = NULL;

/* For the memory context, which an error may end: what was in it is not there any more. */
static void
ForgetThis(void *argument)
{
	if (ahead == argument)
		ahead = NULL;
}

/* The rows of an answer begin behind its key. */
static const char *
RowsOf(const Answer *answer)
{
	return (const char *) answer + MAXALIGN(sizeof(Answer) + Max(answer->key_length, 0));
}

static void
AddAnswer(const Answer *answer)
{
	Known	   *known = &ahead->known[answer->lookup];
	int			number = 0;

	if (answer->key_length >= 0)
	{
		if (known->ids == NULL)
			known->ids = apitoken_ids_create();
		number = apitoken_ids_add(known->ids,
								  PointerGetDatum(cstring_to_text_with_len((const char *) (answer + 1),
																		   answer->key_length)));
	}
	if (number >= known->allocated)
	{
		int			allocated = Max(known->allocated * 2, 8);

		known->answers = known->answers == NULL ? palloc(sizeof(Answer *) * allocated) :
			repalloc(known->answers, sizeof(Answer *) * allocated);
		known->allocated = allocated;
	}
	known->answers[number] = answer;
}

/* Takes in what was read; nothing if it has another form. */
static void
TakeIn(bytea *read)
{
	Size		size = VARSIZE_ANY_EXHDR(read);
	char	   *bytes = palloc(MAXALIGN(Max(size, sizeof(Header))));
	const Header *header = (const Header *) bytes;
	Size		at = MAXALIGN(sizeof(Header));

	memcpy(bytes, VARDATA_ANY(read), size);
	if (size < at || header->form != AHEAD_FORM || header->size != size)
		return;
	ahead->whole = header->whole != 0;
	while (at + sizeof(Answer) <= size)
	{
		const Answer *answer = (const Answer *) (bytes + at);

		CHECK_FOR_INTERRUPTS();
		if (answer->lookup < 0 || answer->lookup >= LOOKUPS)
			return;
		AddAnswer(answer);
		at = RowsOf(answer) + answer->size - bytes;
		at = MAXALIGN(at);
	}
}

/*
 * Has read, under the active snapshot, what is wanted of an account, and of a token of it, or
 * a user if AHEAD_USER is, unless id is NULL; of each key at most so many rows.  Until
 * apitoken_ahead_end what is asked for of the account, under the same snapshot, is answered
 * by that.  Does nothing where the tables are not distributed.  Expects SPI to be connected
 * and the tables' owner to be the current role.
 */
void
apitoken_ahead_begin(const char *account_id, const char *id, int wanted, int64 most)
{
	ApitokenArguments arguments;
	MemoryContext old;
	Datum		read;
	bool		isnull;

	apitoken_ahead_end();
	if (account_id == NULL || !apitoken_fetch_may_pass_citus())
		return;
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	apitoken_store_set(&arguments, 3, Int32GetDatum(wanted));
	apitoken_store_set(&arguments, 4, Int64GetDatum(most));
	if (apitoken_store_run_active(STATEMENT_READ_AHEAD, &arguments) == 0)
		return;
	read = apitoken_store_value(0, 1, &isnull);
	if (!isnull)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apitoken ahead",
													  ALLOCSET_DEFAULT_SIZES);

		old = MemoryContextSwitchTo(context);
		ahead = palloc0(sizeof(Ahead));
		ahead->context = context;
		ahead->snapshot = GetActiveSnapshot();
		ahead->account_id = pstrdup(account_id);
		ahead->token_id = id == NULL || (wanted & AHEAD_USER) ? NULL : pstrdup(id);
		ahead->most = most;
		ahead->callback.func = ForgetThis;
		ahead->callback.arg = ahead;
		MemoryContextRegisterResetCallback(context, &ahead->callback);
		TakeIn(DatumGetByteaPP(read));
		MemoryContextSwitchTo(old);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Ends that, if it was begun. */
void
apitoken_ahead_end(void)
{
	MemoryContext context = ahead == NULL ? NULL : ahead->context;

	ahead = NULL;
	if (context != NULL)
		MemoryContextDelete(context);
}

/* Was all that is wanted read, and so was little? */
bool
apitoken_ahead_is_whole(void)
{
	return ahead != NULL && ahead->whole;
}

/* Is it that token's, under the active snapshot? */
bool
apitoken_ahead_is_of_token(const char *id)
{
	return ahead != NULL && ahead->snapshot == GetActiveSnapshot() &&
		apitoken_ids_same(ahead->token_id, id);
}

/* The answer to a key with that second column, or without one; NULL: it was not read. */
static const Answer *
FindAnswer(const Known *known, const Datum *ids, int key)
{
	int			number = 0;

	if (ids != NULL)
	{
		if (known->ids == NULL)
			return NULL;
		number = apitoken_ids_find(known->ids, ids[key]);
	}
	else if (known->answers == NULL || known->ids != NULL)
		return NULL;
	return number < 0 ? NULL : known->answers[number];
}

/* Was everything read that has the keys? */
static bool
IsAllKnown(const Known *known, const Datum *ids, int count, int64 limit, int columns)
{
	for (int key = 0; key < count; key++)
	{
		const Answer *answer = FindAnswer(known, ids, key);

		CHECK_FOR_INTERRUPTS();
		if (answer == NULL || answer->columns != columns ||
			(answer->rows >= ahead->most && limit > ahead->most))
			return false;
	}
	return true;
}

/* Reads a value, and goes on behind it. */
static const char *
ReadValue(const char *at, Form_pg_attribute attribute, Datum *value, bool *isnull)
{
	int32		length = *(const int32 *) at;

	*isnull = length == NO_VALUE;
	at += MAXIMUM_ALIGNOF;
	if (*isnull)
		return at;
	*value = attribute->attbyval ? *(const Datum *) at : PointerGetDatum(at);
	return at + MAXALIGN(length);
}

static void
DeliverAnswer(const Answer *answer, int key, TupleDesc tupdesc, Datum *values, bool *isnull,
			  int64 limit, ApitokenDelivery *delivery)
{
	const char *at = RowsOf(answer);

	for (int row = 0; row < answer->rows && row < limit; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < tupdesc->natts; i++)
		{
			isnull[i] = true;
			if (!TupleDescAttr(tupdesc, i)->attisdropped)
				at = ReadValue(at, TupleDescAttr(tupdesc, i), &values[i], &isnull[i]);
		}
		apitoken_scan_deliver(delivery, key, values, isnull);
	}
}

/*
 * Hands on the rows of an account that have the keys, as apitoken_fetch does, if they
 * were read; returns whether they were.  ids are the keys' second columns (NULL: they have
 * none), and numbers what the keys are called there.
 */
bool
apitoken_ahead_deliver(ApitokenStatement statement, Datum account_id, const Datum *ids, int count,
					   const int *numbers, int64 limit, ApitokenDelivery *delivery)
{
	const Known *known;
	Relation	relation;
	TupleDesc	tupdesc;
	bool		all;

	if (ahead == NULL || ahead->snapshot != GetActiveSnapshot() ||
		!apitoken_ids_is(account_id, ahead->account_id))
		return false;
	known = &ahead->known[NumberOf(statement)];
	relation = table_open(get_relname_relid(apitoken_fetch_relation(statement),
											get_namespace_oid(APITOKEN_SCHEMA, false)),
						  AccessShareLock);
	tupdesc = RelationGetDescr(relation);
	all = IsAllKnown(known, ids, count, limit, CountColumns(tupdesc));
	if (all)
	{
		AttrNumber *attnums = palloc(sizeof(AttrNumber) * delivery->layout->count);
		Datum	   *values = palloc(sizeof(Datum) * tupdesc->natts);
		bool	   *isnull = palloc(sizeof(bool) * tupdesc->natts);

		apitoken_layout_bind(delivery->layout, tupdesc, attnums);
		delivery->attnums = attnums;
		for (int key = 0; key < count; key++)
			DeliverAnswer(FindAnswer(known, ids, key), numbers[key], tupdesc, values, isnull,
						  limit, delivery);
	}
	table_close(relation, NoLock);
	return all;
}
