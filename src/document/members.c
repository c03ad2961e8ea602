/*-------------------------------------------------------------------------
 *
 * members.c
 *	  Writes a resource, member by member, as the tables in model.c describe
 *	  it and the rules in walk.c allow.
 *
 * jsonb wants the number of an object's pairs before its values: so for each
 * object it is first found out which members there are, then they are written.
 *
 * src/document/members.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/members.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "rights/secret.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* A resource, or a record within one, while it is written. */
typedef struct ResourceWriter
{
	ApitokenDocument *document;
	StringInfo	buffer;
	ApitokenPlace *place;
	const ApitokenShape *shape; /* of the resource */
	ApitokenRow *row;
	ApitokenFields *fields;
	ApitokenAuditVisit *visit;	/* within an audit */
} ResourceWriter;

static bool IsPresent(const ResourceWriter *writer, const ApitokenShapeMember *member,
					  ApitokenFields *fields);
static void WriteObject(ResourceWriter *writer, ApitokenContainer *parent,
						const ApitokenShape *shape, ApitokenFields *fields);

static inline bool
IsNull(const ResourceWriter *writer, int slot)
{
	return writer->row->isnull[slot];
}

static inline Datum
SlotValue(const ResourceWriter *writer, int slot)
{
	return writer->row->values[slot];
}

static void
AddMarker(ApitokenContainer *container)
{
	apitoken_jsonb_add_string(container, APITOKEN_CLOSED, strlen(APITOKEN_CLOSED));
}

/*
 * Plain members
 */

static void
WriteText(ApitokenContainer *parent, Datum value)
{
	text	   *string = DatumGetTextPP(value);

	apitoken_jsonb_add_string(parent, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
}

/*
 * Returns a moment as YYYY-MM-DDTHH:mm:ss.sssZ, in UTC whatever TimeZone and
 * DateStyle are, in string.  Raises 22008 for one that this form cannot say.
 */
const char *
apitoken_members_instant(TimestampTz at, char string[APITOKEN_INSTANT_SIZE])
{
	struct pg_tm tm;
	fsec_t		microseconds;

	if (TIMESTAMP_NOT_FINITE(at) ||
		timestamp2tm(at, NULL, &tm, &microseconds, NULL, NULL) != 0)
		apitoken_error_timestamp();

	strlcpy(string, "YYYY-MM-DDTHH:mm:ss.sssZ", APITOKEN_INSTANT_SIZE);
	pg_ultostr_zeropad(string, tm.tm_year, 4);
	pg_ultostr_zeropad(string + 5, tm.tm_mon, 2);
	pg_ultostr_zeropad(string + 8, tm.tm_mday, 2);
	pg_ultostr_zeropad(string + 11, tm.tm_hour, 2);
	pg_ultostr_zeropad(string + 14, tm.tm_min, 2);
	pg_ultostr_zeropad(string + 17, tm.tm_sec, 2);
	pg_ultostr_zeropad(string + 20, microseconds / 1000, 3);
	return string;
}

static void
WriteInstant(ApitokenContainer *parent, TimestampTz at)
{
	char		string[APITOKEN_INSTANT_SIZE];

	apitoken_jsonb_add_string(parent, apitoken_members_instant(at, string),
							  APITOKEN_INSTANT_SIZE - 1);
}

static void
WriteUuid(ApitokenContainer *parent, Datum value)
{
	char	   *string = DatumGetCString(DirectFunctionCall1(uuid_out, value));

	apitoken_jsonb_add_string(parent, string, strlen(string));
	pfree(string);
}

static void
WriteNetwork(ApitokenContainer *parent, Datum value)
{
	char	   *string = DatumGetCString(DirectFunctionCall1(cidr_out, value));

	apitoken_jsonb_add_string(parent, string, strlen(string));
	pfree(string);
}

/* Writes an array of a type that is stored as text is. */
static void
WriteArray(ApitokenContainer *parent, Datum value, Oid type,
		   void (*write) (ApitokenContainer *parent, Datum value))
{
	ApitokenContainer array;
	Datum	   *elements;
	bool	   *isnull;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(value), type, -1, false, TYPALIGN_INT,
					  &elements, &isnull, &count);
	apitoken_jsonb_start_array(&array, parent->buffer, count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (isnull[i])
			apitoken_jsonb_add_null(&array);
		else
			write(&array, elements[i]);
	}
	apitoken_jsonb_finish(&array, parent);
}

/* Writes networks, cidr[], as an array of strings: the next value of parent. */
void
apitoken_members_add_networks(ApitokenContainer *parent, Datum networks)
{
	WriteArray(parent, networks, CIDROID, WriteNetwork);
}

