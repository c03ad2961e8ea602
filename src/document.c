/*-------------------------------------------------------------------------
 *
 * document.c
 *	  The document: reads what it needs, set by set, and has it written.
 *
 * Each kind of resource is read once for the whole document, and only if the
 * fields ask for it: the account, its user groups, the modules of those groups
 * and of the token, the groups' users and buyers with their errors, and last
 * the actors of all audits that are expanded.  So the number of statements
 * depends on the kinds alone, never on how many resources there are.
 *
 * src/document.c
 *
 *-------------------------------------------------------------------------
 */
#include "document.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "members.h"
#include "miscadmin.h"
#include "subxact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* From that many bytes on it is seen to that a document finds room as text. */
#define LARGE_DOCUMENT (1024 * 1024)

/* What is asked for of a resource that may be given: NULL, everything. */
typedef struct Request
{
	bool		wanted;
	ApitokenFields *fields;
} Request;

/* What is asked for of the resources that are read. */
typedef struct Requests
{
	Request		token;
	Request		account;
	Request		user_groups;
	Request		group_account;
	Request		group_lists[APITOKEN_GROUP_LISTS];
	Request		modules;
} Requests;

/* Ids of actors, as Datums of text. */
typedef struct ActorIds
{
	int			count;
	int			allocated;
	Datum	   *ids;
} ActorIds;

/*
 * What is asked for
 */

static Request
RequestOf(Request owner, ApitokenResourceKind kind, const char *name)
{
	const ApitokenShape *shape = apitoken_model_layout(kind)->shape;
	int			member = apitoken_model_find_member(shape, name, strlen(name));
	Request		request = {false, NULL};

	if (owner.wanted && apitoken_fields_gives(owner.fields, shape, member))
	{
		request.wanted = true;
		request.fields = apitoken_fields_of(owner.fields, member);
	}
	return request;
}

/* Finds out what the fields ask for and the document's extent allows. */
static Requests
AnalyzeFields(const ApitokenDocument *document)
{
	Request		token = {document->extent != EXTENT_TOKEN, document->fields};
	Requests	requests;

	requests.token = token;
	requests.account = RequestOf(token, RESOURCE_TOKEN, "account");
	requests.modules = RequestOf(token, RESOURCE_TOKEN, "modules");
	requests.user_groups = RequestOf(requests.account, RESOURCE_ACCOUNT, "groups");
	if (document->extent != EXTENT_WHOLE)
		requests.user_groups.wanted = false;
	requests.group_account = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "account");
	requests.group_lists[0] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "modules");
	requests.group_lists[1] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "users");
	requests.group_lists[2] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "buyers");
	return requests;
}

/*
 * Who owns what
 */

typedef struct Ownership
{
	int			owner;
	int			item;
} Ownership;

/* One list of all its owners, while its items come in. */
typedef struct OwnershipList
{
	ApitokenItems *of_owner;	/* one for each owner */
	int			owners;
	int			count;
	int			allocated;
	Ownership  *list;
} OwnershipList;

static OwnershipList
StartOwnerships(int owners, uint64 expected)
{
	OwnershipList result = {0};

	result.owners = owners;
	result.of_owner = MemoryContextAllocExtended(CurrentMemoryContext,
												 sizeof(ApitokenItems) * Max(owners, 1),
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	result.allocated = Max(expected, 16);
	result.list = MemoryContextAllocHuge(CurrentMemoryContext,
										 sizeof(Ownership) * result.allocated);
	return result;
}

static void
AddOwnership(OwnershipList *ownerships, int owner, int item)
{
	if (ownerships->count == ownerships->allocated)
	{
		ownerships->allocated *= 2;
		ownerships->list = repalloc_huge(ownerships->list,
										 sizeof(Ownership) * ownerships->allocated);
	}
	ownerships->list[ownerships->count].owner = owner;
	ownerships->list[ownerships->count].item = item;
	ownerships->count++;
	ownerships->of_owner[owner].count++;
}

/*
 * Adds an item with the owners in a column of the last statement's result: ids
 * of rows in owners, or null.
 */
static void
AddOwners(OwnershipList *ownerships, const ApitokenRows *owners, uint64 row, int column)
{
	bool		isnull;
	Datum		array = apitoken_store_value(row, column, &isnull);
	Datum	   *ids;
	int			count;

	if (isnull)
		return;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &ids, NULL,
					  &count);
	for (int i = 0; i < count; i++)
	{
		ApitokenRow *owner = apitoken_rows_find(owners, ids[i]);

		if (owner != NULL)
			AddOwnership(ownerships, owner - owners->rows, row);
	}
	pfree(ids);
}

