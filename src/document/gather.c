/*-------------------------------------------------------------------------
 *
 * gather.c
 *	  Reads what a document needs, set by set.
 *
 * Each kind of resource is read once for the whole document, and only if the
 * fields ask for it: the account, its user groups, the modules of those groups
 * and of the token, the groups' users and buyers with their errors, and last
 * the actors of all audits that are expanded.  A resource that is listed more
 * than once is read once.
 *
 * src/document/gather.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/gather.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "document/members.h"
#include "miscadmin.h"
#include "store/ahead.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

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

/*
 * What is asked for
 */

static Request
RequestOf(Request owner, ApitokenResourceKind kind, const char *name)
{
	const ApitokenShape *shape = apitoken_model_shape(kind);
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
	requests.group_lists[GROUP_MODULES] =
		RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "modules");
	requests.group_lists[GROUP_USERS] =
		RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "users");
	requests.group_lists[GROUP_BUYERS] =
		RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "buyers");
	return requests;
}

/*
 * Lists
 */

static void
StartList(ApitokenList *list, int owners)
{
	list->owners = owners;
	list->of_owner = MemoryContextAllocExtended(CurrentMemoryContext,
												sizeof(ApitokenItems) * Max(owners, 1),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	list->count = 0;
	list->allocated = Max(owners, 16);
	list->items = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int) * list->allocated);
}

/* Adds an item, for the owner that the last one was added for or a new one. */
static void
AddItem(ApitokenList *list, int owner, int item)
{
	ApitokenItems *items = &list->of_owner[owner];

	if (list->count == list->allocated)
	{
		list->allocated *= 2;
		list->items = repalloc_huge(list->items, sizeof(int) * list->allocated);
	}
	if (items->count++ == 0)
		items->first = list->count;
	list->items[list->count++] = item;
}

/*
 * Takes those items off that are not there to be shown.  Owners may have come
 * in any order, so the others move to a place of their own.
 */
static void
DropAbsent(ApitokenList *list, const bool *present)
{
	int		   *items_kept = MemoryContextAllocHuge(CurrentMemoryContext,
													sizeof(int) * Max(list->count, 1));
	int			kept = 0;

	for (int owner = 0; owner < list->owners; owner++)
	{
		ApitokenItems *items = &list->of_owner[owner];
		int			end = items->first + items->count;
		int			first = kept;

		CHECK_FOR_INTERRUPTS();
		for (int i = items->first; i < end; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (present[list->items[i]])
				items_kept[kept++] = list->items[i];
		}
		items->first = first;
		items->count = kept - first;
	}
	pfree(list->items);
	list->items = items_kept;
	list->allocated = Max(list->count, 1);
	list->count = kept;
}

/* Enough to see that a list is too long, and no more. */
static int64
ListLimit(void)
{
	return (int64) apitoken_max_list_items + 1;
}

/* Rows that come in as the items of a list. */
typedef struct RowReader
{
	ApitokenRows *rows;
	ApitokenList *list;
} RowReader;

static void
ReceiveItem(void *argument, int key, Datum *values, bool *isnull)
{
	RowReader  *reader = argument;
	ApitokenItems *items = &reader->list->of_owner[key];

	if (items->count == apitoken_max_list_items)
	{
		/* the one that is too much: none is given */
		reader->list->count -= items->count;
		reader->rows->count -= items->count;
		items->count = 0;
		items->too_long = true;
		return;
	}
	AddItem(reader->list, key, reader->rows->count);
	apitoken_rows_add(reader->rows, values, isnull);
}

/* Reads rows that belong to owners, which have the keys. */
static void
ReadItems(ApitokenRows *rows, ApitokenList *list, ApitokenLookup lookup,
		  const ApitokenKeys *owners)
{
	RowReader	reader = {rows, list};

	StartList(list, owners->count);
	apitoken_fetch(lookup, rows->layout, owners, ListLimit(), ReceiveItem, &reader);
}

/*
 * Links
 */

/* Of a link, what it leads to is all that is wanted. */
static ApitokenColumn module_link_columns[] = {{"module_id", TEXTOID, false}};
static ApitokenColumn user_link_columns[] = {{"user_id", TEXTOID, false}};
static ApitokenColumn buyer_link_columns[] = {{"buyer_id", TEXTOID, false}};
static const ApitokenLayout module_link = {1, module_link_columns, 0};
static const ApitokenLayout user_link = {1, user_link_columns, 0};
static const ApitokenLayout buyer_link = {1, buyer_link_columns, 0};

