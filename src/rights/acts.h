/*-------------------------------------------------------------------------
 *
 * acts.h
 *	  What a transaction has done, and by what right.
 *
 * src/rights/acts.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ACTS_H
#define APITOKEN_ACTS_H

#include "compat.h"

#include "rights/identity.h"

extern void apitoken_acts_start(void);

extern void apitoken_acts_limit_time(void);
extern void apitoken_acts_identified(ApitokenCaller *caller);
extern void apitoken_acts_administer(const ApitokenCaller *caller, const char *account_id);
extern void apitoken_acts_refuse_other(const ApitokenCaller *caller, const char *id);
extern void apitoken_acts_settle(const ApitokenCaller *caller, const char *id);
extern bool apitoken_acts_has_acted(void);
extern void apitoken_acts_asked(const ApitokenCaller *caller);
extern void apitoken_acts_by_hand(Oid relid, Oid role);
extern void apitoken_acts_by_policy(Oid relid, Oid role);
extern void apitoken_acts_open(const ApitokenCaller *caller, const char *account_id);
extern void apitoken_acts_give(const ApitokenCaller *caller, const char *account_id,
							   const char *module_id);
extern void apitoken_acts_give_networks(const ApitokenCaller *caller, const ArrayType *networks);
extern void apitoken_acts_give_time(const ApitokenCaller *caller, TimestampTz end);
extern void apitoken_acts_guard(const ApitokenCaller *caller, const char *module_code);

#endif							/* APITOKEN_ACTS_H */
