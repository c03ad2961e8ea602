/*
 * Who runs the marketplace, and the data that all accounts share.
 */
SET session_replication_role = replica;
SET search_path = pg_catalog, pg_temp;
BEGIN;

INSERT INTO apitoken.accounts (id, type, name, created_at) VALUES
	(bench.account_id(0), 'Operations', 'Marketplace Operations', '2023-12-01 08:00:00Z');
INSERT INTO apitoken.users (id, name, first_name, last_name, email, icon, current_account_id, created_at)
	SELECT bench.part_id('USR', 0, n), 'Operator ' || n, 'Operator', n::text, 'operator' || n || '@marketplace.example',
			'/icons/operator' || n || '.png', bench.account_id(0), '2023-12-01 08:00:01Z'
		FROM generate_series(1, 5) n;
INSERT INTO apitoken.user_accounts
	SELECT bench.account_id(0), bench.part_id('USR', 0, n) FROM generate_series(1, 5) n;
INSERT INTO apitoken.actors (type, id)
	SELECT 'user', bench.part_id('USR', 0, n) FROM generate_series(1, 5) n;

INSERT INTO apitoken.modules (id, code, name, description, is_configurable, is_enabled_by_default, paid, filters_group_buyers,
		settings_shared_account, settings_configurable, settings_default, settings_paid, settings_type, account_types, created_at,
		created_by_type, created_by_id, updated_at, updated_by_type, updated_by_id)
	SELECT to_char(n, '"MOD-"FM0000'), CASE n WHEN 1 THEN 'access-management' ELSE 'module-' || n END,
			CASE n WHEN 1 THEN 'Access management' ELSE 'Module ' || n END, 'What module number ' || n || ' lets somebody do',
			n % 2 = 0, n % 3 > 0, n % 5 = 0, CASE WHEN n % 4 > 0 THEN ARRAY['selected', 'all'] END, n % 2 = 0, n % 3 = 0, true, n % 5 = 0,
			ARRAY['Client'], ARRAY['Client', 'Vendor', 'Operations'], bench.moment(n, 0, 30),
			'user', bench.part_id('USR', 0, 1 + n % 5), timestamptz '2025-06-01 10:00:00Z' + n * interval '1 hour',
			'user', bench.part_id('USR', 0, 1 + n % 3)
		FROM generate_series(1, 40) n;

INSERT INTO apitoken.sellers (id, name, created_at)
	SELECT to_char(n, '"SEL-"FM0000"-0001"'), 'Seller ' || n, bench.moment(n, 2, 30) FROM generate_series(1, 20) n;
COMMIT;
