/*-------------------------------------------------------------------------
 *
 * rql.c
 *	  The query language of lists: its parser.
 *
 * The text is a URL's query string as it comes, percent-encoding included.
 *
 *		query    = [ part { "&" part } ] ;
 *		part     = "select" "=" text | "order" "=" orders
 *				 | "limit" "=" number | "offset" "=" number
 *				 | filter ;
 *		filter   = path "=" value
 *				 | comparison "(" path "," value ")"
 *				 | ( "in" | "out" ) "(" path "," "(" value { "," value } ")" ")"
 *				 | ( "and" | "or" ) "(" filter { "," filter } ")"
 *				 | "not" "(" filter ")"
 *				 | ( "any" | "all" ) "(" path "," filter ")" ;
 *		comparison = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "like" | "ilike" ;
 *		value    = bare | '"' quoted '"' | "'" quoted "'" | "null()" | "empty()" ;
 *		orders   = [ sign ] path { "," [ sign ] path } ;
 *		sign     = "+" | "-" | " " ;
 *		path     = name { "." name } ;
 *
 * path=value is short for eq(path,value).  A bare value ends at & ( ) or a
 * comma; a quoted one at its quote, before which a backslash is for a quote
 * that is meant.  Percent-encoding is decoded once, after the text was taken
 * apart: an encoded comma is part of a value.  Quotes are the exception: a URL
 * cannot hold them unencoded, so %22 and %27 are quotes too.  So are the commas
 * and signs of an order, which no path can hold: clients that encode whole
 * values may.  A plus is a plus, but for an order's that has become a space.
 *
 * src/rql.c
 *
 *-------------------------------------------------------------------------
 */
#include "rql.h"

#include "errors.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* More than a person writes, little enough to be harmless. */
#define MAX_DEPTH 32
#define MAX_ITEMS 1000
#define MAX_LENGTH 65536

#define MAX_LIMIT 100

typedef struct RqlReader
{
	const char *query;
	int			length;
	int			next;			/* position of what comes next */
	int			depth;
	int			items;			/* calls and values so far */
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
	{"not", RQL_NOT}, {"any", RQL_ANY}, {"all", RQL_ALL},
};

static ApitokenRqlNode *ReadFilter(RqlReader *reader);

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

static void
Expect(RqlReader *reader, char c, const char *expected)
{
	if (Peek(reader) != c)
		Fail(reader, reader->next, reader->next == reader->length ?
			 "the query ends too early" : "something else is expected here", expected);
	reader->next++;
}

