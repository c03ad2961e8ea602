/*-------------------------------------------------------------------------
 *
 * quota.c
 *	  How many tokens may an account have?
 *
 * Those count that are not Deleted, and they are counted each time: a number that is
 * kept beside them would have whoever deletes one wait for whoever makes one.  Those
 * who make one wait for each other instead, where there is a bound, so that no two of
 * them take the last place.
 *
 * src/rights/quota.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/quota.h"

#include "apitoken.h"
#include "catalog/pg_type.h"
#include "store/distribution.h"
#include "store/fetch.h"
#include "store/gates.h"
#include "store/store.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

static ApitokenColumn quota_columns[] = {{"max_tokens", INT4OID, true}};
static const ApitokenLayout quota_layout = {1, quota_columns, 0};

static void
ReceiveMost(void *argument, int key, Datum *values, bool *isnull)
{
	if (!isnull[0])
		*(int64 *) argument = DatumGetInt32(values[0]);
}

/* The largest number; negative: there is none.  As things are now. */
static int64
MostTokens(const char *account_id)
{
	int64		most = apitoken_max_tokens;
	Datum		key = CStringGetTextDatum(account_id);
	ApitokenKeys keys = {1, {&key}};

	PushActiveSnapshot(GetLatestSnapshot());
	apitoken_fetch(LOOKUP_ACCOUNT_QUOTA, &quota_layout, &keys, 1, ReceiveMost, &most);
	PopActiveSnapshot();
	return most;
}

/* How many tokens there are, but no more than that; as things are now. */
static int64
CountTokens(const char *account_id, int64 most)
{
	ApitokenArguments arguments;
	bool		isnull;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	apitoken_store_set(&arguments, 2, Int64GetDatum(most));
	PushActiveSnapshot(GetLatestSnapshot());
	(void) apitoken_store_run_active(STATEMENT_COUNT_TOKENS, &arguments);
	PopActiveSnapshot();
	return DatumGetInt64(apitoken_store_value(0, 1, &isnull));
}

/*
 * Waits for others who have asked.  Where the tables are distributed they may be on other
 * nodes: then it is the account's row that is locked.
 */
static void
Queue(const char *account_id, bool one_of_many)
{
	ApitokenArguments arguments;

	if (!apitoken_distribution_is_ready())
	{
		apitoken_gates_queue_quota(one_of_many ? NULL : account_id);
		return;
	}
	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, account_id);
	(void) apitoken_store_run_fresh(STATEMENT_CLOSE_ACCOUNT, &arguments);
}

/*
 * Returns how many more tokens an account may have, which stays so for everybody else
 * until the transaction has ended: waits for others who have asked.  one_of_many: for
 * who asks about many accounts, the same lock for all.  Expects SPI to be connected and
 * the tables' owner to be the current role.
 */
ApitokenQuota
apitoken_quota_claim(const char *account_id, bool one_of_many)
{
	ApitokenQuota quota = {false, 0, 0};

	if (MostTokens(account_id) < 0)
		return quota;
	Queue(account_id, one_of_many);

	/* it may be another one by now */
	quota.most = MostTokens(account_id);
	quota.bounded = quota.most >= 0;
	if (quota.bounded)
		quota.room = quota.most - CountTokens(account_id, quota.most);
	return quota;
}
