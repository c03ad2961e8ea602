/*-------------------------------------------------------------------------
 *
 * closing.c
 *	  Locks an account with its tokens, where the tables are distributed.
 *
 * On one server it is gates that keep others from committing (gates.c), and who
 * is in the way of whom is known.  Here it is rows: those of the tokens, then the
 * account's, which others lock when they commit what they did by a right.  But a
 * token that acts has locked others first, and its own only then: who wants all of
 * them waits for nobody while he has some, or both would wait for ever.
 *
 * src/calls/closing.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/closing.h"

#include "apitoken.h"
#include "calls/marks.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "store/ids.h"
#include "store/store.h"
#include "store/subxact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * How many times at least, and for how many milliseconds, it is begun again for somebody who
 * has locked one of them.  If there is always somebody, others are made to wait: by then
 * they have begun later than this.
 */
#define TRIES 5
#define TRIES_MS 3000

/*
 * How many times it begins anew when it is ended for a deadlock while it waits like that: all
 * that it had locked by then is given back.
 */
#define DEADLOCKS 10

/* How often it is looked whether somebody still has it, in milliseconds. */
#define LOOK_MS 20

/*
 * Then who acts may wait for this, and this for him: Citus tells whoever began last, which
 * is he mostly.  The account's server would tell whoever looks first.
 */
#define DEADLOCK_TIMEOUT "1h"

/* What is being locked. */
typedef struct Closing
{
	const List *accounts;
	ApitokenChoice choose;
	void	   *argument;
	bool		erases;			/* does who adds rows to an account count,
								 * too? */
	bool		found;			/* are there such accounts? */
	ApitokenArguments arguments;	/* an account, and which of its tokens */
	const char *account_id;		/* the same */
	MemoryContext context;		/* the subtransactions' caller's */
	bool		busy;			/* has somebody locked something there? */
	char	   *busy_token;		/* NULL: the account */
	bool		is_free;		/* can it be locked now? */
} Closing;

static void
SetAccount(Closing *closing, const char *account_id)
{
	closing->account_id = account_id;
	apitoken_store_clear(&closing->arguments);
	apitoken_store_set_text(&closing->arguments, 1, account_id);
}

static void
SetTokens(Closing *closing, const List *ids)
{
	apitoken_store_set_pointer(&closing->arguments, 2, apitoken_ids_array_of_list(ids));
}

/* Gives back what the subtransaction has locked. */
static void
GiveBack(Closing *closing)
{
	closing->busy = true;
	apitoken_error_locked();
}

/* The same for a token that somebody has, or else the account. */
static void
GiveBackFor(Closing *closing, const char *busy_token)
{
	closing->busy_token = busy_token == NULL ? NULL :
		MemoryContextStrdup(closing->context, busy_token);
	GiveBack(closing);
}

/* The first of the strings that is not in the statement's result; NULL: all are. */
static const char *
FirstMissing(const List *strings, uint64 count)
{
	ApitokenIds *found = apitoken_ids_create();
	bool		isnull;
	ListCell   *cell;

	for (uint64 row = 0; row < count; row++)
		(void) apitoken_ids_add(found, apitoken_store_value(row, 1, &isnull));
	foreach(cell, strings)
	{
		if (apitoken_ids_find(found, CStringGetTextDatum(lfirst(cell))) < 0)
			return lfirst(cell);
	}
	return NULL;
}

/* Locks those that are chosen by now, as far as nobody else has. */
static void
TryTokens(Closing *closing)
{
	List	   *ids = closing->choose(closing->account_id, closing->argument);
	const char *missing;

	if (ids == NIL)
		return;
	SetTokens(closing, ids);
	missing = FirstMissing(ids, apitoken_store_run_fresh(STATEMENT_TRY_CHOSEN, &closing->arguments));
	if (missing != NULL)
		GiveBackFor(closing, missing);
}

/* The tokens, then the account, then those that came in between. */
static void
TryAccount(Closing *closing)
{
	TryTokens(closing);
	if (apitoken_store_run_fresh(closing->erases ? STATEMENT_TRY_TO_ERASE : STATEMENT_TRY_ACCOUNT,
								 &closing->arguments) == 0)
		GiveBackFor(closing, NULL);
	TryTokens(closing);
}

static void
TryAll(void *argument)
{
	Closing    *closing = argument;
	ListCell   *cell;

	foreach(cell, closing->accounts)
	{
		CHECK_FOR_INTERRUPTS();
		SetAccount(closing, lfirst(cell));
		TryAccount(closing);
	}
}

/* Waits for whoever has locked the account. */
static void
WaitForAccount(Closing *closing)
{
	if (apitoken_store_run_fresh(closing->erases ? STATEMENT_LOCK_ACCOUNT : STATEMENT_CLOSE_ACCOUNT,
								 &closing->arguments) == 0)
		closing->found = false;
}

/* Is it how something was given back?  Or was it given back as others waited for it? */
static bool
IsGivenBack(int sqlstate, void *argument)
{
	return ((const Closing *) argument)->busy || apitoken_error_is_deadlock(sqlstate);
}

