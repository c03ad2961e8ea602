/* sql/apitoken--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION apitoken" to load this file. \quit

/*
 * The functions go into the schema that CREATE EXTENSION was given, so that a
 * REST front end can expose just them; the tables go into the schema apitoken,
 * which is never exposed.  Nothing is granted to PUBLIC.
 */

-- Only pg_catalog is searched, so that nothing planted in the target schema is found.
SET LOCAL search_path TO pg_catalog, pg_temp;

-- JSON is UTF-8: refuse what could not hold it, instead of failing later.
DO $$
BEGIN
	IF pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'extension "apitoken" needs a database with the encoding UTF8'
			USING ERRCODE = 'feature_not_supported',
				DETAIL = pg_catalog.format('The encoding of this database is %s.', pg_catalog.current_setting('server_encoding')),
				HINT = 'Create a database with ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

CREATE SCHEMA apitoken;
COMMENT ON SCHEMA apitoken IS
	'Tables of the extension apitoken: accounts, what belongs to them, and their API tokens. Not for exposure by a REST front end: its clients call the functions.';

/*
 * Types
 */

CREATE DOMAIN apitoken.resource_id AS text COLLATE "C"
	CHECK (pg_catalog.char_length(VALUE) BETWEEN 1 AND 255);
COMMENT ON DOMAIN apitoken.resource_id IS
	'Id of a resource: 1 to 255 characters. New ids have the shape TKN-nnnn-nnnn; ids taken over from elsewhere may have any. Compared and sorted by bytes.';
REVOKE ALL ON DOMAIN apitoken.resource_id FROM PUBLIC;

-- What the documented form YYYY-MM-DDTHH:mm:ss.sssZ can say, and no more.
CREATE DOMAIN apitoken.instant AS timestamptz(3)
	CHECK (VALUE >= '0001-01-01 00:00:00+00' AND VALUE < '10000-01-01 00:00:00+00');
COMMENT ON DOMAIN apitoken.instant IS
	'A moment with milliseconds, between the years 1 and 9999: exactly what the documented date form can say.';
REVOKE ALL ON DOMAIN apitoken.instant FROM PUBLIC;

/*
 * Tables
 *
 * Every tenant-owned table carries its account_id, also where it could be
 * derived: composite foreign keys then keep whatever is linked inside one
 * account, and the tables can be partitioned or distributed by account.
 */

CREATE TABLE apitoken.actors (
	type text COLLATE "C" NOT NULL CHECK (type IN ('user', 'token')),
	id apitoken.resource_id NOT NULL,
	PRIMARY KEY (type, id)
);
COMMENT ON TABLE apitoken.actors IS
	'Whoever can stand in an audit event''s "by": one row for each user and each API token, kept by triggers on those tables. Audit columns refer to it, so that the database refuses an actor that does not exist. Do not write to it.';
COMMENT ON COLUMN apitoken.actors.type IS 'What the actor is: user or token.';
COMMENT ON COLUMN apitoken.actors.id IS 'Id of the user or the API token.';