/* The links of one owner after the other, while they come in. */
typedef struct LinkReader
{
	ApitokenList *list;
	ApitokenIds *ids;			/* of what they lead to; items are its numbers */
	int			owner;
	int			count;
	int			allocated;
	Datum	   *links;
} LinkReader;

/* All links of the owner have come in. */
static void
FinishOwner(LinkReader *reader)
{
	if (reader->count > apitoken_max_list_items)
		reader->list->of_owner[reader->owner].too_long = true;
	else
	{
		for (int i = 0; i < reader->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			AddItem(reader->list, reader->owner,
					apitoken_ids_add(reader->ids, reader->links[i]));
		}
	}
	reader->count = 0;
}

static void
ReceiveLink(void *argument, int key, Datum *values, bool *isnull)
{
	LinkReader *reader = argument;

	if (key != reader->owner)
		FinishOwner(reader);
	reader->owner = key;
	if (reader->count == reader->allocated)
	{
		reader->allocated *= 2;
		reader->links = repalloc_huge(reader->links, sizeof(Datum) * reader->allocated);
	}
	reader->links[reader->count++] = PointerGetDatum(DatumGetTextPCopy(values[0]));
}

/*
 * Reads what owners, which have the keys, link to: adds the ids to a set, whose
 * numbers become the items of the list.
 */
static void
ReadLinks(ApitokenList *list, ApitokenIds *ids, ApitokenLookup lookup, const ApitokenLayout *link,
		  const ApitokenKeys *owners)
{
	LinkReader	reader = {list, ids, 0, 0, 16, NULL};

	StartList(list, owners->count);
	reader.links = palloc(sizeof(Datum) * reader.allocated);
	apitoken_fetch(lookup, link, owners, ListLimit(), ReceiveLink, &reader);
	FinishOwner(&reader);
	pfree(reader.links);
}

/*
 * Tokens, accounts and user groups
 */

static int
SlotOf(const ApitokenShape *shape, const char *name)
{
	return shape->members[apitoken_model_find_member(shape, name, strlen(name))].slot;
}

/* A column of rows. */
static Datum *
Column(const ApitokenRows *rows, int slot)
{
	Datum	   *values = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(Datum) * Max(rows->count, 1));

	for (int i = 0; i < rows->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		values[i] = rows->rows[i].values[slot];
	}
	return values;
}

/* Rows that belong to an account as keys: account and id. */
static ApitokenKeys
OwnedKeys(const ApitokenResources *owners)
{
	const ApitokenRows *rows = &owners->rows;
	ApitokenKeys keys = {rows->count, {
			Column(rows, SlotOf(owners->shape, "account")), Column(rows, rows->layout->id_slot)
	}};

	return keys;
}

static ApitokenColumn last_access_columns[] = {{"last_access_at", TIMESTAMPTZOID, false}};
static const ApitokenLayout last_access = {1, last_access_columns, 0};

static void
ReceiveLastAccess(void *argument, int key, Datum *values, bool *isnull)
{
	const ApitokenResources *tokens = argument;
	ApitokenRow *row = &tokens->rows.rows[key];
	int			slot = SlotOf(tokens->shape, "lastAccessAt");

	if (isnull[0])
		return;
	row->values[slot] = datumCopy(values[0], FLOAT8PASSBYVAL, sizeof(TimestampTz));
	row->isnull[slot] = false;
}

/* When a token was last used is kept in a table of its own. */
static void
ReadLastAccess(ApitokenDocument *document)
{
	ApitokenKeys keys = OwnedKeys(&document->tokens);

	apitoken_fetch(LOOKUP_LAST_ACCESS, &last_access, &keys, 1, ReceiveLastAccess,
				   &document->tokens);
}

static void
ReadAccounts(ApitokenDocument *document)
{
	const ApitokenRows *tokens = &document->tokens.rows;
	int			account = SlotOf(document->tokens.shape, "account");
	ApitokenIds *ids = apitoken_ids_create();

	for (int i = 0; i < tokens->count; i++)
		(void) apitoken_ids_add(ids, tokens->rows[i].values[account]);
	document->accounts = apitoken_resources_fetch(RESOURCE_ACCOUNT, LOOKUP_ACCOUNTS, ids);
}

