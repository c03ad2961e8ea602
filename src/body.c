/*-------------------------------------------------------------------------
 *
 * body.c
 *	  The bodies of create and update.
 *
 *		{"account": {"id"}, "name", "description", "icon", "modules": [{"id"}]}
 *
 * An update has no account: a token belongs to one for life.
 *
 * src/body.c
 *
 *-------------------------------------------------------------------------
 */
#include "body.h"

#include "errors.h"
#include "miscadmin.h"

#define CREATE_MEMBERS "The members are: account, name, description, icon, modules."
#define UPDATE_MEMBERS "The members that can change are: name, description, icon, modules."

static bool
IsKey(const JsonbValue *key, const char *name)
{
	return key->val.string.len == (int) strlen(name) &&
		memcmp(key->val.string.val, name, strlen(name)) == 0;
}

static char *
CopyString(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
IsContainer(const JsonbValue *value, uint32 flag)
{
	return value->type == jbvBinary && (value->val.binary.data->header & flag) != 0;
}

/* Where a reference stands in a body: index is -1 unless it is in a list. */
typedef struct ReferencePlace
{
	const char *member;
	int			index;
} ReferencePlace;

/* Raises the error about a reference, or about a member of it. */
pg_noreturn static void
FailReference(const ReferencePlace *place, const char *member, const char *problem)
{
	char	   *reference = place->index < 0 ? pstrdup(place->member) :
		psprintf("%s[%d]", place->member, place->index);

	apitoken_error_member(member == NULL ? reference : psprintf("%s.%s", reference, member),
						  problem,
						  "Refer to it as {\"id\": \"...\"}, with the id of what exists.");
}

/*
 * The id in {"id": ...}, the form in which a body refers to a resource.  A list
 * may have millions of them: nothing but the id stays allocated.
 */
static char *
ParseReference(const JsonbValue *reference, ReferencePlace place)
{
	char	   *id = NULL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!IsContainer(reference, JB_FOBJECT))
		FailReference(&place, NULL, "is not an object");

	iterator = JsonbIteratorInit(reference->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY && !IsKey(&value, "id"))
			FailReference(&place, CopyString(&value), "does not exist");
		if (token != WJB_VALUE)
			continue;
		if (value.type != jbvString || value.val.string.len == 0)
			FailReference(&place, "id", "is not a string, or empty");
		id = CopyString(&value);
	}

	if (id == NULL)
		FailReference(&place, "id", "is missing");
	return id;
}

static List *
ParseModules(const JsonbValue *modules)
{
	List	   *ids = NIL;
	ReferencePlace place = {"modules", 0};
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!IsContainer(modules, JB_FARRAY))
		apitoken_error_member("modules", "is not an array",
							  "Give the modules as [{\"id\": \"...\"}, ...].");

	iterator = JsonbIteratorInit(modules->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token != WJB_ELEM)
			continue;
		ids = lappend(ids, ParseReference(&value, place));
		place.index++;
	}
	return ids;
}

static ApitokenBodyString
ParseString(const JsonbValue *value, const char *path, bool nullable)
{
	ApitokenBodyString string = {true, NULL};

	if (value->type == jbvString)
		string.value = CopyString(value);
	else if (value->type != jbvNull || !nullable)
		apitoken_error_member(path, "is not a string", nullable ?
							  "Give a string, or null for none." : "Give a string.");
	return string;
}

static void
ParseMember(ApitokenBody *body, bool create, const JsonbValue *key, const JsonbValue *value)
{
	if (IsKey(key, "name"))
		body->name = ParseString(value, "name", false);
	else if (IsKey(key, "description"))
		body->description = ParseString(value, "description", true);
	else if (IsKey(key, "icon"))
		body->icon = ParseString(value, "icon", true);
	else if (IsKey(key, "modules"))
	{
		body->modules_supplied = true;
		body->module_ids = ParseModules(value);
	}
	else if (IsKey(key, "account") && create)
	{
		ReferencePlace place = {"account", -1};

		body->account_id = ParseReference(value, place);
	}
	else
		apitoken_error_member(CopyString(key), create ? "does not exist" : "cannot change",
							  create ? CREATE_MEMBERS : UPDATE_MEMBERS);
}

/*
 * Takes a body apart; NULL stands for null.
 *
 * The result, in the current memory context, has the members that the body
 * supplies; account and name are required of a create.  Raises PT400 naming
 * the member, as in modules[0].id, that is unknown, missing or of a wrong type,
 * and saying what is allowed.
 */
ApitokenBody
apitoken_body_parse(Jsonb *jsonb, bool create)
{
	ApitokenBody body = {0};
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	key = {0};
	JsonbValue	value;

	if (jsonb == NULL || !JB_ROOT_IS_OBJECT(jsonb))
		apitoken_error_body_type(create ? "body" : "argument \"changes\"");

	iterator = JsonbIteratorInit(&jsonb->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = value;
		else if (token == WJB_VALUE)
			ParseMember(&body, create, &key, &value);
	}

	if (create && body.account_id == NULL)
		apitoken_error_member("account", "is missing", CREATE_MEMBERS);
	if (create && !body.name.supplied)
		apitoken_error_member("name", "is missing", CREATE_MEMBERS);
	return body;
}
