-- A small marketplace: the data of make demo, of make shell and of tests.
--
-- Operations, two vendors and three clients, with their user groups, modules,
-- users, buyers, sellers and API tokens.  Everything is fixed, dates included.
--
-- The secret of a token is idt:<id>:<opaque>, where opaque is the base64url of
-- sha256('demo ' || id); so a test can work it out, and nobody need remember it:
--
--	SELECT format('idt:%s:%s', id, translate(rtrim(encode(sha256(convert_to(
--		'demo ' || id, 'UTF8')), 'base64'), '='), '+/', '-_'))

BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;

INSERT INTO apitoken.modules (id, code, name, description, is_configurable, is_enabled_by_default, paid,
		filters_group_buyers, settings_shared_account, settings_configurable, settings_default, settings_paid,
		settings_type, account_types, created_at) VALUES
	('MOD-0001', 'access-management', 'Access management', 'Users, user groups and API tokens of the own account',
		false, true, false, NULL, false, false, true, false, '{Client,Vendor,Operations}', '{Client,Vendor,Operations}',
		'2024-01-02 08:00:00Z'),
	('MOD-0002', 'account-management', 'Account management', 'Every account of the marketplace',
		false, true, false, NULL, false, false, true, false, '{Operations}', '{Operations}', '2024-01-02 08:00:00Z'),
	('MOD-0003', 'orders', 'Orders', 'Place and follow orders', true, true, false, '{selected,all}', true, true, true,
		false, '{Client}', '{Client}', '2024-01-02 08:00:00Z'),
	('MOD-0004', 'billing', 'Billing', 'Invoices and statements', true, true, false, '{selected,all}', true, true, true,
		false, '{Client,Vendor}', '{Client,Vendor,Operations}', '2024-01-02 08:00:00Z'),
	('MOD-0005', 'catalog', 'Catalog', 'Products and price lists', true, true, false, NULL, false, true, true, false,
		'{Vendor}', '{Vendor,Operations}', '2024-01-02 08:00:00Z'),
	('MOD-0006', 'insights', 'Insights', 'Spend analysis', true, false, true, '{all}', true, true, false, true,
		'{Client}', '{Client}', '2024-06-10 08:00:00Z');

