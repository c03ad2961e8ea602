/*-------------------------------------------------------------------------
 *
 * self.c
 *	  What a token is shown that may read nothing but itself.
 *
 * Whoever holds a secret can ask whether it is one, and for what.  He is shown the
 * token and its modules, and of its account what a list of tokens shows: nobody
 * who made or changed them, and no group.
 *
 * src/document/self.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/self.h"

#include "lib/stringinfo.h"

/* Nobody else, be it a user or another token. */
#define OTHERS "-audit.created.by,-audit.updated.by,-modules.audit"

static bool
IsShownOfAccount(const ApitokenMember *member)
{
	static const char *const shown[] = {"id", "href", "type", "status", "name", "icon"};

	if (member->kind == MEMBER_META)
		return true;
	for (int i = 0; i < (int) lengthof(shown); i++)
	{
		if (strcmp(member->name, shown[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Returns what the caller is shown of what is asked for by fields (NULL:
 * everything), in the current memory context: all of it, unless he may read
 * nothing but himself.
 */
ApitokenFields *
apitoken_self_fields(const ApitokenCaller *caller, ApitokenFields *fields)
{
	const ApitokenShape *account = apitoken_model_shape(RESOURCE_ACCOUNT);
	StringInfoData hidden;

	if (!caller->only_self)
		return fields;

	initStringInfo(&hidden);
	appendStringInfoString(&hidden, OTHERS);
	for (int i = 0; i < account->count; i++)
	{
		if (!IsShownOfAccount(account->members[i].member))
			appendStringInfo(&hidden, ",-account.%s", account->members[i].member->name);
	}
	return apitoken_fields_add(fields, hidden.data, hidden.len);
}
