-- PostgREST for the schema shop, beside api: run after orders.sql and
-- ../postgrest/roles.sql, as a superuser.  In postgrest.conf:
--
--	db-schemas = "shop, api"
--	db-pre-request = "shop.pre_request"

GRANT shop_web TO apitoken_web;

-- A user of several accounts, whom a JWT names, says by a header for which he acts.
-- If he is not in that account, he acts for none.
CREATE FUNCTION shop.pre_request() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('apitoken.account', coalesce(nullif(current_setting('request.headers', true), '')::json ->> 'x-account', ''), true);
	PERFORM api.apitoken_pre_request();
END
$$;
REVOKE ALL ON FUNCTION shop.pre_request() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.pre_request() TO apitoken_web;
