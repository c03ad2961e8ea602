/*-------------------------------------------------------------------------
 *
 * acts.c
 *	  What a transaction has done, and by what right.
 *
 * Whatever is done in the name of a token or a user is noted, and looked at once
 * more when the transaction commits: if the right is gone by then, nothing of the
 * transaction is committed.  So a disable that has committed holds, whatever was
 * begun before it.  gates.c sees to it that no right is taken away between the
 * look and the commit.
 *
 * What counts is what other transactions have committed.  What this one itself
 * has changed does not: a token may disable itself, and commit that.  But a right
 * that was not there without this transaction when it was first used, such as
 * that of a token which it has made, is this transaction's own; there its own
 * view counts.  Who gave it has been noted before, and is looked at himself, so
 * that no two tokens can vouch for each other.
 *
 * Where the tables are distributed, what the transaction has changed itself cannot be
 * told from what others have committed, and counts.  So nobody else changes a token in a
 * transaction in which it has acted: he could give back what was taken from it.  And before
 * a token changes itself, what was done in its name is settled: looked at for good, behind
 * what COMMIT would lock.
 *
 * Acts of a subtransaction that is rolled back are forgotten.
 *
 * src/rights/acts.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/acts.h"

#include "access/xact.h"
#include "apitoken.h"
#include "common/hashfn.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rights/held.h"
#include "rights/networks.h"
#include "rights/offer.h"
#include "storage/latch.h"
#include "store/distribution.h"
#include "store/gates.h"
#include "store/ids.h"
#include "store/signals.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

typedef enum ActKind
{
	ACT_ADMINISTERED,			/* used the right to administer an account */
	ACT_SCOPED,					/* used, by hand, whatever right he has */
	ACT_OPENED,					/* made or enabled a token */
	ACT_GAVE,					/* gave a module to a token */
	ACT_GAVE_TIME,				/* gave a token an end, or its secret */
	ACT_GAVE_NETWORKS,			/* gave a token networks, or its secret */
	ACT_GUARDED,				/* asked for the same guarantee */
	ACT_SETTLED,				/* changed himself, after all was looked at */
	ACT_TRUSTED					/* used what its database role may */
} ActKind;

/* Strings are in the transaction's memory, and NULL where they mean nothing. */
typedef struct Act
{
	ActKind		kind;
	ApitokenActor actor;		/* type is NULL: a role by itself */
	bool		everywhere;		/* used: the right to administer every account */
	const char *account_id;
	ArrayType  *accounts;		/* of ACT_SCOPED: ids, text[] */
	const char *module;			/* id of what was given, code of what guards */
	Oid			role;			/* trusted with that operation */
	ApitokenOperation operation;
	bool		own;			/* was the right this transaction's own? */
	uint64		completed;		/* of transactions, when it was looked at */
	TimestampTz acts_until;		/* the actor, by then; DT_NOEND: for ever */
	TimestampTz end;			/* of a token, that was given */
	const ArrayType *networks;	/* the same, cidr[]; NULL: all */
	SubTransactionId subid;
} Act;

typedef struct ActEntry
{
	const Act  *act;
	char		status;			/* of the hash table */
} ActEntry;

/* Is it the same actor, by the same secret, or for the same account? */
static inline bool
SameActor(const ApitokenActor *a, const ApitokenActor *b)
{
	return a->secret == b->secret && apitoken_ids_same(a->account_id, b->account_id) &&
		apitoken_actor_same(a, b);
}

static inline bool
SameAct(const Act *a, const Act *b)
{
	return a->kind == b->kind && a->everywhere == b->everywhere &&
		a->role == b->role && a->operation == b->operation && a->end == b->end &&
		SameActor(&a->actor, &b->actor) && apitoken_ids_arrays_same(a->networks, b->networks) &&
		apitoken_ids_arrays_same(a->accounts, b->accounts) &&
		apitoken_ids_same(a->account_id, b->account_id) && apitoken_ids_same(a->module, b->module);
}

static inline uint32
HashString(uint32 hash, const char *string)
{
	return string == NULL ? hash :
		hash_combine(hash, hash_bytes((const unsigned char *) string, strlen(string)));
}

static inline uint32
HashAct(const Act *act)
{
	return HashString(HashString(HashString(murmurhash32(act->kind), act->actor.id),
								 act->account_id), act->module);
}

#define SH_PREFIX acts
#define SH_ELEMENT_TYPE ActEntry
#define SH_KEY_TYPE const Act *
#define SH_KEY act
#define SH_HASH_KEY(table, key) HashAct(key)
#define SH_EQUAL(table, a, b) SameAct(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Room for the acts of a usual transaction. */
#define INITIAL_ACTS 8

/* Those of this transaction, in order; both in its memory. */
static List *acts = NIL;
static struct acts_hash *known = NULL;

/* Somebody in whose name policies were asked, and what they answered. */
typedef struct Asked
{
	ApitokenCaller caller;
	SubTransactionId noted_in;	/* what was changed since; invalid: nothing */
} Asked;