/* Says of each item whether it stands in a list that is given. */
static bool *
NeededItems(const OwnershipList *ownerships, uint64 count)
{
	bool	   *needed = MemoryContextAllocExtended(CurrentMemoryContext, Max(count, 1),
													MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (int i = 0; i < ownerships->count; i++)
	{
		const Ownership *ownership = &ownerships->list[i];

		if (ownerships->of_owner[ownership->owner].count <= apitoken_max_list_items)
			needed[ownership->item] = true;
	}
	return needed;
}

/* Returns each owner's items, in the order in which they came. */
static ApitokenItems *
FinishOwnerships(OwnershipList *ownerships)
{
	ApitokenItems *of_owner = ownerships->of_owner;
	int		   *next = MemoryContextAllocHuge(CurrentMemoryContext,
											  sizeof(int) * Max(ownerships->count, 1));

	for (int owner = 0; owner < ownerships->owners; owner++)
	{
		of_owner[owner].items = next;
		next += of_owner[owner].count;
		of_owner[owner].count = 0;
	}
	for (int i = 0; i < ownerships->count; i++)
	{
		ApitokenItems *items = &of_owner[ownerships->list[i].owner];

		items->items[items->count++] = ownerships->list[i].item;
	}
	pfree(ownerships->list);
	return of_owner;
}

/*
 * Reading
 */

/* Enough to see that a list is too long, and no more. */
static Datum
ListLimit(void)
{
	return Int64GetDatum((int64) apitoken_max_list_items + 1);
}

static int
SlotOf(const ApitokenLayout *layout, const char *name)
{
	const ApitokenShape *shape = layout->shape;

	return shape->members[apitoken_model_find_member(shape, name, strlen(name))].slot;
}

/* A column of rows as an array of text. */
static ArrayType *
ColumnArray(const ApitokenRows *rows, int slot)
{
	Datum	   *values = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(Datum) * Max(rows->count, 1));

	for (int i = 0; i < rows->count; i++)
		values[i] = rows->rows[i].values[slot];
	return construct_array(values, rows->count, TEXTOID, -1, false, TYPALIGN_INT);
}

static void
ReadAccounts(ApitokenDocument *document)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1,
							   ColumnArray(&document->tokens,
										   SlotOf(document->tokens.layout, "account")));
	document->accounts =
		apitoken_rows_keep(RESOURCE_ACCOUNT, apitoken_model_layout(RESOURCE_ACCOUNT),
						   apitoken_store_read(STATEMENT_ACCOUNTS, &arguments));
}

static void
ReadUserGroups(ApitokenDocument *document)
{
	const ApitokenLayout *layout = apitoken_model_layout(RESOURCE_USER_GROUP);
	int			account = SlotOf(layout, "account");
	ApitokenRows *groups = &document->user_groups;
	ApitokenArguments arguments;
	OwnershipList ownerships;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1,
							   ColumnArray(&document->accounts,
										   apitoken_model_layout(RESOURCE_ACCOUNT)->id_slot));
	apitoken_store_set(&arguments, 2, ListLimit());
	*groups = apitoken_rows_keep(RESOURCE_USER_GROUP, layout,
								 apitoken_store_read(STATEMENT_USER_GROUPS, &arguments));

	ownerships = StartOwnerships(document->accounts.count, groups->count);
	for (int i = 0; i < groups->count; i++)
	{
		ApitokenRow *owner = apitoken_rows_find(&document->accounts,
												groups->rows[i].values[account]);

		AddOwnership(&ownerships, owner - document->accounts.rows, i);
	}
	document->groups_of_account = FinishOwnerships(&ownerships);
}

