/*-------------------------------------------------------------------------
 *
 * request.c
 *	  What PostgREST tells of the HTTP request.
 *
 * PostgREST sets request.headers and request.jwt.claims, each a JSON object,
 * for the transaction of a request.  Anybody can set them in SQL, so they are
 * only ever taken for what the caller says of himself.
 *
 * src/request.c
 *
 *-------------------------------------------------------------------------
 */
#include "request.h"

#include "errors.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

/* Is it what the JSON is, or says, that the parser cannot take? */
static bool
IsFaultOfJson(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_PROGRAM_LIMIT_EXCEEDED;
}

/*
 * Parses the JSON in a setting.  Whatever makes it unusable, the error is one
 * and the same, and does not show any of it, since a secret may be in it.
 */
static Jsonb *
ParseSetting(const char *setting, const char *json)
{
	MemoryContext context = CurrentMemoryContext;
	Jsonb	   *volatile parsed = NULL;

	/* an option of the connection is any bytes */
	if (!pg_verify_mbstr(PG_UTF8, json, strlen(json), true))
		apitoken_error_setting_json(setting);

	PG_TRY();
	{
		parsed = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (IsFaultOfJson(geterrcode()))
		{
			FlushErrorState();
			apitoken_error_setting_json(setting);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	return parsed;
}

/*
 * Returns the string behind a key of the JSON object that a setting holds, in
 * the current memory context; NULL if the setting is not set, is no object or
 * has no such string.  Raises PT400 if it is not usable JSON.
 */
char *
apitoken_request_member(const char *setting, const char *key)
{
	const char *json = GetConfigOption(setting, true, false);
	Jsonb	   *object;
	JsonbValue	wanted;
	JsonbValue *value;

	/* what was set in an earlier transaction is empty by now, not gone */
	if (json == NULL || json[0] == '\0')
		return NULL;

	object = ParseSetting(setting, json);
	if (!JB_ROOT_IS_OBJECT(object))
		return NULL;

	wanted.type = jbvString;
	wanted.val.string.val = (char *) key;
	wanted.val.string.len = strlen(key);
	value = findJsonbValueFromContainer(&object->root, JB_FOBJECT, &wanted);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}
