/*-------------------------------------------------------------------------
 *
 * rql.c
 *	  The query language of lists: its parser.
 *
 * The text is a URL's query string as it comes, percent-encoding included.
 * docs/rql.md has the grammar, what each expression means, and how that differs
 * from other dialects.  What would mean something else in one of them, and
 * nothing here, is refused: an answer is never silently another's.
 *
 * path=value is short for eq(path,value).  Percent-encoding is decoded once,
 * after the text was taken apart, so that what is encoded is part of a value.
 * The exceptions are what a URL cannot hold unencoded: quotes where a value
 * begins, white space around tokens, and | < >.  So are the commas and signs of
 * an order, which no path can hold: clients that encode whole values may.
 *
 * src/query/rql.c
 *
 *-------------------------------------------------------------------------
 */
#include "query/rql.h"

#include "errors.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* More than a person writes, little enough to be harmless. */
#define MAX_DEPTH 32
#define MAX_ITEMS 1000
#define MAX_LENGTH 65536

typedef struct RqlReader
{
	const char *query;
	int			length;
	int			next;			/* position of what comes next */
	int			depth;
	int			items;			/* calls, groups and values so far */
	char		separator;		/* before what is read now; 0: none yet */
	ApitokenRql *rql;			/* takes order, select, limit and offset */
} RqlReader;

typedef struct OperatorName
{
	const char *name;
	ApitokenRqlOperator operator;
} OperatorName;

static const OperatorName operator_names[] = {
	{"eq", RQL_EQ}, {"ne", RQL_NE}, {"gt", RQL_GT}, {"ge", RQL_GE},
	{"lt", RQL_LT}, {"le", RQL_LE}, {"like", RQL_LIKE}, {"ilike", RQL_ILIKE},
	{"in", RQL_IN}, {"out", RQL_OUT}, {"and", RQL_AND}, {"or", RQL_OR},
	{"not", RQL_NOT}, {"any", RQL_ANY}, {"all", RQL_ALL}, {"family", RQL_FAMILY},
};

/* How FIQL and RSQL compare, and how it is said here. */
typedef struct ForeignForm
{
	const char *form;
	const char *here;
} ForeignForm;

static const ForeignForm foreign_forms[] = {
	{"==", "eq(member,value)"}, {"=eq=", "eq(member,value)"},
	{"!=", "ne(member,value)"}, {"=ne=", "ne(member,value)"}, {"<>", "ne(member,value)"},
	{">=", "ge(member,value)"}, {"=ge=", "ge(member,value)"},
	{"<=", "le(member,value)"}, {"=le=", "le(member,value)"},
	{">", "gt(member,value)"}, {"=gt=", "gt(member,value)"},
	{"<", "lt(member,value)"}, {"=lt=", "lt(member,value)"},
	{"=in=", "in(member,(value,value))"}, {"=out=", "out(member,(value,value))"},
	{"=like=", "like(member,value)"}, {"=ilike=", "ilike(member,value)"},
};

/* What other dialects write before a value, with a colon, to say its type. */
static const char *const foreign_types[] = {
	"auto", "boolean", "date", "epoch", "glob", "isodate", "number", "re", "string",
};

/* What PostgREST writes before a value, with a dot, to say how it is compared. */
static const char *const foreign_comparisons[] = {
	"eq", "neq", "ne", "gt", "gte", "ge", "lt", "lte", "le", "like", "ilike", "in", "is", "not",
	"match", "imatch", "isdistinct", "fts", "plfts", "phfts", "wfts", "cs", "cd", "ov", "sl", "sr",
	"nxl", "nxr", "adj",
};

static ApitokenRqlNode *ReadExpression(RqlReader *reader, const char *conjunctions);

pg_noreturn static void
Fail(const RqlReader *reader, int position, const char *problem, const char *expected)
{
	apitoken_error_query(reader->query, reader->length, position, problem, expected);
}

/* The byte that comes next, or 0 at the end. */
static char
Peek(const RqlReader *reader)
{
	return reader->next < reader->length ? reader->query[reader->next] : '\0';
}

/* Bounds what a query can make the server do. */
static void
CountItem(RqlReader *reader)
{
	CHECK_FOR_INTERRUPTS();
	if (++reader->items > MAX_ITEMS)
		Fail(reader, reader->next, "the query is too long", "at most 1000 operators and values");
}

