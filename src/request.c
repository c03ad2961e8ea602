/*-------------------------------------------------------------------------
 *
 * request.c
 *	  What PostgREST tells of the HTTP request, and the function that it calls
 *	  before each.
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

#include "calls/authenticate.h"
#include "errors.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "rights/identity.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

/*
 * The header in which the proxy hands the secret on; PostgREST has the names
 * of headers in lower case.  PostgREST takes the usual one, Authorization, for
 * a JWT alone.
 */
#define SECRET_HEADER "x-apitoken-secret"

/* The header that tells the proxy that a call is due which may write. */
#define ACCESS_HEADER "X-Apitoken-Access"

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

/*
 * Tells the proxy, by a header of the answer, that an access is to be noted, which
 * this transaction may not write; see deploy/nginx.  Where somebody else has set
 * headers, they stay as they are.
 */
static void
AskForNote(void)
{
	const char *headers = GetConfigOption("response.headers", true, false);

	if (headers == NULL || headers[0] == '\0')
		(void) set_config_option("response.headers", "[{\"" ACCESS_HEADER "\": \"due\"}]",
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, ERROR,
								 false);
}

/* Raises PT401 if nobody acts: neither a JWT's user nor a trusted role. */
static void
RequireCaller(void)
{
	ApitokenOwnership ownership = apitoken_identity_enter();
	ApitokenCaller caller;

	if (!apitoken_identity_visible(ownership.role, OPERATION_SEE, &caller))
		apitoken_error_unauthorized();
	apitoken_identity_leave(&ownership);
}

PG_FUNCTION_INFO_V1(apitoken_pre_request);

/*
 * apitoken_pre_request() returns void: for PostgREST's db-pre-request.
 *
 * Authenticates with the secret that the proxy handed on; without one, a JWT's
 * user or a trusted role must act.  An access that is due, but cannot be noted in
 * the read-only transaction of a read, becomes the answer's header ACCESS_HEADER.
 * Raises PT401, and PostgREST does not run the request then.
 */
Datum
apitoken_pre_request(PG_FUNCTION_ARGS)
{
	ErrorContextCallback guard;
	char	   *secret;
	bool		access_due = false;

	/* whatever is wrong with the headers, there may be a secret in them */
	apitoken_error_guard(&guard, true);
	secret = apitoken_request_member("request.headers", SECRET_HEADER);
	if (secret != NULL)
		(void) apitoken_authenticate_secret(secret, strlen(secret), &access_due);
	else
		RequireCaller();
	if (access_due)
		AskForNote();
	apitoken_error_unguard(&guard);
	PG_RETURN_VOID();
}
