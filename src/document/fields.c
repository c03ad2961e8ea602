/*-------------------------------------------------------------------------
 *
 * fields.c
 *	  The selection of fields: which members a document gives.
 *
 *		fields = [ item { "," item } ] ;
 *		item   = [ "+" | "-" ] path ;
 *		path   = name { "." name } [ "." "*" ] | "*" ;
 *
 * Items take effect from left to right on the full document.  "-a.b" takes the
 * member b off a; "-*" starts from nothing; "+a" gives a with all that belongs
 * to it; "+a.b", where a is not given, gives a with b alone.  A "+" may be
 * missing, and arrives as a space from a URL that was decoded as a form.
 * White space around an item does not count.  $meta always stays: it names
 * what was left out.
 *
 * src/document/fields.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/fields.h"

#include "document/walk.h"
#include "errors.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* More than anybody writes, little enough to be harmless; in bytes. */
#define MAX_LENGTH 1048576
#define MAX_PATH_LENGTH 1000

/* One item, while its path is followed. */
typedef struct ItemReader
{
	const char *path;			/* terminated */
	int			next;			/* start of the name that comes next */
	bool		give;
} ItemReader;

static ApitokenFields *
MakeFields(const ApitokenShape *shape, bool others)
{
	ApitokenFields *fields = palloc0(sizeof(ApitokenFields));

	fields->shape = shape;
	fields->others = others;
	fields->choices = palloc0(sizeof(ApitokenFieldChoice) * shape->count);
	fields->members = palloc0(sizeof(ApitokenFields *) * shape->count);
	return fields;
}

/*
 * Says whether the member of that index in the shape is given; fields are
 * those of the shape, or NULL.
 */
bool
apitoken_fields_gives(const ApitokenFields *fields, const ApitokenShape *shape, int member)
{
	if (fields == NULL || shape->members[member].member->kind == MEMBER_META)
		return true;

	switch (fields->choices[member])
	{
		case FIELD_GIVEN:
			return true;
		case FIELD_OMITTED:
			return false;
		default:
			return fields->others;
	}
}

/* Returns what is asked for of a member that is given; NULL: everything. */
ApitokenFields *
apitoken_fields_of(const ApitokenFields *fields, int member)
{
	return fields == NULL ? NULL : fields->members[member];
}

static char *
KnownMembers(const ApitokenShape *shape)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < shape->count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", shape->members[i].member->name);
	return names.data;
}

/* Finds the member whose name comes next in the path, and steps behind it. */
static int
ReadName(ItemReader *item, const ApitokenShape *shape)
{
	const char *rest = item->path + item->next;
	int			found = apitoken_model_find_first(shape, rest);

	if (found < 0)
		apitoken_error_field(item->path, item->next, strcspn(rest, "."), KnownMembers(shape));

	item->next += shape->members[found].name_length;
	return found;
}

/* What is behind a member that has members of its own: its shape and place. */
static const ApitokenShape *
EnterMember(ItemReader *item, const ApitokenShapeMember *member, const ApitokenPlace *place,
			ApitokenPlace *inner)
{
	ApitokenResourceId any = {member->member->target, NULL, 0};

	/* nothing is behind a link that the walk closes, wherever it leads */
	if (apitoken_walk_closure(place, member->member) == LINK_OPEN)
	{
		if (member->records != NULL)
			return member->records;
		if (member->shape != NULL)
			return member->shape;
		if (member->member->target != RESOURCE_NONE)
		{
			*inner = apitoken_walk_enter(place, member->member, any);
			return apitoken_model_shape(any.kind);
		}
	}
	apitoken_error_field(item->path, item->next + 1, strcspn(item->path + item->next + 1, "."),
						 NULL);
}

static void
ChooseAll(ApitokenFields *fields, bool give)
{
	fields->others = give;
	memset(fields->choices, 0, sizeof(ApitokenFieldChoice) * fields->shape->count);
	memset(fields->members, 0, sizeof(ApitokenFields *) * fields->shape->count);
}

static void
ChooseMember(ApitokenFields *fields, int member, bool give)
{
	fields->choices[member] = give ? FIELD_GIVEN : FIELD_OMITTED;
	fields->members[member] = NULL;
}

/*
 * Returns what is asked for inside a member, to be changed by the rest of the
 * path.  Taking something off a member that is not given changes nothing: the
 * rest of the path is then only checked.
 */
static ApitokenFields *
FieldsInside(ItemReader *item, ApitokenFields *fields, int member, const ApitokenShape *shape)
{
	bool		given = apitoken_fields_gives(fields, fields->shape, member);

	if (!given && !item->give)
		return MakeFields(shape, false);

	if (fields->members[member] == NULL || !given)
		fields->members[member] = MakeFields(shape, given);
	fields->choices[member] = FIELD_GIVEN;
	return fields->members[member];
}

