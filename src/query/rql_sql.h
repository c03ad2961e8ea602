/*-------------------------------------------------------------------------
 *
 * rql_sql.h
 *	  The query language of lists: its translation to SQL.
 *
 * src/query/rql_sql.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_RQL_SQL_H
#define APITOKEN_RQL_SQL_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "query/rql.h"
#include "rights/identity.h"

typedef enum ApitokenRescuePurpose
{
	RESCUE_LOOKS,				/* which would it be? */
	RESCUE_WAITS,				/* disable them, and wait for whoever has one
								 * locked */
	RESCUE_TRIES				/* disable them, and fail instead */
} ApitokenRescuePurpose;

/* Which tokens are to be disabled, besides those of a query, and by whom. */
typedef struct ApitokenRescueChoice
{
	const char *account_id;		/* NULL: every account's */
	bool		hold;			/* hold them as well, and Disabled ones? */
	ApitokenRescuePurpose purpose;
	const ApitokenActor *actor;
} ApitokenRescueChoice;

extern bool apitoken_rql_read_instant(const char *input, TimestampTz *instant);
extern void apitoken_rql_compile(const ApitokenRql *rql, const char *query, int length,
								 const ApitokenCaller *caller, ApitokenSql *sql);
extern void apitoken_rql_compile_rescue(const ApitokenRql *rql, const char *query, int length,
										const ApitokenRescueChoice *choice, ApitokenSql *sql);

#endif							/* APITOKEN_RQL_SQL_H */
