/*
 * The accounts from :from to :to, with everything that belongs to them.
 *
 * Foreign keys and triggers are off, for speed; sql/check.sql sees that all
 * that they would have seen to is so.
 */
SET session_replication_role = replica;
SET search_path = pg_catalog, pg_temp;
SET synchronous_commit = off;
BEGIN;

CREATE TEMPORARY TABLE a ON COMMIT DROP AS
	SELECT n, c.*, bench.account_id(n) AS id,
			bench.pick(n, 0, 'Contoso', 'Fabrikam', 'Northwind', 'Tailspin', 'Adatum', 'Litware', 'Proseware', 'Wingtip') || ' '
				|| bench.pick(n, 1, 'Retail', 'Foods', 'Logistics', 'Energy', 'Research', 'Partners') || ' ' || n AS name,
			bench.pick(n, 2, 'Zurich', 'London', 'Paris', 'Wien', 'Dublin', 'Genève', 'København', 'Łódź') AS city,
			bench.pick(n, 3, 'CH', 'GB', 'FR', 'AT', 'IE', 'CH', 'DK', 'PL') AS country
		FROM generate_series(:from, :to) n
		JOIN bench.classes c ON n BETWEEN c.first_account AND c.last_account;

INSERT INTO apitoken.accounts (id, type, status, name, description, icon, external_id, external_name, pyra_tenant_id, service_level,
		address_line1, address_line2, post_code, city, state, country, technical_support_email, website, created_at, created_by_type,
		created_by_id, updated_at, updated_by_type, updated_by_id)
	SELECT id, CASE n % 20 WHEN 0 THEN 'Vendor' ELSE 'Client' END, 'Active', name,
			CASE WHEN n % 2 = 0 THEN 'An account of the class ' || class END, '/icons/' || id || '.png',
			'C-' || 100000 + n, name || ' SE', md5(id)::uuid, bench.pick(n, 4, 'Express', 'Standard', 'Elite'),
			1 + n % 200 || ' High Street', CASE WHEN n % 4 = 0 THEN 'Floor ' || n % 9 END, to_char(n % 10000, 'FM0000'), city,
			CASE WHEN n % 3 = 0 THEN 'ZH' END, country, 'it@' || n || '.example', 'https://' || n || '.example',
			bench.moment(n, 6), 'user', bench.part_id('USR', 0, 1 + n % 5),
			timestamptz '2025-11-20 13:14:15.160Z', 'user', bench.part_id('USR', n, 1)
		FROM a;

INSERT INTO apitoken.users (id, status, name, first_name, last_name, email, phone_prefix, phone_number, icon, culture_code,
		language_code, last_login_at, current_account_id, created_at, created_by_type, created_by_id, updated_at, updated_by_type,
		updated_by_id)
	SELECT bench.part_id('USR', n, u), CASE u % 25 WHEN 24 THEN 'Invited' ELSE 'Active' END, first || ' ' || last, first, last,
			lower(first) || u || '@' || n || '.example', CASE WHEN u % 4 > 0 THEN '+41' END,
			CASE WHEN u % 4 > 0 THEN to_char(440000000 + u, 'FM000000000') END, CASE WHEN u % 3 > 0 THEN '/icons/' || n || '/' || u || '.png' END,
			'en-GB', 'en', CASE WHEN u % 25 < 24 THEN bench.moment(n * 4096::bigint + u, 10, 900) END, id,
			bench.moment(n * 4096::bigint + u, 12), 'user', CASE u WHEN 1 THEN bench.part_id('USR', 0, 1 + n % 5) ELSE bench.part_id('USR', n, 1) END,
			CASE WHEN u % 2 = 0 THEN timestamptz '2025-10-01 05:05:05.055Z' END, CASE WHEN u % 2 = 0 THEN 'user' END,
			CASE WHEN u % 2 = 0 THEN bench.part_id('USR', n, u) END
		FROM a
		CROSS JOIN LATERAL generate_series(1, a.users) u
		CROSS JOIN LATERAL (SELECT
			bench.pick(n * 4096::bigint + u, 14, 'Clara', 'Wei', 'Carl', 'Mia', 'Zoë', 'Niamh', 'Omar', 'Olga', 'Jürgen', 'Aiko') AS first,
			bench.pick(n * 4096::bigint + u, 15, 'Jones', 'Chen', 'O''Neil', 'Novak', 'Müller', 'Byrne', 'Haddad', 'Petrova') AS last) names;

INSERT INTO apitoken.user_accounts (account_id, user_id)
	SELECT id, bench.part_id('USR', n, u) FROM a CROSS JOIN LATERAL generate_series(1, a.users) u;

INSERT INTO apitoken.user_groups (account_id, id, name, description, logo, is_default, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id)
	SELECT id, bench.part_id('UGR', n, g), CASE g WHEN 1 THEN 'Everyone' ELSE 'Group ' || g END,
			CASE WHEN g % 2 = 1 THEN 'Group number ' || g || ' of ' || name END, '/logos/' || n || '/' || g || '.png', g = 1,
			bench.moment(n * 4096::bigint + g, 16), 'user', bench.part_id('USR', n, 1 + g % LEAST(users, 7)),
			timestamptz '2025-12-03 12:00:00Z' + g * interval '1 hour', CASE g % 10 WHEN 5 THEN 'token' ELSE 'user' END,
			CASE g % 10 WHEN 5 THEN bench.token_id(n) ELSE bench.part_id('USR', n, 1 + g % LEAST(users, 5)) END
		FROM a CROSS JOIN LATERAL generate_series(1, a.groups) g;

