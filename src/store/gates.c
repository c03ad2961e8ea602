/*-------------------------------------------------------------------------
 *
 * gates.c
 *	  Locks between those who take rights away and those who used them.
 *
 * A right that was used must still be there when the transaction that used it
 * commits: otherwise a token that is being disabled would go on changing things
 * in a transaction that it has begun before.  Looking is not enough, since the
 * disable may commit between the look and the commit.  So there is a gate for
 * each token, user and account, and one for all accounts:
 *
 * - whoever takes a right away closes the gates that are concerned, at once, and
 *	 keeps them closed until his transaction ends (ShareLock);
 * - whoever has used rights passes their gates while he commits (RowExclusiveLock),
 *	 and then looks (acts.c).
 *
 * The two conflict; many can close, and many can pass, one gate.  So who closes
 * waits for those alone that are committing at this moment, and who commits sees
 * what was taken away.  Gates are heavyweight locks: waiting is fair, so that no
 * stream of commits keeps a gate from being closed; deadlocks are found; and
 * nothing in SQL takes them.
 *
 * Nobody waits for a gate while he holds another that he is passing: the one who
 * closes would wait for that one, too.  And where a deadlock is in the way, the
 * one who passes is told, not the one who closes.
 *
 * Closing takes a handful of locks, whatever is taken away: an account's gate
 * stands for those of its tokens, that of all accounts for each, and for users'.
 *
 * src/store/gates.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/gates.h"

#include "apitoken.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "errors.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "store/subxact.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/* With more than so many closed, or passed, a wider gate stands for them. */
#define MAX_TOKEN_GATES 8
#define MAX_ACCOUNT_GATES 200
#define MAX_USER_GATES 200

/*
 * How long one wait for a gate to open lasts, and after how much of it a deadlock
 * is looked for: sooner than by whoever else is a part of it.
 */
#define WAIT_MS 30
#define DEADLOCK_MS 1

/* The same where who waits may have locked what others wait for, who look as well. */
#define BUSY_WAIT_MS 5

/*
 * ... and by who begins again after one: later than by those who give way, and again and
 * again, since others may come to wait for him at any time.
 */
#define RESCUE_DEADLOCK_MS 100
#define RESCUE_LOOKS_EVERY_MS 200

/* In place of an id that nobody can have. */
#define EVERY_ACCOUNT ""

/* Locks of the gate for all accounts. */
#define CLOSES_ALL ShareLock
#define CLOSES_SOME RowShareLock	/* by who closes an account's */
#define PASSES RowExclusiveLock
#define PASSES_ALL ExclusiveLock	/* instead of very many accounts' */

/*
 * How many gates this transaction has closed, those of subtransactions that were
 * rolled back included: it is a bound, not an account.
 */
static int	tokens_closed = 0;
static int	accounts_closed = 0;
static int	users_closed = 0;

/*
 * The accounts whose turn this transaction has passed, by the hash in the gate's tag; in
 * its memory.  The same for those of rescues.
 */
static List *turns = NIL;
static List *rescue_turns = NIL;

/* The server's timeout by which deadlocks are looked for again. */
static TimeoutId looks = MAX_TIMEOUTS;

/*
 * Tags
 */

/*
 * A gate's tag is that of an object of the class api_tokens, which SQL has no
 * way to lock.  Two ids with one hash share a gate; they wait for each other
 * then, and nothing worse.
 */
static LOCKTAG
Tag(ApitokenGateKind kind, const char *id)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, false);
	Oid			relation = get_relname_relid("api_tokens", schema);
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, relation,
					   kind == GATE_ALL ? 0 : hash_bytes((const unsigned char *) id, strlen(id)),
					   kind);
	return tag;
}

