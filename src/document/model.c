/*-------------------------------------------------------------------------
 *
 * model.c
 *	  The shape of the document.
 *
 * The tables below are the one place that says which members a resource has,
 * in the order of the documented response, and which column holds each.  To
 * add a member, add its line here and its column to the table: the statements
 * in store.c read whole rows, and columns are found by name.  A column that was
 * ADDED and is not there (the library is newer than the database's extension)
 * counts as null, so that its member is absent.
 *
 * src/document/model.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/model.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

/* Names the members of a list that is there. */
#define MEMBERS(name) \
	StaticAssertDecl(lengthof(name##_list) <= APITOKEN_MAX_MEMBERS, "too many members: " #name); \
	static const ApitokenMembers name = {name##_list, lengthof(name##_list)}

#define PLAIN(name, kind, column) {name, column, NULL, kind, RESOURCE_NONE, false, false}
#define ADDED(name, kind, column) {name, column, NULL, kind, RESOURCE_NONE, true, false}
#define ELSEWHERE(name, kind, column) {name, column, NULL, kind, RESOURCE_NONE, false, true}
#define OBJECT(name, members) {name, NULL, &members, MEMBER_OBJECT, RESOURCE_NONE, false, false}
#define RECORDS(name, members) {name, NULL, &members, MEMBER_RECORDS, RESOURCE_NONE, false, false}
#define AUDIT(name) {name, NULL, &audit, MEMBER_AUDIT, RESOURCE_NONE, false, false}
#define ACTOR(name, column) {name, column, NULL, MEMBER_ACTOR, RESOURCE_USER_ACTOR, false, false}
#define LINK(name, column, target) {name, column, NULL, MEMBER_LINK, target, false, false}
#define LIST(name, target) {name, NULL, NULL, MEMBER_LIST, target, false, false}
#define META {"$meta", NULL, NULL, MEMBER_META, RESOURCE_NONE, false, false}
#define HREF {"href", "id", NULL, MEMBER_HREF, RESOURCE_NONE, false, false}

static const ApitokenMember created_list[] = {
	PLAIN("at", MEMBER_INSTANT, "created_at"),
	ACTOR("by", "created_by_id"),
};

MEMBERS(created);

static const ApitokenMember updated_list[] = {
	PLAIN("at", MEMBER_INSTANT, "updated_at"),
	ACTOR("by", "updated_by_id"),
};

MEMBERS(updated);

static const ApitokenMember audit_list[] = {
	OBJECT("created", created),
	OBJECT("updated", updated),
};

MEMBERS(audit);
StaticAssertDecl(lengthof(audit_list) <= APITOKEN_MAX_EVENTS, "too many events");

static const ApitokenMember address_list[] = {
	PLAIN("addressLine1", MEMBER_TEXT, "address_line1"),
	PLAIN("addressLine2", MEMBER_TEXT, "address_line2"),
	PLAIN("postCode", MEMBER_TEXT, "post_code"),
	PLAIN("city", MEMBER_TEXT, "city"),
	PLAIN("state", MEMBER_TEXT, "state"),
	PLAIN("country", MEMBER_TEXT, "country"),
};

MEMBERS(address);

static const ApitokenMember token_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	PLAIN("status", MEMBER_TEXT, "status"),
	PLAIN("name", MEMBER_TEXT, "name"),
	PLAIN("description", MEMBER_TEXT, "description"),
	PLAIN("icon", MEMBER_TEXT, "icon"),
	ELSEWHERE("lastAccessAt", MEMBER_INSTANT, "last_access_at"),
	PLAIN("token", MEMBER_MASKED_SECRET, "id"),
	ADDED("heldAt", MEMBER_INSTANT, "held_at"),
	ADDED("expiresAt", MEMBER_INSTANT, "expires_at"),
	ADDED("rotatedAt", MEMBER_INSTANT, "rotated_at"),
	ADDED("oldSecretUntil", MEMBER_INSTANT, "old_secret_until"),
	ADDED("revokedAt", MEMBER_INSTANT, "revoked_at"),
	ADDED("allowedNetworks", MEMBER_NETWORKS, "allowed_networks"),
	LINK("account", "account_id", RESOURCE_ACCOUNT),
	LIST("modules", RESOURCE_MODULE),
};

MEMBERS(token);

static const ApitokenMember account_external_ids_list[] = {
	PLAIN("pyraTenantId", MEMBER_UUID, "pyra_tenant_id"),
};

MEMBERS(account_external_ids);

static const ApitokenMember account_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	OBJECT("externalIds", account_external_ids),
	PLAIN("externalId", MEMBER_TEXT, "external_id"),
	PLAIN("externalName", MEMBER_TEXT, "external_name"),
	PLAIN("type", MEMBER_TEXT, "type"),
	PLAIN("status", MEMBER_TEXT, "status"),
	PLAIN("serviceLevel", MEMBER_TEXT, "service_level"),
	OBJECT("address", address),
	PLAIN("icon", MEMBER_TEXT, "icon"),
	PLAIN("technicalSupportEmail", MEMBER_TEXT, "technical_support_email"),
	PLAIN("website", MEMBER_TEXT, "website"),
	PLAIN("description", MEMBER_TEXT, "description"),
	PLAIN("name", MEMBER_TEXT, "name"),
	ADDED("heldAt", MEMBER_INSTANT, "held_at"),
	LIST("groups", RESOURCE_USER_GROUP),
};

MEMBERS(account);

static const ApitokenMember user_group_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	PLAIN("name", MEMBER_TEXT, "name"),
	PLAIN("description", MEMBER_TEXT, "description"),
	LINK("account", "account_id", RESOURCE_ACCOUNT),
	PLAIN("logo", MEMBER_TEXT, "logo"),
	PLAIN("isDefault", MEMBER_BOOLEAN, "is_default"),
	LIST("modules", RESOURCE_MODULE),
	LIST("users", RESOURCE_USER),
	LIST("buyers", RESOURCE_BUYER),
};

