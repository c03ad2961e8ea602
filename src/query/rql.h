/*-------------------------------------------------------------------------
 *
 * rql.h
 *	  The query language of lists.
 *
 * src/query/rql.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_RQL_H
#define APITOKEN_RQL_H

#include "compat.h"

#include "nodes/pg_list.h"

/* Those that two members can be compared by come first. */
typedef enum ApitokenRqlOperator
{
	RQL_EQ,
	RQL_NE,
	RQL_GT,
	RQL_GE,
	RQL_LT,
	RQL_LE,
	RQL_LIKE,
	RQL_ILIKE,
	RQL_IN,
	RQL_OUT,
	RQL_AND,
	RQL_OR,
	RQL_NOT,
	RQL_ANY,
	RQL_ALL,
	RQL_FAMILY
} ApitokenRqlOperator;

typedef enum ApitokenRqlValueKind
{
	RQL_STRING,
	RQL_NULL,					/* null() */
	RQL_EMPTY,					/* empty(): the empty string, or list */
	RQL_MEMBER					/* self(path): another member */
} ApitokenRqlValueKind;

/* Positions are those of bytes in the query, from 0. */
typedef struct ApitokenRqlValue
{
	ApitokenRqlValueKind kind;
	char	   *string;			/* decoded; a member's path; else NULL */
	int			position;
	bool		word;			/* as written, it may be a member's path */
	/* positions of what may be meant as something else, or -1 */
	int			plus;			/* not encoded: a space to who sends forms */
	int			star;			/* without quotes: a wildcard to some */
	int			wildcard;		/* the same in a pattern, to who knows SQL or
								 * globs */
	int			slash;			/* between a list's elements to some */
} ApitokenRqlValue;

typedef struct ApitokenRqlNode
{
	ApitokenRqlOperator operator;
	int			position;
	char	   *path;			/* of what is compared, empty for the resource
								 * itself; or of any's and all's list */
	int			path_position;
	List	   *values;			/* of ApitokenRqlValue: one, or those of in
								 * and out; family's id */
	List	   *children;		/* of ApitokenRqlNode: of and, or, not, any,
								 * all; any may have none */
} ApitokenRqlNode;

typedef struct ApitokenRqlOrder
{
	char	   *path;
	bool		descending;
	int			position;
} ApitokenRqlOrder;

typedef struct ApitokenRql
{
	List	   *filters;		/* of ApitokenRqlNode: all must hold */
	List	   *order;			/* of ApitokenRqlOrder */
	char	   *select;			/* NULL: none */
	int64		limit;			/* at most APITOKEN_MAX_LIMIT; -1: none */
	int64		offset;			/* -1: none */
} ApitokenRql;

/* How many a page has unless the query says so. */
#define APITOKEN_DEFAULT_LIMIT 100

/* How many it has at most: whoever asks for more gets these. */
#define APITOKEN_MAX_LIMIT 100

extern ApitokenRql *apitoken_rql_parse(const char *query, int length);

#endif							/* APITOKEN_RQL_H */
