/*-------------------------------------------------------------------------
 *
 * rql_sql.c
 *	  The query language of lists: its translation to SQL.
 *
 * A query becomes one statement.  What its text is put together from stands
 * here and in the tables of model.c; every value of the query becomes an
 * argument, so that no input is ever part of the text.
 *
 * Members are those of the document: a token's own, those of its account, and
 * those of its modules, of which some one must satisfy a comparison.  null is
 * different from every value, as in the document it is absent: ne(icon,x) and
 * not(eq(icon,x)) hold for a token without an icon.  So that SQL's third truth
 * value never comes up, "not" is carried down to the comparisons.  docs/rql.md
 * says what each of them means.
 *
 * src/query/rql_sql.c
 *
 *-------------------------------------------------------------------------
 */
#include "query/rql_sql.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "document/model.h"
#include "document/self.h"
#include "errors.h"
#include "rights/credential.h"
#include "rights/networks.h"
#include "rights/secret.h"
#include "store/distribution.h"
#include "store/ids.h"
#include "store/store.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/formatting.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define OP(operator) "OPERATOR(pg_catalog." operator ")"

/* The token's modules, for a condition on one of them. */
#define SOME_MODULE \
	"EXISTS (SELECT FROM apitoken.api_token_modules AS l" \
	" JOIN apitoken.modules AS m ON m.id " OP("=") " l.module_id" \
	" WHERE l.account_id " OP("=") " t.account_id AND l.api_token_id " OP("=") " t.id"

/*
 * The column that lives in another table, for a condition on it.  It has an
 * alias of its own: somebody may have given the tokens one of the same name.
 */
#define LAST_ACCESS \
	" CROSS JOIN LATERAL (SELECT (SELECT c.last_access_at" \
	" FROM apitoken.api_token_credentials AS c" \
	" WHERE c.account_id " OP("=") " t.account_id AND c.api_token_id " OP("=") " t.id)" \
	" AS last_access_at) AS x"

/* What is listed, on one server. */
#define TOKENS "apitoken.api_tokens AS t" LAST_ACCESS

/* The same where the tables are distributed: a join that each shard does by itself. */
#define DISTRIBUTED_TOKENS \
	"apitoken.api_tokens AS t LEFT JOIN apitoken.api_token_credentials AS x" \
	" ON x.account_id " OP("=") " t.account_id AND x.api_token_id " OP("=") " t.id"

/*
 * Those of the first argument's accounts alone, before anything else is
 * looked at: left to itself, the planner may search all tokens in the order
 * of the page for a few that are theirs.
 */
#define OWN_TOKENS \
	"(SELECT k.* FROM apitoken.api_tokens AS k" \
	" WHERE k.account_id " OP("=") " ANY ($1) OFFSET 0) AS t" LAST_ACCESS

/* The secrets that tokens have: the first, or that of the last rotation. */
#define CURRENT_SECRETS \
	"(SELECT c.account_id, c.api_token_id, c.digest FROM apitoken.api_token_credentials AS c" \
	" WHERE t.secret_number IS NULL" \
	" UNION ALL SELECT c.account_id, c.api_token_id, c.digest" \
	" FROM apitoken.api_token_secrets AS c WHERE c.number " OP("=") " t.secret_number)"

/*
 * How many conditions may look elsewhere, for modules, a secret or a family: the
 * planner makes a join of each, and its time grows faster than their number.
 */
#define MAX_LOOKUPS 10

/*
 * What may read a text to its end, in each row and twice: for the page and for
 * the total.  A search takes the length of the text times that of the pattern.
 * docs/rql.md says how long the worst takes that is let through.
 */
#define MAX_TEXT_COMPARISONS 10
#define MAX_PATTERN_BYTES 250

/*
 * The ids of a token, whose own stands between the two, and of all that descend
 * from it: of what it has created, of what those have, and so on.
 */
#define FAMILY_OF \
	"(WITH RECURSIVE f (id) AS (SELECT "
#define FAMILY_END \
	"::pg_catalog.text COLLATE pg_catalog.\"C\"" \
	" UNION SELECT k.id::pg_catalog.text COLLATE pg_catalog.\"C\" FROM apitoken.api_tokens AS k" \
	" JOIN f ON k.created_by_type " OP("=") " 'token' AND k.created_by_id " OP("=") " f.id)" \
	" SELECT f.id FROM f)"

#define ACCOUNTS " JOIN apitoken.accounts AS a ON a.id " OP("=") " t.account_id"

typedef struct Compiler
{
	const char *query;
	int			length;
	ApitokenSql *sql;
	ApitokenFields *shown;		/* what may be asked about; NULL: everything */
	bool		uses_account;
	int			lookups;		/* conditions on other tables so far */
	int			text_comparisons;	/* by pattern or order so far */
	int			pattern_bytes;	/* of all patterns so far */
} Compiler;

/* Where a path leads. */
typedef struct Target
{
	const ApitokenShapeMember *member;
	const char *alias;
	bool		in_list;		/* of the token's modules */
	bool		comparable;		/* or has it members, or is it made of others? */
} Target;

/* An element of a list of strings: what is found in the scope RESOURCE_NONE. */
static const ApitokenMember element_member = {"", "value", NULL, MEMBER_TEXT, RESOURCE_NONE, false, false};
static const ApitokenShapeMember element_shape = {&element_member, 0, -1, -1, NULL, NULL};
static const Target element = {&element_shape, "e", false, true};

static void CompileNode(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
						ApitokenResourceKind scope, bool negated);

pg_noreturn static void
Fail(const Compiler *compiler, int position, const char *problem, const char *expected)
{
	apitoken_error_query(compiler->query, compiler->length, position, problem, expected);
}

static void
CountLookup(Compiler *compiler, const ApitokenRqlNode *node)
{
	if (++compiler->lookups > MAX_LOOKUPS)
		Fail(compiler, node->position, "there are too many conditions on modules, secrets and families",
			 "at most 10 of them");
}

static void
CountTextComparison(Compiler *compiler, const ApitokenRqlNode *node)
{
	if (++compiler->text_comparisons > MAX_TEXT_COMPARISONS)
		Fail(compiler, node->position, "there are too many comparisons of texts by pattern or order",
			 "at most 10 of them");
}