MEMBERS(user_group);

static const ApitokenMember module_filters_list[] = {
	PLAIN("group.buyers", MEMBER_TEXT_ARRAY, "filters_group_buyers"),
};

MEMBERS(module_filters);

static const ApitokenMember module_settings_list[] = {
	PLAIN("sharedAccount", MEMBER_BOOLEAN, "settings_shared_account"),
	PLAIN("configurable", MEMBER_BOOLEAN, "settings_configurable"),
	PLAIN("default", MEMBER_BOOLEAN, "settings_default"),
	PLAIN("paid", MEMBER_BOOLEAN, "settings_paid"),
	PLAIN("type", MEMBER_TEXT_ARRAY, "settings_type"),
};

MEMBERS(module_settings);

static const ApitokenMember module_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	PLAIN("description", MEMBER_TEXT, "description"),
	PLAIN("isConfigurable", MEMBER_BOOLEAN, "is_configurable"),
	PLAIN("isEnabledByDefault", MEMBER_BOOLEAN, "is_enabled_by_default"),
	PLAIN("paid", MEMBER_BOOLEAN, "paid"),
	PLAIN("name", MEMBER_TEXT, "name"),
	OBJECT("filters", module_filters),
	OBJECT("settings", module_settings),
	PLAIN("accountTypes", MEMBER_TEXT_ARRAY, "account_types"),
};

MEMBERS(module);

static const ApitokenMember user_phone_list[] = {
	PLAIN("prefix", MEMBER_TEXT, "phone_prefix"),
	PLAIN("number", MEMBER_TEXT, "phone_number"),
};

MEMBERS(user_phone);

static const ApitokenMember user_settings_list[] = {
	PLAIN("cultureCode", MEMBER_TEXT, "culture_code"),
	PLAIN("languageCode", MEMBER_TEXT, "language_code"),
};

MEMBERS(user_settings);

