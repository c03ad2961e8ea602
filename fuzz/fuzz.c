/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *	  Coverage-guided fuzzing of the parsers, in a backend.
 *
 * The extension's own source files are compiled with this one into a module
 * whose function runs libFuzzer in a single-user backend: what is fuzzed is
 * what is shipped, with the server's own memory contexts, errors and jsonb.
 *
 * An input is wrong if the server stops, or if an error has an SQLSTATE that
 * is not documented.
 *
 * fuzz/fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <ctype.h>

#include "calls/body.h"
#include "catalog/pg_type.h"
#include "document/fields.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "query/rql.h"
#include "query/rql_sql.h"
#include "redact.h"
#include "rights/identity.h"
#include "rights/secret.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

typedef int (*FuzzCallback) (const uint8 *data, size_t size);

extern int	LLVMFuzzerRunDriver(int *argc, char ***argv, FuzzCallback callback);

typedef void (*FuzzTarget) (const char *text, int length);

static FuzzTarget target;

/* Parses a query and translates it. */
static void
FuzzRql(const char *text, int length)
{
	ApitokenCaller caller = {InvalidOid, {"token", "TKN-0"}, false, NULL};
	ApitokenSql *sql = palloc(sizeof(ApitokenSql));
	ApitokenRql *rql = apitoken_rql_parse(text, length);

	caller.accounts = construct_empty_array(TEXTOID);
	apitoken_rql_compile(rql, text, length, &caller, sql);

	/* no value is part of the text, so that its length is bounded by the query's */
	if (sql->text.len > 4096 + length * 1024)
		elog(ERROR, "the statement is too long");
}

/* Parses a selection twice over, and asks for what it leaves out. */
static void
FuzzFields(const char *text, int length)
{
	ApitokenFields *fields = apitoken_fields_parse(text, length);

	if (fields != NULL)
	{
		apitoken_fields_add(fields, text, length);
		(void) apitoken_fields_omitted(fields);
	}
}

/* So often a text is decoded; far deeper than that masking does not look. */
#define FUZZ_LAYERS 32

/* Is there in what is shown what could be an opaque part, or a secret that is not masked? */
static bool
ShowsSecret(const char *shown)
{
	const char *secret = shown;

	for (const char *next = shown; *next != '\0'; next++)
	{
		size_t		run = strspn(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

		if (run >= APITOKEN_OPAQUE_LENGTH)
			return true;
		next += run;
		if (*next == '\0')
			break;
	}
	while (*secret != '\0' && pg_strncasecmp(secret, APITOKEN_SECRET_PREFIX, 4) != 0)
		secret++;
	secret = *secret == '\0' ? NULL : strchr(secret + 4, ':');
	return secret != NULL && strcmp(secret + 1, APITOKEN_MASK) != 0;
}

/* Decodes a text once, in its place; false if there was nothing to decode. */
static bool
DecodeOnce(char *text)
{
	char	   *to = text;
	bool		decoded = false;

	for (const char *from = text; *from != '\0'; to++)
	{
		if (*from == '%' && isxdigit((unsigned char) from[1]) && isxdigit((unsigned char) from[2]))
		{
			char		digits[] = {from[1], from[2], '\0'};

			*to = (char) strtol(digits, NULL, 16);
			/* so that the text goes on */
			if (*to == '\0')
				*to = ' ';
			from += 3;
			decoded = true;
		}
		else
			*to = *from++;
	}
	*to = '\0';
	return decoded;
}

/*
 * Masks what may be shown of a text, which masks it whole, however often it is decoded; and finds the id in
 * a secret: it must be what stands between the colons.
 */
static void
FuzzSecret(const char *text, int length)
{
	const char *given = pnstrdup(text, length);
	const char *shown = apitoken_redact(given);
	char	   *decoded;
	const char *id;
	int			id_length;

	if (strcmp(apitoken_redact(shown), shown) != 0)
		elog(ERROR, "masking a second time has masked more");
	if (strcmp(shown, given) != 0 && !apitoken_redact_is_needed(given))
		elog(ERROR, "something was masked that need not be");
	decoded = pstrdup(shown);
	for (int layer = 0; layer < FUZZ_LAYERS; layer++)
	{
		if (ShowsSecret(decoded))
			elog(ERROR, "a secret is shown");
		if (!DecodeOnce(decoded))
			break;
	}

	(void) apitoken_secret_digest(text, length);
	if (!apitoken_secret_find_id(text, length, &id, &id_length))
		return;
	if (id != text + 4 || id_length < 1 || id[id_length] != ':' ||
		memchr(id + id_length + 1, ':', text + length - (id + id_length + 1)) != NULL)
		elog(ERROR, "the id was not found where it is");
}

static void
FuzzBody(const char *text, int length)
{
	Datum		json = DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(text, length)));
	ApitokenBody body = apitoken_body_parse(DatumGetJsonbP(json), length % 2 == 0);

	if (body.name.supplied && body.name.value == NULL)
		elog(ERROR, "a name is null");
}

/* Documented errors, and the server's own for JSON that is none. */
static bool
IsDocumented(int sqlerrcode)
{
	return sqlerrcode == MAKE_SQLSTATE('P', 'T', '4', '0', '0') ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_DATA_EXCEPTION ||
		sqlerrcode == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		sqlerrcode == ERRCODE_STATEMENT_TOO_COMPLEX;
}

static int
RunOne(const uint8 *data, size_t size)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "fuzz",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	char	   *text = malloc(Max(size, 1));

	memcpy(text, data, size);
	PG_TRY();
	{
		/* what a backend is given as text is valid, and has no zero byte */
		if (memchr(text, '\0', size) == NULL && pg_verifymbstr(text, size, true))
			target(text, size);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (!IsDocumented(error->sqlerrcode))
		{
			fprintf(stderr, "undocumented error %s: %s\n",
					unpack_sql_state(error->sqlerrcode), error->message);
			abort();
		}
	}
	PG_END_TRY();

	free(text);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return 0;
}

static FuzzTarget
FindTarget(const char *name)
{
	if (strcmp(name, "rql") == 0)
		return FuzzRql;
	if (strcmp(name, "fields") == 0)
		return FuzzFields;
	if (strcmp(name, "secret") == 0)
		return FuzzSecret;
	if (strcmp(name, "body") == 0)
		return FuzzBody;
	elog(ERROR, "there is no target \"%s\"", name);
}

PG_FUNCTION_INFO_V1(apitoken_fuzz);

/*
 * apitoken_fuzz(target text, seconds int, folder text, seed int) returns void: does
 * not return; the process ends when libFuzzer does.
 */
Datum
apitoken_fuzz(PG_FUNCTION_ARGS)
{
	char	   *argv[] = {
		"apitoken_fuzz",
		psprintf("-max_total_time=%d", PG_GETARG_INT32(1)),
		psprintf("-seed=%d", PG_GETARG_INT32(3)),
		/* so long that a machine which is busy with other things is no finding */
		"-timeout=100", "-report_slow_units=100",
		"-max_len=8192", "-rss_limit_mb=0", "-print_final_stats=1",
		psprintf("-artifact_prefix=%s/finding-", text_to_cstring(PG_GETARG_TEXT_PP(2))),
		psprintf("%s/corpus", text_to_cstring(PG_GETARG_TEXT_PP(2))),
		NULL
	};
	char	  **arguments = argv;
	int			count = lengthof(argv) - 1;

	target = FindTarget(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	exit(LLVMFuzzerRunDriver(&count, &arguments, RunOne));
}
