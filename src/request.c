/*-------------------------------------------------------------------------
 *
 * request.c
 *	  What PostgREST tells of the HTTP request.
 *
 * PostgREST sets request.headers and request.jwt.claims, each a JSON object,
 * for the transaction of a request.  Anybody can set them in SQL, so they are
 * only ever taken for what the caller says of himself; but for where a request comes
 * from, in sessions of the role that the proxy's requests come in by.
 *
 * src/request.c
 *
 *-------------------------------------------------------------------------
 */
#include "request.h"

#include "apitoken.h"
#include "errors.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "redact.h"
#include "utils/acl.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

/* Is it what the text is, or says, that the parser cannot take? */
static bool
IsFaultOfText(int sqlstate)
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
		if (IsFaultOfText(geterrcode()))
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
 * The JSON object that a setting holds, in the current memory context; NULL if it is not
 * set, or is no object.  Raises PT400 if it is not usable JSON.
 */
static Jsonb *
ReadSetting(const char *setting)
{
	const char *json = GetConfigOption(setting, true, false);
	Jsonb	   *object;

	/* what was set in an earlier transaction is empty by now, not gone */
	if (json == NULL || json[0] == '\0')
		return NULL;

	object = ParseSetting(setting, json);
	return JB_ROOT_IS_OBJECT(object) ? object : NULL;
}

/* The string behind a key of an object, which may be NULL; NULL if it has none. */
static char *
StringOf(Jsonb *object, const char *key)
{
	JsonbValue	wanted;
	JsonbValue *value;

	if (object == NULL)
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
 * Returns the string behind a key of the JSON object that a setting holds, in
 * the current memory context; NULL if the setting is not set, is no object or
 * has no such string.  Raises PT400 if it is not usable JSON.
 */
char *
apitoken_request_member(const char *setting, const char *key)
{
	return StringOf(ReadSetting(setting), key);
}

/*
 * Where a call comes from
 */

/*
 * The headers in which the proxy hands on where a request comes from, and its id;
 * PostgREST has their names in lower case.
 */
#define ADDRESS_HEADER "x-apitoken-client"
#define REQUEST_HEADER "x-request-id"

/* A request's id has no more characters. */
#define MAX_REQUEST_ID 100

/*
 * Was this session opened by the role of that name?  By none if it is empty, or there is
 * no such role.
 */
bool
apitoken_request_session_is_of(const char *role)
{
	return role[0] != '\0' && get_role_oid(role, true) == GetSessionUserId();
}

/* Was it opened by the role whose proxy is believed? */
static bool
IsVouchedFor(void)
{
	return apitoken_request_session_is_of(apitoken_proxy_authenticator);
}

/* The one address in a string; 0 if it is none, as of a network, which stops nobody. */
static Datum
ParseAddress(const char *string)
{
	MemoryContext context = CurrentMemoryContext;
	volatile Datum address = (Datum) 0;

	if (strchr(string, '/') != NULL)
		return address;

	PG_TRY();
	{
		address = DirectFunctionCall1(inet_in, CStringGetDatum(string));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (!IsFaultOfText(geterrcode()))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return address;
}

/* What a proxy makes is of visible characters, none of them beyond ASCII. */
static bool
IsRequestId(const char *string)
{
	int			length = strlen(string);

	for (int i = 0; i < length; i++)
	{
		if (string[i] < 0x21 || string[i] > 0x7e)
			return false;
	}
	return length > 0 && length <= MAX_REQUEST_ID;
}

/* What the trail keeps of a request's id, without a secret; NULL: it is none. */
static const char *
ShownRequestId(const char *string)
{
	const char *shown;

	if (string == NULL || !IsRequestId(string))
		return NULL;
	shown = apitoken_redact(string);
	/* a mask may make it longer */
	return IsRequestId(shown) ? shown : NULL;
}

static Datum
ConnectionAddress(void)
{
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	return inet_client_addr(fcinfo);
}

/*
 * Returns where a call comes from, in the current memory context: the connection's
 * address; in sessions of the role apitoken.proxy_authenticator what the proxy says, and
 * that alone.  Raises PT400 if the headers are not usable JSON there.
 */
ApitokenOrigin
apitoken_request_origin(void)
{
	ApitokenOrigin origin = {0};
	Jsonb	   *headers;
	char	   *address;

	if (!IsVouchedFor())
	{
		origin.address = ConnectionAddress();
		return origin;
	}
	headers = ReadSetting("request.headers");
	address = StringOf(headers, ADDRESS_HEADER);
	if (address != NULL)
		origin.address = ParseAddress(address);
	origin.request_id = ShownRequestId(StringOf(headers, REQUEST_HEADER));
	return origin;
}

/*
 * How the session is used
 */

static bool
Is(const char *setting, const char *wanted)
{
	const char *value = GetConfigOption(setting, true, false);

	return value != NULL && strcmp(value, wanted) == 0;
}

/*
 * Returns how the session is used: over HTTP in sessions of a role that PostgREST logs in
 * by, for a request, of which the method tells whether it reads; else by SQL, where nobody
 * knows what will be done.
 */
ApitokenUse
apitoken_request_use(void)
{
	ApitokenUse use = {"sql", NULL};
	const char *method = GetConfigOption("request.method", true, false);

	if (method == NULL || method[0] == '\0' ||
		(!IsVouchedFor() && !apitoken_request_session_is_of(apitoken_jwt_authenticator)))
		return use;
	use.via = "http";
	use.mode = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
		Is("request.path", APITOKEN_NOTE_PATH) ? "read" : "write";
	return use;
}
