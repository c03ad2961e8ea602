-- An application's own tables, protected by API tokens: an example to change.
-- Run as a superuser, or as a role that may create roles and schemas, in the
-- database that has the extension in the schema api.
--
-- "shop" is what the application's pools log in as.  It has its rights from
-- "shop_web", which is for whatever serves requests; PostgREST's role gets them
-- in postgrest.sql.

CREATE ROLE shop_web NOLOGIN;
CREATE ROLE shop LOGIN;
GRANT shop_web TO shop;

CREATE SCHEMA shop;
GRANT USAGE ON SCHEMA shop, api TO shop_web;
GRANT EXECUTE ON FUNCTION
	api.apitoken_authenticate(text),
	api.apitoken_actor(),
	api.apitoken_actor_account(),
	api.apitoken_actor_holds(text),
	api.apitoken_require(text),
	api.apitoken_guard(text)
	TO shop_web;

-- Whose an order is, and who made it, is not for the client to say.
CREATE TABLE shop.orders (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account_id text NOT NULL DEFAULT api.apitoken_actor_account(),
	item text NOT NULL,
	quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0),
	created_by text DEFAULT api.apitoken_actor() ->> 'id',
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_account_id_idx ON shop.orders (account_id, id);
GRANT SELECT, INSERT (item, quantity), UPDATE (item, quantity), DELETE ON shop.orders TO shop_web;

CREATE TABLE shop.invoices (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account_id text NOT NULL,
	amount numeric NOT NULL
);
CREATE INDEX invoices_account_id_idx ON shop.invoices (account_id, id);
GRANT SELECT ON shop.invoices TO shop_web;

-- Each (SELECT ...) is asked once a statement, and the index is used.
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.invoices ENABLE ROW LEVEL SECURITY;

-- by account and module; nobody gets PT401, and who lacks the module PT403
CREATE POLICY tenant ON shop.orders USING (account_id = (SELECT api.apitoken_require('orders')));

-- the same, but whoever may not see them sees none
CREATE POLICY tenant ON shop.invoices FOR SELECT
	USING (account_id = (SELECT api.apitoken_actor_account()) AND (SELECT api.apitoken_actor_holds('billing')));

-- What a token has written is committed only if it is still Active then, and still
-- holds the module.  Whom no policy binds needs none.
CREATE FUNCTION shop.guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF row_security_active(TG_RELID) THEN
		PERFORM api.apitoken_guard(TG_ARGV[0]);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER guard AFTER INSERT OR UPDATE OR DELETE ON shop.orders
	FOR EACH STATEMENT EXECUTE FUNCTION shop.guard('orders');