static void
ReadUserGroups(ApitokenDocument *document)
{
	const ApitokenIds *accounts = document->accounts.rows.ids;
	ApitokenKeys owners = {accounts->count, {accounts->ids}};

	document->user_groups = apitoken_resources_none(RESOURCE_USER_GROUP);
	ReadItems(&document->user_groups.rows, &document->groups_of_account, LOOKUP_USER_GROUPS, &owners);
}

/*
 * Leaves
 */

/* The leaves of one kind while they are written. */
typedef struct LeafWriter
{
	ApitokenDocument *document;
	ApitokenLeaves *leaves;
	const ApitokenMember *list; /* of user groups, that lists them */
	ApitokenResourceKind kind;
	ApitokenFields *fields;
	bool	   *present;
	int			written;
} LeafWriter;

static LeafWriter
StartLeaves(ApitokenDocument *document, ApitokenResourceKind kind, const char *list,
			ApitokenFields *fields, int count)
{
	const ApitokenShape *group = apitoken_model_shape(RESOURCE_USER_GROUP);
	LeafWriter	writer = {0};

	writer.document = document;
	writer.leaves = &document->leaves[apitoken_members_group_list(kind)];
	writer.list = group->members[apitoken_model_find_member(group, list, strlen(list))].member;
	writer.kind = kind;
	writer.fields = fields;
	writer.present = MemoryContextAllocExtended(CurrentMemoryContext, Max(count, 1),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	writer.leaves->copies = MemoryContextAllocHuge(CurrentMemoryContext,
												   sizeof(ApitokenCopy) * Max(count, 1));
	apitoken_jsonb_start_buffer(&writer.leaves->buffer, document->limit);
	return writer;
}

static void
WriteLeaf(LeafWriter *writer, ApitokenRow *row)
{
	StringInfo	buffer = &writer->leaves->buffer;
	ApitokenCopy *copy = &writer->leaves->copies[row->number];
	ApitokenResourceId any_group = {RESOURCE_USER_GROUP, NULL, 0};
	ApitokenPlace group = apitoken_walk_enter(NULL, NULL, any_group);
	ApitokenPlace place = apitoken_walk_enter(&group, writer->list,
											  apitoken_resources_id(writer->kind, row));

	copy->start = INTALIGN(buffer->len);
	apitoken_members_write(writer->document, buffer, NULL, &place,
						   apitoken_model_shape(writer->kind), row, writer->fields);
	copy->length = buffer->len - copy->start;
	writer->present[row->number] = true;
	writer->written++;
}

static void
ReceiveLeaf(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenRow row = {0};

	row.values = values;
	row.isnull = isnull;
	row.number = key;
	WriteLeaf(argument, &row);
}

/* A policy, or a restore without foreign keys, may hide what is linked to. */
static void
FinishLeaves(LeafWriter *writer, int count)
{
	if (writer->written < count)
		DropAbsent(&writer->leaves->of_group, writer->present);
}

static void
ReadUsers(ApitokenDocument *document, ApitokenFields *fields, const ApitokenKeys *groups)
{
	ApitokenIds *ids = apitoken_ids_create();
	ApitokenKeys keys;
	LeafWriter	writer;

	ReadLinks(&document->leaves[GROUP_USERS].of_group, ids,
			  LOOKUP_GROUP_USERS, &user_link, groups);
	writer = StartLeaves(document, RESOURCE_USER, "users", fields, ids->count);
	keys.count = ids->count;
	keys.columns[0] = ids->ids;
	apitoken_fetch(LOOKUP_USERS, &apitoken_model_shape(RESOURCE_USER)->layout, &keys, 1, ReceiveLeaf,
				   &writer);
	FinishLeaves(&writer, ids->count);
}

/* Buyers as keys: the account of a group that lists it, and the id. */
static ApitokenKeys
BuyerKeys(const ApitokenList *of_group, const ApitokenIds *ids, const ApitokenKeys *groups)
{
	Datum	   *accounts = MemoryContextAllocHuge(CurrentMemoryContext,
												  sizeof(Datum) * Max(ids->count, 1));
	ApitokenKeys keys = {ids->count, {accounts, ids->ids}};

	for (int group = 0; group < of_group->owners; group++)
	{
		const ApitokenItems *items = &of_group->of_owner[group];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < items->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			accounts[of_group->items[items->first + i]] = groups->columns[0][group];
		}
	}
	return keys;
}

