/*-------------------------------------------------------------------------
 *
 * errors.c
 *	  Every error that the extension itself raises, and its text.
 *
 * The message is the title of the HTTP status that PostgREST makes of the
 * SQLSTATE, the detail says what and which, the hint what to do.
 *
 * src/errors.c
 *
 *-------------------------------------------------------------------------
 */
#include "errors.h"

#include "access/xact.h"
#include "apitoken.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "redact.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define ERRCODE_BAD_REQUEST MAKE_SQLSTATE('P', 'T', '4', '0', '0')
#define ERRCODE_UNAUTHORIZED MAKE_SQLSTATE('P', 'T', '4', '0', '1')
#define ERRCODE_FORBIDDEN MAKE_SQLSTATE('P', 'T', '4', '0', '3')
#define ERRCODE_NOT_FOUND MAKE_SQLSTATE('P', 'T', '4', '0', '4')

#define BAD_REQUEST errcode(ERRCODE_BAD_REQUEST), errmsg("Bad Request"), HideSecret(NULL)

#define FORBIDDEN errcode(ERRCODE_FORBIDDEN), errmsg("Forbidden")

#define UNAUTHORIZED errcode(ERRCODE_UNAUTHORIZED), errmsg("Unauthorized"), HideSecret(NULL), \
	errdetail("There is no valid credential."), \
	errhint("Authenticate with the secret of an Active API token.")

/* As many bytes as an id can have: 255 characters of at most four. */
#define MAX_SHOWN 1020

/* Of so many bytes it depends how the first MAX_SHOWN are shown. */
#define MAX_READ (2 * MAX_SHOWN)

/*
 * Secrets
 *
 * A secret that was given where something else belongs is masked in what an
 * error shows, and the statement that it stands in is not logged.
 */

/*
 * Part of every ereport that shows what a caller gave, or that his statement
 * may be logged with: keeps the statement and the context of the error that is
 * being reported out of the log if there is a secret in given, which may be
 * NULL, or in the statement.
 */
static int
HideSecret(const char *given)
{
	if ((given != NULL && apitoken_redact_is_needed(given)) ||
		(debug_query_string != NULL && apitoken_redact_is_needed(debug_query_string)))
	{
		errhidestmt(true);
		errhidecontext(true);
	}
	return 0;
}

/*
 * What an error shows of something that a caller gave: enough to know it
 * again, however long it is, since it has to be sent and logged; and nothing
 * that has the shape of a secret.  For the arguments of an ereport.
 */
static const char *
Shown(const char *given)
{
	int			length = strlen(given);
	char	   *shown;

	HideSecret(given);
	shown = apitoken_redact(pnstrdup(given, pg_mbcliplen(given, length, MAX_READ)));
	length = strlen(shown);
	if (length <= MAX_SHOWN)
		return shown;
	return psprintf("%.*s...", pg_mbcliplen(shown, length, MAX_SHOWN), shown);
}

/* The same for the part of a text that begins at start. */
static const char *
ShownPart(const char *given, int start, int length)
{
	return Shown(pnstrdup(given + start, length));
}

/* The last messages of the client by which a call was made, and one was given a secret. */
static TimestampTz called_at = 0;
static TimestampTz secret_given_at = 0;

/* A digest of the text by which that was: other messages may have more of it run. */
static uint64 secret_given_by = 0;

/* Who else looks at what is logged. */
static emit_log_hook_type next_log_hook = NULL;

/*
 * Refusals of secrets
 *
 * Whoever tries many secrets writes as many lines into the log as he likes.  So there
 * are so many in a minute of each session, and then how many were left out: when the next
 * secret comes after the minute, or the session ends.
 */

static TimestampTz minute_began = 0;
static int	written = 0;		/* refusals in that minute */
static int64 left_out = 0;		/* that were not told yet */

static bool
IsMinuteOver(void)
{
	return TimestampDifferenceExceeds(minute_began, GetCurrentTimestamp(),
									  SECS_PER_MINUTE * 1000);
}

static void
TellLeftOut(void)
{
	if (left_out == 0)
		return;
	ereport(LOG_SERVER_ONLY,
			(errmsg("%lld refusals of secrets were left out of the log", (long long) left_out),
			 errdetail("A session writes %d in a minute, as apitoken.log_refusals says.",
					   apitoken_log_refusals),
			 errhidestmt(true), errhidecontext(true)));
	left_out = 0;
}

static void
TellAtEnd(int code, Datum argument)
{
	TellLeftOut();
}

/* Tells of what was left out in a minute that is over; for whoever is given a secret. */
void
apitoken_error_tell_refusals(void)
{
	if (left_out > 0 && IsMinuteOver())
		TellLeftOut();
}

