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
CREATE ROLE :"portal" LOGIN;
CREATE ROLE :"backoffice" LOGIN;

GRANT USAGE ON SCHEMA api TO :"web", :"portal", :"backoffice";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO :"web", :"portal", :"backoffice";

-- row security asks the two functions
GRANT USAGE ON SCHEMA apitoken TO :"portal", :"backoffice";
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO :"portal", :"backoffice";
GRANT SELECT ON apitoken.api_tokens TO :"portal";
GRANT SELECT, UPDATE ON apitoken.api_tokens TO :"backoffice";