/* Bounds what a query can make the server do. */
static void
CountItem(RqlReader *reader)
{
	CHECK_FOR_INTERRUPTS();
	if (++reader->items > MAX_ITEMS)
		Fail(reader, reader->next, "the query is too long", "at most 1000 operators and values");
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

/* Decodes the byte that comes next, %XX or itself, and steps behind it. */
static char
ReadByte(RqlReader *reader)
{
	int			start = reader->next;
	int			high;
	int			low;

	if (reader->query[start] != '%')
	{
		reader->next++;
		return reader->query[start];
	}

	high = start + 1 < reader->length ? HexDigit(reader->query[start + 1]) : -1;
	low = start + 2 < reader->length ? HexDigit(reader->query[start + 2]) : -1;
	if (high < 0 || low < 0 || (high == 0 && low == 0))
		Fail(reader, start, "this is no percent-encoded byte",
			 "% and two hexadecimal digits, other than %00");
	reader->next += 3;
	return (char) (high << 4 | low);
}

static char *
FinishString(RqlReader *reader, StringInfo string, int start)
{
	if (!pg_verifymbstr(string->data, string->len, true))
		Fail(reader, start, "this is not valid UTF-8", "UTF-8, percent-encoded");
	return string->data;
}

/* Reads up to one of the delimiters, decoded. */
static char *
ReadUntil(RqlReader *reader, const char *delimiters)
{
	int			start = reader->next;
	StringInfoData string;

	initStringInfo(&string);
	while (reader->next < reader->length && strchr(delimiters, Peek(reader)) == NULL)
		appendStringInfoChar(&string, ReadByte(reader));
	return FinishString(reader, &string, start);
}

/* Is there a quote next, encoded or not?  Returns it, and how long it is. */
static char
PeekQuote(const RqlReader *reader, int *length)
{
	const char *rest = reader->query + reader->next;
	int			left = reader->length - reader->next;

	*length = 1;
	if (left >= 1 && (*rest == '"' || *rest == '\''))
		return *rest;

	*length = 3;
	if (left >= 3 && strncmp(rest, "%22", 3) == 0)
		return '"';
	if (left >= 3 && strncmp(rest, "%27", 3) == 0)
		return '\'';
	return '\0';
}

/*
 * Reads what is between quotes.  A backslash before the quote is for the
 * quote; before anything else it is itself, since like has a use for it.
 */
static char *
ReadQuoted(RqlReader *reader, char quote, int quote_length)
{
	int			start = reader->next;
	StringInfoData string;
	int			length;

	initStringInfo(&string);
	reader->next += quote_length;
	while (PeekQuote(reader, &length) != quote)
	{
		if (reader->next == reader->length)
			Fail(reader, start, "this quote is not closed", "the same quote again");

		appendStringInfoChar(&string, ReadByte(reader));
		if (string.data[string.len - 1] == '\\' && PeekQuote(reader, &length) == quote)
		{
			string.data[string.len - 1] = quote;
			reader->next += length;
		}
	}
	reader->next += length;
	return FinishString(reader, &string, start);
}

/*
 * Names, paths and values
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
	int			start = reader->next;

	while (IsNameByte(Peek(reader)))
		reader->next++;
	if (reader->next == start)
		Fail(reader, start, "a name is missing", expected);
	return pnstrdup(reader->query + start, reader->next - start);
}

static char *
ReadPath(RqlReader *reader)
{
	return ReadName(reader, "the path of a member, such as account.id");
}

/* null() and empty() are the only values with parentheses. */
static ApitokenRqlValueKind
ReadConstant(RqlReader *reader, const char *name, int position)
{
	ApitokenRqlValueKind kind = RQL_NULL;

	if (strcmp(name, "empty") == 0)
		kind = RQL_EMPTY;
	else if (strcmp(name, "null") != 0)
		Fail(reader, position, "there is no such constant", "null() or empty()");

	reader->next++;
	Expect(reader, ')', "a closing parenthesis");
	return kind;
}

static ApitokenRqlValue *
ReadValue(RqlReader *reader)
{
	ApitokenRqlValue *value = palloc0(sizeof(ApitokenRqlValue));
	int			quote_length;
	char		quote = PeekQuote(reader, &quote_length);

	CountItem(reader);
	value->kind = RQL_STRING;
	value->position = reader->next;
	if (quote != '\0')
		value->string = ReadQuoted(reader, quote, quote_length);
	else
	{
		value->string = ReadUntil(reader, "&(),");
		if (Peek(reader) == '(')
		{
			value->kind = ReadConstant(reader, value->string, value->position);
			value->string = NULL;
		}
	}
	return value;
}

static List *
ReadValues(RqlReader *reader)
{
	List	   *values = NIL;

	Expect(reader, '(', "a list of values in parentheses");
	do
		values = lappend(values, ReadValue(reader));
	while (Peek(reader) == ',' && reader->next++ >= 0);
	Expect(reader, ')', "a comma or a closing parenthesis");
	return values;
}

/*
 * Calls
 */

static ApitokenRqlOperator
FindOperator(const RqlReader *reader, const char *name, int position)
{
	for (int i = 0; i < (int) lengthof(operator_names); i++)
	{
		if (strcmp(operator_names[i].name, name) == 0)
			return operator_names[i].operator;
	}
	Fail(reader, position, "there is no such operator",
		 "eq, ne, gt, ge, lt, le, like, ilike, in, out, and, or, not, any or all");
}

static List *
ReadFilters(RqlReader *reader)
{
	List	   *filters = NIL;

	do
		filters = lappend(filters, ReadFilter(reader));
	while (Peek(reader) == ',' && reader->next++ >= 0);
	return filters;
}

static void
ReadArguments(RqlReader *reader, ApitokenRqlNode *node)
{
	switch (node->operator)
	{
		case RQL_AND:
		case RQL_OR:
			node->children = ReadFilters(reader);
			return;
		case RQL_NOT:
			node->children = list_make1(ReadFilter(reader));
			return;
		default:
			break;
	}

	node->path_position = reader->next;
	node->path = ReadPath(reader);
	Expect(reader, ',', "a comma and what the member is compared with");
	if (node->operator == RQL_ANY || node->operator == RQL_ALL)
		node->children = list_make1(ReadFilter(reader));
	else if (node->operator == RQL_IN || node->operator == RQL_OUT)
		node->values = ReadValues(reader);
	else
		node->values = list_make1(ReadValue(reader));
}

/* Reads the rest of a call, whose name has been read. */
static ApitokenRqlNode *
ReadNamedCall(RqlReader *reader, const char *name, int position)
{
	ApitokenRqlNode *node = palloc0(sizeof(ApitokenRqlNode));

	check_stack_depth();
	CountItem(reader);
	if (++reader->depth > MAX_DEPTH)
		Fail(reader, position, "the query is nested too deeply", "at most 32 levels");

	node->position = position;
	node->operator = FindOperator(reader, name, position);
	Expect(reader, '(', "an opening parenthesis");
	ReadArguments(reader, node);
	Expect(reader, ')', "a closing parenthesis");
	reader->depth--;
	return node;
}

/* path=value, whose path has been read. */
static ApitokenRqlNode *
ReadEquality(RqlReader *reader, char *path, int position)
{
	ApitokenRqlNode *node = palloc0(sizeof(ApitokenRqlNode));

	CountItem(reader);
	node->operator = RQL_EQ;
	node->position = node->path_position = position;
	node->path = path;
	node->values = list_make1(ReadValue(reader));
	return node;
}

static ApitokenRqlNode *
ReadFilter(RqlReader *reader)
{
	int			position = reader->next;
	char	   *name = ReadName(reader, "a member, or an operator such as eq");

	if (Peek(reader) != '=')
		return ReadNamedCall(reader, name, position);
	reader->next++;
	return ReadEquality(reader, name, position);
}

/*
 * Parts
 */

static int64
ReadNumber(RqlReader *reader, int64 maximum, const char *expected)
{
	int			position = reader->next;
	char	   *text = ReadUntil(reader, "&");
	int64		number = 0;

	for (const char *c = text; *c != '\0'; c++)
	{
		if (*c < '0' || *c > '9' || number > maximum)
			Fail(reader, position, "this number cannot be used", expected);
		number = number * 10 + (*c - '0');
	}
	if (*text == '\0' || number > maximum)
		Fail(reader, position, "this number cannot be used", expected);
	return number;
}

/* Steps behind one of the characters, encoded or not; returns it, or 0. */
static char
AcceptEncoded(RqlReader *reader, const char *characters)
{
	int			start = reader->next;
	char		c;

	if (start == reader->length)
		return '\0';

	c = ReadByte(reader);
	if (strchr(characters, c) != NULL)
		return c;
	reader->next = start;
	return '\0';
}

static List *
ReadOrder(RqlReader *reader)
{
	List	   *orders = NIL;

	do
	{
		ApitokenRqlOrder *order = palloc0(sizeof(ApitokenRqlOrder));

		CountItem(reader);
		order->descending = AcceptEncoded(reader, "+- ") == '-';
		order->position = reader->next;
		order->path = ReadPath(reader);
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

/* Reads what is behind the equals sign of name=...; returns NULL or a filter. */
static ApitokenRqlNode *
ReadAssignment(RqlReader *reader, ApitokenRql *rql, char *name, int position)
{
	if (strcmp(name, "limit") == 0)
	{
		FailIfRepeated(reader, rql->limit >= 0, position);
		rql->limit = ReadNumber(reader, MAX_LIMIT, "a number from 0 to 100");
		return NULL;
	}
	if (strcmp(name, "offset") == 0)
	{
		FailIfRepeated(reader, rql->offset >= 0, position);
		rql->offset = ReadNumber(reader, PG_INT32_MAX, "a number from 0 to 2147483647");
		return NULL;
	}
	if (strcmp(name, "order") == 0)
	{
		FailIfRepeated(reader, rql->order != NIL, position);
		rql->order = ReadOrder(reader);
		return NULL;
	}
	if (strcmp(name, "select") == 0)
	{
		FailIfRepeated(reader, rql->select != NULL, position);
		rql->select = ReadUntil(reader, "&");
		return NULL;
	}

	return ReadEquality(reader, name, position);
}

static void
ReadPart(RqlReader *reader, ApitokenRql *rql)
{
	int			position = reader->next;
	char	   *name = ReadName(reader, "a member, an operator, order, select, limit or offset");
	ApitokenRqlNode *node;

	if (Peek(reader) == '=')
	{
		reader->next++;
		node = ReadAssignment(reader, rql, name, position);
	}
	else
		node = ReadNamedCall(reader, name, position);

	if (node != NULL)
		rql->filters = lappend(rql->filters, node);
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
	RqlReader	reader = {query, length, 0, 0, 0};

	rql->limit = rql->offset = -1;
	if (length > MAX_LENGTH)
		Fail(&reader, MAX_LENGTH, "the query is too long", "at most 65536 bytes");

	while (reader.next < length)
	{
		ReadPart(&reader, rql);
		if (reader.next < length)
			Expect(&reader, '&', "& or the end of the query");
		if (reader.next == length && length > 0 && query[length - 1] == '&')
			Fail(&reader, length, "the query ends too early", "another part behind &");
	}
	return rql;
}
