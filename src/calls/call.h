/*-------------------------------------------------------------------------
 *
 * call.h
 *	  What the calls about one API token have in common.
 *
 * src/calls/call.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_CALL_H
#define APITOKEN_CALL_H

#include "compat.h"

#include "document/document.h"
#include "fmgr.h"
#include "rights/identity.h"

/* A call from its begin to its end. */
typedef struct ApitokenCall
{
	MemoryContext result_context;
	ApitokenOperation operation;
	ApitokenOwnership ownership;
	ApitokenCaller caller;
	ErrorContextCallback *guard;
} ApitokenCall;

extern bool apitoken_call_isnull(FunctionCallInfo fcinfo, int argument);
extern char *apitoken_call_id(FunctionCallInfo fcinfo, int argument, const char *name);
extern const char *apitoken_call_reason(FunctionCallInfo fcinfo, int argument);
extern bool apitoken_call_flag(FunctionCallInfo fcinfo, int argument);
extern ApitokenFields *apitoken_call_fields(FunctionCallInfo fcinfo, int argument);

extern ApitokenCall apitoken_call_begin(ApitokenOperation operation);
extern void apitoken_call_end(const ApitokenCall *call);

extern Jsonb *apitoken_call_document_after_write(const ApitokenCall *call, const char *account_id,
												 const char *id, ApitokenFields *fields,
												 const char *secret);
extern Jsonb *apitoken_call_document_of_change(const ApitokenCall *call, const char *account_id,
											   const char *id, ApitokenResources token,
											   ApitokenFields *fields);
extern void apitoken_call_find_account(const ApitokenCall *call, const char *account_id);
extern bool apitoken_call_is_by_itself(const ApitokenCall *call, const char *id);
extern const char *apitoken_call_route(const char *id);
extern void apitoken_call_find_token(const ApitokenCall *call, const char *account_id, const char *id);
extern const char *apitoken_call_account_of(const ApitokenCall *call, const char *id);
extern void apitoken_call_pass_turn(const ApitokenCall *call, const char *account_id);
extern void apitoken_call_pass_turn_of(const ApitokenCall *call, const char *id);
extern void apitoken_call_pass_rescue_turn_of(const ApitokenCall *call, const char *id);
extern char *apitoken_call_lock_token(const ApitokenCall *call, const char *id,
									  char **status);
pg_noreturn extern void apitoken_call_error_kept(const char *name);

#endif							/* APITOKEN_CALL_H */