/* The accounts whose user groups are given: not those that have too many. */
static ArrayType *
AccountsWithGroups(const ApitokenDocument *document)
{
	const ApitokenRows *accounts = &document->accounts;
	Datum	   *ids = palloc(sizeof(Datum) * Max(accounts->count, 1));
	int			count = 0;

	for (int i = 0; document->groups_of_account != NULL && i < accounts->count; i++)
	{
		if (document->groups_of_account[i].count <= apitoken_max_list_items)
			ids[count++] = accounts->rows[i].values[accounts->layout->id_slot];
	}
	return construct_array(ids, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * Leaves
 */

/* What it takes to write the leaves of one kind. */
typedef struct LeafWriter
{
	ApitokenDocument *document;
	ApitokenLeaves *leaves;
	const ApitokenMember *list;
	ApitokenResourceKind kind;
	ApitokenFields *fields;
} LeafWriter;

static LeafWriter
StartLeaves(ApitokenDocument *document, ApitokenResourceKind kind, const char *list,
			ApitokenFields *fields, uint64 count)
{
	const ApitokenShape *group = apitoken_model_layout(RESOURCE_USER_GROUP)->shape;
	LeafWriter	writer = {document, NULL, NULL, kind, fields};

	writer.leaves = &document->leaves[apitoken_members_leaf_list(kind)];
	writer.list = group->members[apitoken_model_find_member(group, list, strlen(list))].member;
	writer.leaves->copies = MemoryContextAllocHuge(CurrentMemoryContext,
												   sizeof(ApitokenCopy) * Max(count, 1));
	initStringInfo(&writer.leaves->buffer);
	return writer;
}

static void
WriteLeaf(LeafWriter *writer, ApitokenRow *row, int leaf)
{
	const ApitokenLayout *layout = apitoken_model_layout(writer->kind);
	StringInfo	buffer = &writer->leaves->buffer;
	ApitokenResourceId any_group = {RESOURCE_USER_GROUP, NULL, 0};
	ApitokenPlace group = apitoken_walk_enter(NULL, NULL, any_group);
	ApitokenPlace place = apitoken_walk_enter(&group, writer->list,
											  apitoken_rows_id(writer->kind, layout, row));
	int			start = INTALIGN(buffer->len);

	apitoken_members_write(writer->document, buffer, NULL, &place, layout, row, writer->fields);
	writer->leaves->copies[leaf].start = start;
	writer->leaves->copies[leaf].length = buffer->len - start;
}

static void
ReadLeaves(ApitokenDocument *document, ApitokenStatement statement, ApitokenResourceKind kind,
		   const char *list, ApitokenFields *fields)
{
	const ApitokenLayout *layout = apitoken_model_layout(kind);
	ApitokenArguments arguments;
	ApitokenRow row = apitoken_rows_allocate(layout);
	ApitokenRowReader reader;
	OwnershipList ownerships;
	LeafWriter	writer;
	bool	   *needed;
	uint64		count;
	int			owners;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, AccountsWithGroups(document));
	apitoken_store_set(&arguments, 2, ListLimit());
	count = apitoken_store_read(statement, &arguments);

	writer = StartLeaves(document, kind, list, fields, count);
	ownerships = StartOwnerships(document->user_groups.count, count);
	owners = SPI_fnumber(SPI_tuptable->tupdesc, "owners");
	apitoken_rows_start(&reader, layout);
	for (uint64 i = 0; i < count; i++)
		AddOwners(&ownerships, &document->user_groups, i, owners);
	needed = NeededItems(&ownerships, count);
	for (uint64 i = 0; i < count; i++)
	{
		if (!needed[i])
			continue;
		apitoken_rows_read(&reader, i, &row);
		WriteLeaf(&writer, &row, i);
	}
	writer.leaves->of_group = FinishOwnerships(&ownerships);

	/* the leaves are written: their rows have served */
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Reads the modules of user groups, which are leaves, and those of tokens,
 * which are not, in one go: a module may be both.
 */
static void
ReadModules(ApitokenDocument *document, const Requests *requests)
{
	const ApitokenRows *tokens = &document->tokens;
	ApitokenRows none = {RESOURCE_TOKEN, tokens->layout, 0, NULL, NULL};
	const ApitokenRows *asked = requests->modules.wanted ? tokens : &none;
	ApitokenArguments arguments;
	OwnershipList of_groups;
	OwnershipList of_tokens;
	LeafWriter	writer;
	bool	   *needed;
	uint64		count;
	int			owners;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, requests->group_lists[0].wanted ?
							   AccountsWithGroups(document) : construct_empty_array(TEXTOID));
	apitoken_store_set(&arguments, 2, ListLimit());
	apitoken_store_set_pointer(&arguments, 3,
							   ColumnArray(asked, SlotOf(tokens->layout, "account")));
	apitoken_store_set_pointer(&arguments, 4, ColumnArray(asked, tokens->layout->id_slot));
	count = apitoken_store_read(STATEMENT_MODULES, &arguments);

	document->modules = apitoken_rows_keep(RESOURCE_MODULE,
										   apitoken_model_layout(RESOURCE_MODULE), count);
	writer = StartLeaves(document, RESOURCE_MODULE, "modules", requests->group_lists[0].fields,
						 count);
	of_groups = StartOwnerships(document->user_groups.count, count);
	of_tokens = StartOwnerships(tokens->count, count);
	owners = SPI_fnumber(SPI_tuptable->tupdesc, "owners");
	for (uint64 i = 0; i < count; i++)
	{
		AddOwners(&of_groups, &document->user_groups, i, owners);
		AddOwners(&of_tokens, tokens, i, owners + 1);
	}
	needed = NeededItems(&of_groups, count);
	for (uint64 i = 0; i < count; i++)
	{
		if (needed[i])
			WriteLeaf(&writer, &document->modules.rows[i], i);
	}
	writer.leaves->of_group = FinishOwnerships(&of_groups);
	document->modules_of_token = FinishOwnerships(&of_tokens);
}

static void
ReadBuyerErrors(ApitokenDocument *document)
{
	const ApitokenShape *buyer = apitoken_model_layout(RESOURCE_BUYER)->shape;
	int			errors = apitoken_model_find_member(buyer, "errors", strlen("errors"));
	ApitokenArguments arguments;
	uint64		count;
	int			column;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, AccountsWithGroups(document));
	apitoken_store_set(&arguments, 2, ListLimit());
	count = apitoken_store_read(STATEMENT_BUYER_ERRORS, &arguments);
	document->errors = apitoken_rows_keep(RESOURCE_NONE, buyer->members[errors].records, count);

	column = SPI_fnumber(SPI_tuptable->tupdesc, "buyer_id");
	document->error_buyers = MemoryContextAllocHuge(CurrentMemoryContext,
													sizeof(Datum) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
	{
		bool		isnull;

		document->error_buyers[i] = apitoken_store_value(i, column, &isnull);
	}
}

static void
ReadBuyers(ApitokenDocument *document, Request request)
{
	if (RequestOf(request, RESOURCE_BUYER, "errors").wanted)
		ReadBuyerErrors(document);
	ReadLeaves(document, STATEMENT_BUYERS, RESOURCE_BUYER, "buyers", request.fields);
}

/*
 * Actors
 */

static void
AddActor(ActorIds *actors, Datum id)
{
	if (actors->count == actors->allocated)
	{
		actors->allocated = Max(actors->allocated * 2, 16);
		actors->ids = actors->ids == NULL ? palloc(sizeof(Datum) * actors->allocated) :
			repalloc_huge(actors->ids, sizeof(Datum) * actors->allocated);
	}
	actors->ids[actors->count++] = id;
}

/* Adds the actors of one event of the rows, if its "by" is asked for. */
static void
CollectEvent(const ApitokenRows *rows, const ApitokenShape *event, ApitokenFields *fields,
			 ActorIds *users, ActorIds *tokens)
{
	int			by = apitoken_model_find_member(event, "by", strlen("by"));
	const ApitokenShapeMember *member = &event->members[by];

	if (!apitoken_fields_gives(fields, event, by))
		return;

	for (int i = 0; i < rows->count; i++)
	{
		const ApitokenRow *row = &rows->rows[i];

		ApitokenResourceKind kind = apitoken_rows_actor_kind(row, member);

		if (kind != RESOURCE_NONE)
			AddActor(kind == RESOURCE_TOKEN_ACTOR ? tokens : users, row->values[member->slot]);
	}
}

/* Adds the actors that the audits of the rows expand. */
static void
CollectActors(const ApitokenRows *rows, Request request, ActorIds *users, ActorIds *tokens)
{
	const ApitokenShape *shape;
	const ApitokenShape *audit;
	Request		of_audit;

	if (!request.wanted || rows->count == 0)
		return;

	of_audit = RequestOf(request, rows->kind, "audit");
	if (!of_audit.wanted)
		return;

	shape = rows->layout->shape;
	audit = shape->members[apitoken_model_find_member(shape, "audit", strlen("audit"))].shape;
	for (int i = 0; i < audit->count; i++)
	{
		if (apitoken_fields_gives(of_audit.fields, audit, i))
			CollectEvent(rows, audit->members[i].shape, apitoken_fields_of(of_audit.fields, i),
						 users, tokens);
	}
}

static ApitokenRows
ReadActorRows(ApitokenStatement statement, ApitokenResourceKind kind, ActorIds *actors)
{
	ApitokenArguments arguments;
	ApitokenRows none = {kind, apitoken_model_layout(kind), 0, NULL, NULL};

	if (actors->count == 0)
		return none;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1,
							   construct_array(actors->ids, actors->count, TEXTOID, -1, false,
											   TYPALIGN_INT));
	return apitoken_rows_keep(kind, none.layout, apitoken_store_read(statement, &arguments));
}

