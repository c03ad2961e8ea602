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
#include "members.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* What is asked for of a resource that may be given: NULL, everything. */
typedef struct Request
{
	bool		wanted;
	ApitokenFields *fields;
} Request;

/* What is asked for of the resources that are read. */
typedef struct Requests
{
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

static Requests
AnalyzeFields(ApitokenFields *fields)
{
	Request		token = {true, fields};
	Requests	requests;

	requests.account = RequestOf(token, RESOURCE_TOKEN, "account");
	requests.modules = RequestOf(token, RESOURCE_TOKEN, "modules");
	requests.user_groups = RequestOf(requests.account, RESOURCE_ACCOUNT, "groups");
	requests.group_account = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "account");
	requests.group_lists[0] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "modules");
	requests.group_lists[1] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "users");
	requests.group_lists[2] = RequestOf(requests.user_groups, RESOURCE_USER_GROUP, "buyers");
	return requests;
}

/*
 * Reading
 */

/* Enough to see that a list is too long, and no more. */
static int64
ListLimit(void)
{
	return (int64) apitoken_max_list_items + 1;
}

static Datum
TokenValue(const ApitokenDocument *document, const char *member)
{
	const ApitokenShape *shape = document->token.layout->shape;
	int			index = apitoken_model_find_member(shape, member, strlen(member));

	return document->token.rows[0].values[shape->members[index].slot];
}

static Datum
AccountId(const ApitokenDocument *document)
{
	return TokenValue(document, "account");
}

static ApitokenRows
ReadByAccount(ApitokenDocument *document, ApitokenStatement statement,
			  ApitokenResourceKind kind, int64 limit)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, AccountId(document));
	return apitoken_rows_keep(kind, apitoken_model_layout(kind),
							  apitoken_store_read(statement, &arguments, limit));
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
	apitoken_store_set(&arguments, 1, AccountId(document));
	count = apitoken_store_read(STATEMENT_BUYER_ERRORS, &arguments, 0);
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

/*
 * Leaves
 */

/* One owner of a leaf: the index of the user group. */
typedef struct Ownership
{
	int			group;
	int			leaf;
} Ownership;

/* What comes out of reading one kind of leaf. */
typedef struct LeafReader
{
	ApitokenDocument *document;
	ApitokenLeaves *leaves;
	const ApitokenMember *member;	/* the list */
	ApitokenResourceKind kind;
	Request		request;		/* of the groups' list */
	int			ownerships_count;
	int			ownerships_allocated;
	Ownership  *ownerships;
} LeafReader;

static void
AddOwnership(LeafReader *reader, int group, int leaf)
{
	if (reader->ownerships_count == reader->ownerships_allocated)
	{
		reader->ownerships_allocated *= 2;
		reader->ownerships = repalloc_huge(reader->ownerships,
										   sizeof(Ownership) * reader->ownerships_allocated);
	}
	reader->ownerships[reader->ownerships_count].group = group;
	reader->ownerships[reader->ownerships_count].leaf = leaf;
	reader->ownerships_count++;
	reader->leaves->of_group[group].count++;
}

/*
 * Notes which user groups own the leaf.  Returns whether the token does too,
 * for which a null stands.
 */
static bool
AddOwners(LeafReader *reader, Datum owners, int leaf, bool *by_groups)
{
	ApitokenRows *groups = &reader->document->user_groups;
	Datum	   *ids;
	bool	   *isnull;
	int			count;
	bool		token = false;

	*by_groups = false;
	deconstruct_array(DatumGetArrayTypeP(owners), TEXTOID, -1, false, TYPALIGN_INT,
					  &ids, &isnull, &count);
	for (int i = 0; i < count; i++)
	{
		ApitokenRow *group = isnull[i] ? NULL : apitoken_rows_find(groups, ids[i]);

		if (isnull[i])
			token = true;
		else if (group != NULL)
		{
			AddOwnership(reader, group - groups->rows, leaf);
			*by_groups = true;
		}
	}
	pfree(ids);
	pfree(isnull);
	return token;
}

static void
WriteLeaf(LeafReader *reader, const ApitokenLayout *layout, ApitokenRow *row, int leaf)
{
	ApitokenLeaves *leaves = reader->leaves;
	ApitokenResourceId any_group = {RESOURCE_USER_GROUP, NULL, 0};
	ApitokenPlace group = apitoken_walk_enter(NULL, NULL, any_group);
	ApitokenPlace place = apitoken_walk_enter(&group, reader->member,
											  apitoken_rows_id(reader->kind, layout, row));
	int			start = INTALIGN(leaves->buffer.len);

	apitoken_members_write(reader->document, &leaves->buffer, NULL, &place, layout, row,
						   reader->request.fields);
	leaves->copies[leaf].start = start;
	leaves->copies[leaf].length = leaves->buffer.len - start;
}

