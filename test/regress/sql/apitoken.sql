-- A first look at an installation: the extension is there, and does what it is for.
CREATE SCHEMA api;
CREATE EXTENSION apitoken SCHEMA api;
SELECT api.apitoken_version() = extversion AS library_fits FROM pg_extension WHERE extname = 'apitoken';

INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES ('ACC-1000-0001', 'Client', 'Contoso', '2026-01-31T22:00:00Z');
INSERT INTO apitoken.api_tokens (account_id, id, name, created_at) VALUES ('ACC-1000-0001', 'TKN-1000-0001', 'Nightly export', '2026-01-31T23:00:00Z');

-- what a token can be, and what is refused
SELECT jsonb_pretty(api.apitoken_get('TKN-1000-0001'));
SELECT api.apitoken_disable('TKN-1000-0001', '-*,+id,+status');
SELECT api.apitoken_disable('TKN-1000-0001');
SELECT api.apitoken_enable('TKN-1000-0001', '-*,+id,+status');
SELECT api.apitoken_disable_all('ACC-1000-0001');
SELECT api.apitoken_delete('TKN-1000-0001');
SELECT api.apitoken_enable('TKN-1000-0001');
SELECT api.apitoken_disable('TKN-9999-9999');
SELECT api.apitoken_disable(NULL);
SELECT api.apitoken_get('TKN-1000-0001', 'nothing');
SELECT from_status, to_status, actor_id
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1000-0001' ORDER BY id;

-- a new one authenticates, and acts
SELECT api.apitoken_create('{"account": {"id": "ACC-1000-0001"}, "name": "New"}') ->> 'token' AS secret \gset
SELECT api.apitoken_authenticate(:'secret') #>> '{account,id}' AS account;
SELECT api.apitoken_create('{"account": {"id": "ACC-1000-0001"}, "name": "<New>"}');
SELECT api.apitoken_authenticate('idt:TKN-1000-0001:guessed');

-- nobody else may anything
CREATE ROLE regress_apitoken_nobody;
SET ROLE regress_apitoken_nobody;
SELECT api.apitoken_get('TKN-1000-0001');
RESET ROLE;
GRANT USAGE ON SCHEMA api TO regress_apitoken_nobody;
GRANT EXECUTE ON FUNCTION api.apitoken_get TO regress_apitoken_nobody;
SET ROLE regress_apitoken_nobody;
SELECT api.apitoken_get('TKN-1000-0001');
RESET ROLE;

DROP EXTENSION apitoken;
DROP SCHEMA api;
DROP ROLE regress_apitoken_nobody;
