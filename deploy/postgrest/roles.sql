-- Roles for PostgREST: run once, as a superuser, in the database that has the
-- extension in the schema api.
--
-- PostgREST logs in as "authenticator" and becomes "apitoken_web" for each
-- request, or "apitoken_rescue" where it is the one for the calls that stop
-- tokens.  None has any right on a table: who may what is decided by the
-- functions, from the credential of the request.  Set a password with
-- \password authenticator, unless pg_hba.conf lets the system user of that
-- name in ("peer").

CREATE ROLE apitoken_web NOLOGIN;
CREATE ROLE apitoken_rescue NOLOGIN;
CREATE ROLE authenticator LOGIN NOINHERIT;
GRANT apitoken_web, apitoken_rescue TO authenticator;

GRANT USAGE ON SCHEMA api TO apitoken_web, apitoken_rescue;
GRANT EXECUTE ON FUNCTION
	api.apitoken_pre_request(),
	api.apitoken_version(),
	api.apitoken_create(jsonb),
	api.apitoken_get(text, text),
	api.apitoken_list(text),
	api.apitoken_feed(text, integer),
	api.apitoken_update(text, jsonb, text),
	api.apitoken_disable(text, text),
	api.apitoken_disable(text, text, text),
	api.apitoken_enable(text, text),
	api.apitoken_ensure_disabled(text, boolean, text),
	api.apitoken_disable_all(text),
	api.apitoken_disable_all(text, text, boolean, boolean, text),
	api.apitoken_enable_all(jsonb, boolean),
	api.apitoken_release(text, text),
	api.apitoken_hold_account(text),
	api.apitoken_release_account(text),
	api.apitoken_delete(text),
	api.apitoken_delete(text, text),
	api.apitoken_rotate(text, interval, text),
	api.apitoken_revoke(text[], text)
	TO apitoken_web;
GRANT EXECUTE ON FUNCTION
	api.apitoken_pre_request(),
	api.apitoken_disable(text, text),
	api.apitoken_disable(text, text, text),
	api.apitoken_disable_all(text),
	api.apitoken_disable_all(text, text, boolean, boolean, text),
	api.apitoken_ensure_disabled(text, boolean, text),
	api.apitoken_hold_account(text)
	TO apitoken_rescue;

-- Whoever holds a lock, or asks for much, must not use up PostgREST's
-- connections: others would wait for one, and then be refused.  The calls that
-- stop tokens wait for longer, by rescue.conf: on connections of their own, until
-- apitoken.actor_transaction_timeout has ended whoever may be in their way.
ALTER ROLE authenticator SET lock_timeout = '2s';
ALTER ROLE authenticator SET statement_timeout = '10s';
ALTER ROLE authenticator SET idle_in_transaction_session_timeout = '10s';

-- JWTs, for users: the claim "sub" names the user who acts.  It is believed in
-- sessions that this role has opened, and PostgREST alone logs in as it.
ALTER ROLE authenticator SET apitoken.jwt_authenticator = 'authenticator';
ALTER ROLE authenticator SET apitoken.jwt_actor_claim = 'sub';

-- The trail has the client's address and the request's id, which nginx hands on in
-- X-Apitoken-Client and X-Request-Id: PostgREST's own address says nothing.
ALTER ROLE authenticator SET apitoken.proxy_authenticator = 'authenticator';
