-- A role that keeps accounts, users, user groups, modules and buyers in step with an
-- application's own, by apitoken_sync or by hand, and has no right to API tokens.
-- Run once, as a superuser, in the database that has the extension in the schema api.
--
-- Row security lets nobody write these tables, so the role goes past it.  That is no
-- right that its members inherit: they SET ROLE to it, or call functions that it
-- owns, as in sync.sql.

CREATE ROLE apitoken_accounts_writer NOLOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA apitoken, api TO apitoken_accounts_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON
	apitoken.accounts, apitoken.modules, apitoken.users, apitoken.user_accounts,
	apitoken.user_groups, apitoken.user_group_modules, apitoken.user_group_users, apitoken.user_group_buyers,
	apitoken.buyers, apitoken.buyer_errors, apitoken.buyer_sellers, apitoken.sellers
	TO apitoken_accounts_writer;
-- whether a token is there, but nothing of it can be changed
GRANT SELECT ON apitoken.api_tokens TO apitoken_accounts_writer;
GRANT EXECUTE ON FUNCTION
	api.apitoken_sync(jsonb),
	apitoken.refuse_sync(text),
	apitoken.sync_members(),
	apitoken.sync_problem(text, jsonb),
	apitoken.sync_rows(text, jsonb),
	apitoken.sync_list(text, jsonb),
	apitoken.sync_default_groups(jsonb),
	apitoken.sync_kind(text, jsonb),
	apitoken.sync_deleted(text, text[]),
	apitoken.sync_step(text, jsonb, boolean, integer),
	apitoken.disable_of_accounts(text[])
	TO apitoken_accounts_writer;