/* Is it what apitoken_error_secret raises? */
static bool
IsRefusal(const ErrorData *report)
{
	return report->elevel == ERROR && report->sqlerrcode == ERRCODE_UNAUTHORIZED &&
		report->detail_log != NULL;
}

/* Keeps a refusal out of the log if there were as many in this minute as there may be. */
static void
BoundRefusals(ErrorData *report)
{
	static bool registered = false;

	if (apitoken_log_refusals < 0 || !IsRefusal(report))
		return;
	if (IsMinuteOver())
	{
		minute_began = GetCurrentTimestamp();
		written = 0;
	}
	if (written < apitoken_log_refusals)
	{
		written++;
		return;
	}
	report->output_to_server = false;
	left_out++;
	if (!registered)
		before_shmem_exit(TellAtEnd, (Datum) 0);
	registered = true;
}

/* Was one of the functions called by the client's message? */
static bool
IsCalled(void)
{
	/* some processes never begin a statement */
	return called_at != 0 && called_at == GetCurrentStatementStartTimestamp();
}

/*
 * Is there a secret in a text, which may be NULL?  What has the shape of an opaque part
 * alone counts where one of the functions was called.
 */
static bool
HasSecret(const char *text)
{
	if (text == NULL)
		return false;
	return IsCalled() ? apitoken_redact_is_needed(text) : apitoken_redact_is_secret(text);
}

/*
 * Is there one in the client's message?  A client's session reads that once, however much
 * is to be said of it; other processes run many texts without a beginning.
 */
static bool
MessageHasSecret(void)
{
	static const char *last_read = NULL;
	static TimestampTz began = 0;
	static bool called = false;
	static bool found = false;
	TimestampTz message = GetCurrentStatementStartTimestamp();

	if (MyBackendType != B_BACKEND || last_read != debug_query_string || began != message ||
		called != IsCalled())
	{
		last_read = debug_query_string;
		began = message;
		called = IsCalled();
		found = HasSecret(last_read);
	}
	return found;
}

/* Of the text of the client's message; 0: there is none. */
static uint64
DigestOfMessage(void)
{
	return debug_query_string == NULL ? 0 :
		hash_bytes_extended((const unsigned char *) debug_query_string, strlen(debug_query_string), 0);
}

static void
NoteSecretGiven(void)
{
	if (secret_given_at == GetCurrentStatementStartTimestamp())
		return;
	secret_given_at = GetCurrentStatementStartTimestamp();
	secret_given_by = DigestOfMessage();
}

/*
 * Does the report show a secret in the client's message?  Any does by which one of the
 * functions was given one: that may have any form.
 */
static bool
ShowsSecret(const ErrorData *report)
{
	if (secret_given_at != 0 && (secret_given_at == GetCurrentStatementStartTimestamp() ||
								 (secret_given_by != 0 && secret_given_by == DigestOfMessage())))
		return true;
	/* a long text is not read for each of many warnings that do not show it */
	if (report->hide_stmt ||
		(report->elevel < log_min_error_statement && report->elevel != LOG &&
		 report->elevel != LOG_SERVER_ONLY))
		return false;
	return MessageHasSecret();
}

/*
 * Keeps a statement in which a secret stands out of the log, whatever PostgreSQL has to
 * say of it, before a call or after; the context in which PL/pgSQL shows it; and the
 * statements of others with whom there was a deadlock.  And a flood of refusals.
 */
static void
WatchLog(ErrorData *report)
{
	bool		shows = ShowsSecret(report);

	BoundRefusals(report);
	if (shows)
		report->hide_stmt = report->hide_ctx = true;
	if (HasSecret(report->context))
		report->hide_ctx = true;
	/* what PL/pgSQL has run is shown whatever is hidden */
	if (shows || HasSecret(report->internalquery))
	{
		report->internalquery = NULL;
		report->internalpos = 0;
	}
	/* of a deadlock, the statements of all whom it holds */
	if (HasSecret(report->detail_log))
		report->detail_log = apitoken_redact(report->detail_log);
	if (next_log_hook != NULL)
		next_log_hook(report);
}

/*
 * Looks at what is logged, from now on; for _PG_init, which is run again where it has
 * failed.
 */
void
apitoken_error_start(void)
{
	static bool started = false;

	if (started)
		return;
	started = true;
	next_log_hook = emit_log_hook;
	emit_log_hook = WatchLog;
}

/*
 * Has the error that is being caught, whose SQLSTATE is given, ended a deadlock?  Citus cancels
 * a statement for that, and says why only where the error is reported.
 */