INSERT INTO apitoken.user_group_modules (account_id, user_group_id, module_id)
	SELECT id, bench.part_id('UGR', n, g), to_char(m, '"MOD-"FM0000')
		FROM a CROSS JOIN LATERAL generate_series(1, a.groups) g CROSS JOIN LATERAL generate_series(1, a.modules) m;

INSERT INTO apitoken.user_group_users (account_id, user_group_id, user_id)
	SELECT id, bench.part_id('UGR', n, g), bench.part_id('USR', n, 1 + ((g - 1) * group_users + p) % users)
		FROM a CROSS JOIN LATERAL generate_series(1, a.groups) g CROSS JOIN LATERAL generate_series(0, a.group_users - 1) p;

INSERT INTO apitoken.buyers (account_id, id, status, name, icon, contact_id, erp_company_contact, erp_customer, account_external_id,
		address_line1, address_line2, post_code, city, state, country, tax_id, created_at, created_by_type, created_by_id)
	SELECT id, bench.part_id('BUY', n, b), 'Active', name || ' ' || b, '/icons/' || n || '/buyer' || b || '.png',
			CASE WHEN b % 10 > 0 THEN bench.part_id('USR', n, 1 + b % users) END, 'CC-' || b, 'EC-' || b, 'C-' || 100000 + n,
			b || ' Harbour Road', CASE WHEN b % 4 = 0 THEN 'Gate ' || b END, to_char(b % 10000, 'FM0000'), city, NULL, country,
			country || 100000000 + b, bench.moment(n * 4096::bigint + b, 20), 'user', bench.part_id('USR', n, 1)
		FROM a CROSS JOIN LATERAL generate_series(1, a.buyers) b;

-- A null among the parameters, and null parameters: both are part of an answer.
INSERT INTO apitoken.buyer_errors (account_id, buyer_id, ordinal, id, message, parameters)
	SELECT id, bench.part_id('BUY', n, b), e, CASE e WHEN 1 THEN 'ERP-001' ELSE 'TAX-007' END,
			CASE e WHEN 1 THEN 'There is no customer in the ERP system' ELSE 'The tax id is not valid' END,
			CASE e WHEN 2 THEN jsonb_build_object('country', country, 'taxId', NULL) END
		FROM a CROSS JOIN LATERAL generate_series(1, a.buyers) b CROSS JOIN generate_series(1, 2) e
		WHERE (n + b) % 5 = 0;

INSERT INTO apitoken.buyer_sellers (account_id, buyer_id, seller_id)
	SELECT id, bench.part_id('BUY', n, b), to_char(1 + (n + b) % 20, '"SEL-"FM0000"-0001"')
		FROM a CROSS JOIN LATERAL generate_series(1, a.buyers) b;

INSERT INTO apitoken.user_group_buyers (account_id, user_group_id, buyer_id)
	SELECT id, bench.part_id('UGR', n, g), bench.part_id('BUY', n, 1 + ((g - 1) * group_buyers + p) % buyers)
		FROM a CROSS JOIN LATERAL generate_series(1, a.groups) g CROSS JOIN LATERAL generate_series(0, a.group_buyers - 1) p;

CREATE TEMPORARY TABLE t ON COMMIT DROP AS
	SELECT a.*, n + k * :accounts AS token, k FROM a CROSS JOIN generate_series(0, 9) k;

-- as a restore does: nothing of it is an event
SET LOCAL row_security = off;
INSERT INTO apitoken.api_tokens (account_id, id, status, name, description, icon, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id)
	SELECT id, bench.token_id(token), CASE WHEN k < 8 THEN 'Active' WHEN k = 8 THEN 'Disabled' ELSE 'Deleted' END,
			bench.pick(token, 24, 'Nightly export', 'Order desk', 'Warehouse', 'Reporting', 'Invoices') || ' ' || k,
			'What ' || name || ' uses for number ' || k, CASE WHEN k % 2 = 0 THEN '/icons/token' || k || '.png' END,
			bench.moment(token, 26), 'user', bench.part_id('USR', n, 1 + k % users),
			CASE WHEN k >= 8 THEN timestamptz '2026-01-01 00:00:00.001Z' END, CASE WHEN k >= 8 THEN 'user' END,
			CASE WHEN k >= 8 THEN bench.part_id('USR', n, 1) END
		FROM t;

INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest, last_access_at)
	SELECT id, bench.token_id(token), sha256(convert_to(bench.secret(token), 'UTF8')), bench.moment(token, 28, 760) FROM t;

INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id)
	SELECT id, bench.token_id(token), to_char(m, '"MOD-"FM0000')
		FROM t CROSS JOIN LATERAL generate_series(1, LEAST(t.modules, 3)) m;

INSERT INTO apitoken.actors (type, id, account_id)
	SELECT 'user', bench.part_id('USR', n, u), NULL FROM a CROSS JOIN LATERAL generate_series(1, a.users) u
	UNION ALL SELECT 'token', bench.token_id(token), id FROM t;
COMMIT;