/* Goes down a level, into a call or a group that begins at that position. */
static void
EnterLevel(RqlReader *reader, int position)
{
	check_stack_depth();
	CountItem(reader);
	if (++reader->depth > MAX_DEPTH)
		Fail(reader, position, "the query is nested too deeply", "at most 32 levels");
}

/*
 * Decoding
 */

static int
HexDigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Returns the byte that comes next, decoded, or 0 at the end, and in how many
 * bytes it is written: three if it is percent-encoded.  A % that no two
 * hexadecimal digits follow is itself.
 */
static char
PeekByte(const RqlReader *reader, int *length)
{
	const char *rest = reader->query + reader->next;
	int			left = reader->length - reader->next;
	int			high = left >= 3 && *rest == '%' ? HexDigit(rest[1]) : -1;
	int			low = left >= 3 && *rest == '%' ? HexDigit(rest[2]) : -1;

	*length = high >= 0 && low >= 0 ? 3 : 1;
	if (*length == 3)
		return (char) (high << 4 | low);
	return left > 0 ? *rest : '\0';
}

/* Decodes the byte that comes next, which is there, and steps behind it. */
static char
ReadByte(RqlReader *reader)
{
	int			length;
	char		c = PeekByte(reader, &length);

	if (c == '\0')
		Fail(reader, reader->next, "a value has no zero byte", "any other byte than %00");
	reader->next += length;
	return c;
}

static bool
IsSpace(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* White space between what belongs together does not count. */
static void
SkipSpace(RqlReader *reader)
{
	int			length;

	while (IsSpace(PeekByte(reader, &length)))
		reader->next += length;
}

static void
Expect(RqlReader *reader, char c, const char *expected)
{
	SkipSpace(reader);
	if (Peek(reader) != c)
		Fail(reader, reader->next, reader->next == reader->length ?
			 "the query ends too early" : "something else is expected here", expected);
	reader->next++;
}

static char *
FinishString(RqlReader *reader, StringInfo string, int start)
{
	if (!pg_verifymbstr(string->data, string->len, true))
		Fail(reader, start, "this is not valid UTF-8", "UTF-8, percent-encoded");
	return string->data;
}

/* Reads up to the next part of the query, decoded. */
static char *
ReadPart(RqlReader *reader)
{
	int			start = reader->next;
	StringInfoData string;

	initStringInfo(&string);
	while (reader->next < reader->length && Peek(reader) != '&')
		appendStringInfoChar(&string, ReadByte(reader));
	return FinishString(reader, &string, start);
}

/*
 * Separators
 */

/*
 * Returns which separator comes next: & or a comma, which are "and"; or |, for
 * which ; and %7C are others; 0 for none.
 */
static char
PeekSeparator(const RqlReader *reader, int *length)
{
	char		c = PeekByte(reader, length);

	if (c == '|' || (c == ';' && *length == 1))
		return '|';
	return (c == '&' || c == ',') && *length == 1 ? c : '\0';
}

/* Steps behind a separator, if it is one of those. */
static bool
AcceptSeparator(RqlReader *reader, const char *separators)
{
	int			length;
	char		separator;

	SkipSpace(reader);
	separator = PeekSeparator(reader, &length);
	if (separator == '\0' || strchr(separators, separator) == NULL)
		return false;
	reader->next += length;
	reader->separator = separator;
	return true;
}

/*
 * Names and paths
 */

static bool
IsNameByte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '.' || c == '_' || c == '$' || c == '-';
}

static char *
ReadName(RqlReader *reader, const char *expected)
{
	int			start;
	char	   *name;

	SkipSpace(reader);
	start = reader->next;
	while (IsNameByte(Peek(reader)))
		reader->next++;
	if (reader->next == start)
		Fail(reader, start, "a name is missing", expected);

	name = pnstrdup(reader->query + start, reader->next - start);
	SkipSpace(reader);
	return name;
}

#define EXPECTED_PATH "the path of a member, such as account.id"

static bool
IsSelf(const RqlReader *reader, const char *name)
{
	return pg_strcasecmp(name, "self") == 0 && Peek(reader) == '(';
}

/*
 * Reads the rest of self(), which is the resource that a condition is about,
 * or of self(path), its member.  Returns the path, empty for the former.
 */