/* Those of that message of the client, in the transaction's memory. */
static List *asked = NIL;
static TimestampTz asked_at = 0;

/* Ends transactions that go on for too long in somebody's name; when, or 0. */
static TimeoutId timeout = MAX_TIMEOUTS;
static TimestampTz deadline = 0;

/*
 * What others have committed
 */

/*
 * Pushes a snapshot of what other transactions have committed by now, as if this
 * one had changed nothing.
 */
static void
PushCommittedSnapshot(void)
{
	PushCopiedSnapshot(GetLatestSnapshot());
	/* other nodes show what it has changed there, and so does this one */
	if (!apitoken_distribution_is_ready())
		GetActiveSnapshot()->curcid = FirstCommandId;
}

/* Has no other transaction ended since that many had? */
static bool
NothingHappened(uint64 completed)
{
	return completed != 0 && apitoken_networks_are_settled() &&
	/* what happens on other nodes is not counted here */
		!apitoken_distribution_is_ready() &&
		apitoken_snapshot_completed(GetLatestSnapshot()) == completed;
}

/* May he administer all that: every account, or else those? */
static bool
Covers(const ApitokenCaller *scope, bool everywhere, ArrayType *accounts)
{
	if (scope->everywhere)
		return true;
	return !everywhere && apitoken_ids_array_covers(scope->accounts, accounts);
}

/*
 * For a timeout's signal: ends the session, as the administrator could.  There is
 * nothing else that a handler can ask for.
 */
static void
EndSession(void)
{
	InterruptPending = true;
	ProcDiePending = true;
	SetLatch(MyLatch);
}

/*
 * The server forgets all timeouts when an error has ended a statement, which a
 * savepoint may survive: the deadline stays what it was.
 */
static void
WatchDeadline(void)
{
	if (deadline == 0 || get_timeout_active(timeout))
		return;
	if (GetCurrentTimestamp() < deadline)
		enable_timeout_at(timeout, deadline);
	else
		EndSession();
}

/*
 * Bounds the time for which the transaction may keep others waiting, from before
 * it waits itself: else those who wait for one row, one behind another, would
 * each keep it for as long.  For who needs no right to lock a row; who acts in somebody's
 * name is bounded anyway.
 */
void
apitoken_acts_limit_time(void)
{
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, EndSession);
	if (deadline == 0 && apitoken_actor_transaction_timeout > 0)
		deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
											   apitoken_actor_transaction_timeout);
	WatchDeadline();
}

/*
 * Completes what is known of a caller who has just been identified under the
 * latest snapshot, and is going to change something: whether he may all that
 * without this transaction, which from now on has a limited time.
 */
void
apitoken_acts_identified(ApitokenCaller *caller)
{
	ApitokenCaller committed;

	caller->own = false;
	caller->changed = TransactionIdIsValid(GetTopTransactionIdIfAny());
	if (caller->actor.type == NULL)
		return;
	apitoken_acts_limit_time();
	if (!caller->changed)
		return;

	PushCommittedSnapshot();
	caller->own = !apitoken_identity_scope(caller->actor, &committed) ||
		!Covers(&committed, caller->everywhere, caller->accounts);
	PopActiveSnapshot();
}

/*
 * Noting
 */

static const char *
Keep(const char *string)
{
	return string == NULL ? NULL : MemoryContextStrdup(TopTransactionContext, string);
}

static void
StopTimeout(void)
{
	deadline = 0;
	if (timeout != MAX_TIMEOUTS && get_timeout_active(timeout))
		disable_timeout(timeout, true);
}

static ApitokenGateKind
ActorGate(const ApitokenActor *actor)
{
	return apitoken_actor_is_token(actor) ? GATE_TOKEN : GATE_USER;
}

/* Adds an act, unless it is known.  Returns the one that is kept. */
static const Act *
Note(Act act)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	ActEntry   *entry;
	bool		found;

	if (known == NULL)
		known = acts_create(TopTransactionContext, INITIAL_ACTS, NULL);
	entry = acts_insert(known, &act, &found);
	if (!found)
	{
		Act		   *kept = palloc(sizeof(Act));

		*kept = act;
		kept->actor.id = Keep(act.actor.id);
		kept->actor.account_id = Keep(act.actor.account_id);
		kept->account_id = Keep(act.account_id);
		kept->module = Keep(act.module);
		if (act.accounts != NULL)
			kept->accounts = DatumGetArrayTypePCopy(PointerGetDatum(act.accounts));
		if (act.networks != NULL)
			kept->networks = DatumGetArrayTypePCopy(PointerGetDatum(act.networks));
		kept->subid = GetCurrentSubTransactionId();
		entry->act = kept;
		acts = lappend(acts, kept);
	}
	MemoryContextSwitchTo(old);

	if (!found && act.actor.type != NULL)
		apitoken_acts_limit_time();
	return entry->act;
}