CREATE TABLE apitoken.accounts (
	id apitoken.resource_id PRIMARY KEY,
	type text COLLATE "C" NOT NULL CHECK (type IN ('Client', 'Vendor', 'Operations')),
	status text COLLATE "C" NOT NULL DEFAULT 'Active' CHECK (status IN ('Active', 'Enabled', 'Disabled')),
	name text NOT NULL,
	description text,
	icon text,
	external_id text,
	external_name text,
	pyra_tenant_id uuid,
	service_level text,
	address_line1 text,
	address_line2 text,
	post_code text,
	city text,
	state text,
	country text,
	technical_support_email text,
	website text,
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.accounts IS
	'Accounts of the marketplace (/accounts/accounts): clients, vendors and the operations that run it.';
COMMENT ON COLUMN apitoken.accounts.id IS 'Id of the account, ACC-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.accounts.type IS 'Client, Vendor or Operations; fixed for life.';
COMMENT ON COLUMN apitoken.accounts.status IS 'Active, Enabled or Disabled. Disabling an account does not disable its tokens.';
COMMENT ON COLUMN apitoken.accounts.name IS 'Name of the account.';
COMMENT ON COLUMN apitoken.accounts.description IS 'Description of the account.';
COMMENT ON COLUMN apitoken.accounts.icon IS 'Path or URL of the account''s icon.';
COMMENT ON COLUMN apitoken.accounts.external_id IS 'externalId: the account''s id in another system.';
COMMENT ON COLUMN apitoken.accounts.external_name IS 'externalName: the account''s name in another system.';
COMMENT ON COLUMN apitoken.accounts.pyra_tenant_id IS 'externalIds.pyraTenantId.';
COMMENT ON COLUMN apitoken.accounts.service_level IS 'serviceLevel, for example Express.';
COMMENT ON COLUMN apitoken.accounts.address_line1 IS 'address.addressLine1.';
COMMENT ON COLUMN apitoken.accounts.address_line2 IS 'address.addressLine2.';
COMMENT ON COLUMN apitoken.accounts.post_code IS 'address.postCode.';
COMMENT ON COLUMN apitoken.accounts.city IS 'address.city.';
COMMENT ON COLUMN apitoken.accounts.state IS 'address.state.';
COMMENT ON COLUMN apitoken.accounts.country IS 'address.country.';
COMMENT ON COLUMN apitoken.accounts.technical_support_email IS 'technicalSupportEmail.';
COMMENT ON COLUMN apitoken.accounts.website IS 'URL of the account''s website.';
CREATE INDEX accounts_created_by_idx ON apitoken.accounts (created_by_type, created_by_id);
CREATE INDEX accounts_updated_by_idx ON apitoken.accounts (updated_by_type, updated_by_id);

CREATE TABLE apitoken.modules (
	id apitoken.resource_id PRIMARY KEY,
	code text COLLATE "C" NOT NULL UNIQUE CHECK (code <> ''),
	name text NOT NULL,
	description text,
	is_configurable boolean NOT NULL DEFAULT false,
	is_enabled_by_default boolean NOT NULL DEFAULT false,
	paid boolean NOT NULL DEFAULT false,
	filters_group_buyers text[],
	settings_shared_account boolean,
	settings_configurable boolean,
	settings_default boolean,
	settings_paid boolean,
	settings_type text[],
	account_types text[] NOT NULL DEFAULT '{}',
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.modules IS
	'Modules (/accounts/modules): what an actor may do. Reference data, shared by all accounts.';
COMMENT ON COLUMN apitoken.modules.id IS 'Id of the module, MOD-nnnn.';
COMMENT ON COLUMN apitoken.modules.code IS 'Stable code that rights are checked by, for example access-management or account-management.';
COMMENT ON COLUMN apitoken.modules.name IS 'Name of the module.';
COMMENT ON COLUMN apitoken.modules.description IS 'Description of the module.';
COMMENT ON COLUMN apitoken.modules.is_configurable IS 'isConfigurable: whether an account may switch it on and off.';
COMMENT ON COLUMN apitoken.modules.is_enabled_by_default IS 'isEnabledByDefault: whether new accounts start with it.';
COMMENT ON COLUMN apitoken.modules.paid IS 'Whether it costs extra.';
COMMENT ON COLUMN apitoken.modules.filters_group_buyers IS 'filters."group.buyers": which buyers of a group it applies to, selected or all.';
COMMENT ON COLUMN apitoken.modules.settings_shared_account IS 'settings.sharedAccount.';
COMMENT ON COLUMN apitoken.modules.settings_configurable IS 'settings.configurable.';
COMMENT ON COLUMN apitoken.modules.settings_default IS 'settings.default.';
COMMENT ON COLUMN apitoken.modules.settings_paid IS 'settings.paid.';
COMMENT ON COLUMN apitoken.modules.settings_type IS 'settings.type.';
COMMENT ON COLUMN apitoken.modules.account_types IS 'accountTypes: the types of account that may hold it.';
CREATE INDEX modules_created_by_idx ON apitoken.modules (created_by_type, created_by_id);
CREATE INDEX modules_updated_by_idx ON apitoken.modules (updated_by_type, updated_by_id);

CREATE TABLE apitoken.sellers (
	id apitoken.resource_id PRIMARY KEY,
	status text COLLATE "C" NOT NULL DEFAULT 'Active' CHECK (status IN ('Active', 'Disabled', 'Offline', 'Deleted')),
	name text NOT NULL,
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.sellers IS
	'Sellers (/accounts/sellers) that buyers are linked to. A token''s document names no seller: the list is closed there.';
COMMENT ON COLUMN apitoken.sellers.id IS 'Id of the seller, SEL-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.sellers.status IS 'Active, Disabled, Offline or Deleted.';
COMMENT ON COLUMN apitoken.sellers.name IS 'Name of the seller.';
CREATE INDEX sellers_created_by_idx ON apitoken.sellers (created_by_type, created_by_id);
CREATE INDEX sellers_updated_by_idx ON apitoken.sellers (updated_by_type, updated_by_id);

CREATE TABLE apitoken.users (
	id apitoken.resource_id PRIMARY KEY,
	status text COLLATE "C" NOT NULL DEFAULT 'Active'
		CHECK (status IN ('New', 'Invited', 'InvitationExpired', 'Active', 'Blocked', 'Disabled', 'Deleted')),
	name text NOT NULL,
	first_name text,
	last_name text,
	email text,
	phone_prefix text,
	phone_number text,
	icon text,
	culture_code text,
	language_code text,
	last_login_at apitoken.instant,
	current_account_id apitoken.resource_id REFERENCES apitoken.accounts,
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.users IS
	'Users (/accounts/users). A user may be in several accounts: apitoken.user_accounts says in which.';
COMMENT ON COLUMN apitoken.users.id IS 'Id of the user, USR-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.users.status IS 'New, Invited, InvitationExpired, Active, Blocked, Disabled or Deleted. Only an Active user acts.';
COMMENT ON COLUMN apitoken.users.name IS 'Name to show.';
COMMENT ON COLUMN apitoken.users.first_name IS 'firstName.';
COMMENT ON COLUMN apitoken.users.last_name IS 'lastName.';
COMMENT ON COLUMN apitoken.users.email IS 'E-mail address.';
COMMENT ON COLUMN apitoken.users.phone_prefix IS 'phone.prefix, for example +41.';
COMMENT ON COLUMN apitoken.users.phone_number IS 'phone.number.';
COMMENT ON COLUMN apitoken.users.icon IS 'Path or URL of the user''s icon.';
COMMENT ON COLUMN apitoken.users.culture_code IS 'settings.cultureCode, for example en-GB.';
COMMENT ON COLUMN apitoken.users.language_code IS 'settings.languageCode, for example en.';
COMMENT ON COLUMN apitoken.users.last_login_at IS 'lastLoginAt.';
COMMENT ON COLUMN apitoken.users.current_account_id IS 'currentAccount: the account the user works in now.';
CREATE INDEX users_current_account_id_idx ON apitoken.users (current_account_id);
CREATE INDEX users_created_by_idx ON apitoken.users (created_by_type, created_by_id);
CREATE INDEX users_updated_by_idx ON apitoken.users (updated_by_type, updated_by_id);

CREATE TABLE apitoken.user_accounts (
	account_id apitoken.resource_id NOT NULL REFERENCES apitoken.accounts,
	user_id apitoken.resource_id NOT NULL REFERENCES apitoken.users,
	PRIMARY KEY (account_id, user_id)
);
COMMENT ON TABLE apitoken.user_accounts IS 'Which users are in which accounts.';
COMMENT ON COLUMN apitoken.user_accounts.account_id IS 'The account.';
COMMENT ON COLUMN apitoken.user_accounts.user_id IS 'The user.';
CREATE INDEX user_accounts_user_id_idx ON apitoken.user_accounts (user_id);

CREATE TABLE apitoken.user_groups (
	account_id apitoken.resource_id NOT NULL REFERENCES apitoken.accounts,
	id apitoken.resource_id NOT NULL UNIQUE,
	name text NOT NULL,
	description text,
	logo text,
	is_default boolean NOT NULL DEFAULT false,
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.user_groups IS
	'User groups (/accounts/user-groups). An account that has groups has exactly one default group; what modules that one has bounds the account''s other groups and tokens.';
COMMENT ON COLUMN apitoken.user_groups.account_id IS 'The account it belongs to, for life.';
COMMENT ON COLUMN apitoken.user_groups.id IS 'Id of the user group, UGR-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.user_groups.name IS 'Name of the user group.';
COMMENT ON COLUMN apitoken.user_groups.description IS 'Description of the user group.';
COMMENT ON COLUMN apitoken.user_groups.logo IS 'Path or URL of the user group''s logo.';
COMMENT ON COLUMN apitoken.user_groups.is_default IS 'isDefault: whether it is the account''s default group.';
CREATE UNIQUE INDEX user_groups_default_key ON apitoken.user_groups (account_id) WHERE is_default;
CREATE INDEX user_groups_created_by_idx ON apitoken.user_groups (created_by_type, created_by_id);
CREATE INDEX user_groups_updated_by_idx ON apitoken.user_groups (updated_by_type, updated_by_id);

CREATE TABLE apitoken.buyers (
	account_id apitoken.resource_id NOT NULL REFERENCES apitoken.accounts,
	id apitoken.resource_id NOT NULL UNIQUE,
	status text COLLATE "C" NOT NULL DEFAULT 'Active' CHECK (status IN ('Enabled', 'Active', 'Disabled', 'Deleted')),
	name text NOT NULL,
	icon text,
	contact_id apitoken.resource_id REFERENCES apitoken.users,
	erp_company_contact text,
	erp_customer text,
	account_external_id text,
	address_line1 text,
	address_line2 text,
	post_code text,
	city text,
	state text,
	country text,
	tax_id text,
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL)
);
COMMENT ON TABLE apitoken.buyers IS 'Buyers (/accounts/buyers): the legal entities that an account buys as.';
COMMENT ON COLUMN apitoken.buyers.account_id IS 'The account it belongs to.';
COMMENT ON COLUMN apitoken.buyers.id IS 'Id of the buyer, BUY-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.buyers.status IS 'Enabled, Active, Disabled or Deleted.';
COMMENT ON COLUMN apitoken.buyers.name IS 'Name of the buyer.';
COMMENT ON COLUMN apitoken.buyers.icon IS 'Path or URL of the buyer''s icon.';
COMMENT ON COLUMN apitoken.buyers.contact_id IS 'contact: the user to turn to.';
COMMENT ON COLUMN apitoken.buyers.erp_company_contact IS 'externalIds.erpCompanyContact.';
COMMENT ON COLUMN apitoken.buyers.erp_customer IS 'externalIds.erpCustomer.';
COMMENT ON COLUMN apitoken.buyers.account_external_id IS 'externalIds.accountExternalId.';
COMMENT ON COLUMN apitoken.buyers.address_line1 IS 'address.addressLine1.';
COMMENT ON COLUMN apitoken.buyers.address_line2 IS 'address.addressLine2.';
COMMENT ON COLUMN apitoken.buyers.post_code IS 'address.postCode.';
COMMENT ON COLUMN apitoken.buyers.city IS 'address.city.';
COMMENT ON COLUMN apitoken.buyers.state IS 'address.state.';
COMMENT ON COLUMN apitoken.buyers.country IS 'address.country.';
COMMENT ON COLUMN apitoken.buyers.tax_id IS 'taxId.';
CREATE INDEX buyers_contact_id_idx ON apitoken.buyers (contact_id);
CREATE INDEX buyers_created_by_idx ON apitoken.buyers (created_by_type, created_by_id);
CREATE INDEX buyers_updated_by_idx ON apitoken.buyers (updated_by_type, updated_by_id);

CREATE TABLE apitoken.buyer_errors (
	account_id apitoken.resource_id NOT NULL,
	buyer_id apitoken.resource_id NOT NULL,
	ordinal integer NOT NULL,
	id text NOT NULL,
	message text NOT NULL,
	parameters jsonb,
	PRIMARY KEY (account_id, buyer_id, ordinal),
	FOREIGN KEY (account_id, buyer_id) REFERENCES apitoken.buyers ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.buyer_errors IS 'What is wrong with a buyer (errors), in order.';
COMMENT ON COLUMN apitoken.buyer_errors.account_id IS 'The buyer''s account.';
COMMENT ON COLUMN apitoken.buyer_errors.buyer_id IS 'The buyer.';
COMMENT ON COLUMN apitoken.buyer_errors.ordinal IS 'Place in the list.';
COMMENT ON COLUMN apitoken.buyer_errors.id IS 'Code of the error.';
COMMENT ON COLUMN apitoken.buyer_errors.message IS 'Text of the error.';
COMMENT ON COLUMN apitoken.buyer_errors.parameters IS 'Values that the text refers to; null where it refers to none.';

CREATE TABLE apitoken.buyer_sellers (
	account_id apitoken.resource_id NOT NULL,
	buyer_id apitoken.resource_id NOT NULL,
	seller_id apitoken.resource_id NOT NULL REFERENCES apitoken.sellers,
	PRIMARY KEY (account_id, buyer_id, seller_id),
	FOREIGN KEY (account_id, buyer_id) REFERENCES apitoken.buyers ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.buyer_sellers IS 'Which sellers a buyer is linked to.';
COMMENT ON COLUMN apitoken.buyer_sellers.account_id IS 'The buyer''s account.';
COMMENT ON COLUMN apitoken.buyer_sellers.buyer_id IS 'The buyer.';
COMMENT ON COLUMN apitoken.buyer_sellers.seller_id IS 'The seller.';
CREATE INDEX buyer_sellers_seller_id_idx ON apitoken.buyer_sellers (seller_id);

CREATE TABLE apitoken.user_group_modules (
	account_id apitoken.resource_id NOT NULL,
	user_group_id apitoken.resource_id NOT NULL,
	module_id apitoken.resource_id NOT NULL REFERENCES apitoken.modules,
	PRIMARY KEY (account_id, user_group_id, module_id),
	FOREIGN KEY (account_id, user_group_id) REFERENCES apitoken.user_groups ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.user_group_modules IS
	'Which modules a user group has. Taking one from an account''s default group takes it from the account''s other groups and tokens.';
COMMENT ON COLUMN apitoken.user_group_modules.account_id IS 'The user group''s account.';
COMMENT ON COLUMN apitoken.user_group_modules.user_group_id IS 'The user group.';
COMMENT ON COLUMN apitoken.user_group_modules.module_id IS 'The module.';
CREATE INDEX user_group_modules_module_id_idx ON apitoken.user_group_modules (module_id);

CREATE TABLE apitoken.user_group_users (
	account_id apitoken.resource_id NOT NULL,
	user_group_id apitoken.resource_id NOT NULL,
	user_id apitoken.resource_id NOT NULL REFERENCES apitoken.users,
	PRIMARY KEY (account_id, user_group_id, user_id),
	FOREIGN KEY (account_id, user_group_id) REFERENCES apitoken.user_groups ON DELETE CASCADE,
	FOREIGN KEY (account_id, user_id) REFERENCES apitoken.user_accounts ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.user_group_users IS
	'Which users a user group has: users of the group''s account, who act there with the group''s modules.';
COMMENT ON COLUMN apitoken.user_group_users.account_id IS 'The user group''s account.';
COMMENT ON COLUMN apitoken.user_group_users.user_group_id IS 'The user group.';
COMMENT ON COLUMN apitoken.user_group_users.user_id IS 'The user.';
CREATE INDEX user_group_users_user_id_idx ON apitoken.user_group_users (user_id, account_id);

CREATE TABLE apitoken.user_group_buyers (
	account_id apitoken.resource_id NOT NULL,
	user_group_id apitoken.resource_id NOT NULL,
	buyer_id apitoken.resource_id NOT NULL,
	PRIMARY KEY (account_id, user_group_id, buyer_id),
	FOREIGN KEY (account_id, user_group_id) REFERENCES apitoken.user_groups ON DELETE CASCADE,
	FOREIGN KEY (account_id, buyer_id) REFERENCES apitoken.buyers ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.user_group_buyers IS 'Which buyers a user group has: buyers of the group''s account.';
COMMENT ON COLUMN apitoken.user_group_buyers.account_id IS 'The account of both.';
COMMENT ON COLUMN apitoken.user_group_buyers.user_group_id IS 'The user group.';
COMMENT ON COLUMN apitoken.user_group_buyers.buyer_id IS 'The buyer.';
CREATE INDEX user_group_buyers_buyer_id_idx ON apitoken.user_group_buyers (account_id, buyer_id);

CREATE TABLE apitoken.api_tokens (
	account_id apitoken.resource_id NOT NULL REFERENCES apitoken.accounts,
	id apitoken.resource_id NOT NULL UNIQUE,
	status text COLLATE "C" NOT NULL DEFAULT 'Active' CHECK (status IN ('Active', 'Disabled', 'Deleted')),
	name text NOT NULL CONSTRAINT api_tokens_name_length_check CHECK (char_length(name) BETWEEN 1 AND 200),
	description text CONSTRAINT api_tokens_description_length_check CHECK (char_length(description) <= 2000),
	icon text CONSTRAINT api_tokens_icon_length_check CHECK (char_length(icon) <= 2000),
	created_at apitoken.instant NOT NULL DEFAULT pg_catalog.now(),
	created_by_type text COLLATE "C",
	created_by_id apitoken.resource_id,
	updated_at apitoken.instant,
	updated_by_type text COLLATE "C",
	updated_by_id apitoken.resource_id,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (created_by_type, created_by_id) REFERENCES apitoken.actors MATCH FULL,
	FOREIGN KEY (updated_by_type, updated_by_id) REFERENCES apitoken.actors MATCH FULL,
	CHECK (updated_at IS NOT NULL OR updated_by_id IS NULL),
	/*
	 * Letters, digits, spaces, - . ' " only.  Which characters beyond ASCII
	 * are letters is said here by blocks of Unicode, not asked of a locale: a
	 * row that one server took must be taken by the one it is restored into.
	 */
	CONSTRAINT api_tokens_name_characters_check CHECK (name COLLATE "C" !~ (
		'[^- .''"0-9A-Za-z\u00AA\u00B5\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u1FFF'
		'\u2C00-\u2DFF\u3005-\u3007\u3040-\uD7FF\uF900-\uFDFF\uFE70-\uFEFC\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC'
		'\U00010000-\U0001BFFF\U00020000-\U0003FFFF]'))
);
COMMENT ON TABLE apitoken.api_tokens IS
	'API tokens (/accounts/api-tokens). Active -> Disabled -> Active; either -> Deleted, for good. Rows are never removed. What a token authenticates with is in apitoken.api_token_credentials.';
COMMENT ON COLUMN apitoken.api_tokens.account_id IS 'The account it belongs to, for life.';
COMMENT ON COLUMN apitoken.api_tokens.id IS 'Id of the token, TKN-nnnn-nnnn.';
COMMENT ON COLUMN apitoken.api_tokens.status IS 'Active, Disabled or Deleted. Only an Active token authenticates.';
COMMENT ON COLUMN apitoken.api_tokens.name IS 'Name: 1 to 200 letters, digits, spaces, - . '' ". Not unique.';
COMMENT ON COLUMN apitoken.api_tokens.description IS 'Description: at most 2,000 characters.';
COMMENT ON COLUMN apitoken.api_tokens.icon IS 'Path or URL of the token''s icon: at most 2,000 characters.';
CREATE INDEX api_tokens_created_by_idx ON apitoken.api_tokens (created_by_type, created_by_id);
CREATE INDEX api_tokens_updated_by_idx ON apitoken.api_tokens (updated_by_type, updated_by_id);
-- for lists: an account's tokens, tokens of a status, and all, newest or oldest first
CREATE INDEX api_tokens_account_created_idx ON apitoken.api_tokens (account_id, created_at, id);
CREATE INDEX api_tokens_status_created_idx ON apitoken.api_tokens (status, created_at, id);
CREATE INDEX api_tokens_created_idx ON apitoken.api_tokens (created_at, id);

/*
 * Apart from api_tokens for two reasons.  A role that is granted the tokens
 * does not thereby see a digest; and noting an access locks a row of this
 * table, never the token's, so that disabling a token does not wait for a
 * transaction that has authenticated with it.
 */
CREATE TABLE apitoken.api_token_credentials (
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL UNIQUE,
	digest bytea NOT NULL CHECK (pg_catalog.octet_length(digest) = 32),
	last_access_at apitoken.instant,
	PRIMARY KEY (account_id, api_token_id),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens ON DELETE CASCADE
) WITH (fillfactor = 80);
COMMENT ON TABLE apitoken.api_token_credentials IS
	'What API tokens authenticate with. Grant it to nobody.';
COMMENT ON COLUMN apitoken.api_token_credentials.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_credentials.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_credentials.digest IS 'SHA-256 of the secret; the secret itself is kept nowhere.';
COMMENT ON COLUMN apitoken.api_token_credentials.last_access_at IS 'lastAccessAt: about when the token last authenticated, noted at most every apitoken.last_access_interval.';

CREATE TABLE apitoken.api_token_modules (
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL,
	module_id apitoken.resource_id NOT NULL REFERENCES apitoken.modules,
	PRIMARY KEY (account_id, api_token_id, module_id),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.api_token_modules IS 'Which modules an API token acts with.';
COMMENT ON COLUMN apitoken.api_token_modules.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_modules.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_modules.module_id IS 'The module.';
CREATE INDEX api_token_modules_module_id_idx ON apitoken.api_token_modules (module_id);

CREATE TABLE apitoken.api_token_transitions (
	id bigint GENERATED ALWAYS AS IDENTITY,
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL,
	from_status text COLLATE "C" CHECK (from_status IN ('Active', 'Disabled', 'Deleted')),
	to_status text COLLATE "C" NOT NULL CHECK (to_status IN ('Active', 'Disabled', 'Deleted')),
	actor_type text COLLATE "C",
	actor_id apitoken.resource_id,
	database_role name NOT NULL,
	client_address inet,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens,
	FOREIGN KEY (actor_type, actor_id) REFERENCES apitoken.actors MATCH FULL
);
COMMENT ON TABLE apitoken.api_token_transitions IS
	'The trail: one row for each change of an API token''s status, whoever made it and by whatever means. Rows are only ever added.';
COMMENT ON COLUMN apitoken.api_token_transitions.id IS 'Number of the row; a later change of one token has a higher one.';
COMMENT ON COLUMN apitoken.api_token_transitions.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_transitions.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_transitions.from_status IS 'Status before; null for a new token.';
COMMENT ON COLUMN apitoken.api_token_transitions.to_status IS 'Status after.';
COMMENT ON COLUMN apitoken.api_token_transitions.actor_type IS 'What acted: user or token; null where a trusted database role acted by itself.';
COMMENT ON COLUMN apitoken.api_token_transitions.actor_id IS 'Id of the user or API token that acted.';
COMMENT ON COLUMN apitoken.api_token_transitions.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.api_token_transitions.client_address IS 'Network address of the client; null for a local connection.';
COMMENT ON COLUMN apitoken.api_token_transitions.at IS 'When the change was made.';
CREATE INDEX api_token_transitions_api_token_id_idx ON apitoken.api_token_transitions (account_id, api_token_id, id);
CREATE INDEX api_token_transitions_actor_idx ON apitoken.api_token_transitions (actor_type, actor_id);

-- The audit columns are the same everywhere, and so is what they mean.
DO $$
DECLARE
	audited text;
BEGIN
	FOREACH audited IN ARRAY ARRAY['accounts', 'modules', 'sellers', 'users', 'user_groups', 'buyers', 'api_tokens'] LOOP
		EXECUTE pg_catalog.format($c$
			COMMENT ON COLUMN apitoken.%1$I.created_at IS 'audit.created.at.';
			COMMENT ON COLUMN apitoken.%1$I.created_by_type IS 'What audit.created.by is: user or token; null if nobody is known.';
			COMMENT ON COLUMN apitoken.%1$I.created_by_id IS 'Id of the user or API token in audit.created.by.';
			COMMENT ON COLUMN apitoken.%1$I.updated_at IS 'audit.updated.at; null if it was never updated.';
			COMMENT ON COLUMN apitoken.%1$I.updated_by_type IS 'What audit.updated.by is: user or token; null if nobody is known.';
			COMMENT ON COLUMN apitoken.%1$I.updated_by_id IS 'Id of the user or API token in audit.updated.by.';
			$c$, audited);
	END LOOP;
END
$$;

/*
 * Actors follow users and API tokens.  The functions run as their owner, so
 * that whoever may add a user needs no right on apitoken.actors.
 */
CREATE FUNCTION apitoken.keep_actor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		-- a restore has the actors already
		INSERT INTO apitoken.actors (type, id) VALUES (TG_ARGV[0], NEW.id) ON CONFLICT DO NOTHING;
		RETURN NEW;
	ELSIF TG_OP = 'DELETE' THEN
		DELETE FROM apitoken.actors WHERE type = TG_ARGV[0] AND id = OLD.id;
		RETURN NULL;
	ELSE
		-- TRUNCATE
		DELETE FROM apitoken.actors WHERE type = TG_ARGV[0];
		RETURN NULL;
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.keep_actor() IS
	'Trigger: keeps apitoken.actors in step with users and API tokens.';
REVOKE ALL ON FUNCTION apitoken.keep_actor() FROM PUBLIC;

CREATE TRIGGER keep_actor BEFORE INSERT ON apitoken.users
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor('user');
CREATE TRIGGER drop_actor AFTER DELETE ON apitoken.users
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor('user');
CREATE TRIGGER drop_actors AFTER TRUNCATE ON apitoken.users
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_actor('user');
CREATE TRIGGER keep_actor BEFORE INSERT ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor('token');
CREATE TRIGGER drop_actor AFTER DELETE ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_actor('token');
CREATE TRIGGER drop_actors AFTER TRUNCATE ON apitoken.api_tokens
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_actor('token');

/*
 * What a resource has for life.
 */
CREATE FUNCTION apitoken.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'a row of apitoken.% keeps its % for life', TG_TABLE_NAME, TG_ARGV[0]
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('The id is %s.', OLD.id),
			SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = TG_ARGV[0];
END
$$;
COMMENT ON FUNCTION apitoken.refuse_change() IS
	'Trigger: ids, the account that something belongs to, and an account''s type never change.';
REVOKE ALL ON FUNCTION apitoken.refuse_change() FROM PUBLIC;

DO $$
DECLARE
	kept record;
BEGIN
	FOR kept IN
		SELECT k.relation, k.attribute FROM (VALUES
			('accounts', 'id'), ('accounts', 'type'), ('modules', 'id'), ('sellers', 'id'), ('users', 'id'),
			('user_groups', 'id'), ('user_groups', 'account_id'), ('buyers', 'id'), ('buyers', 'account_id'),
			('api_tokens', 'id'), ('api_tokens', 'account_id')) AS k (relation, attribute)
	LOOP
		EXECUTE format($t$
			CREATE TRIGGER %3$I BEFORE UPDATE OF %2$I ON apitoken.%1$I
				FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
				EXECUTE FUNCTION apitoken.refuse_change(%2$L)
			$t$, kept.relation, kept.attribute, 'keep_' || kept.attribute);
	END LOOP;
END
$$;

/*
 * A unique index sees to at most one default group; this to at least one,
 * when the transaction ends, so that groups can be added and the default can
 * be moved in any order.
 */
CREATE FUNCTION apitoken.check_default_group() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	checked text := CASE TG_OP WHEN 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
BEGIN
	-- One check at a time for an account: two could each rely on the other's
	-- group.  Under one snapshot for the whole transaction a lock would not show
	-- what another has done since; a change of the row makes one of them fail.
	IF current_setting('transaction_isolation') = 'read committed' THEN
		PERFORM FROM apitoken.accounts WHERE id = checked FOR NO KEY UPDATE;
	ELSE
		UPDATE apitoken.accounts SET status = status WHERE id = checked;
	END IF;
	IF EXISTS (SELECT FROM apitoken.user_groups WHERE account_id = checked)
		AND NOT EXISTS (SELECT FROM apitoken.user_groups WHERE account_id = checked AND is_default)
	THEN
		RAISE EXCEPTION 'account has user groups but no default group'
			USING ERRCODE = 'check_violation',
				DETAIL = format('The account is %s.', checked),
				HINT = 'Set is_default on exactly one user group of the account.',
				SCHEMA = 'apitoken', TABLE = 'user_groups', CONSTRAINT = 'user_groups_default_check';
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION apitoken.check_default_group() IS
	'Trigger: an account that has user groups has a default group.';
REVOKE ALL ON FUNCTION apitoken.check_default_group() FROM PUBLIC;

CREATE CONSTRAINT TRIGGER user_groups_default_check
	AFTER INSERT OR DELETE OR UPDATE OF is_default ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_default_group();

-- The default group's modules bound those of the account's other groups and tokens.
CREATE FUNCTION apitoken.withdraw_module() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_withdraw_module';
COMMENT ON FUNCTION apitoken.withdraw_module() IS
	'Trigger: a module taken from an account''s default group is taken from its other groups and its tokens.';
REVOKE ALL ON FUNCTION apitoken.withdraw_module() FROM PUBLIC;

CREATE TRIGGER withdraw_module AFTER DELETE OR UPDATE OF module_id, user_group_id, account_id
	ON apitoken.user_group_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.withdraw_module();

/*
 * Whatever changes a status, this extension's functions or an UPDATE by hand,
 * leaves its row in the trail and its signal.  An INSERT does not come here:
 * a restore would write the trail a second time.
 */
CREATE FUNCTION apitoken.log_transition() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_transition';
COMMENT ON FUNCTION apitoken.log_transition() IS
	'Trigger: records a change of an API token''s status in apitoken.api_token_transitions and, unless apitoken.notify is off, sends {"id": ..., "status": ...} on the channel apitoken when the transaction commits.';
REVOKE ALL ON FUNCTION apitoken.log_transition() FROM PUBLIC;

CREATE TRIGGER log_transition AFTER UPDATE OF status ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
	EXECUTE FUNCTION apitoken.log_transition();

CREATE FUNCTION apitoken.refuse_transition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'a deleted API token stays deleted'
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('The API token is %s.', OLD.id),
			HINT = 'Create a new API token.';
END
$$;
COMMENT ON FUNCTION apitoken.refuse_transition() IS 'Trigger: Deleted is for good.';
REVOKE ALL ON FUNCTION apitoken.refuse_transition() FROM PUBLIC;

CREATE TRIGGER refuse_transition BEFORE UPDATE OF status ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status = 'Deleted' AND NEW.status <> 'Deleted')
	EXECUTE FUNCTION apitoken.refuse_transition();

CREATE FUNCTION apitoken.keep_trail() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'rows of the trail are only ever added'
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('%s on apitoken.api_token_transitions is refused.', TG_OP);
END
$$;
COMMENT ON FUNCTION apitoken.keep_trail() IS 'Trigger: rows of the trail are neither changed nor removed.';
REVOKE ALL ON FUNCTION apitoken.keep_trail() FROM PUBLIC;

CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON apitoken.api_token_transitions
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_trail();

/*
 * Row security: a second wall, for roles that were granted tables directly.
 * Such a role sees what the actor of its transaction may administer, and a
 * trusted role (one that holds UPDATE on api_tokens) everything.  A role that
 * is granted a table needs EXECUTE on the next two functions as well.
 */
CREATE FUNCTION apitoken.sees_every_account() RETURNS boolean
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_sees_every_account';
COMMENT ON FUNCTION apitoken.sees_every_account() IS
	'Whether the caller may see every account: a trusted role, or an actor of an Operations account that holds account-management. For row security policies.';
REVOKE ALL ON FUNCTION apitoken.sees_every_account() FROM PUBLIC;

CREATE FUNCTION apitoken.visible_accounts() RETURNS text[]
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_visible_accounts';
COMMENT ON FUNCTION apitoken.visible_accounts() IS
	'Ids of the accounts whose API tokens the caller''s actor may administer; empty without an actor. For row security policies.';
REVOKE ALL ON FUNCTION apitoken.visible_accounts() FROM PUBLIC;

DO $$
DECLARE
	owned text;
BEGIN
	FOREACH owned IN ARRAY ARRAY['user_accounts', 'user_groups', 'user_group_modules', 'user_group_users',
		'user_group_buyers', 'buyers', 'buyer_errors', 'buyer_sellers', 'api_tokens', 'api_token_modules',
		'api_token_transitions']
	LOOP
		EXECUTE format($p$
			ALTER TABLE apitoken.%1$I ENABLE ROW LEVEL SECURITY;
			CREATE POLICY tenant ON apitoken.%1$I USING (
				(SELECT apitoken.sees_every_account())
				OR account_id = ANY ((SELECT apitoken.visible_accounts())::text[]));
			COMMENT ON POLICY tenant ON apitoken.%1$I IS
				'Rows of the accounts that the caller''s actor may administer; all rows for a trusted role.';
			$p$, owned);
	END LOOP;
END
$$;

ALTER TABLE apitoken.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON apitoken.accounts USING (
	(SELECT apitoken.sees_every_account())
	OR id = ANY ((SELECT apitoken.visible_accounts())::text[]));
COMMENT ON POLICY tenant ON apitoken.accounts IS
	'The accounts that the caller''s actor may administer; all for a trusted role.';

ALTER TABLE apitoken.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON apitoken.users USING (
	(SELECT apitoken.sees_every_account())
	OR EXISTS (SELECT FROM apitoken.user_accounts m WHERE m.user_id = users.id));
COMMENT ON POLICY tenant ON apitoken.users IS
	'Users of the accounts that the caller''s actor may administer (apitoken.user_accounts, by its own policy); all for a trusted role.';

-- No policy: seen by the owner alone.
ALTER TABLE apitoken.actors ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.api_token_credentials ENABLE ROW LEVEL SECURITY;

/*
 * Functions
 *
 * In C, each becomes the owner of the tables for as long as it runs: a caller
 * needs EXECUTE on it and nothing else.
 */

CREATE FUNCTION @extschema@.apitoken_version() RETURNS text
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'apitoken_version';
COMMENT ON FUNCTION @extschema@.apitoken_version() IS
	'Version of the loaded library of the extension apitoken. Differs from pg_extension.extversion between the installation of a new library and ALTER EXTENSION apitoken UPDATE.';
REVOKE ALL ON FUNCTION @extschema@.apitoken_version() FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_disable(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable';
COMMENT ON FUNCTION @extschema@.apitoken_disable(text, text) IS
	$$Disable an API token

Active -> Disabled: the token stops authenticating as soon as the transaction commits. Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT400 if it is Disabled already, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_disable(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_enable(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_enable';
COMMENT ON FUNCTION @extschema@.apitoken_enable(text, text) IS
	$$Enable an API token

Disabled -> Active: the token authenticates again, with the same secret. Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT400 if it is Active already, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_enable(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_delete(id text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_delete';
COMMENT ON FUNCTION @extschema@.apitoken_delete(text) IS
	$$Delete an API token

Active or Disabled -> Deleted, for good: the row stays, visible to Operations alone. Errors: PT400 if it is Deleted already and the caller may see that, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_delete(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_disable_all(account_id text) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable_all';
COMMENT ON FUNCTION @extschema@.apitoken_disable_all(text) IS
	$$Disable every Active API token of an account

For when it is urgent: one statement for all of them. Answers the ids of the tokens that were disabled, as an array; [] if none was Active. Errors: PT404 if there is no such account among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_disable_all(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_create(jsonb) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_create';
COMMENT ON FUNCTION @extschema@.apitoken_create(jsonb) IS
	$$Create an API token

Takes {"account": {"id"}, "name", "description", "icon", "modules": [{"id"}]}; account and name are required. Answers the new Active token's full document, whose member token is the secret: it is shown here and nowhere else. Errors: PT400 naming the member that is wrong, PT403 or PT404 if the caller may not administer the account.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_create(jsonb) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_update(id text, changes jsonb, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_update';
COMMENT ON FUNCTION @extschema@.apitoken_update(text, jsonb, text) IS
	$$Update an API token

Changes only the supplied members of {"name", "description", "icon", "modules": [{"id"}]}; null clears description and icon, modules replaces the list. Answers the token's full document. Errors: PT400 naming the member that is wrong or if the token is Deleted, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_update(text, jsonb, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_get(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_get';
COMMENT ON FUNCTION @extschema@.apitoken_get(text, text) IS
	$$Get an API token

Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_get(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_authenticate(secret text) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_authenticate';
COMMENT ON FUNCTION @extschema@.apitoken_authenticate(text) IS
	$$Authenticate with an API token's secret

Makes the token the actor for the rest of the transaction and notes the access. Answers {"id", "account": {"id"}, "modules": [{"id", "code"}]}. Error: PT401, one and the same for an unknown, malformed, Disabled or Deleted token.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_authenticate(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_list(query text DEFAULT '') RETURNS jsonb
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_list';
COMMENT ON FUNCTION @extschema@.apitoken_list(text) IS
	$$List API tokens

Takes the query string of a URL as it comes, in RQL: filters such as status=Active, eq(account.id,ACC-1234-5678), like(name,*export*), gt(lastAccessAt,2026-01-01) or any(modules,eq(id,MOD-0001)), joined by & or by and(), or(), not(); order=-audit.created.at,+name; limit (100 at most and by default; 0 only counts) and offset; select=+audit,-modules. Answers {"data": [...], "$meta": {"pagination": {"offset", "limit", "total"}, "omitted": []}}, with the tokens that the caller may administer; each without audit and with a short account unless selected. Error: PT400 with the position in the query.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_list(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_pre_request() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_pre_request';
COMMENT ON FUNCTION @extschema@.apitoken_pre_request() IS
	$$Authenticate an HTTP request

For PostgREST's db-pre-request: takes the secret that the proxy handed on in the header X-Apitoken-Secret; without one, a JWT's user or a trusted role must act. Error: PT401.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_pre_request() FROM PUBLIC;

/*
 * pg_dump leaves out an extension's rows and sequences unless told otherwise.
 */
DO $$
DECLARE
	stored regclass;
BEGIN
	FOR stored IN
		SELECT c.oid FROM pg_class c
			WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind IN ('r', 'S')
			ORDER BY c.oid
	LOOP
		PERFORM pg_extension_config_dump(stored, '');
	END LOOP;
END
$$;
