/*-------------------------------------------------------------------------
 *
 * actor.c
 *	  Who acts.
 *
 * The actor is, in this order:
 *
 * 1. the one that apitoken_authenticate has set for the transaction, in the
 *	  setting apitoken.actor, which nobody else can set;
 * 2. the user named by the JWT claim apitoken.jwt_actor_claim, believed only
 *	  in sessions of the role apitoken.jwt_authenticator: anybody can set
 *	  request.jwt.claims, but only PostgREST logs in as its authenticator;
 * 3. nobody but the database role itself, if it is trusted (see trust.c): it
 *	  could do by hand what it calls for.
 *
 * A user may be in groups of several accounts.  He names the one that he acts for by
 * the JWT claim apitoken.jwt_account_claim; else, by the setting apitoken.account,
 * which anybody may set for himself.
 *
 * src/rights/actor.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/actor.h"

#include "access/parallel.h"
#include "apitoken.h"
#include "errors.h"
#include "request.h"
#include "store/ids.h"
#include "utils/guc.h"

#define ACTOR_SETTING "apitoken.actor"

#define ACTOR_USER "user"
#define ACTOR_TOKEN "token"

/*
 * apitoken.actor: "token:<id>"; "token#<number>:<id>" by a secret that is not the
 * first; empty: nobody
 */
static char *actor_setting = NULL;

/* true only while this file sets it */
static bool setting_actor = false;

/*
 * The setting apitoken.actor
 */

/*
 * Refuses every value that does not come from apitoken_authenticate, by
 * whatever way it comes: SET, set_config, ALTER ROLE, a configuration file, a
 * placeholder that was there before the library.  A parallel worker takes over
 * what its leader had.
 */
static bool
CheckActor(char **newval, void **extra, GucSource source)
{
	if (**newval == '\0' || setting_actor || InitializingParallelWorker)
		return true;

	GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
	GUC_check_errmsg("parameter \"%s\" cannot be set", ACTOR_SETTING);
	GUC_check_errhint("Call apitoken_authenticate().");
	return false;
}

/*
 * Defines the setting; for _PG_init.  Of a placeholder that was set before, in a
 * statement that may hold a secret, the server warns.
 */
void
apitoken_actor_define_setting(void)
{
	ErrorContextCallback guard;

	apitoken_error_guard(&guard, false);
	DefineCustomStringVariable(ACTOR_SETTING,
							   "The user or API token that acts in this transaction.",
							   "Set by apitoken_authenticate alone.",
							   &actor_setting,
							   "",
							   PGC_SUSET,
							   GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   CheckActor, NULL, NULL);
	apitoken_error_unguard(&guard);
}

/*
 * Makes a token the actor, by its secret of that number, until the transaction, or
 * the savepoint, ends.
 */
void
apitoken_actor_set_token(const char *id, int secret)
{
	char	   *value = secret == 0 ? psprintf(ACTOR_TOKEN ":%s", id) :
		psprintf(ACTOR_TOKEN "#%d:%s", secret, id);

	setting_actor = true;
	PG_TRY();
	{
		(void) set_config_option(ACTOR_SETTING, value, PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, ERROR, false);
	}
	PG_FINALLY();
	{
		setting_actor = false;
	}
	PG_END_TRY();
}

/* The actor in the setting; its type is NULL if there is none. */
static ApitokenActor
AuthenticatedActor(void)
{
	ApitokenActor actor = {NULL, NULL, 0, NULL};
	const char *colon = strchr(actor_setting, ':');
	const char *number = strchr(actor_setting, '#');

	if (colon != NULL)
	{
		actor.type = ACTOR_TOKEN;
		actor.id = pstrdup(colon + 1);
		if (number != NULL && number < colon)
			actor.secret = strtol(number + 1, NULL, 10);
	}
	return actor;
}

/*
 * The JWT claim
 */

/* Was this session opened by the role whose claims are believed? */
static bool
ClaimsAreBelieved(void)
{
	return apitoken_jwt_actor_claim[0] != '\0' &&
		apitoken_request_session_is_of(apitoken_jwt_authenticator);
}

/* The account that the user has named, whatever it is; NULL if he has named none. */
static const char *
NamedAccount(void)
{
	const char *claimed = apitoken_jwt_account_claim[0] == '\0' ? NULL :
		apitoken_request_member("request.jwt.claims", apitoken_jwt_account_claim);

	if (claimed != NULL)
		return claimed;
	return apitoken_account[0] == '\0' ? NULL : pstrdup(apitoken_account);
}

static ApitokenActor
ClaimedActor(void)
{
	ApitokenActor actor = {NULL, NULL, 0, NULL};

	if (ClaimsAreBelieved())
	{
		actor.id = apitoken_request_member("request.jwt.claims", apitoken_jwt_actor_claim);
		if (actor.id != NULL)
		{
			actor.type = ACTOR_USER;
			actor.account_id = NamedAccount();
		}
	}
	return actor;
}

/*
 * Returns who acts, in the current memory context, whether he is known or not; type
 * is NULL for nobody.  Raises PT400 if the claims are not usable JSON.
 */
ApitokenActor
apitoken_actor_current(void)
{
	ApitokenActor actor = AuthenticatedActor();

	return actor.type != NULL ? actor : ClaimedActor();
}

/* Is that actor a token?  Else it is a user. */
bool
apitoken_actor_is_token(const ApitokenActor *actor)
{
	return strcmp(actor->type, ACTOR_TOKEN) == 0;
}

/* Are the two the same actor, by whichever secret?  Nobody is the same as nobody. */
bool
apitoken_actor_same(const ApitokenActor *a, const ApitokenActor *b)
{
	return apitoken_ids_same(a->type, b->type) && apitoken_ids_same(a->id, b->id);
}