static Act
ActOf(ActKind kind, const ApitokenCaller *caller, const char *account_id, const char *module)
{
	Act			act = {
		.kind = kind, .actor = caller->actor, .everywhere = caller->everywhere,
		.account_id = account_id, .module = module,
		.role = kind == ACT_TRUSTED ? caller->role : InvalidOid,
		.operation = kind == ACT_TRUSTED ? caller->operation : OPERATION_SEE, .own = caller->own,
		.completed = caller->completed, .acts_until = caller->acts_until
	};

	return act;
}

/*
 * Looking
 */

static bool
Administers(const Act *act, const ApitokenCaller *scope)
{
	/* in somebody's name, by hand: the right was the role's */
	if (!act->everywhere && act->account_id == NULL)
		return true;
	return act->everywhere ? scope->everywhere :
		apitoken_identity_administers(scope, act->account_id);
}

static bool
LookForRight(const Act *act, const ApitokenOffer *offer, bool *active)
{
	ApitokenCaller scope;

	*active = apitoken_identity_scope(act->actor, &scope);
	if (!*active)
		return false;
	switch (act->kind)
	{
		case ACT_ADMINISTERED:
			return Administers(act, &scope);
		case ACT_SCOPED:
			return Covers(&scope, act->everywhere, act->accounts);
		case ACT_GUARDED:
			return act->module == NULL || apitoken_identity_holds(&scope, act->module);
		case ACT_GAVE:
			return apitoken_offer_may_give(offer, apitoken_offer_find(offer, act->module),
										   &scope);
		case ACT_GAVE_TIME:
			return act->end <= scope.expires_at;
		case ACT_GAVE_NETWORKS:
			return apitoken_networks_cover(scope.networks, act->networks);
		case ACT_OPENED:
		case ACT_SETTLED:
		case ACT_TRUSTED:
			break;
	}
	return true;
}

/*
 * Does the active snapshot show that the actor is Active, and holds what the act
 * needs?  offer is what the account can give, for ACT_GAVE.
 */
static bool
HasRight(const Act *act, const ApitokenOffer *offer, bool *active)
{
	bool		begun = apitoken_actor_is_token(&act->actor) && apitoken_identity_begin(act->actor.id);
	bool		has = LookForRight(act, offer, active);

	apitoken_identity_end(begun);
	return has;
}

/* Time takes rights away without any transaction. */
static bool
HasEnded(const Act *act)
{
	return act->acts_until <= GetCurrentTimestamp();
}

/* What this transaction has made is not there for others. */
static bool
IsUnknownToOthers(const ApitokenActor *actor)
{
	return apitoken_actor_is_token(actor) &&
		apitoken_identity_token_status(actor->id).status == NULL;
}

/*
 * Checks that the right is there that an act in somebody's name needs: what others
 * have committed counts, and where the right was this transaction's own, what it
 * sees itself.  Raises PT401 or PT403.
 */
static void
CheckRight(const Act *act, const ApitokenOffer *offer)
{
	bool		active;
	bool		has;

	PushCommittedSnapshot();
	has = HasRight(act, offer, &active) ||
		/* nobody else can have taken a right from a token that he does not see */
			(act->own && !HasEnded(act) && IsUnknownToOthers(&act->actor));
	PopActiveSnapshot();
	if (!has && act->own)
	{
		PushActiveSnapshot(GetLatestSnapshot());
		has = HasRight(act, offer, &active);
		PopActiveSnapshot();
	}

	if (has)
		return;
	if (!active)
		apitoken_error_unauthorized();
	if (act->kind == ACT_GAVE)
		apitoken_error_not_held(act->module);
	if (act->kind == ACT_GAVE_TIME)
		apitoken_error_beyond_own_end();
	if (act->kind == ACT_GAVE_NETWORKS)
		apitoken_error_beyond_own_networks();
	if (act->kind == ACT_GUARDED)
		apitoken_error_module_not_held(act->module);
	apitoken_error_right_gone();
}

/* What the account offers now, what this transaction offers itself included. */
static ApitokenOffer *
ReadOffer(const Act *act)
{
	ApitokenOffer *offer;

	PushActiveSnapshot(GetLatestSnapshot());
	offer = apitoken_offer_read(act->account_id);
	PopActiveSnapshot();
	return offer;
}

/* Checks that the account still offers what was given.  Raises PT403. */
static void
CheckOffer(const Act *act, const ApitokenOffer *offer)
{
	const ApitokenOfferedModule *module = apitoken_offer_find(offer, act->module);

	if (module == NULL || !module->holdable)
		apitoken_error_offer_gone(act->module);
}

/*
 * Checks that the account is not held, where something was made of it, or enabled,
 * or given, in the name of somebody who does not administer every account.  What
 * this transaction sees counts: an account's row is changed by one at a time.
 * Raises PT403.
 */
static void
CheckHold(const Act *act)
{
	ApitokenCaller scope;

	if (act->actor.type == NULL)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	if (apitoken_held_account(act->account_id) &&
		!(apitoken_identity_scope(act->actor, &scope) && scope.everywhere))
		apitoken_error_held("account", act->account_id);
	PopActiveSnapshot();
}

