/*-------------------------------------------------------------------------
 *
 * nodes.c
 *	  What other nodes go by, where the tables are distributed.
 *
 * Citus sends a statement as text, in which names of pg_catalog are not qualified, and runs
 * it there as the tables' owner.  Where he who calls has Citus send his SET LOCAL along
 * (citus.propagate_set_commands), they would be looked up in his schemas first.  What was
 * sent before cannot be asked for; so a SET LOCAL of our own is sent behind it: once in a
 * transaction, with its BEGIN mostly, and again after somebody has set anything.
 *
 * src/store/nodes.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/nodes.h"

#include "access/xact.h"
#include "apitoken.h"
#include "errors.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/proc.h"
#include "store/store.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#define PROPAGATION "citus.propagate_set_commands"

/* The transaction in which they have been told, and nothing has been set since. */
static LocalTransactionId told_in = InvalidLocalTransactionId;

static ProcessUtility_hook_type next_hook = NULL;

/* Somebody may have set something that is sent to other nodes. */
static void
WatchSettings(APITOKEN_UTILITY_PARAMETERS)
{
	bool		sets = IsA(pstmt->utilityStmt, VariableSetStmt);

	if (next_hook != NULL)
		next_hook(APITOKEN_UTILITY_ARGUMENTS);
	else
		standard_ProcessUtility(APITOKEN_UTILITY_ARGUMENTS);
	if (sets)
		told_in = InvalidLocalTransactionId;
}

/* What was told in a subtransaction is forgotten with it. */
static void
OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
				 void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		told_in = InvalidLocalTransactionId;
}

/* From the first call in a session on: until then each transaction is told. */
static void
Watch(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterSubXactCallback(OnSubtransaction, NULL);
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = WatchSettings;
	watching = true;
}

/*
 * Has other nodes look names up in pg_catalog alone, until the transaction ends.  Expects SPI
 * to be connected.
 */
void
apitoken_nodes_secure(void)
{
	ApitokenArguments arguments;

	if (told_in == apitoken_lxid(MyProc))
		return;
	apitoken_store_clear(&arguments);
	/* there is none at COMMIT */
	PushActiveSnapshot(GetLatestSnapshot());
	(void) apitoken_store_run_latest(STATEMENT_SECURE_NODES, &arguments);
	PopActiveSnapshot();
}

static void
SetSearchPath(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		apitoken_error_statement("apitoken set search path", "SPI_connect");
	if (SPI_execute("SET LOCAL search_path TO " APITOKEN_SAFE_SEARCH_PATH, false, 0) != SPI_OK_UTILITY)
		apitoken_error_statement("apitoken set search path", "SPI_execute");
	(void) SPI_finish();
}

PG_FUNCTION_INFO_V1(apitoken_secure_nodes);

/*
 * apitoken.secure_nodes() returns void: the SET LOCAL, in a function of a query, or Citus
 * would not send it where no transaction was begun.  This node's settings stay as they are.
 */
Datum
apitoken_secure_nodes(PG_FUNCTION_ARGS)
{
	int			level;

	if (told_in == apitoken_lxid(MyProc))
		PG_RETURN_VOID();
	Watch();
	level = NewGUCNestLevel();
	(void) set_config_option(PROPAGATION, "local", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, ERROR, false);
	SetSearchPath();
	AtEOXact_GUC(false, level);
	told_in = apitoken_lxid(MyProc);
	PG_RETURN_VOID();
}
