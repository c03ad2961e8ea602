/*-------------------------------------------------------------------------
 *
 * held.c
 *	  Is a token, or an account, held?  See hold.c for what that means.
 *
 * src/rights/held.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/held.h"

#include "catalog/pg_type.h"
#include "store/fetch.h"
#include "utils/builtins.h"

static ApitokenColumn hold_columns[] = {{"held_at", TIMESTAMPTZOID, true}};
static const ApitokenLayout hold_layout = {1, hold_columns, 0};

static void
ReceiveHold(void *argument, int key, Datum *values, bool *isnull)
{
	*(bool *) argument = !isnull[0];
}

static bool
IsHeld(ApitokenLookup lookup, const ApitokenKeys *keys)
{
	bool		held = false;

	apitoken_fetch(lookup, &hold_layout, keys, 1, ReceiveHold, &held);
	return held;
}

/* Is the account with that id held?  Under the active snapshot. */
bool
apitoken_held_account(const char *account_id)
{
	Datum		key = CStringGetTextDatum(account_id);
	ApitokenKeys keys = {1, {&key}};

	return IsHeld(LOOKUP_ACCOUNT_HOLD, &keys);
}

/* The same for a token of an account. */
bool
apitoken_held_token(const char *account_id, const char *id)
{
	Datum		account = CStringGetTextDatum(account_id);
	Datum		key = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&account, &key}};

	return IsHeld(LOOKUP_TOKEN_HOLD, &keys);
}
