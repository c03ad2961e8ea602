/*-------------------------------------------------------------------------
 *
 * gates.h
 *	  Locks between those who take rights away and those who used them.
 *
 * src/store/gates.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_GATES_H
#define APITOKEN_GATES_H

#include "compat.h"

#include "storage/lock.h"

/* What a gate is for; in the order in which gates are passed. */
typedef enum ApitokenGateKind
{
	GATE_ALL = 1,				/* every account */
	GATE_ACCOUNT,
	GATE_TOKEN,
	GATE_USER,
	GATE_RESCUE,				/* of an account: one at a time */
	GATE_TURN,					/* of an account: before its tokens are locked */
	GATE_RESCUE_TURN,			/* the same, to disable them */
	GATE_QUOTA					/* of an account: who adds to its tokens */
} ApitokenGateKind;

typedef struct ApitokenGate
{
	LOCKTAG		tag;
	LOCKMODE	mode;
} ApitokenGate;

/* Gates to be passed together. */
typedef struct ApitokenGates
{
	int			count;
	int			allocated;
	ApitokenGate *gates;
} ApitokenGates;

extern void apitoken_gates_close(ApitokenGateKind kind, const char *id);
extern void apitoken_gates_queue_rescue(const char *account_id, int milliseconds);
extern void apitoken_gates_leave_rescue(const char *account_id);
extern void apitoken_gates_queue_quota(const char *account_id);
extern void apitoken_gates_give_way(void);
extern void apitoken_gates_expect_deadlocks(void);
extern void apitoken_gates_expect_no_deadlocks(void);
extern void apitoken_gates_pass_turn(ApitokenGateKind kind, const char *account_id,
									 bool was_there_before);
extern void apitoken_gates_take_turn(ApitokenGateKind kind, const char *account_id);
extern void apitoken_gates_end_turn(ApitokenGateKind kind, const char *account_id);
extern bool apitoken_gates_is_waited_for(void);
extern void apitoken_gates_close_token(const char *account_id, const char *id);
extern void apitoken_gates_forget(void);

extern ApitokenGates *apitoken_gates_create(void);
extern void apitoken_gates_add(ApitokenGates *gates, ApitokenGateKind kind, const char *id);
extern void apitoken_gates_pass(ApitokenGates *gates);

extern bool apitoken_gates_lock_within(const LOCKTAG *tag, LOCKMODE mode, int milliseconds,
									   int deadlock_milliseconds);

#endif							/* APITOKEN_GATES_H */