static char *
ReadSelf(RqlReader *reader)
{
	char	   *path = pstrdup("");

	reader->next++;
	SkipSpace(reader);
	if (Peek(reader) != ')')
		path = ReadName(reader, EXPECTED_PATH);
	Expect(reader, ')', "a closing parenthesis");
	SkipSpace(reader);
	return path;
}

static char *
ReadPath(RqlReader *reader)
{
	char	   *name = ReadName(reader, EXPECTED_PATH);

	return IsSelf(reader, name) ? ReadSelf(reader) : name;
}

/*
 * Values
 */

/* Is there a quote next, encoded or not?  Returns it, and how long it is. */
static char
PeekQuote(const RqlReader *reader, int *length)
{
	char		c = PeekByte(reader, length);

	return c == '"' || c == '\'' ? c : '\0';
}

static void
AppendByte(RqlReader *reader, StringInfo string, ApitokenRqlValue *value)
{
	if (Peek(reader) == '+' && value->plus < 0)
		value->plus = reader->next;
	appendStringInfoChar(string, ReadByte(reader));
}

static void
AppendBackslashes(StringInfo string, int count)
{
	for (int i = 0; i < count; i++)
		appendStringInfoChar(string, '\\');
}

/*
 * Reads what is between quotes.  Backslashes before such a quote are in pairs,
 * each for one of them; one more is for the quote.  Before anything else a
 * backslash is itself, since like has a use for it.
 */
static void
ReadQuoted(RqlReader *reader, ApitokenRqlValue *value, char quote, int length)
{
	int			start = reader->next;
	StringInfoData string;
	int			backslashes;

	initStringInfo(&string);
	reader->next += length;
	for (;;)
	{
		for (backslashes = 0; PeekByte(reader, &length) == '\\'; backslashes++)
			reader->next += length;
		if (reader->next == reader->length)
			Fail(reader, start, "this quote is not closed",
				 "the same quote again, and a backslash before it twice");

		if (PeekQuote(reader, &length) != quote)
		{
			AppendBackslashes(&string, backslashes);
			AppendByte(reader, &string, value);
			continue;
		}

		AppendBackslashes(&string, backslashes / 2);
		reader->next += length;
		if (backslashes % 2 == 0)
			break;
		appendStringInfoChar(&string, quote);
	}
	value->string = FinishString(reader, &string, start);
	SkipSpace(reader);
}

/*
 * Refuses a character of a bare value that compares, negates, combines, lists or
 * quotes, here or in another dialect; those that a URL cannot hold encoded as well.
 */
static void
RefuseReserved(const RqlReader *reader, const ApitokenRqlValue *value, char c, int length)
{
	bool		reserved = length == 1 && strchr("=!~'", c) != NULL;

	if (c == '$' && length == 1 && reader->next == value->position)
		reserved = true;
	if (reserved || strchr("<>\"[]{}^`", c) != NULL)
		Fail(reader, reader->next, "this character has no place in a value without quotes",
			 "the value in quotes");
}

/* Notes where a character is that is refused of some members or operators alone. */
static void
NoteAmbiguous(const RqlReader *reader, ApitokenRqlValue *value, char c, int length)
{
	if (c == '*' && length == 1 && value->star < 0)
		value->star = reader->next;
	if (strchr("%?", c) != NULL && value->wildcard < 0)
		value->wildcard = reader->next;
	if (c == '/' && length == 1 && value->slash < 0)
		value->slash = reader->next;
}

/* Reads a value without quotes, up to what ends it. */
static void
ReadBare(RqlReader *reader, ApitokenRqlValue *value)
{
	StringInfoData string;
	int			length;

	initStringInfo(&string);
	value->word = true;
	while (reader->next < reader->length && PeekSeparator(reader, &length) == '\0')
	{
		char		c = PeekByte(reader, &length);

		if (length == 1 && (c == '(' || c == ')'))
			break;
		if (c != '\0')
		{
			RefuseReserved(reader, value, c, length);
			NoteAmbiguous(reader, value, c, length);
		}
		if (length > 1 || !IsNameByte(c))
			value->word = false;
		AppendByte(reader, &string, value);
	}
	if (string.len == 0)
		value->word = false;
	value->string = FinishString(reader, &string, value->position);
}

