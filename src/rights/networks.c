/*-------------------------------------------------------------------------
 *
 * networks.c
 *	  From where may a token be used?
 *
 * A token may have a list of networks, and its account another: where there are both,
 * both have to allow it.  The token's own is in its row, which is read anyway.  The
 * account's row is not, so it costs one more look into an index; but most databases have
 * no account with a list, and there nobody looks: whether there is one is asked once a
 * session, and again when the server says that something about the accounts has
 * changed, as the trigger apitoken.tell_networks() has it say.  The server tells it
 * before the transaction that has set a list lets go of its gates, on standbys as well.
 *
 * src/rights/networks.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/networks.h"

#include <sys/socket.h>

#include "access/parallel.h"
#include "access/relation.h"
#include "access/xact.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "request.h"
#include "store/distribution.h"
#include "store/fetch.h"
#include "store/trigger_row.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inet.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

/*
 * Networks and addresses
 */

/*
 * Reads a network, as cidr.  Returns NULL, or what is wrong with it, to go on from "The
 * member ... ".
 */
const char *
apitoken_networks_read(const char *string, Datum *network)
{
	inet	   *read = palloc0(sizeof(inet));
	int			bits;
	inet	   *whole;

	ip_family(read) = strchr(string, ':') == NULL ? PGSQL_AF_INET : PGSQL_AF_INET6;
	bits = pg_inet_net_pton(ip_family(read), string, ip_addr(read), (size_t) -1);
	if (bits < 0 || bits > ip_maxbits(read))
		return "is not a network";
	ip_bits(read) = bits;
	SET_INET_VARSIZE(read);

	*network = DirectFunctionCall1(network_network, InetPGetDatum(read));
	whole = DatumGetInetPP(*network);
	if (memcmp(ip_addr(whole), ip_addr(read), ip_addrsize(read)) != 0)
		return "is an address within a network";
	return NULL;
}

/* What is IPv4 in the form of IPv6, as IPv4; else what it is. */
static Datum
Unmapped(Datum address)
{
	static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	inet	   *mapped = DatumGetInetPP(address);
	inet	   *plain;

	if (ip_family(mapped) != PGSQL_AF_INET6 || ip_bits(mapped) < BITS_PER_BYTE * sizeof(prefix) ||
		memcmp(ip_addr(mapped), prefix, sizeof(prefix)) != 0)
		return address;
	plain = palloc0(sizeof(inet));
	ip_family(plain) = PGSQL_AF_INET;
	ip_bits(plain) = ip_bits(mapped) - BITS_PER_BYTE * sizeof(prefix);
	memcpy(ip_addr(plain), ip_addr(mapped) + sizeof(prefix), ip_addrsize(plain));
	SET_INET_VARSIZE(plain);
	return InetPGetDatum(plain);
}

static int
Elements(const ArrayType *networks, Datum **elements)
{
	bool	   *isnull;
	int			count;

	deconstruct_array((ArrayType *) networks, CIDROID, -1, false, TYPALIGN_INT, elements, &isnull,
					  &count);
	return count;
}

/* Is the address, or the network, within one of the networks? */
static bool
IsWithin(Datum address, const ArrayType *networks)
{
	Datum		plain = Unmapped(address);
	Datum	   *elements;
	int			count = Elements(networks, &elements);

	for (int i = 0; i < count; i++)
	{
		if (DatumGetBool(DirectFunctionCall2(network_subeq, plain, Unmapped(elements[i]))))
			return true;
	}
	return false;
}

/*
 * Is each network of some within one of all?  NULL is none, which is every network.  A
 * network that only several of them cover is not.
 */
bool
apitoken_networks_cover(const ArrayType *all, const ArrayType *some)
{
	Datum	   *elements;
	int			count;

	if (all == NULL || some == NULL)
		return all == NULL;
	count = Elements(some, &elements);
	for (int i = 0; i < count; i++)
	{
		if (!IsWithin(elements[i], all))
			return false;
	}
	return true;
}

/*
 * Accounts
 */

static ApitokenColumn account_columns[] = {{"allowed_networks", CIDRARRAYOID, true}};
static const ApitokenLayout account_layout = {1, account_columns, 0};

