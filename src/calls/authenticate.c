/*-------------------------------------------------------------------------
 *
 * authenticate.c
 *	  Authentication with a token's secret.
 *
 * All failures raise one and the same error, after the same work: whatever is
 * wrong, a token is looked for, and a digest is made and compared.  Only the
 * server's log says what it was.  But what is no secret by its checksum, which
 * tells nothing of any token, is refused before anything is read.
 *
 * src/calls/authenticate.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/authenticate.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "apitoken.h"
#include "calls/call.h"
#include "calls/who.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/identity.h"
#include "rights/secret.h"
#include "storage/lmgr.h"
#include "store/fetch.h"
#include "store/store.h"
#include "store/subxact.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* What a token authenticates with. */
typedef struct Credential
{
	bytea	   *digest;
	bool		access_due;		/* is it time to note an access? */
} Credential;

static ApitokenColumn credential_columns[] = {
	{"digest", BYTEAOID, false}, {"last_access_at", TIMESTAMPTZOID, false}
};
static const ApitokenLayout credential_layout = {2, credential_columns, 0};

/* An access that is still to come was noted by a clock that was ahead. */
static bool
IsAccessDue(TimestampTz last, bool never)
{
	TimestampTz now = GetCurrentTimestamp();

	return never ||
		TimestampDifferenceExceeds(last, now, apitoken_last_access_interval * 1000) ||
		TimestampDifferenceExceeds(now, last, 1);
}

/* A digest that no secret has, to compare with where there is none. */
static bytea *
NoDigest(void)
{
	bytea	   *digest = palloc0(VARHDRSZ + APITOKEN_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + APITOKEN_DIGEST_LENGTH);
	return digest;
}

static void
ReceiveCredential(void *argument, int key, Datum *values, bool *isnull)
{
	Credential *credential = argument;

	credential->digest = DatumGetByteaPCopy(values[0]);
	credential->access_due = IsAccessDue(isnull[1] ? 0 : DatumGetTimestampTz(values[1]),
										 isnull[1]);
}

/* Looks for a token's credential; for an account that is NULL as well. */
static Credential
FindCredential(const char *account_id, const char *id)
{
	Credential	credential = {NoDigest(), false};
	Datum		account = CStringGetTextDatum(account_id == NULL ? "" : account_id);
	Datum		token = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&account, &token}};

	apitoken_fetch(LOOKUP_CREDENTIALS, &credential_layout, &keys, 1, ReceiveCredential,
				   &credential);
	return credential;
}

/*
 * Why a secret does not authenticate.  An id is named only if a token has it:
 * what else stands in its place may be a secret of something else.
 */
static const char *
ReasonToRefuse(const ApitokenTokenStatus *token, const char *id, bool equal)
{
	if (token->status == NULL)
		return "The secret is malformed, or of no API token that exists.";
	if (!equal)
		return psprintf("The secret is not that of the API token \"%s\".", id);
	if (strcmp(token->status, "Active") == 0)
		return psprintf("The API token \"%s\" has expired.", id);
	return psprintf("The API token \"%s\" is %s.", id, token->status);
}

/*
 * Notes the access now, unless the credential is locked: whoever holds it is
 * noting an access too.
 */
static void
NoteAccess(const char *account_id, const char *id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(account_id));
	apitoken_store_set_pointer(&arguments, 2, cstring_to_text(id));
	apitoken_store_set(&arguments, 3, Int32GetDatum(apitoken_last_access_interval));
	apitoken_store_run_fresh(STATEMENT_NOTE_ACCESS, &arguments);
}

/* Whose access is noted; for apitoken_subxact_try. */
typedef struct Access
{
	const char *account_id;
	const char *id;
} Access;

static void
NoteThisAccess(void *argument)
{
	const Access *access = argument;

	NoteAccess(access->account_id, access->id);
}

static bool
IsSerializationFailure(int sqlstate, void *argument)
{
	return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/* Takes the lock that writing needs, if that does not mean to wait. */
static bool
LockCredentials(void)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);

	return ConditionalLockRelationOid(get_relname_relid("api_token_credentials", schema),
									  RowExclusiveLock);
}

/*
 * Notes the access if it is due.  Returns whether it still is, and another
 * transaction, which may write, could note it.
 */
static bool
NoteAccessIfDue(const Credential *credential, const char *account_id, const char *id)
{
	if (!credential->access_due || RecoveryInProgress())
		return false;
	if (XactReadOnly)
		return true;
	if (!LockCredentials())
		return false;

	/*
	 * Under one snapshot for the whole transaction, an access that was noted
	 * since that snapshot was taken would make this one fail.  It has been
	 * noted then, and authentication must not fail for it.
	 */
	if (IsolationUsesXactSnapshot())
	{
		Access		access = {account_id, id};

		(void) apitoken_subxact_try(NoteThisAccess, &access, IsSerializationFailure);
	}
	else
		NoteAccess(account_id, id);
	return false;
}

/*
 * The answer
 */

