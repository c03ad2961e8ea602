-- An application's own tenants, people and memberships, and triggers that keep the
-- extension's accounts, users and user groups in step with them: an example to
-- change.  Run after accounts.sql, as a superuser.
--
-- The functions belong to apitoken_accounts_writer and run as it, whoever writes to
-- the application's tables; he needs no right to the extension's.  Each statement is
-- taken over as a whole, however many rows it changes.

CREATE SCHEMA IF NOT EXISTS shop;
GRANT USAGE ON SCHEMA shop TO apitoken_accounts_writer;

CREATE TABLE shop.tenants (
	id integer PRIMARY KEY,
	name text NOT NULL,
	active boolean NOT NULL DEFAULT true
);
CREATE TABLE shop.people (
	id integer PRIMARY KEY,
	name text NOT NULL,
	email text,
	active boolean NOT NULL DEFAULT true
);
CREATE TABLE shop.members (
	tenant_id integer NOT NULL REFERENCES shop.tenants ON DELETE CASCADE,
	person_id integer NOT NULL REFERENCES shop.people ON DELETE CASCADE,
	is_administrator boolean NOT NULL DEFAULT false,
	PRIMARY KEY (tenant_id, person_id)
);
CREATE INDEX members_person_id_idx ON shop.members (person_id);
GRANT SELECT ON shop.members TO apitoken_accounts_writer;

-- What there is to hold.
SELECT api.apitoken_sync('{"modules": [
	{"id": "MOD-0001", "code": "access-management", "name": "Access management", "accountTypes": ["Client", "Vendor", "Operations"]},
	{"id": "MOD-0003", "code": "orders", "name": "Orders", "accountTypes": ["Client"]}]}');

-- A tenant is an account; what it offers bounds what its groups and tokens hold.
CREATE FUNCTION shop.sync_tenants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM api.apitoken_sync(jsonb_build_object('accounts', COALESCE(jsonb_agg(CASE TG_OP
			WHEN 'DELETE' THEN jsonb_build_object('id', 'tenant-' || c.id, 'deleted', true)
			ELSE jsonb_build_object('id', 'tenant-' || c.id, 'name', c.name, 'status', CASE WHEN c.active THEN 'Active' ELSE 'Disabled' END,
				'modules', '[{"id": "MOD-0001"}, {"id": "MOD-0003"}]'::jsonb) END), '[]')))
		FROM changed c;
	RETURN NULL;
END
$$;

-- A person is a user.
CREATE FUNCTION shop.sync_people() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM api.apitoken_sync(jsonb_build_object('users', COALESCE(jsonb_agg(CASE TG_OP
			WHEN 'DELETE' THEN jsonb_build_object('id', 'person-' || c.id, 'deleted', true)
			ELSE jsonb_build_object('id', 'person-' || c.id, 'name', c.name, 'email', c.email,
				'status', CASE WHEN c.active THEN 'Active' ELSE 'Blocked' END) END), '[]')))
		FROM changed c;
	RETURN NULL;
END
$$;

-- Who is in which account, and in which of its two groups: all of whom, and all of
-- which, a statement has touched.
CREATE FUNCTION shop.sync_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM api.apitoken_sync(jsonb_build_object(
		'users', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', 'person-' || c.person_id, 'accounts',
				(SELECT COALESCE(jsonb_agg(jsonb_build_object('id', 'tenant-' || m.tenant_id)), '[]')
					FROM shop.members m WHERE m.person_id = c.person_id))), '[]')
			FROM (SELECT DISTINCT person_id FROM changed) c),
		'groups', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', format('tenant-%s-%s', c.tenant_id, g.name), 'name', g.name,
				'account', jsonb_build_object('id', 'tenant-' || c.tenant_id), 'modules', g.modules, 'users',
				(SELECT COALESCE(jsonb_agg(jsonb_build_object('id', 'person-' || m.person_id)), '[]')
					FROM shop.members m WHERE m.tenant_id = c.tenant_id AND m.is_administrator = (g.name = 'administrators')))), '[]')
			FROM (SELECT DISTINCT tenant_id FROM changed) c,
				(VALUES ('administrators', '[{"id": "MOD-0001"}, {"id": "MOD-0003"}]'::jsonb), ('members', '[{"id": "MOD-0003"}]')) AS g (name, modules))));
	RETURN NULL;
END
$$;

ALTER FUNCTION shop.sync_tenants() OWNER TO apitoken_accounts_writer;
ALTER FUNCTION shop.sync_people() OWNER TO apitoken_accounts_writer;
ALTER FUNCTION shop.sync_members() OWNER TO apitoken_accounts_writer;

CREATE TRIGGER sync_insert AFTER INSERT ON shop.tenants REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_tenants();
CREATE TRIGGER sync_update AFTER UPDATE ON shop.tenants REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_tenants();
CREATE TRIGGER sync_delete AFTER DELETE ON shop.tenants REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_tenants();

CREATE TRIGGER sync_insert AFTER INSERT ON shop.people REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_people();
CREATE TRIGGER sync_update AFTER UPDATE ON shop.people REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_people();
CREATE TRIGGER sync_delete AFTER DELETE ON shop.people REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_people();

CREATE TRIGGER sync_insert AFTER INSERT ON shop.members REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_members();
CREATE TRIGGER sync_update AFTER UPDATE ON shop.members REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_members();
CREATE TRIGGER sync_delete AFTER DELETE ON shop.members REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION shop.sync_members();