bool
apitoken_error_is_deadlock(int sqlstate)
{
	ErrorData  *report;

	if (sqlstate != ERRCODE_QUERY_CANCELED || emit_log_hook == NULL)
		return sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED;
	report = CopyErrorData();
	emit_log_hook(report);
	return report->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

/*
 * Other servers, where the tables are distributed
 *
 * What Citus says of them is in its own terms, and names hosts and roles that are not
 * for those who call.
 */

/* How texts of a server that cannot be reached begin, and of one that ends meanwhile. */
static const char *const citus_connection[] = {
	"connection to the remote node ",
	"server closed the connection unexpectedly"
};

/* Those of a transaction that has had several connections to one server. */
static const char *const citus_parallel[] = {
	"because there was a parallel ",
	"cannot perform query with placements that were modified over multiple connections",
	"cannot establish a new connection for placement "
};

/* Is it about a server that is down? */
static bool
IsConnection(const ErrorData *report)
{
	for (int i = 0; i < lengthof(citus_connection); i++)
	{
		if (strncmp(report->message, citus_connection[i], strlen(citus_connection[i])) == 0)
			return true;
	}
	return false;
}

/* Has Citus refused a statement as others were run on several connections before? */
static bool
IsParallel(const ErrorData *report)
{
	for (int i = 0; i < lengthof(citus_parallel); i++)
	{
		if (strstr(report->message, citus_parallel[i]) != NULL)
			return true;
	}
	return false;
}

/* The whole of what Citus has said, for the log. */
static const char *
Details(const ErrorData *report)
{
	return report->detail == NULL ? report->message :
		psprintf("%s: %s", report->message, report->detail);
}

/* Says in the extension's own terms what Citus reports of other servers. */
static void
SayOurselves(const ErrorData *report)
{
	if (IsConnection(report))
	{
		errcode(ERRCODE_CONNECTION_FAILURE);
		errmsg("another server cannot be reached");
		if (report->elevel == ERROR)
			errdetail("Nothing was done.");
		errdetail_log("%s", Details(report));
	}
	else if (report->elevel == ERROR && IsParallel(report))
	{
		errcode(ERRCODE_FEATURE_NOT_SUPPORTED);
		errmsg("the transaction has asked several shards at once, and cannot write to what every server has");
		errdetail("Nothing was done.");
		errdetail_log("%s", Details(report));
		errhint("Call in another transaction, or begin this one with SET LOCAL citus.multi_shard_modify_mode TO 'sequential'.");
	}
}

/* Called for whatever is reported while a guard stands, also by other code. */
static void
HideServers(void *argument)
{
	int			code = geterrcode();
	MemoryContext old;
	ErrorData  *report;

	if (code != ERRCODE_CONNECTION_FAILURE && code != ERRCODE_INTERNAL_ERROR &&
		code != ERRCODE_FEATURE_NOT_SUPPORTED)
		return;
	old = MemoryContextSwitchTo(CurTransactionContext);
	report = CopyErrorData();
	if (report->message != NULL)
		SayOurselves(report);
	FreeErrorData(report);
	MemoryContextSwitchTo(old);
}

/*
 * Begins a part of a call in which no error, be it of other code, is logged
 * with a statement that a secret stands in: with none at all if the call was
 * given one, which may stand there in any form.
 *
 * The guard, which the caller provides, ends with apitoken_error_unguard, or by
 * itself with an error.
 */
void
apitoken_error_guard(ErrorContextCallback *guard, bool secret_given)
{
	called_at = GetCurrentStatementStartTimestamp();
	if (secret_given)
		NoteSecretGiven();
	guard->callback = HideServers;
	guard->arg = NULL;
	guard->previous = error_context_stack;
	error_context_stack = guard;
}

/* The call that is being made was given a secret, as it turns out. */
void
apitoken_error_secret_given(void)
{
	NoteSecretGiven();
}

/* Ends what apitoken_error_guard began. */
void
apitoken_error_unguard(const ErrorContextCallback *guard)
{
	error_context_stack = guard->previous;
}

/* An id that is null or empty. */
void
apitoken_error_id_missing(const char *argument)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"%s\" is null or empty.", argument),
			 errhint("Give the id of the resource, for example %s.",
					 strcmp(argument, "account_id") == 0 ? "ACC-3001-7788" : "TKN-1671-0642")));
}

/* A body that is not an object, or null. */
void
apitoken_error_body_type(const char *argument)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The %s is not a JSON object.", argument),
			 errhint("Give an object, for example {\"name\": \"Nightly export\"}.")));
}

/* What is to be enabled is not a list of ids. */
void
apitoken_error_ids_type(void)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"disabled\" is not an array of ids."),
			 errhint("Give what apitoken_disable_all() has answered.")));
}