/* Does a value begin with one of the words, and that character behind it? */
static bool
BeginsWith(const RqlReader *reader, const ApitokenRqlValue *value, const char *const *words,
		   int count, char behind)
{
	for (int i = 0; i < count; i++)
	{
		int			length = strlen(words[i]);

		if (reader->next - value->position > length &&
			pg_strncasecmp(reader->query + value->position, words[i], length) == 0 &&
			reader->query[value->position + length] == behind)
			return true;
	}
	return false;
}

/* Refuses a value without quotes of which it is not clear what it means. */
static void
CheckBare(const RqlReader *reader, const ApitokenRqlValue *value, int start)
{
	int			length = strlen(value->string);

	if (start < value->position || (length > 0 && IsSpace(value->string[length - 1])))
		Fail(reader, start, "there is white space before or behind this value",
			 "none, or the value in quotes");
	if (value->word && (pg_strcasecmp(value->string, "null") == 0 ||
						pg_strcasecmp(value->string, "empty") == 0 ||
						pg_strcasecmp(value->string, "undefined") == 0))
		Fail(reader, start, "this is a word or a constant",
			 "null() or empty() for the constant, quotes for the word");
	if (BeginsWith(reader, value, foreign_types, lengthof(foreign_types), ':'))
		Fail(reader, start, "this is how other dialects write a value's type",
			 "the value alone, or all of it in quotes");
}

/* null(), empty() and self(path) are the only values with parentheses. */
static void
ReadConstant(RqlReader *reader, ApitokenRqlValue *value)
{
	const char *name = value->string;

	value->word = false;
	value->string = NULL;
	if (pg_strcasecmp(name, "self") == 0)
	{
		value->kind = RQL_MEMBER;
		value->string = ReadSelf(reader);
		return;
	}

	if (*name == '\0')
		Fail(reader, value->position, "a list of values is for in and out alone", "one value");
	if (pg_strcasecmp(name, "null") != 0 && pg_strcasecmp(name, "empty") != 0)
		Fail(reader, value->position, "there is no such constant", "null(), empty() or self(member)");
	value->kind = pg_strcasecmp(name, "null") == 0 ? RQL_NULL : RQL_EMPTY;
	reader->next++;
	Expect(reader, ')', "a closing parenthesis");
	SkipSpace(reader);
}

static ApitokenRqlValue *
ReadValue(RqlReader *reader)
{
	ApitokenRqlValue *value = palloc0(sizeof(ApitokenRqlValue));
	int			start = reader->next;
	int			quote_length;
	char		quote;

	CountItem(reader);
	SkipSpace(reader);
	value->kind = RQL_STRING;
	value->plus = value->star = value->wildcard = value->slash = -1;
	value->position = reader->next;
	quote = PeekQuote(reader, &quote_length);
	if (quote != '\0')
	{
		ReadQuoted(reader, value, quote, quote_length);
		return value;
	}

	ReadBare(reader, value);
	if (Peek(reader) == '(')
		ReadConstant(reader, value);
	else
		CheckBare(reader, value, start);
	return value;
}

/* The one value that in and out may have instead of a list. */
static List *
ReadOneValue(RqlReader *reader)
{
	ApitokenRqlValue *value = ReadValue(reader);

	/* a list's elements are separated by a slash elsewhere */
	if (Peek(reader) == ',' || value->slash >= 0)
		Fail(reader, value->position, "this may be a list of values", "parentheses around it");
	return list_make1(value);
}

static List *
ReadValues(RqlReader *reader)
{
	List	   *values = NIL;

	SkipSpace(reader);
	if (Peek(reader) != '(')
		return ReadOneValue(reader);

	reader->next++;
	SkipSpace(reader);
	if (Peek(reader) != ')')
	{
		do
			values = lappend(values, ReadValue(reader));
		while (AcceptSeparator(reader, ",|"));
	}
	Expect(reader, ')', "a comma or a closing parenthesis");
	return values;
}

/*
 * Parts that are no conditions
 */

static int64
ReadNumber(RqlReader *reader, const char *expected)
{
	int			position;
	int			length;
	int64		number = -1;

	SkipSpace(reader);
	position = reader->next;
	for (char c = PeekByte(reader, &length); c >= '0' && c <= '9'; c = PeekByte(reader, &length))
	{
		/* whatever is greater is too great for anything */
		if (number <= PG_INT32_MAX)
			number = Max(number, 0) * 10 + (c - '0');
		reader->next += length;
	}
	SkipSpace(reader);
	if (number < 0 || (reader->next < reader->length && Peek(reader) != '&'))
		Fail(reader, position, "this number cannot be used", expected);
	return number;
}

