/*-------------------------------------------------------------------------
 *
 * apitoken.c
 *	  Module initialization and settings.
 *
 * src/apitoken.c
 *
 *-------------------------------------------------------------------------
 */
#include "apitoken.h"

#include <limits.h>

#include "calls/erase.h"
#include "calls/marks.h"
#include "calls/text.h"
#include "datatype/timestamp.h"
#include "errors.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "rights/actor.h"
#include "rights/acts.h"
#include "store/nodes.h"
#include "store/planning.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "apitoken", .version = APITOKEN_VERSION);
#else
PG_MODULE_MAGIC;
#endif

char	   *apitoken_href_base = NULL;
int			apitoken_max_list_items = 0;
int			apitoken_max_page_size = 0;
char	   *apitoken_jwt_actor_claim = NULL;
char	   *apitoken_jwt_account_claim = NULL;
char	   *apitoken_jwt_authenticator = NULL;
char	   *apitoken_proxy_authenticator = NULL;
char	   *apitoken_account = NULL;
bool		apitoken_notify = true;
int			apitoken_notify_timeout = 0;
int			apitoken_commit_timeout = 0;
int			apitoken_trail_retention = 0;
int			apitoken_actor_transaction_timeout = 0;
bool		apitoken_index_reads = true;
int			apitoken_last_access_interval = 0;
int			apitoken_log_refusals = 0;
int			apitoken_max_lifetime = 0;
int			apitoken_max_rotation_overlap = 0;
bool		apitoken_self_rotation = false;
int			apitoken_max_tokens = 0;
bool		apitoken_refuse_disabled_accounts = false;
bool		apitoken_refuse_lost_creators = false;

void		_PG_init(void);

/* Each href starts with it: longer ones would fill a document. */
#define MAX_HREF_BASE 1000

/*
 * The least that bounds a page, in kB: 100 tokens with their plain members alone
 * find room in it.
 */
#define MIN_PAGE_SIZE 4096

/*
 * Refuses what would make a document that is no JSON: a client can give any
 * bytes as an option of its connection, and so can a file of settings.  And what
 * no icon may be: an href is a link as well.
 */
static bool
CheckHrefBase(char **newval, void **extra, GucSource source)
{
	int			length = strlen(*newval);

	if (length <= MAX_HREF_BASE && pg_verify_mbstr(PG_UTF8, *newval, length, true) &&
		apitoken_text_is_url(*newval))
		return true;

	GUC_check_errdetail("It is a path or a URL of the web, in UTF-8, of at most %d bytes.",
						MAX_HREF_BASE);
	return false;
}

