/*-------------------------------------------------------------------------
 *
 * revoke.c
 *	  Revoking secrets: whoever holds one may end it, with nothing else in hand.
 *
 * A secret that is revoked never counts again.  If it is the one that its token has,
 * the token is Disabled, and is enabled only when it has another one; if it is the one
 * before, the token goes on with its own.  Its digest is kept for good, whatever becomes
 * of the token: nobody brings it along again.
 *
 * The caller is told nothing: neither whether they were secrets, nor whose.  A row is
 * locked only for what is one, so that nobody else can keep it.
 *
 * src/calls/revoke.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/call.h"
#include "calls/trail.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rights/acts.h"
#include "rights/credential.h"
#include "rights/secret.h"
#include "store/distribution.h"
#include "store/gates.h"
#include "store/ids.h"
#include "store/scan.h"
#include "store/trigger_row.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* More are not taken at a time. */
#define MAX_SECRETS 1000

/* For no more tokens others wait for their turn: each account's takes a lock. */
#define MAX_TURNS 200

/* A secret that was given, and the token whose it is. */
typedef struct Revoked
{
	const char *id;
	bytea	   *digest;
	bool		found;			/* is it one of a token's? */
	ApitokenTokenStatus token;
	bool		current;		/* is it the one that the token has? */
} Revoked;

/* Is there still something to revoke?  What is dead leaves nothing in the trail. */
static bool
Counts(const Revoked *revoked)
{
	if (strcmp(revoked->token.status, "Deleted") == 0)
		return false;
	return revoked->current ? !revoked->token.revoked : revoked->token.old_until != DT_NOBEGIN;
}

/* Looks whose it is, under the active snapshot. */
static Revoked *
FindRevoked(const text *secret)
{
	const char *bytes = VARDATA_ANY(secret);
	int			length = VARSIZE_ANY_EXHDR(secret);
	Revoked    *revoked = palloc(sizeof(Revoked));
	ApitokenCredential credential;

	revoked->digest = apitoken_secret_digest(bytes, length);
	revoked->id = apitoken_credential_token_id(bytes, length, revoked->digest);
	revoked->token = apitoken_identity_token_status(revoked->id);
	credential = apitoken_credential_find(&revoked->token, revoked->id, revoked->digest);
	revoked->current = credential.number == revoked->token.secret_number;
	revoked->found = credential.equal;
	return revoked;
}

/* Is the same secret among these? */
static bool
IsAmong(const List *list, const Revoked *revoked)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		const Revoked *other = lfirst(cell);

		if (other->current == revoked->current && strcmp(other->id, revoked->id) == 0)
			return true;
	}
	return false;
}

/* Is the same token among these? */
static bool
HasToken(const List *list, const Revoked *revoked)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		if (strcmp(((const Revoked *) lfirst(cell))->id, revoked->id) == 0)
			return true;
	}
	return false;
}

/* Looks for the tokens, as things are now; what cannot be a secret is left out. */
static List *
FindAll(Datum *secrets, const bool *isnull, int count)
{
	List	   *looked_up = NIL;

	PushActiveSnapshot(GetLatestSnapshot());
	for (int i = 0; i < count; i++)
	{
		const text *secret = isnull[i] ? NULL : DatumGetTextPP(secrets[i]);

		CHECK_FOR_INTERRUPTS();
		if (secret != NULL &&
			!apitoken_secret_is_mistyped(VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret)))
			looked_up = lappend(looked_up, FindRevoked(secret));
	}
	PopActiveSnapshot();
	return looked_up;
}

static bool
AnyFound(const List *looked_up)
{
	ListCell   *cell;

	foreach(cell, looked_up)
	{
		if (((const Revoked *) lfirst(cell))->found)
			return true;
	}
	return false;
}

/* Those whose secret still counts, each once. */
static List *
Counting(const List *looked_up)
{
	List	   *counting = NIL;
	ListCell   *cell;

	foreach(cell, looked_up)
	{
		Revoked    *revoked = lfirst(cell);

		if (revoked->found && Counts(revoked) && !IsAmong(counting, revoked))
			counting = lappend(counting, revoked);
	}
	return counting;
}

/*
 * Keeps the digests of those that are secrets.  The others' are looked for as well: what
 * was revoked before takes as long as what never was one.
 */
static void
AddDigests(const ApitokenCaller *caller, const List *looked_up)
{
	int			count = list_length(looked_up);
	Datum	   *digests = palloc(sizeof(Datum) * Max(count, 1));
	Datum	   *found = palloc(sizeof(Datum) * Max(count, 1));
	ApitokenArguments arguments;
	ListCell   *cell;

	foreach(cell, looked_up)
	{
		const Revoked *revoked = lfirst(cell);

		digests[foreach_current_index(cell)] = PointerGetDatum(revoked->digest);
		found[foreach_current_index(cell)] = BoolGetDatum(revoked->found);
	}
	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1,
							   construct_array(digests, count, BYTEAOID, -1, false, TYPALIGN_INT));
	apitoken_store_set_pointer(&arguments, 2,
							   construct_array(found, count, BOOLOID, 1, true, TYPALIGN_CHAR));
	(void) apitoken_identity_write_as(caller, STATEMENT_ADD_REVOKED_DIGESTS, &arguments, true);
}

