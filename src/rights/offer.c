/*-------------------------------------------------------------------------
 *
 * offer.c
 *	  Which modules an account's tokens can be given, and by whom.
 *
 * An account can give what its default user group has and an account of its type
 * may hold.  Of that a token gives only what it holds itself: else whoever holds a
 * token that may make tokens would hold everything.  A user who administers the
 * account gives all of it, but for the module that lets one administer every
 * account, which nobody gives who does not hold it.  Who administers every
 * account, and a trusted role, may give what the account can give.
 *
 * src/rights/offer.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/offer.h"

#include "lib/stringinfo.h"
#include "store/store.h"
#include "utils/builtins.h"

/*
 * Reads what an account can give, under the active snapshot; the result is in the
 * current memory context.  Expects SPI to be connected and the tables' owner to be
 * the current role.
 */
ApitokenOffer *
apitoken_offer_read(const char *account_id)
{
	ApitokenOffer *offer = palloc(sizeof(ApitokenOffer));
	ApitokenArguments arguments;

	apitoken_store_clear(&arguments);
	apitoken_store_set_pointer(&arguments, 1, cstring_to_text(account_id));
	offer->account_id = account_id;
	offer->count = apitoken_store_run_active(STATEMENT_OFFERED_MODULES, &arguments);
	offer->modules = palloc(sizeof(ApitokenOfferedModule) * Max(offer->count, 1));
	for (uint64 row = 0; row < offer->count; row++)
	{
		ApitokenOfferedModule *module = &offer->modules[row];
		bool		isnull;

		module->id = apitoken_store_cstring(row, 1);
		module->code = apitoken_store_cstring(row, 2);
		module->holdable = DatumGetBool(apitoken_store_value(row, 3, &isnull)) && !isnull;
	}
	/* COMMIT asks about many accounts, one after the other */
	SPI_freetuptable(SPI_tuptable);
	return offer;
}

static int
CompareOffered(const void *id, const void *module)
{
	return strcmp(id, ((const ApitokenOfferedModule *) module)->id);
}

/* Returns the module with that id, or NULL if the default group has it not. */
const ApitokenOfferedModule *
apitoken_offer_find(const ApitokenOffer *offer, const char *id)
{
	return bsearch(id, offer->modules, offer->count, sizeof(ApitokenOfferedModule),
				   CompareOffered);
}

/* Names what could be given, for a hint; in the current memory context. */
char *
apitoken_offer_names(const ApitokenOffer *offer)
{
	StringInfoData names;

	initStringInfo(&names);
	for (uint64 i = 0; i < offer->count; i++)
	{
		if (offer->modules[i].holdable)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", offer->modules[i].id);
	}
	return names.len == 0 ? "The account has no module to give." :
		psprintf("The account can give: %s.", names.data);
}

/*
 * May that caller give the module, which is offered?  What he holds is read under
 * the active snapshot.
 */
bool
apitoken_offer_may_give(const ApitokenOffer *offer, const ApitokenOfferedModule *module,
						const ApitokenCaller *giver)
{
	if (module == NULL)
		return false;
	if (giver->actor.type == NULL || giver->everywhere)
		return true;
	if (apitoken_actor_is_token(&giver->actor))
		return apitoken_identity_holds(giver, module->code);
	return strcmp(module->code, APITOKEN_ANY_ACCOUNT_MODULE) != 0 ||
		apitoken_identity_user_holds(&giver->actor, offer->account_id, module->code);
}