#define EXPECTED_OFFSET "a number from 0 to 2147483647"

static int64
ReadOffset(RqlReader *reader)
{
	int			position = reader->next;
	int64		offset = ReadNumber(reader, EXPECTED_OFFSET);

	if (offset > PG_INT32_MAX)
		Fail(reader, position, "this number cannot be used", EXPECTED_OFFSET);
	return offset;
}

/* Steps behind one of the characters, encoded or not; returns it, or 0. */
static char
AcceptEncoded(RqlReader *reader, const char *characters)
{
	int			length;
	char		c = PeekByte(reader, &length);

	if (c == '\0' || strchr(characters, c) == NULL)
		return '\0';
	reader->next += length;
	return c;
}

static List *
ReadOrder(RqlReader *reader)
{
	List	   *orders = NIL;

	do
	{
		ApitokenRqlOrder *order = palloc0(sizeof(ApitokenRqlOrder));

		CountItem(reader);
		/* a plus may have become a space */
		SkipSpace(reader);
		order->descending = AcceptEncoded(reader, "+-") == '-';
		order->position = reader->next;
		order->path = ReadName(reader, EXPECTED_PATH);
		orders = lappend(orders, order);
	} while (AcceptEncoded(reader, ",") != '\0');
	return orders;
}

static void
FailIfRepeated(const RqlReader *reader, bool repeated, int position)
{
	if (repeated)
		Fail(reader, position, "this was given before", "it once");
}

/* Reads what is behind the equals sign of limit=, offset=, order= or select=. */
static void
ReadAssignment(RqlReader *reader, const char *name, int position)
{
	ApitokenRql *rql = reader->rql;

	if (pg_strcasecmp(name, "limit") == 0)
	{
		FailIfRepeated(reader, rql->limit >= 0, position);
		rql->limit = ReadNumber(reader, "a number; more than 100 is as much as 100");
		rql->limit = Min(rql->limit, APITOKEN_MAX_LIMIT);
	}
	else if (pg_strcasecmp(name, "offset") == 0)
	{
		FailIfRepeated(reader, rql->offset >= 0, position);
		rql->offset = ReadOffset(reader);
	}
	else if (pg_strcasecmp(name, "order") == 0)
	{
		FailIfRepeated(reader, rql->order != NIL, position);
		rql->order = ReadOrder(reader);
	}
	else
	{
		FailIfRepeated(reader, rql->select != NULL, position);
		rql->select = ReadPart(reader);
	}
}

