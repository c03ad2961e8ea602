-- The role of whoever is on duty when a token has leaked: it can do every step of
-- docs/token-leaked.md, and is no superuser.  Run as a superuser in each database that
-- has the extension in the schema api; then \password oncall.
--
-- It is trusted with every account's tokens.  BYPASSRLS is for a token in place of the
-- one that leaked, which nobody makes whom row security holds back.

-- all databases of a server share it; one that is there stays as it is
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'oncall') AS is_missing \gset
\if :is_missing
CREATE ROLE oncall LOGIN BYPASSRLS;
\endif
GRANT USAGE ON SCHEMA api, apitoken, apitoken_monitor TO oncall;

GRANT EXECUTE ON FUNCTION
	api.apitoken_get(text, text),
	api.apitoken_list(text),
	api.apitoken_disable(text, text),
	api.apitoken_disable(text, text, text),
	api.apitoken_ensure_disabled(text, boolean, text),
	api.apitoken_disable_all(text),
	api.apitoken_disable_all(text, text, boolean, boolean, text),
	api.apitoken_enable(text, text),
	api.apitoken_enable_all(jsonb, boolean),
	api.apitoken_release(text, text),
	api.apitoken_hold_account(text),
	api.apitoken_release_account(text),
	api.apitoken_create(jsonb),
	api.apitoken_rotate(text, interval, text),
	api.apitoken_revoke(text[], text),
	api.apitoken_delete(text),
	api.apitoken_delete(text, text)
	TO oncall;

-- what the calls ask of a role without a credential: docs/rights.md
GRANT SELECT ON
	apitoken.api_tokens, apitoken.api_token_modules, apitoken.accounts, apitoken.modules, apitoken.users,
	apitoken.user_groups, apitoken.user_group_modules, apitoken.user_group_users, apitoken.user_group_buyers,
	apitoken.buyers, apitoken.buyer_errors
	TO oncall;
GRANT UPDATE ON apitoken.api_tokens, apitoken.accounts TO oncall;
GRANT INSERT, DELETE ON apitoken.api_token_secrets TO oncall;
GRANT INSERT ON apitoken.api_tokens, apitoken.api_token_credentials, apitoken.api_token_modules, apitoken.api_token_transitions TO oncall;

GRANT SELECT ON
	apitoken_monitor.token_accesses, apitoken_monitor.token_transitions, apitoken_monitor.token_events,
	apitoken_monitor.tokens_never_used, apitoken_monitor.tokens_to_review
	TO oncall;

-- who is in the way, which standby is behind, and to end who is in the way
GRANT pg_monitor, pg_signal_backend TO oncall;

-- signals off, where the queue of notifications is held up (from PostgreSQL 15 on)
SELECT current_setting('server_version_num')::integer >= 150000 AS grants_settings \gset
\if :grants_settings
GRANT SET ON PARAMETER apitoken.notify TO oncall;
\endif
