/*
 * What the clients find: the sample marketplace, and three login roles, named
 * by the variables web, portal and backoffice:
 *
 *	web         calls the functions and nothing else
 *	portal      also reads the tokens, as far as its transaction's actor may
 *	backoffice  reads and changes every token: a trusted role
 */
\ir ../marketplace.sql

CREATE ROLE :"web" LOGIN;
GRANT USAGE ON SCHEMA api TO :"web";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO :"web";

CREATE ROLE :"portal" LOGIN;
GRANT USAGE ON SCHEMA api TO :"portal";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO :"portal";
GRANT USAGE ON SCHEMA apitoken TO :"portal";
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO :"portal";
GRANT SELECT ON apitoken.api_tokens TO :"portal";

CREATE ROLE :"backoffice" LOGIN;
GRANT USAGE ON SCHEMA api TO :"backoffice";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO :"backoffice";
GRANT USAGE ON SCHEMA apitoken TO :"backoffice";
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO :"backoffice";
GRANT SELECT, UPDATE ON apitoken.api_tokens TO :"backoffice";
GRANT SELECT ON apitoken.accounts, apitoken.users, apitoken.modules, apitoken.api_token_modules TO :"backoffice";
GRANT SELECT ON apitoken.user_groups, apitoken.user_group_modules, apitoken.user_group_users TO :"backoffice";
GRANT SELECT ON apitoken.user_group_buyers, apitoken.buyers, apitoken.buyer_errors TO :"backoffice";
