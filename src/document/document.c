/*-------------------------------------------------------------------------
 *
 * document.c
 *	  The document: as much of it as there is room for.
 *
 * src/document/document.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/document.h"

#include "apitoken.h"
#include "document/gather.h"
#include "document/members.h"
#include "errors.h"
#include "miscadmin.h"
#include "store/ahead.h"
#include "store/subxact.h"
#include "utils/memutils.h"

/* From that many bytes on it is seen to that a document finds room as text. */
#define LARGE_DOCUMENT (1024 * 1024)

/*
 * How many times its length a text may take: it is copied into a message, and both grow
 * by doubling, of which what they have outgrown may be of no use to the other.
 */
#define ROOM_FOR_TEXT 8

/*
 * How many bytes a document may have as text: half of what the server can turn
 * one value into, so that the other half is left for what is around it.
 */
#define MAX_TEXT (MaxAllocSize / 2)

/*
 * Writing
 */

/* How long the document will be, about: every leaf as often as it is listed. */
static int
ExpectedSize(const ApitokenDocument *document)
{
	Size		size = (Size) (document->tokens.rows.count + document->user_groups.rows.count + 1) * 4096;

	for (int list = 0; list < APITOKEN_GROUP_LISTS; list++)
	{
		const ApitokenLeaves *leaves = &document->leaves[list];

		for (int i = 0; i < leaves->of_group.count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			size += leaves->copies[leaves->of_group.items[i]].length + 2 * sizeof(JEntry);
		}
	}
	return Min(size, document->limit);
}

static void
WriteToken(ApitokenDocument *document, ApitokenContainer *parent, int token)
{
	ApitokenRow *row = &document->tokens.rows.rows[token];
	ApitokenPlace place =
		apitoken_walk_enter(NULL, NULL, apitoken_resources_id(RESOURCE_TOKEN, row));

	apitoken_members_write(document, &document->buffer, parent, &place,
						   document->tokens.shape, row, document->fields);
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

	apitoken_jsonb_start_array(&array, buffer, document->tokens.rows.count);
	for (int i = 0; i < document->tokens.rows.count; i++)
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

/* Have all leaves found room?  If not, one of them is not what it should be. */
static bool
AreLeavesComplete(const ApitokenDocument *document)
{
	for (int list = 0; list < APITOKEN_GROUP_LISTS; list++)
	{
		if (apitoken_jsonb_is_full(&document->leaves[list].buffer))
			return false;
	}
	return true;
}

/*
 * Can it be turned into text?  Its length is only measured if it could be that
 * it cannot.
 */
static bool
FitsAsText(const ApitokenDocument *document, Jsonb *result)
{
	if (!document->has_long_numbers && VARSIZE(result) <= MAX_TEXT / APITOKEN_TEXT_GROWTH)
		return true;
	return apitoken_jsonb_text_length(result) <= MAX_TEXT;
}

static Jsonb *
WriteDocument(ApitokenDocument *document)
{
	MemoryContext old = MemoryContextSwitchTo(document->result_context);
	StringInfo	buffer = &document->buffer;
	Jsonb	   *result = NULL;

	apitoken_jsonb_start_bounded(buffer, ExpectedSize(document), document->limit);
	MemoryContextSwitchTo(old);
	if (AreLeavesComplete(document))
	{
		if (document->page == NULL)
			WriteToken(document, NULL, 0);
		else
			WriteList(document);
		result = apitoken_jsonb_finish_document(buffer);
	}

	if (result != NULL && !FitsAsText(document, result))
		result = NULL;
	if (result == NULL)
	{
		pfree(buffer->data);
		buffer->data = NULL;
	}
	return result;
}

/*
 * Builds a document with as much in it as its extent says.  Returns NULL if it
 * is larger than its limit, or than text can be.
 */
static Jsonb *
Build(ApitokenDocument *document)
{
	MemoryContext old = MemoryContextSwitchTo(document->context);
	Jsonb	   *result;

	apitoken_gather(document);
	result = WriteDocument(document);
	MemoryContextSwitchTo(old);
	/* what comes next has to find room for a large result's text */
	MemoryContextReset(document->context);
	return result;
}

static bool
IsThereMemory(Size size)
{
	void	   *memory = MemoryContextAllocExtended(CurrentMemoryContext, size,
													MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (memory == NULL)
		return false;
	pfree(memory);
	return true;
}

/*
 * Is there memory for what comes after?  A large document is turned into text.  How
 * long that is takes time to find out, which is saved where there is memory enough
 * for the longest.
 */
static bool
IsThereRoomForText(Jsonb *result)
{
	Size		size = VARSIZE(result);

	return size < LARGE_DOCUMENT || IsThereMemory(size * APITOKEN_TEXT_GROWTH * ROOM_FOR_TEXT) ||
		IsThereMemory(apitoken_jsonb_text_length(result) * ROOM_FOR_TEXT);
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
	if (attempt->result != NULL && !IsThereRoomForText(attempt->result))
	{
		pfree(attempt->result);
		attempt->result = NULL;
		attempt->document->buffer.data = NULL;
	}
}

static bool
IsShortage(int sqlstate, void *argument)
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
 * no room for its answer.  What an attempt that failed has taken is given back
 * before the next: there may be little else.
 */
static Jsonb *
BuildWhatFits(const ApitokenDocument *asked, bool of_change)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apitoken document",
												  ALLOCSET_DEFAULT_SIZES);

	for (ApitokenExtent extent = EXTENT_WHOLE; extent <= EXTENT_TOKEN; extent++)
	{
		ApitokenDocument document = *asked;
		Jsonb	   *result;

		document.extent = extent;
		document.context = context;
		MemoryContextReset(context);

		/*
		 * a subtransaction costs two ways to another node: not for what is
		 * small
		 */
		result = of_change && extent < EXTENT_TOKEN && !apitoken_ahead_is_whole() ?
			BuildIfPossible(&document) : Build(&document);
		if (result != NULL)
		{
			MemoryContextDelete(context);
			return result;
		}
	}
	apitoken_error_document_too_large();
}