static void
ReadActors(ApitokenDocument *document, const Requests *requests)
{
	ActorIds	users = {0};
	ActorIds	tokens = {0};

	CollectActors(&document->tokens, requests->token, &users, &tokens);
	CollectActors(&document->accounts, requests->account, &users, &tokens);
	CollectActors(&document->accounts, requests->group_account, &users, &tokens);
	CollectActors(&document->user_groups, requests->user_groups, &users, &tokens);
	CollectActors(&document->modules, requests->modules, &users, &tokens);
	document->user_actors = ReadActorRows(STATEMENT_USER_ACTORS, RESOURCE_USER_ACTOR, &users);
	document->token_actors = ReadActorRows(STATEMENT_TOKEN_ACTORS, RESOURCE_TOKEN_ACTOR, &tokens);
}

static void
ReadDocument(ApitokenDocument *document)
{
	Requests	requests = AnalyzeFields(document);

	if (requests.account.wanted)
		ReadAccounts(document);
	if (requests.user_groups.wanted)
		ReadUserGroups(document);
	if (requests.modules.wanted || requests.group_lists[0].wanted)
		ReadModules(document, &requests);
	if (requests.group_lists[1].wanted)
		ReadLeaves(document, STATEMENT_USERS, RESOURCE_USER, "users",
				   requests.group_lists[1].fields);
	if (requests.group_lists[2].wanted)
		ReadBuyers(document, requests.group_lists[2]);
	ReadActors(document, &requests);
}

