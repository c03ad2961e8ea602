/*-------------------------------------------------------------------------
 *
 * errors.h
 *	  Every error that the extension itself raises.
 *
 * None of these functions returns, but for apitoken_error_constraint, which may,
 * and those of what is logged.  The SQLSTATEs are those that PostgREST turns into
 * HTTP statuses: PT400 is 400, and so on.
 *
 * src/errors.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ERRORS_H
#define APITOKEN_ERRORS_H

#include "compat.h"

#include "utils/relcache.h"

/* what is logged of errors while a call runs */
extern void apitoken_error_tell_refusals(void);
extern void apitoken_error_guard(ErrorContextCallback *guard, bool secret_given);
extern void apitoken_error_secret_given(void);
extern void apitoken_error_unguard(const ErrorContextCallback *guard);
extern void apitoken_error_start(void);

/* PT400: an argument of a function */
pg_noreturn extern void apitoken_error_id_missing(const char *argument);
pg_noreturn extern void apitoken_error_body_type(const char *argument);
pg_noreturn extern void apitoken_error_ids_type(void);
pg_noreturn extern void apitoken_error_no_such_call(void);
pg_noreturn extern void apitoken_error_rescue_everything(void);
pg_noreturn extern void apitoken_error_sync(const char *problem);

/* PT400: a member of the body of create or update */
pg_noreturn extern void apitoken_error_member(const char *path, const char *problem,
											  const char *hint);

extern void apitoken_error_constraint(const char *constraint);
pg_noreturn extern void apitoken_error_too_many_tokens(const char *account_id, int64 most);
extern void apitoken_error_constraint_elsewhere(const char *message, const char *detail);

/* 23514: a text in a row */
pg_noreturn extern void apitoken_error_text_characters(Relation relation, const char *column,
													   bool breaks);
pg_noreturn extern void apitoken_error_text_secret(Relation relation, const char *column);
pg_noreturn extern void apitoken_error_text_scheme(Relation relation, const char *column);
pg_noreturn extern void apitoken_error_text_blank(Relation relation, const char *column);

/* PT400: the selection of fields */
pg_noreturn extern void apitoken_error_field(const char *path, int name_start, int name_length,
											 const char *known);
pg_noreturn extern void apitoken_error_fields_syntax(int position, const char *problem);

/* PT400: the query of a list */
pg_noreturn extern void apitoken_error_query(const char *query, int length, int position,
											 const char *problem, const char *expected);

/* PT400: a transition that does not exist */
pg_noreturn extern void apitoken_error_transition(const char *id, const char *status,
												  const char *hint);

pg_noreturn extern void apitoken_error_expired(const char *id);
pg_noreturn extern void apitoken_error_revoked(const char *id);
pg_noreturn extern void apitoken_error_overlap(const char *problem, int longest);
pg_noreturn extern void apitoken_error_secrets(const char *problem, int longest);
pg_noreturn extern void apitoken_error_reason(const char *problem, int longest);
pg_noreturn extern void apitoken_error_position(const char *problem);
pg_noreturn extern void apitoken_error_other_shards(void);
pg_noreturn extern void apitoken_error_at_most(int most);
pg_noreturn extern void apitoken_error_before(const char *problem, int seconds);

/* PT401, PT403, PT404 */
pg_noreturn extern void apitoken_error_unauthorized(void);
pg_noreturn extern void apitoken_error_secret(const char *reason);
pg_noreturn extern void apitoken_error_forbidden(void);
pg_noreturn extern void apitoken_error_not_shown(const char *path);
pg_noreturn extern void apitoken_error_right_gone(void);
pg_noreturn extern void apitoken_error_not_held(const char *module_id);
pg_noreturn extern void apitoken_error_beyond_own_end(void);
pg_noreturn extern void apitoken_error_beyond_own_networks(void);
pg_noreturn extern void apitoken_error_self_rotation(void);
pg_noreturn extern void apitoken_error_old_secret(void);
pg_noreturn extern void apitoken_error_offer_gone(const char *module_id);
pg_noreturn extern void apitoken_error_module_not_held(const char *code);
pg_noreturn extern void apitoken_error_no_account(void);
pg_noreturn extern void apitoken_error_every_account_forbidden(void);
pg_noreturn extern void apitoken_error_hold_forbidden(void);
pg_noreturn extern void apitoken_error_held(const char *resource, const char *id);
pg_noreturn extern void apitoken_error_token_not_found(const char *id);
pg_noreturn extern void apitoken_error_account_not_found(const char *id);
pg_noreturn extern void apitoken_error_not_to_erase(const char *resource, const char *id);

/* PT400: a setting that PostgREST should have set to JSON */
pg_noreturn extern void apitoken_error_setting_json(const char *setting);

/* of the server's own SQLSTATEs */
pg_noreturn extern void apitoken_error_gate_closed(int milliseconds);
pg_noreturn extern void apitoken_error_lock_timeout(int milliseconds);
extern bool apitoken_error_is_deadlock(int sqlstate);
pg_noreturn extern void apitoken_error_locked(void);
pg_noreturn extern void apitoken_error_prepare(void);
extern void apitoken_warn_signals_left_out(int count);

/* 42501: what row security's policies cannot say */
pg_noreturn extern void apitoken_error_kept_column(Relation relation, const char *column);

/* 23514: rows by which an account, or a token, would have what it may not have */
pg_noreturn extern void apitoken_error_not_offered(Relation relation, Datum account_id,
												   Datum module_id);
pg_noreturn extern void apitoken_error_account_type(Relation relation, Datum account_id,
													const char *type, Datum module_id);
pg_noreturn extern void apitoken_error_still_held(Relation relation, Datum account_id,
												  const char *holder_id, const char *module_id);
pg_noreturn extern void apitoken_error_type_held(Relation relation, const char *account_id,
												 const char *type, Datum module_id);
pg_noreturn extern void apitoken_error_revoked_digest(Relation relation);

/* failures that are nobody's wrong argument */
pg_noreturn extern void apitoken_error_no_free_id(int attempts);
pg_noreturn extern void apitoken_error_no_randomness(void);
pg_noreturn extern void apitoken_error_document_too_large(void);
pg_noreturn extern void apitoken_error_table_missing(const char *relation);
pg_noreturn extern void apitoken_error_unprepared(void);
pg_noreturn extern void apitoken_error_not_distributed(const char *statement);
pg_noreturn extern void apitoken_error_bound(const char *relation);
pg_noreturn extern void apitoken_error_one_account(void);
pg_noreturn extern void apitoken_error_another_acted(const char *id);
pg_noreturn extern void apitoken_error_isolation(void);
pg_noreturn extern void apitoken_error_not_preloaded(void);
pg_noreturn extern void apitoken_error_settings_sent(void);
pg_noreturn extern void apitoken_error_column_type(const char *column);
pg_noreturn extern void apitoken_error_column_missing(const char *column);
pg_noreturn extern void apitoken_error_timestamp(void);
pg_noreturn extern void apitoken_error_trigger(void);
pg_noreturn extern void apitoken_error_statement(const char *name, const char *result);
pg_noreturn extern void apitoken_error_kept_by_trigger(const char *name, bool distributed);

#endif							/* APITOKEN_ERRORS_H */
