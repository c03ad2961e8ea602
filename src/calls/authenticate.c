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
#include "request.h"
#include "rights/acts.h"
#include "rights/credential.h"
#include "rights/identity.h"
#include "rights/left_behind.h"
#include "rights/networks.h"
#include "rights/secret.h"
#include "storage/lmgr.h"
#include "store/store.h"
#include "store/subxact.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* An access that is still to come was noted by a clock that was ahead. */
static bool
IsAccessDue(const ApitokenCredential *credential)
{
	TimestampTz last = credential->last_access_at;
	TimestampTz now = GetCurrentTimestamp();

	return !credential->used ||
		TimestampDifferenceExceeds(last, now, apitoken_last_access_interval * 1000) ||
		TimestampDifferenceExceeds(now, last, 1);
}

/* From where a secret came, for the log. */
static const char *
Where(void)
{
	Datum		address = apitoken_request_origin().address;

	return DatumGetPointer(address) == NULL ? "A client whose address is not known" :
		psprintf("The address %s", DatumGetCString(DirectFunctionCall1(inet_out, address)));
}

/*
 * Why a secret does not authenticate, under the active snapshot.  An id is named only if
 * a token has it: what else stands in its place may be a secret of something else.
 */
static const char *
ReasonToRefuse(const ApitokenTokenStatus *token, const char *id,
			   const ApitokenCredential *credential)
{
	if (token->status == NULL)
		return "The secret is malformed, or of no API token that exists.";
	if (!credential->equal)
		return psprintf("The secret is not that of the API token \"%s\".", id);
	if (strcmp(token->status, "Active") != 0)
		return psprintf("The API token \"%s\" is %s.", id, token->status);
	if (apitoken_identity_has_expired(token))
		return psprintf("The API token \"%s\" has expired.", id);
	if (apitoken_left_behind_by_account(token))
		return psprintf("The account of the API token \"%s\" is Disabled.", id);
	if (apitoken_left_behind(token))
		return psprintf("Whoever created the API token \"%s\" is no longer there.", id);
	if (!apitoken_networks_allow(token))
		return psprintf("%s is in no network that the API token \"%s\", or its account, may be used from.",
						Where(), id);
	return psprintf("The secret is one that the API token \"%s\" had before.", id);
}

/* An access, and by which secret; for apitoken_subxact_try. */
typedef struct Access
{
	const ApitokenTokenStatus *token;
	const char *id;
	const ApitokenCredential *credential;
} Access;

/*
 * Notes the access now, unless the credential is locked: whoever holds it is
 * noting an access too.
 */
static void
NoteAccess(void *argument)
{
	const Access *access = argument;
	ApitokenArguments arguments;
	ApitokenUse use;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, access->token->account_id);
	apitoken_store_set_text(&arguments, 2, access->id);
	apitoken_store_set(&arguments, 3, Int32GetDatum(apitoken_last_access_interval));
	if (!apitoken_store_has_column("api_token_credentials", "last_access_via"))
	{
		apitoken_store_run_fresh(STATEMENT_NOTE_ACCESS, &arguments);
		return;
	}
	use = apitoken_request_use();
	apitoken_store_set_pointer(&arguments, 4, DatumGetPointer(apitoken_request_origin().address));
	apitoken_store_set_text(&arguments, 5, use.via);
	apitoken_store_set_text(&arguments, 6, use.mode);
	apitoken_store_run_fresh(STATEMENT_NOTE_USE, &arguments);
	if (access->token->secret_number > 0)
	{
		apitoken_store_set(&arguments, 7, Int32GetDatum(access->credential->number));
		apitoken_store_run_fresh(STATEMENT_NOTE_SECRET_ACCESS, &arguments);
	}
}

static bool
IsSerializationFailure(int sqlstate, void *argument)
{
	return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/* Takes the locks that writing needs, if that does not mean to wait. */
static bool
LockCredentials(const Access *access)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);

	return ConditionalLockRelationOid(get_relname_relid("api_token_credentials", schema),
									  RowExclusiveLock) &&
		(access->token->secret_number == 0 ||
		 ConditionalLockRelationOid(get_relname_relid("api_token_secrets", schema),
									RowExclusiveLock));
}