static void
CountPattern(Compiler *compiler, const ApitokenRqlValue *value)
{
	compiler->pattern_bytes += strlen(value->string);
	if (compiler->pattern_bytes > MAX_PATTERN_BYTES)
		Fail(compiler, value->position, "the patterns are too long",
			 "at most 250 bytes in all patterns together");
}

/*
 * Arguments
 */

/* Adds an argument, and its place to the text. */
static void
AddArgument(Compiler *compiler, StringInfo out, Oid type, Datum value)
{
	ApitokenSql *sql = compiler->sql;

	/* rql.c counts what a query has, so that this cannot be */
	if (sql->count == APITOKEN_MAX_SQL_ARGUMENTS)
		apitoken_error_statement("apitoken list", "too many arguments");
	sql->types[sql->count] = type;
	sql->values[sql->count] = value;
	sql->count++;
	appendStringInfo(out, "$%d", sql->count);
}

/* Reads count digits into number; false if there are others. */
static bool
ReadDigits(const char **input, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++)
	{
		if (**input < '0' || **input > '9')
			return false;
		*number = *number * 10 + (*(*input)++ - '0');
	}
	return true;
}

static bool
ReadTime(const char **input, struct pg_tm *tm, fsec_t *microseconds)
{
	int			unit = 100000;

	if (!ReadDigits(input, 2, &tm->tm_hour) || *(*input)++ != ':' ||
		!ReadDigits(input, 2, &tm->tm_min) || *(*input)++ != ':' ||
		!ReadDigits(input, 2, &tm->tm_sec))
		return false;

	if (**input == '.')
	{
		if (*++(*input) < '0' || **input > '9')
			return false;
		/* what is finer than a microsecond does not count */
		for (; **input >= '0' && **input <= '9'; (*input)++, unit /= 10)
			*microseconds += (**input - '0') * unit;
	}
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* Z or +hh:mm; sets seconds west of UTC, as tm2timestamp wants them. */
static bool
ReadZone(const char **input, int *zone)
{
	int			sign = **input == '-' ? 1 : -1;
	int			hours;
	int			minutes;

	if (**input == 'Z')
	{
		(*input)++;
		return true;
	}
	/* a plus that came as a space */
	if (**input != '+' && **input != '-' && **input != ' ')
		return false;
	(*input)++;
	if (!ReadDigits(input, 2, &hours) || *(*input)++ != ':' || !ReadDigits(input, 2, &minutes))
		return false;
	*zone = sign * (hours * 60 + minutes) * 60;
	return hours < 16 && minutes < 60;
}

/*
 * Reads a date, or a date and time, of ISO 8601: in UTC unless it says
 * otherwise, whatever DateStyle and TimeZone are.  Returns false if it is none.
 */
bool
apitoken_rql_read_instant(const char *input, TimestampTz *instant)
{
	struct pg_tm tm = {0};
	fsec_t		microseconds = 0;
	int			zone = 0;

	if (!ReadDigits(&input, 4, &tm.tm_year) || *input++ != '-' ||
		!ReadDigits(&input, 2, &tm.tm_mon) || *input++ != '-' ||
		!ReadDigits(&input, 2, &tm.tm_mday))
		return false;
	if (tm.tm_year < 1 || tm.tm_mon < 1 || tm.tm_mon > MONTHS_PER_YEAR || tm.tm_mday < 1 ||
		tm.tm_mday > day_tab[isleap(tm.tm_year)][tm.tm_mon - 1])
		return false;

	if (*input == 'T')
	{
		input++;

		if (!ReadTime(&input, &tm, &microseconds))
			return false;
		if (*input != '\0' && !ReadZone(&input, &zone))
			return false;
	}
	return *input == '\0' && tm2timestamp(&tm, microseconds, &zone, instant) == 0;
}

/*
 * A plus is a space to who sends forms, and a plus to everybody else.  In a
 * text it could be meant as either.
 */
static void
RefusePlus(const Compiler *compiler, const ApitokenRqlValue *value)
{
	if (value->plus >= 0)
		Fail(compiler, value->plus, "this may be a plus or a space",
			 "%2B for a plus, %20 for a space");
}

/* What is the empty string for texts, and nothing for other members. */
static Datum
ConvertEmpty(const Compiler *compiler, const Target *target, const ApitokenRqlValue *value)
{
	switch (target->member->member->kind)
	{
		case MEMBER_INSTANT:
		case MEMBER_BOOLEAN:
		case MEMBER_UUID:
		case MEMBER_TEXT_ARRAY:
		case MEMBER_NETWORKS:
			Fail(compiler, value->position, "this member is never an empty string",
				 "null(), or a value");
		default:
			return CStringGetTextDatum("");
	}
}

/*
 * The members that have but a few values, in upper and lower case as they are: those
 * of the columns' CHECKs, as test/list.sql sees to.
 */
typedef struct Enumeration
{
	const char *alias;
	const char *column;
	const char *values[3];
} Enumeration;

static const Enumeration enumerations[] = {
	{"t", "status", {"Active", "Disabled", "Deleted"}},
	{"a", "status", {"Active", "Enabled", "Disabled"}},
	{"a", "type", {"Client", "Vendor", "Operations"}},
};

static bool
Enumerates(const Enumeration *enumeration, const char *value)
{
	for (int i = 0; i < (int) lengthof(enumeration->values); i++)
	{
		if (strcmp(value, enumeration->values[i]) == 0)
			return true;
	}
	return false;
}

/* Raises PT400 for a value that the member never has, so that nothing would be found. */
static void
CheckEnumeration(const Compiler *compiler, const Target *target, const ApitokenRqlValue *value)
{
	for (int i = 0; i < (int) lengthof(enumerations); i++)
	{
		const Enumeration *enumeration = &enumerations[i];

		if (strcmp(target->alias, enumeration->alias) != 0 ||
			strcmp(target->member->member->column, enumeration->column) != 0)
			continue;
		if (!Enumerates(enumeration, value->string))
			Fail(compiler, value->position, "this member never has that value",
				 psprintf("%s, %s or %s", enumeration->values[0], enumeration->values[1],
						  enumeration->values[2]));
	}
}

/* A network as the text that the member is compared as. */
static Datum
ConvertNetwork(const Compiler *compiler, const ApitokenRqlValue *value)
{
	Datum		network;

	if (apitoken_networks_read(value->string, &network) != NULL)
		Fail(compiler, value->position, "this is no network",
			 "a network such as 192.0.2.0/24");
	return DirectFunctionCall1(network_show, network);
}

/* Is it a UUID as it is usually written, in upper or lower case? */
static bool
IsUuid(const char *string)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(string) != strlen(form))
		return false;
	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == '-' ? string[i] != '-' : !isxdigit((unsigned char) string[i]))
			return false;
	}
	return true;
}