/*
 * Writing
 */

/* How long the document will be, about: every leaf as often as it is listed. */
static int
ExpectedSize(const ApitokenDocument *document)
{
	Size		size = (Size) (document->tokens.count + document->user_groups.count + 1) * 4096;

	for (int list = 0; list < APITOKEN_GROUP_LISTS; list++)
	{
		const ApitokenLeaves *leaves = &document->leaves[list];

		for (int group = 0; leaves->of_group != NULL && group < document->user_groups.count;
			 group++)
		{
			const ApitokenItems *owned = &leaves->of_group[group];

			for (int i = 0; i < owned->count; i++)
				size += leaves->copies[owned->items[i]].length + 2 * sizeof(JEntry);
		}
	}
	return Min(size, JENTRY_OFFLENMASK);
}

static void
WriteToken(ApitokenDocument *document, ApitokenContainer *parent, int token)
{
	const ApitokenLayout *layout = document->tokens.layout;
	ApitokenRow *row = &document->tokens.rows[token];
	ApitokenPlace place =
		apitoken_walk_enter(NULL, NULL, apitoken_rows_id(RESOURCE_TOKEN, layout, row));

	apitoken_members_write(document, &document->buffer, parent, &place, layout, row,
						   document->fields);
}

/* {"$meta": {"pagination": {"limit", "total", "offset"}, "omitted": []}, "data": [...]} */
static void
WriteList(ApitokenDocument *document)
{
	const ApitokenPage *page = document->page;
	StringInfo	buffer = &document->buffer;
	ApitokenContainer list;
	ApitokenContainer meta;
	ApitokenContainer pagination;
	ApitokenContainer array;

	apitoken_jsonb_start_object(&list, buffer, 2);
	apitoken_jsonb_add_key(&list, "data");
	apitoken_jsonb_add_key(&list, "$meta");

	apitoken_jsonb_start_array(&array, buffer, document->tokens.count);
	for (int i = 0; i < document->tokens.count; i++)
		WriteToken(document, &array, i);
	apitoken_jsonb_finish(&array, &list);

	apitoken_jsonb_start_object(&meta, buffer, 2);
	apitoken_jsonb_add_key(&meta, "omitted");
	apitoken_jsonb_add_key(&meta, "pagination");
	apitoken_jsonb_start_array(&array, buffer, 0);
	apitoken_jsonb_finish(&array, &meta);
	apitoken_jsonb_start_object(&pagination, buffer, 3);
	apitoken_jsonb_add_key(&pagination, "limit");
	apitoken_jsonb_add_key(&pagination, "total");
	apitoken_jsonb_add_key(&pagination, "offset");
	apitoken_jsonb_add_integer(&pagination, page->limit);
	apitoken_jsonb_add_integer(&pagination, page->total);
	apitoken_jsonb_add_integer(&pagination, page->offset);
	apitoken_jsonb_finish(&pagination, &meta);
	apitoken_jsonb_finish(&meta, &list);
	apitoken_jsonb_finish(&list, NULL);
}