static int
CompareGates(const void *left, const void *right)
{
	const LOCKTAG *a = &((const ApitokenGate *) left)->tag;
	const LOCKTAG *b = &((const ApitokenGate *) right)->tag;

	if (a->locktag_field4 != b->locktag_field4)
		return a->locktag_field4 < b->locktag_field4 ? -1 : 1;
	if (a->locktag_field3 != b->locktag_field3)
		return a->locktag_field3 < b->locktag_field3 ? -1 : 1;
	return 0;
}

/*
 * Deadlocks
 */

static void
SetOption(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 ERROR, false);
}

static void
SetMilliseconds(const char *setting, int milliseconds)
{
	char		value[16];

	snprintf(value, sizeof(value), "%d", milliseconds);
	SetOption(setting, value);
}

static void
LookForDeadlocksAfter(int milliseconds)
{
	if (DeadlockTimeout > milliseconds)
		SetMilliseconds("deadlock_timeout", milliseconds);
}

/*
 * Until the settings are restored, a deadlock is looked for sooner than by whoever else
 * is a part of it: so it is this transaction that ends.
 */
void
apitoken_gates_give_way(void)
{
	LookForDeadlocksAfter(DEADLOCK_MS);
}

/* In the signal's handler, where the server's own does no more. */
static void
LookAgain(void)
{
	CheckDeadLockAlert();
	enable_timeout_after(looks, RESCUE_LOOKS_EVERY_MS);
}

/*
 * Until the settings are restored, a deadlock is looked for soon, by who then begins
 * again; but later than by those who give way.  And until
 * apitoken_gates_expect_no_deadlocks, or the end of the transaction, it is looked for
 * again and again: the server would do it once in each wait.
 */
void
apitoken_gates_expect_deadlocks(void)
{
	LookForDeadlocksAfter(RESCUE_DEADLOCK_MS);
	if (looks == MAX_TIMEOUTS)
		looks = RegisterTimeout(USER_TIMEOUT, LookAgain);
	enable_timeout_after(looks, RESCUE_LOOKS_EVERY_MS);
}

/* Ends that; at any time, also if it was not begun. */
void
apitoken_gates_expect_no_deadlocks(void)
{
	if (looks != MAX_TIMEOUTS)
		disable_timeout(looks, false);
}

/*
 * Closing
 */

static bool
IsClosed(ApitokenGateKind kind, const char *id)
{
	LOCKTAG		tag = Tag(kind, id);

	return apitoken_lock_held(&tag, ShareLock);
}

static bool
IsAllClosed(void)
{
	return IsClosed(GATE_ALL, NULL);
}

static void
Close(ApitokenGateKind kind, const char *id, LOCKMODE mode)
{
	LOCKTAG		tag = Tag(kind, id);

	(void) LockAcquire(&tag, mode, false, false);
}

static void
Release(ApitokenGateKind kind, const char *id, LOCKMODE mode)
{
	LOCKTAG		tag = Tag(kind, id);

	LockRelease(&tag, mode, false);
}

static void
CloseAccount(const char *id)
{
	if (IsAllClosed() || IsClosed(GATE_ACCOUNT, id))
		return;
	if (++accounts_closed > MAX_ACCOUNT_GATES)
	{
		Close(GATE_ALL, NULL, CLOSES_ALL);
		return;
	}
	Close(GATE_ALL, NULL, CLOSES_SOME);
	Close(GATE_ACCOUNT, id, ShareLock);
}

static void
CloseUser(const char *id)
{
	if (IsAllClosed() || IsClosed(GATE_USER, id))
		return;
	if (++users_closed > MAX_USER_GATES)
		Close(GATE_ALL, NULL, CLOSES_ALL);
	else
		Close(GATE_USER, id, ShareLock);
}

/*
 * Closes a gate until the transaction ends: from now on nobody commits what he
 * did by the rights concerned, until he can see what has become of them.
 *
 * kind is GATE_ALL (id is not looked at), GATE_ACCOUNT or GATE_USER.  Waits for
 * those who are committing at this moment.
 */