/*
 * Notes the access if it is due.  Returns whether it still is, and another
 * transaction, which may write, could note it.
 */
static bool
NoteAccessIfDue(Access *access)
{
	if (!IsAccessDue(access->credential) || RecoveryInProgress())
		return false;
	if (XactReadOnly)
		return true;
	if (!LockCredentials(access))
		return false;

	/*
	 * Under one snapshot for the whole transaction, an access that was noted
	 * since that snapshot was taken would make this one fail.  It has been
	 * noted then, and authentication must not fail for it.
	 */
	if (IsolationUsesXactSnapshot())
		(void) apitoken_subxact_try(NoteAccess, access, IsSerializationFailure);
	else
		NoteAccess(access);
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
 * token that is not Active, has expired, is left behind or may not be used from there.
 */
Jsonb *
apitoken_authenticate_secret(const char *secret, int length, bool *access_due)
{
	MemoryContext result_context = CurrentMemoryContext;
	bytea	   *digest;
	char	   *id;
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenTokenStatus token;
	ApitokenCredential credential;
	Access		access = {&token, NULL, &credential};
	bool		together;
	bool		due;
	Jsonb	   *answer;

	apitoken_error_guard(&guard, true);
	apitoken_error_tell_refusals();
	if (apitoken_secret_is_mistyped(secret, length))
		apitoken_error_secret("The secret is malformed: its checksum is wrong.");
	ownership = apitoken_owner_enter();

	digest = apitoken_secret_digest(secret, length);
	/* a token that was disabled since the transaction began must not get in */
	PushActiveSnapshot(GetLatestSnapshot());
	id = MemoryContextStrdup(result_context,
							 apitoken_credential_token_id(secret, length, digest));
	together = apitoken_identity_begin(id);
	token = apitoken_identity_token_of_secret(id, digest);
	credential = apitoken_credential_find(&token, id, digest);
	if (!credential.equal || !apitoken_identity_accepts(&token, credential.number))
	{
		apitoken_credential_refuse(&token, id);
		apitoken_error_secret(ReasonToRefuse(&token, id, &credential));
	}
	/* what was read together is of that snapshot, its modules too */
	if (!together)
		PopActiveSnapshot();

	access.id = id;
	due = NoteAccessIfDue(&access);
	if (access_due != NULL)
		*access_due = due;
	answer = BuildAnswer(token.account_id, id, result_context);
	apitoken_identity_end(together);
	if (together)
		PopActiveSnapshot();
	apitoken_owner_leave(&ownership);
	apitoken_actor_set_token(id, credential.number);
	apitoken_error_unguard(&guard);
	return answer;
}

/*
 * Is that what documents show as a token's secret, its masked form, or the secret
 * itself?  Expects SPI to be connected and the tables' owner to be the current role.
 */
bool
apitoken_authenticate_is_token(const char *id, const char *string)
{
	StringInfoData masked;
	ApitokenTokenStatus token;
	ApitokenCredential credential;

	initStringInfo(&masked);
	apitoken_secret_append_masked(&masked, cstring_to_text(id));
	if (strcmp(masked.data, string) == 0)
		return true;
	apitoken_error_secret_given();

	PushActiveSnapshot(GetLatestSnapshot());
	token = apitoken_identity_token_status(id);
	credential = apitoken_credential_find(&token, id,
										  apitoken_secret_digest(string, strlen(string)));
	PopActiveSnapshot();
	return credential.equal && credential.number == token.secret_number &&
		!apitoken_secret_is_too_long(strlen(string));
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
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenCaller caller;

	apitoken_error_guard(&guard, false);
	ownership = apitoken_owner_enter();
	PushActiveSnapshot(GetLatestSnapshot());
	if (!apitoken_identity_find(ownership.role, OPERATION_SEE, &caller) || caller.actor.type == NULL)
		apitoken_error_unauthorized();
	PopActiveSnapshot();
	apitoken_acts_identified(&caller);
	apitoken_acts_guard(&caller, module);
	apitoken_owner_leave(&ownership);
	apitoken_error_unguard(&guard);
	PG_RETURN_VOID();
}
