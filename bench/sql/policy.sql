/*
 * An application's table, three times: its policy asks the extension, compares
 * each row with a setting, or reads the setting once.  No index has the account: all
 * of them look at every row that a query would.
 */
SET client_min_messages = warning;
CREATE ROLE bench_application LOGIN;
GRANT USAGE ON SCHEMA api, bench TO bench_application;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api, bench TO bench_application;

DO $$
DECLARE
	contender record;
BEGIN
	FOR contender IN SELECT * FROM (VALUES
		('extension', 'account_id = (SELECT api.apitoken_actor_account())'),
		('setting', 'account_id = current_setting(''shop.account'')'),
		('setting_once', 'account_id = (SELECT current_setting(''shop.account''))')) AS c (name, condition)
	LOOP
		EXECUTE format($t$
			CREATE TABLE bench.orders_%1$s (id integer PRIMARY KEY, account_id text NOT NULL, day integer NOT NULL, amount numeric NOT NULL, item text NOT NULL);
			INSERT INTO bench.orders_%1$s
				SELECT n, bench.account_id(1 + n %% 10), n / 10 %% 1000, n %% 1000, 'item ' || n FROM generate_series(1, 100000) n;
			CREATE INDEX ON bench.orders_%1$s (day);
			ALTER TABLE bench.orders_%1$s ENABLE ROW LEVEL SECURITY;
			CREATE POLICY tenant ON bench.orders_%1$s USING (%2$s);
			GRANT SELECT ON bench.orders_%1$s TO bench_application;
			$t$, contender.name, contender.condition);
	END LOOP;
END
$$;
VACUUM (FREEZE, ANALYZE) bench.orders_extension, bench.orders_setting, bench.orders_setting_once;
