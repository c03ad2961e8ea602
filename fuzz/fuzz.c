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

/*
 * Masks what may be shown of a text, which masks it whole; and finds the id in
 * a secret: it must be what stands between the colons.
 */
static void
FuzzSecret(const char *text, int length)
{
	const char *shown = apitoken_redact(pnstrdup(text, length));
	const char *id;
	int			id_length;

	if (strcmp(apitoken_redact(shown), shown) != 0)
		elog(ERROR, "masking a second time has masked more");

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