/* {"id", "account": {"id"}, "modules": [{"id", "code"}]} */
static Jsonb *
BuildAnswer(const char *account_id, const char *id, MemoryContext result_context)
{
	ApitokenHeldModules held = apitoken_identity_token_modules(account_id, id);
	MemoryContext old = MemoryContextSwitchTo(result_context);
	StringInfoData buffer;
	ApitokenContainer answer;

	apitoken_jsonb_start_document(&buffer, 256);
	MemoryContextSwitchTo(old);

	apitoken_jsonb_start_object(&answer, &buffer, 3);
	apitoken_jsonb_add_key(&answer, "id");
	apitoken_jsonb_add_key(&answer, "account");
	apitoken_jsonb_add_key(&answer, "modules");
	apitoken_jsonb_add_string(&answer, id, strlen(id));
	apitoken_who_add_account(&answer, account_id);
	apitoken_who_add_modules(&answer, &held);
	apitoken_jsonb_finish(&answer, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/*
 * Authenticates with a secret, length bytes of it.
 *
 * Makes the token the actor until the transaction or savepoint ends, and notes
 * the access if the last note is older than apitoken.last_access_interval and
 * the transaction may write; it does not wait for a lock to do that.  Where it may
 * not, access_due, unless it is NULL, is set to true, else to false.
 *
 * Returns, in the current memory context, the token's id, account and modules.
 * Raises PT401, always the same, if the secret is malformed, unknown, or of a
 * token that is not Active or has expired.
 */
Jsonb *
apitoken_authenticate_secret(const char *secret, int length, bool *access_due)
{
	MemoryContext result_context = CurrentMemoryContext;
	bytea	   *digest;
	const char *found = "";
	int			found_length = 0;
	bool		well_formed = apitoken_secret_find_id(secret, length, &found, &found_length);
	char	   *id = pnstrdup(found, found_length);
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenTokenStatus token;
	Credential	credential;
	bool		equal;
	bool		due;
	Jsonb	   *answer;

	apitoken_error_guard(&guard, true);
	if (apitoken_secret_is_mistyped(secret, length))
		apitoken_error_secret("The secret is malformed: its checksum is wrong.");
	ownership = apitoken_owner_enter();

	digest = apitoken_secret_digest(secret, length);
	/* a token that was disabled since the transaction began must not get in */
	PushActiveSnapshot(GetLatestSnapshot());
	token = apitoken_identity_token_status(id);
	credential = FindCredential(token.account_id, id);
	PopActiveSnapshot();
	equal = apitoken_secret_digests_equal(credential.digest, digest);
	if (!equal || !apitoken_identity_is_active(&token) || !well_formed)
		apitoken_error_secret(ReasonToRefuse(&token, id, equal));

	due = NoteAccessIfDue(&credential, token.account_id, id);
	if (access_due != NULL)
		*access_due = due;
	answer = BuildAnswer(token.account_id, id, result_context);
	apitoken_owner_leave(&ownership);
	apitoken_actor_set("token", id);
	apitoken_error_unguard(&guard);
	return answer;
}

/*
 * Is that what documents show as a token's secret, its masked form, or the secret
 * itself?  Expects SPI to be connected and the tables' owner to be the current role.
 */
bool
apitoken_authenticate_is_token(const char *account_id, const char *id, const char *string)
{
	StringInfoData masked;
	Credential	credential;
	bytea	   *digest;

	initStringInfo(&masked);
	apitoken_secret_append_masked(&masked, cstring_to_text(id));
	if (strcmp(masked.data, string) == 0)
		return true;

	PushActiveSnapshot(GetLatestSnapshot());
	credential = FindCredential(account_id, id);
	PopActiveSnapshot();
	digest = apitoken_secret_digest(string, strlen(string));
	return apitoken_secret_digests_equal(credential.digest, digest);
}

PG_FUNCTION_INFO_V1(apitoken_authenticate);

/*
 * apitoken_authenticate(secret text) returns jsonb: see above; null is as
 * malformed as anything.
 */
Datum
apitoken_authenticate(PG_FUNCTION_ARGS)
{
	text	   *secret = apitoken_call_isnull(fcinfo, 0) ? cstring_to_text("") :
		PG_GETARG_TEXT_PP(0);

	PG_RETURN_JSONB_P(apitoken_authenticate_secret(VARDATA_ANY(secret),
												   VARSIZE_ANY_EXHDR(secret), NULL));
}

PG_FUNCTION_INFO_V1(apitoken_guard);

/*
 * apitoken_guard(module text) returns void: the transaction commits only if its
 * actor is still Active then, and holds the module with that code if it is given.
 *
 * Raises PT401 if nobody acts, PT403 if he does not hold the module; and so does
 * COMMIT.
 */
Datum
apitoken_guard(PG_FUNCTION_ARGS)
{
	char	   *module = apitoken_call_isnull(fcinfo, 0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	ApitokenOwnership ownership = apitoken_owner_enter();
	ApitokenCaller caller;

	PushActiveSnapshot(GetLatestSnapshot());
	if (!apitoken_identity_find(ownership.role, OPERATION_SEE, &caller) || caller.actor.type == NULL)
		apitoken_error_unauthorized();
	PopActiveSnapshot();
	apitoken_acts_identified(&caller);
	apitoken_acts_guard(&caller, module);
	apitoken_owner_leave(&ownership);
	PG_RETURN_VOID();
}