INSERT INTO apitoken.accounts (id, type, status, name, description, icon, external_id, external_name, pyra_tenant_id,
		service_level, address_line1, post_code, city, state, country, technical_support_email, website, created_at) VALUES
	('ACC-0001-0001', 'Operations', 'Active', 'Marketplace Operations', 'Runs the marketplace', '/icons/operations.png',
		NULL, NULL, NULL, 'Elite', '1 Market Square', '8001', 'Zurich', 'ZH', 'CH', 'support@operations.example',
		'https://operations.example', '2024-01-02 08:00:00Z'),
	('ACC-2001-3344', 'Vendor', 'Active', 'Northwind Cloud', 'Infrastructure by the hour', '/icons/northwind.png',
		'NW-77', 'Northwind Cloud Ltd', NULL, 'Express', '5 Harbour Road', 'D02', 'Dublin', NULL, 'IE',
		'help@northwind.example', 'https://northwind.example', '2024-02-05 09:12:30.120Z'),
	('ACC-2002-5566', 'Vendor', 'Enabled', 'Atelier "Grün"', NULL, NULL, NULL, NULL, NULL, NULL,
		'Rosengasse 3', '1010', 'Wien', NULL, 'AT', NULL, NULL, '2024-02-06 10:00:00Z'),
	('ACC-3001-7788', 'Client', 'Active', 'Contoso Retail', 'Shops in eleven countries', '/icons/contoso.png',
		'C-100234', 'Contoso Retail SE', '9f1c1d5e-6b0a-4c8e-9a52-0e2f5a6b7c8d', 'Express', '12 High Street', 'EC1A 1BB',
		'London', NULL, 'GB', 'it@contoso.example', 'https://contoso.example', '2024-03-11 07:45:10.007Z'),
	('ACC-3002-9900', 'Client', 'Active', 'Fabrikam', NULL, NULL, 'C-100235', NULL, NULL, 'Standard',
		NULL, NULL, 'Paris', NULL, 'FR', NULL, NULL, '2024-03-12 07:45:10Z'),
	('ACC-3003-1122', 'Client', 'Disabled', 'Tailspin Toys', 'Left the marketplace', NULL, NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-03-13 07:45:10Z');

INSERT INTO apitoken.users (id, status, name, first_name, last_name, email, phone_prefix, phone_number, icon,
		culture_code, language_code, last_login_at, current_account_id, created_at, created_by_type, created_by_id,
		updated_at, updated_by_type, updated_by_id) VALUES
	('USR-0001-0001', 'Active', 'Olga Petrova', 'Olga', 'Petrova', 'olga@operations.example', '+41', '441234567',
		'/icons/olga.png', 'de-CH', 'de', '2026-01-30 07:01:02.003Z', 'ACC-0001-0001', '2024-01-02 08:00:00Z',
		NULL, NULL, NULL, NULL, NULL),
	('USR-0001-0002', 'Active', 'Omar Haddad', 'Omar', 'Haddad', 'omar@operations.example', NULL, NULL, NULL,
		'en-GB', 'en', '2026-01-29 16:20:00Z', 'ACC-0001-0001', '2024-01-03 08:00:00Z', 'user', 'USR-0001-0001',
		NULL, NULL, NULL),
	('USR-2001-0001', 'Active', 'Niamh Byrne', 'Niamh', 'Byrne', 'niamh@northwind.example', '+353', '15550100', NULL,
		'en-IE', 'en', '2026-01-15 09:00:00Z', 'ACC-2001-3344', '2024-02-05 09:12:31Z', 'user', 'USR-0001-0001',
		NULL, NULL, NULL),
	('USR-2002-0001', 'Invited', 'Gerda Grün', 'Gerda', 'Grün', 'gerda@gruen.example', NULL, NULL, NULL, 'de-AT', 'de',
		NULL, NULL, '2024-02-06 10:00:01Z', 'user', 'USR-0001-0001', NULL, NULL, NULL),
	('USR-3001-0001', 'Active', 'Clara Jones', 'Clara', 'Jones', 'clara@contoso.example', '+44', '2079460000',
		'/icons/clara.png', 'en-GB', 'en', '2026-01-31 08:30:00.250Z', 'ACC-3001-7788', '2024-03-11 07:46:00Z',
		'user', 'USR-0001-0001', '2025-05-05 05:05:05.055Z', 'user', 'USR-3001-0001'),
	('USR-3001-0002', 'Active', 'Chen Wei', 'Wei', 'Chen', 'wei@contoso.example', '+44', '2079460001', NULL, 'zh-CN',
		'zh', '2026-01-28 11:11:11.111Z', 'ACC-3001-7788', '2024-03-12 09:00:00Z', 'user', 'USR-3001-0001',
		NULL, NULL, NULL),
	('USR-3001-0003', 'Blocked', 'Carl O''Neil', 'Carl', 'O''Neil', 'carl@contoso.example', NULL, NULL, NULL, NULL,
		NULL, NULL, 'ACC-3001-7788', '2024-03-13 09:00:00Z', 'user', 'USR-3001-0001',
		'2025-09-09 09:09:09.009Z', 'user', 'USR-3001-0002'),
	('USR-3002-0001', 'Active', 'Frédérique Martin', 'Frédérique', 'Martin', 'frederique@fabrikam.example', '+33',
		'155501000', NULL, 'fr-FR', 'fr', '2026-01-20 10:00:00Z', 'ACC-3002-9900', '2024-03-12 07:46:00Z',
		'user', 'USR-0001-0002', NULL, NULL, NULL),
	('USR-3002-0002', 'Active', 'Mia Novak', 'Mia', 'Novak', 'mia@consultants.example', NULL, NULL, NULL, 'en-GB', 'en',
		'2026-01-21 10:00:00Z', 'ACC-3002-9900', '2024-04-01 07:46:00Z', 'user', 'USR-3002-0001', NULL, NULL, NULL),
	('USR-3003-0001', 'Disabled', 'Tim Toys', 'Tim', 'Toys', 'tim@tailspin.example', NULL, NULL, NULL, NULL, NULL,
		NULL, 'ACC-3003-1122', '2024-03-13 07:46:00Z', 'user', 'USR-0001-0002', NULL, NULL, NULL);

-- who made what was there before anybody could be named
UPDATE apitoken.accounts SET created_by_type = 'user', created_by_id = 'USR-0001-0001';
UPDATE apitoken.accounts SET updated_at = '2025-11-20 13:14:15.160Z', updated_by_type = 'user',
	updated_by_id = 'USR-3001-0001' WHERE id = 'ACC-3001-7788';
UPDATE apitoken.modules SET created_by_type = 'user', created_by_id = 'USR-0001-0001';
UPDATE apitoken.modules SET updated_at = '2025-01-15 10:00:00Z', updated_by_type = 'user',
	updated_by_id = 'USR-0001-0001' WHERE code = 'access-management';

INSERT INTO apitoken.user_accounts (account_id, user_id) VALUES
	('ACC-0001-0001', 'USR-0001-0001'), ('ACC-0001-0001', 'USR-0001-0002'),
	('ACC-2001-3344', 'USR-2001-0001'), ('ACC-2002-5566', 'USR-2002-0001'),
	('ACC-3001-7788', 'USR-3001-0001'), ('ACC-3001-7788', 'USR-3001-0002'), ('ACC-3001-7788', 'USR-3001-0003'),
	('ACC-3002-9900', 'USR-3002-0001'), ('ACC-3002-9900', 'USR-3002-0002'), ('ACC-3001-7788', 'USR-3002-0002'),
	('ACC-3003-1122', 'USR-3003-0001');

INSERT INTO apitoken.user_groups (account_id, id, name, description, logo, is_default, created_at, created_by_type,
		created_by_id, updated_at, updated_by_type, updated_by_id) VALUES
	('ACC-0001-0001', 'UGR-0001-0001', 'Everyone', NULL, NULL, true, '2024-01-02 08:00:01Z', 'user', 'USR-0001-0001',
		NULL, NULL, NULL),
	('ACC-0001-0001', 'UGR-0001-0002', 'Billing desk', NULL, NULL, false, '2024-01-04 08:00:01Z', 'user',
		'USR-0001-0001', NULL, NULL, NULL),
	('ACC-2001-3344', 'UGR-2001-0001', 'Everyone', NULL, NULL, true, '2024-02-05 09:12:32Z', 'user', 'USR-0001-0001',
		NULL, NULL, NULL),
	('ACC-2002-5566', 'UGR-2002-0001', 'Everyone', NULL, NULL, true, '2024-02-06 10:00:02Z', 'user', 'USR-0001-0001',
		NULL, NULL, NULL),
	('ACC-3001-7788', 'UGR-3001-0001', 'Everyone', 'All of Contoso', '/logos/contoso.png', true,
		'2024-03-11 07:46:01Z', 'user', 'USR-0001-0001', '2025-02-21 18:02:53.773Z', 'user', 'USR-3001-0001'),
	('ACC-3001-7788', 'UGR-3001-0002', 'Purchasing', 'Orders and what they cost', NULL, false,
		'2024-05-02 12:00:00Z', 'user', 'USR-3001-0001', '2024-05-03 12:00:00Z', 'user', 'USR-3001-0001'),
	('ACC-3001-7788', 'UGR-3001-0003', 'Auditors', NULL, NULL, false, '2025-08-01 12:00:00Z', 'user', 'USR-3001-0002',
		NULL, NULL, NULL),
	('ACC-3002-9900', 'UGR-3002-0001', 'Everyone', NULL, NULL, true, '2024-03-12 07:46:01Z', 'user', 'USR-0001-0002',
		NULL, NULL, NULL);

INSERT INTO apitoken.user_group_modules (account_id, user_group_id, module_id) VALUES
	('ACC-0001-0001', 'UGR-0001-0001', 'MOD-0001'), ('ACC-0001-0001', 'UGR-0001-0001', 'MOD-0002'),
	('ACC-0001-0001', 'UGR-0001-0001', 'MOD-0004'), ('ACC-0001-0001', 'UGR-0001-0002', 'MOD-0004'),
	('ACC-2001-3344', 'UGR-2001-0001', 'MOD-0001'), ('ACC-2001-3344', 'UGR-2001-0001', 'MOD-0005'),
	('ACC-2002-5566', 'UGR-2002-0001', 'MOD-0005'),
	('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0001'), ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0003'),
	('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0004'), ('ACC-3001-7788', 'UGR-3001-0002', 'MOD-0003'),
	('ACC-3001-7788', 'UGR-3001-0002', 'MOD-0004'), ('ACC-3001-7788', 'UGR-3001-0003', 'MOD-0004'),
	('ACC-3002-9900', 'UGR-3002-0001', 'MOD-0001'), ('ACC-3002-9900', 'UGR-3002-0001', 'MOD-0003');

INSERT INTO apitoken.user_group_users (account_id, user_group_id, user_id) VALUES
	('ACC-0001-0001', 'UGR-0001-0001', 'USR-0001-0001'), ('ACC-0001-0001', 'UGR-0001-0002', 'USR-0001-0002'),
	('ACC-2001-3344', 'UGR-2001-0001', 'USR-2001-0001'), ('ACC-2002-5566', 'UGR-2002-0001', 'USR-2002-0001'),
	('ACC-3001-7788', 'UGR-3001-0001', 'USR-3001-0001'), ('ACC-3001-7788', 'UGR-3001-0002', 'USR-3001-0001'),
	('ACC-3001-7788', 'UGR-3001-0002', 'USR-3001-0002'), ('ACC-3001-7788', 'UGR-3001-0001', 'USR-3001-0003'),
	('ACC-3001-7788', 'UGR-3001-0003', 'USR-3002-0002'),
	('ACC-3002-9900', 'UGR-3002-0001', 'USR-3002-0001'), ('ACC-3002-9900', 'UGR-3002-0001', 'USR-3002-0002');

INSERT INTO apitoken.sellers (id, status, name, created_at) VALUES
	('SEL-0001-0001', 'Active', 'Marketplace UK', '2024-01-02 08:00:00Z'),
	('SEL-0002-0002', 'Offline', 'Marketplace France', '2024-01-02 08:00:00Z');

INSERT INTO apitoken.buyers (account_id, id, status, name, icon, contact_id, erp_company_contact, erp_customer,
		account_external_id, address_line1, post_code, city, country, tax_id, created_at, created_by_type,
		created_by_id) VALUES
	('ACC-3001-7788', 'BUY-3001-0001', 'Active', 'Contoso UK', '/icons/uk.png', 'USR-3001-0001', 'CC-1', 'EC-1',
		'C-100234', '12 High Street', 'EC1A 1BB', 'London', 'GB', 'GB123456789', '2024-03-11 08:00:00Z', 'user',
		'USR-3001-0001'),
	('ACC-3001-7788', 'BUY-3001-0002', 'Enabled', 'Contoso Ireland', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Cork',
		'IE', NULL, '2024-03-12 08:00:00Z', 'user', 'USR-3001-0002'),
	('ACC-3002-9900', 'BUY-3002-0001', 'Active', 'Fabrikam SA', NULL, 'USR-3002-0001', NULL, NULL, NULL, NULL, NULL,
		'Paris', 'FR', 'FR40303265045', '2024-03-12 08:00:00Z', 'user', 'USR-3002-0001');

INSERT INTO apitoken.buyer_errors (account_id, buyer_id, ordinal, id, message, parameters) VALUES
	('ACC-3001-7788', 'BUY-3001-0002', 1, 'ERP-001', 'There is no customer in the ERP system', NULL),
	('ACC-3001-7788', 'BUY-3001-0002', 2, 'TAX-007', 'The tax id is missing', '{"country": "IE"}');

INSERT INTO apitoken.buyer_sellers (account_id, buyer_id, seller_id) VALUES
	('ACC-3001-7788', 'BUY-3001-0001', 'SEL-0001-0001'), ('ACC-3002-9900', 'BUY-3002-0001', 'SEL-0002-0002');

INSERT INTO apitoken.user_group_buyers (account_id, user_group_id, buyer_id) VALUES
	('ACC-3001-7788', 'UGR-3001-0001', 'BUY-3001-0001'), ('ACC-3001-7788', 'UGR-3001-0001', 'BUY-3001-0002'),
	('ACC-3001-7788', 'UGR-3001-0002', 'BUY-3001-0001'), ('ACC-3002-9900', 'UGR-3002-0001', 'BUY-3002-0001');

-- as a restore does: these bring their trail with them
SET LOCAL row_security = off;
INSERT INTO apitoken.api_tokens (account_id, id, status, name, description, icon, created_at, created_by_type,
		created_by_id, updated_at, updated_by_type, updated_by_id) VALUES
	('ACC-0001-0001', 'TKN-0001-0001', 'Active', 'Incident response', 'Disables what has leaked', NULL,
		'2024-01-05 08:00:00Z', 'user', 'USR-0001-0001', NULL, NULL, NULL),
	('ACC-0001-0001', 'TKN-0001-0002', 'Active', 'Statements', NULL, NULL, '2024-01-06 08:00:00Z', 'user',
		'USR-0001-0002', NULL, NULL, NULL),
	('ACC-2001-3344', 'TKN-2001-1001', 'Active', 'Price list upload', NULL, '/icons/upload.png',
		'2024-02-10 08:00:00Z', 'user', 'USR-2001-0001', NULL, NULL, NULL),
	('ACC-2001-3344', 'TKN-2001-1002', 'Disabled', 'Price list upload - old', NULL, NULL, '2024-02-10 07:00:00Z',
		'user', 'USR-2001-0001', '2024-02-10 08:30:00Z', 'user', 'USR-2001-0001'),
	('ACC-3001-7788', 'TKN-1671-0642', 'Active', 'Nightly export',
		'Reads the orders of the day for the data warehouse', '/icons/export.png', '2025-02-21 18:02:53.773Z',
		'user', 'USR-3001-0001', '2025-11-04 09:30:00.125Z', 'user', 'USR-3001-0002'),
	('ACC-3001-7788', 'TKN-3001-1002', 'Active', 'Access review', 'Administers API tokens', NULL,
		'2025-03-01 10:00:00Z', 'user', 'USR-3001-0001', '2025-03-01 10:00:00.500Z', 'user', 'USR-3001-0001'),
	('ACC-3001-7788', 'TKN-3001-1004', 'Disabled', 'Trial', NULL, NULL, '2025-03-03 10:00:00Z', 'user',
		'USR-3001-0002', '2025-03-10 10:00:00Z', 'user', 'USR-3001-0001'),
	('ACC-3001-7788', 'TKN-3001-1005', 'Deleted', 'Leaked in a repository', NULL, NULL, '2025-03-04 10:00:00Z', 'user',
		'USR-3001-0002', '2025-03-05 10:00:00Z', 'user', 'USR-0001-0001'),
	('ACC-3002-9900', 'TKN-3002-1001', 'Active', 'ERP "Gamma"', NULL, NULL, '2025-04-01 10:00:00Z', 'user',
		'USR-3002-0001', NULL, NULL, NULL),
	('ACC-3003-1122', 'TKN-3003-1001', 'Active', 'Toys', NULL, NULL, '2025-05-01 10:00:00Z', 'user', 'USR-3003-0001',
		NULL, NULL, NULL);
-- made by a token
INSERT INTO apitoken.api_tokens (account_id, id, status, name, created_at, created_by_type, created_by_id) VALUES
	('ACC-3001-7788', 'TKN-3001-1003', 'Active', 'Order desk', '2025-03-02 10:00:00Z', 'token', 'TKN-3001-1002');

INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id) VALUES
	('ACC-0001-0001', 'TKN-0001-0001', 'MOD-0001'), ('ACC-0001-0001', 'TKN-0001-0001', 'MOD-0002'),
	('ACC-0001-0001', 'TKN-0001-0002', 'MOD-0004'), ('ACC-2001-3344', 'TKN-2001-1001', 'MOD-0005'),
	('ACC-2001-3344', 'TKN-2001-1002', 'MOD-0005'), ('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0003'),
	('ACC-3001-7788', 'TKN-1671-0642', 'MOD-0004'), ('ACC-3001-7788', 'TKN-3001-1002', 'MOD-0001'),
	('ACC-3001-7788', 'TKN-3001-1003', 'MOD-0003'), ('ACC-3001-7788', 'TKN-3001-1004', 'MOD-0003'),
	('ACC-3001-7788', 'TKN-3001-1005', 'MOD-0001'), ('ACC-3002-9900', 'TKN-3002-1001', 'MOD-0001');
RESET row_security;

INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest, last_access_at)
	SELECT account_id, id,
		sha256(convert_to(format('idt:%s:%s', id, translate(rtrim(encode(sha256(convert_to('demo ' || id, 'UTF8')),
			'base64'), '='), '+/', '-_')), 'UTF8')),
		CASE id WHEN 'TKN-1671-0642' THEN timestamptz '2026-01-31 22:59:58.421Z'
			WHEN 'TKN-3001-1002' THEN timestamptz '2026-01-30 12:00:00Z' END
		FROM apitoken.api_tokens;

INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, from_status, to_status, actor_type, actor_id,
		database_role, client_address, at)
	SELECT account_id, id, NULL, 'Active', created_by_type, created_by_id, 'web', '192.0.2.10', created_at
		FROM apitoken.api_tokens ORDER BY created_at, id;
INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, from_status, to_status, actor_type, actor_id,
		database_role, client_address, at)
	SELECT account_id, id, 'Active', status, updated_by_type, updated_by_id, 'web', '192.0.2.10', updated_at
		FROM apitoken.api_tokens WHERE status <> 'Active' ORDER BY updated_at, id;

COMMIT;
