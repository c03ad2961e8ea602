/*-------------------------------------------------------------------------
 *
 * feed.c
 *	  The feed: the trail's events in an order in which nothing ever appears behind a
 *	  position that was handed out.
 *
 * See position.c for what a position is.  Between two snapshots events come in the
 * order of their numbers, which for one token is that in which they happened.
 *
 * Where the tables are distributed each node has a feed of its own, of the shards that it
 * has, and asks no other.
 *
 * src/calls/feed.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "calls/call.h"
#include "document/jsonb_writer.h"
#include "errors.h"
#include "fmgr.h"
#include "store/distribution.h"
#include "store/position.h"
#include "store/shards.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

/* No answer has more events. */
#define MOST_EVENTS 1000

typedef struct Feed
{
	const ApitokenCall *call;
	int			at_most;
	ApitokenSeen now;			/* what can be seen */
	ApitokenPosition position;	/* the one given, then where to go on */
	uint64		count;			/* of events: the last statement's result */
} Feed;

/*
 * Is something pruned that was not handed out?  What was there when the position was
 * handed out last is not asked for again.
 */
static bool
IsPruned(const ApitokenPosition *position)
{
	const ApitokenSeen *reached = position->has_target ? &position->target : &position->base;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_seen_set(&arguments, 1, 2, reached);
	apitoken_store_set(&arguments, 3, apitoken_seen_xid(apitoken_seen_oldest(reached)));
	if (position->has_target)
		apitoken_store_set(&arguments, 4, Int64GetDatum(position->number));
	return apitoken_store_run_active(STATEMENT_FIND_PRUNED, &arguments) > 0;
}

/*
 * Reads the position given, of the shards that there are (0: the tables are not distributed);
 * null is the begin.  Raises PT400.
 */
static ApitokenPosition
Position(const char *after, uint64 shards)
{
	ApitokenPosition position;

	if (after == NULL)
		return apitoken_position_begin(shards);
	if (!apitoken_position_parse(after, shards != 0, &position) ||
		!apitoken_position_is_known(&position))
		apitoken_error_position("was not handed out by this feed");
	if (position.shards != shards)
		apitoken_error_other_shards();
	if (IsPruned(&position))
		apitoken_error_position("is older than what was pruned");
	return position;
}

/*
 * Goes on to what can be seen now; returns whether there is anything new.  What lies
 * before the first new number is not read again.
 */
static bool
Advance(Feed *feed)
{
	ApitokenArguments arguments;
	bool		isnull;
	Datum		first;

	apitoken_store_clear(&arguments);
	apitoken_seen_set(&arguments, 1, 2, &feed->position.base);
	(void) apitoken_store_run_active(STATEMENT_FIRST_NEW, &arguments);
	first = apitoken_store_value(0, 1, &isnull);
	if (isnull)
		return false;
	feed->position.has_target = true;
	feed->position.target = feed->now;
	feed->position.number = DatumGetInt64(first) - 1;
	return true;
}

static void
ReadEvents(Feed *feed)
{
	const ApitokenPosition *position = &feed->position;
	const ApitokenCaller *caller = &feed->call->caller;
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, Int64GetDatum(position->number));
	apitoken_store_set(&arguments, 2, Int64GetDatum(feed->at_most));
	apitoken_seen_set(&arguments, 3, 4, &position->base);
	apitoken_seen_set(&arguments, 5, 6, &position->target);
	if (!caller->everywhere)
		apitoken_store_set_pointer(&arguments, 7, caller->accounts);
	feed->count = apitoken_store_run_active(caller->everywhere ? STATEMENT_EVENTS :
											STATEMENT_EVENTS_OF_ACCOUNTS, &arguments);
}

/* Sets the position to go on from. */
static void
GoOn(Feed *feed)
{
	ApitokenPosition *position = &feed->position;
	bool		isnull;

	if (feed->count >= feed->at_most)
		position->number = DatumGetInt64(apitoken_store_value(feed->count - 1, 1, &isnull));
	else
	{
		position->base = position->target;
		position->has_target = false;
	}
	apitoken_position_stamp(position);
}

/*
 * Reads what is to come.  A server, or a transaction, that does not see yet what the
 * position does has nothing to add to it.  Where nothing is new the position stays, but
 * for one that names transactions which were in progress.
 */
static void
Read(Feed *feed)
{
	ApitokenPosition *position = &feed->position;

	if (!apitoken_seen_includes(&feed->now, position->has_target ? &position->target :
								&position->base))
		return;
	if (!position->has_target && !Advance(feed))
	{
		if (position->base.count > 0)
		{
			position->base = feed->now;
			apitoken_position_stamp(position);
		}
		return;
	}
	ReadEvents(feed);
	GoOn(feed);
}

/* {"events", "position"} */
static Jsonb *
BuildFeed(const Feed *feed)
{
	const char *position = apitoken_position_text(&feed->position);
	MemoryContext old = MemoryContextSwitchTo(feed->call->result_context);
	StringInfoData buffer;
	ApitokenContainer answer;
	ApitokenContainer events;

	apitoken_jsonb_start_document(&buffer, 1024);
	MemoryContextSwitchTo(old);
	apitoken_jsonb_start_object(&answer, &buffer, 2);
	apitoken_jsonb_add_key(&answer, "events");
	apitoken_jsonb_add_key(&answer, "position");
	apitoken_jsonb_start_array(&events, &buffer, feed->count);
	for (uint64 row = 0; row < feed->count; row++)
	{
		bool		isnull;

		apitoken_jsonb_add_jsonb(&events,
								 DatumGetJsonbP(apitoken_store_value(row, 2, &isnull)));
	}
	apitoken_jsonb_finish(&events, &answer);
	apitoken_jsonb_add_string(&answer, position, strlen(position));
	apitoken_jsonb_finish(&answer, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/* How many events are asked for.  Raises PT400 for none, and for too many. */
static int
AtMost(FunctionCallInfo fcinfo)
{
	int			at_most = apitoken_call_isnull(fcinfo, 1) ? 100 : PG_GETARG_INT32(1);

	if (at_most < 1 || at_most > MOST_EVENTS)
		apitoken_error_at_most(MOST_EVENTS);
	return at_most;
}

PG_FUNCTION_INFO_V1(apitoken_feed);

/*
 * apitoken_feed(after text, at_most integer) returns jsonb: the events that follow a
 * position (null: the begin), see above, and the position to go on from.
 *
 * Raises PT400 for a position that was not handed out here, is older than what was pruned,
 * or of before this node got or lost a shard, and for a number that is out of range; PT401,
 * PT403; 0A000 for a shard whose rows nobody has stamped.
 */
Datum
apitoken_feed(PG_FUNCTION_ARGS)
{
	char	   *after = apitoken_call_isnull(fcinfo, 0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			at_most = AtMost(fcinfo);
	ApitokenCall call = apitoken_call_begin(OPERATION_FEED);
	Feed		feed = {.call = &call, .at_most = at_most};
	uint64		shards = 0;
	Jsonb	   *answer;

	if (apitoken_distribution_is_ready())
		shards = apitoken_shards_look();
	apitoken_store_prefer_indexes();
	feed.now = apitoken_seen_now();
	feed.position = Position(after, shards);
	Read(&feed);
	answer = BuildFeed(&feed);
	apitoken_call_end(&call);
	PG_RETURN_JSONB_P(answer);
}
