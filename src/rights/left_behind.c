/*-------------------------------------------------------------------------
 *
 * left_behind.c
 *	  Is a token left behind, so that it does not authenticate?
 *
 * The marketplace lets the tokens of a Disabled account go on, and those whose creator
 * is no longer there; two settings say otherwise.  Each costs one more look into an
 * index, where it is on, and its token's row nothing.
 *
 * src/rights/left_behind.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/left_behind.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "store/fetch.h"
#include "utils/builtins.h"

static ApitokenColumn account_columns[] = {{"status", TEXTOID, false}};
static ApitokenColumn user_columns[] = {{"status", TEXTOID, false}};
static ApitokenColumn token_columns[] = {{"status", TEXTOID, false}};
static const ApitokenLayout account_layout = {1, account_columns, 0};
static const ApitokenLayout user_layout = {1, user_columns, 0};
static const ApitokenLayout token_layout = {1, token_columns, 0};

/* Statuses in which somebody's tokens, or an account's, are left behind. */
static void
ReceiveStatus(void *argument, int key, Datum *values, bool *isnull)
{
	char	   *status = TextDatumGetCString(values[0]);

	*(bool *) argument = strcmp(status, "Blocked") == 0 || strcmp(status, "Disabled") == 0 ||
		strcmp(status, "Deleted") == 0;
}

/* Is it?  So is what was erased, and has no row any more. */
static bool
IsGone(ApitokenLookup lookup, const ApitokenLayout *layout, const char *id)
{
	bool		gone = true;
	Datum		key = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&key}};

	apitoken_fetch(lookup, layout, &keys, 1, ReceiveStatus, &gone);
	return gone;
}

/* Is it, by its account?  A token that was found, under the active snapshot. */
bool
apitoken_left_behind_by_account(const ApitokenTokenStatus *token)
{
	return apitoken_refuse_disabled_accounts &&
		IsGone(LOOKUP_ACCOUNT_STATUS, &account_layout, token->account_id);
}

static bool
IsLeftByCreator(const ApitokenTokenStatus *token)
{
	if (token->creator_type == NULL)
		return false;
	return strcmp(token->creator_type, "user") == 0 ?
		IsGone(LOOKUP_CREATING_USER, &user_layout, token->creator_id) :
		IsGone(LOOKUP_CREATING_TOKEN, &token_layout, token->creator_id);
}

/*
 * Is it, by its account or by whoever created it, as far as the settings say?  A token
 * that was found, under the active snapshot.  Expects SPI to be connected and the
 * tables' owner to be the current role.
 */
bool
apitoken_left_behind(const ApitokenTokenStatus *token)
{
	return apitoken_left_behind_by_account(token) || IsLeftByCreator(token);
}
