/*-------------------------------------------------------------------------
 *
 * count.c
 *	  Counts what the extension does between two looks for an interrupt, and
 *	  brings an interrupt about at a look of one's choice.
 *
 * What is counted are the extension's own steps, as gcc divides it into blocks
 * with -fsanitize-coverage=trace-pc.  This file is compiled without that.
 *
 * test/cancel/count.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#if PG_VERSION_NUM >= 140000
#include "utils/wait_event.h"
#endif

#include "look.h"

static int64 steps = 0;			/* since the last look */
static int64 longest = 0;
static int64 looks = 0;
static int64 interrupted_look = 0;	/* 0: none */
static bool wait_there = false;

void		__sanitizer_cov_trace_pc(void);

/* gcc calls it in every block. */
void
__sanitizer_cov_trace_pc(void)
{
	steps++;
}

/* Waits to be cancelled by somebody, who sees that it does. */
static void
WaitForInterrupt(void)
{
	pgstat_report_wait_start(PG_WAIT_EXTENSION);
	while (!InterruptPending)
		pg_usleep(1000L);
	pgstat_report_wait_end();
}

void
apitoken_test_look(void)
{
	longest = Max(longest, steps);
	steps = 0;
	if (++looks != interrupted_look)
		return;

	if (wait_there)
		WaitForInterrupt();
	else
	{
		QueryCancelPending = true;
		InterruptPending = true;
	}
}

PG_FUNCTION_INFO_V1(apitoken_test_start);

/*
 * apitoken_test_start(look bigint, wait boolean) returns void: counts from here
 * on, and at the look of that number cancels the statement, or waits until
 * somebody does.
 */
Datum
apitoken_test_start(PG_FUNCTION_ARGS)
{
	steps = longest = looks = 0;
	interrupted_look = PG_GETARG_INT64(0);
	wait_there = PG_GETARG_BOOL(1);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(apitoken_test_looks);

/* apitoken_test_looks() returns bigint: how many there have been. */
Datum
apitoken_test_looks(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(looks);
}

PG_FUNCTION_INFO_V1(apitoken_test_longest);

/* apitoken_test_longest() returns bigint: the most steps without a look. */
Datum
apitoken_test_longest(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(Max(longest, steps));
}
