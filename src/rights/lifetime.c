/*-------------------------------------------------------------------------
 *
 * lifetime.c
 *	  How long may a token live?
 *
 * The longest lifetime is counted from when a token's secret was made.  There is
 * one for all, apitoken.max_lifetime, and an account may have another: the shorter
 * one counts.  Without any a token may live for ever.
 *
 * src/rights/lifetime.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/lifetime.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "store/fetch.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

static ApitokenColumn life_columns[] = {
	{"created_at", TIMESTAMPTZOID, false}, {"expires_at", TIMESTAMPTZOID, true},
	{"rotated_at", TIMESTAMPTZOID, true}
};
static ApitokenColumn lifetime_columns[] = {{"max_token_lifetime", INTERVALOID, true}};
static const ApitokenLayout life_layout = {3, life_columns, 0};
static const ApitokenLayout lifetime_layout = {1, lifetime_columns, 0};

static void
ReceiveLife(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenLife *life = argument;

	life->begin = DatumGetTimestampTz(values[isnull[2] ? 0 : 2]);
	life->end = isnull[1] ? DT_NOEND : DatumGetTimestampTz(values[1]);
}

/* The life of an account's token, which must be there; under the active snapshot. */
ApitokenLife
apitoken_lifetime_of_token(const char *account_id, const char *id)
{
	ApitokenLife life = {0, DT_NOEND};
	Datum		account = CStringGetTextDatum(account_id);
	Datum		key = CStringGetTextDatum(id);
	ApitokenKeys keys = {1, {&account, &key}};

	apitoken_fetch(LOOKUP_TOKEN_LIFE, &life_layout, &keys, 1, ReceiveLife, &life);
	return life;
}

static void
ReceiveLifetime(void *argument, int key, Datum *values, bool *isnull)
{
	ApitokenLife *longest = argument;

	/* without a time zone: a month is as long wherever somebody asks */
	if (!isnull[0])
		longest->end = DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval,
															 TimestampGetDatum(longest->begin),
															 values[0]));
}

/*
 * The latest end of a token of that account whose secret was made at that moment, in
 * milliseconds as it is stored; DT_NOEND: there is none.  Under the active snapshot.
 */
TimestampTz
apitoken_lifetime_limit(const char *account_id, TimestampTz begin)
{
	ApitokenLife longest = {begin, DT_NOEND};
	Datum		key = CStringGetTextDatum(account_id);
	ApitokenKeys keys = {1, {&key}};

	apitoken_fetch(LOOKUP_ACCOUNT_LIFETIME, &lifetime_layout, &keys, 1, ReceiveLifetime,
				   &longest);
	if (apitoken_max_lifetime > 0)
		longest.end = Min(longest.end, begin + apitoken_max_lifetime * USECS_PER_SEC);
	return longest.end == DT_NOEND ? DT_NOEND : longest.end - longest.end % 1000;
}