static void
WriteJson(ResourceWriter *writer, ApitokenContainer *parent, int slot)
{
	Jsonb	   *value;

	if (IsNull(writer, slot))
	{
		apitoken_jsonb_add_null(parent);
		return;
	}

	value = DatumGetJsonbP(SlotValue(writer, slot));
	if (apitoken_jsonb_text_length(value) > (Size) VARSIZE(value) * APITOKEN_TEXT_GROWTH)
		writer->document->has_long_numbers = true;
	apitoken_jsonb_add_jsonb(parent, value);
}

/* As RFC 3986 has it: all but its unreserved characters become %XX. */
static void
AppendPercentEncoded(StringInfo buffer, const char *string, int length)
{
	static const char hex[] = "0123456789ABCDEF";

	for (int i = 0; i < length; i++)
	{
		unsigned char c = string[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			appendStringInfoCharMacro(buffer, c);
		else
		{
			appendStringInfoCharMacro(buffer, '%');
			appendStringInfoCharMacro(buffer, hex[c >> 4]);
			appendStringInfoCharMacro(buffer, hex[c & 0x0F]);
		}
	}
}

static void
WriteHref(ResourceWriter *writer, ApitokenContainer *parent, Datum value)
{
	StringInfo	buffer = writer->buffer;
	int			start = buffer->len;
	text	   *id = DatumGetTextPP(value);

	if (apitoken_jsonb_has_room(buffer, strlen(apitoken_href_base)))
	{
		appendStringInfoString(buffer, apitoken_href_base);
		appendStringInfoCharMacro(buffer, '/');
		appendStringInfoString(buffer, writer->shape->resource->collection);
		appendStringInfoCharMacro(buffer, '/');
		AppendPercentEncoded(buffer, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
	}
	apitoken_jsonb_end_string(parent, start);
}

static void
WriteSecret(ResourceWriter *writer, ApitokenContainer *parent, Datum id)
{
	const char *secret = writer->document->secret;
	int			start = writer->buffer->len;

	if (secret != NULL)
		appendStringInfoString(writer->buffer, secret);
	else
		apitoken_secret_append_masked(writer->buffer, DatumGetTextPP(id));
	apitoken_jsonb_end_string(parent, start);
}

/*
 * Lists
 */

/*
 * Returns which of a user group's lists leads to such resources.  Raises XX000 if none
 * does.
 */
ApitokenGroupList
apitoken_members_group_list(ApitokenResourceKind target)
{
	switch (target)
	{
		case RESOURCE_MODULE:
			return GROUP_MODULES;
		case RESOURCE_USER:
			return GROUP_USERS;
		case RESOURCE_BUYER:
			return GROUP_BUYERS;
		default:
			apitoken_error_statement("apitoken document", "user groups have no such list");
	}
}

static const ApitokenLeaves *
ListLeaves(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	return &writer->document->leaves[apitoken_members_group_list(member->member->target)];
}

/* A list of all its owners. */
static const ApitokenList *
ListOf(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	const ApitokenDocument *document = writer->document;

	switch (writer->place->resource.kind)
	{
		case RESOURCE_USER_GROUP:
			return &ListLeaves(writer, member)->of_group;
		case RESOURCE_ACCOUNT:
			return &document->groups_of_account;
		case RESOURCE_BUYER:
			return &document->errors_of_buyer;
		case RESOURCE_TOKEN:
			return &document->modules_of_token;
		default:
			apitoken_error_statement("apitoken document", "such a resource has no list");
	}
}

/* What the resource being written lists. */
static const ApitokenItems *
ItemsOf(const ResourceWriter *writer, const ApitokenList *list)
{
	return &list->of_owner[writer->row->number];
}

static void
WriteLeaves(ResourceWriter *writer, ApitokenContainer *parent, const ApitokenShapeMember *member)
{
	const ApitokenLeaves *leaves = ListLeaves(writer, member);
	const ApitokenItems *items = ItemsOf(writer, &leaves->of_group);
	ApitokenContainer array;

	apitoken_jsonb_start_array(&array, writer->buffer, items->count);
	for (int i = 0; i < items->count; i++)
	{
		const ApitokenCopy *copy = &leaves->copies[leaves->of_group.items[items->first + i]];

		CHECK_FOR_INTERRUPTS();
		apitoken_jsonb_add_copy(&array, leaves->buffer.data + copy->start, copy->length);
	}
	apitoken_jsonb_finish(&array, parent);
}

static void
WriteListRows(ResourceWriter *writer, ApitokenContainer *parent,
			  const ApitokenShapeMember *member, ApitokenFields *fields)
{
	const ApitokenList *list = ListOf(writer, member);
	const ApitokenItems *items = ItemsOf(writer, list);
	ApitokenResources *listed = member->member->target == RESOURCE_USER_GROUP ?
		&writer->document->user_groups : &writer->document->modules;
	ApitokenContainer array;

	writer->place->open_list = member->member;
	apitoken_jsonb_start_array(&array, writer->buffer, items->count);
	for (int i = 0; i < items->count; i++)
	{
		ApitokenRow *row = &listed->rows.rows[list->items[items->first + i]];
		ApitokenResourceId id = apitoken_resources_id(listed->kind, row);
		ApitokenPlace place = apitoken_walk_enter(writer->place, member->member, id);

		CHECK_FOR_INTERRUPTS();
		apitoken_members_write(writer->document, writer->buffer, &array, &place, listed->shape,
							   row, fields);
	}
	apitoken_jsonb_finish(&array, parent);
	writer->place->open_list = NULL;
}

static void
WriteClosedList(ResourceWriter *writer, ApitokenContainer *parent)
{
	ApitokenContainer array;

	apitoken_jsonb_start_array(&array, writer->buffer, 1);
	AddMarker(&array);
	apitoken_jsonb_finish(&array, parent);
}

static void
WriteList(ResourceWriter *writer, ApitokenContainer *parent,
		  const ApitokenShapeMember *member, ApitokenFields *fields)
{
	switch (apitoken_walk_closure(writer->place, member->member))
	{
		case LINK_CLOSED:
			AddMarker(parent);
			break;
		case LINK_CLOSED_LIST:
			WriteClosedList(writer, parent);
			break;
		case LINK_OPEN:
			if (writer->place->resource.kind == RESOURCE_USER_GROUP)
				WriteLeaves(writer, parent, member);
			else
				WriteListRows(writer, parent, member, fields);
			break;
	}
}

/*
 * Records
 */

static void
WriteRecords(ResourceWriter *writer, ApitokenContainer *parent,
			 const ApitokenShapeMember *member, ApitokenFields *fields)
{
	const ApitokenList *list = ListOf(writer, member);
	const ApitokenItems *items = ItemsOf(writer, list);
	ResourceWriter record = *writer;
	ApitokenContainer array;

	record.shape = member->records;
	apitoken_jsonb_start_array(&array, writer->buffer, items->count);
	for (int i = 0; i < items->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		record.row = &writer->document->errors.rows[list->items[items->first + i]];
		WriteObject(&record, &array, member->records, fields);
	}
	apitoken_jsonb_finish(&array, parent);
}

/*
 * Links to one resource
 */

static ApitokenResources *
ActorsOf(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	return apitoken_resources_actor_kind(writer->row, member) == RESOURCE_TOKEN_ACTOR ?
		&writer->document->token_actors : &writer->document->user_actors;
}

/*
 * Writes a resource that other places of the document may have too: as a copy
 * of its bytes, if it was last written by way of the same member with the same
 * fields.
 */
static void
WriteShared(ResourceWriter *writer, ApitokenContainer *parent, ApitokenResources *resources,
			ApitokenRow *row, const ApitokenMember *member, ApitokenFields *fields)
{
	StringInfo	buffer = writer->buffer;
	ApitokenWritten *written = &resources->written[row->number];

	if (written->length > 0 && written->member == member && written->fields == fields)
		apitoken_jsonb_add_own_copy(parent, written->start, written->length);
	else
	{
		ApitokenResourceId id = apitoken_resources_id(resources->kind, row);
		ApitokenPlace place = apitoken_walk_enter(writer->place, member, id);
		int			start = INTALIGN(buffer->len);

		apitoken_members_write(writer->document, buffer, parent, &place, resources->shape,
							   row, fields);
		written->start = start;
		written->length = buffer->len - start;
		written->member = member;
		written->fields = fields;
	}
}

static void
WriteActor(ResourceWriter *writer, ApitokenContainer *parent,
		   const ApitokenShapeMember *member, ApitokenFields *fields)
{
	ApitokenResources *actors;
	ApitokenRow *row;

	if (apitoken_walk_closure(writer->place, member->member) != LINK_OPEN)
	{
		AddMarker(parent);
		return;
	}

	actors = ActorsOf(writer, member);
	row = apitoken_rows_find(&actors->rows, SlotValue(writer, member->slot));
	if (apitoken_walk_visit_actor(writer->visit,
								  apitoken_resources_id(actors->kind, row)))
		WriteShared(writer, parent, actors, row, member->member, fields);
	else
		AddMarker(parent);
}

/* Accounts are the only resource that an open link leads to. */
static ApitokenRow *
LinkedRow(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	return apitoken_rows_find(&writer->document->accounts.rows, SlotValue(writer, member->slot));
}

static void
WriteLink(ResourceWriter *writer, ApitokenContainer *parent,
		  const ApitokenShapeMember *member, ApitokenFields *fields)
{
	if (apitoken_walk_closure(writer->place, member->member) != LINK_OPEN)
		AddMarker(parent);
	else
		WriteShared(writer, parent, &writer->document->accounts, LinkedRow(writer, member),
					member->member, fields);
}

static void
WriteAudit(ResourceWriter *writer, ApitokenContainer *parent,
		   const ApitokenShapeMember *member, ApitokenFields *fields)
{
	ApitokenAuditVisit visit = {0};

	if (apitoken_walk_closure(writer->place, member->member) != LINK_OPEN)
	{
		AddMarker(parent);
		return;
	}

	writer->visit = &visit;
	WriteObject(writer, parent, member->shape, fields);
	writer->visit = NULL;
}

/*
 * $meta
 */

/* Is a list longer than the longest that is given? */
static bool
IsTooLong(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	if (member->member->kind != MEMBER_LIST && member->member->kind != MEMBER_RECORDS)
		return false;
	return apitoken_walk_closure(writer->place, member->member) == LINK_OPEN &&
		ItemsOf(writer, ListOf(writer, member))->too_long;
}

/* Is it left out although it was asked for? */
static bool
IsLeftOut(const ResourceWriter *writer, const ApitokenShapeMember *member)
{
	ApitokenExtent extent = writer->document->extent;

	if (extent == EXTENT_TOKEN && writer->place->resource.kind == RESOURCE_TOKEN &&
		member->member->kind >= MEMBER_AUDIT)
		return true;
	if (extent != EXTENT_WHOLE && member->member->kind == MEMBER_LIST &&
		member->member->target == RESOURCE_USER_GROUP)
		return true;
	return IsTooLong(writer, member);
}

/* Returns the list without that name, which may not be in it. */
static List *
WithoutName(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return list_delete_cell(names, cell);
	}
	return names;
}

static List *
OmittedNames(const ResourceWriter *writer)
{
	const ApitokenShape *shape = writer->shape;
	List	   *asked = apitoken_fields_omitted(writer->fields);
	List	   *names = asked;

	for (int i = 0; i < shape->count; i++)
	{
		const ApitokenShapeMember *member = &shape->members[i];
		bool		gives = apitoken_fields_gives(writer->fields, shape, i);
		bool		unset = member->member->added && IsNull(writer, member->slot);

		if (gives ? !IsLeftOut(writer, member) : !unset)
			continue;
		/* the list that belongs to the fields is not for changing */
		if (names == asked)
			names = list_copy(asked);
		if (gives)
			names = lappend(names, (void *) member->member->name);
		else
			names = WithoutName(names, member->member->name);
	}

	if (names != asked)
		list_sort(names, apitoken_fields_compare_names);
	return names;
}

static void
WriteMeta(ResourceWriter *writer, ApitokenContainer *parent)
{
	List	   *names = OmittedNames(writer);
	ApitokenContainer meta;
	ApitokenContainer omitted;
	ListCell   *cell;

	apitoken_jsonb_start_object(&meta, writer->buffer, 1);
	apitoken_jsonb_add_string(&meta, "omitted", strlen("omitted"));
	apitoken_jsonb_start_array(&omitted, writer->buffer, list_length(names));
	foreach(cell, names)
		apitoken_jsonb_add_string(&omitted, lfirst(cell), strlen(lfirst(cell)));
	apitoken_jsonb_finish(&omitted, &meta);
	apitoken_jsonb_finish(&meta, parent);
}

/*
 * Objects
 */

static bool
AnyPresent(const ResourceWriter *writer, const ApitokenShape *shape, ApitokenFields *fields)
{
	for (int i = 0; i < shape->count; i++)
	{
		if (apitoken_fields_gives(fields, shape, i) &&
			IsPresent(writer, &shape->members[i], apitoken_fields_of(fields, i)))
			return true;
	}
	return false;
}

/* Is there anything to write?  A member that is null is absent. */
static bool
IsPresent(const ResourceWriter *writer, const ApitokenShapeMember *member,
		  ApitokenFields *fields)
{
	bool		closed = apitoken_walk_closure(writer->place, member->member) != LINK_OPEN;

	switch (member->member->kind)
	{
		case MEMBER_META:
		case MEMBER_JSON:
			return true;
		case MEMBER_OBJECT:
			return AnyPresent(writer, member->shape, fields);
		case MEMBER_AUDIT:
			return closed || (!IsLeftOut(writer, member) &&
							  AnyPresent(writer, member->shape, fields));
		case MEMBER_LIST:
		case MEMBER_RECORDS:
			return closed || !IsLeftOut(writer, member);
		case MEMBER_ACTOR:
			return apitoken_resources_actor_kind(writer->row, member) != RESOURCE_NONE &&
				(closed || apitoken_rows_find(&ActorsOf(writer, member)->rows,
											  SlotValue(writer, member->slot)) != NULL);
		case MEMBER_LINK:
			return !IsNull(writer, member->slot) &&
				(closed || (!IsLeftOut(writer, member) && LinkedRow(writer, member) != NULL));
		default:
			return !IsNull(writer, member->slot);
	}
}

static void
WriteMember(ResourceWriter *writer, ApitokenContainer *parent,
			const ApitokenShapeMember *member, ApitokenFields *fields)
{
	switch (member->member->kind)
	{
		case MEMBER_TEXT:
			WriteText(parent, SlotValue(writer, member->slot));
			break;
		case MEMBER_BOOLEAN:
			apitoken_jsonb_add_boolean(parent, DatumGetBool(SlotValue(writer, member->slot)));
			break;
		case MEMBER_INSTANT:
			WriteInstant(parent, DatumGetTimestampTz(SlotValue(writer, member->slot)));
			break;
		case MEMBER_UUID:
			WriteUuid(parent, SlotValue(writer, member->slot));
			break;
		case MEMBER_TEXT_ARRAY:
			WriteArray(parent, SlotValue(writer, member->slot), TEXTOID, WriteText);
			break;
		case MEMBER_NETWORKS:
			apitoken_members_add_networks(parent, SlotValue(writer, member->slot));
			break;
		case MEMBER_JSON:
			WriteJson(writer, parent, member->slot);
			break;
		case MEMBER_HREF:
			WriteHref(writer, parent, SlotValue(writer, member->slot));
			break;
		case MEMBER_MASKED_SECRET:
			WriteSecret(writer, parent, SlotValue(writer, member->slot));
			break;
		case MEMBER_META:
			WriteMeta(writer, parent);
			break;
		case MEMBER_OBJECT:
			WriteObject(writer, parent, member->shape, fields);
			break;
		case MEMBER_RECORDS:
			WriteRecords(writer, parent, member, fields);
			break;
		case MEMBER_AUDIT:
			WriteAudit(writer, parent, member, fields);
			break;
		case MEMBER_ACTOR:
			WriteActor(writer, parent, member, fields);
			break;
		case MEMBER_LINK:
			WriteLink(writer, parent, member, fields);
			break;
		case MEMBER_LIST:
			WriteList(writer, parent, member, fields);
			break;
	}
}

static void
WriteObject(ResourceWriter *writer, ApitokenContainer *parent,
			const ApitokenShape *shape, ApitokenFields *fields)
{
	ApitokenContainer object;
	int			present[APITOKEN_MAX_MEMBERS];
	int			count = 0;

	for (int i = 0; i < shape->count; i++)
	{
		if (apitoken_fields_gives(fields, shape, i) &&
			IsPresent(writer, &shape->members[i], apitoken_fields_of(fields, i)))
			present[count++] = i;
	}

	apitoken_jsonb_start_object(&object, writer->buffer, count);
	for (int i = 0; i < count; i++)
		apitoken_jsonb_add_string(&object, shape->members[present[i]].member->name,
								  shape->members[present[i]].name_length);
	for (int i = 0; i < count; i++)
		WriteMember(writer, &object, &shape->members[present[i]],
					apitoken_fields_of(fields, present[i]));
	apitoken_jsonb_finish(&object, parent);
}

/*
 * Writes a resource at the end of buffer, as the next value of parent (NULL:
 * on its own).
 *
 * The row has the slots of the shape's layout.  fields are what is asked for of it; NULL:
 * everything.  What the resource leads to must have been read into document.
 */
void
apitoken_members_write(ApitokenDocument *document, StringInfo buffer, ApitokenContainer *parent,
					   ApitokenPlace *place, const ApitokenShape *shape, ApitokenRow *row,
					   ApitokenFields *fields)
{
	ResourceWriter writer = {document, buffer, place, shape, row, fields, NULL};

	check_stack_depth();
	WriteObject(&writer, parent, shape, fields);
}