void
apitoken_gates_close(ApitokenGateKind kind, const char *id)
{
	if (kind == GATE_ALL)
		Close(GATE_ALL, NULL, CLOSES_ALL);
	else if (kind == GATE_ACCOUNT)
		CloseAccount(id);
	else
		CloseUser(id);
}

/*
 * Waits for others who disable all tokens of that account (NULL: of every account),
 * until their transactions have ended: two that do so would each wait for tokens
 * that the other has locked.  A deadlock is looked for only after so many milliseconds,
 * since it would be told to who only stands behind one: the one who disables at the moment
 * looks sooner, and leaves.  But he may have done that, and his transaction go on to what
 * somebody who waits here has locked.  Raises 40P01.
 */
void
apitoken_gates_queue_rescue(const char *account_id, int milliseconds)
{
	int			level = NewGUCNestLevel();

	SetMilliseconds("deadlock_timeout", milliseconds);
	Close(GATE_RESCUE, EVERY_ACCOUNT, account_id == NULL ? ExclusiveLock : RowExclusiveLock);
	if (account_id != NULL)
		Close(GATE_RESCUE, account_id, ExclusiveLock);
	AtEOXact_GUC(false, level);
}

/*
 * Lets others disable all first, who wait for that; they may have locked tokens before.
 * What another apitoken_gates_queue_rescue of this transaction has locked stays locked.
 */
void
apitoken_gates_leave_rescue(const char *account_id)
{
	Release(GATE_RESCUE, EVERY_ACCOUNT, account_id == NULL ? ExclusiveLock : RowExclusiveLock);
	if (account_id != NULL)
		Release(GATE_RESCUE, account_id, ExclusiveLock);
}

/*
 * Waits for others who add to the tokens of that account (NULL: of any account), of which
 * there is a largest number, until their transactions have ended.  Nobody else comes
 * here: a token goes, or is disabled, whoever waits.
 */
void
apitoken_gates_queue_quota(const char *account_id)
{
	Close(GATE_QUOTA, EVERY_ACCOUNT, account_id == NULL ? ExclusiveLock : RowExclusiveLock);
	if (account_id != NULL)
		Close(GATE_QUOTA, account_id, ExclusiveLock);
}

/*
 * Closes the gate of a token of that account; that of the account, if it is one
 * of many.
 */
void
apitoken_gates_close_token(const char *account_id, const char *id)
{
	if (IsAllClosed() || IsClosed(GATE_ACCOUNT, account_id) || IsClosed(GATE_TOKEN, id))
		return;
	if (++tokens_closed > MAX_TOKEN_GATES)
		CloseAccount(account_id);
	else
		Close(GATE_TOKEN, id, ShareLock);
}

/* Forgets what was closed and passed; for the end of the transaction. */
void
apitoken_gates_forget(void)
{
	tokens_closed = 0;
	accounts_closed = 0;
	users_closed = 0;
	turns = NIL;
	rescue_turns = NIL;
	apitoken_gates_expect_no_deadlocks();
}

/*
 * Passing
 */

/* Returns no gates, in the current memory context. */
ApitokenGates *
apitoken_gates_create(void)
{
	ApitokenGates *gates = palloc(sizeof(ApitokenGates));

	gates->count = 0;
	gates->allocated = 8;
	gates->gates = palloc(sizeof(ApitokenGate) * gates->allocated);
	return gates;
}

/* Adds a gate to those that are to be passed. */
void
apitoken_gates_add(ApitokenGates *gates, ApitokenGateKind kind, const char *id)
{
	ApitokenGate *gate;

	if (gates->count == gates->allocated)
	{
		gates->allocated *= 2;
		gates->gates = repalloc_huge(gates->gates, sizeof(ApitokenGate) * gates->allocated);
	}
	gate = &gates->gates[gates->count++];
	gate->tag = Tag(kind, id);
	gate->mode = PASSES;
}

