/*-------------------------------------------------------------------------
 *
 * policies.c
 *	  What the row security policies of the tables ask.
 *
 * src/policies.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "errors.h"
#include "fmgr.h"
#include "identity.h"
#include "utils/array.h"
#include "utils/snapmgr.h"

/*
 * Finds what the caller sees.  The array is in the memory context that was
 * current at the call.
 */
static ApitokenCaller
VisibleToCaller(void)
{
	MemoryContext result_context = CurrentMemoryContext;
	ApitokenOwnership ownership = apitoken_identity_enter();
	ApitokenCaller caller;
	MemoryContext old;

	/* as things are now: but in parallel mode no newer snapshot can be taken */
	if (!IsInParallelMode())
		PushActiveSnapshot(GetLatestSnapshot());
	(void) apitoken_identity_visible(ownership.role, OPERATION_SEE, &caller);
	if (!IsInParallelMode())
		PopActiveSnapshot();

	old = MemoryContextSwitchTo(result_context);
	caller.accounts = DatumGetArrayTypePCopy(PointerGetDatum(caller.accounts));
	MemoryContextSwitchTo(old);
	apitoken_identity_leave(&ownership);
	return caller;
}

PG_FUNCTION_INFO_V1(apitoken_sees_every_account);

/* apitoken.sees_every_account() returns boolean */
Datum
apitoken_sees_every_account(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(VisibleToCaller().everywhere);
}

PG_FUNCTION_INFO_V1(apitoken_visible_accounts);

/* apitoken.visible_accounts() returns text[]: empty if the caller sees none. */
Datum
apitoken_visible_accounts(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(VisibleToCaller().accounts);
}
