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
#include "errors.h"
#include "miscadmin.h"
#include "store/ids.h"
#include "store/store.h"
#include "store/subxact.h"
#include "utils/builtins.h"
#include "utils/elog.h"

/*
 * How many times it is begun again for somebody who has locked one of them.  If there is
 * always somebody, the next time others are made to wait: they may be told of a deadlock.
 */
#define TRIES 20

/* What is being locked. */
typedef struct Closing
{
	ApitokenArguments arguments;	/* the account, and which of its tokens */
	ApitokenChoice choose;
	void	   *argument;
	MemoryContext context;		/* the subtransactions' caller's */
	char	   *busy_token;		/* somebody has locked it */
	bool		busy;			/* or else the account */
	bool		found;			/* is there such an account? */
} Closing;

static void
SetTokens(Closing *closing, const List *ids)
{
	apitoken_store_set_pointer(&closing->arguments, 2, apitoken_ids_array_of_list(ids));
}

/* Gives back what the subtransaction has locked. */
static void
GiveBack(Closing *closing, const char *busy_token)
{
	closing->busy = true;
	closing->busy_token = busy_token == NULL ? NULL :
		MemoryContextStrdup(closing->context, busy_token);
	apitoken_error_locked();
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
	List	   *ids = closing->choose(closing->argument);
	const char *missing;

	if (ids == NIL)
		return;
	SetTokens(closing, ids);
	missing = FirstMissing(ids, apitoken_store_run_fresh(STATEMENT_TRY_CHOSEN, &closing->arguments));
	if (missing != NULL)
		GiveBack(closing, missing);
}

/* The tokens, then the account, then those that came in between. */
static void
TryAll(void *argument)
{
	Closing    *closing = argument;

	TryTokens(closing);
	if (apitoken_store_run_fresh(STATEMENT_TRY_ACCOUNT, &closing->arguments) == 0)
		GiveBack(closing, NULL);
	TryTokens(closing);
	closing->found = true;
}

/* Waits for whoever is in the way, and has nothing afterwards either. */
static void
WaitForOne(void *argument)
{
	Closing    *closing = argument;

	if (closing->busy_token != NULL)
	{
		SetTokens(closing, list_make1(closing->busy_token));
		(void) apitoken_store_run_fresh(STATEMENT_LOCK_CHOSEN, &closing->arguments);
	}
	else
		closing->found = apitoken_store_run_fresh(STATEMENT_LOCK_ACCOUNT, &closing->arguments) != 0;
	GiveBack(closing, NULL);
}

static void
WaitForTokens(Closing *closing)
{
	List	   *ids = closing->choose(closing->argument);

	if (ids == NIL)
		return;
	SetTokens(closing, ids);
	(void) apitoken_store_run_fresh(STATEMENT_LOCK_CHOSEN, &closing->arguments);
}

/* Waits for each, with those that it has. */
static void
WaitForAll(Closing *closing)
{
	WaitForTokens(closing);
	closing->found = apitoken_store_run_fresh(STATEMENT_LOCK_ACCOUNT, &closing->arguments) != 0;
	WaitForTokens(closing);
}

/* Is it how something was given back? */
static bool
IsGivenBack(int sqlstate, void *argument)
{
	return ((const Closing *) argument)->busy;
}

/* Returns whether it is done. */
static bool
Try(Closing *closing, void (*action) (void *argument))
{
	closing->busy = false;
	return apitoken_subxact_try(action, closing, IsGivenBack);
}

/*
 * Locks the tokens that are chosen, those that come in between, too, and the account, until
 * the transaction has ended: nobody commits what he did by a right in it any more, nor
 * another token of it.  Returns false if there is no such account.
 *
 * Expects SPI to be connected and the tables' owner to be the current role.  Raises 40P01
 * if somebody wants what the transaction had locked before, and has what this wants.
 */
bool
apitoken_closing_lock(const char *account_id, ApitokenChoice choose, void *argument)
{
	Closing		closing = {
		.choose = choose, .argument = argument, .context = CurrentMemoryContext, .found = true
	};

	apitoken_store_clear(&closing.arguments);
	apitoken_store_set_text(&closing.arguments, 1, account_id);
	for (int try = 0; try < TRIES && closing.found; try++)
	{
		CHECK_FOR_INTERRUPTS();
		if (Try(&closing, TryAll))
			return true;
		(void) Try(&closing, WaitForOne);
	}
	if (closing.found)
		WaitForAll(&closing);
	return closing.found;
}