/* Brings the gates into their order, each once; returns how many are accounts'. */
static int
Arrange(ApitokenGates *gates)
{
	int			kept = 0;
	int			accounts = 0;

	qsort(gates->gates, gates->count, sizeof(ApitokenGate), CompareGates);
	for (int i = 0; i < gates->count; i++)
	{
		if (kept > 0 && CompareGates(&gates->gates[i], &gates->gates[kept - 1]) == 0)
			continue;
		if (gates->gates[i].tag.locktag_field4 == GATE_ACCOUNT)
			accounts++;
		gates->gates[kept++] = gates->gates[i];
	}
	gates->count = kept;
	return accounts;
}

/* Puts the gate for all accounts in the place of very many accounts' gates. */
static void
Widen(ApitokenGates *gates)
{
	int			kept = 0;

	for (int i = 0; i < gates->count; i++)
	{
		ApitokenGate gate = gates->gates[i];

		if (gate.tag.locktag_field4 == GATE_ACCOUNT)
			continue;
		if (gate.tag.locktag_field4 == GATE_ALL)
			gate.mode = PASSES_ALL;
		gates->gates[kept++] = gate;
	}
	gates->count = kept;
}

/* Passes all the gates, or none; returns the one that is closed, or NULL. */
static const ApitokenGate *
TryPass(const ApitokenGates *gates)
{
	for (int i = 0; i < gates->count; i++)
	{
		const ApitokenGate *gate = &gates->gates[i];

		if (LockAcquire(&gate->tag, gate->mode, false, true) != LOCKACQUIRE_NOT_AVAIL)
			continue;
		while (--i >= 0)
			LockRelease(&gates->gates[i].tag, gates->gates[i].mode, false);
		return gate;
	}
	return NULL;
}

/*
 * Passes the gates, all at once, or waits for those that are closed: for a moment each,
 * so that who closes one is never behind who waits here, and a deadlock is looked for
 * each time.  Waits no longer than bound, if it is not 0; then fail(bound) raises.
 * Raises 40P01 if whoever has closed one waits for this transaction.
 */
