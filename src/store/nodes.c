/*-------------------------------------------------------------------------
 *
 * nodes.c
 *	  What other nodes go by, where the tables are distributed.
 *
 * Citus sends a statement as text, in which names of pg_catalog are not qualified, and runs
 * it there as the tables' owner: other nodes have to look them up in pg_catalog alone, and
 * wait for locks no longer than this one.  So they are sent a SET LOCAL, once in a
 * transaction, with its BEGIN mostly.
 *
 * Who calls can have Citus send his own SET LOCAL as well (citus.propagate_set_commands):
 * through the same connections, with all that he has written beside it.  That is refused in a
 * transaction that calls, in whatever order; and so that none is overlooked, the library has to
 * be there before a session's first statement.
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
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define PROPAGATION "citus.propagate_set_commands"

/* Was the library loaded before the session's first statement? */
static bool watching = false;

/* Is it our own SET LOCAL? */
static bool telling = false;

/* The transaction in which somebody has had a setting of his own sent. */
static LocalTransactionId sent_in = InvalidLocalTransactionId;

/* The transaction that has called. */
static LocalTransactionId called_in = InvalidLocalTransactionId;

/* The transaction in which other nodes have been told, and how long they wait for a lock then. */
static LocalTransactionId told_in = InvalidLocalTransactionId;
static int	told_lock_timeout = 0;

static ProcessUtility_hook_type next_hook = NULL;

/* Would Citus send such a statement to other nodes? */
static bool
IsSent(const PlannedStmt *statement)
{
	const char *propagation;

	if (telling || !IsA(statement->utilityStmt, VariableSetStmt))
		return false;
	propagation = GetConfigOption(PROPAGATION, true, false);

	/*
	 * empty is no value of Citus', but what is left of one that nobody has
	 * defined
	 */
	return propagation != NULL && propagation[0] != '\0' && strcmp(propagation, "none") != 0;
}

static void
WatchSettings(APITOKEN_UTILITY_PARAMETERS)
{
	if (IsSent(pstmt))
	{
		if (called_in == apitoken_lxid(MyProc))
			apitoken_error_settings_sent();
		sent_in = apitoken_lxid(MyProc);
	}
	if (next_hook != NULL)
		next_hook(APITOKEN_UTILITY_ARGUMENTS);
	else
		standard_ProcessUtility(APITOKEN_UTILITY_ARGUMENTS);
}

/*
 * Watches what settings are sent to other nodes, if the library is being preloaded: before a
 * session has a context for what a client sends.  For _PG_init.
 */
void
apitoken_nodes_start(void)
{
	if (MessageContext != NULL)
		return;
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = WatchSettings;
	watching = true;
}

/* What was told in a subtransaction is forgotten with it. */
static void
OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
				 void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		told_in = InvalidLocalTransactionId;
}

static void
RequirePreload(void)
{
	if (!watching)
		apitoken_error_not_preloaded();
}

PG_FUNCTION_INFO_V1(apitoken_require_preload);

/* apitoken.require_preload() returns void: raises 0A000 if the library was not preloaded. */
Datum
apitoken_require_preload(PG_FUNCTION_ARGS)
{
	RequirePreload();
	PG_RETURN_VOID();
}

/* Raises 0A000 if somebody may have had something else sent in this transaction. */
static void
RefuseSent(void)
{
	RequirePreload();
	if (sent_in == apitoken_lxid(MyProc))
		apitoken_error_settings_sent();
	called_in = apitoken_lxid(MyProc);
}

/* Have other nodes been told what holds now? */
static bool
AreTold(void)
{
	return told_in == apitoken_lxid(MyProc) && told_lock_timeout == LockTimeout;
}

static void
RegisterOnce(void)
{
	static bool registered = false;

	if (!registered)
		RegisterSubXactCallback(OnSubtransaction, NULL);
	registered = true;
}

/*
 * Has other nodes look names up in pg_catalog alone, until the transaction ends, and wait for
 * locks no longer than this one.  Expects SPI to be connected.  Raises 0A000 if they may have
 * been sent settings of somebody else, or the library was not preloaded.
 */
void
apitoken_nodes_secure(void)
{
	ApitokenArguments arguments;

	RefuseSent();
	if (AreTold())
		return;
	apitoken_store_clear(&arguments);
	/* there is none at COMMIT */
	PushActiveSnapshot(GetLatestSnapshot());
	(void) apitoken_store_run_latest(STATEMENT_SECURE_NODES, &arguments);
	PopActiveSnapshot();
}

/* Sends a SET LOCAL, with what is being sent to other nodes; it holds here for now, too. */
static void
Send(const char *command)
{
	int			result = 0;

	telling = true;
	PG_TRY();
	{
		result = SPI_execute(command, false, 0);
	}
	PG_FINALLY();
	{
		telling = false;
	}
	PG_END_TRY();
	if (result != SPI_OK_UTILITY)
		apitoken_error_statement(command, "SPI_execute");
}

static void
SendSettings(void)
{
	int			lock_timeout = LockTimeout;

	if (SPI_connect() != SPI_OK_CONNECT)
		apitoken_error_statement("apitoken secure nodes", "SPI_connect");
	Send("SET LOCAL search_path TO " APITOKEN_SAFE_SEARCH_PATH);
	/* some may have been told before what was rolled back */
	if (lock_timeout != 0 || told_lock_timeout != 0)
		Send(psprintf("SET LOCAL lock_timeout TO %d", lock_timeout));
	(void) SPI_finish();
	told_in = apitoken_lxid(MyProc);
	told_lock_timeout = lock_timeout;
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

	RefuseSent();
	if (AreTold())
		PG_RETURN_VOID();
	RegisterOnce();
	level = NewGUCNestLevel();
	(void) set_config_option(PROPAGATION, "local", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, ERROR, false);
	SendSettings();
	AtEOXact_GUC(false, level);
	PG_RETURN_VOID();
}
