/*-------------------------------------------------------------------------
 *
 * trail.c
 *	  The trail: what happened to tokens, who did it, and from where.
 *
 * The database writes it: whatever changes a row of a token, or of a token's modules,
 * has its trigger, whether a call does it or somebody by hand.  Only a new token that
 * a call makes, and a status that is changed without a statement, are recorded by the
 * call.  A restore brings back tokens and then their trail: it is known as one, and
 * leaves nothing in the trail by itself.
 *
 * src/calls/trail.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/trail.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "apitoken.h"
#include "calls/erase.h"
#include "calls/marks.h"
#include "document/jsonb_writer.h"
#include "document/members.h"
#include "errors.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "redact.h"
#include "request.h"
#include "rights/acts.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "store/shards.h"
#include "store/signals.h"
#include "store/trigger_row.h"
#include "store/write.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define TRAIL "api_token_transitions"

/*
 * Recording
 */

static void
AddByStatement(const ApitokenTrailRow *row)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set(&arguments, 1, row->account_id);
	apitoken_store_set(&arguments, 2, row->id);
	apitoken_store_set_pointer(&arguments, 3, DatumGetPointer(row->from));
	apitoken_store_set_pointer(&arguments, 4, DatumGetPointer(row->to));
	apitoken_store_set_text(&arguments, 5, row->actor_type);
	apitoken_store_set_text(&arguments, 6, row->actor_id);
	apitoken_store_set_pointer(&arguments, 7, &row->role);
	apitoken_store_set_pointer(&arguments, 8, DatumGetPointer(row->client_address));
	if (!apitoken_store_has_column(TRAIL, "event"))
	{
		apitoken_store_run_fresh(STATEMENT_ADD_TRANSITION, &arguments);
		return;
	}
	if (row->call_id != 0)
		apitoken_store_set(&arguments, 9, Int64GetDatum(row->call_id));
	apitoken_store_set_text(&arguments, 10, row->reason);
	apitoken_store_set_text(&arguments, 11, row->event);
	apitoken_store_set_pointer(&arguments, 12, row->details);
	apitoken_store_set_text(&arguments, 13, row->session_role);
	apitoken_store_set_text(&arguments, 14, row->request_id);
	if (OidIsValid(row->shard))
		apitoken_store_run_on_shard(STATEMENT_ADD_EVENT_TO_SHARD, &arguments, TRAIL, row->shard);
	else
		apitoken_store_run_fresh(STATEMENT_ADD_EVENT, &arguments);
}

/*
 * Adds a row to the trail.  Expects SPI to be connected and the tables' owner to be the
 * current role.
 */
void
apitoken_trail_record(const ApitokenCaller *caller, const ApitokenEvent *event)
{
	ApitokenOrigin origin = apitoken_request_origin();
	ApitokenTrailRow row = {
		.account_id = event->account_id, .id = event->id, .from = event->from, .to = event->to,
		.actor_type = caller->actor.type, .actor_id = caller->actor.id,
		.client_address = origin.address, .call_id = caller->call_id, .reason = caller->reason,
		.event = event->kind, .details = event->details, .request_id = origin.request_id,
		.session_role = GetUserNameFromId(GetSessionUserId(), false), .shard = event->shard
	};

	namestrcpy(&row.role, GetUserNameFromId(caller->role, false));
	if (OidIsValid(row.shard) || !apitoken_write_trail(&row))
		AddByStatement(&row);
}

/* What a change to that status is called. */
const char *
apitoken_trail_kind_of(Datum to)
{
	if (apitoken_ids_is(to, "Active"))
		return "enabled";
	return apitoken_ids_is(to, "Deleted") ? "deleted" : "disabled";
}

/*
 * A token is added
 */

/* Does the call that is writing now record new tokens, and what they have, itself? */
static bool
IsRecordedByCall(const ApitokenCaller *caller)
{
	return apitoken_identity_is_writing() &&
		(caller->operation == OPERATION_CREATE || caller->operation == OPERATION_IMPORT);
}