static void
PassAll(const ApitokenGates *gates, int moment, int bound, void (*fail) (int milliseconds))
{
	TimestampTz start = 0;
	const ApitokenGate *closed;

	while ((closed = TryPass(gates)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (start == 0)
			start = GetCurrentTimestamp();
		else if (bound > 0 &&
				 TimestampDifferenceExceeds(start, GetCurrentTimestamp(), bound))
			fail(bound);
		if (apitoken_gates_lock_within(&closed->tag, closed->mode, moment, DEADLOCK_MS))
			LockRelease(&closed->tag, closed->mode, false);
	}
}

/*
 * Passes the gates, in the midst of COMMIT; expects that of all accounts to be
 * among them.  They stay passed until the transaction has ended.
 *
 * Raises 40P01 if whoever has closed one of them waits for this transaction,
 * and 55P03 if one stays closed for longer than lock_timeout, or
 * apitoken.commit_timeout if that is sooner.
 */
void
apitoken_gates_pass(ApitokenGates *gates)
{
	int			bound = apitoken_commit_timeout;

	if (Arrange(gates) > MAX_ACCOUNT_GATES)
		Widen(gates);
	if (LockTimeout > 0 && (bound == 0 || LockTimeout < bound))
		bound = LockTimeout;
	PassAll(gates, WAIT_MS, bound, apitoken_error_gate_closed);
}

/*
 * Turns
 *
 * Who waits for a row is not in a queue: when it has been changed he looks for its
 * new version, and whoever comes that moment may lock that first.  So a dozen
 * sessions that change a token again and again could keep it from being disabled for
 * as long as they like.  But a gate can be closed: who disables keeps the account's
 * closed for as long as he waits for rows, and who changes a token in somebody's name
 * passes it first, once in a transaction.  Then those alone are waited for who were
 * there before.  Who disables or deletes a token himself need not pass: once he has,
 * there is nothing more to change, and where he takes it back, the row is the same
 * and has its queue.  But who disables all and is in a deadlock with somebody begins
 * again, and loses his place in the queues of rows: from then on those who disable in
 * somebody's name pass a gate of their own that he has closed.
 *
 * Somebody who has locked a row by one of the functions may come to another account's
 * gate, or have come to this one by a disable, while who has closed it waits for him:
 * he was there before, and goes on.  Who has locked one by hand is told of the
 * deadlock; and so is, rarely, a third who waits for one of them for a row, if the moment
 * at which he looks for deadlocks comes before that at which the first one does.
 */

static void
ReleaseAll(const ApitokenGates *gates)
{
	for (int i = 0; i < gates->count; i++)
		LockRelease(&gates->gates[i].tag, gates->gates[i].mode, false);
}

/* Waits for a turn; for apitoken_subxact_try. */
typedef struct Turn
{
	const ApitokenGates *gates;
	bool		was_there_before;
} Turn;

static void
WaitForTurn(void *argument)
{
	const Turn *turn = argument;

	PassAll(turn->gates, turn->was_there_before ? BUSY_WAIT_MS : WAIT_MS, LockTimeout,
			apitoken_error_lock_timeout);
	ReleaseAll(turn->gates);
}

static bool
GoesOn(int sqlstate, void *argument)
{
	return sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED && ((Turn *) argument)->was_there_before;
}

/*
 * Waits for those who have taken that account's turn, or that of all, unless this
 * transaction has been here before: to be called before anything of the account is
 * locked in somebody's name.  kind is GATE_RESCUE_TURN for who disables or deletes, else
 * GATE_TURN.  was_there_before says whether it may go on if one of them waits for it;
 * else that raises 40P01.  Raises 55P03 after lock_timeout.
 */
void
apitoken_gates_pass_turn(ApitokenGateKind kind, const char *account_id, bool was_there_before)
{
	List	  **passed = kind == GATE_TURN ? &turns : &rescue_turns;
	ApitokenGates *gates;
	Turn		turn;
	Oid			account = Tag(kind, account_id).locktag_field3;
	MemoryContext old;

	if (list_member_oid(*passed, account))
		return;

	gates = apitoken_gates_create();
	if (*passed == NIL)
		apitoken_gates_add(gates, kind, EVERY_ACCOUNT);
	apitoken_gates_add(gates, kind, account_id);
	if (TryPass(gates) == NULL)
		ReleaseAll(gates);
	else
	{
		turn.gates = gates;
		turn.was_there_before = was_there_before;
		(void) apitoken_subxact_try(WaitForTurn, &turn, GoesOn);
	}

	old = MemoryContextSwitchTo(TopTransactionContext);
	*passed = lappend_oid(*passed, account);
	MemoryContextSwitchTo(old);
}

static const char *
TurnOf(const char *account_id)
{
	return account_id == NULL ? EVERY_ACCOUNT : account_id;
}

/*
 * Lets nobody who has locked nothing of the account (NULL: of any) pass before the
 * locks are taken that are waited for now; until apitoken_gates_end_turn, or the
 * transaction's end.
 */
void
apitoken_gates_take_turn(ApitokenGateKind kind, const char *account_id)
{
	Close(kind, TurnOf(account_id), ShareLock);
}

/* Ends a turn that was taken: the locks are there, or are given up. */
void
apitoken_gates_end_turn(ApitokenGateKind kind, const char *account_id)
{
	Release(kind, TurnOf(account_id), ShareLock);
}

/*
 * Waiting for this transaction
 */

/* Is that gate one of turns?  Who waits for one looks for deadlocks again and again. */
static bool
IsTurn(const LOCKTAG *tag)
{
	bool		rescue = tag->locktag_field4 == GATE_RESCUE_TURN;
	LOCKTAG		turn = Tag(rescue ? GATE_RESCUE_TURN : GATE_TURN, EVERY_ACCOUNT);

	turn.locktag_field3 = tag->locktag_field3;
	return memcmp(tag, &turn, sizeof(LOCKTAG)) == 0;
}

/* Does somebody wait for a lock that this session holds as that instance says? */
static bool
HasWaiter(const LockData *locks, const LockInstanceData *held)
{
	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *other = &locks->locks[i];

		if (other->waitLockMode == NoLock || other->pid == MyProcPid ||
			memcmp(&other->locktag, &held->locktag, sizeof(LOCKTAG)) != 0)
			continue;
		for (LOCKMODE mode = NoLock + 1; mode <= MaxLockMode; mode++)
		{
			if ((held->holdMask & LOCKBIT_ON(mode)) != 0 &&
				DoLockModesConflict(mode, other->waitLockMode))
				return true;
		}
	}
	return false;
}