/* A UUID as the text that the member is compared as, which is in lower case. */
static Datum
ConvertUuid(const Compiler *compiler, const ApitokenRqlValue *value)
{
	if (!IsUuid(value->string))
		Fail(compiler, value->position, "this is no UUID",
			 "a UUID such as 9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d");
	return CStringGetTextDatum(asc_tolower(value->string, strlen(value->string)));
}

/* What a list of strings is compared with may be another list elsewhere. */
static void
RefuseSlash(const Compiler *compiler, const ApitokenRqlValue *value)
{
	if (value->slash >= 0)
		Fail(compiler, value->slash, "this may be a list of values",
			 "in(member,(value,value)), or the value in quotes");
}

/* A value as the type that the member has. */
static Datum
ConvertValue(const Compiler *compiler, const Target *target, const ApitokenRqlValue *value)
{
	TimestampTz instant;

	if (value->kind == RQL_EMPTY)
		return ConvertEmpty(compiler, target, value);
	if (value->kind == RQL_MEMBER)
		Fail(compiler, value->position, "another member is for eq, ne, gt, ge, lt and le alone",
			 "a value");
	if (value->kind != RQL_STRING)
		Fail(compiler, value->position, "this constant is for eq and ne alone", "a value");

	switch (target->member->member->kind)
	{
		case MEMBER_INSTANT:
			if (!apitoken_rql_read_instant(value->string, &instant))
				Fail(compiler, value->position, "this is no date",
					 "a date such as 2026-01-31 or 2026-01-31T23:00:00.000Z");
			return TimestampTzGetDatum(instant);
		case MEMBER_BOOLEAN:
			if (strcmp(value->string, "true") != 0 && strcmp(value->string, "false") != 0)
				Fail(compiler, value->position, "this is neither true nor false",
					 "true or false");
			return BoolGetDatum(value->string[0] == 't');
		case MEMBER_NETWORKS:
			return ConvertNetwork(compiler, value);
		case MEMBER_UUID:
			return ConvertUuid(compiler, value);
		default:
			RefusePlus(compiler, value);
			if (target->member->member->kind == MEMBER_TEXT_ARRAY)
				RefuseSlash(compiler, value);
			if (value->star >= 0)
				Fail(compiler, value->star,
					 "a star stands for other characters in like and ilike alone",
					 "like or ilike, or the value in quotes");
			CheckEnumeration(compiler, target, value);
			return CStringGetTextDatum(value->string);
	}
}

static Oid
ValueType(const Target *target)
{
	switch (target->member->member->kind)
	{
		case MEMBER_INSTANT:
			return TIMESTAMPTZOID;
		case MEMBER_BOOLEAN:
			return BOOLOID;
		default:
			return TEXTOID;
	}
}

static void
AddValue(Compiler *compiler, StringInfo out, const Target *target,
		 const ApitokenRqlValue *value)
{
	AddArgument(compiler, out, ValueType(target), ConvertValue(compiler, target, value));
}

/* The values of in and out, as one array. */
static void
AddValues(Compiler *compiler, StringInfo out, const Target *target, const List *values)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(values));
	ListCell   *cell;
	ArrayType  *array;

	foreach(cell, values)
		elements[foreach_current_index(cell)] = ConvertValue(compiler, target, lfirst(cell));

	switch (ValueType(target))
	{
		case TIMESTAMPTZOID:
			array = construct_array(elements, list_length(values), TIMESTAMPTZOID, 8,
									FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
			AddArgument(compiler, out, TIMESTAMPTZARRAYOID, PointerGetDatum(array));
			break;
		case BOOLOID:
			array = construct_array(elements, list_length(values), BOOLOID, 1, true,
									TYPALIGN_CHAR);
			AddArgument(compiler, out, BOOLARRAYOID, PointerGetDatum(array));
			break;
		default:
			array = apitoken_ids_array(elements, list_length(values));
			AddArgument(compiler, out, TEXTARRAYOID, PointerGetDatum(array));
	}
}

/*
 * like's pattern: * for any characters, \* for a star, everything else for
 * itself; SQL's own wildcards are escaped.  A UUID is the same in upper and lower
 * case.
 */
static Datum
ConvertPattern(Compiler *compiler, const Target *target, const ApitokenRqlValue *value)
{
	bool		lower = target->member->member->kind == MEMBER_UUID;
	StringInfoData pattern;

	if (value->kind == RQL_MEMBER)
		Fail(compiler, value->position, "another member is for eq, ne, gt, ge, lt and le alone",
			 "a pattern");
	if (value->kind != RQL_STRING)
		Fail(compiler, value->position, "this constant is for eq and ne alone", "a pattern");

	RefusePlus(compiler, value);
	if (value->wildcard >= 0)
		Fail(compiler, value->wildcard, "this character is itself in a pattern, and a wildcard elsewhere",
			 "* for any characters, or the pattern in quotes");
	CountPattern(compiler, value);
	initStringInfo(&pattern);
	for (const char *c = value->string; *c != '\0'; c++)
	{
		if (*c == '\\' && c[1] == '*')
			appendStringInfoChar(&pattern, *++c);
		else if (*c == '*')
			appendStringInfoChar(&pattern, '%');
		else
		{
			if (*c == '%' || *c == '_' || *c == '\\')
				appendStringInfoChar(&pattern, '\\');
			appendStringInfoChar(&pattern, lower ? pg_ascii_tolower(*c) : *c);
		}
	}
	return CStringGetTextDatum(pattern.data);
}

/*
 * Paths
 */