/* Returns whether it is done. */
static bool
Try(Closing *closing, void (*action) (void *argument))
{
	closing->busy = false;
	return apitoken_subxact_try(action, closing, IsGivenBack);
}

/* The transaction that has locked, or changed, what is in the way; NULL: the row is gone. */
static char *
Locker(Closing *closing)
{
	ApitokenStatement statement = closing->busy_token == NULL ? STATEMENT_LOCKER_OF_ACCOUNT :
		STATEMENT_LOCKER_OF_TOKEN;
	char	   *locker = NULL;

	apitoken_store_set_text(&closing->arguments, 2, closing->busy_token);
	if (apitoken_store_run_fresh(statement, &closing->arguments) > 0)
		locker = apitoken_store_cstring(0, 1);
	/* it is asked often */
	SPI_freetuptable(SPI_tuptable);
	return locker;
}

/* Can what was in the way be locked now?  It is given back at once. */
static void
LookAtOne(void *argument)
{
	Closing    *closing = argument;
	ApitokenStatement statement = closing->erases ? STATEMENT_TRY_TO_ERASE : STATEMENT_TRY_ACCOUNT;

	if (closing->busy_token != NULL)
	{
		SetTokens(closing, list_make1(closing->busy_token));
		statement = STATEMENT_TRY_CHOSEN;
	}
	closing->is_free = apitoken_store_run_fresh(statement, &closing->arguments) > 0;
	GiveBack(closing);
}

/* Is it still he? */
static bool
IsInTheWay(Closing *closing, const char *locker)
{
	char	   *now;

	(void) Try(closing, LookAtOne);
	now = Locker(closing);
	return !closing->is_free && now != NULL && strcmp(now, locker) == 0;
}

/*
 * Waits until whoever is in the way has ended, and has nothing afterwards either.  Not in
 * the row's queue: others who are in a deadlock would have this end with them.
 */
static void
WaitForOne(Closing *closing)
{
	const char *locker = Locker(closing);
	TimestampTz start = GetCurrentTimestamp();
	MemoryContext look;
	MemoryContext old;

	if (locker == NULL)
	{
		closing->found = closing->busy_token != NULL;
		return;
	}
	/* it may take hours */
	look = AllocSetContextCreate(CurrentMemoryContext, "apitoken look", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(look);
	while (IsInTheWay(closing, locker))
	{
		if (LockTimeout > 0 && TimestampDifferenceExceeds(start, GetCurrentTimestamp(), LockTimeout))
			apitoken_error_lock_timeout(LockTimeout);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(LOOK_MS * 1000L);
		MemoryContextReset(look);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(look);
}

static void
WaitForTokens(Closing *closing)
{
	List	   *ids = closing->choose(closing->account_id, closing->argument);

	if (ids == NIL)
		return;
	SetTokens(closing, ids);
	(void) apitoken_store_run_fresh(STATEMENT_LOCK_CHOSEN, &closing->arguments);
}

/* Waits for each, with those that it has. */
static void
WaitForAll(void *argument)
{
	Closing    *closing = argument;
	ListCell   *cell;

	foreach(cell, closing->accounts)
	{
		CHECK_FOR_INTERRUPTS();
		apitoken_marks_set("deadlock_timeout", DEADLOCK_TIMEOUT, lfirst(cell));
		SetAccount(closing, lfirst(cell));
		WaitForTokens(closing);
		WaitForAccount(closing);
		WaitForTokens(closing);
	}
	/* it may have been told of a deadlock as that ended */
	CHECK_FOR_INTERRUPTS();
}

/* Returns whether it is done, or else is to be begun again. */
static bool
WaitInOrder(Closing *closing, bool last)
{
	if (!last)
		return Try(closing, WaitForAll);
	WaitForAll(closing);
	return true;
}

/*
 * Locks the tokens of accounts that are chosen, those that come in between, too, and the
 * accounts, until the transaction has ended: nobody commits what he did by a right in one any
 * more, nor another token of it; with erases, nor any other row that refers to it.  Returns
 * false if there is no such account.
 *
 * Expects SPI to be connected and the tables' owner to be the current role.  Raises 40P01
 * if somebody who has begun before, or who was there before and is always followed by others,
 * waits for what the transaction has locked.
 */
bool
apitoken_closing_lock(const List *accounts, bool erases, ApitokenChoice choose, void *argument)
{
	Closing		closing = {
		.accounts = accounts, .choose = choose, .argument = argument, .erases = erases,
		.found = true, .context = CurrentMemoryContext
	};
	TimestampTz start = GetCurrentTimestamp();

	for (int try = 0, deadlocks = 0; closing.found; try++)
	{
		CHECK_FOR_INTERRUPTS();
		if (try >= TRIES && TimestampDifferenceExceeds(start, GetCurrentTimestamp(), TRIES_MS))
		{
			if (WaitInOrder(&closing, deadlocks++ >= DEADLOCKS))
				break;
		}
		else if (Try(&closing, TryAll))
			break;
		else
			WaitForOne(&closing);
	}
	return closing.found;
}