PG_FUNCTION_INFO_V1(apitoken_log_creation);

/*
 * apitoken.log_creation(): trigger on apitoken.api_tokens, after a row was added.  Raises
 * 39P01 if it is called otherwise.
 */
Datum
apitoken_log_creation(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenEvent event = {.kind = "created"};
	ApitokenOwnership ownership;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_INSERT);
	if (IsRecordedByCall(&caller) || apitoken_trigger_is_restored(trigger->tg_relation))
		PG_RETURN_POINTER(NULL);
	event.account_id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "account_id");
	event.id = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "id");
	event.to = apitoken_trigger_value(trigger, trigger->tg_trigtuple, "status");

	ownership = apitoken_owner_enter();
	apitoken_trail_record(&caller, &event);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

/*
 * A token is changed
 */

/* A member that is looked at. */
typedef struct Member
{
	const char *key;
	const char *column;
	ApitokenMemberKind kind;	/* a text, a moment or networks */
} Member;

/* In the order that jsonb has keys in. */
enum
{
	MEMBER_ICON, MEMBER_NAME, MEMBER_HELD, MEMBER_EXPIRES, MEMBER_REVOKED,
	MEMBER_DESCRIPTION, MEMBER_OLD_SECRET, MEMBER_ALLOWED, MEMBERS
};

static const Member members[MEMBERS] = {
	[MEMBER_ICON] = {"icon", "icon", MEMBER_TEXT},
	[MEMBER_NAME] = {"name", "name", MEMBER_TEXT},
	[MEMBER_HELD] = {"heldAt", "held_at", MEMBER_INSTANT},
	[MEMBER_EXPIRES] = {"expiresAt", "expires_at", MEMBER_INSTANT},
	[MEMBER_REVOKED] = {"revokedAt", "revoked_at", MEMBER_INSTANT},
	[MEMBER_DESCRIPTION] = {"description", "description", MEMBER_TEXT},
	[MEMBER_OLD_SECRET] = {"oldSecretUntil", "old_secret_until", MEMBER_INSTANT},
	[MEMBER_ALLOWED] = {"allowedNetworks", "allowed_networks", MEMBER_NETWORKS}
};

#define MASK(member) (1 << (member))

/* What a trigger sees of a change. */
typedef struct TokenChange
{
	TupleDesc	tupdesc;
	HeapTuple	rows[2];		/* before and after */
	ApitokenCaller caller;
	Oid			shard;			/* see ApitokenEvent */
	Datum		account_id;
	Datum		id;
	Datum		status;			/* after it */
	bool		transition;		/* has the status changed? */
	bool		rotated;		/* has the token another secret? */
	uint32		changed;		/* members that have, and are not recorded yet */
	Datum		values[MEMBERS][2]; /* before and after */
	bool		isnull[MEMBERS][2];
} TokenChange;

/* Reads a column before and after; returns whether it is another.  None is null. */
static bool
ReadColumn(const TokenChange *change, const char *column, Datum values[2], bool isnull[2])
{
	TupleDesc	tupdesc = change->tupdesc;
	int			attnum = SPI_fnumber(tupdesc, column);

	for (int i = 0; i < 2; i++)
	{
		isnull[i] = true;
		if (attnum > 0)
			values[i] = SPI_getbinval(change->rows[i], tupdesc, attnum, &isnull[i]);
	}
	if (isnull[0] || isnull[1])
		return isnull[0] != isnull[1];
	return !datum_image_eq(values[0], values[1], TupleDescAttr(tupdesc, attnum - 1)->attbyval,
						   TupleDescAttr(tupdesc, attnum - 1)->attlen);
}

/* Reads what has changed in the rows of a change. */
static void
ReadMembers(TokenChange *change)
{
	Datum		other[2];
	bool		isnull[2];

	change->transition = ReadColumn(change, "status", other, isnull);
	change->rotated = ReadColumn(change, "secret_number", other, isnull);
	for (int i = 0; i < MEMBERS; i++)
	{
		if (ReadColumn(change, members[i].column, change->values[i], change->isnull[i]))
			change->changed |= MASK(i);
	}
}