/*
 * One step of a path, from a resource of that kind: the longest name that fits,
 * in upper or lower case.
 */
static const ApitokenShapeMember *
FindMember(const ApitokenShape *shape, const char **path)
{
	const ApitokenShapeMember *found = NULL;

	for (int i = 0; i < shape->count; i++)
	{
		const ApitokenShapeMember *member = &shape->members[i];
		char		behind;

		if (pg_strncasecmp(*path, member->member->name, member->name_length) != 0)
			continue;

		/* longer names come later in the shape */
		behind = (*path)[member->name_length];
		if (behind == '\0' || behind == '.')
			found = member;
	}
	if (found == NULL)
		return NULL;

	*path += found->name_length;
	if (**path == '.')
		(*path)++;
	return found;
}

static void
EnterTarget(Compiler *compiler, Target *target, const ApitokenMember *member)
{
	if (member->target == RESOURCE_ACCOUNT)
	{
		target->alias = "a";
		compiler->uses_account = true;
	}
	else
	{
		target->alias = "m";
		target->in_list = true;
	}
}

/* Is it an array of strings? */
static bool
IsArray(ApitokenMemberKind kind)
{
	return kind == MEMBER_TEXT_ARRAY || kind == MEMBER_NETWORKS;
}

/* Is it a member, rather than something with members or made of others? */
static bool
IsComparable(ApitokenMemberKind kind)
{
	switch (kind)
	{
		case MEMBER_TEXT:
		case MEMBER_BOOLEAN:
		case MEMBER_INSTANT:
		case MEMBER_UUID:
		case MEMBER_TEXT_ARRAY:
		case MEMBER_NETWORKS:
		case MEMBER_MASKED_SECRET:
			return true;
		default:
			return false;
	}
}

/* What may be asked about of a token, or of a module. */
static const ApitokenFields *
ShownOf(const Compiler *compiler, ApitokenResourceKind scope)
{
	const ApitokenShape *token = apitoken_model_shape(RESOURCE_TOKEN);

	if (scope == RESOURCE_TOKEN)
		return compiler->shown;
	return apitoken_fields_of(compiler->shown,
							  apitoken_model_find_member(token, "modules", strlen("modules")));
}

/*
 * Finds where a path leads; an empty one to what the condition is about, which
 * a resource is by its id.  Returns false if there is no such member.  Raises PT403
 * for one that the caller is not shown: what is found would tell.
 */
static bool
FollowPath(Compiler *compiler, const char *path, ApitokenResourceKind scope, Target *target)
{
	const ApitokenFields *shown;
	const ApitokenShape *shape;
	const char *whole = path;

	if (scope == RESOURCE_NONE)
	{
		*target = element;
		return *path == '\0';
	}

	target->alias = scope == RESOURCE_MODULE ? "m" : "t";
	target->in_list = false;
	shape = apitoken_model_shape(scope);
	shown = ShownOf(compiler, scope);
	if (*path == '\0')
		path = "id";
	for (;;)
	{
		const ApitokenShapeMember *member = FindMember(shape, &path);

		if (member == NULL)
			return false;
		if (!apitoken_fields_gives(shown, shape, member - shape->members))
			apitoken_error_not_shown(whole);
		shown = apitoken_fields_of(shown, member - shape->members);
		target->member = member;
		target->comparable = IsComparable(member->member->kind) ||
			(scope == RESOURCE_TOKEN && member->member->kind == MEMBER_LIST);
		if (*path == '\0')
			return true;

		if (member->shape != NULL)
			shape = member->shape;
		else if (member->member->kind == MEMBER_ACTOR)
		{
			target->comparable = true;
			return pg_strcasecmp(path, "id") == 0;
		}
		else if (shape->resource != NULL && scope == RESOURCE_TOKEN &&
				 (member->member->kind == MEMBER_LINK || member->member->kind == MEMBER_LIST))
		{
			EnterTarget(compiler, target, member->member);
			scope = member->member->target;
			shape = apitoken_model_shape(scope);
		}
		else
			return false;
	}
}

static const char *
ExpectedMember(ApitokenResourceKind scope)
{
	switch (scope)
	{
		case RESOURCE_NONE:
			return "self(), which is an element of the list";
		case RESOURCE_MODULE:
			return "a member of a module, such as id";
		default:
			return "a member of the token, its account or its modules, such as status, account.id or modules.id";
	}
}

static Target
FindTarget(Compiler *compiler, const char *path, int position, ApitokenResourceKind scope)
{
	Target		target;

	if (!FollowPath(compiler, path, scope, &target) || !target.comparable)
		Fail(compiler, position, "there is no such member to compare or order by",
			 ExpectedMember(scope));
	return target;
}

/* The column, as text. */
static char *
TargetColumn(const Target *target)
{
	const ApitokenMember *member = target->member->member;
	const char *cast = member->kind == MEMBER_UUID ? "::pg_catalog.text" :
		member->kind == MEMBER_NETWORKS ? "::pg_catalog.text[]" : "";

	return psprintf("%s.%s%s", member->elsewhere ? "x" : target->alias,
					quote_identifier(member->column), cast);
}

/*
 * Comparisons
 */

/* Is it eq(x,constant), or ne? */
static bool
ComparesWith(const ApitokenRqlNode *node, ApitokenRqlValueKind constant)
{
	return (node->operator == RQL_EQ || node->operator == RQL_NE) &&
		((const ApitokenRqlValue *) linitial(node->values))->kind == constant;
}

/* The SQL operator of a comparison, and that of its opposite. */
static const char *
SqlOperator(ApitokenRqlOperator operator, bool negated)
{
	switch (operator)
	{
		case RQL_GT:
			return negated ? OP("<=") : OP(">");
		case RQL_GE:
			return negated ? OP("<") : OP(">=");
		case RQL_LT:
			return negated ? OP(">=") : OP("<");
		case RQL_LE:
			return negated ? OP(">") : OP("<=");
		case RQL_LIKE:
			return negated ? OP("!~~") : OP("~~");
		case RQL_ILIKE:
			return negated ? OP("!~~*") : OP("~~*");
		default:
			/* the equalities; their opposites have been made of them */
			return negated ? OP("<>") : OP("=");
	}
}