static void
ReadBuyers(ApitokenDocument *document, Request request, const ApitokenKeys *groups)
{
	const ApitokenShape *shape = apitoken_model_shape(RESOURCE_BUYER);
	int			errors = apitoken_model_find_member(shape, "errors", strlen("errors"));
	ApitokenList *of_group = &document->leaves[GROUP_BUYERS].of_group;
	ApitokenIds *ids = apitoken_ids_create();
	ApitokenKeys keys;
	LeafWriter	writer;

	ReadLinks(of_group, ids, LOOKUP_GROUP_BUYERS, &buyer_link, groups);
	keys = BuyerKeys(of_group, ids, groups);
	if (RequestOf(request, RESOURCE_BUYER, "errors").wanted)
	{
		document->errors = apitoken_rows_none(&shape->members[errors].records->layout);
		ReadItems(&document->errors, &document->errors_of_buyer, LOOKUP_BUYER_ERRORS, &keys);
	}

	writer = StartLeaves(document, RESOURCE_BUYER, "buyers", request.fields, ids->count);
	apitoken_fetch(LOOKUP_BUYERS, &shape->layout, &keys, 1, ReceiveLeaf, &writer);
	FinishLeaves(&writer, ids->count);
}

/*
 * Modules
 */

/* Writes the modules that user groups list; those of tokens are no leaves. */
static void
WriteModuleLeaves(ApitokenDocument *document, ApitokenFields *fields)
{
	ApitokenRows *modules = &document->modules.rows;
	ApitokenList *of_group = &document->leaves[GROUP_MODULES].of_group;
	LeafWriter	writer = StartLeaves(document, RESOURCE_MODULE, "modules", fields,
									 modules->count);
	bool		absent = false;

	for (int i = 0; i < of_group->count; i++)
	{
		ApitokenRow *row = &modules->rows[of_group->items[i]];

		CHECK_FOR_INTERRUPTS();
		if (row->values == NULL)
			absent = true;
		else if (!writer.present[row->number])
			WriteLeaf(&writer, row);
	}
	if (absent)
		DropAbsent(of_group, writer.present);
}

static void
DropAbsentModules(ApitokenList *list, const ApitokenRows *modules)
{
	bool	   *present = palloc(Max(modules->count, 1));

	for (int i = 0; i < modules->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		present[i] = modules->rows[i].values != NULL;
	}
	DropAbsent(list, present);
}

/*
 * Reads the modules of user groups, which are leaves, and those of tokens,
 * which are not, in one go: a module may be both.
 */
static void
ReadModules(ApitokenDocument *document, const Requests *requests, const ApitokenKeys *groups)
{
	ApitokenIds *ids = apitoken_ids_create();

	if (requests->group_lists[GROUP_MODULES].wanted)
		ReadLinks(&document->leaves[GROUP_MODULES].of_group, ids,
				  LOOKUP_GROUP_MODULES, &module_link, groups);
	if (requests->modules.wanted)
	{
		ApitokenKeys tokens = OwnedKeys(&document->tokens);

		ReadLinks(&document->modules_of_token, ids, LOOKUP_TOKEN_MODULES, &module_link,
				  &tokens);
	}

	document->modules = apitoken_resources_fetch(RESOURCE_MODULE, LOOKUP_MODULES, ids);
	if (requests->group_lists[GROUP_MODULES].wanted)
		WriteModuleLeaves(document, requests->group_lists[GROUP_MODULES].fields);
	if (requests->modules.wanted)
		DropAbsentModules(&document->modules_of_token, &document->modules.rows);
}

/*
 * Actors
 */

/* The actors that audits expand, by what they are. */
typedef struct ActorIds
{
	ApitokenIds *users;
	ApitokenIds *tokens;
} ActorIds;

/* Adds the actors of one event of the rows, if its "by" is asked for. */
static void
CollectEvent(const ApitokenRows *rows, const ApitokenShape *event, ApitokenFields *fields,
			 ActorIds *actors)
{
	int			by = apitoken_model_find_member(event, "by", strlen("by"));
	const ApitokenShapeMember *member = &event->members[by];

	if (!apitoken_fields_gives(fields, event, by))
		return;

	for (int i = 0; i < rows->count; i++)
	{
		const ApitokenRow *row = &rows->rows[i];
		ApitokenResourceKind kind = row->values == NULL ? RESOURCE_NONE :
			apitoken_resources_actor_kind(row, member);

		CHECK_FOR_INTERRUPTS();
		if (kind != RESOURCE_NONE)
			(void) apitoken_ids_add(kind == RESOURCE_TOKEN_ACTOR ? actors->tokens : actors->users,
									row->values[member->slot]);
	}
}

