/*-------------------------------------------------------------------------
 *
 * body.c
 *	  The bodies of create and update.
 *
 *		{"account": {"id"}, "name", "description", "icon", "modules": [{"id"}],
 *		"expiresAt", "allowedNetworks"}
 *
 * Clients send documents back that they were given.  So the other members of a
 * document may stand there, too, as long as they do not ask for what would not be
 * done: id, status, account, token, heldAt, revokedAt and oldSecretUntil are for the
 * caller to compare with what is stored, the rest of the document's form is ignored.
 * A null member is absent, but for those that can be null.
 *
 * src/calls/body.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/body.h"

#include "catalog/pg_type.h"
#include "document/model.h"
#include "errors.h"
#include "miscadmin.h"
#include "query/rql_sql.h"
#include "rights/networks.h"
#include "utils/datetime.h"

#define CREATE_MEMBERS "The members are: account, name, description, icon, modules, expiresAt, allowedNetworks."

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

/* Is it a member of such a resource's document? */
static bool
IsMember(const JsonbValue *key, ApitokenResourceKind kind)
{
	return apitoken_model_find_member(apitoken_model_shape(kind),
									  key->val.string.val, key->val.string.len) >= 0;
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
	ApitokenResourceKind kind;	/* of what it refers to */
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

/* The id in {"id": ...}. */
static char *
ParseReferenceId(const JsonbValue *value, const ReferencePlace *place)
{
	if (value->type != jbvString || value->val.string.len == 0)
		FailReference(place, "id", "is not a string, or empty");
	return CopyString(value);
}

/*
 * The id in {"id": ...}, the form in which a body refers to a resource.  What else
 * the resource's document has is ignored.  A list may have millions of them:
 * nothing but the id stays allocated.
 */
static char *
ParseReference(const JsonbValue *reference, ReferencePlace place)
{
	char	   *id = NULL;
	bool		is_id = false;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!IsContainer(reference, JB_FOBJECT))
		FailReference(&place, NULL, "is not an object");

	iterator = JsonbIteratorInit(reference->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			is_id = IsKey(&value, "id");
			if (!IsMember(&value, place.kind))
				FailReference(&place, CopyString(&value), "does not exist");
		}
		else if (token == WJB_VALUE && is_id)
			id = ParseReferenceId(&value, &place);
	}

	if (id == NULL)
		FailReference(&place, "id", "is missing");
	return id;
}