/* Is it what a call or an assignment that is no condition begins with? */
static bool
IsOption(const RqlReader *reader, const char *name)
{
	static const char *const names[] = {"limit", "offset", "order", "select"};

	if (Peek(reader) == '(')
		return pg_strcasecmp(name, "render") == 0;
	for (int i = 0; i < (int) lengthof(names) && Peek(reader) == '='; i++)
	{
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Reads an option, whose name has been read: a part of the query by itself,
 * between one & and the next.  render() asks for what this API does not have,
 * and is of no consequence.
 */
static void
ReadOption(RqlReader *reader, const char *name, int position)
{
	if (reader->depth > 0 || (reader->separator != '\0' && reader->separator != '&'))
		Fail(reader, position, "this is no condition", "it by itself, between & and &");

	if (reader->query[reader->next++] == '=')
		ReadAssignment(reader, name, position);
	else
		Expect(reader, ')', "a closing parenthesis");

	SkipSpace(reader);
	if (reader->next < reader->length && Peek(reader) != '&')
		Fail(reader, reader->next, "something else is expected here", "& or the end of the query");
}

/*
 * Conditions
 */

static ApitokenRqlOperator
FindOperator(const RqlReader *reader, const char *name, int position)
{
	for (int i = 0; i < (int) lengthof(operator_names); i++)
	{
		if (pg_strcasecmp(operator_names[i].name, name) == 0)
			return operator_names[i].operator;
	}
	Fail(reader, position, "there is no such operator",
		 "eq, ne, gt, ge, lt, le, like, ilike, in, out, and, or, not, any, all or family");
}

/* Does the query go on with that form, in upper or lower case? */
static bool
GoesOnWith(RqlReader reader, const char *form)
{
	for (; *form != '\0'; form++)
	{
		int			length;
		char		c = PeekByte(&reader, &length);

		/* what is encoded is part of a value, but for what a URL cannot hold */
		if (pg_strncasecmp(&c, form, 1) != 0 || (length > 1 && c != '<' && c != '>'))
			return false;
		reader.next += length;
	}
	return true;
}

/* Refuses another dialect's comparison, behind the path of what is compared. */
static void
RefuseForeignForm(const RqlReader *reader)
{
	for (int i = 0; i < (int) lengthof(foreign_forms); i++)
	{
		if (GoesOnWith(*reader, foreign_forms[i].form))
			Fail(reader, reader->next, "this is how FIQL and RSQL compare", foreign_forms[i].here);
	}
}

/* Refuses path=operator.value, unless it is in quotes. */
static void
RefuseForeignComparison(const RqlReader *reader, const ApitokenRqlValue *value)
{
	if (value->kind == RQL_STRING && BeginsWith(reader, value, foreign_comparisons,
												lengthof(foreign_comparisons), '.'))
		Fail(reader, value->position, "this is how PostgREST compares",
			 "an operator such as eq(member,value), or the value in quotes");
}

/* path=value, whose path has been read. */
static ApitokenRqlNode *
ReadEquality(RqlReader *reader, char *path, int position)
{
	ApitokenRqlNode *node = palloc0(sizeof(ApitokenRqlNode));

	RefuseForeignForm(reader);
	Expect(reader, '=', reader->separator == '\0' ? "= behind a member, or ( behind an operator" :
		   "= behind a member, ( behind an operator, or quotes around the value that this is a part of");
	CountItem(reader);
	node->operator = RQL_EQ;
	node->position = node->path_position = position;
	node->path = path;
	node->values = list_make1(ReadValue(reader));
	RefuseForeignComparison(reader, linitial(node->values));
	return node;
}

/* Makes one condition of several; of one, itself, and of none, NULL. */
static ApitokenRqlNode *
Combine(ApitokenRqlOperator operator, List *children)
{
	ApitokenRqlNode *node;

	if (list_length(children) <= 1)
		return children == NIL ? NULL : linitial(children);

	node = palloc0(sizeof(ApitokenRqlNode));
	node->operator = operator;
	node->position = ((ApitokenRqlNode *) linitial(children))->position;
	node->children = children;
	return node;
}

static ApitokenRqlNode *ReadTerm(RqlReader *reader);

/* The conditions of and() and or(): both have a comma, and one more of their own. */
static List *
ReadTerms(RqlReader *reader, const char *separators)
{
	List	   *terms = NIL;
	int			length;

	do
		terms = lappend(terms, ReadTerm(reader));
	while (AcceptSeparator(reader, separators));

	if (PeekSeparator(reader, &length) != '\0')
		Fail(reader, reader->next, "\"and\" and \"or\" are mixed here",
			 "parentheses around what belongs together, as in or((a&b),c)");
	return terms;
}

static void
ReadListArguments(RqlReader *reader, ApitokenRqlNode *node)
{
	node->path = ReadName(reader, EXPECTED_PATH);
	if (node->operator == RQL_ANY && Peek(reader) == ')')
		return;
	Expect(reader, ',', "a comma and a condition");
	node->children = list_make1(ReadExpression(reader, "&"));
}

static void
ReadComparisonArguments(RqlReader *reader, ApitokenRqlNode *node)
{
	node->path = ReadPath(reader);
	Expect(reader, ',', "a comma and what the member is compared with");
	if (node->operator == RQL_IN || node->operator == RQL_OUT)
		node->values = ReadValues(reader);
	else
		node->values = list_make1(ReadValue(reader));
}

static void
ReadArguments(RqlReader *reader, ApitokenRqlNode *node)
{
	SkipSpace(reader);
	node->path_position = reader->next;
	switch (node->operator)
	{
		case RQL_AND:
			node->children = ReadTerms(reader, ",&");
			break;
		case RQL_OR:
			node->children = ReadTerms(reader, ",|");
			break;
		case RQL_NOT:
			node->children = list_make1(ReadExpression(reader, "&"));
			break;
		case RQL_ANY:
		case RQL_ALL:
			ReadListArguments(reader, node);
			break;
		case RQL_FAMILY:
			node->values = list_make1(ReadValue(reader));
			break;
		default:
			ReadComparisonArguments(reader, node);
	}
}

/* Reads the rest of a call, whose name has been read. */
static ApitokenRqlNode *
ReadNamedCall(RqlReader *reader, const char *name, int position)
{
	ApitokenRqlNode *node = palloc0(sizeof(ApitokenRqlNode));

	EnterLevel(reader, position);
	node->position = position;
	node->operator = FindOperator(reader, name, position);
	reader->next++;
	ReadArguments(reader, node);
	Expect(reader, ')', "a closing parenthesis");
	reader->depth--;
	return node;
}

static ApitokenRqlNode *
ReadGroup(RqlReader *reader)
{
	ApitokenRqlNode *node;

	EnterLevel(reader, reader->next);
	reader->next++;
	node = ReadExpression(reader, "&,");
	Expect(reader, ')', "a closing parenthesis");
	reader->depth--;
	return node;
}

/* Reads one condition; returns NULL for an option, which is none. */
static ApitokenRqlNode *
ReadTerm(RqlReader *reader)
{
	int			position;
	char	   *name;

	SkipSpace(reader);
	position = reader->next;
	if (position == reader->length)
		Fail(reader, position, "the query ends too early", "another condition");
	if (Peek(reader) == '(')
		return ReadGroup(reader);

	name = ReadName(reader, "a member, or an operator such as eq");
	if (IsOption(reader, name))
	{
		ReadOption(reader, name, position);
		return NULL;
	}
	if (IsSelf(reader, name))
		return ReadEquality(reader, ReadSelf(reader), position);
	if (Peek(reader) == '(')
		return ReadNamedCall(reader, name, position);
	return ReadEquality(reader, name, position);
}

/*
 * Reads conditions that are separated: by | if one of them must hold, and by
 * one of conjunctions, which binds tighter, if all must.  Returns NULL if there
 * were but options.
 */
static ApitokenRqlNode *
ReadExpression(RqlReader *reader, const char *conjunctions)
{
	List	   *alternatives = NIL;

	do
	{
		List	   *terms = NIL;

		do
		{
			ApitokenRqlNode *term = ReadTerm(reader);

			if (term != NULL)
				terms = lappend(terms, term);
		} while (AcceptSeparator(reader, conjunctions));
		if (terms != NIL)
			alternatives = lappend(alternatives, Combine(RQL_AND, terms));
	} while (AcceptSeparator(reader, "|"));
	return Combine(RQL_OR, alternatives);
}

/*
 * Is a token asked for by its secret in a query, as far as can be told by the member's name
 * in it?  The query may be wrong before it is read as that.
 */
static bool
AsksForSecret(RqlReader reader)
{
	static const char member[] = "token";
	int			matched = 0;
	int			length;

	for (; reader.next < reader.length && member[matched] != '\0'; reader.next += length)
	{
		char		c = pg_tolower((unsigned char) PeekByte(&reader, &length));

		if (c == member[matched])
			matched++;
		else
			/* no other byte of it is its first one */
			matched = c == member[0] ? 1 : 0;
	}
	return member[matched] == '\0';
}

/*
 * Parses a query, length bytes of it.
 *
 * Returns, in the current memory context, what is in it; an empty query asks
 * for nothing in particular.  Whether paths and values make sense is for
 * whoever uses them.  Raises PT400 with the position and what was expected
 * there.
 */
ApitokenRql *
apitoken_rql_parse(const char *query, int length)
{
	ApitokenRql *rql = palloc0(sizeof(ApitokenRql));
	RqlReader	reader = {query, length, 0, 0, 0, '\0', rql};
	ApitokenRqlNode *filter;

	rql->limit = rql->offset = -1;
	if (AsksForSecret(reader))
		apitoken_error_secret_given();
	if (length > MAX_LENGTH)
		Fail(&reader, MAX_LENGTH, "the query is too long", "at most 65536 bytes");
	if (length == 0)
		return rql;

	filter = ReadExpression(&reader, "&,");
	if (reader.next < length)
		Fail(&reader, reader.next, "something else is expected here", "& or the end of the query");
	if (filter != NULL)
		rql->filters = filter->operator == RQL_AND ? filter->children : list_make1(filter);
	return rql;
}