/* An array of strings is compared by its elements, of which one must do. */
static void
CompileArrayComparison(Compiler *compiler, StringInfo out, const Target *target,
					   const ApitokenRqlNode *node, bool differs)
{
	bool		in = node->operator == RQL_IN || node->operator == RQL_OUT;

	/* an array that is null has no element, and is not empty either */
	appendStringInfo(out, differs ? "(%s IS NULL OR NOT " : "(%s IS NOT NULL AND ",
					 TargetColumn(target));
	if (ComparesWith(node, RQL_EMPTY))
		appendStringInfo(out, "pg_catalog.cardinality(%s) " OP("=") " 0", TargetColumn(target));
	else if (in)
	{
		appendStringInfo(out, "%s " OP("&&") " ", TargetColumn(target));
		AddValues(compiler, out, target, node->values);
	}
	else
	{
		AddValue(compiler, out, target, linitial(node->values));
		appendStringInfo(out, " " OP("=") " ANY (%s)", TargetColumn(target));
	}
	appendStringInfoChar(out, ')');
}

/* Sees that the operator is one for such members. */
static void
CheckOperator(Compiler *compiler, const Target *target, const ApitokenRqlNode *node)
{
	bool		pattern = node->operator == RQL_LIKE || node->operator == RQL_ILIKE;
	bool		order = node->operator == RQL_GT || node->operator == RQL_GE ||
		node->operator == RQL_LT || node->operator == RQL_LE;

	switch (target->member->member->kind)
	{
		case MEMBER_INSTANT:
			if (pattern)
				Fail(compiler, node->position, "this operator is not for dates",
					 "eq, ne, gt, ge, lt, le, in or out");
			break;
		case MEMBER_BOOLEAN:
			if (pattern || order)
				Fail(compiler, node->position, "this operator is not for true and false",
					 "eq, ne, in or out");
			break;
		case MEMBER_TEXT_ARRAY:
		case MEMBER_NETWORKS:
			if (pattern || order)
				Fail(compiler, node->position, "this operator is not for lists",
					 "eq, ne, in or out");
			break;
		default:
			if (pattern || order)
				CountTextComparison(compiler, node);
	}
}

/*
 * Is a value another member?  It is if it says so, self(path), or if it is a
 * word without quotes that is a member's path.  Raises PT400 if that member
 * cannot be compared with this one.
 */
static bool
FindOtherMember(Compiler *compiler, const Target *target, const ApitokenRqlNode *node,
				ApitokenResourceKind scope, Target *other)
{
	const ApitokenRqlValue *value;

	if (node->operator > RQL_LE)
		return false;
	value = linitial(node->values);
	if (value->kind != RQL_MEMBER && !value->word)
		return false;
	if (!FollowPath(compiler, value->string, scope, other))
	{
		if (value->word)
			return false;
		Fail(compiler, value->position, "there is no such member to compare or order by",
			 ExpectedMember(scope));
	}

	if (!other->comparable || other->in_list || ValueType(other) != ValueType(target) ||
		IsArray(target->member->member->kind) || IsArray(other->member->member->kind) ||
		other->member->member->kind == MEMBER_LIST ||
		other->member->member->kind == MEMBER_MASKED_SECRET)
		Fail(compiler, value->position, "these two members cannot be compared",
			 "a member of the same kind, or quotes for the word");
	return true;
}

/* A comparison of two columns, both null being equal. */
static void
CompileMembers(Compiler *compiler, StringInfo out, const Target *target, const Target *other,
			   const ApitokenRqlNode *node, bool negated)
{
	bool		equality = node->operator == RQL_EQ || node->operator == RQL_NE;
	bool		differs = (node->operator == RQL_NE) != negated;
	const char *left = TargetColumn(target);
	const char *right = TargetColumn(other);

	if (equality && ValueType(target) == TEXTOID)
		CountTextComparison(compiler, node);
	appendStringInfo(out, "%s(%s IS NOT NULL AND %s IS NOT NULL AND %s %s %s", differs ? "NOT " : "",
					 left, right, left, SqlOperator(node->operator, false), right);
	if (equality)
		appendStringInfo(out, " OR %s IS NULL AND %s IS NULL", left, right);
	appendStringInfoChar(out, ')');
}

/* A comparison of one column; negated says that it must not hold. */
static void
CompileColumn(Compiler *compiler, StringInfo out, const Target *target,
			  const ApitokenRqlNode *node, ApitokenResourceKind scope, bool negated)
{
	bool		differs = negated;
	const char *column = TargetColumn(target);
	Target		other;

	/* ne and out are the opposites of eq and in */
	if (node->operator == RQL_NE || node->operator == RQL_OUT)
		differs = !negated;

	CheckOperator(compiler, target, node);
	if (ComparesWith(node, RQL_NULL))
	{
		appendStringInfo(out, "%s IS %s", column, differs ? "NOT NULL" : "NULL");
		return;
	}
	if (FindOtherMember(compiler, target, node, scope, &other))
	{
		CompileMembers(compiler, out, target, &other, node, negated);
		return;
	}
	if (IsArray(target->member->member->kind))
	{
		CompileArrayComparison(compiler, out, target, node, differs);
		return;
	}

	/* null satisfies the opposites alone */
	appendStringInfoChar(out, '(');
	if (differs)
		appendStringInfo(out, "%s IS NULL OR ", column);
	appendStringInfo(out, "%s %s ", column, SqlOperator(node->operator, differs));
	if (node->operator == RQL_IN || node->operator == RQL_OUT)
	{
		appendStringInfoString(out, differs ? "ALL (" : "ANY (");
		AddValues(compiler, out, target, node->values);
		appendStringInfoChar(out, ')');
	}
	else if (node->operator == RQL_LIKE || node->operator == RQL_ILIKE)
		AddArgument(compiler, out, TEXTOID, ConvertPattern(compiler, target, linitial(node->values)));
	else
		AddValue(compiler, out, target, linitial(node->values));
	appendStringInfoChar(out, ')');
}

/*
 * The account of the token whose current secret has that digest, if it is that token's; ""
 * else.  Where the tables are distributed this is looked for before the statement, which
 * then asks one account.  Under the active snapshot.
 */
