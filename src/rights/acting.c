/*-------------------------------------------------------------------------
 *
 * acting.c
 *	  Who acts, for which account, and with which modules: what an application
 *	  asks for its own tables.
 *
 * A token acts for its account, with its own modules.  A user acts for one of
 * the accounts in which he is in a user group, with the modules of his groups
 * there: the one that he has named, see actor.c; else, if it is the only one, that.
 * What is named and is none of his is no account, and nothing else is taken in its
 * place.
 *
 * A database role by itself is nobody here, trusted or not: it acts for no
 * account.
 *
 * src/rights/acting.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/acting.h"

#include "access/xact.h"
#include "apitoken.h"
#include "catalog/namespace.h"
#include "store/ahead.h"
#include "store/ids.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

static Oid
TokensRelation(void)
{
	return get_relname_relid("api_tokens", get_namespace_oid(APITOKEN_SCHEMA, false));
}

/*
 * Begins to look at things as they are now, and not as they were when the
 * transaction or the statement began, until apitoken_acting_end: whoever asks who
 * acts, or what he may, does.  Returns how many transactions had ended then, see
 * apitoken_snapshot_completed.
 *
 * In parallel mode, leader and workers alike, the server takes no newer snapshot
 * for a statement; but it does for what it reads in catalogs, at any moment, and
 * such a snapshot shows all else as well.  It is taken anew for a table that is
 * no catalog.
 */
uint64
apitoken_acting_begin(void)
{
	Snapshot	now = IsInParallelMode() ? GetCatalogSnapshot(TokensRelation()) :
		GetLatestSnapshot();
	uint64		completed = apitoken_snapshot_completed(now);

	PushActiveSnapshot(now);
	return completed;
}

/* Ends it. */
void
apitoken_acting_end(void)
{
	apitoken_ahead_end();
	PopActiveSnapshot();
}

/*
 * Which of the accounts by which a user has his rights he acts for, which is one if he
 * has named it; NULL: it is not known.
 */
static const char *
ChooseAccount(ArrayType *homes)
{
	Datum	   *accounts;
	int			count = apitoken_ids_of_array(homes, &accounts);

	return count == 1 ? TextDatumGetCString(accounts[0]) : NULL;
}

/*
 * Returns who acts, under the active snapshot, in the current memory context: nobody
 * if he is not known, or not Active.  Expects SPI to be connected and the tables'
 * owner to be the current role.
 */
ApitokenActing
apitoken_acting(void)
{
	ApitokenActing acting = {apitoken_actor_current(), NULL};
	bool		active = false;

	if (acting.actor.type == NULL)
		return acting;

	if (apitoken_actor_is_token(&acting.actor))
	{
		ApitokenTokenStatus token;

		/* his modules may be asked for, too; until apitoken_acting_end */
		(void) apitoken_identity_begin(acting.actor.id);
		token = apitoken_identity_token_status(acting.actor.id);

		active = apitoken_identity_accepts(&token, acting.actor.secret);
		acting.account_id = token.account_id;
	}
	else
	{
		ApitokenCaller scope;

		active = apitoken_identity_scope(acting.actor, &scope);
		if (active)
			acting.account_id = ChooseAccount(scope.homes);
	}
	if (!active)
		acting.actor.type = NULL;
	return acting;
}

static ApitokenHeldModules
UserModules(const ApitokenActing *acting)
{
	ApitokenHeldModules held = {0, NULL};
	ApitokenArguments arguments;
	uint64		rows;

	apitoken_store_clear(&arguments);
	apitoken_store_set_text(&arguments, 1, acting->actor.id);
	apitoken_store_set_text(&arguments, 2, acting->account_id);
	rows = apitoken_store_run_active(STATEMENT_USER_MODULES, &arguments);

	held.modules = palloc(sizeof(ApitokenHeldModule) * Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		ApitokenHeldModule *module = &held.modules[held.count++];

		module->id = apitoken_store_cstring(row, 1);
		module->code = apitoken_store_cstring(row, 2);
	}
	return held;
}

/* Returns the modules that somebody who acts holds there, as above: none without an account. */
ApitokenHeldModules
apitoken_acting_modules(const ApitokenActing *acting)
{
	ApitokenHeldModules none = {0, NULL};

	if (acting->actor.type == NULL || acting->account_id == NULL)
		return none;
	if (apitoken_actor_is_token(&acting->actor))
		return apitoken_identity_token_modules(acting->account_id, acting->actor.id);
	return UserModules(acting);
}

/* Does he hold the module with that code there?  As above. */
bool
apitoken_acting_holds(const ApitokenActing *acting, const char *module_code)
{
	ApitokenHeldModules held = apitoken_acting_modules(acting);

	for (int i = 0; i < held.count; i++)
	{
		if (strcmp(held.modules[i].code, module_code) == 0)
			return true;
	}
	return false;
}