/* The ids of those whose current secret it is, of the others, or of both, as an array. */
static ArrayType *
Ids(List *found, bool current, bool old)
{
	Datum	   *ids = palloc(sizeof(Datum) * Max(list_length(found), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, found)
	{
		const Revoked *revoked = lfirst(cell);

		if (revoked->current ? current : old)
			ids[count++] = CStringGetTextDatum(revoked->id);
	}
	return apitoken_ids_array(ids, count);
}

static void
Write(const ApitokenCaller *caller, ApitokenStatement statement, ArrayType *array)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, array);
	(void) apitoken_identity_write_as(caller, statement, &arguments, true);
}

/* The accounts of those tokens, of no more than MAX_TURNS. */
static List *
AccountsOf(const List *found)
{
	List	   *accounts = NIL;
	ListCell   *cell;

	foreach(cell, found)
	{
		if (foreach_current_index(cell) < MAX_TURNS)
			accounts = lappend(accounts,
							   unconstify(char *, ((const Revoked *) lfirst(cell))->token.account_id));
	}
	return accounts;
}

static int
CompareRevoked(const ListCell *left, const ListCell *right)
{
	return strcmp(((const Revoked *) lfirst(left))->id, ((const Revoked *) lfirst(right))->id);
}

/* Locks the tokens' rows, each where it is, in the order of their ids. */
static void
LockDistributed(List *found)
{
	ListCell   *cell;

	list_sort(found, CompareRevoked);
	foreach(cell, found)
	{
		const Revoked *revoked = lfirst(cell);
		ApitokenArguments arguments;

		CHECK_FOR_INTERRUPTS();
		apitoken_store_clear(&arguments);
		apitoken_store_set_text(&arguments, 1, revoked->id);
		apitoken_store_set(&arguments, 2, BoolGetDatum(true));
		apitoken_store_set_text(&arguments, 4, revoked->token.account_id);
		(void) apitoken_store_run_latest(STATEMENT_LOCK_TOKEN, &arguments);
	}
}

/* Revokes each where it is. */
static void
WriteDistributed(const ApitokenCaller *caller, List *counting)
{
	ListCell   *cell;

	foreach(cell, counting)
	{
		const Revoked *revoked = lfirst(cell);
		Datum		id = CStringGetTextDatum(revoked->id);
		ApitokenArguments arguments;

		CHECK_FOR_INTERRUPTS();
		apitoken_store_clear(&arguments);
		apitoken_store_set_pointer(&arguments, 1, apitoken_ids_array(&id, 1));
		apitoken_store_set_text(&arguments, 2, revoked->token.account_id);
		(void) apitoken_trail_write_as(caller, revoked->current ? STATEMENT_REVOKE_SECRETS :
									   STATEMENT_REVOKE_OLD_SECRETS, &arguments,
									   revoked->token.account_id, revoked->id);
	}
}

/*
 * Locks the tokens' rows, in the order of their ids.  Nobody who comes later overtakes
 * who takes a token's life: see gates.c.
 */
static void
LockAll(List *found)
{
	List	   *accounts = AccountsOf(found);
	ApitokenArguments arguments;
	ListCell   *cell;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, Ids(found, true, true));
	foreach(cell, accounts)
		apitoken_gates_take_turn(GATE_TURN, lfirst(cell));
	(void) apitoken_store_run_latest(STATEMENT_LOCK_REVOKED, &arguments);
	foreach(cell, accounts)
		apitoken_gates_end_turn(GATE_TURN, lfirst(cell));
}

/* Those whose token is not among the locked ones. */
static List *
Unlocked(const List *counting, const List *locked)
{
	List	   *unlocked = NIL;
	ListCell   *cell;

	foreach(cell, counting)
	{
		if (!HasToken(locked, lfirst(cell)))
			unlocked = lappend(unlocked, lfirst(cell));
	}
	return unlocked;
}

/*
 * Finds whose secrets they are, and locks the tokens.  What they are by then is asked when
 * nobody can change it any more; and what a rotation that was waited for has made a secret
 * of another token meanwhile, is locked and looked at again.
 */
