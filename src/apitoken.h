/*-------------------------------------------------------------------------
 *
 * apitoken.h
 *	  Settings of the extension.
 *
 * src/apitoken.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_H
#define APITOKEN_H

#include "compat.h"

#include "fmgr.h"

/* Schema of the tables; the functions' schema is the user's choice. */
#define APITOKEN_SCHEMA "apitoken"

/* What names are looked up in while the owner of the tables is the current role. */
#define APITOKEN_SAFE_SEARCH_PATH "pg_catalog, pg_temp"

/* Channel of the signal that a token's status changed. */
#define APITOKEN_CHANNEL "apitoken"

extern char *apitoken_href_base;
extern int	apitoken_max_list_items;
extern int	apitoken_max_page_size;
extern char *apitoken_jwt_actor_claim;
extern char *apitoken_jwt_account_claim;
extern char *apitoken_jwt_authenticator;
extern char *apitoken_proxy_authenticator;
extern char *apitoken_account;
extern bool apitoken_notify;
extern int	apitoken_notify_timeout;
extern int	apitoken_commit_timeout;
extern int	apitoken_actor_transaction_timeout;
extern bool apitoken_index_reads;
extern int	apitoken_last_access_interval;
extern int	apitoken_log_refusals;
extern int	apitoken_trail_retention;
extern int	apitoken_max_lifetime;
extern int	apitoken_max_rotation_overlap;
extern bool apitoken_self_rotation;
extern int	apitoken_max_tokens;
extern bool apitoken_refuse_disabled_accounts;
extern bool apitoken_refuse_lost_creators;

#endif							/* APITOKEN_H */
