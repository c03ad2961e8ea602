/*
 * What the sessions of actors.py work on: an account with a dozen tokens that may
 * administer it and as many others; a role that has EXECUTE alone; and what says
 * afterwards who has done what, in the transactions that have done it.
 */
INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACTORS', 'Client', 'Actors');
INSERT INTO apitoken.modules (id, code, name, account_types) VALUES
	('MOD-1', 'access-management', 'Access management', '{Client}'), ('MOD-2', 'orders', 'Orders', '{Client}');
INSERT INTO apitoken.user_groups (account_id, id, name, is_default) VALUES ('ACTORS', 'UGR-ACTORS', 'Everybody', true);
INSERT INTO apitoken.user_group_modules SELECT 'ACTORS', 'UGR-ACTORS', id FROM apitoken.modules;

CREATE ROLE web LOGIN;
GRANT USAGE ON SCHEMA api TO web;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO web;

-- what the trail does not tell of: names, which say by whom they were given, and modules
CREATE TABLE renamed (actor text, token text);
CREATE TABLE held (token text, held boolean);
CREATE TABLE disabled_all (account text);

CREATE FUNCTION note_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	BEGIN
		INSERT INTO renamed VALUES (split_part(NEW.name, ' ', 1), NEW.id);
		RETURN NULL;
	END $$;
CREATE TRIGGER note_name AFTER UPDATE ON apitoken.api_tokens FOR EACH ROW
	WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION note_name();

CREATE FUNCTION note_module() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	BEGIN
		INSERT INTO held VALUES (COALESCE(NEW.api_token_id, OLD.api_token_id), TG_OP = 'INSERT');
		RETURN NULL;
	END $$;
CREATE TRIGGER note_module_given AFTER INSERT ON apitoken.api_token_modules FOR EACH ROW
	WHEN (NEW.module_id = 'MOD-1') EXECUTE FUNCTION note_module();
CREATE TRIGGER note_module_taken AFTER DELETE ON apitoken.api_token_modules FOR EACH ROW
	WHEN (OLD.module_id = 'MOD-1') EXECUTE FUNCTION note_module();

INSERT INTO apitoken.api_tokens (account_id, id, name)
	SELECT 'ACTORS', kind || n, kind || n FROM unnest('{ACTOR-,OTHER-}'::text[]) kind, generate_series(1, 12) n;
INSERT INTO apitoken.api_token_modules
	SELECT account_id, id, module FROM apitoken.api_tokens, unnest('{MOD-1,MOD-2}'::text[]) module WHERE id LIKE 'ACTOR-%';
INSERT INTO apitoken.api_token_credentials
	SELECT account_id, id, sha256(convert_to(format('idt:%s:secret', id), 'UTF8')), NULL FROM apitoken.api_tokens WHERE id LIKE 'ACTOR-%';
VACUUM ANALYZE;
