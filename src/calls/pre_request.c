/*-------------------------------------------------------------------------
 *
 * pre_request.c
 *	  The function that PostgREST calls before each request.
 *
 * src/calls/pre_request.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/authenticate.h"
#include "errors.h"
#include "fmgr.h"
#include "request.h"
#include "rights/identity.h"
#include "utils/guc.h"

/*
 * The header in which the proxy hands the secret on; PostgREST has the names
 * of headers in lower case.  PostgREST takes the usual one, Authorization, for
 * a JWT alone.
 */
#define SECRET_HEADER "x-apitoken-secret"

/* The header that tells the proxy that a call is due which may write. */
#define ACCESS_HEADER "X-Apitoken-Access"

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

/* The one call for which nobody has to act, as PostgREST names it. */
#define ANONYMOUS_PATH "/rpc/apitoken_revoke"

static bool
IsAnonymous(void)
{
	const char *path = GetConfigOption("request.path", true, false);

	return path != NULL && strcmp(path, ANONYMOUS_PATH) == 0;
}

/* Raises PT401 if nobody acts: neither a JWT's user nor a trusted role. */
static void
RequireCaller(void)
{
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenCaller caller;

	if (!apitoken_identity_find(ownership.role, OPERATION_SEE, &caller))
		apitoken_error_unauthorized();
	apitoken_owner_leave(&ownership);
}

PG_FUNCTION_INFO_V1(apitoken_pre_request);

/*
 * apitoken_pre_request() returns void: for PostgREST's db-pre-request.
 *
 * Authenticates with the secret that the proxy handed on; without one, a JWT's
 * user or a trusted role must act.  An access that is due, but cannot be noted in
 * the read-only transaction of a read, becomes the answer's header ACCESS_HEADER.
 * For a revocation nobody has to act, and nobody does.  Raises PT401, and PostgREST does
 * not run the request then.
 */
Datum
apitoken_pre_request(PG_FUNCTION_ARGS)
{
	ErrorContextCallback guard;
	char	   *secret;
	bool		access_due = false;

	if (IsAnonymous())
		PG_RETURN_VOID();

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