static TokenChange
ReadChange(TriggerData *trigger)
{
	TokenChange change = {
		.tupdesc = trigger->tg_relation->rd_att,
		.rows = {trigger->tg_trigtuple, trigger->tg_newtuple},
		.caller = apitoken_identity_writer()
	};

	change.account_id = apitoken_trigger_value(trigger, trigger->tg_newtuple, "account_id");
	change.id = apitoken_trigger_value(trigger, trigger->tg_newtuple, "id");
	change.status = apitoken_trigger_value(trigger, trigger->tg_newtuple, "status");
	ReadMembers(&change);
	return change;
}

static void
WriteValue(ApitokenContainer *parent, const Member *member, Datum value, bool isnull)
{
	char		string[APITOKEN_INSTANT_SIZE];
	const char *written;

	if (isnull)
	{
		apitoken_jsonb_add_null(parent);
		return;
	}
	if (member->kind == MEMBER_NETWORKS)
	{
		apitoken_members_add_networks(parent, value);
		return;
	}
	/* a secret in a text that may be told to others is masked */
	written = member->kind == MEMBER_INSTANT ?
		apitoken_members_instant(DatumGetTimestampTz(value), string) :
		apitoken_redact(TextDatumGetCString(value));
	apitoken_jsonb_add_string(parent, written, strlen(written));
}