/*
 * Builds the document of a token.
 *
 * token holds the token's row, which must stay.  fields say what is asked for;
 * NULL: everything.  secret is shown as the member "token" if it is not NULL,
 * else the masked form.  All is read under the active snapshot, which the caller
 * has chosen so that it sees his own change.  Expects SPI to be connected.
 *
 * Returns a jsonb in result_context, in the form of the documented response
 * with the rules of the walk applied; what else was needed is in a memory
 * context that is gone by then.  A list longer than apitoken.max_list_items is
 * left out and named in its owner's $meta.omitted.  So are the account's groups
 * if the document would be larger than jsonb, or text, can hold, and if it still
 * were, the token's audit, account and modules.  of_change says that it is the answer
 * to a change: memory that runs out has the same effect then.  Raises 54000 if
 * even the token's own members are too large.
 */
Jsonb *
apitoken_document_build(ApitokenResources token, ApitokenFields *fields, const char *secret,
						bool of_change, MemoryContext result_context)
{
	ApitokenDocument asked = {0};

	asked.fields = fields;
	asked.secret = secret;
	asked.tokens = token;
	asked.result_context = result_context;
	asked.limit = JENTRY_OFFLENMASK;
	return BuildWhatFits(&asked, of_change);
}

/*
 * Builds a page of a list: the same for any number of tokens, each in the form
 * above, with the members of the documented list around them, in the order of
 * the rows.  The page has at most apitoken.max_page_size.
 */
Jsonb *
apitoken_document_build_list(ApitokenResources tokens, ApitokenFields *fields, ApitokenPage page,
							 MemoryContext result_context)
{
	ApitokenDocument asked = {0};

	asked.fields = fields;
	asked.tokens = tokens;
	asked.page = &page;
	asked.result_context = result_context;
	asked.limit = apitoken_max_page_size * 1024;
	return BuildWhatFits(&asked, false);
}