/* What a role was granted may have been revoked.  Raises PT401. */
static void
CheckTrust(const Act *act)
{
	AcceptInvalidationMessages();
	if (!apitoken_trusted(act->role, act->operation))
		apitoken_error_unauthorized();
}

/* Was all that an actor did before he changed himself looked at for good? */
static bool
IsSettled(const ApitokenActor *actor)
{
	ListCell   *cell;

	foreach(cell, acts)
	{
		const Act  *act = lfirst(cell);

		if (act->kind == ACT_SETTLED && apitoken_actor_same(&act->actor, actor))
			return true;
	}
	return false;
}

/* Checks the right to an act in somebody's name, unless that is settled. */
static void
CheckUnsettledRight(const Act *act, const ApitokenOffer *offer)
{
	if (!IsSettled(&act->actor))
		CheckRight(act, offer);
	else if (HasEnded(act))
		apitoken_error_unauthorized();
}

/* Checks an act as things are now.  Raises PT401 and PT403. */
static void
Check(const Act *act)
{
	ApitokenOffer *offer = NULL;

	if (act->kind == ACT_TRUSTED)
	{
		CheckTrust(act);
		return;
	}

	if (act->kind == ACT_OPENED || act->kind == ACT_GAVE)
		CheckHold(act);
	if (act->kind == ACT_OPENED)
		return;

	if (act->kind == ACT_GAVE)
	{
		offer = ReadOffer(act);
		CheckOffer(act, offer);
	}
	if (act->actor.type != NULL)
		CheckUnsettledRight(act, offer);
}

/* The same, unless nothing can be otherwise than when it was looked at before. */
static void
CheckAgain(const Act *act)
{
	if (HasEnded(act) || !NothingHappened(act->completed))
		Check(act);
}

static void
CheckNow(const Act *act)
{
	ApitokenOwnership ownership;

	if (NothingHappened(act->completed))
		return;
	ownership = apitoken_owner_enter();
	Check(act);
	apitoken_owner_leave(&ownership);
}

static void
CheckHoldNow(const Act *act)
{
	ApitokenOwnership ownership = apitoken_owner_enter();

	CheckHold(act);
	apitoken_owner_leave(&ownership);
}

/*
 * Acts
 */

/*
 * Notes that a caller has used his right to administer the tokens of an account
 * (NULL: he has changed something by hand, in the actor's name), and looks once
 * more whether he has it: to be called when whatever lock there was to wait for
 * has been taken.  The same of what a role does by itself, which it was granted.
 * Raises PT401 and PT403.
 */
void
apitoken_acts_administer(const ApitokenCaller *caller, const char *account_id)
{
	if (caller->actor.type != NULL)
		CheckNow(Note(ActOf(ACT_ADMINISTERED, caller, caller->everywhere ? NULL : account_id,
							NULL)));
	else if (caller->operation != OPERATION_SEE)
		CheckNow(Note(ActOf(ACT_TRUSTED, caller, NULL, NULL)));
}

/* Has this transaction done anything by the functions?  Then it may hold rows. */
bool
apitoken_acts_has_acted(void)
{
	return acts != NIL;
}

/* Returns the one that was asked for in the present message with that answer, or NULL. */
static Asked *
FindAsked(const ApitokenCaller *caller)
{
	ListCell   *cell;

	foreach(cell, asked)
	{
		Asked	   *one = lfirst(cell);

		if (SameActor(&one->caller.actor, &caller->actor) &&
			one->caller.everywhere == caller->everywhere &&
			apitoken_ids_arrays_same(one->caller.accounts, caller->accounts))
			return one;
	}
	return NULL;
}

/* Notes that a policy was asked in somebody's name, and what it answers. */
void
apitoken_acts_asked(const ApitokenCaller *caller)
{
	MemoryContext old;
	Asked	   *one;

	if (asked_at != GetCurrentStatementStartTimestamp())
		asked = NIL;
	asked_at = GetCurrentStatementStartTimestamp();
	one = FindAsked(caller);
	if (one == NULL)
	{
		old = MemoryContextSwitchTo(TopTransactionContext);
		one = palloc(sizeof(Asked));
		one->caller = *caller;
		one->caller.actor.id = Keep(caller->actor.id);
		one->caller.actor.account_id = Keep(caller->actor.account_id);
		one->caller.accounts = DatumGetArrayTypePCopy(PointerGetDatum(caller->accounts));
		asked = lappend(asked, one);
		MemoryContextSwitchTo(old);
	}
	one->noted_in = InvalidSubTransactionId;
}

/* What an actor may, or may have before this transaction itself took it from him. */
static bool
FindScope(const ApitokenActor *actor, ApitokenCaller *scope)
{
	bool		active = apitoken_identity_scope(*actor, scope);

	if (active)
		return true;
	PushCommittedSnapshot();
	active = apitoken_identity_scope(*actor, scope);
	PopActiveSnapshot();
	return active;
}

/*
 * Notes that something was changed by hand by somebody's right to administer whatever he
 * administers.
 */