/* {"member": {"from", "to"}} of each of the members; NULL for none. */
static Jsonb *
Details(const TokenChange *change, uint32 mask)
{
	StringInfoData buffer;
	ApitokenContainer details;
	ApitokenContainer values;

	if (mask == 0)
		return NULL;
	apitoken_jsonb_start_document(&buffer, 256);
	apitoken_jsonb_start_object(&details, &buffer, pg_popcount32(mask));
	for (int i = 0; i < MEMBERS; i++)
	{
		if (mask & MASK(i))
			apitoken_jsonb_add_key(&details, members[i].key);
	}
	for (int i = 0; i < MEMBERS; i++)
	{
		if ((mask & MASK(i)) == 0)
			continue;
		apitoken_jsonb_start_object(&values, &buffer, 2);
		apitoken_jsonb_add_key(&values, "to");
		apitoken_jsonb_add_key(&values, "from");
		WriteValue(&values, &members[i], change->values[i][1], change->isnull[i][1]);
		WriteValue(&values, &members[i], change->values[i][0], change->isnull[i][0]);
		apitoken_jsonb_finish(&values, &details);
	}
	apitoken_jsonb_finish(&details, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/* Records those of the members that have changed and are not recorded yet. */
static void
RecordMembers(TokenChange *change, const char *kind, uint32 mask, Datum status)
{
	ApitokenEvent event = {
		.kind = kind, .account_id = change->account_id, .id = change->id, .from = status,
		.to = status, .details = Details(change, change->changed & mask), .shard = change->shard
	};

	change->changed &= ~mask;
	apitoken_trail_record(&change->caller, &event);
}

/*
 * Keeps a signal of the token's status.  On a shard there is none: a transaction that is
 * prepared, as one of several nodes is, cannot have any.
 */
static void
KeepSignal(const TokenChange *change)
{
	if (apitoken_notify && !OidIsValid(change->shard))
		apitoken_signals_add(TextDatumGetCString(change->id), TextDatumGetCString(change->status));
}

/* The same as RecordMembers for the token's secrets, of which a signal tells as well. */
static void
RecordSecret(TokenChange *change, const char *kind, uint32 mask)
{
	RecordMembers(change, kind, mask, change->status);
	KeepSignal(change);
}

/* Has the member got a value, or lost it? */
static bool
IsSet(const TokenChange *change, int member)
{
	return (change->changed & MASK(member)) && change->isnull[member][0];
}

static bool
IsCleared(const TokenChange *change, int member)
{
	return (change->changed & MASK(member)) && change->isnull[member][1];
}

/* One that disables the token as well is recorded as its change of the status. */
static void
RecordSecrets(TokenChange *change)
{
	if (change->rotated)
		RecordSecret(change, "rotated", MASK(MEMBER_REVOKED) | MASK(MEMBER_OLD_SECRET));
	if (IsSet(change, MEMBER_REVOKED))
	{
		if (change->transition)
			change->changed &= ~MASK(MEMBER_REVOKED);
		else
			RecordSecret(change, "revoked", MASK(MEMBER_REVOKED));
	}
	if (IsCleared(change, MEMBER_OLD_SECRET))
		RecordSecret(change, "revoked", MASK(MEMBER_OLD_SECRET));
}

static void
RecordChange(TokenChange *change)
{
	RecordSecrets(change);
	if (change->changed & MASK(MEMBER_HELD))
		RecordMembers(change, change->isnull[MEMBER_HELD][1] ? "released" : "held",
					  MASK(MEMBER_HELD), (Datum) 0);
	if (change->changed & MASK(MEMBER_EXPIRES))
		RecordMembers(change, "expiry_changed", MASK(MEMBER_EXPIRES), (Datum) 0);
	if (change->changed & MASK(MEMBER_ALLOWED))
		RecordMembers(change, "networks_changed", MASK(MEMBER_ALLOWED), (Datum) 0);
	if (change->changed != 0)
		RecordMembers(change, "changed", change->changed, (Datum) 0);
}

/* Reads an account's token, as this transaction sees it; returns a copy, or NULL. */
static HeapTuple
ReadToken(const char *account_id, const char *id, TupleDesc *tupdesc)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	apitoken_store_set(&arguments, 2, BoolGetDatum(true));
	apitoken_store_set_text(&arguments, 4, account_id);
	if (apitoken_store_run_fresh(STATEMENT_TOKEN, &arguments) == 0)
		return NULL;
	*tupdesc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
	return heap_copytuple(SPI_tuptable->vals[0]);
}

/* Records a change of the status, which is a revocation if it comes with one. */
static void
RecordTransition(const TokenChange *change)
{
	int			status = SPI_fnumber(change->tupdesc, "status");
	bool		isnull;
	ApitokenEvent event = {
		.account_id = change->account_id, .id = change->id,
		.from = SPI_getbinval(change->rows[0], change->tupdesc, status, &isnull),
		.to = change->status, .shard = change->shard
	};

	event.kind = IsSet(change, MEMBER_REVOKED) ? "revoked" : apitoken_trail_kind_of(event.to);
	apitoken_trail_record(&change->caller, &event);
	KeepSignal(change);
}

/*
 * Runs a statement on behalf of a caller that changes an account's token, whose row is
 * locked, in more than its status.  Where the tables are distributed, what has changed
 * is recorded here, else a trigger does it.  Returns as apitoken_identity_write_as does.
 */
uint64
apitoken_trail_write_as(const ApitokenCaller *caller, ApitokenStatement statement,
						ApitokenArguments *arguments, const char *account_id, const char *id)
{
	TokenChange change = {.caller = *caller};
	SPITupleTable *result;
	uint64		rows;

	if (!apitoken_distribution_is_ready())
		return apitoken_identity_write_as(caller, statement, arguments, false);

	apitoken_acts_settle(caller, id);
	change.rows[0] = ReadToken(account_id, id, &change.tupdesc);
	rows = apitoken_identity_write_as(caller, statement, arguments, false);
	result = SPI_tuptable;
	change.rows[1] = ReadToken(account_id, id, &change.tupdesc);
	if (rows > 0 && change.rows[0] != NULL && change.rows[1] != NULL)
	{
		int			status = SPI_fnumber(change.tupdesc, "status");
		bool		isnull;

		change.account_id = CStringGetTextDatum(account_id);
		change.id = CStringGetTextDatum(id);
		change.status = SPI_getbinval(change.rows[1], change.tupdesc, status, &isnull);
		ReadMembers(&change);
		if (change.transition)
			RecordTransition(&change);
		RecordChange(&change);
	}
	SPI_tuptable = result;
	return rows;
}

PG_FUNCTION_INFO_V1(apitoken_log_change);

/*
 * apitoken.log_change(): trigger on apitoken.api_tokens, after an update of a row that
 * changes something else than its status.  What is erased is not kept here.  Raises 39P01
 * if it is called otherwise, and PT401 or PT403 if it is done by hand by the right of an
 * actor who may not any more.
 */
Datum
apitoken_log_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApitokenOwnership ownership;
	TokenChange change;

	apitoken_trigger_check(fcinfo, TRIGGER_EVENT_UPDATE);
	if (apitoken_erase_is_running())
		PG_RETURN_POINTER(NULL);
	change = ReadChange(trigger);
	ownership = apitoken_owner_enter();
	apitoken_acts_by_policy(RelationGetRelid(trigger->tg_relation), ownership.role);
	RecordChange(&change);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

/*
 * A token's module
 */

/* {"id"} */
static void
WriteModule(ApitokenContainer *parent, const char *module_id)
{
	ApitokenContainer module;

	apitoken_jsonb_start_object(&module, parent->buffer, 1);
	apitoken_jsonb_add_key(&module, "id");
	apitoken_jsonb_add_string(&module, module_id, strlen(module_id));
	apitoken_jsonb_finish(&module, parent);
}

/* {"module": {"id"}} */
static Jsonb *
ModuleDetails(const char *module_id)
{
	StringInfoData buffer;
	ApitokenContainer details;

	apitoken_jsonb_start_document(&buffer, 64);
	apitoken_jsonb_start_object(&details, &buffer, 1);
	apitoken_jsonb_add_key(&details, "module");
	WriteModule(&details, module_id);
	apitoken_jsonb_finish(&details, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/* {"modules": [{"id"}]}, of a new token; NULL for none. */
const Jsonb *
apitoken_trail_modules(List *module_ids)
{
	StringInfoData buffer;
	ApitokenContainer details;
	ApitokenContainer modules;
	ListCell   *cell;

	if (module_ids == NIL)
		return NULL;
	apitoken_jsonb_start_document(&buffer, 256);
	apitoken_jsonb_start_object(&details, &buffer, 1);
	apitoken_jsonb_add_key(&details, "modules");
	apitoken_jsonb_start_array(&modules, &buffer, list_length(module_ids));
	foreach(cell, module_ids)
		WriteModule(&modules, lfirst(cell));
	apitoken_jsonb_finish(&modules, &details);
	apitoken_jsonb_finish(&details, NULL);
	return apitoken_jsonb_finish_answer(&buffer);
}

/*
 * Records a module that a token is given, or that is taken from it, where the tables are
 * distributed; else a trigger does it.
 */
void
apitoken_trail_record_module(const ApitokenCaller *caller, const char *account_id,
							 const char *id, const char *module_id, bool given)
{
	ApitokenEvent event = {
		.kind = given ? "module_given" : "module_taken",
		.account_id = CStringGetTextDatum(account_id), .id = CStringGetTextDatum(id),
		.details = ModuleDetails(module_id)
	};

	if (apitoken_distribution_is_ready() && !(given && caller->operation == OPERATION_CREATE))
		apitoken_trail_record(caller, &event);
}

/* shard: see ApitokenEvent */
static void
RecordModule(const ApitokenCaller *caller, TriggerData *trigger, HeapTuple row, const char *kind,
			 Oid shard)
{
	Datum		module_id = apitoken_trigger_value(trigger, row, "module_id");
	ApitokenEvent event = {
		.kind = kind,
		.account_id = apitoken_trigger_value(trigger, row, "account_id"),
		.id = apitoken_trigger_value(trigger, row, "api_token_id"),
		.details = ModuleDetails(TextDatumGetCString(module_id)), .shard = shard
	};

	apitoken_trail_record(caller, &event);
}

/* Records what becomes of a token's module, by any event. */
static void
RecordModules(const ApitokenCaller *caller, TriggerData *trigger, Oid shard)
{
	bool		inserted = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);

	if (!inserted)
		RecordModule(caller, trigger, trigger->tg_trigtuple, "module_taken", shard);
	if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		RecordModule(caller, trigger, inserted ? trigger->tg_trigtuple : trigger->tg_newtuple,
					 "module_given", shard);
}

PG_FUNCTION_INFO_V1(apitoken_log_module);

/*
 * apitoken.log_module(): trigger on apitoken.api_token_modules, after an insert, update
 * or delete of a row.  Raises as apitoken.log_creation() does.
 */
Datum
apitoken_log_module(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		inserted = CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	ApitokenCaller caller = apitoken_identity_writer();
	ApitokenOwnership ownership;

	apitoken_trigger_check_update_or(fcinfo, inserted ? TRIGGER_EVENT_INSERT : TRIGGER_EVENT_DELETE);
	/* with a token that is removed its trail goes, too */
	if (apitoken_erase_is_running() || IsRecordedByCall(&caller) ||
		(inserted && apitoken_trigger_is_restored(trigger->tg_relation)))
		PG_RETURN_POINTER(NULL);
	ownership = apitoken_owner_enter();
	RecordModules(&caller, trigger, InvalidOid);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}

/*
 * What is changed by hand on a shard
 *
 * No trigger of the tables themselves is fired where they are distributed: calls record
 * what they do, and a shard's triggers what is done otherwise.
 */

static void
RecordAdded(TokenChange *change)
{
	ApitokenEvent event = {
		.kind = "created", .account_id = change->account_id, .id = change->id,
		.to = change->status, .shard = change->shard
	};

	apitoken_trail_record(&change->caller, &event);
}

static void
RecordByHand(TriggerData *trigger, const ApitokenCaller *caller, const char *table, Oid shard)
{
	TokenChange change;
	TokenChange others;

	if (strcmp(table, "api_token_modules") == 0)
	{
		RecordModules(caller, trigger, shard);
		return;
	}
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		trigger->tg_newtuple = trigger->tg_trigtuple;
	change = ReadChange(trigger);
	change.caller = *caller;
	change.shard = shard;
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		RecordAdded(&change);
		return;
	}
	/* in the order in which triggers do it elsewhere */
	others = change;
	RecordChange(&others);
	if (change.transition)
		RecordTransition(&change);
}

PG_FUNCTION_INFO_V1(apitoken_log_by_hand);

/*
 * apitoken.log_by_hand(table): trigger on a shard of that table, api_tokens or
 * api_token_modules, after an insert, update or delete of a row.  By whom it was done only
 * the node knows that sent it here: all there is to say is the role.  Raises as
 * apitoken.log_creation() does, and 0A000 if there is no shard of the trail beside it.
 */
Datum
apitoken_log_by_hand(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		inserted = CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	ApitokenCaller caller = {.role = GetUserId()};
	ApitokenOwnership ownership;
	const char *table;
	Oid			shard;

	apitoken_trigger_check_update_or(fcinfo, inserted ? TRIGGER_EVENT_INSERT : TRIGGER_EVENT_DELETE);
	if (apitoken_erase_is_running() || apitoken_marks_is_call())
		PG_RETURN_POINTER(NULL);
	table = trigger->tg_trigger->tgargs[0];
	shard = apitoken_shards_beside(RelationGetRelid(trigger->tg_relation), table, TRAIL);
	if (!OidIsValid(shard))
		apitoken_error_unprepared();
	ownership = apitoken_owner_enter_shard();
	RecordByHand(trigger, &caller, table, shard);
	apitoken_owner_leave(&ownership);
	PG_RETURN_POINTER(NULL);
}