static Jsonb *
WriteDocument(ApitokenDocument *document)
{
	MemoryContext old = MemoryContextSwitchTo(document->result_context);
	StringInfo	buffer = &document->buffer;
	Jsonb	   *result;

	apitoken_jsonb_start_document(buffer, ExpectedSize(document));
	MemoryContextSwitchTo(old);
	if (document->page == NULL)
		WriteToken(document, NULL, 0);
	else
		WriteList(document);

	result = apitoken_jsonb_finish_document(buffer);
	if (result == NULL)
	{
		pfree(buffer->data);
		buffer->data = NULL;
	}
	return result;
}

/*
 * Builds a document with as much in it as its extent says.  Returns NULL if it
 * is larger than jsonb can hold.
 */
static Jsonb *
Build(ApitokenDocument *document)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apitoken document",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Jsonb	   *result;

	ReadDocument(document);
	result = WriteDocument(document);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

/*
 * Raises 53200 unless there is memory for what comes after: a large document
 * is turned into text, which is copied into a message, and both grow by
 * doubling.
 */
static void
CheckRoomForText(const Jsonb *result)
{
	Size		size = VARSIZE(result);

	if (size >= LARGE_DOCUMENT)
		pfree(MemoryContextAllocHuge(CurrentMemoryContext, size * 5));
}