/* Is it known whether any account has a list, and so is it, as far as the server has said? */
static bool known = false;
static bool any = true;
static Oid	accounts = InvalidOid;

/* Has the server said, since the transaction began, that it may be otherwise? */
static bool unsettled = false;

/* For the server: something about a relation (InvalidOid: any) has changed. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	if (relation != InvalidOid && relation != accounts)
		return;
	known = false;
	unsettled = true;
}

/* Looks for an account with a list, where the server would say that there is one now. */
static bool
FindAny(void)
{
	Relation	relation;
	bool		found = true;

	accounts = get_relname_relid("accounts", get_namespace_oid(APITOKEN_SCHEMA, false));
	relation = try_relation_open(accounts, AccessShareLock);
	if (relation == NULL)
		return true;
	if (apitoken_fetch_is_ordinary(relation))
	{
		ApitokenArguments none;

		apitoken_store_clear(&none);
		/* the table may be older than the library */
		found = get_attnum(accounts, "allowed_networks") != InvalidAttrNumber &&
			apitoken_store_run_active(STATEMENT_FIND_NETWORKS, &none) > 0;
	}
	relation_close(relation, NoLock);
	return found;
}

/* May any account have a list, as things are now? */
static bool
MayAnyAccount(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(ForgetRelation, (Datum) 0);
		registered = true;
	}
	/* what another node has changed is not told here */
	if (apitoken_distribution_is_ready())
		return true;
	AcceptInvalidationMessages();
	/* a parallel query has its snapshot, and takes no other */
	if (!known && !IsInParallelMode())
	{
		/*
		 * whatever changes from here on makes it unknown again; after an
		 * error there may be one, until something does
		 */
		known = true;
		any = true;
		PushActiveSnapshot(GetLatestSnapshot());
		any = FindAny();
		PopActiveSnapshot();
	}
	return any || !known;
}

static void
ReceiveNetworks(void *argument, int key, Datum *values, bool *isnull)
{
	if (!isnull[0])
		*(const ArrayType **) argument = DatumGetArrayTypePCopy(values[0]);
}

/* The account's list; NULL: it has none.  Under the active snapshot. */
static const ArrayType *
ListOfAccount(const char *account_id)
{
	const ArrayType *networks = NULL;
	Datum		key;
	ApitokenKeys keys = {1, {&key}};

	if (!MayAnyAccount())
		return NULL;
	key = CStringGetTextDatum(account_id);
	apitoken_fetch(LOOKUP_ACCOUNT_NETWORKS, &account_layout, &keys, 1, ReceiveNetworks,
				   &networks);
	return networks;
}

/*
 * Allowing
 */

/* Does a list allow what comes from here? */
static bool
Allows(const ArrayType *networks)
{
	Datum		address;

	if (networks == NULL)
		return true;
	address = apitoken_request_origin().address;
	return DatumGetPointer(address) != NULL && IsWithin(address, networks);
}

/*
 * May the token, which was found, be used from where this comes from?  Without an address
 * it may not if there is a list.  Under the active snapshot.  Expects SPI to be connected
 * and the tables' owner to be the current role.
 */
bool
apitoken_networks_allow(const ApitokenTokenStatus *token)
{
	/* a worker has no connection: its leader was asked */
	return IsParallelWorker() ||
		(Allows(token->networks) && Allows(ListOfAccount(token->account_id)));
}

/*
 * Is what was found out in this transaction about accounts' lists still so, as far as the
 * server has said?  Who has set one and committed has said so.
 */
bool
apitoken_networks_are_settled(void)
{
	AcceptInvalidationMessages();
	return !unsettled;
}

/* Forgets the transaction; to be called at its end. */
void
apitoken_networks_settle(void)
{
	unsettled = false;
}

PG_FUNCTION_INFO_V1(apitoken_tell_networks);

/*
 * apitoken.tell_networks(): trigger on apitoken.accounts, after an insert or update of a
 * row that sets a list or takes it away: every session looks again whether there is any.
 * Raises 39P01 if it is called otherwise.
 */
Datum
apitoken_tell_networks(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	apitoken_trigger_check_update_or(fcinfo, TRIGGER_EVENT_INSERT);
	CacheInvalidateRelcache(trigger->tg_relation);
	PG_RETURN_POINTER(NULL);
}