/* Turns the ownerships, in order of the leaves, into each group's list. */
static void
DistributeLeaves(LeafReader *reader)
{
	ApitokenGroupList *lists = reader->leaves->of_group;
	int		   *next = MemoryContextAllocHuge(CurrentMemoryContext,
											  sizeof(int) * Max(reader->ownerships_count, 1));

	for (int group = 0; group < reader->document->user_groups.count; group++)
	{
		lists[group].leaves = next;
		next += lists[group].count;
		lists[group].count = 0;
	}
	for (int i = 0; i < reader->ownerships_count; i++)
	{
		ApitokenGroupList *list = &lists[reader->ownerships[i].group];

		list->leaves[list->count++] = reader->ownerships[i].leaf;
	}
}

static LeafReader
StartLeaves(ApitokenDocument *document, ApitokenResourceKind kind, const char *name,
			Request request, uint64 count)
{
	const ApitokenShape *group = apitoken_model_layout(RESOURCE_USER_GROUP)->shape;
	int			index = apitoken_model_find_member(group, name, strlen(name));
	LeafReader	reader = {0};

	reader.document = document;
	reader.leaves = &document->leaves[apitoken_members_leaf_list(kind)];
	reader.member = group->members[index].member;
	reader.kind = kind;
	reader.request = request;
	reader.ownerships_allocated = Max(count, 16);
	reader.ownerships = MemoryContextAllocHuge(CurrentMemoryContext,
											   sizeof(Ownership) * reader.ownerships_allocated);

	reader.leaves->count = count;
	reader.leaves->copies = MemoryContextAllocHuge(CurrentMemoryContext,
												   sizeof(ApitokenCopy) * Max(count, 1));
	reader.leaves->of_group = palloc0(sizeof(ApitokenGroupList) *
									  Max(document->user_groups.count, 1));
	initStringInfo(&reader.leaves->buffer);
	return reader;
}

/*
 * Takes over the rows of the last statement's result, which have their owners
 * in the column "owners".  Those that the token owns are put into of_token.
 */
static void
TakeLeaves(LeafReader *reader, uint64 count, ApitokenRows *of_token)
{
	const ApitokenLayout *layout = apitoken_model_layout(reader->kind);
	ApitokenRow row = apitoken_rows_allocate(layout);
	int			owners = SPI_fnumber(SPI_tuptable->tupdesc, "owners");
	ApitokenRowReader rows;

	apitoken_rows_start(&rows, layout);
	for (uint64 i = 0; i < count; i++)
	{
		bool		isnull;
		bool		by_groups;
		bool		by_token;

		apitoken_rows_read(&rows, i, &row);
		by_token = AddOwners(reader, apitoken_store_value(i, owners, &isnull), i, &by_groups);
		if (by_groups)
			WriteLeaf(reader, layout, &row, i);
		if (by_token)
		{
			of_token->rows[of_token->count++] = row;
			row = apitoken_rows_allocate(layout);
		}
	}
	DistributeLeaves(reader);
}

static void
ReadModules(ApitokenDocument *document, const Requests *requests)
{
	ApitokenArguments arguments;
	LeafReader	reader;
	uint64		count;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, AccountId(document));
	apitoken_store_set(&arguments, 2, Int64GetDatum(ListLimit()));
	apitoken_store_set(&arguments, 3, TokenValue(document, "id"));
	apitoken_store_set(&arguments, 4, BoolGetDatum(requests->group_lists[0].wanted));
	apitoken_store_set(&arguments, 5, BoolGetDatum(requests->modules.wanted));
	count = apitoken_store_read(STATEMENT_MODULES, &arguments, 0);

	document->modules.kind = RESOURCE_MODULE;
	document->modules.layout = apitoken_model_layout(RESOURCE_MODULE);
	document->modules.rows = MemoryContextAllocHuge(CurrentMemoryContext,
													sizeof(ApitokenRow) * Max(count, 1));
	reader = StartLeaves(document, RESOURCE_MODULE, "modules", requests->group_lists[0], count);
	TakeLeaves(&reader, count, &document->modules);
}

static void
ReadLeaves(ApitokenDocument *document, ApitokenStatement statement, ApitokenResourceKind kind,
		   const char *name, Request request)
{
	ApitokenArguments arguments;
	LeafReader	reader;
	uint64		count;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, AccountId(document));
	apitoken_store_set(&arguments, 2, Int64GetDatum(ListLimit()));
	count = apitoken_store_read(statement, &arguments, 0);

	reader = StartLeaves(document, kind, name, request, count);
	TakeLeaves(&reader, count, NULL);
	/* the leaves are written: their rows have served */
	SPI_freetuptable(SPI_tuptable);
}

