/*
 * The example's tables with orders and invoices of two of the sample's accounts.
 */
\ir ../marketplace.sql
\ir ../../deploy/postgrest/roles.sql
\ir ../../deploy/application/orders.sql
\ir ../../deploy/application/postgrest.sql

-- Fabrikam's token that holds the module orders
INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3002-9900', 'TKN-3002-1002', 'Orders');
INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
	VALUES ('ACC-3002-9900', 'TKN-3002-1002', sha256(convert_to('idt:TKN-3002-1002:'
		|| translate(rtrim(encode(sha256('demo TKN-3002-1002'), 'base64'), '='), '+/', '-_'), 'UTF8')));
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3002-9900', 'TKN-3002-1002', 'MOD-0003');

INSERT INTO shop.orders (account_id, item, quantity, created_by) VALUES
	('ACC-3001-7788', 'bags', 3, 'USR-3001-0001'), ('ACC-3001-7788', 'cups', 5, 'USR-3001-0001'), ('ACC-3002-9900', 'trains', 1, 'USR-3002-0001');
INSERT INTO shop.invoices (account_id, amount) VALUES ('ACC-3001-7788', 10.50), ('ACC-3002-9900', 99);