/* Ids that are not what one call has answered. */
void
apitoken_error_no_such_call(void)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("No call of apitoken_disable_all() has disabled these API tokens and no other."),
			 errhint("Give all that one call has answered; apitoken_enable() enables one API token.")));
}

/* Every token of every account: hardly what somebody wanted. */
void
apitoken_error_rescue_everything(void)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The account is null, and the query has no condition."),
			 errhint("Give the id of an account, or a condition: status=Active is every API token there is.")));
}

/* What is to be taken over and cannot be; problem is a sentence without its full stop. */
void
apitoken_error_sync(const char *problem)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("%s.", Shown(problem)),
			 errhint("Nothing of the body was written.")));
}

/*
 * A member of a body.  path names it, as in modules[0].id; problem goes on
 * from "The member ... "; hint is a sentence that says what is allowed.
 */
void
apitoken_error_member(const char *path, const char *problem, const char *hint)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The member \"%s\" %s.", Shown(path), problem),
			 errhint("%s", apitoken_redact(hint))));
}

/* What the rules of texts say, in calls and to those who write by hand. */
#define TEXT_HINT "Tabs and line breaks are allowed; other control characters, characters that change the direction of writing and invisible ones are not."
#define LINE_HINT "Control characters, line breaks, characters that change the direction of writing and invisible ones are not allowed."
#define BLANK_HINT "A name has at least one character that is seen."
#define URL_HINT "Give a path, or a URL that begins with https://, http:// or data:image/ and png, gif, jpeg or webp; white space and backslashes are written as %20 and %5C."

/* What the constraints of apitoken.api_tokens say of the members of a body. */
typedef struct ConstraintText
{
	const char *constraint;
	const char *member;
	const char *problem;
	const char *hint;
} ConstraintText;

static const ConstraintText constraint_texts[] = {
	{
		"api_tokens_name_length_check", "name", "is empty or too long",
		"A name has 1 to 200 characters."
	},
	{
		"api_tokens_name_characters_check", "name", "has a character that is not allowed",
		"A name has letters, digits, spaces, - . ' and \" only."
	},
	{
		"api_tokens_description_length_check", "description", "is too long",
		"A description has at most 2000 characters."
	},
	{
		"api_tokens_icon_length_check", "icon", "is too long",
		"An icon has at most 2000 characters."
	},
	{
		"api_tokens_name_text_check", "name", "has a character that is not allowed",
		"A name has letters, digits, spaces, - . ' and \" only."
	},
	{
		"api_tokens_name_blank_check", "name", "has nothing but white space", BLANK_HINT
	},
	{
		"api_tokens_description_text_check", "description", "has a character that is not allowed",
		TEXT_HINT
	},
	{
		"api_tokens_icon_text_check", "icon", "has a character that is not allowed", LINE_HINT
	},
	{
		"api_tokens_icon_scheme_check", "icon", "is neither a path nor a URL of the web", URL_HINT
	},
};

/*
 * Raises PT400 for a violated constraint, if it is one that a body can violate;
 * returns for any other.
 */
void
apitoken_error_constraint(const char *constraint)
{
	for (int i = 0; constraint != NULL && i < (int) lengthof(constraint_texts); i++)
	{
		if (strcmp(constraint_texts[i].constraint, constraint) == 0)
			apitoken_error_member(constraint_texts[i].member, constraint_texts[i].problem,
								  constraint_texts[i].hint);
	}
}

/* Is the name in a message, in whichever language and its quotation marks? */
static bool
HasWord(const char *message, const char *name)
{
	const char *found = message;

	while ((found = strstr(found, name)) != NULL)
	{
		const char *end = found + strlen(name);

		if ((found == message || !(isalnum((unsigned char) found[-1]) || found[-1] == '_')) &&
			!(isalnum((unsigned char) *end) || *end == '_'))
			return true;
		found = end;
	}
	return false;
}

/*
 * The same for an error from another node, which comes without the constraint's name: the
 * message has it, or the column whose rule it is, and then the detail what is wrong.
 */
void
apitoken_error_constraint_elsewhere(const char *message, const char *detail)
{
	for (int i = 0; message != NULL && i < (int) lengthof(constraint_texts); i++)
	{
		const ConstraintText *text = &constraint_texts[i];

		if (HasWord(message, text->constraint) ||
			(HasWord(message, text->member) &&
			 detail != NULL && strcmp(detail, psprintf("The text %s.", text->problem)) == 0))
			apitoken_error_member(text->member, text->problem, text->hint);
	}
}