static const ApitokenMember user_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	PLAIN("email", MEMBER_TEXT, "email"),
	PLAIN("status", MEMBER_TEXT, "status"),
	OBJECT("phone", user_phone),
	PLAIN("firstName", MEMBER_TEXT, "first_name"),
	PLAIN("lastName", MEMBER_TEXT, "last_name"),
	PLAIN("icon", MEMBER_TEXT, "icon"),
	PLAIN("lastLoginAt", MEMBER_INSTANT, "last_login_at"),
	OBJECT("settings", user_settings),
	PLAIN("name", MEMBER_TEXT, "name"),
	LINK("currentAccount", "current_account_id", RESOURCE_ACCOUNT),
	LIST("accounts", RESOURCE_ACCOUNT),
};

MEMBERS(user);

static const ApitokenMember buyer_external_ids_list[] = {
	PLAIN("erpCompanyContact", MEMBER_TEXT, "erp_company_contact"),
	PLAIN("erpCustomer", MEMBER_TEXT, "erp_customer"),
	PLAIN("accountExternalId", MEMBER_TEXT, "account_external_id"),
};

MEMBERS(buyer_external_ids);

static const ApitokenMember buyer_error_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	PLAIN("message", MEMBER_TEXT, "message"),
	PLAIN("parameters", MEMBER_JSON, "parameters"),
};

MEMBERS(buyer_error);

static const ApitokenMember buyer_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	LINK("contact", "contact_id", RESOURCE_USER),
	OBJECT("externalIds", buyer_external_ids),
	PLAIN("status", MEMBER_TEXT, "status"),
	PLAIN("icon", MEMBER_TEXT, "icon"),
	OBJECT("address", address),
	PLAIN("taxId", MEMBER_TEXT, "tax_id"),
	LINK("account", "account_id", RESOURCE_ACCOUNT),
	PLAIN("name", MEMBER_TEXT, "name"),
	RECORDS("errors", buyer_error),
	LIST("sellers", RESOURCE_SELLER),
};

MEMBERS(buyer);

/* Sellers are only ever led to by a closed link. */
static const ApitokenMember seller_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
};

MEMBERS(seller);

/* What an audit shows of a user or a token. */
static const ApitokenMember actor_list[] = {
	PLAIN("id", MEMBER_TEXT, "id"),
	AUDIT("audit"),
	META,
	HREF,
	PLAIN("name", MEMBER_TEXT, "name"),
	PLAIN("icon", MEMBER_TEXT, "icon"),
};

MEMBERS(actor);

static const ApitokenResource resources[RESOURCE_KINDS] = {
	[RESOURCE_TOKEN] = {"api-tokens", &token, false},
	[RESOURCE_ACCOUNT] = {"accounts", &account, false},
	[RESOURCE_USER_GROUP] = {"user-groups", &user_group, true},
	[RESOURCE_MODULE] = {"modules", &module, false},
	[RESOURCE_USER] = {"users", &user, false},
	[RESOURCE_BUYER] = {"buyers", &buyer, false},
	[RESOURCE_SELLER] = {"sellers", &seller, false},
	[RESOURCE_USER_ACTOR] = {"users", &actor, false},
	[RESOURCE_TOKEN_ACTOR] = {"api-tokens", &actor, false},
};

/* Each is built at its first use and kept for the life of the process. */
static ApitokenShape *shapes[RESOURCE_KINDS];

static ApitokenShape *BuildShape(const ApitokenMembers *members, const ApitokenResource *resource);

static Oid
ColumnType(ApitokenMemberKind kind)
{
	switch (kind)
	{
		case MEMBER_BOOLEAN:
			return BOOLOID;
		case MEMBER_INSTANT:
			return TIMESTAMPTZOID;
		case MEMBER_UUID:
			return UUIDOID;
		case MEMBER_TEXT_ARRAY:
			return TEXTARRAYOID;
		case MEMBER_NETWORKS:
			return CIDRARRAYOID;
		case MEMBER_JSON:
			return JSONBOID;
		default:
			return TEXTOID;
	}
}

/* Order of jsonb's keys: shorter ones first, then by bytes. */
static int
CompareShapeMembers(const void *left, const void *right)
{
	const ApitokenShapeMember *a = left;
	const ApitokenShapeMember *b = right;

	if (a->name_length != b->name_length)
		return a->name_length - b->name_length;
	return memcmp(a->member->name, b->member->name, a->name_length);
}

