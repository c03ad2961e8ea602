/*-------------------------------------------------------------------------
 *
 * rql_sql.h
 *	  The query language of lists: its translation to SQL.
 *
 * src/rql_sql.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_RQL_SQL_H
#define APITOKEN_RQL_SQL_H

#include "compat.h"

#include "identity.h"
#include "lib/stringinfo.h"
#include "rql.h"

/* More than the values that rql.c lets through, and the scope. */
#define APITOKEN_MAX_SQL_ARGUMENTS 1024

typedef struct ApitokenSql
{
	StringInfoData text;
	int			count;			/* of arguments */
	Oid			types[APITOKEN_MAX_SQL_ARGUMENTS];
	Datum		values[APITOKEN_MAX_SQL_ARGUMENTS];
} ApitokenSql;

extern void apitoken_rql_compile(const ApitokenRql *rql, const char *query, int length,
								 const ApitokenCaller *caller, ApitokenSql *sql);

#endif							/* APITOKEN_RQL_SQL_H */