/*
 * Texts in rows, whoever writes them: each raises 23514, as a constraint of the
 * table would, and names the column, not what was to be in it.  The constraint
 * is named as the table and the column, with suffix behind them.
 */
pg_noreturn static void
FailText(Relation relation, const char *column, const char *suffix, const char *problem,
		 const char *hint)
{
	const char *table = RelationGetRelationName(relation);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("row for relation \"%s\" violates the rule of its column \"%s\"",
					table, column),
			 errdetail("The text %s.", problem),
			 errhint("%s", hint),
			 HideSecret(NULL),
			 errtableconstraint(relation, psprintf("%s_%s_%s", table, column, suffix))));
}

/* A character that the column's rule does not allow. */
void
apitoken_error_text_characters(Relation relation, const char *column, bool breaks)
{
	FailText(relation, column, "text_check", "has a character that is not allowed",
			 breaks ? TEXT_HINT : LINE_HINT);
}

/* An id that has the form of a secret. */
void
apitoken_error_text_secret(Relation relation, const char *column)
{
	FailText(relation, column, "secret_check", "has the form of a secret",
			 "Ids are shown to everybody; a secret is shown to nobody.");
}

/* A name that nobody sees. */
void
apitoken_error_text_blank(Relation relation, const char *column)
{
	FailText(relation, column, "blank_check", "has nothing but white space", BLANK_HINT);
}

/* What is neither a path nor a URL of an allowed kind. */
void
apitoken_error_text_scheme(Relation relation, const char *column)
{
	FailText(relation, column, "scheme_check", "is neither a path nor a URL of the web", URL_HINT);
}

/*
 * A field that does not exist: path as given, and which part of it.  known
 * lists the members that there are; NULL: what is before has none.
 */
void
apitoken_error_field(const char *path, int name_start, int name_length, const char *known)
{
	int			owner_length = Max(name_start - 1, 0);

	ereport(ERROR,
			(BAD_REQUEST,
			 owner_length > 0 ?
			 errdetail("The field \"%s\" does not exist: \"%s\" has no member \"%s\".",
					   Shown(path), ShownPart(path, 0, owner_length),
					   ShownPart(path, name_start, name_length)) :
			 errdetail("The field \"%s\" does not exist: the API token has no member \"%s\".",
					   Shown(path), ShownPart(path, name_start, name_length)),
			 known != NULL ?
			 errhint("Its members are: %s.", known) :
			 errhint("It stands for itself: it has no members to choose from.")));
}

/* A selection of fields that is not in its grammar; position counts from 1. */
void
apitoken_error_fields_syntax(int position, const char *problem)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The selection of fields is malformed at position %d: %s.",
					   position, problem),
			 errhint("Write fields as +a,-b,-c.d, or -* to start from nothing.")));
}

/*
 * A list's query.  position is that of a byte, from 0; the detail counts
 * characters, from 1.
 */
void
apitoken_error_query(const char *query, int length, int position, const char *problem,
					 const char *expected)
{
	int			character = pg_mbstrlen_with_len(query, Min(position, length)) + 1;

	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("Position %d of the query: %s.", character, problem),
			 errhint("Expected %s.", expected)));
}

/* A transition that does not exist, from the status that the token has. */
void
apitoken_error_transition(const char *id, const char *status, const char *hint)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The API token \"%s\" is %s.", Shown(id), status),
			 errhint("%s", hint)));
}

/* A token whose end is over, which is to be enabled. */
void
apitoken_error_expired(const char *id)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The API token \"%s\" has expired.", Shown(id)),
			 errhint("Give it a later end first, its member expiresAt.")));
}

/* A token that is to be enabled, whose secret never counts again. */
void
apitoken_error_revoked(const char *id)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The secret of the API token \"%s\" is revoked.", Shown(id)),
			 errhint("Give it another one first, by apitoken_rotate().")));
}

/* How long an old secret cannot go on counting. */
void
apitoken_error_overlap(const char *problem, int longest)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"overlap\" %s.", problem),
			 errhint("It is at most %d seconds, as apitoken.max_rotation_overlap has it.", longest)));
}

/* Secrets that are not revoked, because there is no list of them, or too long a one. */
void
apitoken_error_secrets(const char *problem, int longest)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"secrets\" %s.", problem),
			 errhint("Give an array of at most %d.", longest)));
}

/* A reason for a change that the trail does not take. */
void
apitoken_error_reason(const char *problem, int longest)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"reason\" %s.", problem),
			 errhint("Give at most %d characters. " TEXT_HINT, longest)));
}

/* A place in the feed from which it does not go on. */
void
apitoken_error_position(const char *problem)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"after\" %s.", problem),
			 errhint("Begin again, without it, and forget what was told before.")));
}