static const char *
AccountBySecret(const char *id, const bytea *digest)
{
	ApitokenTokenStatus token = apitoken_identity_token_status(id);
	ApitokenCredential credential = apitoken_credential_find(&token, id, digest);

	return credential.equal && credential.number == token.secret_number ? token.account_id : "";
}

/* token=<secret>: the token that has that secret. */
static void
CompileSecret(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node, bool negated)
{
	const ApitokenRqlValue *value = linitial(node->values);
	const char *id;
	const char *account_id;
	bytea	   *digest;
	int			length;

	apitoken_error_secret_given();
	if (node->operator != RQL_EQ || value->kind != RQL_STRING)
		Fail(compiler, node->position, "a token can only be looked up by its whole secret",
			 "eq(token,idt:...)");

	CountLookup(compiler, node);
	length = strlen(value->string);
	digest = apitoken_secret_digest(value->string, length);
	PushActiveSnapshot(GetLatestSnapshot());
	id = apitoken_credential_token_id(value->string, length, digest);
	account_id = apitoken_distribution_is_ready() ? AccountBySecret(id, digest) : NULL;
	PopActiveSnapshot();
	appendStringInfo(out, "%s(t.id " OP("=") " ", negated ? "NOT " : "");
	AddArgument(compiler, out, TEXTOID, CStringGetTextDatum(id));
	if (account_id != NULL)
	{
		appendStringInfoString(out, " AND t.account_id " OP("=") " ");
		AddArgument(compiler, out, TEXTOID, CStringGetTextDatum(account_id));
		appendStringInfoChar(out, ')');
		return;
	}
	appendStringInfo(out, " AND EXISTS (SELECT FROM %s AS s"
					 " WHERE s.account_id " OP("=") " t.account_id"
					 " AND s.api_token_id " OP("=") " t.id AND s.digest " OP("=") " ",
					 apitoken_credential_rotates() ? CURRENT_SECRETS :
					 "apitoken.api_token_credentials");
	AddArgument(compiler, out, BYTEAOID, PointerGetDatum(digest));
	appendStringInfoString(out, "))");
}

/* eq(modules,empty()), its opposite, and any(modules): has the token any module? */
static void
CompileEmptyList(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node, bool negated)
{
	bool		empty = (node->operator == RQL_EQ) != negated;

	if (ComparesWith(node, RQL_NULL))
		Fail(compiler, node->position, "a list is never null", "empty()");
	if (!ComparesWith(node, RQL_EMPTY))
		Fail(compiler, node->position, "a list is compared as a whole",
			 "empty(), or a member of what is listed, such as modules.id");
	CountLookup(compiler, node);
	appendStringInfoString(out, empty ? "NOT " SOME_MODULE ")" : SOME_MODULE ")");
}

static void
CompileComparison(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
				  ApitokenResourceKind scope, bool negated)
{
	Target		target = FindTarget(compiler, node->path, node->path_position, scope);

	switch (target.member->member->kind)
	{
		case MEMBER_MASKED_SECRET:
			CompileSecret(compiler, out, node, negated);
			break;
		case MEMBER_LIST:
			CompileEmptyList(compiler, out, node, negated);
			break;
		default:
			if (!target.in_list)
				CompileColumn(compiler, out, &target, node, scope, negated);
			else
			{
				CountLookup(compiler, node);
				appendStringInfo(out, "%s" SOME_MODULE " AND ", negated ? "NOT " : "");
				CompileColumn(compiler, out, &target, node, scope, false);
				appendStringInfoChar(out, ')');
			}
	}
}

/*
 * Combinations
 */

static void
CompileCombination(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
				   ApitokenResourceKind scope, bool negated)
{
	/* not(and(a,b)) is or(not(a),not(b)), and the other way round */
	const char *between = (node->operator == RQL_AND) != negated ? " AND " : " OR ";
	ListCell   *cell;

	appendStringInfoChar(out, '(');
	foreach(cell, node->children)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(out, between);
		CompileNode(compiler, out, lfirst(cell), scope, negated);
	}
	appendStringInfoChar(out, ')');
}

/*
 * Writes the beginning of what looks for an element of a list, to be ended by a
 * parenthesis.  Returns the scope of a condition on the element.
 */
static ApitokenResourceKind
CompileElements(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
				ApitokenResourceKind scope)
{
	Target		list;

	if (FollowPath(compiler, node->path, scope, &list) && !list.in_list)
	{
		if (list.member->member->kind == MEMBER_LIST && scope == RESOURCE_TOKEN)
		{
			appendStringInfoString(out, SOME_MODULE);
			return RESOURCE_MODULE;
		}
		if (IsArray(list.member->member->kind))
		{
			appendStringInfo(out, "EXISTS (SELECT FROM pg_catalog.unnest(%s) AS e (value) WHERE true",
							 TargetColumn(&list));
			return RESOURCE_NONE;
		}
	}
	Fail(compiler, node->path_position, "this is no list that can be searched",
		 scope == RESOURCE_MODULE ? "a module's list, such as accountTypes" : "modules");
}

/*
 * any(modules,x): some module satisfies x; all(modules,x): none does not;
 * any(modules): there is one.
 */
static void
CompileQuantifier(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
				  ApitokenResourceKind scope, bool negated)
{
	bool		all = node->operator == RQL_ALL;

	CountLookup(compiler, node);
	if (all != negated)
		appendStringInfoString(out, "NOT ");
	scope = CompileElements(compiler, out, node, scope);
	if (node->children != NIL)
	{
		appendStringInfoString(out, " AND ");
		CompileNode(compiler, out, linitial(node->children), scope, all);
	}
	appendStringInfoChar(out, ')');
}

/* The ids of a token and of all that descend from it, where the tables are distributed. */
static ArrayType *
FindFamily(const char *id)
{
	ApitokenIds *ids = apitoken_ids_create();
	int			asked = 0;

	(void) apitoken_ids_add(ids, CStringGetTextDatum(id));
	PushActiveSnapshot(GetLatestSnapshot());
	while (asked < ids->count)
	{
		ApitokenArguments arguments;
		uint64		count;

		apitoken_store_clear(&arguments);
		apitoken_store_set_pointer(&arguments, 1, apitoken_ids_array(ids->ids + asked,
																	 ids->count - asked));
		count = apitoken_store_run_active(STATEMENT_CREATED_BY, &arguments);
		asked = ids->count;
		for (uint64 row = 0; row < count; row++)
			(void) apitoken_ids_add(ids, CStringGetTextDatum(apitoken_store_cstring(row, 1)));
	}
	PopActiveSnapshot();
	return apitoken_ids_array(ids->ids, ids->count);
}