static void
ActByScope(ApitokenCaller *scope)
{
	Act			act;

	scope->completed = 0;
	apitoken_acts_identified(scope);
	act = ActOf(ACT_SCOPED, scope, NULL, NULL);
	act.accounts = scope->accounts;
	CheckNow(Note(act));
}

/*
 * Notes that something was changed by hand by the right of those for whom policies were
 * asked.  It need not be who acts when the statement has ended: somebody else may have
 * authenticated in the middle of it.  Nor need row security bind the role that has run the
 * statement: it may bind the owner of a view.
 */
static void
ActByPolicies(void)
{
	ListCell   *cell;

	if (asked_at != GetCurrentStatementStartTimestamp())
		return;
	foreach(cell, asked)
	{
		Asked	   *one = lfirst(cell);

		if (one->noted_in != InvalidSubTransactionId)
			continue;
		ActByScope(&one->caller);
		one->noted_in = GetCurrentSubTransactionId();
	}
}

/*
 * For a trigger on a relation: if nobody calls one of the functions now, that role changes
 * something by hand, in the name of an actor if there is one.  Where row security binds
 * it, the right is not the role's.
 */
void
apitoken_acts_by_hand(Oid relid, Oid role)
{
	ApitokenCaller caller;
	ApitokenCaller scope;

	if (apitoken_identity_is_writing())
		return;
	caller = apitoken_identity_writer();
	ActByPolicies();
	if (caller.actor.type == NULL)
		return;
	if (check_enable_rls(relid, role, true) == RLS_ENABLED)
	{
		if (!FindScope(&caller.actor, &scope))
			apitoken_error_unauthorized();
		ActByScope(&scope);
		return;
	}
	apitoken_acts_identified(&caller);
	apitoken_acts_administer(&caller, NULL);
}

/*
 * The same where a role that row security does not bind is by its own right, in whoever's
 * name.
 */
void
apitoken_acts_by_policy(Oid relid, Oid role)
{
	if (check_enable_rls(relid, role, true) == RLS_ENABLED)
		apitoken_acts_by_hand(relid, role);
	else if (!apitoken_identity_is_writing())
		ActByPolicies();
}

/*
 * Notes that a token of an account was made or enabled: who disables all of its
 * tokens must either see that one or come before it, whoever made it.  Raises PT403
 * if the account is held.
 */
void
apitoken_acts_open(const ApitokenCaller *caller, const char *account_id)
{
	CheckHoldNow(Note(ActOf(ACT_OPENED, caller, account_id, NULL)));
}

/* Does its actor hold what an act needs, had this transaction changed nothing? */
static bool
HoldsWithoutThis(const Act *act)
{
	ApitokenOffer *offer = act->kind == ACT_GAVE ? ReadOffer(act) : NULL;
	bool		active;
	bool		has;

	PushCommittedSnapshot();
	has = HasRight(act, offer, &active);
	PopActiveSnapshot();
	return has;
}

/* Notes that something was given that the giver must have when the transaction commits. */
static void
NoteGift(Act act, const ApitokenCaller *caller)
{
	/* he may hold all that he acts by without this transaction, but not this */
	if (act.actor.type != NULL && caller->changed && !act.own)
		act.own = !HoldsWithoutThis(&act);
	(void) Note(act);
}

/*
 * Notes that a module of an account was given to one of its tokens: it must be
 * offered, and the giver must be able to give it, when the transaction commits.
 */
void
apitoken_acts_give(const ApitokenCaller *caller, const char *account_id, const char *module_id)
{
	NoteGift(ActOf(ACT_GAVE, caller, account_id, module_id), caller);
}

/*
 * Notes that a token was given that end (DT_NOEND: none), or its secret to somebody: a
 * token that gave it must not end before, when the transaction commits.
 */
void
apitoken_acts_give_time(const ApitokenCaller *caller, TimestampTz end)
{
	Act			act = ActOf(ACT_GAVE_TIME, caller, NULL, NULL);

	if (caller->actor.type == NULL || !apitoken_actor_is_token(&caller->actor))
		return;
	act.end = end;
	NoteGift(act, caller);
}

/* The same of networks that a token was given (NULL: all), or its secret. */
void
apitoken_acts_give_networks(const ApitokenCaller *caller, const ArrayType *networks)
{
	Act			act = ActOf(ACT_GAVE_NETWORKS, caller, NULL, NULL);

	if (caller->actor.type == NULL || !apitoken_actor_is_token(&caller->actor))
		return;
	act.networks = networks;
	NoteGift(act, caller);
}

/*
 * Notes that the transaction is to commit only if its actor is still Active then,
 * and holds the module with that code if it is not NULL.  Raises PT401 and PT403
 * if it is not so now.
 */
void
apitoken_acts_guard(const ApitokenCaller *caller, const char *module_code)
{
	Act			act = ActOf(ACT_GUARDED, caller, NULL, module_code);

	/* what the actor holds has not been looked at yet */
	act.completed = 0;
	act.everywhere = false;
	CheckNow(Note(act));
}

