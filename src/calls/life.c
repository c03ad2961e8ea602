/*-------------------------------------------------------------------------
 *
 * life.c
 *	  When a token's life ends: what create and update are asked for.
 *
 * An end is a moment that is still to come, within the longest lifetime (see
 * lifetime.c).  A token that is past that already, because it is older than the
 * bound, can be brought nearer to it.  Time is given like modules are: no token
 * gives another, or itself, a later end than its own, and nobody of an account
 * prolongs what is held.
 *
 * src/calls/life.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/life.h"

#include "calls/trail.h"
#include "document/members.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/held.h"
#include "rights/lifetime.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Raises PT400 for an end that is over, or later than the latest. */
static void
CheckEnd(TimestampTz end, TimestampTz now, TimestampTz latest)
{
	char		string[APITOKEN_INSTANT_SIZE];

	if (end <= now)
		apitoken_error_member("expiresAt", "is in the past",
							  "Give a moment to come; apitoken_disable() ends a token now.");
	if (end > latest)
		apitoken_error_member("expiresAt", "is later than the longest lifetime allows",
							  psprintf("The latest end is %s.",
									   apitoken_members_instant(latest, string)));
}

/* Raises PT403, or has COMMIT do so, if it is later than the end of the token that acts. */
static void
Give(const ApitokenCall *call, TimestampTz end)
{
	if (end > call->caller.expires_at)
		apitoken_error_beyond_own_end();
	apitoken_acts_give_time(&call->caller, end);
}

/*
 * Returns when a new token's life ends (DT_NOEND: never): when the body says, else
 * when it must.  Raises PT400 and PT403.
 */
TimestampTz
apitoken_life_of_new(const ApitokenCall *call, const ApitokenBody *body)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz latest;
	TimestampTz end = body->expires_at;

	PushActiveSnapshot(GetLatestSnapshot());
	latest = apitoken_lifetime_limit(body->account_id, now);
	PopActiveSnapshot();
	if (end == DT_NOEND)
		end = Min(latest, call->caller.expires_at);
	else
		CheckEnd(end, now, latest);
	Give(call, end);
	return end;
}

/*
 * Checks that a token may be given more than it has: nothing that is held is, by anybody
 * below.  Under the active snapshot.  Raises PT403.
 */
void
apitoken_life_check_gain(const ApitokenCall *call, const char *account_id, const char *id)
{
	if (!call->caller.everywhere && apitoken_held_token(account_id, id))
		apitoken_error_held("API token", id);
	apitoken_acts_open(&call->caller, account_id);
}

/* The latest end that a token can be given.  Under the active snapshot. */
static TimestampTz
LatestEnd(const char *account_id, const ApitokenLife *life, TimestampTz end, TimestampTz now)
{
	TimestampTz latest = apitoken_lifetime_limit(account_id, life->begin);

	return end > life->end ? latest : Max(latest, apitoken_lifetime_limit(account_id, now));
}

static void
SetEnd(const ApitokenCall *call, const char *account_id, const char *id, TimestampTz end)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	if (end != DT_NOEND)
		apitoken_store_set(&arguments, 2, TimestampTzGetDatum(end));
	apitoken_store_set_text(&arguments, 3, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 4, call->caller.actor.id);
	apitoken_store_set_text(&arguments, 5, account_id);
	(void) apitoken_trail_write_as(&call->caller, STATEMENT_SET_END, &arguments, account_id, id);
}

/*
 * Changes when a token's life ends (DT_NOEND: never); its row is locked.  One that is
 * as it is stored asks for nothing.  Raises PT400 and PT403.
 */
void
apitoken_life_change(const ApitokenCall *call, const char *account_id, const char *id,
					 TimestampTz end)
{
	TimestampTz now = GetCurrentTimestamp();
	ApitokenLife life;

	PushActiveSnapshot(GetLatestSnapshot());
	life = apitoken_lifetime_of_token(account_id, id);
	if (end != life.end)
		CheckEnd(end, now, LatestEnd(account_id, &life, end, now));
	if (end > life.end)
	{
		Give(call, end);
		apitoken_life_check_gain(call, account_id, id);
	}
	PopActiveSnapshot();
	if (end != life.end)
		SetEnd(call, account_id, id, end);
}