/* family(id): is it that token, or one that descends from it? */
static void
CompileFamily(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
			  ApitokenResourceKind scope, bool negated)
{
	const ApitokenRqlValue *value = linitial(node->values);

	if (scope != RESOURCE_TOKEN)
		Fail(compiler, node->position, "only an API token has a family",
			 ExpectedMember(scope));
	if (value->kind != RQL_STRING)
		Fail(compiler, value->position, "this constant is for eq and ne alone",
			 "the id of an API token");
	if (compiler->shown != NULL)
		apitoken_error_not_shown("audit.created.by");
	RefusePlus(compiler, value);
	CountLookup(compiler, node);
	if (apitoken_distribution_is_ready())
	{
		appendStringInfo(out, "%s(t.id " OP("=") " ANY (", negated ? "NOT " : "");
		AddArgument(compiler, out, TEXTARRAYOID, PointerGetDatum(FindFamily(value->string)));
		appendStringInfoString(out, "))");
		return;
	}
	appendStringInfo(out, "%s(t.id " OP("=") " ANY " FAMILY_OF, negated ? "NOT " : "");
	AddArgument(compiler, out, TEXTOID, CStringGetTextDatum(value->string));
	appendStringInfoString(out, FAMILY_END ")");
}

static void
CompileNode(Compiler *compiler, StringInfo out, const ApitokenRqlNode *node,
			ApitokenResourceKind scope, bool negated)
{
	switch (node->operator)
	{
		case RQL_AND:
		case RQL_OR:
			CompileCombination(compiler, out, node, scope, negated);
			break;
		case RQL_NOT:
			CompileNode(compiler, out, linitial(node->children), scope, !negated);
			break;
		case RQL_ANY:
		case RQL_ALL:
			CompileQuantifier(compiler, out, node, scope, negated);
			break;
		case RQL_FAMILY:
			CompileFamily(compiler, out, node, scope, negated);
			break;
		default:
			CompileComparison(compiler, out, node, scope, negated);
	}
}

static void
CompileFilters(Compiler *compiler, StringInfo out, const ApitokenRql *rql)
{
	ListCell   *cell;

	foreach(cell, rql->filters)
	{
		appendStringInfoString(out, " AND ");
		CompileNode(compiler, out, lfirst(cell), RESOURCE_TOKEN, false);
	}
}

/*
 * The statement of a list
 */

/* What is listed. */
static const char *
Tokens(void)
{
	return apitoken_distribution_is_ready() ? DISTRIBUTED_TOKENS : TOKENS;
}

/*
 * Bounds what is found to what the caller may administer.  Returns what is
 * searched.
 */
static const char *
CompileScope(Compiler *compiler, StringInfo out, const ApitokenCaller *caller)
{
	Datum	   *accounts;
	int			count;

	if (caller->everywhere)
	{
		appendStringInfoString(out, "true");
		return Tokens();
	}

	count = apitoken_ids_of_array(caller->accounts, &accounts);
	appendStringInfoString(out, "t.status " OP("<>") " 'Deleted' AND ");
	if (caller->only_self)
	{
		appendStringInfoString(out, "t.id " OP("=") " ");
		AddArgument(compiler, out, TEXTOID, CStringGetTextDatum(caller->actor.id));
		appendStringInfoString(out, " AND ");
	}
	if (count == 1)
	{
		/* an index gives one account's tokens in order */
		appendStringInfoString(out, "t.account_id " OP("=") " ");
		AddArgument(compiler, out, TEXTOID, accounts[0]);
		return Tokens();
	}

	appendStringInfoString(out, "t.account_id " OP("=") " ANY (");
	AddArgument(compiler, out, TEXTARRAYOID, PointerGetDatum(caller->accounts));
	appendStringInfoChar(out, ')');
	return apitoken_distribution_is_ready() ? DISTRIBUTED_TOKENS : OWN_TOKENS;
}

/*
 * Null comes last in either direction.  A column that is never null is left to
 * SQL's own order, which is that of the indexes.
 */
static const char *
Direction(const Target *target, bool descending)
{
	static const char *const never_null[] = {"id", "status", "type", "name", "created_at"};

	for (int i = 0; i < (int) lengthof(never_null); i++)
	{
		if (strcmp(target->member->member->column, never_null[i]) == 0)
			return descending ? "DESC" : "ASC";
	}
	return descending ? "DESC NULLS LAST" : "ASC";
}

/*
 * What is given last decides between equals, in the same direction, so that an
 * index that ends in the id serves both.
 */
static void
CompileOrder(Compiler *compiler, StringInfo out, const List *order)
{
	bool		descending = false;
	ListCell   *cell;

	foreach(cell, order)
	{
		const ApitokenRqlOrder *item = lfirst(cell);
		Target		target = FindTarget(compiler, item->path, item->position, RESOURCE_TOKEN);

		if (target.in_list || IsArray(target.member->member->kind) ||
			target.member->member->kind == MEMBER_LIST ||
			target.member->member->kind == MEMBER_MASKED_SECRET)
			Fail(compiler, item->position, "a list or a secret has no order",
				 "a member with one value");
		descending = item->descending;
		appendStringInfo(out, "%s %s, ", TargetColumn(&target), Direction(&target, descending));
	}
	if (order == NIL)
		appendStringInfoString(out, "t.created_at, ");
	appendStringInfo(out, "t.id %s", descending ? "DESC" : "ASC");
}

/*
 * From so many rows on that come before the page, they are passed over by their ids,
 * which an index may have in order, and only the page's rows are read; to find a row
 * again by its id takes as long as to read a few that are passed over.  But not where it
 * would be looked for on each node.
 */
#define DEEP_OFFSET 1000