/*
 * The end of the transaction
 */

/* Adds the gates of the accounts by which the actor has his rights. */
static void
AddHomes(ApitokenGates *gates, const ApitokenActor *actor)
{
	ApitokenCaller scope;
	Datum	   *homes;
	int			count;

	if (!apitoken_identity_scope(*actor, &scope))
		return;
	count = apitoken_ids_of_array(scope.homes, &homes);
	for (int i = 0; i < count; i++)
		apitoken_gates_add(gates, GATE_ACCOUNT, TextDatumGetCString(homes[i]));
}

/*
 * Adds the gates of whoever created a token, where it counts what becomes of him; of a
 * token its account's, which stands for it where many are closed.
 */
static void
AddCreator(ApitokenGates *gates, const ApitokenActor *actor)
{
	ApitokenTokenStatus token;
	ApitokenActor creator;
	const char *account_id;

	if (!apitoken_refuse_lost_creators || !apitoken_actor_is_token(actor))
		return;
	token = apitoken_identity_token_status(actor->id);
	if (token.creator_type == NULL)
		return;

	creator.type = token.creator_type;
	creator.id = token.creator_id;
	apitoken_gates_add(gates, ActorGate(&creator), creator.id);
	if (!apitoken_actor_is_token(&creator))
		return;
	account_id = apitoken_identity_token_status(creator.id).account_id;
	/* one that is erased has none any more */
	if (account_id != NULL)
		apitoken_gates_add(gates, GATE_ACCOUNT, account_id);
}

/* Would the two acts of an actor add the same gates for him? */
static bool
SameGates(const Act *a, const Act *b)
{
	return SameActor(&a->actor, &b->actor) && a->own == b->own;
}

/* Adds the gates of an act's actor, by the view that his rights are looked for in. */
static void
AddActor(ApitokenGates *gates, const Act *act)
{
	apitoken_gates_add(gates, ActorGate(&act->actor), act->actor.id);
	PushCommittedSnapshot();
	AddHomes(gates, &act->actor);
	AddCreator(gates, &act->actor);
	PopActiveSnapshot();
	if (!act->own)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	AddHomes(gates, &act->actor);
	AddCreator(gates, &act->actor);
	PopActiveSnapshot();
}

static ApitokenGates *
GatesOfActs(void)
{
	ApitokenGates *gates = apitoken_gates_create();
	const Act  *last = NULL;
	ListCell   *cell;

	apitoken_gates_add(gates, GATE_ALL, NULL);
	foreach(cell, acts)
	{
		const Act  *act = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (act->kind == ACT_OPENED || act->kind == ACT_GAVE)
			apitoken_gates_add(gates, GATE_ACCOUNT, act->account_id);
		if (act->actor.type != NULL && (last == NULL || !SameGates(act, last)))
			AddActor(gates, act);
		last = act;
	}
	return gates;
}

/* Was nothing done but what roles may by themselves?  No gate is theirs. */
static bool
IsTrustAlone(void)
{
	ListCell   *cell;

	foreach(cell, acts)
	{
		if (((const Act *) lfirst(cell))->kind != ACT_TRUSTED)
			return false;
	}
	return true;
}

/* Locks what a statement finds by its key, until the transaction ends. */
static void
Share(ApitokenStatement statement, const char *first, const char *second)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, first);
	apitoken_store_set_text(&arguments, 2, second);
	(void) apitoken_store_run_fresh(statement, &arguments);
}

/* Has the transaction written rows of an account, by one of the functions? */
static bool
HasWritten(const char *account_id)
{
	ListCell   *cell;

	foreach(cell, acts)
	{
		const Act  *act = lfirst(cell);

		if ((act->kind == ACT_ADMINISTERED || act->kind == ACT_OPENED) &&
			apitoken_ids_same(act->account_id, account_id))
			return true;
	}
	return false;
}

/*
 * Locks an account, unless it is among those that are locked already.
 *
 * A node on which the transaction has only locked is told to commit while others are still
 * writing what they committed: who waits there for a right would take it away before what
 * was done by it is done.  So it writes there as well, though no row: then all of them are
 * ready to commit before one lets go.
 */
static void
ShareAccount(ApitokenIds *shared, const char *account_id)
{
	int			count = shared->count;

	if (apitoken_ids_add(shared, CStringGetTextDatum(account_id)) != count)
		return;
	Share(STATEMENT_SHARE_ACCOUNT, account_id, NULL);
	if (!HasWritten(account_id))
		Share(STATEMENT_WRITE_NOTHING, account_id, NULL);
}

/* Locks a token, which is in an account. */
static void
ShareToken(ApitokenIds *shared, const char *account_id, const char *id)
{
	ShareAccount(shared, account_id);
	Share(STATEMENT_SHARE_TOKEN, account_id, id);
}