static List *
FindAndLock(Datum *secrets, const bool *isnull, int count)
{
	List	   *locked = NIL;

	for (;;)
	{
		List	   *looked_up = FindAll(secrets, isnull, count);
		List	   *unlocked = Unlocked(Counting(looked_up), locked);

		/* nobody is asked whether he may, so nobody may stay */
		if (AnyFound(looked_up))
			apitoken_acts_limit_time();
		if (unlocked == NIL)
			return looked_up;
		if (apitoken_distribution_is_ready())
			LockDistributed(unlocked);
		else
			LockAll(unlocked);
		locked = list_concat(locked, unlocked);
	}
}

static void
Revoke(const ApitokenCaller *caller, Datum *secrets, const bool *isnull, int count)
{
	List	   *looked_up = FindAndLock(secrets, isnull, count);
	List	   *counting = Counting(looked_up);

	AddDigests(caller, looked_up);
	if (counting == NIL)
		return;
	if (apitoken_distribution_is_ready())
	{
		WriteDistributed(caller, counting);
		return;
	}
	Write(caller, STATEMENT_REVOKE_OLD_SECRETS, Ids(counting, false, true));
	Write(caller, STATEMENT_REVOKE_SECRETS, Ids(counting, true, false));
}

PG_FUNCTION_INFO_V1(apitoken_revoke);

/*
 * apitoken_revoke(secrets text[], reason text) returns void: these secrets never
 * authenticate again; what is none is left out.  Nobody has to act, and nobody does it as.
 *
 * Raises PT400 for null and for more than MAX_SECRETS, and for a reason that is too long;
 * 25006 in a read-only transaction.
 */
Datum
apitoken_revoke(PG_FUNCTION_ARGS)
{
	ErrorContextCallback guard;
	ApitokenOwnership ownership;
	ApitokenCaller caller;
	const char *reason;
	Datum	   *secrets = NULL;
	bool	   *isnull = NULL;
	int			count = 0;

	apitoken_error_guard(&guard, true);
	if (apitoken_call_isnull(fcinfo, 0))
		apitoken_error_secrets("is null", MAX_SECRETS);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &secrets,
					  &isnull, &count);
	if (count > MAX_SECRETS)
		apitoken_error_secrets("is too long", MAX_SECRETS);
	reason = apitoken_call_reason(fcinfo, 1);
	PreventCommandIfReadOnly("UPDATE");

	ownership = apitoken_owner_enter();
	caller = apitoken_identity_role(ownership.role, OPERATION_SEE);
	caller.everywhere = true;
	caller.reason = reason;
	Revoke(&caller, secrets, isnull, count);
	apitoken_owner_leave(&ownership);
	apitoken_error_unguard(&guard);
	PG_RETURN_VOID();
}

/*
 * Was the secret revoked that a row has?  Mostly it was not, and nothing else is read.
 * Whoever is revoking it is waited for: his token may be gone, and lock nobody out.
 */
static bool
WasRevoked(Relation relation, HeapTuple row)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	int			attnum = SPI_fnumber(tupdesc, "digest");
	ApitokenArguments arguments;
	bool		isnull;
	Datum		digest;

	if (attnum <= 0 || SPI_gettypeid(tupdesc, attnum) != BYTEAOID)
		apitoken_error_column_type("digest");
	digest = SPI_getbinval(row, tupdesc, attnum, &isnull);
	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, digest);
	if (apitoken_store_run_latest(STATEMENT_FIND_REVOKED_DIGEST, &arguments) == 0)
		apitoken_scan_await_key("revoked_digests", digest);
	return apitoken_store_run_latest(STATEMENT_FIND_REVOKED_DIGEST, &arguments) > 0;
}

/* Could a token count by a secret that was revoked? */
static bool
CountsByRevoked(Datum account_id, Datum id)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, id);
	return apitoken_store_run_latest(STATEMENT_FIND_REVOKED_SECRET, &arguments) > 0;
}

PG_FUNCTION_INFO_V1(apitoken_refuse_revoked);

/*
 * apitoken.refuse_revoked(): trigger after a token's row was changed that says which of its
 * secrets count; refuse_revoked(column): after a row was added or changed that has a secret
 * of the token whose id is in that column.  Raises 23514 if one that was revoked could count,
 * also by what others have committed since the transaction's snapshot; 39P01 if it is
 * called otherwise.  What a restore brings back does not count: the token's own row says so.
 */
Datum
apitoken_refuse_revoked(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	relation;
	ApitokenOwnership ownership;
	HeapTuple	row;
	bool		has_secret;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_INSERT);
	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	relation = trigger->tg_relation;
	has_secret = trigger->tg_trigger->tgnargs > 0;
	ownership = apitoken_owner_enter();
	if ((!has_secret || WasRevoked(relation, row)) &&
		CountsByRevoked(apitoken_trigger_value(trigger, row, "account_id"),
						apitoken_trigger_value(trigger, row,
											   has_secret ? trigger->tg_trigger->tgargs[0] : "id")))
		apitoken_error_revoked_digest(relation);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}
