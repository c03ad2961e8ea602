/*-------------------------------------------------------------------------
 *
 * allowed.c
 *	  From where a token may be used: what create and update are asked for.
 *
 * Networks are given as time is: no token gives another, or itself, what is not within
 * its own, and nobody of an account gives any to what is held.
 *
 * src/calls/allowed.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/allowed.h"

#include "calls/life.h"
#include "calls/trail.h"
#include "errors.h"
#include "rights/acts.h"
#include "rights/networks.h"
#include "utils/snapmgr.h"

/* Raises PT403, or has COMMIT do so, for networks that the token that acts has not. */
static void
Give(const ApitokenCall *call, const ArrayType *networks)
{
	if (!apitoken_networks_cover(call->caller.networks, networks))
		apitoken_error_beyond_own_networks();
	apitoken_acts_give_networks(&call->caller, networks);
}

/*
 * Returns from where a new token may be used (NULL: everywhere): from where the body says,
 * else from where the token that makes it may.  Raises PT403.
 */
const ArrayType *
apitoken_allowed_for_new(const ApitokenCall *call, const ApitokenBody *body)
{
	const ArrayType *networks = body->networks == NULL ? call->caller.networks : body->networks;

	Give(call, networks);
	return networks;
}

static void
SetNetworks(const ApitokenCall *call, const char *account_id, const char *id,
			const ArrayType *networks)
{
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, id);
	apitoken_store_set_pointer(&arguments, 2, networks);
	apitoken_store_set_text(&arguments, 3, call->caller.actor.type);
	apitoken_store_set_text(&arguments, 4, call->caller.actor.id);
	apitoken_store_set_text(&arguments, 5, account_id);
	(void) apitoken_trail_write_as(&call->caller, STATEMENT_SET_NETWORKS, &arguments, account_id,
								   id);
}

/*
 * Changes from where a token may be used (NULL: everywhere); its row is locked.  What is
 * as it is stored asks for nothing.  Raises PT403.
 */
void
apitoken_allowed_change(const ApitokenCall *call, const char *account_id, const char *id,
						const ArrayType *networks)
{
	const ArrayType *stored;

	PushActiveSnapshot(GetLatestSnapshot());
	stored = apitoken_identity_token_status(id).networks;
	if (!apitoken_networks_cover(stored, networks))
	{
		Give(call, networks);
		apitoken_life_check_gain(call, account_id, id);
	}
	PopActiveSnapshot();
	if (!apitoken_ids_arrays_same(stored, networks))
		SetNetworks(call, account_id, id, networks);
}