/* Locks whoever created a token, where it counts what becomes of him. */
static void
ShareCreator(ApitokenIds *shared, const ApitokenTokenStatus *token)
{
	const char *account_id;

	if (token->creator_type == NULL)
		return;
	if (strcmp(token->creator_type, "user") == 0)
	{
		Share(STATEMENT_SHARE_USER, token->creator_id, NULL);
		return;
	}
	account_id = apitoken_identity_token_status(token->creator_id).account_id;
	/* one that is erased has none any more */
	if (account_id != NULL)
		ShareToken(shared, account_id, token->creator_id);
}

/*
 * Locks a user's groups in an account, and their modules: one after the other, since to plan
 * a join anew takes longer than to ask twice.
 */
static void
ShareUserGroups(const char *account_id, const char *id)
{
	ApitokenArguments arguments;
	Datum	   *groups;
	uint64		count;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set_text(&arguments, 2, id);
	count = apitoken_store_run_fresh(STATEMENT_SHARE_USER_GROUPS, &arguments);
	groups = palloc(sizeof(Datum) * Max(count, 1));
	for (uint64 row = 0; row < count; row++)
		groups[row] = CStringGetTextDatum(apitoken_store_cstring(row, 1));
	apitoken_store_set_pointer(&arguments, 2, apitoken_ids_array(groups, count));
	(void) apitoken_store_run_fresh(STATEMENT_SHARE_GROUP_MODULES, &arguments);
}

/* Locks by what an actor has his rights in an account. */
static void
ShareHome(ApitokenIds *shared, const ApitokenActor *actor, const char *account_id)
{
	if (apitoken_actor_is_token(actor))
	{
		ShareToken(shared, account_id, actor->id);
		Share(STATEMENT_SHARE_TOKEN_MODULES, account_id, actor->id);
		return;
	}
	ShareAccount(shared, account_id);
	ShareUserGroups(account_id, actor->id);
}

/* Locks by what an actor has his rights.  Under the active snapshot. */
static void
ShareActor(ApitokenIds *shared, const ApitokenActor *actor)
{
	ListCell   *cell;

	if (apitoken_actor_is_token(actor) && apitoken_refuse_lost_creators)
	{
		ApitokenTokenStatus token = apitoken_identity_token_status(actor->id);

		ShareCreator(shared, &token);
	}
	foreach(cell, apitoken_identity_homes(actor))
		ShareHome(shared, actor, lfirst(cell));
}

/*
 * Locks what is on every node, before any account as apitoken_sync does: modules, by what
 * they are called rights are had, and by which types of account may hold them they are
 * given; and users who have acted.
 */
static void
ShareCopies(void)
{
	const Act  *last = NULL;
	bool		modules = false;
	ListCell   *cell;

	foreach(cell, acts)
	{
		const Act  *act = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!modules && (act->kind == ACT_GAVE || act->actor.type != NULL))
		{
			Share(STATEMENT_SHARE_MODULES, NULL, NULL);
			modules = true;
		}
		if (act->actor.type != NULL && !apitoken_actor_is_token(&act->actor) &&
			(last == NULL || !SameGates(act, last)))
			Share(STATEMENT_SHARE_USER, act->actor.id, NULL);
		last = act;
	}
}

/*
 * Where the tables are distributed no gate is on every node: so the rows are locked by
 * which rights were used.  Whoever takes one away changes such a row, or deletes it, waits
 * for those alone that are committing at this moment, and is waited for by who comes later.
 */
static void
ShareRights(void)
{
	ApitokenIds *shared = apitoken_ids_create();
	const Act  *last = NULL;
	ListCell   *cell;

	/* a statement takes another one, but there has to be one */
	PushActiveSnapshot(GetLatestSnapshot());
	ShareCopies();
	foreach(cell, acts)
	{
		const Act  *act = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (act->kind == ACT_OPENED || act->kind == ACT_GAVE)
			ShareAccount(shared, act->account_id);
		if (act->kind == ACT_GAVE)
			Share(STATEMENT_SHARE_OFFER, act->account_id, NULL);
		if (act->actor.type != NULL && (last == NULL || !SameGates(act, last)))
			ShareActor(shared, &act->actor);
		last = act;
	}
	PopActiveSnapshot();
}

/* Locks by which rights was acted until now, and looks at them. */
static void
ShareAndCheck(void)
{
	ListCell   *cell;

	ShareRights();
	foreach(cell, acts)
	{
		CHECK_FOR_INTERRUPTS();
		Check(lfirst(cell));
	}
}

static Datum
FirstHome(const ApitokenCaller *caller)
{
	Datum	   *homes;

	(void) apitoken_ids_of_array(caller->homes, &homes);
	return homes[0];
}

/* Is it that token, or whoever created it, where it counts what becomes of him? */
static bool
DependsOn(const ApitokenActor *actor, const char *id)
{
	ApitokenTokenStatus token;

	if (strcmp(actor->id, id) == 0)
		return true;
	if (!apitoken_refuse_lost_creators)
		return false;
	PushActiveSnapshot(GetLatestSnapshot());
	token = apitoken_identity_token_status(actor->id);
	PopActiveSnapshot();
	return token.creator_type != NULL && strcmp(token.creator_type, "token") == 0 &&
		strcmp(token.creator_id, id) == 0;
}