/* Adds the actors that the audits of the rows expand. */
static void
CollectActors(const ApitokenResources *resources, Request request, ActorIds *actors)
{
	const ApitokenShape *shape = resources->shape;
	const ApitokenShape *audit;
	Request		of_audit;

	if (!request.wanted || resources->rows.count == 0)
		return;

	of_audit = RequestOf(request, resources->kind, "audit");
	if (!of_audit.wanted)
		return;

	audit = shape->members[apitoken_model_find_member(shape, "audit", strlen("audit"))].shape;
	for (int i = 0; i < audit->count; i++)
	{
		if (apitoken_fields_gives(of_audit.fields, audit, i))
			CollectEvent(&resources->rows, audit->members[i].shape,
						 apitoken_fields_of(of_audit.fields, i), actors);
	}
}

static void
ReadActors(ApitokenDocument *document, const Requests *requests)
{
	ActorIds	actors = {apitoken_ids_create(), apitoken_ids_create()};

	CollectActors(&document->tokens, requests->token, &actors);
	CollectActors(&document->accounts, requests->account, &actors);
	CollectActors(&document->accounts, requests->group_account, &actors);
	CollectActors(&document->user_groups, requests->user_groups, &actors);
	CollectActors(&document->modules, requests->modules, &actors);
	document->user_actors = apitoken_resources_fetch(RESOURCE_USER_ACTOR, LOOKUP_USER_ACTORS,
													 actors.users);
	document->token_actors = apitoken_resources_fetch(RESOURCE_TOKEN_ACTOR, LOOKUP_TOKEN_ACTORS,
													  actors.tokens);
}

/*
 * What a token's document needs of its account with those fields (NULL: everything), as
 * ahead.h names it.
 */
int
apitoken_gather_wanted(ApitokenFields *fields)
{
	ApitokenDocument document = {.extent = EXTENT_WHOLE, .fields = fields};
	Requests	requests = AnalyzeFields(&document);
	Request		token = {true, fields};
	int			wanted = AHEAD_ACTORS;

	if (RequestOf(token, RESOURCE_TOKEN, "lastAccessAt").wanted)
		wanted |= AHEAD_CREDENTIALS;
	if (requests.modules.wanted)
		wanted |= AHEAD_MODULES;
	if (requests.user_groups.wanted)
		wanted |= AHEAD_GROUPS;
	if (requests.group_lists[GROUP_MODULES].wanted)
		wanted |= AHEAD_GROUP_MODULES;
	if (requests.group_lists[GROUP_USERS].wanted)
		wanted |= AHEAD_GROUP_USERS;
	if (requests.group_lists[GROUP_BUYERS].wanted)
		wanted |= AHEAD_GROUP_BUYERS;
	if (RequestOf(requests.group_lists[GROUP_BUYERS], RESOURCE_BUYER, "errors").wanted)
		wanted |= AHEAD_BUYER_ERRORS;
	return wanted;
}

/*
 * Reads into a document what its fields ask for and its extent allows, under
 * the active snapshot and in the current memory context.
 *
 * Leaves are written as they are read; the rest is kept as rows.  Expects SPI
 * to be connected and the tables' owner to be the current role.  Raises as
 * apitoken_fetch does.
 */
void
apitoken_gather(ApitokenDocument *document)
{
	Requests	requests = AnalyzeFields(document);
	Request		token = {true, document->fields};
	ApitokenKeys groups = {0};

	/* a plain member, whatever the extent */
	if (RequestOf(token, RESOURCE_TOKEN, "lastAccessAt").wanted)
		ReadLastAccess(document);
	if (requests.account.wanted)
		ReadAccounts(document);
	if (requests.user_groups.wanted)
	{
		ReadUserGroups(document);
		groups = OwnedKeys(&document->user_groups);
	}
	if (requests.modules.wanted || requests.group_lists[GROUP_MODULES].wanted)
		ReadModules(document, &requests, &groups);
	if (requests.group_lists[GROUP_USERS].wanted)
		ReadUsers(document, requests.group_lists[GROUP_USERS].fields, &groups);
	if (requests.group_lists[GROUP_BUYERS].wanted)
		ReadBuyers(document, requests.group_lists[GROUP_BUYERS], &groups);
	ReadActors(document, &requests);
}