/*
 * Translates a query to one statement with its arguments.
 *
 * The statement answers the page's rows in order: first how many there are in
 * all, second the row's place, null in the one row of an empty page, and then
 * t.*, whose columns may have any name.  caller bounds what is found.  The text and what the
 * arguments point to are in the current memory context.  query and length are
 * those that rql was parsed from, for errors: raises PT400 for a path, operator
 * or value that makes no sense, with its position.
 */
void
apitoken_rql_compile(const ApitokenRql *rql, const char *query, int length,
					 const ApitokenCaller *caller, ApitokenSql *sql)
{
	Compiler	compiler = {query, length, sql, NULL, false, 0, 0, 0};
	StringInfoData condition;
	StringInfoData order;
	const char *tokens;
	const char *accounts;
	bool		deep = rql->offset >= DEEP_OFFSET && !apitoken_distribution_is_ready();

	compiler.shown = apitoken_self_fields(caller, NULL);
	sql->name = "apitoken list";
	sql->count = 0;
	initStringInfo(&condition);
	tokens = CompileScope(&compiler, &condition, caller);
	CompileFilters(&compiler, &condition, rql);
	initStringInfo(&order);
	CompileOrder(&compiler, &order, rql->order);
	accounts = compiler.uses_account ? ACCOUNTS : "";

	initStringInfo(&sql->text);
	appendStringInfo(&sql->text, "SELECT n.*, %s FROM (SELECT pg_catalog.count(*) FROM %s%s WHERE %s) AS n"
					 " LEFT JOIN LATERAL (SELECT pg_catalog.row_number() OVER () AS place, o.*"
					 " FROM (SELECT %s FROM %s%s WHERE %s ORDER BY %s LIMIT ",
					 deep ? "p.place, r.*" : "p.*", tokens, accounts, condition.data,
					 deep ? "t.id" : "t.*", tokens, accounts, condition.data, order.data);
	AddArgument(&compiler, &sql->text, INT8OID,
				Int64GetDatum(rql->limit < 0 ? APITOKEN_DEFAULT_LIMIT : rql->limit));
	appendStringInfoString(&sql->text, " OFFSET ");
	AddArgument(&compiler, &sql->text, INT8OID, Int64GetDatum(Max(rql->offset, 0)));
	appendStringInfo(&sql->text, ") AS o) AS p ON true%s ORDER BY 2",
					 deep ? " LEFT JOIN apitoken.api_tokens AS r ON r.id " OP("=") " p.id" : "");
}

/*
 * The statements of a rescue
 */

static void
AddOptionalText(Compiler *compiler, StringInfo out, const char *string)
{
	if (string == NULL)
		appendStringInfoString(out, "NULL");
	else
		AddArgument(compiler, out, TEXTOID, CStringGetTextDatum(string));
}

/* Writes what is chosen: tokens that are to be disabled, or held, in order of their ids. */
static void
CompileChoice(Compiler *compiler, StringInfo out, const ApitokenRql *rql,
			  const ApitokenRescueChoice *choice)
{
	StringInfoData condition;

	initStringInfo(&condition);
	appendStringInfo(&condition, "(t.status " OP("=") " 'Active'%s)",
					 choice->hold ? " OR t.status " OP("=") " 'Disabled' AND t.held_at IS NULL" : "");
	if (choice->account_id != NULL)
	{
		appendStringInfoString(&condition, " AND t.account_id " OP("=") " ");
		AddArgument(compiler, &condition, TEXTOID, CStringGetTextDatum(choice->account_id));
	}
	CompileFilters(compiler, &condition, rql);
	appendStringInfo(out, "SELECT t.account_id, t.id, t.status FROM %s%s WHERE %s ORDER BY t.id",
					 Tokens(), compiler->uses_account ? ACCOUNTS : "", condition.data);
}

/* Writes what locks the chosen tokens in order, and disables those that are Active. */
static void
CompileDisable(Compiler *compiler, StringInfo out, const ApitokenRql *rql,
			   const ApitokenRescueChoice *choice)
{
	appendStringInfoString(out, "WITH chosen AS MATERIALIZED (");
	CompileChoice(compiler, out, rql, choice);
	appendStringInfo(out, " FOR NO KEY UPDATE OF t%s) UPDATE apitoken.api_tokens AS u"
					 " SET status = 'Disabled', updated_at = pg_catalog.clock_timestamp(),%s"
					 " updated_by_type = ",
					 choice->purpose == RESCUE_TRIES ? " NOWAIT" : "",
					 choice->hold ? " held_at = pg_catalog.clock_timestamp()," : "");
	AddOptionalText(compiler, out, choice->actor->type);
	appendStringInfoString(out, ", updated_by_id = ");
	AddOptionalText(compiler, out, choice->actor->id);
	appendStringInfoString(out, " FROM chosen AS c WHERE u.account_id " OP("=") " c.account_id"
						   " AND u.id " OP("=") " c.id"
						   " RETURNING u.id::pg_catalog.text, c.status " OP("=") " 'Active'");
}

/*
 * Translates a query that chooses tokens to one statement with its arguments,
 * which disables and holds them, or says only which they are.
 *
 * The statement answers the chosen tokens' ids, and of each whether it was Active.
 * Memory and errors are those of apitoken_rql_compile; what is about a page and
 * not about tokens is refused, too.
 */
void
apitoken_rql_compile_rescue(const ApitokenRql *rql, const char *query, int length,
							const ApitokenRescueChoice *choice, ApitokenSql *sql)
{
	Compiler	compiler = {query, length, sql, NULL, false, 0, 0, 0};

	if (rql->order != NIL || rql->select != NULL || rql->limit >= 0 || rql->offset >= 0)
		Fail(&compiler, 0, "order, select, limit and offset are for lists", "conditions alone");

	sql->name = "apitoken disable all";
	sql->count = 0;
	initStringInfo(&sql->text);
	if (choice->purpose != RESCUE_LOOKS)
	{
		CompileDisable(&compiler, &sql->text, rql, choice);
		return;
	}
	appendStringInfoString(&sql->text,
						   "SELECT c.id::pg_catalog.text, c.status " OP("=") " 'Active' FROM (");
	CompileChoice(&compiler, &sql->text, rql, choice);
	appendStringInfoString(&sql->text, ") AS c");
}