/* A document to be built, and what became of it; for apitoken_subxact_try. */
typedef struct Attempt
{
	ApitokenDocument *document;
	Jsonb	   *result;
} Attempt;

static void
BuildWithRoom(void *argument)
{
	Attempt    *attempt = argument;

	attempt->result = Build(attempt->document);
	if (attempt->result != NULL)
		CheckRoomForText(attempt->result);
}

static bool
IsShortage(int sqlstate)
{
	return sqlstate == ERRCODE_OUT_OF_MEMORY || sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED;
}

/* The same as Build, but returns NULL, too, if memory runs out. */
static Jsonb *
BuildIfPossible(ApitokenDocument *document)
{
	Attempt		attempt = {document, NULL};

	if (apitoken_subxact_try(BuildWithRoom, &attempt, IsShortage))
		return attempt.result;

	/* it is in the caller's memory context, which a failure does not reset */
	if (document->buffer.data != NULL)
		pfree(document->buffer.data);
	return NULL;
}

/*
 * Builds a document with less and less in it, until it can be built.  of_change
 * says that it is the answer to a change, which must not fail because there is
 * no room for its answer.
 */
static Jsonb *
BuildWhatFits(const ApitokenDocument *asked, bool of_change)
{
	for (ApitokenExtent extent = EXTENT_WHOLE; extent <= EXTENT_TOKEN; extent++)
	{
		ApitokenDocument document = *asked;
		Jsonb	   *result;

		document.extent = extent;
		result = of_change && extent < EXTENT_TOKEN ? BuildIfPossible(&document) : Build(&document);
		if (result != NULL)
			return result;
	}
	apitoken_error_document_too_large();
}

/*
 * Builds the document of a token.
 *
 * token holds the token's row, as apitoken_rows_keep gives it; its values must
 * stay.  fields say what is asked for; NULL: everything.  secret is shown as
 * the member "token" if it is not NULL, else the masked form.  All is read
 * under the active snapshot, which the caller has chosen so that it sees his
 * own change.  Expects SPI to be connected.
 *
 * Returns a jsonb in result_context, in the form of the documented response
 * with the rules of the walk applied; what else was needed is in a memory
 * context that is gone by then.  A list longer than apitoken.max_list_items is
 * left out and named in its owner's $meta.omitted.  So are the account's groups
 * if the document would be larger than jsonb can hold, and if it still were,
 * the token's audit, account and modules.  of_change says that it is the answer
 * to a change: memory that runs out has the same effect then.  Raises 54000 if
 * even the token's own members are too large.
 */
Jsonb *
apitoken_document_build(ApitokenRows token, ApitokenFields *fields, const char *secret,
						bool of_change, MemoryContext result_context)
{
	ApitokenDocument asked = {0};

	asked.fields = fields;
	asked.secret = secret;
	asked.tokens = token;
	asked.result_context = result_context;
	return BuildWhatFits(&asked, of_change);
}

/*
 * Builds a page of a list: the same for any number of tokens, each in the form
 * above, with the members of the documented list around them.  The rows stay
 * in their order; apitoken_rows_sort has been called for them.
 */
Jsonb *
apitoken_document_build_list(ApitokenRows tokens, ApitokenFields *fields, ApitokenPage page,
							 MemoryContext result_context)
{
	ApitokenDocument asked = {0};

	asked.fields = fields;
	asked.tokens = tokens;
	asked.page = &page;
	asked.result_context = result_context;
	return BuildWhatFits(&asked, false);
}
