/*-------------------------------------------------------------------------
 *
 * write.h
 *	  Writes a row without a statement.
 *
 * src/store/write.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_WRITE_H
#define APITOKEN_WRITE_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "store/rows.h"
#include "utils/array.h"
#include "utils/jsonb.h"

/* A change of a token's status, on somebody's behalf. */
typedef struct ApitokenStatusChange
{
	const char *id;
	const char *const *from;	/* statuses that it starts at */
	int			from_count;
	const char *to;
	const char *actor_type;		/* NULL: nobody is known */
	const char *actor_id;
	bool		everywhere;		/* in every account? */
	ArrayType  *accounts;		/* else in these, text[] */
} ApitokenStatusChange;

/* The token whose status was changed. */
typedef struct ApitokenChangedToken
{
	ApitokenRows row;			/* as it is now, by the layout asked for */
	Datum		account_id;		/* text */
	Datum		from;			/* text: its status before */
	bool		held;
	TimestampTz expires_at;		/* DT_NOEND: never */
	bool		revoked;		/* its secret */
} ApitokenChangedToken;

/* A row of the trail; Datums are text, and 0 for null. */
typedef struct ApitokenTrailRow
{
	Datum		account_id;
	Datum		id;
	Datum		from;
	Datum		to;
	const char *actor_type;		/* NULL: a trusted role acts by itself */
	const char *actor_id;
	NameData	role;
	Datum		client_address; /* inet */
	int64		call_id;		/* 0: none */
	const char *reason;			/* NULL: none */
	const char *event;
	const Jsonb *details;		/* NULL: none */
	const char *session_role;
	const char *request_id;		/* NULL: none */
	Oid			shard;			/* see ApitokenEvent */
} ApitokenTrailRow;

extern bool apitoken_write_status(const ApitokenStatusChange *change,
								  const ApitokenLayout *layout, ApitokenChangedToken *changed);
extern bool apitoken_write_trail(const ApitokenTrailRow *row);

#endif							/* APITOKEN_WRITE_H */
