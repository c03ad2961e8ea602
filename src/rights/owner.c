/*-------------------------------------------------------------------------
 *
 * owner.c
 *	  The owner of the tables, whom the functions become.
 *
 * src/rights/owner.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/owner.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "errors.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "store/distribution.h"
#include "store/nodes.h"
#include "store/store.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static Oid
TokensRelation(void)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, true);
	Oid			relation = OidIsValid(schema) ? get_relname_relid("api_tokens", schema) :
		InvalidOid;

	if (!OidIsValid(relation))
		apitoken_error_table_missing(APITOKEN_SCHEMA ".api_tokens");
	return relation;
}

static Oid
TablesOwner(void)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(TokensRelation()));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		apitoken_error_table_missing(APITOKEN_SCHEMA ".api_tokens");
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Raises 0A000 where a statement would not find the rows that there are. */
void
apitoken_owner_refuse_distribution(void)
{
	if (apitoken_distribution() == DISTRIBUTION_UNREADY)
		apitoken_error_unprepared();
}

/* Sees to what statements on distributed tables depend on.  Raises 0A000. */
static void
SecureDistribution(void)
{
	/* a transaction's own snapshot on another node is not told of any disable */
	if (IsolationUsesXactSnapshot())
		apitoken_error_isolation();
	apitoken_store_secure_distribution();
}

static ApitokenOwnership
BecomeOwner(void)
{
	ApitokenOwnership ownership;
	Oid			owner = TablesOwner();

	GetUserIdAndSecContext(&ownership.role, &ownership.security_context);
	SetUserIdAndSecContext(owner, ownership.security_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	ownership.guc_level = NewGUCNestLevel();
	return ownership;
}

static void
Connect(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		apitoken_error_statement("apitoken", "SPI_connect");
}

/*
 * Enters the extension: becomes the owner of the tables, so that a caller needs no
 * right on them and a policy binds nothing, be it forced on the owner or not: it may
 * be asking itself who acts.  Foreign keys are checked in the same way.  And connects
 * to SPI, whose memory context is the current one then.  What was the last
 * statement's result stays so for who was connected before.
 *
 * Settings that are saved from here on, as store.c does with the search path,
 * are restored when it is left.
 *
 * Returns what apitoken_owner_leave goes back to.  After an error, the
 * end of the (sub)transaction goes back by itself.  Raises 42P01 if the tables are not
 * there, 0A000 if they are distributed and this
 * node, or the isolation level, is not fit for that.
 */
ApitokenOwnership
apitoken_owner_enter(void)
{
	ApitokenOwnership ownership;

	apitoken_owner_refuse_distribution();
	ownership = BecomeOwner();
	if (apitoken_distribution_is_ready())
		SecureDistribution();
	Connect();
	if (apitoken_distribution_is_ready())
		apitoken_nodes_secure();
	return ownership;
}

/*
 * The same for a shard's trigger, which reads and writes nothing but what is on this node:
 * whatever the isolation level, and however the node is prepared.
 */
ApitokenOwnership
apitoken_owner_enter_shard(void)
{
	ApitokenOwnership ownership = BecomeOwner();

	Connect();
	return ownership;
}

/* Goes back to the role, the settings and the memory context of the caller. */
void
apitoken_owner_leave(const ApitokenOwnership *ownership)
{
	SPI_finish();
	AtEOXact_GUC(false, ownership->guc_level);
	SetUserIdAndSecContext(ownership->role, ownership->security_context);
}