static void
ReadBuyers(ApitokenDocument *document, Request request)
{
	if (RequestOf(request, RESOURCE_BUYER, "errors").wanted)
		ReadBuyerErrors(document);
	ReadLeaves(document, STATEMENT_BUYERS, RESOURCE_BUYER, "buyers", request);
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

static bool
IsToken(Datum type)
{
	text	   *string = DatumGetTextPP(type);

	return VARSIZE_ANY_EXHDR(string) == strlen("token") &&
		memcmp(VARDATA_ANY(string), "token", strlen("token")) == 0;
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

		if (!row->isnull[member->slot])
			AddActor(IsToken(row->values[member->type_slot]) ? tokens : users,
					 row->values[member->slot]);
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
	ApitokenRows none = {kind, apitoken_model_layout(kind), 0, NULL};

	if (actors->count == 0)
		return none;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1,
							   construct_array(actors->ids, actors->count, TEXTOID, -1, false,
											   TYPALIGN_INT));
	return apitoken_rows_keep(kind, none.layout, apitoken_store_read(statement, &arguments, 0));
}

static void
ReadActors(ApitokenDocument *document, const Requests *requests)
{
	Request		token = {true, document->fields};
	ActorIds	users = {0};
	ActorIds	tokens = {0};

	CollectActors(&document->token, token, &users, &tokens);
	CollectActors(&document->account, requests->account, &users, &tokens);
	CollectActors(&document->account, requests->group_account, &users, &tokens);
	CollectActors(&document->user_groups, requests->user_groups, &users, &tokens);
	CollectActors(&document->modules, requests->modules, &users, &tokens);
	document->user_actors = ReadActorRows(STATEMENT_USER_ACTORS, RESOURCE_USER_ACTOR, &users);
	document->token_actors = ReadActorRows(STATEMENT_TOKEN_ACTORS, RESOURCE_TOKEN_ACTOR, &tokens);
}

/* A list that is too long is left out: what it would lead to is not read. */
static void
ForgetLongList(ApitokenDocument *document, Requests *requests)
{
	if (document->user_groups.count <= apitoken_max_list_items)
		return;

	requests->group_account.wanted = false;
	for (int i = 0; i < APITOKEN_GROUP_LISTS; i++)
		requests->group_lists[i].wanted = false;
	requests->user_groups.wanted = false;
}

static void
ReadDocument(ApitokenDocument *document)
{
	Requests	requests = AnalyzeFields(document->fields);

	if (requests.account.wanted)
		document->account = ReadByAccount(document, STATEMENT_ACCOUNT, RESOURCE_ACCOUNT, 0);
	if (requests.user_groups.wanted)
		document->user_groups = ReadByAccount(document, STATEMENT_USER_GROUPS,
											  RESOURCE_USER_GROUP, ListLimit());
	ForgetLongList(document, &requests);
	if (requests.modules.wanted || requests.group_lists[0].wanted)
		ReadModules(document, &requests);
	if (requests.group_lists[1].wanted)
		ReadLeaves(document, STATEMENT_USERS, RESOURCE_USER, "users", requests.group_lists[1]);
	if (requests.group_lists[2].wanted)
		ReadBuyers(document, requests.group_lists[2]);
	ReadActors(document, &requests);
}

/* How long the document will be, about: every leaf as often as it is listed. */
static int
ExpectedSize(const ApitokenDocument *document)
{
	Size		size = 8192;

	for (int list = 0; list < APITOKEN_GROUP_LISTS; list++)
	{
		const ApitokenLeaves *leaves = &document->leaves[list];

		for (int group = 0; leaves->of_group != NULL && group < document->user_groups.count;
			 group++)
		{
			const ApitokenGroupList *owned = &leaves->of_group[group];

			for (int i = 0; i < owned->count; i++)
				size += leaves->copies[owned->leaves[i]].length + 2 * sizeof(JEntry);
		}
	}
	size += (Size) document->user_groups.count * 4096;
	return Min(size, JENTRY_OFFLENMASK);
}

static Jsonb *
WriteDocument(ApitokenDocument *document, MemoryContext result_context)
{
	ApitokenRow *row = &document->token.rows[0];
	ApitokenPlace place =
		apitoken_walk_enter(NULL, NULL,
							apitoken_rows_id(RESOURCE_TOKEN, document->token.layout, row));
	MemoryContext old = MemoryContextSwitchTo(result_context);
	StringInfoData buffer;

	apitoken_jsonb_start_document(&buffer, ExpectedSize(document));
	MemoryContextSwitchTo(old);
	apitoken_members_write(document, &buffer, NULL, &place, document->token.layout, row,
						   document->fields);
	return apitoken_jsonb_finish_document(&buffer);
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
 * left out and named in its owner's $meta.omitted.  Raises 54000 if the
 * document is larger than jsonb can hold.
 */
Jsonb *
apitoken_document_build(ApitokenRows token, ApitokenFields *fields, const char *secret,
						MemoryContext result_context)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apitoken document",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ApitokenDocument *document = palloc0(sizeof(ApitokenDocument));
	Jsonb	   *result;

	document->fields = fields;
	document->secret = secret;
	document->token = token;
	ReadDocument(document);
	result = WriteDocument(document, result_context);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}