static List *
ParseModules(const JsonbValue *modules)
{
	List	   *ids = NIL;
	ReferencePlace place = {"modules", RESOURCE_MODULE, 0};
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

/* Past what a column of such moments can hold. */
#define END_OF_INSTANTS \
	((TimestampTz) (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* A moment, in milliseconds as it is stored; DT_NOEND for null. */
static TimestampTz
ParseInstant(const JsonbValue *value, const char *path)
{
	TimestampTz instant;

	if (value->type == jbvNull)
		return DT_NOEND;
	if (value->type != jbvString || !apitoken_rql_read_instant(CopyString(value), &instant) ||
		instant >= END_OF_INSTANTS)
		apitoken_error_member(path, "is not a date",
							  "Give a date such as 2026-01-31T23:00:00.000Z, or null for none.");
	return instant - instant % 1000;
}

#define NETWORKS_HINT \
	"Give networks such as [\"192.0.2.0/24\", \"2001:db8::/32\"], or null for all."

/* The network at that place of the list. */
static Datum
ParseNetwork(const JsonbValue *value, int index)
{
	Datum		network = (Datum) 0;
	const char *problem = value->type != jbvString ? "is not a string" :
		apitoken_networks_read(CopyString(value), &network);

	if (problem != NULL)
		apitoken_error_member(psprintf("allowedNetworks[%d]", index), problem, NETWORKS_HINT);
	return network;
}

/* Networks, as they are stored; NULL for null. */
static const ArrayType *
ParseNetworks(const JsonbValue *list)
{
	Datum		networks[APITOKEN_MAX_NETWORKS];
	int			count = 0;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (list->type == jbvNull)
		return NULL;
	if (!IsContainer(list, JB_FARRAY))
		apitoken_error_member("allowedNetworks", "is not an array", NETWORKS_HINT);

	iterator = JsonbIteratorInit(list->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (count == APITOKEN_MAX_NETWORKS)
			apitoken_error_member("allowedNetworks",
								  "has more than " CppAsString2(APITOKEN_MAX_NETWORKS) " networks",
								  NETWORKS_HINT);
		networks[count] = ParseNetwork(&value, count);
		count++;
	}
	if (count == 0)
		apitoken_error_member("allowedNetworks", "is empty",
							  "Give null for all; apitoken_disable() lets no one use a token.");
	return construct_array(networks, count, CIDROID, -1, false, TYPALIGN_INT);
}

/* A member that is not for the client to choose; NULL: not supplied, or null. */
static char *
ParseStored(const JsonbValue *value, const char *path)
{
	if (value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		apitoken_error_member(path, "is not a string", APITOKEN_BODY_UPDATE_MEMBERS);
	return CopyString(value);
}

static char *
ParseAccount(const JsonbValue *value, bool create)
{
	ReferencePlace place = {"account", RESOURCE_ACCOUNT, -1};

	return value->type == jbvNull && !create ? NULL : ParseReference(value, place);
}

/*
 * A new token's status, which is known, and its other members that the client does
 * not choose: there is nothing yet that they could say.
 */
static void
CheckNew(const JsonbValue *key, const JsonbValue *value)
{
	if (value->type == jbvNull || IsKey(key, "audit") || IsKey(key, "$meta"))
		return;
	if (IsKey(key, "status") && value->type == jbvString && IsKey(value, "Active"))
		return;
	apitoken_error_member(CopyString(key), "cannot be chosen", CREATE_MEMBERS);
}

/* One that the client does not choose. */
static void
ParseReadOnly(ApitokenBody *body, bool create, const JsonbValue *key, const JsonbValue *value)
{
	if (!IsMember(key, RESOURCE_TOKEN))
		apitoken_error_member(CopyString(key), create ? "does not exist" : "cannot change",
							  create ? CREATE_MEMBERS : APITOKEN_BODY_UPDATE_MEMBERS);
	if (create)
		CheckNew(key, value);
	else if (IsKey(key, "id"))
		body->id = ParseStored(value, "id");
	else if (IsKey(key, "status"))
		body->status = ParseStored(value, "status");
	else if (IsKey(key, "token"))
		body->token = ParseStored(value, "token");
	else if (IsKey(key, "heldAt"))
		body->held_at = ParseStored(value, "heldAt");
	else if (IsKey(key, "revokedAt"))
		body->revoked_at = ParseStored(value, "revokedAt");
	else if (IsKey(key, "oldSecretUntil"))
		body->old_secret_until = ParseInstant(value, "oldSecretUntil");
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
		body->modules_supplied = value->type != jbvNull;
		body->module_ids = body->modules_supplied ? ParseModules(value) : NIL;
	}
	else if (IsKey(key, "expiresAt"))
	{
		body->expires_supplied = true;
		body->expires_at = ParseInstant(value, "expiresAt");
	}
	else if (IsKey(key, "allowedNetworks"))
	{
		body->networks_supplied = true;
		body->networks = ParseNetworks(value);
	}
	else if (IsKey(key, "account"))
		body->account_id = ParseAccount(value, create);
	else
		ParseReadOnly(body, create, key, value);
}

/* Is it an object without members?  It asks for nothing. */
bool
apitoken_body_is_empty(Jsonb *jsonb)
{
	return jsonb != NULL && JB_ROOT_IS_OBJECT(jsonb) && JB_ROOT_COUNT(jsonb) == 0;
}

/* Does a body, which may be anything, supply that member? */
bool
apitoken_body_supplies(Jsonb *jsonb, char *member)
{
	JsonbValue	key = {.type = jbvString,.val.string = {strlen(member), member}};
	JsonbValue *value;

	if (jsonb == NULL || !JB_ROOT_IS_OBJECT(jsonb))
		return false;
	value = findJsonbValueFromContainer(&jsonb->root, JB_FOBJECT, &key);
	return value != NULL && value->type != jbvNull;
}

/*
 * Takes a body apart; NULL stands for null.
 *
 * The result, in the current memory context, has the members that the body
 * supplies; account and name are required of a create.  Raises PT400 naming
 * the member, as in modules[0].id, that is unknown, missing, of a wrong type or
 * not for the client to choose, and saying what is allowed.
 */
ApitokenBody
apitoken_body_parse(Jsonb *jsonb, bool create)
{
	ApitokenBody body = {.expires_at = DT_NOEND, .old_secret_until = DT_NOEND};
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