/* The same where it is a node that had other shards then, or has just lost one. */
void
apitoken_error_other_shards(void)
{
	apitoken_error_position("is of before a shard came to this node, or left it");
}

/* More events than one answer has, or none. */
void
apitoken_error_at_most(int most)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"at_most\" is out of range."),
			 errhint("Give a number from 1 to %d.", most)));
}

/* A moment up to which the trail is not pruned. */
void
apitoken_error_before(const char *problem, int seconds)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The argument \"before\" %s.", problem),
			 errhint("What is younger than apitoken.trail_retention, %d seconds, stays.", seconds)));
}

/* No credential, or one that is not valid: never says which, or why. */
void
apitoken_error_unauthorized(void)
{
	ereport(ERROR, (UNAUTHORIZED));
}

/*
 * A secret that does not authenticate: the same for whoever called.  reason, a
 * sentence, stands in the server's log in place of the detail, and only there.
 */
void
apitoken_error_secret(const char *reason)
{
	ereport(ERROR, (UNAUTHORIZED, errdetail_log("%s", Shown(reason))));
}

/* Somebody who is known, but holds no module that the call needs. */
void
apitoken_error_forbidden(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor holds no module that lets him administer API tokens."),
			 errhint("The module access-management does for the own account's tokens.")));
}

/* A member that a token is not shown which may read nothing but itself. */
void
apitoken_error_not_shown(const char *path)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The API token may not ask about \"%s\".", Shown(path)),
			 errhint("The module access-management lets it read more than itself.")));
}

/* Somebody whose right was there when he used it, but is not any more. */
void
apitoken_error_right_gone(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor does not hold any more what the transaction was done by."),
			 errhint("Nothing of it was committed.")));
}

/* A module that its giver does not hold himself. */
void
apitoken_error_not_held(const char *module_id)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor does not hold the module \"%s\", and so cannot give it.",
					   Shown(module_id)),
			 errhint("An API token gives only modules that it holds itself.")));
}

/* An end that is later than the giver's own. */
void
apitoken_error_beyond_own_end(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor expires before that."),
			 errhint("An API token gives no API token, itself included, a later end than it has, and no new secret to one that has a later end.")));
}

/* Networks that are not the giver's own. */
void
apitoken_error_beyond_own_networks(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor may not be used from all of these networks."),
			 errhint("An API token gives no API token, itself included, networks that are not within its own, and no new secret to one that has such.")));
}

/* A token that is to change its own secret. */
void
apitoken_error_self_rotation(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("An API token does not rotate itself here."),
			 errhint("The setting apitoken.self_rotation lets it.")));
}

/* A token that is to change its own secret, by one that is not its present one. */
void
apitoken_error_old_secret(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor has authenticated with an old secret."),
			 errhint("An API token rotates itself by its present secret.")));
}

/* A module that was withdrawn from the account while it was being given. */
void
apitoken_error_offer_gone(const char *module_id)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The account cannot give the module \"%s\" any more.", Shown(module_id)),
			 errhint("Nothing of the transaction was committed.")));
}

/* A column that somebody has changed by hand who may not. */
void
apitoken_error_kept_column(Relation relation, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("column \"%s\" of relation \"%s\" is not changed by hand", column,
					RelationGetRelationName(relation)),
			 errdetail("Whom row security binds says of nobody else that he created or updated a row, and changes no hold, no end, no bound and no secret."),
			 errtable(relation)));
}

/* Somebody who does not administer every account, and named none. */
void
apitoken_error_every_account_forbidden(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor does not administer the API tokens of every account."),
			 errhint("Give the id of an account.")));
}

/* Somebody who may not hold anything. */
void
apitoken_error_hold_forbidden(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor may hold neither API tokens nor accounts, nor let them go."),
			 errhint("The module account-management of an Operations account does.")));
}

/* A token or an account that is held: until it is let go, this is not done to it. */
void
apitoken_error_held(const char *resource, const char *id)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The %s \"%s\" is held.", resource, Shown(id)),
			 errhint("Operations can let it go.")));
}

/* A module, by its code, that a transaction's guard asks for. */
void
apitoken_error_module_not_held(const char *code)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("The actor does not hold a module with the code \"%s\".", Shown(code)),
			 errhint("Whoever administers the account can give it.")));
}

/* A user of several accounts, or of none, where it has to be known for which he acts. */
void
apitoken_error_no_account(void)
{
	ereport(ERROR,
			(FORBIDDEN,
			 errdetail("It is not known for which account the user acts."),
			 errhint("Choose one that he is in a user group of, by the setting apitoken.account or the JWT's claim.")));
}