/* name is NULL for a column of another table. */
static int
AddColumn(ApitokenLayout *layout, const char *name, Oid type, bool added)
{
	for (int i = 0; i < layout->count && name != NULL; i++)
	{
		if (layout->columns[i].name != NULL && strcmp(layout->columns[i].name, name) == 0)
			return i;
	}

	layout->columns = repalloc(layout->columns, sizeof(ApitokenColumn) * (layout->count + 1));
	layout->columns[layout->count].name = name;
	layout->columns[layout->count].type = type;
	layout->columns[layout->count].added = added;
	return layout->count++;
}

/* An actor's type stands beside its id: created_by_type, created_by_id. */
static const char *
ActorTypeColumn(const char *id_column)
{
	return psprintf("%.*s_type", (int) (strlen(id_column) - strlen("_id")), id_column);
}

static void
AddColumns(ApitokenLayout *layout, const ApitokenMember *member, ApitokenShapeMember *ready)
{
	ready->slot = AddColumn(layout, member->elsewhere ? NULL : member->column,
							ColumnType(member->kind), member->added);
	if (member->kind == MEMBER_ACTOR)
		ready->type_slot = AddColumn(layout, ActorTypeColumn(member->column), TEXTOID,
									 member->added);
}

static void
FillShape(ApitokenShape *shape, ApitokenLayout *layout, const ApitokenMembers *members)
{
	shape->count = members->count;
	shape->members = palloc0(sizeof(ApitokenShapeMember) * members->count);

	for (int i = 0; i < members->count; i++)
	{
		const ApitokenMember *member = &members->list[i];
		ApitokenShapeMember *ready = &shape->members[i];

		ready->member = member;
		ready->name_length = strlen(member->name);
		ready->slot = ready->type_slot = -1;
		if (member->column != NULL)
			AddColumns(layout, member, ready);

		if (member->kind == MEMBER_RECORDS)
			ready->records = BuildShape(member->members, NULL);
		else if (member->members != NULL)
		{
			ready->shape = palloc0(sizeof(ApitokenShape));
			FillShape(ready->shape, layout, member->members);
		}
	}

	qsort(shape->members, shape->count, sizeof(ApitokenShapeMember), CompareShapeMembers);
}

/* Builds the shape of what is a row of its own. */
static ApitokenShape *
BuildShape(const ApitokenMembers *members, const ApitokenResource *resource)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	ApitokenShape *shape = palloc0(sizeof(ApitokenShape));

	shape->resource = resource;
	shape->layout.columns = palloc(sizeof(ApitokenColumn));
	shape->layout.id_slot = AddColumn(&shape->layout, "id", TEXTOID, false);
	FillShape(shape, &shape->layout, members);
	MemoryContextSwitchTo(old);
	return shape;
}

/*
 * Returns the shape of a kind of resource, with the layout of its rows.  It lives
 * as long as the process; nobody changes it.
 */
const ApitokenShape *
apitoken_model_shape(ApitokenResourceKind kind)
{
	if (shapes[kind] == NULL)
		shapes[kind] = BuildShape(resources[kind].members, &resources[kind]);
	return shapes[kind];
}

/* Returns the index of the member of that name in the shape, or -1. */
int
apitoken_model_find_member(const ApitokenShape *shape, const char *name, int length)
{
	for (int i = 0; i < shape->count; i++)
	{
		if (shape->members[i].name_length == length &&
			memcmp(shape->members[i].member->name, name, length) == 0)
			return i;
	}
	return -1;
}

/*
 * Returns the index of the member that a dotted path starts with, or -1: the
 * longest whose name fits, since some names have a dot in them.
 */
int
apitoken_model_find_first(const ApitokenShape *shape, const char *path)
{
	int			found = -1;

	for (int i = 0; i < shape->count; i++)
	{
		const ApitokenShapeMember *member = &shape->members[i];
		char		behind;

		if (strncmp(path, member->member->name, member->name_length) != 0)
			continue;

		/* longer names come later in the shape */
		behind = path[member->name_length];
		if (behind == '\0' || behind == '.')
			found = i;
	}
	return found;
}