/* Follows the path from one object on, and makes the choice at its end. */
static void
ChoosePath(ItemReader *item, ApitokenFields *fields, ApitokenPlace *place)
{
	const ApitokenShapeMember *member;
	const ApitokenShape *shape;
	ApitokenPlace inner = *place;
	int			index;

	check_stack_depth();

	if (strcmp(item->path + item->next, "*") == 0)
	{
		ChooseAll(fields, item->give);
		return;
	}

	index = ReadName(item, fields->shape);
	if (item->path[item->next] == '\0')
	{
		ChooseMember(fields, index, item->give);
		return;
	}

	member = &fields->shape->members[index];
	shape = EnterMember(item, member, place, &inner);
	item->next++;
	if (member->member->kind == MEMBER_LIST)
		place->open_list = member->member;
	ChoosePath(item, FieldsInside(item, fields, index, shape), &inner);
}

static bool
IsSpace(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
ReadItem(ApitokenFields *fields, const char *start, int length, int position)
{
	ApitokenResourceId any_token = {RESOURCE_TOKEN, NULL, 0};
	ApitokenPlace place = apitoken_walk_enter(NULL, NULL, any_token);
	ItemReader	item = {NULL, 0, true};

	while (length > 0 && IsSpace(*start))
		start++, length--, position++;
	while (length > 0 && IsSpace(start[length - 1]))
		length--;

	if (length > 0 && (*start == '+' || *start == '-'))
	{
		item.give = *start == '+';
		start++, length--, position++;
	}
	if (length == 0)
		apitoken_error_fields_syntax(position, "a field's name is missing");
	if (length > MAX_PATH_LENGTH)
		apitoken_error_fields_syntax(position,
									 "a path has at most " CppAsString2(MAX_PATH_LENGTH) " bytes");

	item.path = pnstrdup(start, length);
	ChoosePath(&item, fields, &place);
	pfree((char *) item.path);
}

/*
 * Applies a selection to fields (NULL: everything), and returns the result.
 *
 * The text is in the grammar above, length bytes of it; the result is in the
 * current memory context.  Raises PT400 if the text is not in the grammar or
 * names a member that does not exist; the detail names it, the hint lists
 * those that do.
 */
ApitokenFields *
apitoken_fields_add(ApitokenFields *fields, const char *more, int length)
{
	int			start = 0;

	if (length > MAX_LENGTH)
		apitoken_error_fields_syntax(MAX_LENGTH + 1,
									 "it has at most " CppAsString2(MAX_LENGTH) " bytes");
	if (fields == NULL)
		fields = MakeFields(apitoken_model_shape(RESOURCE_TOKEN), true);

	while (start <= length)
	{
		const char *comma = memchr(more + start, ',', length - start);
		int			end = comma != NULL ? comma - more : length;

		CHECK_FOR_INTERRUPTS();
		ReadItem(fields, more + start, end - start, start + 1);
		start = end + 1;
	}
	return fields;
}

/*
 * Parses the selection that a caller gave, as above.  Returns NULL, everything,
 * for a text that is empty.
 */
ApitokenFields *
apitoken_fields_parse(const char *fields, int length)
{
	return length == 0 ? NULL : apitoken_fields_add(NULL, fields, length);
}

/* Order of the names in $meta.omitted: by bytes. */
int
apitoken_fields_compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Is the member an object within its resource, which has no $meta of its own? */
static bool
HasNoMeta(const ApitokenShapeMember *member)
{
	return member->shape != NULL || member->records != NULL;
}

static List *
CollectOmitted(const ApitokenFields *fields, const char *prefix, List *names)
{
	for (int i = 0; i < fields->shape->count; i++)
	{
		const ApitokenShapeMember *member = &fields->shape->members[i];
		char	   *name = psprintf("%s%s", prefix, member->member->name);

		if (!apitoken_fields_gives(fields, fields->shape, i))
			names = lappend(names, name);
		else if (fields->members[i] != NULL && HasNoMeta(member))
			names = CollectOmitted(fields->members[i], psprintf("%s.", name), names);
	}
	return names;
}

/*
 * Returns the names, sorted, of the members that fields take off a resource:
 * a list of C strings that belongs to fields.
 */
List *
apitoken_fields_omitted(ApitokenFields *fields)
{
	if (fields == NULL)
		return NIL;

	if (!fields->omitted_known)
	{
		/* a document that is too large is given up, and another built */
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(fields));

		fields->omitted = CollectOmitted(fields, "", NIL);
		list_sort(fields->omitted, apitoken_fields_compare_names);
		fields->omitted_known = true;
		MemoryContextSwitchTo(old);
	}
	return fields->omitted;
}