/* What the server says when lock_timeout is over: the wait was in pieces. */
void
apitoken_error_lock_timeout(int milliseconds)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("canceling statement due to lock timeout")));
}

/* Who locks several at once gives back what it has, as somebody has another. */
void
apitoken_error_locked(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not lock an account and its tokens at once")));
}

/* A right that was used is being taken away, by somebody who does not commit. */
void
apitoken_error_gate_closed(int milliseconds)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not find out whether a right that was used is still there"),
			 errdetail("A transaction that is taking it away has not ended in %d ms.",
					   milliseconds),
			 errhint("Nothing was committed. Try again.")));
}

/* A transaction that cannot be looked at when it commits. */
void
apitoken_error_prepare(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot prepare a transaction that has made or enabled API tokens, acted in somebody's name, or has signals to send"),
			 errhint("Commit it without preparing it.")));
}

/* Signals that the queue of notifications has no room for, or not in time. */
void
apitoken_warn_signals_left_out(int count)
{
	ereport(WARNING,
			(errmsg("signals of changed API tokens were left out: %d", count),
			 errdetail("The server's queue of notifications is full, or somebody keeps it locked."),
			 errhint("Whoever listens on the channel \"apitoken\" has to look the tokens up.")));
}

/*
 * No such token, or one that the caller may not know of: one text for both, so
 * that existence stays masked.
 */
void
apitoken_error_token_not_found(const char *id)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_FOUND),
			 errmsg("Not Found"),
			 errdetail("There is no API token \"%s\" that you may administer.", Shown(id)),
			 errhint("Check the id, and in whose name you call.")));
}

/* The same for an account. */
void
apitoken_error_account_not_found(const char *id)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_FOUND),
			 errmsg("Not Found"),
			 errdetail("There is no account \"%s\" whose API tokens you may administer.", Shown(id)),
			 errhint("Check the id, and in whose name you call.")));
}

/* Nobody to erase: a user or an account that does not exist. */
void
apitoken_error_not_to_erase(const char *resource, const char *id)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_FOUND), errmsg("Not Found"),
			 errdetail("There is no %s \"%s\".", resource, Shown(id)),
			 errhint("Check the id.")));
}

/*
 * A setting of the request that is not JSON, or none that jsonb can hold: does
 * not show what it is.
 */
void
apitoken_error_setting_json(const char *setting)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The setting \"%s\" is not usable JSON.", setting),
			 errhint("Give a JSON object whose numbers, strings and depth jsonb can hold.")));
}

/* A module that is given to another group or a token, but is not there to give. */
void
apitoken_error_not_offered(Relation relation, Datum account_id, Datum module_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("module is not offered by the account's default user group"),
			 errdetail("The default user group of the account \"%s\" does not have the module \"%s\".",
					   Shown(TextDatumGetCString(account_id)), Shown(TextDatumGetCString(module_id))),
			 errhint("Give it to the default user group first."),
			 errtable(relation)));
}

/* A module that is given where the account's type forbids it. */
void
apitoken_error_account_type(Relation relation, Datum account_id, const char *type,
							Datum module_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("module may not be held by an account of this type"),
			 errdetail("The account \"%s\" is of the type %s, which is not among the account types of the module \"%s\".",
					   Shown(TextDatumGetCString(account_id)), type,
					   Shown(TextDatumGetCString(module_id))),
			 errhint("See apitoken.modules.account_types."),
			 errtable(relation)));
}

/* A default group that has less than what others of its account have. */
void
apitoken_error_still_held(Relation relation, Datum account_id, const char *holder_id,
						  const char *module_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("a module is held that the account's default user group does not offer"),
			 errdetail("In the account \"%s\", \"%s\" has the module \"%s\", which the default user group does not have.",
					   Shown(TextDatumGetCString(account_id)), Shown(holder_id), Shown(module_id)),
			 errhint("Give the module to the default user group, or take it from the group that was it before."),
			 errtable(relation)));
}

/* A type of account that cannot be taken from a module's. */
void
apitoken_error_type_held(Relation relation, const char *account_id, const char *type,
						 Datum module_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("module is held by an account of a type that it would lose"),
			 errdetail("The account \"%s\", of the type %s, holds the module \"%s\".",
					   Shown(account_id), type, Shown(TextDatumGetCString(module_id))),
			 errhint("Take the module from the default user groups of such accounts first."),
			 errtable(relation)));
}

/* A digest that is brought along again, or written by hand. */
void
apitoken_error_revoked_digest(Relation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("digest is that of a secret that was revoked"),
			 errtable(relation)));
}

