/*-------------------------------------------------------------------------
 *
 * credential.c
 *	  Is it a token's secret, and which of them?
 *
 * A token's secrets are numbered: the first one, which it was made with, is 0, and
 * each rotation makes the next.  The digest of the first is in api_token_credentials;
 * once there was a rotation, all that may still count are in api_token_secrets.  Which
 * ones do is for the token's own row to say: see apitoken_identity_accepts.  So
 * nothing that takes a secret away has to wait for whoever is using it.
 *
 * A secret says which token it is of.  Those that were brought along from elsewhere may
 * not: by their digests api_token_foreign_secrets has the tokens, and nothing else is
 * looked for there.
 *
 * src/rights/credential.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/credential.h"

#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "rights/secret.h"
#include "store/fetch.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* A secret, while it is looked for. */
typedef struct Secret
{
	int			number;
	bytea	   *digest;
	bool		used;
	TimestampTz last_access_at;
} Secret;

/* The current one, and the one before. */
typedef struct Secrets
{
	Secret		current;
	Secret		old;
} Secrets;

static ApitokenColumn first_columns[] = {
	{"digest", BYTEAOID, false}, {"last_access_at", TIMESTAMPTZOID, false}
};
static ApitokenColumn secret_columns[] = {
	{"digest", BYTEAOID, false}, {"last_access_at", TIMESTAMPTZOID, false}, {"number", INT4OID, false}
};
static ApitokenColumn foreign_columns[] = {{"api_token_id", TEXTOID, false}};
static const ApitokenLayout foreign_layout = {1, foreign_columns, 0};
static const ApitokenLayout first_layout = {2, first_columns, 0};
static const ApitokenLayout secret_layout = {3, secret_columns, 0};

/* Is there such a table?  The tables may be older than the library. */
static bool
HasTable(const char *name)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, true);

	return OidIsValid(schema) && OidIsValid(get_relname_relid(name, schema));
}

/* Can secrets be changed? */
bool
apitoken_credential_rotates(void)
{
	return HasTable("api_token_secrets");
}

static void
ReceiveForeign(void *argument, int key, Datum *values, bool *isnull)
{
	*(char **) argument = TextDatumGetCString(values[0]);
}

/* The id of the token whose secret of a foreign form has that digest; "" for none. */
static char *
FindForeign(const bytea *digest)
{
	char		digits[2 * APITOKEN_DIGEST_LENGTH];
	Datum		key;
	ApitokenKeys keys = {1, {&key}};
	char	   *id = pstrdup("");

	if (!HasTable("api_token_foreign_secrets"))
		return id;
	(void) hex_encode(VARDATA_ANY(digest), APITOKEN_DIGEST_LENGTH, digits);
	key = PointerGetDatum(cstring_to_text_with_len(digits, sizeof(digits)));
	apitoken_fetch(LOOKUP_FOREIGN_SECRETS, &foreign_layout, &keys, 1, ReceiveForeign, &id);
	return id;
}

/*
 * Returns the id of the token whose secret that may be, length bytes with that digest:
 * the one that it names or, if it has another form, the one that was brought along with
 * it.  "" for none.  Under the active snapshot, in the current memory context.  Expects
 * SPI to be connected and the tables' owner to be the current role.
 */
char *
apitoken_credential_token_id(const char *secret, int length, const bytea *digest)
{
	const char *id;
	int			id_length;
	char	   *foreign;

	if (apitoken_secret_find_id(secret, length, &id, &id_length))
		return pnstrdup(id, id_length);
	foreign = FindForeign(digest);

	/*
	 * after the same work: none is none, and what is too long may begin with
	 * one
	 */
	return apitoken_secret_is_blank(secret, length) || apitoken_secret_is_too_long(length) ?
		pstrdup("") : foreign;
}

/* One whose digest no secret has, to compare with where there is none. */
static Secret
NoSecret(int number)
{
	Secret		secret = {number, palloc0(VARHDRSZ + APITOKEN_DIGEST_LENGTH), false, 0};

	SET_VARSIZE(secret.digest, VARHDRSZ + APITOKEN_DIGEST_LENGTH);
	return secret;
}

static void
Receive(Secret *secret, const Datum *values, const bool *isnull)
{
	secret->digest = DatumGetByteaPCopy(values[0]);
	secret->used = !isnull[1];
	secret->last_access_at = isnull[1] ? 0 : DatumGetTimestampTz(values[1]);
}

static void
ReceiveFirst(void *argument, int key, Datum *values, bool *isnull)
{
	Receive(&((Secrets *) argument)->current, values, isnull);
}

static void
ReceiveSecret(void *argument, int key, Datum *values, bool *isnull)
{
	Secrets    *secrets = argument;
	int			number = DatumGetInt32(values[2]);

	if (number == secrets->current.number)
		Receive(&secrets->current, values, isnull);
	else if (number == secrets->old.number)
		Receive(&secrets->old, values, isnull);
}

/*
 * Looks for the digest among those of the secrets of a token: the current one and the
 * one before, whether they count or not.  Under the active snapshot, under which the
 * token was found; the same work is done for one that was not.
 */
ApitokenCredential
apitoken_credential_find(const ApitokenTokenStatus *token, const char *id, const bytea *digest)
{
	Datum		account = CStringGetTextDatum(token->account_id == NULL ? "" : token->account_id);
	Datum		token_id = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&account, &token_id}};
	Secrets		secrets = {NoSecret(token->secret_number), NoSecret(token->secret_number - 1)};
	bool		is_current;
	bool		is_old;
	const Secret *found;
	ApitokenCredential credential;

	if (token->secret_number == 0)
		apitoken_fetch_by_secret(LOOKUP_CREDENTIALS, &first_layout, &keys, token->digest,
								 ReceiveFirst, &secrets);
	else
		apitoken_fetch(LOOKUP_SECRETS, &secret_layout, &keys, PG_INT32_MAX, ReceiveSecret,
					   &secrets);

	is_current = apitoken_secret_digests_equal(secrets.current.digest, digest);
	is_old = apitoken_secret_digests_equal(secrets.old.digest, digest);
	found = is_old ? &secrets.old : &secrets.current;
	credential.equal = is_current || is_old;
	credential.number = found->number;
	credential.used = found->used;
	credential.last_access_at = found->last_access_at;
	return credential;
}

/*
 * To be called when the secret is refused that has led to the token: whoever tries it
 * again is not to learn from the time that it takes whether it has led to one.
 */
void
apitoken_credential_refuse(const ApitokenTokenStatus *token, const char *id)
{
	Datum		account = CStringGetTextDatum(token->account_id == NULL ? "" : token->account_id);
	Datum		token_id = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&account, &token_id}};

	apitoken_fetch_forget(LOOKUP_CREDENTIALS, &keys, token->digest);
	apitoken_identity_refuse(token, id);
}
