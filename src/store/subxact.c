/*-------------------------------------------------------------------------
 *
 * subxact.c
 *	  Runs something that may fail, without failing with it.
 *
 * src/store/subxact.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/subxact.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Runs action(argument) in a subtransaction, which is what releases whatever
 * was in use when it fails.
 *
 * Returns true if it succeeded.  If it raised an error whose SQLSTATE is one
 * that forgives() admits, which is given the argument as well, all its changes
 * are undone and false is returned; any other error is raised again.  By then
 * the subtransaction has ended: whoever catches the error ends one of his own.
 */
bool
apitoken_subxact_try(void (*action) (void *argument), void *argument,
					 bool (*forgives) (int sqlstate, void *argument))
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		/* there may be no memory for a copy of what is forgiven */
		if (!forgives(geterrcode(), argument))
			error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();

	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
	return done;
}