/*
 * Does somebody wait for what this transaction has locked, of whatever kind?  Then he
 * goes on waiting, whatever a subtransaction does that begins again.
 */
bool
apitoken_gates_is_waited_for(void)
{
	const LockData *locks = GetLockStatusData();

	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *held = &locks->locks[i];

		if (held->pid == MyProcPid && held->holdMask != 0 && !IsTurn(&held->locktag) &&
			HasWaiter(locks, held))
			return true;
	}
	return false;
}

/*
 * Waiting for a while
 */

typedef struct Wait
{
	const LOCKTAG *tag;
	LOCKMODE	mode;
	int			milliseconds;
	int			deadlock_milliseconds;
	bool		is_timed;		/* by statement_timeout? */
} Wait;

/*
 * Forgets that the time is over if that came too late, with the lock or another error:
 * the server would cancel the statement for it, wherever that has got to.
 */
static void
ForgetTimeout(void)
{
	if (get_timeout_indicator(LOCK_TIMEOUT, true))
		QueryCancelPending = false;
}

static void
LockForAWhile(Wait *wait)
{
	wait->is_timed = get_timeout_active(STATEMENT_TIMEOUT);
	SetMilliseconds("lock_timeout", wait->milliseconds);
	/* there would be a line for each piece of the wait */
	SetOption("log_lock_waits", "off");
	LookForDeadlocksAfter(wait->deadlock_milliseconds);
	(void) LockAcquire(wait->tag, wait->mode, false, false);
}

/* The statement's time may have been over at that very moment as well. */
static bool
IsLockTimeout(int sqlstate, const Wait *wait)
{
	if (wait->is_timed && !get_timeout_active(STATEMENT_TIMEOUT))
	{
		QueryCancelPending = true;
		InterruptPending = true;
	}
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
}

/*
 * Waits for a lock, but not longer than that; the session's own lock_timeout does
 * not matter.  Returns whether the lock was taken.  Raises 40P01 if it would
 * wait for itself, for which it looks after deadlock_milliseconds.
 *
 * There is no subtransaction: in the midst of COMMIT the server lets one begin, but
 * not be rolled back.  It would not be of use either, as an end of the wait for
 * one lock leaves nothing but that wait behind, which LockErrorCleanup ends.
 */
bool
apitoken_gates_lock_within(const LOCKTAG *tag, LOCKMODE mode, int milliseconds,
						   int deadlock_milliseconds)
{
	Wait		wait = {tag, mode, milliseconds, deadlock_milliseconds, false};
	MemoryContext context = CurrentMemoryContext;
	int			level = NewGUCNestLevel();
	volatile bool locked = true;

	PG_TRY();
	{
		LockForAWhile(&wait);
	}
	PG_CATCH();
	{
		LockErrorCleanup();
		pgstat_report_wait_end();
		ForgetTimeout();
		if (!IsLockTimeout(geterrcode(), &wait))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		/* it may have been granted at that very moment */
		locked = apitoken_is_locked(tag, mode);
	}
	PG_END_TRY();

	ForgetTimeout();
	AtEOXact_GUC(false, level);
	return locked;
}