/* An account that has as many tokens as it may have. */
void
apitoken_error_too_many_tokens(const char *account_id, int64 most)
{
	ereport(ERROR,
			(BAD_REQUEST,
			 errdetail("The account \"%s\" has as many API tokens as it may have: " INT64_FORMAT ".",
					   Shown(account_id), most),
			 errhint("Delete one that is not needed: Deleted ones do not count.")));
}

/* No id that is free was found. */
void
apitoken_error_no_free_id(int attempts)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("no free id found for a new API token"),
			 errdetail("%d ids were tried at random.", attempts),
			 errhint("Call again.")));
}

/* No secret without chance: the server's source of it has failed. */
void
apitoken_error_no_randomness(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not generate random values")));
}

/* An answer that jsonb does not hold, whatever is left out of it. */
void
apitoken_error_document_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the document is too large"),
			 errdetail("A jsonb value holds at most 268435455 bytes."),
			 errhint("Leave lists out, for example with fields \"-account.groups\", or set apitoken.max_list_items lower.")));
}

/* The extension's library is there, but not its tables. */
void
apitoken_error_table_missing(const char *relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation \"%s\" does not exist", relation),
			 errhint("Is the extension \"apitoken\" created in this database?")));
}

/* A table's rows are not where it is. */
void
apitoken_error_unprepared(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("this node is not prepared for the distributed tables of the extension \"apitoken\""),
			 errdetail("No call can be answered: rows of API tokens that are there would not be found."),
			 errhint("Run apitoken.distribute() on the coordinator: it distributes the tables, and prepares nodes that were added since.")));
}

/* A call for which there is no statement that finds its rows on other servers. */
void
apitoken_error_not_distributed(const char *statement)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("\"%s\" cannot be done where the tables are distributed", statement),
			 errdetail("Nothing was done.")));
}

/* Who is bound by row security takes nothing over where the tables are distributed. */
void
apitoken_error_bound(const char *relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("row security binds the role on table %s", relation),
			 errhint("Where the tables are distributed, such resources are taken over by roles that row security does not bind.")));
}

/* A query for a list whose conditions need what is in one place. */
void
apitoken_error_one_account(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("such a query is for the API tokens of one account where the tables are distributed"),
			 errhint("Add the condition eq(account.id,ACC-...).")));
}

/* Where the tables are distributed, whose changes took a right away cannot be told. */
void
apitoken_error_another_acted(const char *id)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the API token \"%s\" has acted in this transaction", id),
			 errdetail("Where the tables are distributed, nobody else changes it, or an API token that it depends on as its creator, before the transaction ends."),
			 errhint("Commit between the calls.")));
}

/* Other nodes show what was there when the transaction began, and no disable since. */
void
apitoken_error_isolation(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the isolation level is not supported where the tables are distributed"),
			 errhint("Begin the transaction with READ COMMITTED.")));
}

/* What the session has sent to other nodes before, nobody has seen. */
void
apitoken_error_not_preloaded(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the library of the extension \"apitoken\" is not preloaded"),
			 errdetail("Where the tables are distributed, it has to see every statement of a session."),
			 errhint("Add apitoken to shared_preload_libraries, behind citus, on each server.")));
}

/* Citus would run the session's own statements on other nodes as the tables' owner. */
void
apitoken_error_settings_sent(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("settings cannot be sent to other servers in a transaction that calls the extension \"apitoken\""),
			 errhint("Set citus.propagate_set_commands to none.")));
}

/* A table's column was altered by hand. */
void
apitoken_error_column_type(const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" has an unexpected type", column),
			 errhint("The tables of the extension \"apitoken\" were altered; its script says how they are meant to be.")));
}

/* A table's column was renamed or dropped by hand. */
void
apitoken_error_column_missing(const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" is missing", column),
			 errhint("The tables of the extension \"apitoken\" were altered; its script says how they are meant to be.")));
}

/* A trigger's function that was called otherwise. */
void
apitoken_error_trigger(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function must be fired by the extension's own triggers")));
}

/* A moment that the documented form of dates cannot say. */
void
apitoken_error_timestamp(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("timestamp out of range")));
}

/* SPI did not do what the statement is for. */
void
apitoken_error_statement(const char *name, const char *result)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("statement \"%s\" failed: %s", name, result)));
}

/*
 * The same where a statement that changes one row has found it, and it is as it was.
 * distributed: or its shard was moved here after the statement's snapshot was taken.
 */
void
apitoken_error_kept_by_trigger(const char *name, bool distributed)
{
	if (distributed)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not change the row of an API token"),
				 errdetail("Its shard was moved to this server meanwhile, or a trigger has kept it."),
				 errhint("Nothing was done. Try again.")));
	apitoken_error_statement(name, "a trigger has kept the row from changing");
}