/*
 * Sees to it that nobody changes a token that has acted in this transaction but itself, nor
 * the token that has created such a one, where the tables are distributed.  Raises 0A000.
 */
void
apitoken_acts_refuse_other(const ApitokenCaller *caller, const char *id)
{
	ListCell   *cell;

	if (!apitoken_distribution_is_ready())
		return;
	foreach(cell, acts)
	{
		const ApitokenActor *actor = &((const Act *) lfirst(cell))->actor;

		if (actor->type == NULL || !apitoken_actor_is_token(actor) ||
			(caller->actor.type != NULL && apitoken_actor_same(actor, &caller->actor)))
			continue;
		if (DependsOn(actor, id))
			apitoken_error_another_acted(actor->id);
	}
}

/*
 * Settles what was done in a token's name before it changes itself, where the tables are
 * distributed; elsewhere what the transaction itself has changed does not count anyway.
 * Expects the token's row to be locked, SPI to be connected and the tables' owner to be
 * the current role.  Raises PT401 and PT403.
 */
void
apitoken_acts_settle(const ApitokenCaller *caller, const char *id)
{
	Act			act = ActOf(ACT_SETTLED, caller, NULL, NULL);

	apitoken_acts_refuse_other(caller, id);
	if (caller->actor.type == NULL || !apitoken_distribution_is_ready() ||
		!apitoken_actor_is_token(&caller->actor) || strcmp(caller->actor.id, id) != 0 ||
		IsSettled(&caller->actor))
		return;

	/*
	 * the right that this call uses, too; who may do nothing but this needs
	 * to be Active
	 */
	(void) Note(caller->only_self ? ActOf(ACT_GUARDED, caller, NULL, NULL) :
				ActOf(ACT_ADMINISTERED, caller, caller->everywhere ? NULL :
					  TextDatumGetCString(FirstHome(caller)), NULL));
	ShareAndCheck();
	(void) Note(act);
}

/*
 * Looks at all acts once more, when nobody can take rights away any more, and
 * sends the signals.
 */
static void
CheckActs(void)
{
	ApitokenOwnership ownership = apitoken_owner_enter();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apitoken act",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old;
	ListCell   *cell;

	if (apitoken_distribution_is_ready())
		ShareRights();
	else if (!IsTrustAlone())
		apitoken_gates_pass(GatesOfActs());
	old = MemoryContextSwitchTo(context);
	foreach(cell, acts)
	{
		CHECK_FOR_INTERRUPTS();
		CheckAgain(lfirst(cell));
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	apitoken_owner_leave(&ownership);
}

/* What is locked from here on belongs to the transaction itself. */
static void
BeforeCommit(void)
{
	ResourceOwner owner = CurrentResourceOwner;

	if (acts == NIL && !apitoken_signals_are_due())
		return;

	CurrentResourceOwner = CurTransactionResourceOwner;
	if (acts != NIL)
		CheckActs();
	apitoken_signals_send();
	CurrentResourceOwner = owner;
}

/*
 * A prepared transaction would be committed by whom, and when, nobody here can
 * look at.
 */
static void
BeforePrepare(void)
{
	if (!IsTrustAlone() || apitoken_signals_are_due())
		apitoken_error_prepare();
	if (acts != NIL)
		CheckActs();
}

/* Forgets everything: its memory goes with the transaction. */
static void
Forget(void)
{
	acts = NIL;
	known = NULL;
	asked = NIL;
	StopTimeout();
	apitoken_gates_forget();
	apitoken_signals_forget();
	apitoken_networks_settle();
}

static void
OnTransaction(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			BeforeCommit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			BeforePrepare();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			Forget();
			break;
		default:
			break;
	}
}

/* Who was noted in a subtransaction is so in another one now, or in none. */
static void
EndAsked(SubTransactionId noted_in, SubTransactionId mine)
{
	ListCell   *cell;

	foreach(cell, asked)
	{
		Asked	   *one = lfirst(cell);

		if (one->noted_in == mine)
			one->noted_in = noted_in;
	}
}

/* What a subtransaction did is its parent's when it ends well, else nobody's. */
static void
OnSubtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				 void *argument)
{
	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;

	for (int i = list_length(acts) - 1; i >= 0; i--)
	{
		Act		   *act = list_nth(acts, i);

		if (act->subid != mine)
			break;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			act->subid = parent;
		else
		{
			acts_delete(known, act);
			acts = list_delete_last(acts);
		}
	}
	EndAsked(event == SUBXACT_EVENT_COMMIT_SUB ? parent : InvalidSubTransactionId, mine);
	apitoken_signals_end_subtransaction(event, mine, parent);
	WatchDeadline();
}

/* Asks the server to tell when transactions end; for _PG_init. */
void
apitoken_acts_start(void)
{
	RegisterXactCallback(OnTransaction, NULL);
	RegisterSubXactCallback(OnSubtransaction, NULL);
}