/* What shapes an answer: anybody may set it for himself. */
static void
DefineAnswerSettings(void)
{
	DefineCustomStringVariable("apitoken.href_base",
							   "Path below which the resources' href members point.",
							   "Or a URL, as an icon's may be; UTF-8, at most 1,000 bytes.",
							   &apitoken_href_base,
							   "/v1/accounts",
							   PGC_USERSET, 0,
							   CheckHrefBase, NULL, NULL);

	DefineCustomIntVariable("apitoken.max_list_items",
							"Longest list that a document gives.",
							"A longer one is left out and named in its owner's $meta.omitted, and so are the user groups, or more, where the document would pass the size of a jsonb.",
							&apitoken_max_list_items,
							10000, 0, 1000000,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* What a user chooses: it counts only among the accounts that he is in. */
static void
DefineChoice(void)
{
	DefineCustomStringVariable("apitoken.account",
							   "Account that a user of several acts for.",
							   "Only an account in which he is in a user group counts.",
							   &apitoken_account,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
}

/* What rights and traces depend on: only who administers the server sets it. */
static void
DefineAdministratorSettings(void)
{
	DefineCustomStringVariable("apitoken.jwt_actor_claim",
							   "JWT claim that holds the id of the user who acts.",
							   "Empty: no claim is believed.",
							   &apitoken_jwt_actor_claim,
							   "",
							   PGC_SUSET, 0,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("apitoken.jwt_account_claim",
							   "JWT claim that holds the id of the account that the user acts for.",
							   "Empty: no claim says so.",
							   &apitoken_jwt_account_claim,
							   "",
							   PGC_SUSET, 0,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("apitoken.jwt_authenticator",
							   "Role whose sessions are believed when they hand over JWT claims.",
							   "Empty: no session is. PostgREST logs in as its authenticator role.",
							   &apitoken_jwt_authenticator,
							   "",
							   PGC_SUSET, 0,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("apitoken.proxy_authenticator",
							   "Role whose sessions are believed when they hand on where a request comes from.",
							   "PostgREST's own, which hands on X-Apitoken-Client and X-Request-Id. Empty: no session is, and the connection's address is noted.",
							   &apitoken_proxy_authenticator,
							   "",
							   PGC_SUSET, 0,
							   NULL, NULL, NULL);

	DefineCustomBoolVariable("apitoken.notify",
							 "Sends a notification when a token's status or secret changes.",
							 NULL,
							 &apitoken_notify,
							 true,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);

	DefineCustomBoolVariable("apitoken.index_reads",
							 "Reads and writes rows without a statement where nothing is hooked and nothing is computed.",
							 "Off: always by statements.",
							 &apitoken_index_reads,
							 true,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.max_page_size",
							"Largest page that a list gives.",
							"Of a larger one, what the tokens lead to is left out and named in $meta.omitted.",
							&apitoken_max_page_size,
							16384, MIN_PAGE_SIZE, JENTRY_OFFLENMASK / 1024,
							PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.max_tokens",
							"Largest number of tokens that are not Deleted, for an account that has no other.",
							"-1: no bound.",
							&apitoken_max_tokens,
							-1, -1, INT_MAX,
							PGC_SUSET, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.last_access_interval",
							"Least time between two notes of a token's last access.",
							NULL,
							&apitoken_last_access_interval,
							60, 0, INT_MAX / 1000,
							PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.log_refusals",
							"Most refusals of secrets that a session writes into the log in a minute.",
							"Of the others it says how many they were. -1: no bound.",
							&apitoken_log_refusals,
							60, -1, INT_MAX,
							PGC_SUSET, 0,
							NULL, NULL, NULL);
}

/* How long what has happened is known. */
static void
DefineTrailSettings(void)
{
	DefineCustomIntVariable("apitoken.trail_retention",
							"Least age of what is pruned from the trail.",
							NULL,
							&apitoken_trail_retention,
							90 * SECS_PER_DAY, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);
}

/* How long a secret is good for. */
static void
DefineLifeSettings(void)
{
	DefineCustomIntVariable("apitoken.max_lifetime",
							"Longest time from the making of a token's secret to the token's end.",
							"New tokens without an end get one. 0: no bound.",
							&apitoken_max_lifetime,
							0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.max_rotation_overlap",
							"Longest time for which a token's old secret still counts beside the new one.",
							NULL,
							&apitoken_max_rotation_overlap,
							7 * SECS_PER_DAY, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomBoolVariable("apitoken.self_rotation",
							 "Lets a token change its own secret.",
							 NULL,
							 &apitoken_self_rotation,
							 false,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);
}

/* Which tokens do not authenticate though they are Active. */
static void
DefineLeftBehindSettings(void)
{
	DefineCustomBoolVariable("apitoken.refuse_disabled_accounts",
							 "Refuses the tokens of an account that is Disabled.",
							 NULL,
							 &apitoken_refuse_disabled_accounts,
							 false,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);

	DefineCustomBoolVariable("apitoken.refuse_lost_creators",
							 "Refuses the tokens whose creator, a user or a token, is Blocked, Disabled, Deleted or erased.",
							 NULL,
							 &apitoken_refuse_lost_creators,
							 false,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);
}

/* How long one transaction can keep another waiting. */
static void
DefineTimeouts(void)
{
	DefineCustomIntVariable("apitoken.notify_timeout",
							"Longest wait of a signal for the queue of notifications.",
							"A signal that waits for longer is left out, with a warning.",
							&apitoken_notify_timeout,
							1000, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.commit_timeout",
							"Longest wait of a commit for a right that it has used and that is being taken away.",
							"Unless lock_timeout is shorter. 0: no bound.",
							&apitoken_commit_timeout,
							10000, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("apitoken.actor_transaction_timeout",
							"Longest time that a change in the name of a token or a user, or a revocation, takes, to the commit.",
							"The session ends then. 0: no bound.",
							&apitoken_actor_transaction_timeout,
							60000, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

/*
 * Defines the settings and claims their prefix; everything else waits for the
 * first call.
 */
void
_PG_init(void)
{
	/*
	 * The server would begin anew, with what was done here, at the next call:
	 * nobody cancels this halfway while something is said of settings that
	 * are there already.  Who ends the session ends this, too.
	 */
	HOLD_CANCEL_INTERRUPTS();
	apitoken_error_start();
	DefineAnswerSettings();
	DefineChoice();
	DefineAdministratorSettings();
	DefineTimeouts();
	DefineLifeSettings();
	DefineTrailSettings();
	DefineLeftBehindSettings();
	apitoken_actor_define_setting();
	apitoken_erase_define_setting();
	apitoken_marks_define_setting();
	apitoken_acts_start();
	apitoken_planning_start();
	apitoken_nodes_start();
	MarkGUCPrefixReserved("apitoken");
	RESUME_CANCEL_INTERRUPTS();
}

PG_FUNCTION_INFO_V1(apitoken_version);

/* apitoken_version() returns text: the version of this library. */
Datum
apitoken_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(APITOKEN_VERSION));
}
