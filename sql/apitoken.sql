/* sql/apitoken.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION apitoken" to load this file. \quit

/*
 * The present schema, which CREATE EXTENSION makes.  What takes a database of an
 * older version up to it is sql/apitoken--OLD--NEW.sql, and test/schema/run
 * compares what both have made.
 *
 *	what is needed          encoding, and a schema in which nobody else creates
 *	types, tables           with their columns, constraints and indexes
 *	rules                   what the tables do by themselves
 *	row security            what a role sees that was granted tables directly
 *	what others add         event triggers
 *	views                   for those who watch over the tokens
 *	calls                   the functions, which are all that most roles need
 *	grants, dumps
 *
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

-- What others could put beside the functions would be called in their place,
-- if its arguments fit better: with the secret.
DO $$
DECLARE
	target name;
	creators text;
BEGIN
	SELECT n.nspname INTO target
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'apitoken';

	-- pg_database_owner, who owns "public" since 15, stands for somebody else
	SELECT string_agg(DISTINCT CASE WHEN c.role = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, ', ') INTO creators
		FROM pg_namespace n
		CROSS JOIN LATERAL (
			SELECT n.nspowner
			UNION SELECT a.grantee FROM aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE') g (grantee)
		JOIN pg_database d ON d.datname = current_database()
		LEFT JOIN pg_roles o ON o.oid = g.grantee AND o.rolname = 'pg_database_owner'
		CROSS JOIN LATERAL (SELECT CASE WHEN o.oid IS NULL THEN g.grantee ELSE d.datdba END) c (role)
		LEFT JOIN pg_roles r ON r.oid = c.role
		WHERE n.nspname = target AND r.rolname IS DISTINCT FROM current_user AND r.rolsuper IS NOT TRUE;

	IF creators IS NOT NULL THEN
		RAISE EXCEPTION 'extension "apitoken" cannot be in schema "%", where others may create functions', target
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('One that is called in place of the extension''s would be given secrets. These roles may create there: %s.', creators),
				HINT = 'Name a schema in which superusers alone may create: CREATE SCHEMA api; CREATE EXTENSION apitoken SCHEMA api.';
	END IF;
END
$$;

CREATE SCHEMA apitoken;
COMMENT ON SCHEMA apitoken IS
	'Tables of the extension apitoken: accounts, what belongs to them, and their API tokens. Not for exposure by a REST front end: its clients call the functions.';

/*
 * Types
 */

/*
 * The length is for the columns to check in which ids begin; all others refer to those.
 * Those of users and API tokens begin as actors': the server reads the text of a CHECK
 * anew at each change of a row.  A domain that checks something is no key to distribute
 * rows by: where a planner prunes shards by it, it finds none.
 */
CREATE DOMAIN apitoken.resource_id AS text COLLATE "C";
COMMENT ON DOMAIN apitoken.resource_id IS
	'Id of a resource: 1 to 255 characters, which the columns check that others refer to. New ids have the shape TKN-nnnn-nnnn; ids taken over from elsewhere may have any. Compared and sorted by bytes.';
REVOKE ALL ON DOMAIN apitoken.resource_id FROM PUBLIC;

-- What the documented form YYYY-MM-DDTHH:mm:ss.sssZ can say, and no more.
CREATE DOMAIN apitoken.instant AS timestamptz(3)
	CHECK (VALUE >= '0001-01-01 00:00:00+00' AND VALUE < '10000-01-01 00:00:00+00');
COMMENT ON DOMAIN apitoken.instant IS
	'A moment with milliseconds, between the years 1 and 9999: exactly what the documented date form can say.';
REVOKE ALL ON DOMAIN apitoken.instant FROM PUBLIC;

CREATE DOMAIN apitoken.networks AS cidr[]
	CHECK (pg_catalog.array_ndims(VALUE) = 1 AND pg_catalog.cardinality(VALUE) BETWEEN 1 AND 100 AND pg_catalog.array_position(VALUE, NULL) IS NULL);
COMMENT ON DOMAIN apitoken.networks IS
	'Networks of IPv4 and IPv6, at most 100. Null, and not an empty list, is all of them.';
REVOKE ALL ON DOMAIN apitoken.networks FROM PUBLIC;

/*
 * Tables
 *
 * Every tenant-owned table carries its account_id, also where it could be
 * derived: composite foreign keys then keep whatever is linked inside one
 * account, and the tables can be partitioned or distributed by account.
 *
 * A column that is added in a later version stands last, here as where a table
 * is altered: pg_dump --inserts names no columns.
 */

CREATE TABLE apitoken.actors (
	type text COLLATE "C" NOT NULL CHECK (type IN ('user', 'token')),
	id apitoken.resource_id NOT NULL CONSTRAINT actors_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
	erased_at timestamptz,
	account_id apitoken.resource_id,
	PRIMARY KEY (type, id)
);
COMMENT ON TABLE apitoken.actors IS
	'Whoever can stand in an audit event''s "by": one row for each user and each API token, kept by triggers on those tables. Audit columns refer to it, so that the database refuses an actor that does not exist. Do not write to it.';
COMMENT ON COLUMN apitoken.actors.type IS 'What the actor is: user or token.';
COMMENT ON COLUMN apitoken.actors.id IS 'Id of the user or the API token.';
COMMENT ON COLUMN apitoken.actors.erased_at IS 'When the API token was erased, with its row: no other gets its id. Null for all others.';
COMMENT ON COLUMN apitoken.actors.account_id IS 'The API token''s account, which it has for life; null for a user.';

CREATE TABLE apitoken.accounts (
	id apitoken.resource_id PRIMARY KEY CONSTRAINT accounts_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
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
	held_at apitoken.instant,
	max_token_lifetime interval CONSTRAINT accounts_max_token_lifetime_check
		CHECK (max_token_lifetime > '0' AND max_token_lifetime <= '1000 years'),
	max_tokens integer CONSTRAINT accounts_max_tokens_check CHECK (max_tokens >= 0),
	allowed_networks apitoken.networks,
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
COMMENT ON COLUMN apitoken.accounts.held_at IS
	'heldAt: since when it is held; null if it is not. Nobody of a held account enables one of its tokens, gives one a module, or makes another.';
COMMENT ON COLUMN apitoken.accounts.max_token_lifetime IS
	'Longest time from the making of a token''s secret to the token''s end; null: none but apitoken.max_lifetime, of which the shorter one counts. New tokens without an end get one.';
COMMENT ON COLUMN apitoken.accounts.max_tokens IS
	'Largest number of its API tokens that are not Deleted, for those who create another; null: apitoken.max_tokens.';
COMMENT ON COLUMN apitoken.accounts.allowed_networks IS
	'From where the secrets of its API tokens are taken; null: from everywhere. Where a token has networks of its own, both have to allow it.';
CREATE INDEX accounts_created_by_idx ON apitoken.accounts (created_by_type, created_by_id);
CREATE INDEX accounts_updated_by_idx ON apitoken.accounts (updated_by_type, updated_by_id);
-- whether any has a list is asked by each session
CREATE INDEX accounts_networks_idx ON apitoken.accounts (id) WHERE allowed_networks IS NOT NULL;

CREATE TABLE apitoken.modules (
	id apitoken.resource_id PRIMARY KEY CONSTRAINT modules_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
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
	id apitoken.resource_id PRIMARY KEY CONSTRAINT sellers_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
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
	id apitoken.resource_id NOT NULL UNIQUE CONSTRAINT user_groups_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
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
	id apitoken.resource_id NOT NULL UNIQUE CONSTRAINT buyers_id_length_check CHECK (pg_catalog.char_length(id) BETWEEN 1 AND 255),
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
	held_at apitoken.instant,
	expires_at apitoken.instant,
	secret_number integer,
	rotated_at apitoken.instant,
	old_secret_until apitoken.instant,
	revoked_at apitoken.instant,
	allowed_networks apitoken.networks,
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
	'API tokens (/accounts/api-tokens). Active -> Disabled -> Active; either -> Deleted, for good. Rows are removed by apitoken_erase_account() alone. What a token authenticates with is in apitoken.api_token_credentials and api_token_secrets.';
COMMENT ON COLUMN apitoken.api_tokens.account_id IS 'The account it belongs to, for life.';
COMMENT ON COLUMN apitoken.api_tokens.id IS
	'Id of the token, TKN-nnnn-nnnn. No control characters, none that change the direction of writing, no invisible ones, and no secret.';
COMMENT ON COLUMN apitoken.api_tokens.status IS 'Active, Disabled or Deleted. Only an Active token authenticates.';
COMMENT ON COLUMN apitoken.api_tokens.name IS 'Name: 1 to 200 letters, digits, spaces, - . '' ". Not unique.';
COMMENT ON COLUMN apitoken.api_tokens.description IS
	'Description: at most 2,000 characters. Tabs and line breaks, but no other control characters, none that change the direction of writing, and no invisible ones.';
COMMENT ON COLUMN apitoken.api_tokens.icon IS
	'Path or URL of the token''s icon: at most 2,000 characters. A URL begins with https://, http:// or data:image/ and png, gif, jpeg or webp.';
COMMENT ON COLUMN apitoken.api_tokens.held_at IS
	'heldAt: since when it is held; null if it is not. Nobody enables a held token, and nobody of its account gives it a module.';
COMMENT ON COLUMN apitoken.api_tokens.expires_at IS
	'expiresAt: from when on it does not authenticate, whatever its status; null if it never expires.';
COMMENT ON COLUMN apitoken.api_tokens.secret_number IS
	'How often its secret was changed, which is the number of the current one; null if it never was.';
COMMENT ON COLUMN apitoken.api_tokens.rotated_at IS
	'rotatedAt: when its secret was last changed; null if it never was.';
COMMENT ON COLUMN apitoken.api_tokens.old_secret_until IS
	'oldSecretUntil: until when the secret before the current one authenticates as well; null if it does not.';
COMMENT ON COLUMN apitoken.api_tokens.revoked_at IS
	'revokedAt: when somebody who held the current secret revoked it; null if nobody did. Nobody enables such a token before it has another secret.';
COMMENT ON COLUMN apitoken.api_tokens.allowed_networks IS
	'allowedNetworks: from where its secret is taken; null: from everywhere that its account''s networks allow.';
CREATE INDEX api_tokens_created_by_idx ON apitoken.api_tokens (created_by_type, created_by_id);
CREATE INDEX api_tokens_updated_by_idx ON apitoken.api_tokens (updated_by_type, updated_by_id);
-- for lists: an account's tokens, tokens of a status, and all, newest or oldest first
CREATE INDEX api_tokens_account_created_idx ON apitoken.api_tokens (account_id, created_at, id);
CREATE INDEX api_tokens_status_created_idx ON apitoken.api_tokens (status, created_at, id);
CREATE INDEX api_tokens_created_idx ON apitoken.api_tokens (created_at, id);
-- for what expires soon, or has
CREATE INDEX api_tokens_expires_idx ON apitoken.api_tokens (expires_at) WHERE expires_at IS NOT NULL;

/*
 * Apart from api_tokens for two reasons.  A role that is granted the tokens
 * does not thereby see a digest; and noting an access locks a row of this
 * table, never the token's, so that disabling a token does not wait for a
 * transaction that has authenticated with it.
 *
 * That a token has one row follows from the primary key and the foreign key: a
 * token has one account.  last_access_at has no index on purpose: an access is
 * noted without touching an index, and a question of a person may read the
 * whole table.
 */
CREATE TABLE apitoken.api_token_credentials (
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL,
	digest bytea NOT NULL CHECK (pg_catalog.octet_length(digest) = 32),
	last_access_at apitoken.instant,
	last_access_address inet,
	last_access_via text COLLATE "C" CHECK (last_access_via IN ('sql', 'http')),
	last_access_mode text COLLATE "C" CHECK (last_access_mode IN ('read', 'write')),
	PRIMARY KEY (account_id, api_token_id),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens ON DELETE CASCADE
) WITH (fillfactor = 80);
COMMENT ON TABLE apitoken.api_token_credentials IS
	'What API tokens authenticate with. Grant it to nobody.';
COMMENT ON COLUMN apitoken.api_token_credentials.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_credentials.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_credentials.digest IS 'SHA-256 of the secret; the secret itself is kept nowhere.';
COMMENT ON COLUMN apitoken.api_token_credentials.last_access_at IS 'lastAccessAt: about when the token last authenticated, noted at most every apitoken.last_access_interval.';
COMMENT ON COLUMN apitoken.api_token_credentials.last_access_address IS
	'From where that was: in sessions of apitoken.proxy_authenticator as the proxy says, else the connection''s address; null where there is none, or it was erased.';
COMMENT ON COLUMN apitoken.api_token_credentials.last_access_via IS
	'How: http, a request in a session of apitoken.proxy_authenticator or apitoken.jwt_authenticator; else sql.';
COMMENT ON COLUMN apitoken.api_token_credentials.last_access_mode IS
	'What for: read or write, by the request''s method; null for sql, where nobody knows.';

/*
 * Once a token's secret was changed, its secrets are here: the current one and the one
 * before, by their numbers.  Which of them count is for the token's own row to say:
 * so nothing that ends a secret waits for whoever is using it, which locks a row here.
 */
CREATE TABLE apitoken.api_token_secrets (
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL,
	number integer NOT NULL,
	digest bytea NOT NULL CHECK (pg_catalog.octet_length(digest) = 32),
	last_access_at apitoken.instant,
	last_access_address inet,
	last_access_via text COLLATE "C" CHECK (last_access_via IN ('sql', 'http')),
	last_access_mode text COLLATE "C" CHECK (last_access_mode IN ('read', 'write')),
	PRIMARY KEY (account_id, api_token_id, number),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens ON DELETE CASCADE
) WITH (fillfactor = 80);
COMMENT ON TABLE apitoken.api_token_secrets IS
	'Secrets of API tokens whose secret was changed. Grant it to nobody.';
COMMENT ON COLUMN apitoken.api_token_secrets.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_secrets.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_secrets.number IS 'Number of the secret: 0 for the first, as api_tokens.secret_number counts.';
COMMENT ON COLUMN apitoken.api_token_secrets.digest IS 'SHA-256 of the secret; the secret itself is kept nowhere.';
COMMENT ON COLUMN apitoken.api_token_secrets.last_access_at IS 'About when the token last authenticated with it, noted at most every apitoken.last_access_interval.';
COMMENT ON COLUMN apitoken.api_token_secrets.last_access_address IS
	'From where that was: in sessions of apitoken.proxy_authenticator as the proxy says, else the connection''s address; null where there is none, or it was erased.';
COMMENT ON COLUMN apitoken.api_token_secrets.last_access_via IS
	'How: http, a request in a session of apitoken.proxy_authenticator or apitoken.jwt_authenticator; else sql.';
COMMENT ON COLUMN apitoken.api_token_secrets.last_access_mode IS
	'What for: read or write, by the request''s method; null for sql, where nobody knows.';

/*
 * Secrets that tokens had elsewhere need not say whose they are: their tokens are found
 * here, and those of no other secret.  Rows are looked for by texts, so the digest is one.
 */
CREATE TABLE apitoken.api_token_foreign_secrets (
	digest text COLLATE "C" PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
	account_id apitoken.resource_id NOT NULL,
	api_token_id apitoken.resource_id NOT NULL,
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens ON DELETE CASCADE
);
COMMENT ON TABLE apitoken.api_token_foreign_secrets IS
	'API tokens that were brought along from elsewhere, by the digests of the secrets that they had there. Whether one still counts is in the other tables. Grant it to nobody.';
COMMENT ON COLUMN apitoken.api_token_foreign_secrets.digest IS 'SHA-256 of the secret, in hexadecimal digits.';
COMMENT ON COLUMN apitoken.api_token_foreign_secrets.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_foreign_secrets.api_token_id IS 'The token.';
CREATE INDEX api_token_foreign_secrets_token_idx ON apitoken.api_token_foreign_secrets (account_id, api_token_id);

/*
 * Secrets that were revoked never authenticate again, also where their token is gone: so
 * these rows say nothing of whose they were, and stay.
 */
CREATE TABLE apitoken.revoked_digests (
	digest bytea PRIMARY KEY CHECK (pg_catalog.octet_length(digest) = 32),
	revoked_at apitoken.instant NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE apitoken.revoked_digests IS
	'Digests of secrets of API tokens that were revoked by whoever held them. No token is given one of them. Grant it to nobody.';
COMMENT ON COLUMN apitoken.revoked_digests.digest IS 'SHA-256 of the secret.';
COMMENT ON COLUMN apitoken.revoked_digests.revoked_at IS 'When it was revoked first.';

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
	to_status text COLLATE "C" CHECK (to_status IN ('Active', 'Disabled', 'Deleted')),
	actor_type text COLLATE "C",
	actor_id apitoken.resource_id,
	database_role name NOT NULL,
	client_address inet,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	call_id bigint,
	reason text COLLATE "C" CONSTRAINT api_token_transitions_reason_length_check CHECK (pg_catalog.char_length(reason) <= 500),
	event text COLLATE "C" CHECK (event IN ('created', 'imported', 'enabled', 'disabled', 'deleted', 'rotated', 'revoked', 'held', 'released',
		'expiry_changed', 'networks_changed', 'changed', 'module_given', 'module_taken')),
	details jsonb,
	session_role text COLLATE "C",
	request_id text COLLATE "C",
	xid xid8,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, api_token_id) REFERENCES apitoken.api_tokens,
	FOREIGN KEY (actor_type, actor_id) REFERENCES apitoken.actors MATCH FULL
);
COMMENT ON TABLE apitoken.api_token_transitions IS
	'The trail: one row for each event that changes what an API token may do, or how it is shown, whoever made it and by whatever means. Rows are only ever added, but for what apitoken_trail_prune() and the calls that erase take away.';
COMMENT ON COLUMN apitoken.api_token_transitions.id IS 'Number of the row; a later event of one token has a higher one.';
COMMENT ON COLUMN apitoken.api_token_transitions.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.api_token_transitions.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.api_token_transitions.from_status IS 'Status before; null for a new token, and where the event is no change of the status.';
COMMENT ON COLUMN apitoken.api_token_transitions.to_status IS 'Status after; null where the event is no change of the status.';
COMMENT ON COLUMN apitoken.api_token_transitions.actor_type IS 'What acted: user or token; null where a trusted database role acted by itself.';
COMMENT ON COLUMN apitoken.api_token_transitions.actor_id IS 'Id of the user or API token that acted.';
COMMENT ON COLUMN apitoken.api_token_transitions.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.api_token_transitions.client_address IS
	'Network address of the client: in sessions of apitoken.proxy_authenticator the one that the proxy vouches for, else that of the connection; null for a local one.';
COMMENT ON COLUMN apitoken.api_token_transitions.at IS 'When the change was made.';
COMMENT ON COLUMN apitoken.api_token_transitions.call_id IS
	'Number of the call of apitoken_disable_all() that made the change, the same in all of its rows; else null.';
COMMENT ON COLUMN apitoken.api_token_transitions.reason IS
	'Why: what whoever made the call gave as the reason; null if he gave none.';
COMMENT ON COLUMN apitoken.api_token_transitions.event IS
	'What happened: created, imported, enabled, disabled, deleted, rotated (it has another secret), revoked (a secret), held, released, expiry_changed, networks_changed, changed (its name, description or icon), module_given or module_taken. Null in rows of version 1.0, whose statuses say it.';
COMMENT ON COLUMN apitoken.api_token_transitions.details IS
	'What exactly: {"module": {"id"}}, {"modules": [{"id"}]} of a new token, or of each member that has changed {"from", "to"}; null if there is no more to say.';
COMMENT ON COLUMN apitoken.api_token_transitions.session_role IS 'Database role that had logged in; null in rows of version 1.0.';
COMMENT ON COLUMN apitoken.api_token_transitions.request_id IS
	'Id of the HTTP request, in sessions of apitoken.proxy_authenticator; else null.';
COMMENT ON COLUMN apitoken.api_token_transitions.xid IS
	'Transaction that has added the row to this database, which a restore does as well; null in rows of before version 1.1. apitoken_feed() tells by it what is new.';
COMMENT ON SEQUENCE apitoken.api_token_transitions_id_seq IS 'Numbers the rows of the trail; a later change of one token has a higher number.';
-- a token's history: its id is its own in all accounts, and the foreign key to api_tokens is served, too
CREATE INDEX api_token_transitions_token_idx ON apitoken.api_token_transitions (api_token_id, account_id, id);
CREATE INDEX api_token_transitions_actor_idx ON apitoken.api_token_transitions (actor_type, actor_id);
CREATE INDEX api_token_transitions_call_idx ON apitoken.api_token_transitions (call_id) WHERE call_id IS NOT NULL;
/*
 * The trail is asked what happened since a moment.  Its rows are only ever
 * added, so they lie in the order of time: a summary of each range of blocks
 * finds them, and costs a change of a status nearly nothing.
 */
CREATE INDEX api_token_transitions_at_idx ON apitoken.api_token_transitions USING brin (at) WITH (autosummarize = on);
-- for the feed: in order, and what is new
CREATE INDEX api_token_transitions_id_idx ON apitoken.api_token_transitions (id);
CREATE INDEX api_token_transitions_xid_idx ON apitoken.api_token_transitions (xid);

CREATE TABLE apitoken.trail_prunings (
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	before timestamptz NOT NULL,
	pruned bigint NOT NULL,
	last_id bigint,
	last_xid xid8,
	database_role name NOT NULL,
	xid xid8,
	PRIMARY KEY (at, before)
);
COMMENT ON TABLE apitoken.trail_prunings IS
	'What was pruned from the trail, and by whom; with an account''s tokens that were erased their trail went, too. Rows are only ever added.';
COMMENT ON COLUMN apitoken.trail_prunings.at IS 'When.';
COMMENT ON COLUMN apitoken.trail_prunings.before IS 'Rows of before that moment went.';
COMMENT ON COLUMN apitoken.trail_prunings.pruned IS 'How many.';
COMMENT ON COLUMN apitoken.trail_prunings.last_id IS 'The highest number among them; null if there were none.';
COMMENT ON COLUMN apitoken.trail_prunings.last_xid IS 'The last of the transactions that had added them; null if none is known.';
COMMENT ON COLUMN apitoken.trail_prunings.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.trail_prunings.xid IS 'Transaction that has added the row to this database, which a restore does as well.';

CREATE TABLE apitoken.erasures (
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'account')),
	resource_id apitoken.resource_id NOT NULL CONSTRAINT erasures_resource_id_length_check CHECK (pg_catalog.char_length(resource_id) BETWEEN 1 AND 255),
	with_tokens boolean NOT NULL DEFAULT false,
	database_role name NOT NULL,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	PRIMARY KEY (kind, resource_id, at)
);
COMMENT ON TABLE apitoken.erasures IS
	'Which users and accounts were erased, and by whom. Rows are only ever added: what a backup brings back is erased again by them.';
COMMENT ON COLUMN apitoken.erasures.kind IS 'What was erased: user or account.';
COMMENT ON COLUMN apitoken.erasures.resource_id IS 'Id of the user or the account.';
COMMENT ON COLUMN apitoken.erasures.with_tokens IS 'Whether the account''s API tokens went with their trail.';
COMMENT ON COLUMN apitoken.erasures.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.erasures.at IS 'When.';

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
 * Rules
 *
 * Triggers fire on what has changed, and on nothing else: an UPDATE that sets
 * equal values takes nothing away, and a status that somebody's own trigger
 * changes leaves its row in the trail.
 */

CREATE FUNCTION apitoken.is_erasing() RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_is_erasing';
COMMENT ON FUNCTION apitoken.is_erasing() IS
	'Whether a call that erases, or prunes, is writing now: nothing else changes the trail, and removes API tokens.';
REVOKE ALL ON FUNCTION apitoken.is_erasing() FROM PUBLIC;

/*
 * Actors follow users and API tokens.  The functions run as their owner, so
 * that whoever may add a user needs no right on apitoken.actors.
 */
CREATE FUNCTION apitoken.keep_actor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	actor apitoken.actors;
BEGIN
	IF TG_OP = 'INSERT' AND TG_ARGV[0] = 'token' THEN
		-- a restore has the actors already
		INSERT INTO apitoken.actors (type, id, account_id) VALUES ('token', NEW.id, NEW.account_id) ON CONFLICT DO NOTHING;
		IF NOT FOUND THEN
			-- whoever is erasing it now is waited for
			SELECT a.* INTO actor FROM apitoken.actors a WHERE a.type = 'token' AND a.id = NEW.id FOR SHARE;
			IF actor.erased_at IS NOT NULL THEN
				RAISE EXCEPTION 'an erased API token had this id'
					USING ERRCODE = 'unique_violation',
						DETAIL = format('The id is %s.', NEW.id),
						SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'id';
			END IF;
			-- those of a dump of version 1.0 have no account yet
			IF actor.account_id IS NULL THEN
				UPDATE apitoken.actors SET account_id = NEW.account_id WHERE type = 'token' AND id = NEW.id AND account_id IS NULL;
			END IF;
		END IF;
		RETURN NEW;
	ELSIF TG_OP = 'INSERT' THEN
		INSERT INTO apitoken.actors (type, id) VALUES (TG_ARGV[0], NEW.id) ON CONFLICT DO NOTHING;
		RETURN NEW;
	ELSIF TG_OP = 'DELETE' THEN
		-- what a token that is erased did keeps its number, which no other gets
		IF apitoken.is_erasing() THEN
			UPDATE apitoken.actors SET erased_at = clock_timestamp() WHERE type = TG_ARGV[0] AND id = OLD.id;
		ELSE
			DELETE FROM apitoken.actors WHERE type = TG_ARGV[0] AND id = OLD.id;
		END IF;
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
 * What people give to be shown is not to look like something else, nor to run.
 * A constraint would be checked at every change of a row, and would keep one
 * that was there before it from being disabled or restored; so triggers check
 * what is new, and src/calls/text.c says what the rules are.
 */
CREATE FUNCTION apitoken.check_text() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_check_text';
COMMENT ON FUNCTION apitoken.check_text() IS
	'Trigger: texts that are new have no control characters, none that change the direction of writing, and none that are invisible. The rule line is for one line; name has something to be seen besides; text allows tabs and line breaks; id allows no joiners either, and no secret; url is a path, or begins with http:// or https:// and a host, or with data:image/ and png, gif, jpeg or webp, without white space and backslashes. Rows that a restore inserts are taken as they are.';
REVOKE ALL ON FUNCTION apitoken.check_text() FROM PUBLIC;

DO $$
DECLARE
	ruled record;
BEGIN
	FOR ruled IN
		SELECT r.relation, c.name, r.rule, row_number() OVER (PARTITION BY r.relation ORDER BY c.name) = 1 AS is_first,
				string_agg(format('%L, %L', c.name, r.rule), ', ') OVER (PARTITION BY r.relation) AS rules
			FROM (VALUES
				('accounts', 'id', '{id}'::text[]),
				('accounts', 'name', '{name}'),
				('accounts', 'line', '{external_id,external_name,service_level,address_line1,address_line2,post_code,city,state,country,technical_support_email}'),
				('accounts', 'text', '{description}'),
				('accounts', 'url', '{icon,website}'),
				('modules', 'id', '{id}'),
				('modules', 'name', '{name}'),
				('modules', 'line', '{code}'),
				('modules', 'text', '{description}'),
				('sellers', 'id', '{id}'),
				('sellers', 'name', '{name}'),
				('users', 'id', '{id}'),
				('users', 'name', '{name}'),
				('users', 'line', '{first_name,last_name,email,phone_prefix,phone_number,culture_code,language_code}'),
				('users', 'url', '{icon}'),
				('user_groups', 'id', '{id}'),
				('user_groups', 'name', '{name}'),
				('user_groups', 'text', '{description}'),
				('user_groups', 'url', '{logo}'),
				('buyers', 'id', '{id}'),
				('buyers', 'name', '{name}'),
				('buyers', 'line', '{erp_company_contact,erp_customer,account_external_id,address_line1,address_line2,post_code,city,state,country,tax_id}'),
				('buyers', 'url', '{icon}'),
				('buyer_errors', 'line', '{id}'),
				('buyer_errors', 'text', '{message}'),
				('api_tokens', 'id', '{id}'),
				('api_tokens', 'name', '{name}'),
				('api_tokens', 'text', '{description}'),
				('api_tokens', 'url', '{icon}')) AS r (relation, rule, names)
			CROSS JOIN LATERAL unnest(r.names) AS c (name)
	LOOP
		IF ruled.is_first THEN
			EXECUTE format($t$
				CREATE TRIGGER check_text BEFORE INSERT ON apitoken.%1$I
					FOR EACH ROW EXECUTE FUNCTION apitoken.check_text(%2$s)
				$t$, ruled.relation, ruled.rules);
		END IF;
		-- a trigger a column: who drops one that he does not need drops nothing else
		EXECUTE format($t$
			CREATE TRIGGER %3$I BEFORE UPDATE OF %2$I ON apitoken.%1$I
				FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
				EXECUTE FUNCTION apitoken.check_text(%2$L, %4$L)
			$t$, ruled.relation, ruled.name, 'check_' || ruled.name, ruled.rule);
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

CREATE CONSTRAINT TRIGGER user_groups_default_check AFTER INSERT OR DELETE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_default_group();
CREATE CONSTRAINT TRIGGER user_groups_default_update_check AFTER UPDATE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default IS DISTINCT FROM NEW.is_default)
	EXECUTE FUNCTION apitoken.check_default_group();

/*
 * The default group's modules bound those of the account's other groups and
 * tokens, and an account's type says which modules anybody may have there.  What
 * is given is looked at when it is given; what is taken from the default group
 * is taken from everybody; the default moves, or goes, only when nobody has what
 * the new one lacks.
 */
CREATE FUNCTION apitoken.withdraw_module() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_withdraw_module';
COMMENT ON FUNCTION apitoken.withdraw_module() IS
	'Trigger: a module taken from an account''s default group is taken from its other groups and its tokens.';
REVOKE ALL ON FUNCTION apitoken.withdraw_module() FROM PUBLIC;

CREATE FUNCTION apitoken.check_offer() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_check_offer';
COMMENT ON FUNCTION apitoken.check_offer() IS
	'Trigger: a user group or API token is given a module only if the account''s default user group has it and an account of its type may hold it. A restore, in a session with row_security off that row security does not bind, brings rows back as they were.';
REVOKE ALL ON FUNCTION apitoken.check_offer() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_offer() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_offer';
COMMENT ON FUNCTION apitoken.keep_offer() IS
	'Trigger: another user group becomes the default, or the default goes, only if nobody of the account has a module that the default group then has not.';
REVOKE ALL ON FUNCTION apitoken.keep_offer() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_module() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_module';
COMMENT ON FUNCTION apitoken.keep_module() IS
	'Trigger: a module taken from a user group that becomes the default meanwhile is not left with others of the account.';
REVOKE ALL ON FUNCTION apitoken.keep_module() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_account_types() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_account_types';
COMMENT ON FUNCTION apitoken.keep_account_types() IS
	'Trigger: a type of account stays among those that may hold a module while an account of that type holds it.';
REVOKE ALL ON FUNCTION apitoken.keep_account_types() FROM PUBLIC;

CREATE TRIGGER check_new_offer AFTER INSERT ON apitoken.user_group_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_offer();
CREATE TRIGGER check_offer AFTER UPDATE ON apitoken.user_group_modules
	FOR EACH ROW WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id OR OLD.user_group_id IS DISTINCT FROM NEW.user_group_id
		OR OLD.module_id IS DISTINCT FROM NEW.module_id)
	EXECUTE FUNCTION apitoken.check_offer();

CREATE TRIGGER withdraw_module AFTER UPDATE ON apitoken.user_group_modules
	FOR EACH ROW WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id OR OLD.user_group_id IS DISTINCT FROM NEW.user_group_id
		OR OLD.module_id IS DISTINCT FROM NEW.module_id)
	EXECUTE FUNCTION apitoken.withdraw_module();
CREATE TRIGGER withdraw_deleted_module AFTER DELETE ON apitoken.user_group_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.withdraw_module();
CREATE CONSTRAINT TRIGGER keep_module AFTER UPDATE ON apitoken.user_group_modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id OR OLD.user_group_id IS DISTINCT FROM NEW.user_group_id
		OR OLD.module_id IS DISTINCT FROM NEW.module_id)
	EXECUTE FUNCTION apitoken.keep_module();
CREATE CONSTRAINT TRIGGER keep_deleted_module AFTER DELETE ON apitoken.user_group_modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_module();

CREATE TRIGGER check_new_offer AFTER INSERT ON apitoken.api_token_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_offer();
CREATE TRIGGER check_offer AFTER UPDATE ON apitoken.api_token_modules
	FOR EACH ROW WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id OR OLD.api_token_id IS DISTINCT FROM NEW.api_token_id
		OR OLD.module_id IS DISTINCT FROM NEW.module_id)
	EXECUTE FUNCTION apitoken.check_offer();

CREATE CONSTRAINT TRIGGER keep_account_types AFTER UPDATE ON apitoken.modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.account_types IS DISTINCT FROM NEW.account_types)
	EXECUTE FUNCTION apitoken.keep_account_types();

CREATE CONSTRAINT TRIGGER keep_offer AFTER UPDATE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default AND NOT NEW.is_default)
	EXECUTE FUNCTION apitoken.keep_offer();
CREATE CONSTRAINT TRIGGER keep_offer_of_deleted AFTER DELETE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default)
	EXECUTE FUNCTION apitoken.keep_offer();

/*
 * Whatever changes a status, this extension's functions or an UPDATE by hand,
 * leaves its row in the trail and its signal.  A row that is added is log_creation()'s.
 */
CREATE FUNCTION apitoken.log_transition() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_transition';
COMMENT ON FUNCTION apitoken.log_transition() IS
	'Trigger: records a change of an API token''s status in apitoken.api_token_transitions and, unless apitoken.notify is off, sends {"id": ..., "status": ...} on the channel apitoken when the transaction commits.';
REVOKE ALL ON FUNCTION apitoken.log_transition() FROM PUBLIC;

CREATE TRIGGER log_transition AFTER UPDATE ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
	EXECUTE FUNCTION apitoken.log_transition();

-- A restore writes rows of tokens, and of their modules, and brings their trail with it.
CREATE FUNCTION apitoken.log_creation() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_creation';
COMMENT ON FUNCTION apitoken.log_creation() IS
	'Trigger: records in the trail an API token that is added by hand. A restore, in a session with row_security off that row security does not bind, brings the trail with it.';
REVOKE ALL ON FUNCTION apitoken.log_creation() FROM PUBLIC;

CREATE FUNCTION apitoken.log_change() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_change';
COMMENT ON FUNCTION apitoken.log_change() IS
	'Trigger: records in the trail whatever else of an API token is changed than its status.';
REVOKE ALL ON FUNCTION apitoken.log_change() FROM PUBLIC;

CREATE FUNCTION apitoken.log_module() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_module';
COMMENT ON FUNCTION apitoken.log_module() IS
	'Trigger: records in the trail a module that an API token is given, or that is taken from it; but for a restore, as log_creation() does.';
REVOKE ALL ON FUNCTION apitoken.log_module() FROM PUBLIC;

CREATE TRIGGER log_creation AFTER INSERT ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.log_creation();
CREATE TRIGGER log_change AFTER UPDATE ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.description IS DISTINCT FROM NEW.description
		OR OLD.icon IS DISTINCT FROM NEW.icon OR OLD.held_at IS DISTINCT FROM NEW.held_at
		OR OLD.expires_at IS DISTINCT FROM NEW.expires_at OR OLD.secret_number IS DISTINCT FROM NEW.secret_number
		OR OLD.old_secret_until IS DISTINCT FROM NEW.old_secret_until OR OLD.revoked_at IS DISTINCT FROM NEW.revoked_at
		OR OLD.allowed_networks IS DISTINCT FROM NEW.allowed_networks)
	EXECUTE FUNCTION apitoken.log_change();
CREATE TRIGGER log_module AFTER INSERT OR DELETE ON apitoken.api_token_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.log_module();
CREATE TRIGGER log_moved_module AFTER UPDATE ON apitoken.api_token_modules
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION apitoken.log_module();

/*
 * By its transaction a row is known as new; a dump and a publication have those of
 * another server.
 */
CREATE FUNCTION apitoken.stamp_row() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_stamp_row';
COMMENT ON FUNCTION apitoken.stamp_row() IS
	'Trigger: a row says which transaction has added it to this database, whatever it was given; on a shard also of which node, which numbers it, too.';
REVOKE ALL ON FUNCTION apitoken.stamp_row() FROM PUBLIC;

CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON apitoken.api_token_transitions
	FOR EACH ROW EXECUTE FUNCTION apitoken.stamp_row();
ALTER TABLE apitoken.api_token_transitions ENABLE ALWAYS TRIGGER stamp_row;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON apitoken.trail_prunings
	FOR EACH ROW EXECUTE FUNCTION apitoken.stamp_row();
ALTER TABLE apitoken.trail_prunings ENABLE ALWAYS TRIGGER stamp_row;

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

CREATE TRIGGER refuse_transition AFTER UPDATE ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status = 'Deleted' AND NEW.status <> 'Deleted')
	EXECUTE FUNCTION apitoken.refuse_transition();

-- The trail's foreign key keeps a token only where it has a row there.
CREATE FUNCTION apitoken.keep_token() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF apitoken.is_erasing() THEN
		RETURN OLD;
	END IF;
	RAISE EXCEPTION 'API tokens are never removed'
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('The API token is %s.', OLD.id),
			HINT = 'Set its status to Deleted, as apitoken_delete() does.',
			SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION apitoken.keep_token() IS
	'Trigger: rows of API tokens are removed by apitoken_erase_account() alone.';
REVOKE ALL ON FUNCTION apitoken.keep_token() FROM PUBLIC;

CREATE TRIGGER keep_token BEFORE DELETE ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_token();

CREATE FUNCTION apitoken.keep_trail() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF apitoken.is_erasing() THEN
		-- the row, where it is one
		RETURN COALESCE(NEW, OLD);
	END IF;
	RAISE EXCEPTION 'such rows are only ever added'
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('%s on apitoken.%s is refused.', TG_OP, TG_TABLE_NAME);
END
$$;
COMMENT ON FUNCTION apitoken.keep_trail() IS 'Trigger: nobody changes or removes these rows but apitoken_trail_prune() and the calls that erase.';
REVOKE ALL ON FUNCTION apitoken.keep_trail() FROM PUBLIC;

CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON apitoken.api_token_transitions
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_trail();
CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON apitoken.trail_prunings
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_trail();
CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON apitoken.erasures
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_trail();
CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON apitoken.revoked_digests
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_trail();

CREATE FUNCTION apitoken.refuse_revoked() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_refuse_revoked';
COMMENT ON FUNCTION apitoken.refuse_revoked() IS
	'Trigger: an API token has no secret that was revoked and could count. What a restore brings back is Disabled or over by its own row.';
REVOKE ALL ON FUNCTION apitoken.refuse_revoked() FROM PUBLIC;

CREATE TRIGGER refuse_revoked AFTER INSERT OR UPDATE OF account_id, api_token_id, digest ON apitoken.api_token_credentials
	FOR EACH ROW EXECUTE FUNCTION apitoken.refuse_revoked('api_token_id');
CREATE TRIGGER refuse_revoked AFTER INSERT OR UPDATE OF account_id, api_token_id, number, digest ON apitoken.api_token_secrets
	FOR EACH ROW EXECUTE FUNCTION apitoken.refuse_revoked('api_token_id');
CREATE TRIGGER refuse_revoked AFTER UPDATE OF secret_number, old_secret_until, revoked_at ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.secret_number IS DISTINCT FROM NEW.secret_number OR OLD.old_secret_until IS NULL AND NEW.old_secret_until IS NOT NULL
		OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
	EXECUTE FUNCTION apitoken.refuse_revoked();

-- A hold means something: what is held is not Active, whoever writes it.
CREATE FUNCTION apitoken.refuse_held() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_refuse_held';
COMMENT ON FUNCTION apitoken.refuse_held() IS
	'Trigger: a held API token is not Active.';
REVOKE ALL ON FUNCTION apitoken.refuse_held() FROM PUBLIC;

CREATE TRIGGER refuse_held AFTER INSERT OR UPDATE OF held_at ON apitoken.api_tokens
	FOR EACH ROW WHEN (NEW.held_at IS NOT NULL AND NEW.status = 'Active')
	EXECUTE FUNCTION apitoken.refuse_held();

/*
 * Whatever takes a right away, by a function or by hand, closes a gate: whoever
 * acts by that right does not commit until he sees what has become of it.  A
 * change of a token's status does so in log_transition(), a module taken from a
 * user group in withdraw_module().
 */
CREATE FUNCTION apitoken.close_gate() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_close_gate';
COMMENT ON FUNCTION apitoken.close_gate() IS
	'Trigger: whoever acts by a right that is being taken away does not commit before that has been decided.';
REVOKE ALL ON FUNCTION apitoken.close_gate() FROM PUBLIC;

CREATE TRIGGER close_gate_on_delete AFTER DELETE ON apitoken.api_token_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.close_gate('token', 'api_token_id');
CREATE TRIGGER close_gate AFTER UPDATE ON apitoken.api_token_modules
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION apitoken.close_gate('token', 'api_token_id');
CREATE TRIGGER close_gate AFTER UPDATE OF status ON apitoken.users
	FOR EACH ROW WHEN (OLD.status <> NEW.status AND NEW.status <> 'Active') EXECUTE FUNCTION apitoken.close_gate('user', 'id');
CREATE TRIGGER close_gate_on_delete AFTER DELETE ON apitoken.users
	FOR EACH ROW EXECUTE FUNCTION apitoken.close_gate('user', 'id');
CREATE TRIGGER close_gate AFTER UPDATE ON apitoken.user_group_users
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION apitoken.close_gate('user', 'user_id');
CREATE TRIGGER close_gate_on_delete AFTER DELETE ON apitoken.user_group_users
	FOR EACH ROW EXECUTE FUNCTION apitoken.close_gate('user', 'user_id');
CREATE TRIGGER close_gate AFTER UPDATE OF is_default ON apitoken.user_groups
	FOR EACH ROW WHEN (OLD.is_default AND NOT NEW.is_default) EXECUTE FUNCTION apitoken.close_gate('account', 'account_id');
CREATE TRIGGER close_gate AFTER UPDATE OF code, account_types ON apitoken.modules
	FOR EACH ROW WHEN (OLD.code <> NEW.code OR OLD.account_types <> NEW.account_types) EXECUTE FUNCTION apitoken.close_gate('all');
CREATE TRIGGER close_gate AFTER UPDATE OF held_at ON apitoken.accounts
	FOR EACH ROW WHEN (OLD.held_at IS NULL AND NEW.held_at IS NOT NULL)
	EXECUTE FUNCTION apitoken.close_gate('account', 'id');
CREATE TRIGGER close_gate_of_disabled AFTER UPDATE OF status ON apitoken.accounts
	FOR EACH ROW WHEN (OLD.status <> 'Disabled' AND NEW.status = 'Disabled')
	EXECUTE FUNCTION apitoken.close_gate('account', 'id');
CREATE TRIGGER close_gate AFTER UPDATE OF expires_at ON apitoken.api_tokens
	FOR EACH ROW WHEN (NEW.expires_at IS NOT NULL AND (OLD.expires_at IS NULL OR NEW.expires_at < OLD.expires_at))
	EXECUTE FUNCTION apitoken.close_gate('token', 'id');
CREATE TRIGGER close_gate_of_secret AFTER UPDATE OF secret_number, old_secret_until ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.secret_number IS DISTINCT FROM NEW.secret_number OR OLD.old_secret_until IS DISTINCT FROM NEW.old_secret_until)
	EXECUTE FUNCTION apitoken.close_gate('token', 'id');
CREATE TRIGGER close_gate_of_networks AFTER UPDATE OF allowed_networks ON apitoken.api_tokens
	FOR EACH ROW WHEN (NEW.allowed_networks IS NOT NULL AND OLD.allowed_networks IS DISTINCT FROM NEW.allowed_networks)
	EXECUTE FUNCTION apitoken.close_gate('token', 'id');
CREATE TRIGGER close_gate_of_networks AFTER UPDATE OF allowed_networks ON apitoken.accounts
	FOR EACH ROW WHEN (NEW.allowed_networks IS NOT NULL AND OLD.allowed_networks IS DISTINCT FROM NEW.allowed_networks)
	EXECUTE FUNCTION apitoken.close_gate('account', 'id');

/*
 * Where no account has a list of networks, no session reads an account for it.  Whoever
 * applies a publisher's changes tells it, too.
 */
CREATE FUNCTION apitoken.tell_networks() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_tell_networks';
COMMENT ON FUNCTION apitoken.tell_networks() IS
	'Trigger: when an account gets a list of networks, or loses it, every session looks again whether there is any.';
REVOKE ALL ON FUNCTION apitoken.tell_networks() FROM PUBLIC;

CREATE TRIGGER tell_new_networks AFTER INSERT ON apitoken.accounts
	FOR EACH ROW WHEN (NEW.allowed_networks IS NOT NULL) EXECUTE FUNCTION apitoken.tell_networks();
ALTER TABLE apitoken.accounts ENABLE ALWAYS TRIGGER tell_new_networks;
CREATE TRIGGER tell_networks AFTER UPDATE ON apitoken.accounts
	FOR EACH ROW WHEN ((OLD.allowed_networks IS NULL) <> (NEW.allowed_networks IS NULL)) EXECUTE FUNCTION apitoken.tell_networks();
ALTER TABLE apitoken.accounts ENABLE ALWAYS TRIGGER tell_networks;

/*
 * Whose name is in an audit is shown with it.  Somebody else's, put there by
 * hand, would show an actor of one account a user of another.
 */
CREATE FUNCTION apitoken.keep_columns() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_columns';
COMMENT ON FUNCTION apitoken.keep_columns() IS
	'Trigger: nobody whom row security binds changes these columns by hand.';
REVOKE ALL ON FUNCTION apitoken.keep_columns() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_audit() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_audit';
COMMENT ON FUNCTION apitoken.keep_audit() IS
	'Trigger: whom row security binds does not say by hand that somebody else created or updated a row.';
REVOKE ALL ON FUNCTION apitoken.keep_audit() FROM PUBLIC;

CREATE FUNCTION apitoken.act_by_hand() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_act_by_hand';
COMMENT ON FUNCTION apitoken.act_by_hand() IS
	'Trigger: what is changed by hand by the right of an actor, which row security asks for, is committed if he still has it.';
REVOKE ALL ON FUNCTION apitoken.act_by_hand() FROM PUBLIC;

-- The functions' own writes are the owner's, whom row security does not bind.
DO $$
DECLARE
	audited text;
BEGIN
	FOREACH audited IN ARRAY ARRAY['accounts', 'buyers', 'api_tokens'] LOOP
		EXECUTE format($t$
			CREATE TRIGGER keep_audit
				BEFORE %2$s UPDATE OF created_by_type, created_by_id, updated_by_type, updated_by_id ON apitoken.%1$I
				FOR EACH ROW EXECUTE FUNCTION apitoken.keep_audit();
			CREATE TRIGGER keep_created_at BEFORE UPDATE OF created_at ON apitoken.%1$I
				FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('created_at')
			$t$, audited, CASE audited WHEN 'buyers' THEN 'INSERT OR' END);
	END LOOP;
END
$$;

-- Nor is what an actor changes by hand committed once his right is gone; of tokens see log_change().
DO $$
DECLARE
	written text;
BEGIN
	FOREACH written IN ARRAY ARRAY['accounts', 'buyers', 'buyer_errors', 'buyer_sellers', 'user_group_buyers'] LOOP
		EXECUTE format('CREATE TRIGGER act_by_hand AFTER INSERT OR UPDATE OR DELETE ON apitoken.%I
			FOR EACH STATEMENT EXECUTE FUNCTION apitoken.act_by_hand()', written);
	END LOOP;
END
$$;

-- Nor is a hold set or let go by hand.
CREATE TRIGGER keep_hold BEFORE UPDATE OF held_at ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('held_at');
CREATE TRIGGER keep_hold BEFORE UPDATE OF held_at ON apitoken.accounts
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('held_at');
-- nor an end, how far away it may be, how many there may be, or which secrets count
CREATE TRIGGER keep_end BEFORE UPDATE OF expires_at ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('expires_at');
CREATE TRIGGER keep_lifetime BEFORE UPDATE OF max_token_lifetime ON apitoken.accounts
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('max_token_lifetime');
CREATE TRIGGER keep_max_tokens BEFORE UPDATE OF max_tokens ON apitoken.accounts
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('max_tokens');
CREATE TRIGGER keep_secret BEFORE UPDATE OF secret_number, rotated_at, old_secret_until, revoked_at ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('secret_number', 'rotated_at', 'old_secret_until', 'revoked_at');
-- nor from where they are taken
CREATE TRIGGER keep_networks BEFORE UPDATE OF allowed_networks ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('allowed_networks');
CREATE TRIGGER keep_networks BEFORE UPDATE OF allowed_networks ON apitoken.accounts
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_columns('allowed_networks');

/*
 * Row security is not asked by TRUNCATE.  What replicates a publisher's does not
 * come here, as with every other trigger.
 */
CREATE FUNCTION apitoken.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'must be owner of table apitoken.% to truncate it', TG_TABLE_NAME
		USING ERRCODE = 'insufficient_privilege',
			SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_truncate() IS
	'Trigger: only the owner of a table of the extension truncates it.';
REVOKE ALL ON FUNCTION apitoken.refuse_truncate() FROM PUBLIC;

DO $$
DECLARE
	stored regclass;
BEGIN
	FOR stored IN
		SELECT c.oid FROM pg_class c
			WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'r'
			ORDER BY c.oid
	LOOP
		EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION apitoken.refuse_truncate()', stored);
	END LOOP;
END
$$;

/*
 * With its groups' modules an account would lose what bounds those of its tokens.
 * They may go together.
 */
CREATE FUNCTION apitoken.keep_offers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM apitoken.api_token_modules) THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'API tokens have modules that no user group offers'
		USING ERRCODE = 'check_violation',
			HINT = 'Truncate apitoken.api_token_modules as well, or delete rows.',
			SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION apitoken.keep_offers() IS
	'Trigger: the modules of user groups are not truncated while API tokens have modules.';
REVOKE ALL ON FUNCTION apitoken.keep_offers() FROM PUBLIC;

CREATE TRIGGER keep_offers AFTER TRUNCATE ON apitoken.user_group_modules
	FOR EACH STATEMENT EXECUTE FUNCTION apitoken.keep_offers();

/*
 * Row security: a second wall, for roles that were granted tables directly.
 * Such a role sees what the actor of its transaction may administer, and a
 * trusted role (one that holds USAGE on the schema apitoken, and SELECT and
 * UPDATE on api_tokens) everything.  A role that is granted a table needs EXECUTE
 * on the next two functions as well.
 *
 * It lets nobody write what says who may what, or what was done: who is to do
 * that by hand must be one whom row security does not hold back, an owner of the
 * tables or a role with BYPASSRLS.
 */
CREATE FUNCTION apitoken.sees_every_account() RETURNS boolean
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_sees_every_account';
COMMENT ON FUNCTION apitoken.sees_every_account() IS
	'Whether the caller may see every account: a role that holds USAGE on the schema apitoken, and SELECT and UPDATE on api_tokens, or an actor of an Operations account that holds account-management. For row security policies.';
REVOKE ALL ON FUNCTION apitoken.sees_every_account() FROM PUBLIC;

CREATE FUNCTION apitoken.visible_accounts() RETURNS text[]
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_visible_accounts';
COMMENT ON FUNCTION apitoken.visible_accounts() IS
	'Ids of the accounts whose API tokens the caller''s actor may administer; empty without an actor. For row security policies.';
REVOKE ALL ON FUNCTION apitoken.visible_accounts() FROM PUBLIC;

DO $$
DECLARE
	everywhere CONSTANT text := '(SELECT apitoken.sees_every_account())';
	owned text;
	condition text;
BEGIN
	FOREACH owned IN ARRAY ARRAY['accounts', 'user_accounts', 'user_groups', 'user_group_modules', 'user_group_users',
		'user_group_buyers', 'buyers', 'buyer_errors', 'buyer_sellers', 'api_tokens', 'api_token_modules',
		'api_token_transitions']
	LOOP
		condition := format('%s OR %I = ANY ((SELECT apitoken.visible_accounts())::text[])', everywhere,
			CASE owned WHEN 'accounts' THEN 'id' ELSE 'account_id' END);
		EXECUTE format($p$
			ALTER TABLE apitoken.%1$I ENABLE ROW LEVEL SECURITY;
			CREATE POLICY tenant ON apitoken.%1$I FOR SELECT USING (%2$s);
			COMMENT ON POLICY tenant ON apitoken.%1$I IS
				'Rows of the accounts that the caller''s actor may administer; all rows for a trusted role.';
			$p$, owned, condition);
		IF owned IN ('accounts', 'api_tokens', 'buyers', 'buyer_errors', 'buyer_sellers', 'user_group_buyers') THEN
			EXECUTE format($p$
				CREATE POLICY tenant_update ON apitoken.%1$I FOR UPDATE USING (%2$s) WITH CHECK (%2$s);
				COMMENT ON POLICY tenant_update ON apitoken.%1$I IS 'As those that are seen.';
				$p$, owned, condition);
		END IF;
		IF owned IN ('buyers', 'buyer_errors', 'buyer_sellers', 'user_group_buyers') THEN
			EXECUTE format($p$
				CREATE POLICY tenant_insert ON apitoken.%1$I FOR INSERT WITH CHECK (%2$s);
				COMMENT ON POLICY tenant_insert ON apitoken.%1$I IS 'As those that are seen.';
				CREATE POLICY tenant_delete ON apitoken.%1$I FOR DELETE USING (%2$s);
				COMMENT ON POLICY tenant_delete ON apitoken.%1$I IS 'As those that are seen.';
				$p$, owned, condition);
		END IF;
	END LOOP;

	-- what rights are named after, and sellers: for all to read
	FOREACH owned IN ARRAY ARRAY['modules', 'sellers'] LOOP
		EXECUTE format($p$
			ALTER TABLE apitoken.%1$I ENABLE ROW LEVEL SECURITY;
			CREATE POLICY reference ON apitoken.%1$I FOR SELECT USING (true);
			COMMENT ON POLICY reference ON apitoken.%1$I IS 'Reference data: the same for every account.';
			$p$, owned);
	END LOOP;
END
$$;

ALTER TABLE apitoken.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON apitoken.users FOR SELECT USING (
	(SELECT apitoken.sees_every_account())
	OR EXISTS (SELECT FROM apitoken.user_accounts m WHERE m.user_id = users.id));
COMMENT ON POLICY tenant ON apitoken.users IS
	'Users of the accounts that the caller''s actor may administer; all for a trusted role. Asks apitoken.user_accounts, by its own policy: whoever reads users needs SELECT (account_id, user_id) on that, too.';

-- No policy: seen by the owner alone.
ALTER TABLE apitoken.actors ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.api_token_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.api_token_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.revoked_digests ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.api_token_foreign_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE apitoken.trail_prunings ENABLE ROW LEVEL SECURITY;

/*
 * What others add, and whom they grant what
 */

/*
 * A trigger on these tables runs with the rights of their owner, who is mostly
 * a superuser: the functions write as he does.  So TRIGGER on a table, which
 * GRANT ALL includes, must not be enough to put one there.
 */
CREATE FUNCTION apitoken.refuse_trigger() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation regclass;
BEGIN
	SELECT t.tgrelid INTO relation
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_trigger t ON t.oid = c.objid
		JOIN pg_class r ON r.oid = t.tgrelid
		JOIN pg_namespace n ON n.oid = r.relnamespace
		WHERE c.classid = 'pg_trigger'::regclass AND n.nspname IN ('apitoken', 'apitoken_monitor') AND NOT pg_has_role(r.relowner, 'USAGE');
	IF FOUND THEN
		RAISE EXCEPTION 'must be owner of table %', relation
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = 'A trigger on a table of the extension "apitoken" runs with the rights of the table''s owner.';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_trigger() IS
	'Event trigger: only the owner of a table of the extension creates a trigger on it.';
REVOKE ALL ON FUNCTION apitoken.refuse_trigger() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_refuse_trigger ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER')
	EXECUTE FUNCTION apitoken.refuse_trigger();
-- also in sessions that have switched ordinary triggers off, as the other two
ALTER EVENT TRIGGER apitoken_refuse_trigger ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_refuse_trigger IS
	'Keeps roles that were granted TRIGGER on a table of the extension apitoken from running code as its owner.';

/*
 * So does code that hangs on a foreign key.  What a key's action deletes or changes
 * in the table that refers has that table's triggers run within the statement of the
 * function which has brought it about.  Without an action, whoever refers to what a
 * function deletes keeps it from being deleted, and has the server look for rows that
 * refer to it, by a query that is planned in the function's transaction: what the
 * predicate of an index is made of is run then.  And a key to digests tells whether there
 * is such a one.  REFERENCES is for the owner alone; for the tables of others he makes
 * keys to what no function deletes, by columns of PostgreSQL's own types, and nothing
 * else.  It matters whose the table is that refers: he makes triggers for it, now or
 * later, whoever makes the key.
 */
CREATE FUNCTION apitoken.refuse_reference() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reference record;
BEGIN
	SELECT k.conname, k.conrelid::regclass AS relation, k.confrelid::regclass AS referred INTO reference
		FROM pg_event_trigger_ddl_commands() c
		-- who has come by such a table in a way that no command tells of makes no trigger for it
		LEFT JOIN pg_trigger g ON c.classid = 'pg_trigger'::regclass AND g.oid = c.objid
		CROSS JOIN LATERAL (SELECT COALESCE(g.tgrelid, c.objid)) own (relid)
		-- a table that becomes a partition has the keys of the whole
		CROSS JOIN LATERAL (SELECT own.relid UNION SELECT p.relid FROM pg_partition_tree(own.relid) p) t (relid)
		JOIN pg_constraint k ON k.conrelid = t.relid AND k.contype = 'f'
		JOIN pg_class o ON o.oid = k.conrelid
		JOIN pg_class r ON r.oid = k.confrelid
		WHERE (c.classid = 'pg_class'::regclass OR g.oid IS NOT NULL) AND r.relnamespace = 'apitoken'::regnamespace
			-- the extension's own: a table in its schema may be anybody's
			AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
				WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid AND d.deptype = 'e' AND e.extname = 'apitoken')
			AND (k.confupdtype NOT IN ('a', 'r') OR k.confdeltype NOT IN ('a', 'r')
				OR regexp_replace(r.relname, '_[0-9]+$', '') NOT IN ('accounts', 'buyers', 'sellers', 'users')
				-- a cast of somebody's own would be run as the owner, who looks whether there is such a row
				OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
					WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND y.typnamespace <> 'pg_catalog'::regnamespace
						-- (to name the type would take rights to its schema)
						AND NOT (y.typname = 'resource_id' AND y.typnamespace = 'apitoken'::regnamespace)))
			AND NOT pg_has_role(o.relowner, r.relowner, 'USAGE');
	IF FOUND THEN
		RAISE EXCEPTION 'foreign key "%" of table % is not for its owner to have', reference.conname, reference.relation
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('What is done for it when a row of %s changes or goes is done with the rights of whoever calls, or stops what the extension "apitoken" deletes.', reference.referred),
				HINT = 'Refer to a table of accounts, users, buyers or sellers, by a text, without an action; or let the owner of the extension''s tables own the table that refers.';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_reference() IS
	'Event trigger: a foreign key to a table of the extension has no action, and stops no call, unless the table that refers belongs to the owner.';
REVOKE ALL ON FUNCTION apitoken.refuse_reference() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_refuse_reference ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE SCHEMA', 'CREATE TABLE', 'CREATE TRIGGER')
	EXECUTE FUNCTION apitoken.refuse_reference();
ALTER EVENT TRIGGER apitoken_refuse_reference ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_refuse_reference IS
	'Keeps foreign keys of others'' tables to those of the extension apitoken from running code as its owner, and from stopping its calls.';

/*
 * The tables are found by the name of their schema, in C and in every rule: under
 * another no call would find them, and no command of anybody's that a rule looks at.
 */
CREATE FUNCTION apitoken.refuse_rename() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF to_regnamespace('apitoken') IS NULL THEN
		RAISE EXCEPTION 'schema "apitoken" of the extension "apitoken" keeps its name'
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_rename() IS
	'Event trigger: the schema of the tables keeps its name.';
REVOKE ALL ON FUNCTION apitoken.refuse_rename() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_refuse_rename ON ddl_command_end WHEN TAG IN ('ALTER SCHEMA')
	EXECUTE FUNCTION apitoken.refuse_rename();
ALTER EVENT TRIGGER apitoken_refuse_rename ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_refuse_rename IS
	'Keeps the schema of the tables of the extension apitoken under its name.';

/*
 * Rights that are for nobody, and that GRANT ... ON ALL would give.  With EXECUTE
 * on a trigger's function a role would have it fired by a table of its own, and
 * write the trail or actors as the owner; with the trail's sequence it would
 * keep every token from changing its status; with CREATE on the schemas it would
 * have functions of its own be meant in place of the extension's; with REFERENCES it
 * would have the server look for the row that a key is to as the owner, by a cast of its
 * own: before any event trigger can refuse the key.
 */
CREATE FUNCTION apitoken.take_back() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT g.grantee, string_agg(format('%s on %s', g.rights, g.objects), '; ' ORDER BY g.kind) AS what,
				string_agg(format('REVOKE %s ON %s %s FROM %s CASCADE', g.rights, g.kind, g.objects, g.grantee), '; ') AS command
			FROM (
				SELECT o.kind, o.rights, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END,
						string_agg(DISTINCT o.object, ', ' ORDER BY o.object)
					FROM (
						SELECT 'SEQUENCE', c.oid::regclass::text, 'USAGE, UPDATE', c.relacl, c.relowner
							FROM pg_class c WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'S'
						UNION ALL
						SELECT 'TABLE', c.oid::regclass::text, 'REFERENCES', x.acl, c.relowner
							FROM pg_class c
							CROSS JOIN LATERAL (SELECT c.relacl UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = c.oid) x (acl)
							WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind IN ('r', 'p')
						UNION ALL
						SELECT 'FUNCTION', p.oid::regprocedure::text, 'EXECUTE', p.proacl, p.proowner
							FROM pg_proc p
							WHERE p.pronamespace = 'apitoken'::regnamespace
								AND p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
						UNION ALL
						SELECT 'SCHEMA', quote_ident(n.nspname), 'CREATE', n.nspacl, n.nspowner
							FROM pg_namespace n WHERE n.nspname IN ('apitoken', 'apitoken_monitor')
					) o (kind, object, rights, acl, owner)
					CROSS JOIN LATERAL aclexplode(o.acl) a
					LEFT JOIN pg_roles r ON r.oid = a.grantee
					WHERE a.grantee <> o.owner AND strpos(o.rights, a.privilege_type) > 0
					GROUP BY 1, 2, 3
			) g (kind, rights, grantee, objects)
			GROUP BY g.grantee
			ORDER BY g.grantee
	LOOP
		EXECUTE given.command;
		RAISE WARNING 'rights that are for the owner of the extension "apitoken" alone were taken back from %', given.grantee
			USING DETAIL = format('Others could write with them what row security keeps from them, or have functions of their own called as the owner: %s.', given.what),
				HINT = 'Foreign keys to the tables are made by the owner of the extension, NOT VALID where the other table is not his; its owner validates them.';
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.take_back() IS
	'Takes back rights that are for the owner alone: EXECUTE on the functions of triggers, USAGE and UPDATE of sequences, REFERENCES on tables, CREATE on the schemas apitoken and apitoken_monitor.';
REVOKE ALL ON FUNCTION apitoken.take_back() FROM PUBLIC;

CREATE FUNCTION apitoken.take_back_grant() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	target name;
	creators text;
BEGIN
	PERFORM apitoken.take_back();

	SELECT n.nspname, string_agg(DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, ', ')
		INTO target, creators
		FROM pg_extension e
		JOIN pg_namespace n ON n.oid = e.extnamespace
		CROSS JOIN LATERAL aclexplode(n.nspacl) a
		LEFT JOIN pg_roles r ON r.oid = a.grantee
		WHERE e.extname = 'apitoken' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND r.rolsuper IS NOT TRUE
			AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE lower(c.object_type) = 'schema')
		GROUP BY n.nspname;
	IF creators IS NOT NULL THEN
		RAISE WARNING 'others may create functions in the schema "%" of the extension "apitoken"', target
			USING DETAIL = format('One that is called in place of the extension''s would be given secrets. These roles may create there: %s.', creators),
				HINT = format('REVOKE CREATE ON SCHEMA %I FROM them.', target);
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.take_back_grant() IS
	'Event trigger: rights that are for the owner alone are taken back, with a warning, as soon as they are granted; of who may create in the functions'' schema it warns.';
REVOKE ALL ON FUNCTION apitoken.take_back_grant() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_take_back ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA', 'GRANT')
	EXECUTE FUNCTION apitoken.take_back_grant();
ALTER EVENT TRIGGER apitoken_take_back ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_take_back IS
	'Keeps grants on the schema apitoken, and on all functions or sequences in it, from giving what is for the owner of the extension apitoken alone.';

/*
 * What somebody adds to these tables is no part of what CREATE EXTENSION makes,
 * and so pg_dump does not bring it back: that is said where it is added.  Every
 * column of the extension has a comment, by which others are known.
 */
CREATE FUNCTION apitoken.warn_of_restore() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tables oid[] := ARRAY(SELECT c.oid FROM pg_class c
		JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		WHERE e.extname = 'apitoken' AND c.relkind IN ('r', 'p'));
	added text;
BEGIN
	SELECT string_agg(DISTINCT format('%s.%I', a.attrelid::regclass, a.attname), ', ') INTO added
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_attribute a ON a.attrelid = c.objid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.classid = 'pg_class'::regclass AND c.objid = ANY (tables) AND NOT c.in_extension
			AND col_description(a.attrelid, a.attnum) IS NULL;
	IF added IS NOT NULL THEN
		RAISE WARNING 'columns that the extension "apitoken" does not make: %', added
			USING DETAIL = 'A dump has their values, but CREATE EXTENSION makes the table without them, and the restore loses all of its rows.',
				HINT = 'Keep them in a table of your own, with a foreign key; or add them between the restore of the schema and that of the data.';
	END IF;

	SELECT string_agg(DISTINCT o.name, ', ' ORDER BY o.name) INTO added
		FROM (
			-- indexes, triggers, policies, rules and statistics
			SELECT c.object_identity
				FROM pg_event_trigger_ddl_commands() c
				JOIN pg_depend d ON d.classid = c.classid AND d.objid = c.objid AND d.refclassid = 'pg_class'::regclass
				WHERE d.refobjid = ANY (tables) AND d.deptype IN ('a', 'i') AND NOT c.in_extension
			UNION ALL
			-- of an altered table the constraints that are of this transaction
			SELECT format('%I on %s', k.conname, k.conrelid::regclass)
				FROM pg_event_trigger_ddl_commands() c
				JOIN pg_constraint k ON c.classid = 'pg_class'::regclass AND k.conrelid = c.objid
				WHERE c.objid = ANY (tables) AND NOT c.in_extension AND age(k.xmin) <= 0
		) o (name);
	IF added IS NOT NULL THEN
		RAISE WARNING 'what the extension "apitoken" does not make: %', added
			USING DETAIL = 'A dump does not have it, nor does CREATE EXTENSION make it.',
				HINT = 'Keep the statement, and make it again after a restore.';
	END IF;

	SELECT string_agg(DISTINCT quote_ident(p.pubname), ', ') INTO added
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_publication_rel r ON c.classid = 'pg_publication'::regclass AND r.prpubid = c.objid
			OR c.classid = 'pg_publication_rel'::regclass AND r.oid = c.objid
		JOIN pg_publication p ON p.oid = r.prpubid
		WHERE r.prrelid = ANY (tables);
	IF added IS NOT NULL THEN
		RAISE WARNING 'publications that a dump does not bring back whole: %', added
			USING DETAIL = 'pg_dump leaves out which tables of an extension a publication has.',
				HINT = 'Add them again after a restore, or publish the schema, or all tables.';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.warn_of_restore() IS
	'Event trigger: says of what is added to the extension''s tables, and of publications of them, that a dump does not bring it back.';
REVOKE ALL ON FUNCTION apitoken.warn_of_restore() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_warn_of_restore ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE INDEX', 'CREATE POLICY',
		'CREATE RULE', 'CREATE STATISTICS', 'CREATE TRIGGER', 'CREATE PUBLICATION', 'ALTER PUBLICATION')
	EXECUTE FUNCTION apitoken.warn_of_restore();
ALTER EVENT TRIGGER apitoken_warn_of_restore ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_warn_of_restore IS
	'Says what a dump does not bring back of what is added to the tables of the extension apitoken.';

/*
 * pg_restore --disable-triggers ends by enabling all of them as ordinary ones.
 */
CREATE FUNCTION apitoken.keep_always() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ordinary record;
BEGIN
	FOR ordinary IN
		SELECT t.tgrelid::regclass AS relation, t.tgname
			FROM pg_event_trigger_ddl_commands() c
			JOIN pg_trigger t ON c.classid = 'pg_class'::regclass AND t.tgrelid = c.objid
			JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE p.pronamespace = 'apitoken'::regnamespace AND p.proname IN ('stamp_row', 'tell_networks')
				AND t.tgenabled = 'O'
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', ordinary.relation, ordinary.tgname);
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.keep_always() IS
	'Event trigger: where all triggers of a table are enabled, those that fire always do so again.';
REVOKE ALL ON FUNCTION apitoken.keep_always() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_keep_always ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
	EXECUTE FUNCTION apitoken.keep_always();
ALTER EVENT TRIGGER apitoken_keep_always ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER apitoken_keep_always IS
	'Keeps the triggers of the extension apitoken that fire in every session from becoming ordinary ones.';

/*
 * Views for those who watch over the tokens.
 *
 * They read with their owner's rights, past row security, and show every
 * account: so they are in a schema of their own, where what is granted on all
 * tables of the schema apitoken does not reach them.  None leads to a digest.
 * With security_barrier, a condition of somebody's own sees no row that the view
 * leaves out.
 */
CREATE SCHEMA apitoken_monitor;
COMMENT ON SCHEMA apitoken_monitor IS
	'Views of the extension apitoken for those who watch over API tokens. They show every account: grant SELECT on them, to roles that may see that.';

-- Read once: the row for all of them is the sum of the others.
CREATE VIEW apitoken_monitor.token_states WITH (security_barrier) AS
	SELECT a.id AS account_id,
			count(t.id) FILTER (WHERE t.status = 'Active') AS active,
			count(t.id) FILTER (WHERE t.status = 'Disabled') AS disabled,
			count(t.id) FILTER (WHERE t.status = 'Deleted') AS deleted
		FROM apitoken.accounts a
		LEFT JOIN apitoken.api_tokens t ON t.account_id = a.id
		GROUP BY ROLLUP (a.id);
COMMENT ON VIEW apitoken_monitor.token_states IS
	'How many API tokens there are of each status: a row for each account, and one for all of them, whose account_id is null. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.token_states.account_id IS 'The account; null in the row for all accounts.';
COMMENT ON COLUMN apitoken_monitor.token_states.active IS 'Number of Active tokens: those that authenticate.';
COMMENT ON COLUMN apitoken_monitor.token_states.disabled IS 'Number of Disabled tokens.';
COMMENT ON COLUMN apitoken_monitor.token_states.deleted IS 'Number of Deleted tokens.';
REVOKE ALL ON apitoken_monitor.token_states FROM PUBLIC;

CREATE VIEW apitoken_monitor.token_accesses WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.status, t.created_at, c.last_access_at,
			c.last_access_address, c.last_access_via, c.last_access_mode
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id;
COMMENT ON VIEW apitoken_monitor.token_accesses IS
	'When each API token last authenticated, from where, and how. Not since a date: WHERE last_access_at < date. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.status IS 'Its status now: Active, Disabled or Deleted.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.created_at IS 'When it was created.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.last_access_at IS
	'About when it last authenticated, noted at most every apitoken.last_access_interval; null if it never has.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.last_access_address IS 'From where: as far as that is known.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.last_access_via IS 'How: sql or http.';
COMMENT ON COLUMN apitoken_monitor.token_accesses.last_access_mode IS 'What for: read or write; null for sql, where nobody knows.';
REVOKE ALL ON apitoken_monitor.token_accesses FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_never_used WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.created_at, t.created_by_type AS creator_type, t.created_by_id AS creator_id
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
		WHERE t.status = 'Active' AND c.last_access_at IS NULL;
COMMENT ON VIEW apitoken_monitor.tokens_never_used IS
	'Active API tokens that have never authenticated. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.created_at IS 'When it was created.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.creator_type IS 'What created it: user or token; null if nobody is known.';
COMMENT ON COLUMN apitoken_monitor.tokens_never_used.creator_id IS 'Id of the user or API token that created it.';
REVOKE ALL ON apitoken_monitor.tokens_never_used FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_to_review WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, a.status AS account_status,
			t.created_by_type AS creator_type, t.created_by_id AS creator_id, COALESCE(u.status, k.status) AS creator_status
		FROM apitoken.api_tokens t
		JOIN apitoken.accounts a ON a.id = t.account_id
		LEFT JOIN apitoken.users u ON t.created_by_type = 'user' AND u.id = t.created_by_id
		LEFT JOIN apitoken.api_tokens k ON t.created_by_type = 'token' AND k.id = t.created_by_id
		WHERE t.status = 'Active'
			AND (a.status = 'Disabled' OR u.status IN ('Blocked', 'Disabled', 'Deleted') OR k.status IN ('Disabled', 'Deleted')
				-- one that was erased has no row
				OR (t.created_by_id IS NOT NULL AND u.id IS NULL AND k.id IS NULL));
COMMENT ON VIEW apitoken_monitor.tokens_to_review IS
	'Active API tokens that may be left over: their account is Disabled, or the user or API token that created them is Blocked, Disabled, Deleted or erased. They still authenticate, unless apitoken.refuse_disabled_accounts or apitoken.refuse_lost_creators is on. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.account_status IS 'Status of the account: Active, Enabled or Disabled.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.creator_type IS 'What created it: user or token; null if nobody is known.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.creator_id IS 'Id of the user or API token that created it.';
COMMENT ON COLUMN apitoken_monitor.tokens_to_review.creator_status IS 'Status of that user or API token; null if nobody is known, or it was erased.';
REVOKE ALL ON apitoken_monitor.tokens_to_review FROM PUBLIC;

CREATE VIEW apitoken_monitor.token_transitions WITH (security_barrier) AS
	SELECT l.id, l.at, l.account_id, l.api_token_id, t.name, t.status, l.from_status, l.to_status,
			l.actor_type, l.actor_id, COALESCE(u.name, k.name) AS actor_name, l.database_role, l.client_address,
			COALESCE(l.reason, CASE l.event WHEN 'rotated' THEN 'rotation' WHEN 'revoked' THEN 'revocation' WHEN 'imported' THEN 'import' END) AS reason
		FROM apitoken.api_token_transitions l
		JOIN apitoken.api_tokens t ON t.account_id = l.account_id AND t.id = l.api_token_id
		LEFT JOIN apitoken.users u ON l.actor_type = 'user' AND u.id = l.actor_id
		LEFT JOIN apitoken.api_tokens k ON l.actor_type = 'token' AND k.id = l.actor_id
		WHERE l.to_status IS NOT NULL;
COMMENT ON VIEW apitoken_monitor.token_transitions IS
	'The trail with names: who changed which API token''s status. The last hour: WHERE at > now() - interval ''1 hour''. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.id IS 'Number of the trail''s row; a later change of one token has a higher one.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.at IS 'When the change was made.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.name IS 'Its name now.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.status IS 'Its status now.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.from_status IS 'Status before; null for a new token.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.to_status IS 'Status after.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.actor_type IS 'What acted: user or token; null where a trusted database role acted by itself.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.actor_id IS 'Id of the user or API token that acted.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.actor_name IS 'Name now of the user or API token that acted.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.client_address IS 'Network address of the client; null for a local connection.';
COMMENT ON COLUMN apitoken_monitor.token_transitions.reason IS
	'The reason that was given; else how it came about: rotation, of the secret, revocation, by somebody who held it, or import, from elsewhere; else null.';
REVOKE ALL ON apitoken_monitor.token_transitions FROM PUBLIC;

CREATE VIEW apitoken_monitor.token_events WITH (security_barrier) AS
	SELECT l.id, l.at, l.account_id, l.api_token_id,
			COALESCE(l.event, CASE WHEN l.from_status IS NULL THEN 'created' WHEN l.to_status = 'Active' THEN 'enabled' ELSE lower(l.to_status) END) AS event,
			l.from_status, l.to_status, l.details, l.reason, l.actor_type, l.actor_id, l.database_role, l.session_role,
			l.client_address, l.request_id, l.call_id
		FROM apitoken.api_token_transitions l;
COMMENT ON VIEW apitoken_monitor.token_events IS
	'The whole trail: every event of every API token. A token''s history: WHERE api_token_id = ... ORDER BY id. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.token_events.id IS 'Number of the event; a later one of a token has a higher one.';
COMMENT ON COLUMN apitoken_monitor.token_events.at IS 'When it happened.';
COMMENT ON COLUMN apitoken_monitor.token_events.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.token_events.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.token_events.event IS 'What happened: created, imported, enabled, disabled, deleted, rotated, revoked, held, released, expiry_changed, networks_changed, changed, module_given or module_taken.';
COMMENT ON COLUMN apitoken_monitor.token_events.from_status IS 'Status before; null for a new token, and where the event is no change of the status.';
COMMENT ON COLUMN apitoken_monitor.token_events.to_status IS 'Status after; null where the event is no change of the status.';
COMMENT ON COLUMN apitoken_monitor.token_events.details IS 'What exactly: {"module": {"id"}}, {"modules": [{"id"}]} of a new token, or of each member that has changed {"from", "to"}.';
COMMENT ON COLUMN apitoken_monitor.token_events.reason IS 'The reason that was given; else null.';
COMMENT ON COLUMN apitoken_monitor.token_events.actor_type IS 'What acted: user or token; null where a trusted database role acted by itself.';
COMMENT ON COLUMN apitoken_monitor.token_events.actor_id IS 'Id of the user or API token that acted.';
COMMENT ON COLUMN apitoken_monitor.token_events.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken_monitor.token_events.session_role IS 'Database role that had logged in.';
COMMENT ON COLUMN apitoken_monitor.token_events.client_address IS 'Network address of the client; null for a local connection.';
COMMENT ON COLUMN apitoken_monitor.token_events.request_id IS 'Id of the HTTP request; null if there was none.';
COMMENT ON COLUMN apitoken_monitor.token_events.call_id IS 'Number of the call of apitoken_disable_all() that made the change; else null.';
REVOKE ALL ON apitoken_monitor.token_events FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_disabled_last_day WITH (security_barrier) AS
	SELECT at, account_id, api_token_id, name, status, actor_type, actor_id, actor_name, database_role, client_address
		FROM apitoken_monitor.token_transitions
		WHERE to_status = 'Disabled' AND from_status <> to_status AND at > now() - interval '24 hours';
COMMENT ON VIEW apitoken_monitor.tokens_disabled_last_day IS
	'API tokens disabled in the last 24 hours, and by whom: a row for each time, also if the token was enabled or deleted since. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.at IS 'When it was disabled.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.name IS 'Its name now.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.status IS 'Its status now.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.actor_type IS 'What disabled it: user or token; null where a trusted database role did by itself.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.actor_id IS 'Id of the user or API token that disabled it.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.actor_name IS 'Name now of the user or API token that disabled it.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken_monitor.tokens_disabled_last_day.client_address IS 'Network address of the client; null for a local connection.';
REVOKE ALL ON apitoken_monitor.tokens_disabled_last_day FROM PUBLIC;

-- What breaks the bounds of modules comes from a database of version 1.0, or with
-- a restore: it stays, and is shown here.
CREATE VIEW apitoken_monitor.modules_to_review WITH (security_barrier) AS
	SELECT l.account_id, 'group'::text AS holder_type, l.user_group_id AS holder_id, l.module_id, o.module_id IS NOT NULL AS is_offered,
			a.type = ANY (m.account_types) AS is_allowed
		FROM apitoken.user_group_modules l
		JOIN apitoken.accounts a ON a.id = l.account_id
		JOIN apitoken.modules m ON m.id = l.module_id
		LEFT JOIN (SELECT d.account_id, d.module_id FROM apitoken.user_groups g
			JOIN apitoken.user_group_modules d ON d.account_id = g.account_id AND d.user_group_id = g.id WHERE g.is_default) o
			ON o.account_id = l.account_id AND o.module_id = l.module_id
		WHERE o.module_id IS NULL OR (a.type = ANY (m.account_types)) IS NOT TRUE
	UNION ALL
	SELECT l.account_id, 'token'::text AS holder_type, l.api_token_id AS holder_id, l.module_id, o.module_id IS NOT NULL AS is_offered,
			a.type = ANY (m.account_types) AS is_allowed
		FROM apitoken.api_token_modules l
		JOIN apitoken.accounts a ON a.id = l.account_id
		JOIN apitoken.modules m ON m.id = l.module_id
		LEFT JOIN (SELECT d.account_id, d.module_id FROM apitoken.user_groups g
			JOIN apitoken.user_group_modules d ON d.account_id = g.account_id AND d.user_group_id = g.id WHERE g.is_default) o
			ON o.account_id = l.account_id AND o.module_id = l.module_id
		WHERE o.module_id IS NULL OR (a.type = ANY (m.account_types)) IS NOT TRUE;
COMMENT ON VIEW apitoken_monitor.modules_to_review IS
	'Modules that a user group or an API token has though its account''s default group does not have them, or an account of its type may not: rows that are older than version 1.1, or were restored. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.account_id IS 'The account of both.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.holder_type IS 'What has the module: group or token.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.holder_id IS 'Id of that user group or API token.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.module_id IS 'The module.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.is_offered IS 'Whether the account''s default user group has the module.';
COMMENT ON COLUMN apitoken_monitor.modules_to_review.is_allowed IS 'Whether an account of this type may hold the module (apitoken.modules.account_types).';
REVOKE ALL ON apitoken_monitor.modules_to_review FROM PUBLIC;

-- When Active tokens end is asked every night: by the index on expires_at.
CREATE VIEW apitoken_monitor.tokens_expiring WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.expires_at, c.last_access_at,
			t.created_by_type AS creator_type, t.created_by_id AS creator_id
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
		WHERE t.status = 'Active' AND t.expires_at > clock_timestamp();
COMMENT ON VIEW apitoken_monitor.tokens_expiring IS
	'Active API tokens that have an end, and have not expired. Within a period: WHERE expires_at < now() + interval ''7 days''. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.expires_at IS 'When it expires.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.last_access_at IS
	'About when it last authenticated, noted at most every apitoken.last_access_interval; null if it never has.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.creator_type IS 'What created it: user or token; null if nobody is known.';
COMMENT ON COLUMN apitoken_monitor.tokens_expiring.creator_id IS 'Id of the user or API token that created it.';
REVOKE ALL ON apitoken_monitor.tokens_expiring FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_expired WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.status, t.expires_at, c.last_access_at
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
		WHERE t.status <> 'Deleted' AND t.expires_at <= clock_timestamp();
COMMENT ON VIEW apitoken_monitor.tokens_expired IS
	'API tokens that have expired and are not Deleted: none of them authenticates, whatever its status. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.status IS 'Its status: Active or Disabled.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.expires_at IS 'When it expired.';
COMMENT ON COLUMN apitoken_monitor.tokens_expired.last_access_at IS
	'About when it last authenticated, noted at most every apitoken.last_access_interval; null if it never has.';
REVOKE ALL ON apitoken_monitor.tokens_expired FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_beyond_lifetime WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.status, t.created_at, t.expires_at, l.latest_end
		FROM apitoken.api_tokens t
		JOIN apitoken.accounts a ON a.id = t.account_id
		CROSS JOIN LATERAL (
			SELECT timezone('UTC', LEAST(s.made_at + a.max_token_lifetime, s.made_at + NULLIF(current_setting('apitoken.max_lifetime', true)::interval, '0')))
				-- PostgreSQL 13 and later ones write this alike, and AT TIME ZONE not
				FROM (SELECT timezone('UTC', COALESCE(t.rotated_at, t.created_at))) s (made_at)
		) l (latest_end)
		WHERE t.status <> 'Deleted' AND l.latest_end IS NOT NULL AND (t.expires_at IS NULL OR t.expires_at > l.latest_end + interval '1 ms');
COMMENT ON VIEW apitoken_monitor.tokens_beyond_lifetime IS
	'API tokens, not Deleted, that live for longer than their account, or apitoken.max_lifetime, allows new ones. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.status IS 'Its status: Active or Disabled.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.created_at IS 'When it was created.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.expires_at IS 'When it expires; null if it never does.';
COMMENT ON COLUMN apitoken_monitor.tokens_beyond_lifetime.latest_end IS 'When it would have to expire: its lifetime is counted from when its secret was made.';
REVOKE ALL ON apitoken_monitor.tokens_beyond_lifetime FROM PUBLIC;

CREATE VIEW apitoken_monitor.tokens_in_rotation WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.status, t.rotated_at, t.old_secret_until,
			n.last_access_at AS new_secret_access_at, o.last_access_at AS old_secret_access_at,
			CASE WHEN o.last_access_at > n.last_access_at OR n.last_access_at IS NULL AND o.last_access_at IS NOT NULL THEN 'old'
				WHEN n.last_access_at IS NOT NULL THEN 'new' END AS last_used,
			n.last_access_address AS new_secret_access_address, o.last_access_address AS old_secret_access_address
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_secrets n
			ON n.account_id = t.account_id AND n.api_token_id = t.id AND n.number = t.secret_number
		LEFT JOIN apitoken.api_token_secrets o
			ON o.account_id = t.account_id AND o.api_token_id = t.id AND o.number = t.secret_number - 1
		WHERE t.status <> 'Deleted' AND t.old_secret_until > clock_timestamp();
COMMENT ON VIEW apitoken_monitor.tokens_in_rotation IS
	'API tokens that authenticate with their old secret as well as with the new one, and which of the two was used last. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.name IS 'Its name.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.status IS 'Its status: Active or Disabled.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.rotated_at IS 'When the new secret was made.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.old_secret_until IS 'Until when the old one authenticates.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.new_secret_access_at IS
	'About when the token last authenticated with the new one, noted at most every apitoken.last_access_interval; null if it never has.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.old_secret_access_at IS 'The same of the old one.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.last_used IS 'Which one was used last: old or new; null if neither was.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.new_secret_access_address IS 'From where it did so with the new one, as far as that is known.';
COMMENT ON COLUMN apitoken_monitor.tokens_in_rotation.old_secret_access_address IS 'The same of the old one.';
REVOKE ALL ON apitoken_monitor.tokens_in_rotation FROM PUBLIC;

CREATE VIEW apitoken_monitor.token_limits WITH (security_barrier) AS
	SELECT a.id AS account_id, count(t.id) AS tokens,
			COALESCE(a.max_tokens, NULLIF(current_setting('apitoken.max_tokens', true)::integer, -1)) AS max_tokens
		FROM apitoken.accounts a
		LEFT JOIN apitoken.api_tokens t ON t.account_id = a.id AND t.status <> 'Deleted'
		WHERE COALESCE(a.max_tokens, NULLIF(current_setting('apitoken.max_tokens', true)::integer, -1)) IS NOT NULL
		GROUP BY a.id, a.max_tokens;
COMMENT ON VIEW apitoken_monitor.token_limits IS
	'How many API tokens accounts have, and may have, where there is a bound. Those that may have no more: WHERE tokens >= max_tokens. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.token_limits.account_id IS 'The account.';
COMMENT ON COLUMN apitoken_monitor.token_limits.tokens IS 'Number of its tokens that are not Deleted.';
COMMENT ON COLUMN apitoken_monitor.token_limits.max_tokens IS 'Largest number of them: its own, or apitoken.max_tokens.';
REVOKE ALL ON apitoken_monitor.token_limits FROM PUBLIC;

-- What is asked first of all, at one look; each number is that of the view that lists them.
CREATE VIEW apitoken_monitor.overview WITH (security_barrier) AS
	SELECT (SELECT count(*) FROM apitoken.api_tokens WHERE status = 'Active') AS active,
			(SELECT count(*) FROM apitoken_monitor.tokens_expiring WHERE expires_at <= clock_timestamp() + interval '7 days') AS expiring_within_week,
			(SELECT count(*) FROM apitoken_monitor.tokens_expired) AS expired,
			(SELECT count(*) FROM apitoken_monitor.tokens_never_used) AS never_used,
			(SELECT count(*) FROM apitoken.api_tokens WHERE revoked_at IS NOT NULL AND status <> 'Deleted') AS revoked,
			(SELECT count(*) FROM apitoken.api_tokens WHERE held_at IS NOT NULL AND status <> 'Deleted') AS held,
			(SELECT count(*) FROM apitoken.accounts WHERE held_at IS NOT NULL) AS held_accounts,
			(SELECT count(DISTINCT api_token_id) FROM apitoken_monitor.tokens_disabled_last_day) AS disabled_last_day,
			(SELECT count(*) FROM apitoken.api_token_transitions WHERE event = 'revoked' AND at > clock_timestamp() - interval '1 day') AS revocations_last_day;
COMMENT ON VIEW apitoken_monitor.overview IS
	'What somebody on duty asks first, in one row. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken_monitor.overview.active IS 'Number of Active tokens, those that have expired included.';
COMMENT ON COLUMN apitoken_monitor.overview.expiring_within_week IS 'Number of Active tokens that expire in the next 7 days: tokens_expiring.';
COMMENT ON COLUMN apitoken_monitor.overview.expired IS 'Number of tokens that have expired and are not Deleted: tokens_expired.';
COMMENT ON COLUMN apitoken_monitor.overview.never_used IS 'Number of Active tokens that have never authenticated: tokens_never_used.';
COMMENT ON COLUMN apitoken_monitor.overview.revoked IS
	'Number of tokens that are not Deleted and whose current secret somebody who held it has revoked: they need another secret, or an end.';
COMMENT ON COLUMN apitoken_monitor.overview.held IS 'Number of tokens that are not Deleted and are held down by themselves.';
COMMENT ON COLUMN apitoken_monitor.overview.held_accounts IS 'Number of accounts whose tokens are held down.';
COMMENT ON COLUMN apitoken_monitor.overview.disabled_last_day IS
	'Number of tokens that were disabled in the last 24 hours, also if they were enabled since: tokens_disabled_last_day.';
COMMENT ON COLUMN apitoken_monitor.overview.revocations_last_day IS
	'How often a secret, be it a current or an old one, was revoked in the last 24 hours by somebody who held it.';
REVOKE ALL ON apitoken_monitor.overview FROM PUBLIC;

/*
 * Calls
 *
 * In C, each becomes the owner of the tables for as long as it runs: a caller
 * needs EXECUTE on it and nothing else.
 */

CREATE FUNCTION @extschema@.apitoken_version() RETURNS text
LANGUAGE C STABLE PARALLEL SAFE
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

CREATE FUNCTION @extschema@.apitoken_ensure_disabled(id text, hold boolean DEFAULT false, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_ensure_disabled';
COMMENT ON FUNCTION @extschema@.apitoken_ensure_disabled(text, boolean, text) IS
	$$Make sure that an API token is disabled

As apitoken_disable, but the answer is the same if it was Disabled already, or Deleted. With hold it is held, too: see apitoken_release. Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT403 for a hold by somebody other than Operations or a trusted role, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_ensure_disabled(text, boolean, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_enable(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_enable';
COMMENT ON FUNCTION @extschema@.apitoken_enable(text, text) IS
	$$Enable an API token

Disabled -> Active: the token authenticates again, with the same secret. Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT400 if it is Active already, has expired or its secret is revoked, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_enable(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_delete(id text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_delete';
COMMENT ON FUNCTION @extschema@.apitoken_delete(text) IS
	$$Delete an API token

Active or Disabled -> Deleted, for good: the row stays, visible to Operations alone. Errors: PT400 if it is Deleted already and the caller may see that, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_delete(text) FROM PUBLIC;

-- Functions of their own, without a default that a call could mean both by: dumps of
-- version 1.0 have grants of those without a reason.
CREATE FUNCTION @extschema@.apitoken_disable(id text, fields text, reason text) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable';
COMMENT ON FUNCTION @extschema@.apitoken_disable(text, text, text) IS
	$$Disable an API token, for a reason

As apitoken_disable without a reason, which the trail has then; it has at most 500 characters. fields is null, or adds and removes members. Errors: PT400 for a longer one, too.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_disable(text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_delete(id text, reason text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_delete';
COMMENT ON FUNCTION @extschema@.apitoken_delete(text, text) IS
	$$Delete an API token, for a reason

As apitoken_delete without a reason, which the trail has then; it has at most 500 characters. Errors: PT400 for a longer one, too.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_delete(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_disable_all(account_id text) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable_all';
COMMENT ON FUNCTION @extschema@.apitoken_disable_all(text) IS
	$$Disable every Active API token of an account

For when it is urgent: when the transaction has committed no token of the account is Active, but for those that somebody who still had the right made or enabled afterwards. Answers the ids of the tokens that were disabled, as an array; [] if none was Active. apitoken_enable_all takes it back. Errors: PT404 if there is no such account among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_disable_all(text) FROM PUBLIC;

-- A function of its own: dumps of version 1.0 have grants of the one with one argument.
CREATE FUNCTION @extschema@.apitoken_disable_all(account_id text, query text, hold boolean DEFAULT false, dry_run boolean DEFAULT false, reason text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable_all';
COMMENT ON FUNCTION @extschema@.apitoken_disable_all(text, text, boolean, boolean, text) IS
	$$Disable the API tokens that a query chooses

The same for those Active tokens of the account that satisfy the conditions of the query, which are those of apitoken_list; with null for the account those of every account, which takes a condition. With hold they are held, and so are Disabled ones: see apitoken_release. With dry_run nothing is changed. The reason, of at most 500 characters, is for the trail. Answers the ids of the tokens that were Active, as an array; apitoken_enable_all takes it back. Errors: PT400 with the position in the query, PT403 for a hold, or every account, by somebody other than Operations or a trusted role, PT404 if there is no such account among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_disable_all(text, text, boolean, boolean, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_enable_all(disabled jsonb, release boolean DEFAULT false) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_enable_all';
COMMENT ON FUNCTION @extschema@.apitoken_enable_all(jsonb, boolean) IS
	$$Enable what one apitoken_disable_all has disabled

Takes what that call answered, and enables these API tokens, but for those whose status somebody has changed since, and for held ones, unless release lets them go. Answers the ids of the tokens that it has enabled, as an array. Errors: PT400 if no call has disabled these tokens and no other, PT403 for release by somebody other than Operations or a trusted role.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_enable_all(jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_release(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_release';
COMMENT ON FUNCTION @extschema@.apitoken_release(text, text) IS
	$$Let go of an API token that is held

A held token is enabled by nobody, and nobody of its account gives it a module; whoever administers it may still delete it. It stays Disabled when it is let go. For Operations, with the module account-management, and for trusted roles. Answers the token's full document, the same if it was not held. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". Errors: PT403 for everybody else, PT404 if there is no such token.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_release(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_hold_account(account_id text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_hold_account';
COMMENT ON FUNCTION @extschema@.apitoken_hold_account(text) IS
	$$Hold an account

Until it is let go, nobody of the account enables one of its API tokens, gives one a module, or creates another. Active ones stay so: apitoken_disable_all ends them. For Operations, with the module account-management, and for trusted roles; an account that is held stays so. Errors: PT403 for everybody else, PT404 if there is no such account.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_hold_account(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_release_account(account_id text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_release_account';
COMMENT ON FUNCTION @extschema@.apitoken_release_account(text) IS
	$$Let go of an account that is held

Its API tokens that are held themselves stay so. For Operations, with the module account-management, and for trusted roles. Errors: PT403 for everybody else, PT404 if there is no such account.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_release_account(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_create(jsonb) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_create';
COMMENT ON FUNCTION @extschema@.apitoken_create(jsonb) IS
	$$Create an API token

Takes {"account": {"id"}, "name", "description", "icon", "modules": [{"id"}], "expiresAt", "allowedNetworks"}; account and name are required. Answers the new Active token's full document, whose member token is the secret: it is shown here and nowhere else. Errors: PT400 naming the member that is wrong, or if the account has as many tokens as it may have, PT403 or PT404 if the caller may not administer the account.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_create(jsonb) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_rotate(id text, overlap interval DEFAULT '0', fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_rotate';
COMMENT ON FUNCTION @extschema@.apitoken_rotate(text, interval, text) IS
	$$Change an API token's secret

Gives the token another secret, under the same id; the old one goes on authenticating for as long as overlap says, at most apitoken.max_rotation_overlap. Answers the token's document, whose member token is the new secret: it is shown here and nowhere else. fields adds and removes members, for example "-account,-modules" or "-*,+id,+token". Errors: PT400 for an overlap that is negative or too long and if the token is Deleted, PT403 for somebody who could not give the token every module that it has, its end and its networks, or if it is held, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_rotate(text, interval, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_revoke(secrets text[], reason text DEFAULT NULL) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_revoke';
COMMENT ON FUNCTION @extschema@.apitoken_revoke(text[], text) IS
	$$Revoke secrets of API tokens

For whoever has found one: with nothing else in hand, at most 1,000 at a time. A secret that is revoked never authenticates again; the token whose secret it is is Disabled, and is enabled only when apitoken_rotate has given it another. The reason, of at most 500 characters, is for the trail. Nothing is answered, whether they were secrets or not. Error: PT400 for null, for more than 1,000, and for a longer reason.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_revoke(text[], text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_update(id text, changes jsonb, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_update';
COMMENT ON FUNCTION @extschema@.apitoken_update(text, jsonb, text) IS
	$$Update an API token

Changes only the supplied members of {"name", "description", "icon", "modules": [{"id"}], "expiresAt", "allowedNetworks"}; null clears description, icon, expiresAt and allowedNetworks, modules replaces the list, and null for it leaves it. The rest of the document may be there as it was answered; another id, account, status or token is PT400. Answers the token's full document. Errors: PT404 if there is no such token among those the caller may administer, PT400 naming the member that is wrong or if the token is Deleted.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_update(text, jsonb, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_get(id text, fields text DEFAULT NULL) RETURNS jsonb
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_get';
COMMENT ON FUNCTION @extschema@.apitoken_get(text, text) IS
	$$Get an API token

Answers the token's full document. fields adds and removes members, for example "-account,-modules" or "-*,+id,+status". A token that may administer none is shown itself, without the account's groups and whoever made or changed it. Errors: PT403, PT404 if there is no such token among those the caller may administer.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_get(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_list(query text DEFAULT '') RETURNS jsonb
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'apitoken_list';
COMMENT ON FUNCTION @extschema@.apitoken_list(text) IS
	$$List API tokens

Takes the query string of a URL as it comes, in RQL: filters such as status=Active, eq(account.id,ACC-1234-5678), like(name,*export*), gt(lastAccessAt,2026-01-01) or any(modules,eq(id,MOD-0001)), joined by & or by and(), or(), not(); order=-audit.created.at,+name; limit (100 at most and by default; 0 only counts) and offset; select=+audit,-modules. Answers {"data": [...], "$meta": {"pagination": {"offset", "limit", "total"}, "omitted": []}}, with the tokens that the caller may administer; each without audit and with a short account unless selected. Error: PT400 with the position in the query.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_list(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_authenticate(secret text) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_authenticate';
COMMENT ON FUNCTION @extschema@.apitoken_authenticate(text) IS
	$$Authenticate with an API token's secret

Makes the token the actor for the rest of the transaction and notes the access. Answers {"id", "account": {"id"}, "modules": [{"id", "code"}]}. Error: PT401, one and the same for a secret that is unknown, malformed or revoked, and for a token that is Disabled, Deleted, expired, or not to be used from there.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_authenticate(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_pre_request() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_pre_request';
COMMENT ON FUNCTION @extschema@.apitoken_pre_request() IS
	$$Authenticate an HTTP request

For PostgREST's db-pre-request: takes the secret that the proxy handed on in the header X-Apitoken-Secret; without one, a JWT's user or a trusted role must act. Where an access is to be noted, which a read's transaction cannot, the answer has the header X-Apitoken-Access: due; then call this function by POST. Error: PT401.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_pre_request() FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_guard(module text DEFAULT NULL) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_guard';
COMMENT ON FUNCTION @extschema@.apitoken_guard(text) IS
	$$Let the transaction commit only if its actor may then

For an application's own changes, once in a transaction that has authenticated: COMMIT fails with PT401 if the token or user that acts has been disabled by then, and with PT403 if it does not hold the module of that code any more. Errors: the same, if it is so now.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_guard(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_actor() RETURNS jsonb
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'apitoken_actor';
COMMENT ON FUNCTION @extschema@.apitoken_actor() IS
	$$Who acts

Answers {"type", "id", "account": {"id"}, "modules": [{"id", "code"}]} of the API token or the user who acts in this transaction, as things are now; null if nobody does, be it because he was disabled since. Of a user of several accounts that is the one which his JWT names, or the setting apitoken.account; until one of his does, there is no account, and no module.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_actor() FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_actor_account() RETURNS text
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'apitoken_actor_account';
COMMENT ON FUNCTION @extschema@.apitoken_actor_account() IS
	$$Account of whoever acts

For policies of an application's own tables: account_id = (SELECT apitoken_actor_account()), which is asked once a statement. Null if nobody acts, or if it is not known for which account: see apitoken_actor.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_actor_account() FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_actor_holds(code text) RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'apitoken_actor_holds';
COMMENT ON FUNCTION @extschema@.apitoken_actor_holds(text) IS
	$$Whether whoever acts holds a module

The module with that code, in the account of apitoken_actor_account. For policies of an application's own tables: (SELECT apitoken_actor_holds('orders')), which is asked once a statement. False if nobody acts.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_actor_holds(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_require(module text DEFAULT NULL) RETURNS text
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'apitoken_require';
COMMENT ON FUNCTION @extschema@.apitoken_require(text) IS
	$$Account of whoever acts, or an error

As apitoken_actor_account, for policies that are not to show nobody an empty table: account_id = (SELECT apitoken_require('orders')). Errors: PT401 if nobody acts, PT403 if it is not known for which account, or if he does not hold the module of that code there.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_require(text) FROM PUBLIC;

/*
 * Accounts and what belongs to them, from elsewhere
 *
 * Everything here runs with the rights of whoever calls: he could write the same by
 * hand.  Only an account's tokens, to which he needs no right, are disabled in C.
 */

CREATE FUNCTION apitoken.disable_of_accounts(accounts text[]) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_disable_of_accounts';
COMMENT ON FUNCTION apitoken.disable_of_accounts(text[]) IS
	'Disables the Active API tokens of accounts that are no more. For roles that keep accounts: see apitoken_sync.';
REVOKE ALL ON FUNCTION apitoken.disable_of_accounts(text[]) FROM PUBLIC;

CREATE FUNCTION apitoken.refuse_sync(problem text) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_refuse_sync';
COMMENT ON FUNCTION apitoken.refuse_sync(text) IS
	'Raises PT400 for apitoken_sync.';
REVOKE ALL ON FUNCTION apitoken.refuse_sync(text) FROM PUBLIC;

CREATE FUNCTION apitoken.is_distributed() RETURNS boolean
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_is_distributed';
COMMENT ON FUNCTION apitoken.is_distributed() IS
	'Whether apitoken.distribute() has distributed the tables, for functions whose statements are others then.';
REVOKE ALL ON FUNCTION apitoken.is_distributed() FROM PUBLIC;

CREATE FUNCTION apitoken.sync_members() RETURNS TABLE (kind text, path text[], attribute text, type text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT m.kind, p.path::text[], p.attribute, p.type
		FROM (VALUES
			('accounts', '{id,id,string,type,type,string,status,status,string,name,name,string,description,description,string,icon,icon,string,'
				'externalId,external_id,string,externalName,external_name,string,externalIds.pyraTenantId,pyra_tenant_id,string,'
				'serviceLevel,service_level,string,address.addressLine1,address_line1,string,address.addressLine2,address_line2,string,'
				'address.postCode,post_code,string,address.city,city,string,address.state,state,string,address.country,country,string,'
				'technicalSupportEmail,technical_support_email,string,website,website,string}'::text[]),
			('modules', '{id,id,string,code,code,string,name,name,string,description,description,string,isConfigurable,is_configurable,boolean,'
				'isEnabledByDefault,is_enabled_by_default,boolean,paid,paid,boolean,accountTypes,account_types,list of strings}'),
			('users', '{id,id,string,status,status,string,name,name,string,firstName,first_name,string,lastName,last_name,string,email,email,string,'
				'phone.prefix,phone_prefix,string,phone.number,phone_number,string,icon,icon,string,settings.cultureCode,culture_code,string,'
				'settings.languageCode,language_code,string,lastLoginAt,last_login_at,date,currentAccount.id,current_account_id,string}'),
			('groups', '{id,id,string,account.id,account_id,string,name,name,string,description,description,string,logo,logo,string,isDefault,is_default,boolean}'),
			('buyers', '{id,id,string,account.id,account_id,string,status,status,string,name,name,string,icon,icon,string,contact.id,contact_id,string,'
				'externalIds.erpCompanyContact,erp_company_contact,string,externalIds.erpCustomer,erp_customer,string,'
				'externalIds.accountExternalId,account_external_id,string,address.addressLine1,address_line1,string,address.addressLine2,address_line2,string,'
				'address.postCode,post_code,string,address.city,city,string,address.state,state,string,address.country,country,string,taxId,tax_id,string}'),
			('tokens', '{id,id,string,account.id,account_id,string,name,name,string,description,description,string,icon,icon,string,status,status,string,'
				'expiresAt,expires_at,date,createdAt,created_at,date,allowedNetworks,allowed_networks,list of strings}')
		) AS m (kind, names)
		CROSS JOIN LATERAL (
			SELECT string_to_array(m.names[i], '.'), m.names[i + 1], m.names[i + 2]
				FROM generate_series(1, array_length(m.names, 1), 3) i) AS p (path, attribute, type)
	UNION ALL
	-- lists of {"id"}, which have no column, and what is no more
	SELECT l.kind, ARRAY[l.name], NULL, 'list' FROM (VALUES ('accounts', 'modules'), ('users', 'accounts'),
		('groups', 'modules'), ('groups', 'users'), ('groups', 'buyers'), ('tokens', 'modules')) AS l (kind, name)
	UNION ALL
	SELECT 'tokens', '{digest}', NULL, 'string'
	UNION ALL
	SELECT k.kind, ARRAY['deleted'], NULL, 'boolean' FROM (VALUES ('accounts'), ('modules'), ('users'), ('groups'), ('buyers')) AS k (kind)
$$;
COMMENT ON FUNCTION apitoken.sync_members() IS
	'Members that apitoken_sync and apitoken_import take of each kind of resource: where they are in the body, and in which column.';
REVOKE ALL ON FUNCTION apitoken.sync_members() FROM PUBLIC;

-- What is wrong with one of these, if anything: where, and what.
CREATE FUNCTION apitoken.sync_problem(kind text, elements jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kinds CONSTANT text[] := '{modules,accounts,users,buyers,groups}';
	name text;
	problem text;
BEGIN
	-- a whole body
	IF kind IS NULL THEN
		problem := CASE
			WHEN jsonb_typeof(elements) <> 'object' THEN 'The body is not a JSON object'
			ELSE (SELECT format('The member "%s" does not exist', k.name) FROM jsonb_object_keys(elements) AS k (name) WHERE k.name <> ALL (kinds) ORDER BY 1 LIMIT 1) END;
		FOREACH name IN ARRAY CASE WHEN problem IS NULL THEN kinds ELSE '{}' END LOOP
			problem := COALESCE(problem, CASE WHEN elements ? name THEN apitoken.sync_problem(name, elements -> name) END);
		END LOOP;
		RETURN problem;
	END IF;
	IF jsonb_typeof(elements) <> 'array' THEN
		RETURN format('The member "%s" is not an array', kind);
	END IF;

	SELECT format('The member "%s[%s]" is not an object with an id', kind, g.place - 1) INTO problem
		FROM jsonb_array_elements(elements) WITH ORDINALITY AS g (element, place)
		WHERE jsonb_typeof(g.element) <> 'object' OR COALESCE(g.element ->> 'id', '') = ''
		ORDER BY g.place LIMIT 1;
	IF problem IS NOT NULL THEN
		RETURN problem;
	END IF;

	SELECT format('The member "%s[%s]" is there a second time', kind, g.place - 1) INTO problem
		FROM (SELECT o.place, row_number() OVER (PARTITION BY o.element ->> 'id' ORDER BY o.place) AS number
			FROM jsonb_array_elements(elements) WITH ORDINALITY AS o (element, place)) AS g
		WHERE g.number > 1
		ORDER BY g.place LIMIT 1;
	IF problem IS NOT NULL THEN
		RETURN problem;
	END IF;

	SELECT format('The member "%s[%s].%s" %s', sync_problem.kind, f.place - 1, array_to_string(f.path, '.'),
			CASE WHEN f.type = 'list' THEN 'is not an array of objects with an id' WHEN f.type IS NOT NULL THEN 'is not a ' || f.type
				WHEN EXISTS (SELECT FROM apitoken.sync_members() m WHERE m.kind = sync_problem.kind AND m.path = f.path || 'id'::text) THEN 'is not an object with an id'
				WHEN EXISTS (SELECT FROM apitoken.sync_members() m WHERE m.kind = sync_problem.kind AND m.path[1] = f.path[1] AND array_length(f.path, 1) = 1) THEN 'is not an object'
				ELSE 'does not exist' END)
		INTO problem
		FROM (
			SELECT l.place, l.path, m.type, l.value, m.path IS NOT NULL AS known
				FROM (
					SELECT g.place, ARRAY[o.name], o.value
						FROM jsonb_array_elements(elements) WITH ORDINALITY AS g (element, place)
						CROSS JOIN LATERAL jsonb_each(g.element) AS o (name, value)
						WHERE jsonb_typeof(o.value) <> 'object'
					UNION ALL
					SELECT g.place, ARRAY[o.name, i.name], i.value
						FROM jsonb_array_elements(elements) WITH ORDINALITY AS g (element, place)
						CROSS JOIN LATERAL jsonb_each(g.element) AS o (name, value)
						CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(o.value) WHEN 'object' THEN o.value ELSE '{}' END) AS i (name, value)
				) AS l (place, path, value)
				LEFT JOIN apitoken.sync_members() m ON m.kind = sync_problem.kind AND m.path = l.path
		) AS f
		WHERE NOT f.known
			OR jsonb_typeof(f.value) <> 'null' AND jsonb_typeof(f.value) <> CASE f.type
				WHEN 'list' THEN 'array' WHEN 'list of strings' THEN 'array' WHEN 'date' THEN 'string' ELSE f.type END
			OR f.type IN ('list', 'list of strings') AND EXISTS (
				SELECT FROM jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value ELSE '[]' END) AS e (element)
					WHERE CASE f.type WHEN 'list' THEN COALESCE(jsonb_typeof(e.element -> 'id'), '') <> 'string' OR e.element ->> 'id' = ''
						ELSE jsonb_typeof(e.element) <> 'string' END)
			-- which no setting of the session reads in its own way
			OR f.type = 'date' AND f.value #>> '{}' !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$'
		ORDER BY f.place, f.path LIMIT 1;
	RETURN problem;
END
$$;
COMMENT ON FUNCTION apitoken.sync_problem(text, jsonb) IS
	'What is malformed in resources that apitoken_sync or apitoken_import is given, with its place; null if nothing is. Without a kind, in a body of apitoken_sync.';
REVOKE ALL ON FUNCTION apitoken.sync_problem(text, jsonb) FROM PUBLIC;

-- Adds those that are not there, and changes the supplied members of those that are.
CREATE FUNCTION apitoken.sync_rows(kind text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation CONSTANT text := CASE kind WHEN 'groups' THEN 'user_groups' WHEN 'tokens' THEN 'api_tokens' ELSE kind END;
	-- API tokens are only added: one that is there is an error
	adds CONSTANT boolean := kind = 'tokens';
	-- what a new row has unless it is supplied
	defaults CONSTANT jsonb := CASE kind
		WHEN 'accounts' THEN '{"type": "Client", "status": "Active"}'
		WHEN 'modules' THEN '{"is_configurable": false, "is_enabled_by_default": false, "paid": false, "account_types": []}'
		WHEN 'groups' THEN '{"is_default": false}'
		WHEN 'tokens' THEN jsonb_build_object('status', 'Active', 'created_at', clock_timestamp())
		ELSE '{"status": "Active"}' END;
	columns text;
	command text;
	written bigint;
	before bigint;
	missing bigint;
	changed bigint := 0;
BEGIN
	SELECT string_agg(quote_ident(m.attribute), ', ') INTO columns
		FROM apitoken.sync_members() m WHERE m.kind = sync_rows.kind AND m.attribute IS NOT NULL;
	-- in the order of the ids, as everybody who takes over the same at once; with a row goes its list
	command := format($s$
		WITH members AS MATERIALIZED (
			SELECT m.path, m.attribute FROM apitoken.sync_members() m WHERE m.kind = $2
		), lists AS MATERIALIZED (
			SELECT m.path FROM members m WHERE m.attribute IS NULL AND m.path <> '{deleted}'
		), patches AS MATERIALIZED (
			SELECT g.element ->> 'id' AS id,
					(SELECT jsonb_object_agg(m.attribute, g.element #> m.path) FROM members m
						WHERE m.attribute IS NOT NULL AND g.element #> m.path IS NOT NULL) AS patch,
					EXISTS (SELECT FROM lists l WHERE jsonb_typeof(g.element #> l.path) = 'array') AS has_list
				FROM jsonb_array_elements($1) AS g (element)
		), locked AS MATERIALIZED (
			SELECT t.id FROM apitoken.%1$I AS t JOIN patches p ON p.id = t.id
				WHERE %4$s AND (p.has_list OR t IS DISTINCT FROM jsonb_populate_record(t, p.patch))
				ORDER BY t.id FOR NO KEY UPDATE OF t
		), updated AS (
			UPDATE apitoken.%1$I AS t
				SET (%2$s, updated_at, updated_by_type, updated_by_id) =
					(SELECT %2$s, clock_timestamp(), NULL::text, NULL::text FROM jsonb_populate_record(t, p.patch))
				FROM locked l JOIN patches p ON p.id = l.id
				WHERE t.id = l.id AND t IS DISTINCT FROM jsonb_populate_record(t, p.patch)
				RETURNING 1
		), added AS MATERIALIZED (
			SELECT p.id, p.patch FROM patches p %5$s
		), inserted AS (
			INSERT INTO apitoken.%1$I (%2$s)
				SELECT %3$s
					FROM added a
					CROSS JOIN LATERAL jsonb_populate_record(NULL::apitoken.%1$I, $3 || a.patch) AS n
					ORDER BY a.id COLLATE "C"
				%6$s
				RETURNING 1
		)
		SELECT (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted),
			(SELECT count(*) FROM added) - (SELECT count(*) FROM inserted)
		$s$, relation, columns, regexp_replace(columns, '(^|, )', '\1n.', 'g'), (NOT adds)::text,
			CASE WHEN NOT adds THEN format('WHERE NOT EXISTS (SELECT FROM apitoken.%I AS t WHERE t.id = p.id)', relation) END,
			CASE WHEN NOT adds THEN 'ON CONFLICT (id) DO NOTHING' END);

	-- what somebody else has added meanwhile is there now, to be changed
	LOOP
		before := missing;
		EXECUTE command INTO written, missing USING elements, kind, defaults;
		changed := changed + written;
		EXIT WHEN missing IN (0, before);
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_rows(text, jsonb) IS
	'Adds and changes rows for apitoken_sync; how many were not so before.';
REVOKE ALL ON FUNCTION apitoken.sync_rows(text, jsonb) FROM PUBLIC;

-- Lists of ids that are supplied with a resource replace those that there are.
CREATE FUNCTION apitoken.sync_list(list text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation CONSTANT text := CASE list WHEN 'accounts' THEN 'user_accounts' ELSE 'user_group_' || list END;
	-- whose list it is, and what is in it
	owner CONSTANT text := CASE list WHEN 'accounts' THEN 'user_id' ELSE 'user_group_id' END;
	item CONSTANT text := rtrim(list, 's') || '_id';
	-- what is there of theirs, and what is to be: sets, so that neither is looked up row by row
	sets CONSTANT text := format($p$
		WITH owners AS MATERIALIZED (
			SELECT o.id FROM jsonb_array_elements($1) AS g (element)
				CROSS JOIN LATERAL unnest(CASE jsonb_typeof(g.element -> $2) WHEN 'array' THEN ARRAY[g.element ->> 'id'] END) AS o (id)
		), wanted AS MATERIALIZED (
			SELECT (g.element ->> 'id') COLLATE "C" AS owner, (i.element ->> 'id') COLLATE "C" AS item
				FROM jsonb_array_elements($1) AS g (element)
				CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(g.element -> $2) WHEN 'array' THEN g.element -> $2 ELSE '[]' END) AS i (element)
		), present AS MATERIALIZED (
			SELECT l.%2$I::text AS owner, l.%3$I::text AS item FROM apitoken.%1$I l JOIN owners o ON o.id = l.%2$I
		)
		$p$, relation, owner, item);
	removed bigint;
	added bigint;
BEGIN
	EXECUTE sets || format($d$
		, locked AS MATERIALIZED (
			SELECT l.%2$I, l.%3$I FROM apitoken.%1$I l JOIN (TABLE present EXCEPT TABLE wanted) s ON s.owner = l.%2$I AND s.item = l.%3$I
				ORDER BY l.%2$I, l.%3$I FOR UPDATE OF l
		)
		DELETE FROM apitoken.%1$I AS l USING locked s WHERE l.%2$I = s.%2$I AND l.%3$I = s.%3$I
		$d$, relation, owner, item) USING elements, list;
	GET DIAGNOSTICS removed = ROW_COUNT;

	IF list = 'accounts' THEN
		EXECUTE sets || $i$
			INSERT INTO apitoken.user_accounts (account_id, user_id)
				SELECT s.item, s.owner FROM (TABLE wanted EXCEPT TABLE present) s
					ORDER BY s.owner, s.item
				ON CONFLICT DO NOTHING
			$i$ USING elements, list;
	ELSE
		EXECUTE sets || format($i$
			INSERT INTO apitoken.%1$I (account_id, user_group_id, %2$I)
				SELECT g.account_id, g.id, s.item FROM (TABLE wanted EXCEPT TABLE present) s JOIN apitoken.user_groups g ON g.id = s.owner
					ORDER BY s.owner, s.item
				ON CONFLICT DO NOTHING
			$i$, relation, item) USING elements, list;
	END IF;
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN removed + added;
END
$$;
COMMENT ON FUNCTION apitoken.sync_list(text, jsonb) IS
	'Replaces lists for apitoken_sync: the accounts of users, and the modules, users and buyers of user groups; how many entries were not so before.';
REVOKE ALL ON FUNCTION apitoken.sync_list(text, jsonb) FROM PUBLIC;

-- An account's modules are those of its default user group, which it gets if it has none.
CREATE FUNCTION apitoken.sync_default_groups(elements jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
	-- UGR-1 of ACC-1, or ACC-1 where there is such a group already
	SELECT COALESCE(jsonb_agg(jsonb_build_object('id', COALESCE(d.id, CASE WHEN EXISTS (
					SELECT FROM apitoken.user_groups t WHERE t.id = regexp_replace(g.element ->> 'id', '^ACC-', 'UGR-'))
					THEN g.element ->> 'id' ELSE regexp_replace(g.element ->> 'id', '^ACC-', 'UGR-') END),
				'account', jsonb_build_object('id', g.element ->> 'id'), 'name', COALESCE(d.name, 'Everyone'), 'isDefault', true,
				'modules', g.element -> 'modules')), '[]')
		FROM jsonb_array_elements(elements) AS g (element)
		LEFT JOIN apitoken.user_groups d ON d.account_id = g.element ->> 'id' AND d.is_default
		WHERE jsonb_typeof(g.element -> 'modules') = 'array'
$$;
COMMENT ON FUNCTION apitoken.sync_default_groups(jsonb) IS
	'The default user groups of accounts that apitoken_sync is given modules of.';
REVOKE ALL ON FUNCTION apitoken.sync_default_groups(jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_kind(kind text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint := 0;
	list text;
BEGIN
	-- one default group at a time: the one that was goes first
	IF kind = 'groups' THEN
		UPDATE apitoken.user_groups AS t SET is_default = false
			FROM jsonb_array_elements(elements) AS g (element)
			WHERE t.id = g.element ->> 'id' AND t.is_default AND g.element -> 'isDefault' = 'false';
		GET DIAGNOSTICS changed = ROW_COUNT;
	END IF;
	IF kind = 'tokens' THEN
		changed := apitoken.sync_rows(kind, elements);
		PERFORM apitoken.import_secrets(elements);
		RETURN changed;
	END IF;
	changed := changed + apitoken.sync_rows(kind, elements);
	FOR list IN SELECT m.path[1] FROM apitoken.sync_members() m WHERE m.kind = sync_kind.kind AND m.type = 'list' LOOP
		changed := changed + CASE kind WHEN 'accounts' THEN apitoken.sync_kind('groups', apitoken.sync_default_groups(elements))
			ELSE apitoken.sync_list(list, elements) END;
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_kind(text, jsonb) IS
	'Takes over resources of one kind for apitoken_sync, with their lists; how many rows were not so before.';
REVOKE ALL ON FUNCTION apitoken.sync_kind(text, jsonb) FROM PUBLIC;

-- What is no more.  Users and buyers stay as Deleted; so does an account, as Disabled and
-- held: its tokens are disabled, and nobody of it enables them.
CREATE FUNCTION apitoken.sync_deleted(kind text, gone text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint;
BEGIN
	IF kind = 'accounts' THEN
		PERFORM FROM apitoken.accounts WHERE id = ANY (gone) ORDER BY id FOR NO KEY UPDATE;
		PERFORM FROM apitoken.user_accounts WHERE account_id = ANY (gone) ORDER BY user_id, account_id FOR UPDATE;
		-- before the account is held: who has locked one of them commits first
		PERFORM apitoken.disable_of_accounts(gone);
		UPDATE apitoken.accounts SET status = 'Disabled', held_at = COALESCE(held_at, clock_timestamp()),
				updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
			WHERE id = ANY (gone) AND NOT (status = 'Disabled' AND held_at IS NOT NULL);
		GET DIAGNOSTICS changed = ROW_COUNT;
		DELETE FROM apitoken.user_accounts WHERE account_id = ANY (gone);
		-- those that came in between
		PERFORM apitoken.disable_of_accounts(gone);
	ELSIF kind = 'groups' THEN
		DELETE FROM apitoken.user_groups WHERE id = ANY (gone);
		GET DIAGNOSTICS changed = ROW_COUNT;
	ELSIF kind = 'modules' THEN
		DELETE FROM apitoken.user_group_modules WHERE module_id = ANY (gone);
		DELETE FROM apitoken.modules WHERE id = ANY (gone);
		GET DIAGNOSTICS changed = ROW_COUNT;
	ELSE
		EXECUTE format($d$
			UPDATE apitoken.%I SET status = 'Deleted', updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
				WHERE id = ANY ($1) AND status <> 'Deleted'
			$d$, kind) USING gone;
		GET DIAGNOSTICS changed = ROW_COUNT;
		IF kind = 'users' THEN
			DELETE FROM apitoken.user_accounts WHERE user_id = ANY (gone);
		END IF;
	END IF;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_deleted(text, text[]) IS
	'Takes over for apitoken_sync that resources are no more; how many were there before.';
REVOKE ALL ON FUNCTION apitoken.sync_deleted(text, text[]) FROM PUBLIC;

/*
 * All of a kind at once; if that fails, halves of it show which one is at fault, and
 * the error tells its place.
 */
CREATE FUNCTION apitoken.sync_step(kind text, elements jsonb, deleting boolean, before integer DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	places CONSTANT integer[] := ARRAY(SELECT (g.place - 1)::integer FROM jsonb_array_elements(elements) WITH ORDINALITY AS g (element, place)
		WHERE (g.element -> 'deleted' IS NOT DISTINCT FROM 'true') = deleting ORDER BY g.place);
	count CONSTANT integer := cardinality(places);
	first integer := 1;
	last integer := count;
	middle integer := count;
	changed bigint := 0;
	slice jsonb;
	problem text;
	detail text;
BEGIN
	WHILE first <= count LOOP
		SELECT jsonb_agg(elements -> p.place ORDER BY p.place) INTO slice FROM unnest(places[first:middle]) AS p (place);
		BEGIN
			changed := changed + CASE WHEN deleting
				THEN apitoken.sync_deleted(kind, ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(slice) AS g (element)))
				ELSE apitoken.sync_kind(kind, slice) END;
			-- the fault is behind these, if there is one
			first := middle + 1;
		EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
			GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
			-- a detail that shows the values of a row is not for an error
			problem := concat_ws(': ', problem, CASE SQLSTATE WHEN '23503' THEN detail END);
			IF first = middle THEN
				PERFORM apitoken.refuse_sync(format('The member "%s[%s]" cannot be %s: %s', kind, before + places[first],
					CASE WHEN deleting THEN 'deleted' ELSE 'written' END, rtrim(problem, '.')));
			END IF;
			last := middle;
		END;
		IF first > last THEN
			last := count;
		END IF;
		middle := (first + last) / 2;
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_step(text, jsonb, boolean, integer) IS
	'Takes over resources of one kind for apitoken_sync and apitoken_import, those that are no more or the others, and says which one cannot be; so many were before them.';
REVOKE ALL ON FUNCTION apitoken.sync_step(text, jsonb, boolean, integer) FROM PUBLIC;

CREATE FUNCTION apitoken.sync(jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kinds CONSTANT text[] := '{modules,accounts,users,buyers,groups}';
	kind text;
	problem text := apitoken.sync_problem(NULL, $1);
	changed jsonb := '{}';
BEGIN
	IF problem IS NOT NULL THEN
		PERFORM apitoken.refuse_sync(problem);
	END IF;

	-- what others refer to comes first, and goes last
	FOREACH kind IN ARRAY kinds LOOP
		IF $1 ? kind THEN
			changed := changed || jsonb_build_object(kind, apitoken.sync_step(kind, $1 -> kind, false));
		END IF;
	END LOOP;
	FOR kind IN SELECT k.name FROM unnest(kinds) WITH ORDINALITY AS k (name, place) WHERE $1 ? k.name ORDER BY k.place DESC LOOP
		changed := changed || jsonb_build_object(kind, (changed ->> kind)::bigint + apitoken.sync_step(kind, $1 -> kind, true));
	END LOOP;

	-- COMMIT would say so, too, but not where
	SELECT format('The member "groups[%s]" leaves its account without a default group', g.place - 1) INTO problem
		FROM jsonb_array_elements($1 -> 'groups') WITH ORDINALITY AS g (element, place)
		JOIN apitoken.user_groups t ON t.id = g.element ->> 'id'
		WHERE NOT EXISTS (SELECT FROM apitoken.user_groups d WHERE d.account_id = t.account_id AND d.is_default)
		ORDER BY g.place LIMIT 1;
	IF problem IS NOT NULL THEN
		PERFORM apitoken.refuse_sync(problem);
	END IF;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync(jsonb) IS
	'What apitoken_sync does.';
REVOKE ALL ON FUNCTION apitoken.sync(jsonb) FROM PUBLIC;

/*
 * The same where the tables are distributed: done as their owner, when it was seen what
 * the caller may do himself, and by account.  What triggers do elsewhere is done here, and
 * what COMMIT looks at elsewhere is looked at in the end.
 */
CREATE FUNCTION apitoken.sync_require(kind text, deleting boolean) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_sync_require';
COMMENT ON FUNCTION apitoken.sync_require(text, boolean) IS
	'Raises 42501 for apitoken_sync where the tables are distributed, unless the role that calls may take over such resources, those that are no more or the others, by hand; nulls: unless it may do what is done in any case.';
REVOKE ALL ON FUNCTION apitoken.sync_require(text, boolean) FROM PUBLIC;

CREATE FUNCTION apitoken.withdraw(account_id text, module_ids text[]) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_withdraw';
COMMENT ON FUNCTION apitoken.withdraw(text, text[]) IS
	'What withdraw_module() does, for apitoken_sync where the tables are distributed: modules that a default user group has lost are taken from the account''s other groups and its tokens.';
REVOKE ALL ON FUNCTION apitoken.withdraw(text, text[]) FROM PUBLIC;

CREATE FUNCTION apitoken.check_offers(account_id text) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_check_offers';
COMMENT ON FUNCTION apitoken.check_offers(text) IS
	'What keep_offer() does, for apitoken_sync where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.check_offers(text) FROM PUBLIC;

CREATE FUNCTION apitoken.check_account_types(module_id text, former text[]) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_check_account_types';
COMMENT ON FUNCTION apitoken.check_account_types(text, text[]) IS
	'What keep_account_types() does, for apitoken_sync where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.check_account_types(text, text[]) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_changes(kind text, elements jsonb) RETURNS TABLE (id text, account_id text, patch jsonb, present jsonb)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation CONSTANT text := CASE kind WHEN 'groups' THEN 'user_groups' ELSE kind END;
	rows jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM apitoken.%I AS t WHERE t.id = ANY ($1)', relation) INTO rows
		USING ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(elements) AS g (element));
	RETURN QUERY EXECUTE format($s$
		WITH members AS MATERIALIZED (
			SELECT m.path, m.attribute FROM apitoken.sync_members() m WHERE m.kind = $2 AND m.attribute IS NOT NULL
		), patches AS MATERIALIZED (
			SELECT g.element ->> 'id' AS id, (SELECT jsonb_object_agg(m.attribute, g.element #> m.path) FROM members m WHERE g.element #> m.path IS NOT NULL) AS patch
				FROM jsonb_array_elements($1) AS g (element)
		)
		SELECT p.id, COALESCE(r.value ->> 'account_id', p.patch ->> 'account_id'), p.patch, r.value
			FROM patches p
			LEFT JOIN jsonb_array_elements($3) AS r ON r.value ->> 'id' = p.id
			WHERE r.value IS NULL OR jsonb_populate_record(NULL::apitoken.%1$I, r.value) IS DISTINCT FROM jsonb_populate_record(NULL::apitoken.%1$I, r.value || p.patch)
			ORDER BY COALESCE(r.value ->> 'account_id', p.patch ->> 'account_id') COLLATE "C", p.id COLLATE "C"
		$s$, relation) USING elements, kind, rows;
END
$$;
COMMENT ON FUNCTION apitoken.sync_changes(text, jsonb) IS
	'Which rows apitoken_sync changes, and which it adds, where the tables are distributed: with the columns that are supplied, and what there is of them.';
REVOKE ALL ON FUNCTION apitoken.sync_changes(text, jsonb) FROM PUBLIC;

-- What elsewhere a foreign key sees to: on every node are no keys to what is not.
CREATE FUNCTION apitoken.sync_find_accounts(accounts text[], relation text, attribute text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	present CONSTANT text[] := ARRAY(SELECT a.id FROM apitoken.accounts a WHERE a.id = ANY (accounts));
	missing CONSTANT text := (SELECT min(s.id COLLATE "C") FROM unnest(accounts) AS s (id) WHERE s.id <> ALL (present));
BEGIN
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'insert or update on table "%" violates foreign key constraint "%_%_fkey"', relation, relation, attribute
			USING ERRCODE = 'foreign_key_violation', DETAIL = format('Key (%s)=(%s) is not present in table "accounts".', attribute, missing);
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.sync_find_accounts(text[], text, text) IS
	'Raises 23503 for apitoken_sync, where the tables are distributed, if one of the accounts is not there that a column of rows on every node names.';
REVOKE ALL ON FUNCTION apitoken.sync_find_accounts(text[], text, text) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_rows_by_account(kind text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation CONSTANT text := CASE kind WHEN 'groups' THEN 'user_groups' ELSE kind END;
	owned CONSTANT boolean := kind IN ('groups', 'buyers');
	-- the others are the table's own
	defaults CONSTANT jsonb := CASE kind WHEN 'accounts' THEN '{"type": "Client"}' ELSE '{}' END;
	changes jsonb;
	change record;
	columns text;
	rows jsonb;
	written bigint;
	before bigint;
	missing bigint;
	changed bigint := 0;
BEGIN
	-- what somebody else has added meanwhile is there now, to be changed
	LOOP
		before := missing;
		missing := 0;
		SELECT jsonb_agg(to_jsonb(c)) INTO changes FROM apitoken.sync_changes(kind, elements) AS c;
		IF kind = 'users' THEN
			PERFORM apitoken.sync_find_accounts(ARRAY(SELECT c.patch ->> 'current_account_id' FROM jsonb_to_recordset(changes) AS c (patch jsonb)
				WHERE c.patch ->> 'current_account_id' IS NOT NULL), 'users', 'current_account_id');
		END IF;

		FOR change IN SELECT c.* FROM jsonb_to_recordset(changes) AS c (id text, account_id text, patch jsonb, present jsonb) WHERE jsonb_typeof(c.present) = 'object' LOOP
			IF owned AND change.patch ? 'account_id' AND change.patch ->> 'account_id' IS DISTINCT FROM change.account_id THEN
				RAISE EXCEPTION 'a row of apitoken.% keeps its account_id for life', relation USING ERRCODE = 'restrict_violation';
			END IF;
			EXECUTE format('UPDATE apitoken.%1$I AS t SET %2$s, updated_at = $2, updated_by_type = NULL, updated_by_id = NULL FROM jsonb_populate_record(NULL::apitoken.%1$I, $1) AS n WHERE t.id = $3',
					relation, (SELECT string_agg(format('%1$I = n.%1$I', k.name), ', ') FROM jsonb_object_keys(change.patch) AS k (name) WHERE k.name NOT IN ('id', 'account_id')))
				|| CASE WHEN owned THEN ' AND t.account_id = $4' ELSE '' END USING change.patch, clock_timestamp(), change.id, change.account_id;
			GET DIAGNOSTICS written = ROW_COUNT;
			changed := changed + written;
		END LOOP;

		IF owned AND EXISTS (SELECT FROM jsonb_to_recordset(changes) AS c (account_id text) WHERE c.account_id IS NULL) THEN
			RAISE EXCEPTION 'null value in column "account_id" of relation "%" violates not-null constraint', relation USING ERRCODE = 'not_null_violation';
		END IF;
		FOR columns, rows IN
			SELECT k.columns, jsonb_agg(defaults || c.patch)
				FROM jsonb_to_recordset(changes) AS c (patch jsonb, present jsonb)
				CROSS JOIN LATERAL (SELECT string_agg(quote_ident(o.name), ', ' ORDER BY o.name) FROM jsonb_object_keys(defaults || c.patch) AS o (name)) AS k (columns)
				WHERE jsonb_typeof(c.present) IS DISTINCT FROM 'object'
				GROUP BY k.columns ORDER BY k.columns
		LOOP
			IF kind = 'users' THEN
				INSERT INTO apitoken.actors (type, id) SELECT 'user', n.element ->> 'id' FROM jsonb_array_elements(rows) AS n (element) ORDER BY 2 ON CONFLICT DO NOTHING;
			END IF;
			EXECUTE format('INSERT INTO apitoken.%1$I (%2$s) SELECT %3$s FROM jsonb_populate_recordset(NULL::apitoken.%1$I, $1) AS n ORDER BY n.id ON CONFLICT (%4$s) DO NOTHING',
				relation, columns, regexp_replace(columns, '(^|, )', '\1n.', 'g'), CASE WHEN owned THEN 'account_id, id' ELSE 'id' END) USING rows;
			GET DIAGNOSTICS written = ROW_COUNT;
			changed := changed + written;
			missing := missing + jsonb_array_length(rows) - written;
		END LOOP;
		EXIT WHEN missing IN (0, before);
		IF kind = 'accounts' THEN
			PERFORM apitoken.sync_lock_accounts(ARRAY(SELECT c.id FROM jsonb_to_recordset(changes) AS c (id text)));
		END IF;
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_rows_by_account(text, jsonb) IS
	'What sync_rows() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_rows_by_account(text, jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_list_present(list text, accounts text[], owners text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	present jsonb;
BEGIN
	IF list = 'accounts' THEN
		SELECT jsonb_agg(jsonb_build_object('account_id', l.account_id, 'owner', l.user_id, 'item', l.account_id)) INTO present
			FROM apitoken.user_accounts l WHERE l.user_id = ANY (owners);
	ELSE
		EXECUTE format('SELECT jsonb_agg(jsonb_build_object(''account_id'', l.account_id, ''owner'', l.user_group_id, ''item'', l.%2$I))
			FROM apitoken.%1$I l WHERE l.account_id = ANY ($1) AND l.user_group_id = ANY ($2)', 'user_group_' || list, rtrim(list, 's') || '_id')
			INTO present USING accounts, owners;
	END IF;
	RETURN COALESCE(present, '[]');
END
$$;
COMMENT ON FUNCTION apitoken.sync_list_present(text, text[], text[]) IS
	'What there is in lists, for sync_list_by_account().';
REVOKE ALL ON FUNCTION apitoken.sync_list_present(text, text[], text[]) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_list_by_account(list text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation CONSTANT text := CASE list WHEN 'accounts' THEN 'user_accounts' ELSE 'user_group_' || list END;
	owner CONSTANT text := CASE list WHEN 'accounts' THEN 'user_id' ELSE 'user_group_id' END;
	item CONSTANT text := rtrim(list, 's') || '_id';
	owners text[] := ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(elements) AS g (element) WHERE jsonb_typeof(g.element -> list) = 'array');
	-- of which account a group is
	groups jsonb := '[]';
	accounts text[];
	present jsonb;
	wanted jsonb;
	gone record;
	written bigint;
	changed bigint := 0;
	added_accounts text[];
	added_owners text[];
	added_items text[];
BEGIN
	IF list <> 'accounts' THEN
		SELECT COALESCE(jsonb_agg(jsonb_build_object('id', g.id, 'account_id', g.account_id, 'is_default', g.is_default)), '[]') INTO groups
			FROM apitoken.user_groups g WHERE g.id = ANY (owners);
		SELECT array_agg(g.id), array_agg(DISTINCT g.account_id) INTO owners, accounts FROM jsonb_to_recordset(groups) AS g (id text, account_id text);
	END IF;
	present := apitoken.sync_list_present(list, accounts, owners);
	SELECT COALESCE(jsonb_agg(jsonb_build_object('account_id', COALESCE(o.account_id, i.element ->> 'id'), 'owner', g.element ->> 'id', 'item', i.element ->> 'id')), '[]') INTO wanted
		FROM jsonb_array_elements(elements) AS g (element)
		LEFT JOIN jsonb_to_recordset(groups) AS o (id text, account_id text) ON o.id = g.element ->> 'id'
		CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(g.element -> list) WHEN 'array' THEN g.element -> list ELSE '[]' END) AS i (element)
		WHERE g.element ->> 'id' = ANY (owners);

	FOR gone IN
		SELECT CASE WHEN list <> 'accounts' THEN s.account_id END AS account_id, array_agg(s.owner) AS owners, array_agg(s.item) AS items
			FROM (SELECT * FROM jsonb_to_recordset(present) AS p (account_id text, owner text, item text)
				EXCEPT SELECT * FROM jsonb_to_recordset(wanted) AS w (account_id text, owner text, item text)) s
			GROUP BY 1 ORDER BY 1
	LOOP
		EXECUTE format('DELETE FROM apitoken.%1$I AS l USING unnest($2, $3) AS s (owner, item) WHERE l.%2$I = s.owner AND l.%3$I = s.item', relation, owner, item)
			|| CASE WHEN list <> 'accounts' THEN ' AND l.account_id = $1' ELSE '' END USING gone.account_id, gone.owners, gone.items;
		GET DIAGNOSTICS written = ROW_COUNT;
		changed := changed + written;
		IF list = 'modules' THEN
			PERFORM apitoken.withdraw(gone.account_id, ARRAY(SELECT s.item FROM unnest(gone.owners, gone.items) AS s (owner, item)
				JOIN jsonb_to_recordset(groups) AS g (id text, is_default boolean) ON g.id = s.owner AND g.is_default ORDER BY 1));
		END IF;
	END LOOP;
	IF list = 'modules' AND changed > 0 THEN
		present := apitoken.sync_list_present(list, accounts, owners);
	END IF;

	SELECT array_agg(s.account_id), array_agg(s.owner), array_agg(s.item) INTO added_accounts, added_owners, added_items
		FROM (SELECT * FROM jsonb_to_recordset(wanted) AS w (account_id text, owner text, item text)
			EXCEPT SELECT * FROM jsonb_to_recordset(present) AS p (account_id text, owner text, item text)) s;
	IF added_owners IS NULL THEN
		RETURN changed;
	END IF;
	IF list = 'accounts' THEN
		PERFORM apitoken.sync_find_accounts(added_items, relation, item);
		INSERT INTO apitoken.user_accounts (account_id, user_id)
			SELECT s.item, s.owner FROM unnest(added_owners, added_items) AS s (owner, item) ORDER BY 2, 1 ON CONFLICT DO NOTHING;
	ELSE
		EXECUTE format('INSERT INTO apitoken.%1$I (account_id, user_group_id, %2$I) SELECT s.account_id, s.owner, s.item FROM unnest($1, $2, $3) AS s (account_id, owner, item)
			ORDER BY 2, 3 ON CONFLICT DO NOTHING', relation, item) USING added_accounts, added_owners, added_items;
	END IF;
	GET DIAGNOSTICS written = ROW_COUNT;
	IF list = 'modules' THEN
		PERFORM apitoken.check_gift(g.account_id, g.module_id)
			FROM (SELECT DISTINCT s.account_id, s.module_id FROM unnest(added_accounts, added_items) AS s (account_id, module_id) ORDER BY 1, 2) AS g;
	END IF;
	RETURN changed + written;
END
$$;
COMMENT ON FUNCTION apitoken.sync_list_by_account(text, jsonb) IS
	'What sync_list() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_list_by_account(text, jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_default_groups_by_account(elements jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	accounts CONSTANT text[] := ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(elements) AS g (element) WHERE jsonb_typeof(g.element -> 'modules') = 'array');
	defaults CONSTANT jsonb := (SELECT jsonb_agg(jsonb_build_object('account_id', g.account_id, 'id', g.id, 'name', g.name))
		FROM apitoken.user_groups g WHERE g.account_id = ANY (accounts) AND g.is_default);
	taken CONSTANT text[] := ARRAY(SELECT g.id FROM apitoken.user_groups g WHERE g.id = ANY (ARRAY(SELECT regexp_replace(a.id, '^ACC-', 'UGR-') FROM unnest(accounts) AS a (id))));
BEGIN
	RETURN (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', COALESCE(d.id, CASE WHEN n.id = ANY (taken) THEN g.element ->> 'id' ELSE n.id END),
				'account', jsonb_build_object('id', g.element ->> 'id'), 'name', COALESCE(d.name, 'Everyone'), 'isDefault', true,
				'modules', g.element -> 'modules')), '[]')
		FROM jsonb_array_elements(elements) AS g (element)
		CROSS JOIN LATERAL (SELECT regexp_replace(g.element ->> 'id', '^ACC-', 'UGR-')) AS n (id)
		LEFT JOIN jsonb_to_recordset(defaults) AS d (account_id text, id text, name text) ON d.account_id = g.element ->> 'id'
		WHERE g.element ->> 'id' = ANY (accounts));
END
$$;
COMMENT ON FUNCTION apitoken.sync_default_groups_by_account(jsonb) IS
	'What sync_default_groups() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_default_groups_by_account(jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_kind_by_account(kind text, elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint := 0;
	written bigint;
	defaults jsonb;
	former record;
	list text;
BEGIN
	IF kind = 'tokens' THEN
		changed := apitoken.import_rows(elements);
		PERFORM apitoken.import_secrets(elements);
		RETURN changed;
	END IF;
	-- one default group at a time: the one that was goes first
	IF kind = 'groups' THEN
		SELECT jsonb_agg(jsonb_build_object('account_id', g.account_id, 'id', g.id)) INTO defaults FROM apitoken.user_groups g
			WHERE g.is_default AND g.id = ANY (ARRAY(SELECT e.element ->> 'id' FROM jsonb_array_elements(elements) AS e (element) WHERE e.element -> 'isDefault' = 'false'));
		FOR former IN SELECT d.* FROM jsonb_to_recordset(defaults) AS d (account_id text, id text) ORDER BY d.account_id COLLATE "C" LOOP
			UPDATE apitoken.user_groups AS t SET is_default = false WHERE t.account_id = former.account_id AND t.id = former.id;
			GET DIAGNOSTICS written = ROW_COUNT;
			changed := changed + written;
		END LOOP;
	END IF;
	changed := changed + apitoken.sync_rows_by_account(kind, elements);
	FOR list IN SELECT m.path[1] FROM apitoken.sync_members() m WHERE m.kind = sync_kind_by_account.kind AND m.type = 'list' LOOP
		changed := changed + CASE kind WHEN 'accounts' THEN apitoken.sync_kind_by_account('groups', apitoken.sync_default_groups_by_account(elements))
			ELSE apitoken.sync_list_by_account(list, elements) END;
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_kind_by_account(text, jsonb) IS
	'What sync_kind() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_kind_by_account(text, jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_deleted_by_account(kind text, gone text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- no other node is asked what time it is
	moment CONSTANT timestamptz := clock_timestamp();
	present jsonb;
	had record;
	written bigint;
	changed bigint := 0;
BEGIN
	IF kind = 'accounts' THEN
		PERFORM apitoken.disable_of_accounts(gone);
		FOR had IN SELECT g.id FROM unnest(gone) AS g (id) ORDER BY g.id COLLATE "C" LOOP
			UPDATE apitoken.accounts AS a SET status = 'Disabled', held_at = COALESCE(a.held_at, moment),
					updated_at = moment, updated_by_type = NULL, updated_by_id = NULL
				WHERE a.id = had.id AND NOT (a.status = 'Disabled' AND a.held_at IS NOT NULL);
			GET DIAGNOSTICS written = ROW_COUNT;
			changed := changed + written;
		END LOOP;
		DELETE FROM apitoken.user_accounts WHERE account_id = ANY (gone);
	ELSIF kind = 'modules' THEN
		SELECT jsonb_agg(jsonb_build_object('account_id', l.account_id, 'module_id', l.module_id, 'is_default', g.is_default)) INTO present
			FROM apitoken.user_group_modules l JOIN apitoken.user_groups g ON g.account_id = l.account_id AND g.id = l.user_group_id WHERE l.module_id = ANY (gone);
		FOR had IN
			SELECT p.account_id, array_agg(p.module_id ORDER BY p.module_id) FILTER (WHERE p.is_default) AS lost
				FROM jsonb_to_recordset(present) AS p (account_id text, module_id text, is_default boolean)
				GROUP BY p.account_id ORDER BY p.account_id COLLATE "C"
		LOOP
			DELETE FROM apitoken.user_group_modules AS l WHERE l.account_id = had.account_id AND l.module_id = ANY (gone);
			PERFORM apitoken.withdraw(had.account_id, COALESCE(had.lost, '{}'));
		END LOOP;
		DELETE FROM apitoken.modules WHERE id = ANY (gone);
		GET DIAGNOSTICS changed = ROW_COUNT;
	ELSIF kind = 'users' THEN
		UPDATE apitoken.users AS u SET status = 'Deleted', updated_at = moment, updated_by_type = NULL, updated_by_id = NULL
			WHERE u.id = ANY (gone) AND u.status <> 'Deleted';
		GET DIAGNOSTICS changed = ROW_COUNT;
		DELETE FROM apitoken.user_accounts WHERE user_id = ANY (gone);
	ELSE
		EXECUTE format('SELECT jsonb_agg(jsonb_build_object(''account_id'', t.account_id, ''id'', t.id)) FROM apitoken.%I AS t WHERE t.id = ANY ($1)',
			CASE kind WHEN 'groups' THEN 'user_groups' ELSE kind END) INTO present USING gone;
		FOR had IN SELECT p.* FROM jsonb_to_recordset(present) AS p (account_id text, id text) ORDER BY p.account_id COLLATE "C", p.id COLLATE "C" LOOP
			IF kind = 'groups' THEN
				DELETE FROM apitoken.user_groups AS t WHERE t.account_id = had.account_id AND t.id = had.id;
			ELSE
				UPDATE apitoken.buyers AS t SET status = 'Deleted', updated_at = moment, updated_by_type = NULL, updated_by_id = NULL
					WHERE t.account_id = had.account_id AND t.id = had.id AND t.status <> 'Deleted';
			END IF;
			GET DIAGNOSTICS written = ROW_COUNT;
			changed := changed + written;
		END LOOP;
	END IF;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_deleted_by_account(text, text[]) IS
	'What sync_deleted() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_deleted_by_account(text, text[]) FROM PUBLIC;

-- All of a kind at once, or halves, as sync_step() does; an error of another node has its
-- code where it is about one row, and names shards.
CREATE FUNCTION apitoken.sync_step_by_account(kind text, elements jsonb, deleting boolean, before integer DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	places CONSTANT integer[] := ARRAY(SELECT (g.place - 1)::integer FROM jsonb_array_elements(elements) WITH ORDINALITY AS g (element, place)
		WHERE (g.element -> 'deleted' IS NOT DISTINCT FROM 'true') = deleting ORDER BY g.place);
	count CONSTANT integer := cardinality(places);
	first integer := 1;
	last integer := count;
	middle integer := count;
	changed bigint := 0;
	slice jsonb;
	problem text;
	detail text;
BEGIN
	WHILE first <= count LOOP
		SELECT jsonb_agg(elements -> p.place ORDER BY p.place) INTO slice FROM unnest(places[first:middle]) AS p (place);
		BEGIN
			changed := changed + CASE WHEN deleting
				THEN apitoken.sync_deleted_by_account(kind, ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(slice) AS g (element)))
				ELSE apitoken.sync_kind_by_account(kind, slice) END;
			first := middle + 1;
		EXCEPTION WHEN data_exception OR integrity_constraint_violation OR internal_error THEN
			IF first = middle THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
				-- an error from another node has its code where it is about one row, but this one
				IF SQLSTATE = 'XX000' AND problem <> 'digest is that of a secret that was revoked' THEN
					RAISE;
				END IF;
				problem := concat_ws(': ', problem, CASE SQLSTATE WHEN '23503' THEN detail END);
				IF SQLSTATE LIKE '23%' THEN
					problem := regexp_replace(problem, '("|apitoken\.)([a-z_]+)_[0-9]+("| )', '\1\2\3', 'g');
				END IF;
				PERFORM apitoken.refuse_sync(format('The member "%s[%s]" cannot be %s: %s', kind, before + places[first],
					CASE WHEN deleting THEN 'deleted' ELSE 'written' END, rtrim(problem, '.')));
			END IF;
			last := middle;
		END;
		IF first > last THEN
			last := count;
		END IF;
		middle := (first + last) / 2;
	END LOOP;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_step_by_account(text, jsonb, boolean, integer) IS
	'What sync_step() does, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_step_by_account(text, jsonb, boolean, integer) FROM PUBLIC;

-- May who calls do it?  Asked again when others were waited for, who may have revoked it.
CREATE FUNCTION apitoken.sync_check(body jsonb) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT apitoken.sync_require(s.kind, s.deleting)
		FROM (SELECT DISTINCT k.kind, e.element -> 'deleted' IS NOT DISTINCT FROM 'true'
			FROM unnest('{modules,accounts,users,buyers,groups}'::text[]) AS k (kind)
			CROSS JOIN LATERAL jsonb_array_elements(body -> k.kind) AS e (element)
			UNION ALL SELECT NULL, false) AS s (kind, deleting)
		ORDER BY s.kind, s.deleting
$$;
COMMENT ON FUNCTION apitoken.sync_check(jsonb) IS
	'Raises 42501 for apitoken_sync where the tables are distributed, unless the role that calls may take all that over by hand.';
REVOKE ALL ON FUNCTION apitoken.sync_check(jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_lock_accounts(accounts text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	account text;
BEGIN
	FOR account IN SELECT DISTINCT a.id COLLATE "C" FROM unnest(accounts) AS a (id) WHERE a.id IS NOT NULL ORDER BY 1 LOOP
		PERFORM FROM apitoken.accounts a WHERE a.id = account FOR NO KEY UPDATE;
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.sync_lock_accounts(text[]) IS
	'Locks accounts for apitoken_sync, where the tables are distributed: nobody commits what he does by rights that he has in one, and nobody else takes it over.';
REVOKE ALL ON FUNCTION apitoken.sync_lock_accounts(text[]) FROM PUBLIC;

/*
 * In the order in which the calls lock, and COMMIT what they did by their rights: tokens
 * that will be changed, modules, users and who is in which account, then accounts.
 */
CREATE FUNCTION apitoken.sync_lock(body jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ids_of CONSTANT jsonb := (SELECT jsonb_object_agg(k.key, (SELECT COALESCE(jsonb_agg(e.element ->> 'id'), '[]') FROM jsonb_array_elements(k.value) AS e (element))) FROM jsonb_each(body) AS k);
	gone CONSTANT jsonb := (SELECT jsonb_object_agg(k.key, (SELECT COALESCE(jsonb_agg(e.element ->> 'id'), '[]') FROM jsonb_array_elements(k.value) AS e (element)
		WHERE e.element -> 'deleted' = 'true')) FROM jsonb_each(body) AS k);
	gone_accounts CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(gone -> 'accounts'));
	gone_modules CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(gone -> 'modules'));
	-- of whom it is said which accounts they are in
	listed CONSTANT text[] := ARRAY(SELECT e.element ->> 'id' FROM jsonb_array_elements(body -> 'users') AS e (element)
		WHERE jsonb_typeof(e.element -> 'accounts') = 'array' OR e.element -> 'deleted' = 'true');
	present jsonb;
	members jsonb;
	offers jsonb;
	accounts text[];
	modules text[] := '{}';
	users text[] := '{}';
	concerned record;
	tokens text[];
	kind text;
	problem text;
	former jsonb;
BEGIN
	-- who writes what is on every node comes one after another: Citus locks such tables in
	-- an order of its own.  This one is there for nobody else to wait for.
	IF jsonb_array_length(ids_of -> 'modules') > 0 OR jsonb_array_length(ids_of -> 'users') > 0 OR cardinality(gone_accounts) > 0 THEN
		PERFORM FROM apitoken.trail_prunings p WHERE p.pruned < 0 FOR UPDATE;
	END IF;
	accounts := ARRAY(SELECT jsonb_array_elements_text(ids_of -> 'accounts'));
	FOREACH kind IN ARRAY '{groups,buyers}'::text[] LOOP
		EXECUTE format('SELECT jsonb_agg(jsonb_build_object(''id'', t.id, ''account_id'', t.account_id)) FROM apitoken.%I AS t WHERE t.id = ANY ($1)',
			CASE kind WHEN 'groups' THEN 'user_groups' ELSE kind END) INTO present USING ARRAY(SELECT jsonb_array_elements_text(ids_of -> kind));
		SELECT format('The member "%s[%s]" is of several accounts', kind, min(g.place) - 1) INTO problem
			FROM jsonb_array_elements(body -> kind) WITH ORDINALITY AS g (element, place)
			WHERE (SELECT count(*) FROM jsonb_to_recordset(present) AS p (id text) WHERE p.id = g.element ->> 'id') > 1
			HAVING count(*) > 0;
		IF problem IS NOT NULL THEN
			PERFORM apitoken.refuse_sync(problem);
		END IF;
		accounts := accounts || ARRAY(SELECT p.account_id FROM jsonb_to_recordset(present) AS p (account_id text))
			|| ARRAY(SELECT e.element #>> '{account,id}' FROM jsonb_array_elements(body -> kind) AS e (element));
	END LOOP;
	SELECT COALESCE(jsonb_agg(jsonb_build_object('account_id', l.account_id, 'user_id', l.user_id)), '[]') INTO members
		FROM apitoken.user_accounts l WHERE l.user_id = ANY (listed) OR l.account_id = ANY (gone_accounts);
	accounts := accounts || ARRAY(SELECT m.account_id FROM jsonb_to_recordset(members) AS m (account_id text))
		|| ARRAY(SELECT i.element ->> 'id' FROM jsonb_array_elements(body -> 'users') AS e (element)
			CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.element -> 'accounts') WHEN 'array' THEN e.element -> 'accounts' ELSE '[]' END) AS i (element));
	SELECT jsonb_agg(l.account_id) INTO present FROM apitoken.user_group_modules l WHERE l.module_id = ANY (gone_modules);
	accounts := accounts || ARRAY(SELECT jsonb_array_elements_text(present));

	-- which default groups lose which modules, and the tokens that have these
	SELECT jsonb_agg(jsonb_build_object('account_id', l.account_id, 'owner', l.user_group_id, 'item', l.module_id)) INTO offers
		FROM apitoken.user_group_modules l JOIN apitoken.user_groups g ON g.account_id = l.account_id AND g.id = l.user_group_id
		WHERE g.account_id = ANY (accounts) AND g.is_default;
	FOR concerned IN
		SELECT COALESCE(a.id, l.account_id) AS account_id, a.id IS NOT NULL AS is_gone, l.lost
			FROM unnest(gone_accounts) AS a (id)
			FULL JOIN (SELECT o.account_id, array_agg(DISTINCT o.item) AS lost
				FROM jsonb_to_recordset(offers) AS o (account_id text, owner text, item text)
				LEFT JOIN jsonb_array_elements(body -> 'accounts') AS e ON e.value ->> 'id' = o.account_id
				LEFT JOIN jsonb_array_elements(body -> 'groups') AS g ON g.value ->> 'id' = o.owner
				WHERE o.item = ANY (gone_modules)
					OR jsonb_typeof(e.value -> 'modules') = 'array' AND NOT e.value -> 'modules' @> jsonb_build_array(jsonb_build_object('id', o.item))
					OR jsonb_typeof(g.value -> 'modules') = 'array' AND NOT g.value -> 'modules' @> jsonb_build_array(jsonb_build_object('id', o.item))
				GROUP BY o.account_id) AS l ON l.account_id = a.id
			ORDER BY COALESCE(a.id, l.account_id) COLLATE "C"
	LOOP
		tokens := ARRAY(SELECT l.api_token_id FROM apitoken.api_token_modules l WHERE l.account_id = concerned.account_id AND l.module_id = ANY (concerned.lost));
		IF concerned.is_gone OR cardinality(tokens) > 0 THEN
			PERFORM FROM apitoken.api_tokens t WHERE t.account_id = concerned.account_id AND t.status <> 'Deleted' AND (concerned.is_gone OR t.id = ANY (tokens))
				ORDER BY t.id FOR NO KEY UPDATE;
		END IF;
	END LOOP;

	-- what cannot be written is told in its place
	BEGIN
		modules := ARRAY(SELECT c.id FROM apitoken.sync_changes('modules', body -> 'modules') AS c WHERE c.present IS NOT NULL);
		users := ARRAY(SELECT c.id FROM apitoken.sync_changes('users', body -> 'users') AS c WHERE c.present IS NOT NULL);
	EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
		NULL;
	END;
	modules := ARRAY(SELECT m.id FROM apitoken.modules m WHERE m.id = ANY (modules || gone_modules));
	users := ARRAY(SELECT u.id FROM apitoken.users u WHERE u.id = ANY (users) OR u.id = ANY (ARRAY(SELECT jsonb_array_elements_text(gone -> 'users'))) AND u.status <> 'Deleted');
	-- each copy of a row, which locking it is not
	IF cardinality(modules) > 0 THEN
		UPDATE apitoken.modules AS m SET paid = m.paid WHERE m.id = ANY (modules);
	END IF;
	IF cardinality(users) > 0 THEN
		UPDATE apitoken.users AS u SET status = u.status WHERE u.id = ANY (users);
	END IF;
	IF EXISTS (SELECT FROM jsonb_to_recordset(members) AS m (account_id text, user_id text)
			LEFT JOIN jsonb_array_elements(body -> 'users') AS e ON e.value ->> 'id' = m.user_id
			WHERE m.account_id = ANY (gone_accounts) OR e.value -> 'deleted' = 'true'
				OR jsonb_typeof(e.value -> 'accounts') = 'array' AND NOT e.value -> 'accounts' @> jsonb_build_array(jsonb_build_object('id', m.account_id)))
	THEN
		PERFORM FROM apitoken.user_accounts l WHERE l.user_id = ANY (listed) OR l.account_id = ANY (gone_accounts) ORDER BY l.user_id, l.account_id FOR UPDATE;
	END IF;
	PERFORM apitoken.sync_lock_accounts(accounts);

	SELECT jsonb_build_object('accounts', to_jsonb(accounts), 'types', COALESCE(jsonb_agg(jsonb_build_object('id', m.id, 'types', to_jsonb(m.account_types))), '[]')) INTO former
		FROM apitoken.modules m WHERE m.id = ANY (modules);
	RETURN former || jsonb_build_object('groups', apitoken.sync_groups(accounts));
END
$$;
COMMENT ON FUNCTION apitoken.sync_lock(jsonb) IS
	'Locks what apitoken_sync changes where the tables are distributed, and tells how it is of what sync_settle() looks at.';
REVOKE ALL ON FUNCTION apitoken.sync_lock(jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_groups(accounts text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	groups CONSTANT jsonb := (SELECT jsonb_agg(jsonb_build_object('account_id', s.account_id, 'number', s.number, 'default', s.default_id))
		FROM (SELECT g.account_id, count(*) AS number, min(g.id::text) FILTER (WHERE g.is_default) AS default_id
			FROM apitoken.user_groups g WHERE g.account_id = ANY (accounts) GROUP BY g.account_id) AS s);
BEGIN
	RETURN COALESCE(groups, '[]');
END
$$;
COMMENT ON FUNCTION apitoken.sync_groups(text[]) IS
	'How many user groups accounts have, and which is the default, for apitoken_sync where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.sync_groups(text[]) FROM PUBLIC;

-- What elsewhere is looked at when the transaction commits.
CREATE FUNCTION apitoken.sync_settle(body jsonb, former jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	accounts CONSTANT text[] := ARRAY(SELECT DISTINCT a.id FROM (SELECT jsonb_array_elements_text(former -> 'accounts')
		UNION ALL SELECT e.element #>> '{account,id}' FROM jsonb_array_elements(body -> 'groups') AS e (element)) AS a (id) WHERE a.id IS NOT NULL);
	groups CONSTANT jsonb := apitoken.sync_groups(accounts);
	named CONSTANT jsonb := (SELECT jsonb_agg(jsonb_build_object('id', g.id, 'account_id', g.account_id)) FROM apitoken.user_groups g
		WHERE g.id = ANY (ARRAY(SELECT e.element ->> 'id' FROM jsonb_array_elements(body -> 'groups') AS e (element))));
	problem text;
	changed record;
BEGIN
	SELECT format('The member "groups[%s]" leaves its account without a default group', g.place - 1) INTO problem
		FROM jsonb_array_elements(body -> 'groups') WITH ORDINALITY AS g (element, place)
		JOIN jsonb_to_recordset(named) AS n (id text, account_id text) ON n.id = g.element ->> 'id'
		JOIN jsonb_to_recordset(groups) AS o (account_id text, "default" text) ON o.account_id = n.account_id
		WHERE o."default" IS NULL
		ORDER BY g.place LIMIT 1;
	IF problem IS NOT NULL THEN
		PERFORM apitoken.refuse_sync(problem);
	END IF;

	FOR changed IN
		SELECT a.id, o.number > 0 AND o."default" IS NULL AS is_without, f."default" IS NOT NULL AND f."default" IS DISTINCT FROM o."default" AS has_moved
			FROM unnest(accounts) AS a (id)
			LEFT JOIN jsonb_to_recordset(groups) AS o (account_id text, number bigint, "default" text) ON o.account_id = a.id
			LEFT JOIN jsonb_to_recordset(former -> 'groups') AS f (account_id text, number bigint, "default" text) ON f.account_id = a.id
			WHERE (o.number, o."default") IS DISTINCT FROM (f.number, f."default")
			ORDER BY a.id COLLATE "C"
	LOOP
		IF changed.has_moved THEN
			PERFORM apitoken.check_offers(changed.id);
		END IF;
		IF changed.is_without THEN
			RAISE EXCEPTION 'account has user groups but no default group'
				USING ERRCODE = 'check_violation', DETAIL = format('The account is %s.', changed.id),
					HINT = 'Set is_default on exactly one user group of the account.',
					SCHEMA = 'apitoken', TABLE = 'user_groups', CONSTRAINT = 'user_groups_default_check';
		END IF;
	END LOOP;

	FOR changed IN
		SELECT m.id, ARRAY(SELECT jsonb_array_elements_text(f.types)) AS types
			FROM apitoken.modules m JOIN jsonb_to_recordset(former -> 'types') AS f (id text, types jsonb) ON f.id = m.id
			WHERE f.types IS DISTINCT FROM to_jsonb(m.account_types)
			ORDER BY m.id
	LOOP
		PERFORM apitoken.check_account_types(changed.id, changed.types);
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.sync_settle(jsonb, jsonb) IS
	'Sees for apitoken_sync, where the tables are distributed, that accounts have default groups, and nobody a module that he cannot have any more.';
REVOKE ALL ON FUNCTION apitoken.sync_settle(jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.sync_by_account(body jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kinds CONSTANT text[] := '{modules,accounts,users,buyers,groups}';
	kind text;
	problem text;
	former jsonb;
	changed jsonb := '{}';
BEGIN
	PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
	PERFORM apitoken.sync_require(NULL, NULL);
	problem := apitoken.sync_problem(NULL, body);
	IF problem IS NOT NULL THEN
		PERFORM apitoken.refuse_sync(problem);
	END IF;
	PERFORM apitoken.sync_check(body);
	former := apitoken.sync_lock(body);
	PERFORM apitoken.sync_check(body);

	FOREACH kind IN ARRAY kinds LOOP
		IF body ? kind THEN
			changed := changed || jsonb_build_object(kind, apitoken.sync_step_by_account(kind, body -> kind, false));
		END IF;
	END LOOP;
	FOR kind IN SELECT k.name FROM unnest(kinds) WITH ORDINALITY AS k (name, place) WHERE body ? k.name ORDER BY k.place DESC LOOP
		changed := changed || jsonb_build_object(kind, (changed ->> kind)::bigint + apitoken.sync_step_by_account(kind, body -> kind, true));
	END LOOP;
	PERFORM apitoken.sync_settle(body, former);
	RETURN changed;
END
$$;
COMMENT ON FUNCTION apitoken.sync_by_account(jsonb) IS
	'What apitoken_sync does where the tables are distributed, as their owner.';
REVOKE ALL ON FUNCTION apitoken.sync_by_account(jsonb) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_sync(jsonb) RETURNS jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_sync';
COMMENT ON FUNCTION @extschema@.apitoken_sync(jsonb) IS
	$$Take over accounts and what belongs to them from elsewhere

Takes {"accounts", "modules", "users", "groups", "buyers"}, each an array of resources with an id, in the members of the document; changes the supplied members, and adds what is not there. An account's modules are those of its default user group, which is made if need be; a user's accounts, and a group's modules, users and buyers, are lists of {"id"} that replace those that there are. With "deleted": true a group or module goes, and a user or buyer becomes Deleted; an account becomes Disabled and held, loses its users, and its API tokens are disabled. Answers how many rows of each kind were not so before. Runs with the rights of the caller, who could write the same by hand. Errors: PT400 naming the member that is wrong; nothing is written then.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_sync(jsonb) FROM PUBLIC;

/*
 * API tokens from elsewhere: what apitoken_import, which runs as the owner, does with the
 * functions above
 */
CREATE FUNCTION apitoken.open_account(account_id text) RETURNS bigint
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_open_account';
COMMENT ON FUNCTION apitoken.open_account(text) IS
	'How many API tokens can be added to an account, for apitoken_import, which is going to add some; null: any number.';
REVOKE ALL ON FUNCTION apitoken.open_account(text) FROM PUBLIC;

CREATE FUNCTION apitoken.check_gift(account_id text, module_id text) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_check_gift';
COMMENT ON FUNCTION apitoken.check_gift(text, text) IS
	'What check_offer() does, for apitoken_import where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.check_gift(text, text) FROM PUBLIC;

-- Their actors come first: every node knows a token's account by them.
CREATE FUNCTION apitoken.import_rows(elements jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ids CONSTANT text[] := ARRAY(SELECT g.element ->> 'id' FROM jsonb_array_elements(elements) AS g (element));
	columns CONSTANT text := (SELECT string_agg(quote_ident(m.attribute), ', ') FROM apitoken.sync_members() m WHERE m.kind = 'tokens' AND m.attribute IS NOT NULL);
	actor apitoken.actors;
	rows jsonb;
	added bigint;
BEGIN
	-- what elsewhere the tokens' own keys, and a trigger, refuse
	SELECT a.* INTO actor FROM apitoken.actors a WHERE a.type = 'token' AND a.id = ANY (ids) ORDER BY a.id LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '%', CASE WHEN actor.erased_at IS NOT NULL THEN 'an erased API token had this id'
			WHEN EXISTS (SELECT FROM jsonb_array_elements(elements) AS g (element) WHERE g.element ->> 'id' = actor.id AND g.element #>> '{account,id}' = actor.account_id)
				THEN 'duplicate key value violates unique constraint "api_tokens_pkey"'
			ELSE 'duplicate key value violates unique constraint "api_tokens_id_key"' END
			USING ERRCODE = 'unique_violation';
	END IF;
	INSERT INTO apitoken.actors (type, id, account_id)
		SELECT 'token', g.element ->> 'id', g.element #>> '{account,id}' FROM jsonb_array_elements(elements) AS g (element) ORDER BY 2;
	SELECT jsonb_agg(jsonb_build_object('status', 'Active', 'created_at', clock_timestamp())
			|| (SELECT jsonb_object_agg(m.attribute, g.element #> m.path) FROM apitoken.sync_members() m
				WHERE m.kind = 'tokens' AND m.attribute IS NOT NULL AND g.element #> m.path IS NOT NULL))
		INTO rows FROM jsonb_array_elements(elements) AS g (element);
	IF jsonb_array_length(rows) = 1 THEN
		EXECUTE format('INSERT INTO apitoken.api_tokens (%s) VALUES (%s)', columns, regexp_replace(columns, '(^|, )', '\1($1).', 'g'))
			USING jsonb_populate_record(NULL::apitoken.api_tokens, rows -> 0);
	ELSE
		EXECUTE format('INSERT INTO apitoken.api_tokens (%s) SELECT %s FROM jsonb_populate_recordset(NULL::apitoken.api_tokens, $1) AS n ORDER BY n.id',
			columns, regexp_replace(columns, '(^|, )', '\1n.', 'g')) USING rows;
	END IF;
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN added;
END
$$;
COMMENT ON FUNCTION apitoken.import_rows(jsonb) IS
	'Adds rows for apitoken_import where the tables are distributed; how many.';
REVOKE ALL ON FUNCTION apitoken.import_rows(jsonb) FROM PUBLIC;

-- The trail of what was added; and whoever has revoked one of the secrets meanwhile, and
-- is about to commit, is waited for.
CREATE FUNCTION apitoken.import_trail(tokens jsonb, database_role name, client_address inet, request_id text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	digests CONSTANT bytea[] := ARRAY(SELECT decode(g.element ->> 'digest', 'hex') FROM jsonb_array_elements(tokens) AS g (element));
	revoked bytea[];
BEGIN
	INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role, client_address, request_id, event, session_role, details)
		SELECT g.element #>> '{account,id}', g.element ->> 'id', COALESCE(g.element ->> 'status', 'Active'), import_trail.database_role, import_trail.client_address,
				import_trail.request_id, 'imported', session_user,
				(SELECT jsonb_build_object('modules', jsonb_agg(jsonb_build_object('id', m.id) ORDER BY m.id))
					FROM (SELECT DISTINCT (e.element ->> 'id') COLLATE "C"
						FROM jsonb_array_elements(CASE jsonb_typeof(g.element -> 'modules') WHEN 'array' THEN g.element -> 'modules' ELSE '[]' END) AS e (element)) m (id)
					HAVING count(*) > 0)
			FROM jsonb_array_elements(tokens) WITH ORDINALITY AS g (element, place)
			ORDER BY g.place;

	-- on every node
	LOCK TABLE apitoken.revoked_digests IN SHARE MODE;
	revoked := ARRAY(SELECT r.digest FROM apitoken.revoked_digests r WHERE r.digest = ANY (digests));
	IF cardinality(revoked) > 0 THEN
		PERFORM apitoken.refuse_sync(format('The member "tokens[%s]" cannot be written: digest is that of a secret that was revoked', min(d.place) - 1))
			FROM unnest(digests) WITH ORDINALITY AS d (digest, place) WHERE d.digest = ANY (revoked);
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.import_trail(jsonb, name, inet, text) IS
	'Leaves the trail of API tokens for apitoken_import, where the tables are distributed; none of their secrets may have been revoked meanwhile.';
REVOKE ALL ON FUNCTION apitoken.import_trail(jsonb, name, inet, text) FROM PUBLIC;

-- What they authenticate with, and act with, which triggers look at elsewhere.
CREATE FUNCTION apitoken.import_gifts(elements jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- in the order in which they are looked at
	gifts CONSTANT jsonb := (SELECT jsonb_agg(DISTINCT jsonb_build_object('account_id', g.element #>> '{account,id}', 'api_token_id', g.element ->> 'id', 'module_id', m.element ->> 'id'))
		FROM jsonb_array_elements(elements) AS g (element)
		CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(g.element -> 'modules') WHEN 'array' THEN g.element -> 'modules' ELSE '[]' END) AS m (element));
	gift apitoken.api_token_modules;
BEGIN
	-- here, as an error of another node would be logged there with the digest
	PERFORM FROM apitoken.revoked_digests r WHERE r.digest = ANY (ARRAY(SELECT decode(g.element ->> 'digest', 'hex') FROM jsonb_array_elements(elements) AS g (element)));
	IF FOUND THEN
		RAISE EXCEPTION 'digest is that of a secret that was revoked' USING ERRCODE = 'check_violation';
	END IF;
	INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
		SELECT g.element #>> '{account,id}', g.element ->> 'id', decode(g.element ->> 'digest', 'hex')
			FROM jsonb_array_elements(elements) AS g (element);
	IF jsonb_array_length(elements) = 1 THEN
		FOR gift IN SELECT g.* FROM jsonb_populate_recordset(NULL::apitoken.api_token_modules, gifts) AS g LOOP
			INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id) VALUES (gift.account_id, gift.api_token_id, gift.module_id);
		END LOOP;
	ELSE
		INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id)
			SELECT g.account_id, g.api_token_id, g.module_id FROM jsonb_populate_recordset(NULL::apitoken.api_token_modules, gifts) AS g;
	END IF;
	PERFORM apitoken.check_gift(g.account_id, g.module_id)
		FROM (SELECT DISTINCT r.account_id::text, r.module_id::text FROM jsonb_populate_recordset(NULL::apitoken.api_token_modules, gifts) AS r ORDER BY 1, 2) AS g;
END
$$;
COMMENT ON FUNCTION apitoken.import_gifts(jsonb) IS
	'Adds digests and modules of API tokens for apitoken_import where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.import_gifts(jsonb) FROM PUBLIC;

-- What hangs on tokens that apitoken_import has just added, and what of them cannot be.
CREATE FUNCTION apitoken.import_secrets(elements jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	SELECT CASE WHEN t.expires_at <= clock_timestamp() THEN 'expiresAt is in the past' ELSE 'createdAt is in the future' END INTO problem
		FROM jsonb_array_elements(elements) AS g (element)
		CROSS JOIN LATERAL (SELECT (g.element ->> 'expiresAt')::apitoken.instant, (g.element ->> 'createdAt')::apitoken.instant) AS t (expires_at, created_at)
		WHERE t.expires_at <= clock_timestamp() OR t.created_at > clock_timestamp() + interval '1 ms' LIMIT 1;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION '%', problem USING ERRCODE = 'datetime_field_overflow';
	END IF;

	-- whoever has revoked one, and is about to commit, is waited for before that is asked
	INSERT INTO apitoken.api_token_foreign_secrets (digest, account_id, api_token_id)
		SELECT lower(g.element ->> 'digest'), g.element #>> '{account,id}', g.element ->> 'id'
			FROM jsonb_array_elements(elements) AS g (element);
	IF apitoken.is_distributed() THEN
		PERFORM apitoken.import_gifts(elements);
	ELSE
		INSERT INTO apitoken.api_token_credentials (account_id, api_token_id, digest)
			SELECT g.element #>> '{account,id}', g.element ->> 'id', decode(g.element ->> 'digest', 'hex')
				FROM jsonb_array_elements(elements) AS g (element);
		INSERT INTO apitoken.api_token_modules (account_id, api_token_id, module_id)
			SELECT DISTINCT g.element #>> '{account,id}', g.element ->> 'id', m.element ->> 'id'
				FROM jsonb_array_elements(elements) AS g (element)
				CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(g.element -> 'modules') WHEN 'array' THEN g.element -> 'modules' ELSE '[]' END) AS m (element);
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.import_secrets(jsonb) IS
	'Adds digests and modules of API tokens for apitoken_import.';
REVOKE ALL ON FUNCTION apitoken.import_secrets(jsonb) FROM PUBLIC;

-- What is wrong with API tokens that have the form of resources, if anything.
CREATE FUNCTION apitoken.import_problem(tokens jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text := apitoken.sync_problem('tokens', tokens);
	account text;
	places bigint[];
	room bigint;
	most integer;
BEGIN
	IF problem IS NOT NULL THEN
		RETURN problem;
	END IF;
	SELECT format('The member "tokens[%s].%s" is ', g.place - 1, m.name)
			|| CASE WHEN g.element #>> m.path IS NULL THEN 'missing'
				WHEN g.element ->> 'digest' !~ '^[0-9A-Fa-f]{64}$' THEN 'not a SHA-256 digest, which has 64 hexadecimal digits'
				ELSE 'that of an empty secret, which authenticates nobody' END
		INTO problem
		FROM jsonb_array_elements(tokens) WITH ORDINALITY AS g (element, place)
		CROSS JOIN (VALUES (1, 'account', '{account,id}'::text[]), (2, 'name', '{name}'), (3, 'digest', '{digest}')) AS m (number, name, path)
		WHERE g.element #>> m.path IS NULL OR m.name = 'digest'
			AND (g.element ->> 'digest' !~ '^[0-9A-Fa-f]{64}$' OR lower(g.element ->> 'digest') = encode(sha256(''), 'hex'))
		ORDER BY g.place, m.number LIMIT 1;
	IF problem IS NOT NULL THEN
		RETURN problem;
	END IF;

	FOR account, places IN
		SELECT g.element #>> '{account,id}', array_agg(g.place - 1 ORDER BY g.place) FILTER (WHERE g.element ->> 'status' IS DISTINCT FROM 'Deleted')
			FROM jsonb_array_elements(tokens) WITH ORDINALITY AS g (element, place)
			GROUP BY 1 ORDER BY 1
	LOOP
		room := apitoken.open_account(account);
		IF room < cardinality(places) THEN
			SELECT a.max_tokens INTO most FROM apitoken.accounts a WHERE a.id = account;
			RETURN format('The member "tokens[%s]" is one too many: the account "%s" may have %s API tokens', places[room + 1], account,
				COALESCE(most, current_setting('apitoken.max_tokens')::integer));
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION apitoken.import_problem(jsonb) IS
	'What is wrong with the API tokens that apitoken_import is given, with its place; null if nothing is.';
REVOKE ALL ON FUNCTION apitoken.import_problem(jsonb) FROM PUBLIC;

-- A batch at a time: how far it has come is told after each.
CREATE FUNCTION apitoken.import(body jsonb, database_role name, client_address inet, request_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	size CONSTANT integer := 10000;
	tokens CONSTANT jsonb := body -> 'tokens';
	distributed CONSTANT boolean := apitoken.is_distributed();
	total integer;
	slice jsonb;
	problem text := CASE
		WHEN jsonb_typeof(body) <> 'object' THEN 'The body is not a JSON object'
		WHEN tokens IS NULL THEN 'The member "tokens" is missing'
		ELSE (SELECT format('The member "%s" does not exist', k.name) FROM jsonb_object_keys(body) AS k (name) WHERE k.name <> 'tokens' ORDER BY 1 LIMIT 1) END;
BEGIN
	IF distributed THEN
		-- on other nodes open_account() says it
		PERFORM set_config('plan_cache_mode', 'force_custom_plan', true), set_config('apitoken.adding', 'on', true);
	END IF;
	problem := COALESCE(problem, apitoken.import_problem(tokens));
	IF problem IS NOT NULL THEN
		PERFORM apitoken.refuse_sync(problem);
	END IF;

	total := jsonb_array_length(tokens);
	FOR before IN 0..total - 1 BY size LOOP
		SELECT jsonb_agg(g.element ORDER BY g.place) INTO slice
			FROM jsonb_array_elements(tokens) WITH ORDINALITY AS g (element, place) WHERE g.place > before AND g.place <= before + size;
		IF apitoken.is_distributed() THEN
			PERFORM apitoken.sync_step_by_account('tokens', slice, false, before);
		ELSE
			PERFORM apitoken.sync_step('tokens', slice, false, before);
		END IF;
		RAISE NOTICE '% of % API tokens', LEAST(before + size, total), total;
	END LOOP;
	IF distributed THEN
		PERFORM set_config('apitoken.adding', 'off', true);
		PERFORM count(set_config('apitoken.adding', 'off', true)) FROM apitoken.accounts a
			WHERE a.id = ANY (ARRAY(SELECT DISTINCT g.element #>> '{account,id}' FROM jsonb_array_elements(tokens) AS g (element)));
		PERFORM apitoken.import_trail(tokens, import.database_role, import.client_address, import.request_id);
		RETURN total;
	END IF;
	INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role, client_address, request_id, event, session_role, details)
		SELECT t.account_id, t.id, t.status, import.database_role, import.client_address, import.request_id, 'imported', session_user,
				(SELECT jsonb_build_object('modules', jsonb_agg(jsonb_build_object('id', m.module_id) ORDER BY m.module_id))
					FROM apitoken.api_token_modules m WHERE m.account_id = t.account_id AND m.api_token_id = t.id HAVING count(*) > 0)
			FROM jsonb_array_elements(tokens) WITH ORDINALITY AS g (element, place)
			JOIN apitoken.api_tokens t ON t.id = g.element ->> 'id'
			ORDER BY g.place;
	RETURN total;
END
$$;
COMMENT ON FUNCTION apitoken.import(jsonb, name, inet, text) IS
	'What apitoken_import does.';
REVOKE ALL ON FUNCTION apitoken.import(jsonb, name, inet, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_import(jsonb) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_import';
COMMENT ON FUNCTION @extschema@.apitoken_import(jsonb) IS
	$$Bring API tokens along from elsewhere

Takes {"tokens": [{"id", "account": {"id"}, "name", "description", "icon", "status", "modules": [{"id"}], "expiresAt", "allowedNetworks", "createdAt", "digest"}]}; id, account, name and digest are required. The digest is SHA-256 of the secret that the token had, of whatever form, in hexadecimal digits: by that secret it authenticates. Answers how many were added. For trusted roles. Errors: PT400 naming the member that is wrong, PT401 for everybody else; nothing is written then.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_import(jsonb) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_feed(after text DEFAULT NULL, at_most integer DEFAULT 100) RETURNS jsonb
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_feed';
COMMENT ON FUNCTION @extschema@.apitoken_feed(text, integer) IS
	$$Read what has happened to API tokens

Answers {"events": [{"number", "at", "event", "account": {"id"}, "token": {"id"}, "from", "to", "details", "reason", "actor": {"type", "id"}}], "position"}: the events that follow the position given, or the first ones, at most 100, or as many as asked for, up to 1,000; and the position to go on from. Nothing ever appears behind a position that was handed out. Those who may administer every account see all, and from where it was done; others what concerns their account's tokens. Errors: PT400 for a position that was not handed out here, or is older than what was pruned.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_feed(text, integer) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_trail_prune(before timestamptz) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_trail_prune';
COMMENT ON FUNCTION @extschema@.apitoken_trail_prune(timestamptz) IS
	$$Prune the trail

Takes events away that are older than that moment, which must be longer ago than apitoken.trail_retention, 90 days by default. Tokens stay. Answers how many went; a row of apitoken.trail_prunings says so. For trusted roles. Errors: PT400 for a moment that is too late, PT401 for everybody else.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_trail_prune(timestamptz) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_erase_user(id text) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_erase_user';
COMMENT ON FUNCTION @extschema@.apitoken_erase_user(text) IS
	$$Erase what is known of a user

His names, e-mail address, telephone, icon, languages and last login, the addresses that he changed API tokens from, and those that the tokens he made were used from; he becomes Deleted, and is in no account. His id stays in audits and in the trail. A row of apitoken.erasures says so. For trusted roles. Errors: PT401 for everybody else, PT404 if there is no such user.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_erase_user(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.apitoken_erase_account(id text, with_tokens boolean DEFAULT false) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_erase_account';
COMMENT ON FUNCTION @extschema@.apitoken_erase_account(text, boolean) IS
	$$Erase what is known of an account

Its names, addresses and numbers, those of its user groups and buyers, the names and descriptions of its API tokens, the addresses that they were used from, and those in their trail. It becomes Disabled and held, its tokens and buyers Deleted, and nobody is in it; ids stay. With with_tokens the tokens' rows go, too, and their trail. What is known of its users is erased by apitoken_erase_user. A row of apitoken.erasures says so. For trusted roles. Errors: PT401 for everybody else, PT404 if there is no such account.$$;
REVOKE ALL ON FUNCTION @extschema@.apitoken_erase_account(text, boolean) FROM PUBLIC;

/*
 * Distribution by account, on Citus
 *
 * Accounts and what belongs to them are distributed, together, by the account; what no
 * account owns is on every node, and so are actors, by which each node knows the account
 * of an API token.  What a table does by itself to others is not done there: no shard's
 * trigger may ask a distributed table.  See distribution.c.
 */
CREATE FUNCTION apitoken.refuse_rows() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'rows of the distributed tables of the extension "apitoken" are for their owner alone'
		USING ERRCODE = 'feature_not_supported',
			HINT = 'Call the functions, which know who acts.';
END
$$;
COMMENT ON FUNCTION apitoken.refuse_rows() IS
	'For policies where the tables are distributed: whom row security binds is told so, and not shown an empty table.';
REVOKE ALL ON FUNCTION apitoken.refuse_rows() FROM PUBLIC;

-- On the node that has an account, by a statement from another: see ahead.c.
CREATE FUNCTION apitoken.read_ahead(accounts oid, account_id text, id text, wanted integer, most bigint)
RETURNS bytea
LANGUAGE C STABLE AS 'MODULE_PATHNAME', 'apitoken_read_ahead';
COMMENT ON FUNCTION apitoken.read_ahead(oid, text, text, integer, bigint) IS
	'What a call will need of an account, and of a token or user, whose rows are beside that shard of the table accounts.';
REVOKE ALL ON FUNCTION apitoken.read_ahead(oid, text, text, integer, bigint) FROM PUBLIC;

-- On a shard: no call finds a token whose actor is not on every node.
CREATE FUNCTION apitoken.require_actor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	present boolean;
BEGIN
	-- the node's own copy: a shard's trigger may ask no distributed table
	EXECUTE (SELECT format('SELECT EXISTS (SELECT FROM apitoken.%I AS a WHERE a.type = $1 AND a.id = $2 AND a.account_id IS NOT DISTINCT FROM $3 AND a.erased_at IS NULL)',
			'actors_' || s.shardid)
		FROM pg_dist_shard s WHERE s.logicalrelid = 'apitoken.actors'::regclass) INTO present USING TG_ARGV[0], NEW.id, to_jsonb(NEW) ->> 'account_id';
	IF present IS NOT TRUE THEN
		RAISE EXCEPTION 'apitoken.actors does not have the % "%"', TG_ARGV[0], NEW.id
			USING ERRCODE = 'foreign_key_violation',
				HINT = 'Where the tables are distributed, whoever adds a user or an API token by hand adds its actor first: of a token with its account.';
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION apitoken.require_actor() IS
	'Trigger, where the tables are distributed: a user or an API token is added after its actor, by which each node knows a token''s account.';
REVOKE ALL ON FUNCTION apitoken.require_actor() FROM PUBLIC;

-- On a shard: by hand nobody enables what no call enables, nor takes a revocation back.
CREATE FUNCTION apitoken.refuse_by_hand() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'the API token "%" is held, over or revoked', NEW.id
		USING ERRCODE = 'check_violation',
			HINT = 'Call apitoken_release(), apitoken_update() or apitoken_rotate().';
END
$$;
COMMENT ON FUNCTION apitoken.refuse_by_hand() IS
	'Trigger, where the tables are distributed: an API token that is held, over or revoked is not Active, and a revocation is not taken back.';
REVOKE ALL ON FUNCTION apitoken.refuse_by_hand() FROM PUBLIC;

CREATE FUNCTION apitoken.refuse_revoked_digest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number CONSTANT integer := to_jsonb(NEW) ->> 'number';
	revoked boolean;
BEGIN
	-- the node's own copy, and the token's row, which is on the same node
	EXECUTE (SELECT format('SELECT EXISTS (SELECT FROM apitoken.%I AS r, apitoken.%I AS t WHERE r.digest = $1 AND t.account_id = $2 AND t.id = $3
			AND ($4 IS NULL OR $4 = t.secret_number OR t.old_secret_until IS NOT NULL) AND t.revoked_at IS NULL)',
			'revoked_digests_' || r.shardid, 'api_tokens_' || t.shardid)
		FROM pg_dist_shard s
			JOIN pg_dist_shard t ON t.logicalrelid = 'apitoken.api_tokens'::regclass AND t.shardminvalue = s.shardminvalue
			JOIN pg_dist_shard r ON r.logicalrelid = 'apitoken.revoked_digests'::regclass
		WHERE s.shardid = substring(TG_TABLE_NAME FROM '[0-9]+$')::bigint) INTO revoked
		USING NEW.digest, NEW.account_id, NEW.api_token_id, number;
	IF revoked THEN
		RAISE EXCEPTION 'digest is that of a secret that was revoked' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_revoked_digest() IS
	'Trigger, where the tables are distributed: an API token has no secret that was revoked and could count.';
REVOKE ALL ON FUNCTION apitoken.refuse_revoked_digest() FROM PUBLIC;

-- What a call's statement says of itself where the tables are distributed: see marks.c.  It
-- is not asked for before the rows are there, as their column is its argument.
CREATE FUNCTION apitoken.by_call(account_id text) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_by_call';
COMMENT ON FUNCTION apitoken.by_call(text) IS
	'In the condition of a statement: true, and what it changes is changed by a call, which leaves its own trail.';
REVOKE ALL ON FUNCTION apitoken.by_call(text) FROM PUBLIC;

CREATE FUNCTION apitoken.secure_nodes() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_secure_nodes';
COMMENT ON FUNCTION apitoken.secure_nodes() IS
	'Has other nodes look names up in pg_catalog alone until the transaction ends, where the tables are distributed.';
REVOKE ALL ON FUNCTION apitoken.secure_nodes() FROM PUBLIC;

CREATE FUNCTION apitoken.require_preload() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'apitoken_require_preload';
COMMENT ON FUNCTION apitoken.require_preload() IS
	'Raises 0A000 where the library was loaded after a session''s first statement: where the tables are distributed, it has to see what is sent to other nodes.';
REVOKE ALL ON FUNCTION apitoken.require_preload() FROM PUBLIC;

-- On a shard: what no call does is done by hand, by whom only the node knows that it was
-- done on.
CREATE FUNCTION apitoken.log_by_hand() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_log_by_hand';
COMMENT ON FUNCTION apitoken.log_by_hand() IS
	'Trigger, where the tables are distributed: what is changed by hand of an API token is in the trail, too.';
REVOKE ALL ON FUNCTION apitoken.log_by_hand() FROM PUBLIC;

CREATE FUNCTION apitoken.monitored(view name, key bytea) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	IF (SELECT sha256(k.key) FROM apitoken.monitor_key k) IS DISTINCT FROM sha256(monitored.key) THEN
		RAISE EXCEPTION 'permission denied for function monitored' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM apitoken.secure_nodes();
	RETURN QUERY EXECUTE format('SELECT * FROM apitoken.%I', 'monitor_' || monitored.view);
END
$$;
COMMENT ON FUNCTION apitoken.monitored(name, bytea) IS
	'The rows of a view for monitoring, read as the tables'' owner where the tables are distributed: for the views alone, which have the key.';
REVOKE ALL ON FUNCTION apitoken.monitored(name, bytea) FROM PUBLIC;

-- Citus reads shards as whoever asks, who has no right to them: so the owner is the one who
-- asks, for whoever may read a view.  What a view reads beside it is read by its owner's
-- rights, too: that is the key, which nobody else can hand over.
CREATE FUNCTION apitoken.prepare_monitor() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	comment record;
BEGIN
	IF to_regclass('apitoken.monitor_key') IS NULL THEN
		CREATE TABLE apitoken.monitor_key (key bytea NOT NULL);
		REVOKE ALL ON apitoken.monitor_key FROM PUBLIC;
		-- nor is it shown to a role that is granted all tables
		ALTER TABLE apitoken.monitor_key ENABLE ROW LEVEL SECURITY;
		COMMENT ON TABLE apitoken.monitor_key IS 'What the views for monitoring show apitoken.monitored(), where the tables are distributed.';
		COMMENT ON COLUMN apitoken.monitor_key.key IS 'The same on every server.';
		ALTER EXTENSION apitoken ADD TABLE apitoken.monitor_key;
		INSERT INTO apitoken.monitor_key SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 4);
	END IF;
	FOR part IN
		SELECT v.relname, v.oid::regclass AS view, regexp_replace(regexp_replace(pg_get_viewdef(v.oid), '\(([a-z]+\.[a-z_]+)\)::text', '\1', 'g'),
				'apitoken_monitor\.([a-z_]+)', 'apitoken.monitor_\1 \1', 'g') AS definition,
				(SELECT string_agg(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
						(SELECT format(' COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
							WHERE c.oid = a.attcollation AND c.oid <> t.typcollation)), ', ' ORDER BY a.attnum)
					FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
					WHERE a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
			FROM pg_class v
				JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = v.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
				JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'apitoken'
			WHERE v.relnamespace = 'apitoken_monitor'::regnamespace AND v.relkind = 'v' AND pg_get_viewdef(v.oid) NOT LIKE '%apitoken.monitored(%'
			-- a view that others read comes first
			ORDER BY v.oid
	LOOP
		EXECUTE format('CREATE OR REPLACE VIEW apitoken.%I AS %s', 'monitor_' || part.relname, part.definition);
		EXECUTE format('REVOKE ALL ON apitoken.%I FROM PUBLIC', 'monitor_' || part.relname);
		FOR comment IN
			SELECT format('COMMENT ON %s IS %L', CASE a.attnum WHEN 0 THEN format('VIEW apitoken.%I', 'monitor_' || part.relname) ELSE format('COLUMN apitoken.%I.%I', 'monitor_' || part.relname, a.attname) END,
					d.description) AS command
				FROM pg_description d
					JOIN (SELECT 0, NULL UNION ALL SELECT attnum, attname FROM pg_attribute WHERE attrelid = part.view) AS a (attnum, attname) ON a.attnum = d.objsubid
				WHERE d.classoid = 'pg_class'::regclass AND d.objoid = part.view
		LOOP
			EXECUTE comment.command;
		END LOOP;
		IF NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = to_regclass(format('apitoken.%I', 'monitor_' || part.relname)) AND d.deptype = 'e') THEN
			EXECUTE format('ALTER EXTENSION apitoken ADD VIEW apitoken.%I', 'monitor_' || part.relname);
		END IF;
		EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier) AS SELECT r.* FROM apitoken.monitor_key k, LATERAL apitoken.monitored(%L, k.key) AS r (%s)',
			part.view, part.relname, part.columns);
	END LOOP;
	-- a view's reader calls it
	GRANT EXECUTE ON FUNCTION apitoken.monitored(name, bytea) TO PUBLIC;
END
$$;
COMMENT ON FUNCTION apitoken.prepare_monitor() IS
	'Has the views for monitoring read as the tables'' owner, for apitoken.prepare_node().';
REVOKE ALL ON FUNCTION apitoken.prepare_monitor() FROM PUBLIC;

CREATE FUNCTION apitoken.prepare_node(behind bigint DEFAULT 0) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error
AS $$
DECLARE
	fresh boolean;
	base bigint;
	part record;
BEGIN
	PERFORM apitoken.require_preload();
	PERFORM set_config('citus.enable_ddl_propagation', 'off', true), set_config('citus.enable_unsafe_triggers', 'on', true);
	SELECT count(*) = 0 INTO fresh FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid WHERE c.relnamespace = 'apitoken'::regnamespace;

	-- the trail's numbers are each node's own, and go on behind those that there are
	SELECT g.groupid::bigint << 48 INTO base FROM pg_dist_local_group g;
	IF (SELECT s.seqmin FROM pg_sequence s WHERE s.seqrelid = 'apitoken.api_token_transitions_id_seq'::regclass) IS DISTINCT FROM base + 1
		OR (SELECT s.seqmax FROM pg_sequence s WHERE s.seqrelid = 'apitoken.api_token_transitions_id_seq'::regclass) > base + (1::bigint << 48) - 1
	THEN
		EXECUTE format('ALTER SEQUENCE apitoken.api_token_transitions_id_seq MINVALUE %1$s MAXVALUE %2$s START %1$s RESTART %3$s',
			base + 1, base + (1::bigint << 48) - 1, base + 1 + behind);
	END IF;

	FOR part IN
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) AS command
			FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
			WHERE fresh AND c.relnamespace = 'apitoken'::regnamespace AND (k.contype = 'f' OR k.contype = 'u'
				AND c.relname IN ('user_groups', 'buyers', 'api_tokens'))
		UNION ALL
		SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
			FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE c.relnamespace = 'apitoken'::regnamespace AND NOT t.tgisinternal AND p.pronamespace = 'apitoken'::regnamespace
				-- what looks at the row alone, and on a node that is prepared what is made for shards
				AND p.proname NOT IN ('check_text', 'refuse_change', 'refuse_transition', 'keep_columns', 'keep_audit', 'keep_token', 'refuse_truncate')
				AND (fresh OR p.proname NOT IN ('keep_trail', 'require_actor', 'refuse_by_hand', 'refuse_revoked_digest', 'log_by_hand'))
				AND (fresh OR p.proname <> 'stamp_row' OR t.tgnargs = 0)
				AND EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
					WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND e.extname = 'apitoken')
	LOOP
		EXECUTE part.command;
	END LOOP;

	IF fresh THEN
		CREATE TRIGGER refuse_enabled AFTER UPDATE ON apitoken.api_tokens FOR EACH ROW
			WHEN (NEW.status = 'Active' AND (NEW.held_at IS NOT NULL OR NEW.revoked_at IS NOT NULL
				OR OLD.status <> 'Active' AND NEW.expires_at <= clock_timestamp()))
			EXECUTE FUNCTION apitoken.refuse_by_hand();
		CREATE TRIGGER refuse_unrevoked AFTER UPDATE ON apitoken.api_tokens FOR EACH ROW
			WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL AND NEW.secret_number IS NOT DISTINCT FROM OLD.secret_number)
			EXECUTE FUNCTION apitoken.refuse_by_hand();
	END IF;

	-- triggers ask it as whoever writes
	GRANT EXECUTE ON FUNCTION apitoken.is_erasing() TO PUBLIC;
	-- and policies as whoever reads
	GRANT EXECUTE ON FUNCTION apitoken.refuse_rows() TO PUBLIC;

	-- Citus hides shards: not from what guards the tables
	FOR part IN
		SELECT p.oid::regprocedure AS guard FROM pg_proc p
			WHERE p.pronamespace = 'apitoken'::regnamespace AND p.prorettype = 'event_trigger'::regtype
	LOOP
		EXECUTE format('ALTER FUNCTION %s SET citus.override_table_visibility = off', part.guard);
	END LOOP;

	-- Views: who is of another account is read before he is joined, and a sum over
	-- accounts is one of its own.
	FOR part IN
		-- Citus does not see through the casts of ids that are written out
		SELECT v.oid::regclass AS view, replace(regexp_replace(d.definition, '\(([a-z]+\.[a-z_]+)\)::text', '\1', 'g'), ' LEFT JOIN apitoken.api_tokens k ON',
				' LEFT JOIN (SELECT n.id, n.name, n.status FROM apitoken.api_tokens n OFFSET 0) k ON') AS definition
			FROM pg_class v, pg_get_viewdef(v.oid) AS d (definition)
			WHERE v.relnamespace = 'apitoken_monitor'::regnamespace AND v.relkind = 'v' AND d.definition LIKE '% LEFT JOIN apitoken.api_tokens k ON%'
	LOOP
		EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier) AS %s', part.view, part.definition);
	END LOOP;
	CREATE OR REPLACE VIEW apitoken_monitor.token_states WITH (security_barrier) AS
		SELECT s.account_id::apitoken.resource_id AS account_id, s.active, s.disabled, s.deleted
			FROM (SELECT a.id, count(*) FILTER (WHERE t.status = 'Active'), count(*) FILTER (WHERE t.status = 'Disabled'),
						count(*) FILTER (WHERE t.status = 'Deleted')
					FROM apitoken.accounts a
					LEFT JOIN apitoken.api_tokens t ON t.account_id = a.id
					GROUP BY a.id
				UNION ALL
				SELECT NULL, count(*) FILTER (WHERE t.status = 'Active'), count(*) FILTER (WHERE t.status = 'Disabled'),
						count(*) FILTER (WHERE t.status = 'Deleted')
					FROM apitoken.api_tokens t) s (account_id, active, disabled, deleted);
	PERFORM apitoken.prepare_monitor();

	FOR part IN
		SELECT p.polname, c.oid::regclass AS relation
			FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
			WHERE c.relnamespace = 'apitoken'::regnamespace AND p.polname LIKE 'tenant%'
			ORDER BY p.polname
	LOOP
		EXECUTE format('DROP POLICY %I ON %s', part.polname, part.relation);
		IF part.polname = 'tenant' THEN
			EXECUTE format('CREATE POLICY refused ON %s USING (apitoken.refuse_rows())', part.relation);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.prepare_node(bigint) IS
	'Prepares this node of Citus for apitoken.distribute(), to number rows of the trail behind those that have such a number; a node that is prepared stays so.';
REVOKE ALL ON FUNCTION apitoken.prepare_node(bigint) FROM PUBLIC;

-- What a node that was added later has of the extension's script, and the others not any more.
CREATE FUNCTION apitoken.table_rules(OUT relation text, OUT kind text, OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT k.conrelid::regclass::text, k.contype::text, k.conname::text, pg_get_constraintdef(k.oid)
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE k.contype IN ('f', 'u') AND c.relnamespace = 'apitoken'::regnamespace AND c.relname !~ '_[0-9]+$'
	UNION ALL
	SELECT t.tgrelid::regclass::text, 't', t.tgname::text, pg_get_triggerdef(t.oid)
				|| CASE t.tgenabled WHEN 'A' THEN format('; ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tgrelid::regclass, t.tgname) ELSE '' END
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE NOT t.tgisinternal AND c.relnamespace = 'apitoken'::regnamespace AND c.relname !~ '_[0-9]+$'
$$;
COMMENT ON FUNCTION apitoken.table_rules() IS
	'Foreign keys, unique keys and triggers of the tables, by which nodes are compared for apitoken.distribute().';
REVOKE ALL ON FUNCTION apitoken.table_rules() FROM PUBLIC;

CREATE FUNCTION apitoken.align_node(wanted jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error
AS $$
DECLARE
	part record;
BEGIN
	PERFORM set_config('citus.enable_ddl_propagation', 'off', true), set_config('citus.enable_unsafe_triggers', 'on', true);
	FOR part IN
		SELECT format(CASE h.kind WHEN 't' THEN 'DROP TRIGGER %2$I ON %1$s' ELSE 'ALTER TABLE %1$s DROP CONSTRAINT %2$I' END, h.relation, h.name) AS command
			FROM apitoken.table_rules() h
			WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset(wanted) AS w (relation text, kind text, name text, definition text)
				WHERE (w.relation, w.kind, w.name, w.definition) = (h.relation, h.kind, h.name, h.definition))
			-- a foreign key goes before what it refers to
			ORDER BY h.kind
	LOOP
		EXECUTE part.command;
	END LOOP;
	FOR part IN
		SELECT CASE w.kind WHEN 't' THEN w.definition ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', w.relation, w.name, w.definition) END AS command
			FROM jsonb_to_recordset(wanted) AS w (relation text, kind text, name text, definition text)
			WHERE NOT EXISTS (SELECT FROM apitoken.table_rules() h WHERE (w.relation, w.kind, w.name, w.definition) = (h.relation, h.kind, h.name, h.definition))
			ORDER BY w.kind DESC
	LOOP
		EXECUTE part.command;
	END LOOP;
END
$$;
COMMENT ON FUNCTION apitoken.align_node(jsonb) IS
	'Gives a node that was added later the keys and triggers of the coordinator''s tables, for apitoken.distribute().';
REVOKE ALL ON FUNCTION apitoken.align_node(jsonb) FROM PUBLIC;

CREATE FUNCTION apitoken.distribute() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	behind bigint;
	shared CONSTANT text[] := '{actors,modules,sellers,users,user_accounts,revoked_digests,api_token_foreign_secrets,erasures,trail_prunings}';
	owned CONSTANT text[] := '{user_groups,buyers,buyer_errors,buyer_sellers,user_group_modules,user_group_users,user_group_buyers,
		api_tokens,api_token_credentials,api_token_secrets,api_token_modules,api_token_transitions}';
	keys text[];
	guards text[];
	told CONSTANT text := current_setting('client_min_messages');
	problem text;
	present integer;
	part text;
BEGIN
	IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
		RAISE EXCEPTION 'must be superuser to distribute the tables of the extension "apitoken"' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'citus') THEN
		RAISE EXCEPTION 'the extension "citus" is not in this database'
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Install Citus on each server, CREATE EXTENSION citus, and add the servers with citus_add_node().';
	END IF;
	IF (SELECT g.groupid FROM pg_dist_local_group g) <> 0 OR NOT EXISTS (SELECT FROM pg_dist_node n WHERE n.groupid = 0) THEN
		RAISE EXCEPTION 'this server is not the coordinator'
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call it on the coordinator, which citus_set_coordinator_host() has made one.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_dist_node n WHERE n.groupid <> 0 AND n.shouldhaveshards) THEN
		RAISE EXCEPTION 'there is no other server' USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add them with citus_add_node().';
	END IF;

	SELECT count(*) INTO present FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid WHERE c.relnamespace = 'apitoken'::regnamespace;
	IF present NOT IN (0, cardinality(shared || owned) + 1) THEN
		RAISE EXCEPTION 'some tables of the extension "apitoken" were distributed by hand'
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Restore a dump into a database in which none is.';
	END IF;

	-- the trail's numbers go on behind those that there are
	SELECT COALESCE(max(l.id) >> 15, 0) INTO behind FROM apitoken.api_token_transitions l;
	-- what others have made here would be lost, or not be fired
	SELECT string_agg(o.what, ', ' ORDER BY o.what) INTO problem
		FROM (
			SELECT format('foreign key %I of %s', k.conname, k.conrelid::regclass)
				FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid JOIN pg_class c ON c.oid = k.conrelid
				WHERE k.contype = 'f' AND r.relnamespace = 'apitoken'::regnamespace AND c.relnamespace <> 'apitoken'::regnamespace
			UNION ALL
			SELECT format('trigger %I on %s', t.tgname, t.tgrelid::regclass)
				FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
				WHERE c.relnamespace = 'apitoken'::regnamespace AND NOT t.tgisinternal AND p.pronamespace <> 'apitoken'::regnamespace
			UNION ALL
			SELECT format('policy %I on %s', p.polname, p.polrelid::regclass)
				FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
				WHERE c.relnamespace = 'apitoken'::regnamespace AND p.polname <> 'reference' AND p.polname NOT LIKE 'tenant%'
		) o (what)
		WHERE present = 0;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'tables of the extension "apitoken" have what cannot be distributed'
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It is: %s.', problem), HINT = 'DROP it.';
	END IF;

	keys := ARRAY(SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
		WHERE present = 0 AND k.contype = 'f' AND c.relnamespace = 'apitoken'::regnamespace
			-- what is on every node refers to nothing that is not
			AND (c.relname <> ALL (shared) OR r.relname = ANY (shared))
		ORDER BY k.oid);
	-- what keeps rows keeps them on shards, too, when the rows that were here are gone
	guards := ARRAY(SELECT g.command
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid,
			LATERAL (VALUES (pg_get_triggerdef(t.oid)),
				-- a shard knows no statement
				(format('CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION apitoken.keep_trail()', c.oid::regclass))) g (command)
		WHERE present = 0 AND c.relnamespace = 'apitoken'::regnamespace AND p.pronamespace = 'apitoken'::regnamespace
			AND p.proname = 'keep_trail'
		ORDER BY t.oid);
	IF present = 0 THEN
		-- what was there before is as it is: who adds something is told
		guards := guards || ARRAY[
			'CREATE TRIGGER require_actor BEFORE INSERT ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION apitoken.require_actor(''token'')',
			'CREATE TRIGGER require_actor BEFORE INSERT ON apitoken.users FOR EACH ROW EXECUTE FUNCTION apitoken.require_actor(''user'')',
			'CREATE TRIGGER refuse_added AFTER INSERT ON apitoken.api_tokens FOR EACH ROW
				WHEN (NEW.status = ''Active'' AND (NEW.held_at IS NOT NULL OR NEW.revoked_at IS NOT NULL))
				EXECUTE FUNCTION apitoken.refuse_by_hand()',
			'CREATE TRIGGER refuse_revoked_digest AFTER INSERT OR UPDATE OF digest ON apitoken.api_token_credentials
				FOR EACH ROW EXECUTE FUNCTION apitoken.refuse_revoked_digest()',
			'CREATE TRIGGER refuse_revoked_digest AFTER INSERT OR UPDATE OF digest ON apitoken.api_token_secrets
				FOR EACH ROW EXECUTE FUNCTION apitoken.refuse_revoked_digest()',
			'CREATE TRIGGER log_by_hand AFTER INSERT ON apitoken.api_tokens
				FOR EACH ROW EXECUTE FUNCTION apitoken.log_by_hand(''api_tokens'')',
			'CREATE TRIGGER log_changed_by_hand AFTER UPDATE ON apitoken.api_tokens
				FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION apitoken.log_by_hand(''api_tokens'')',
			'CREATE TRIGGER log_by_hand AFTER INSERT OR DELETE ON apitoken.api_token_modules
				FOR EACH ROW EXECUTE FUNCTION apitoken.log_by_hand(''api_token_modules'')',
			'CREATE TRIGGER log_changed_by_hand AFTER UPDATE ON apitoken.api_token_modules
				FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION apitoken.log_by_hand(''api_token_modules'')'];
		-- what is added from here on is stamped and numbered by the node that has it
		FOREACH part IN ARRAY '{api_token_transitions,trail_prunings}'::text[] LOOP
			guards := guards || ARRAY[
				format('CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE OR DELETE ON apitoken.%I FOR EACH ROW EXECUTE FUNCTION apitoken.stamp_row(''shard'')', part),
				format('ALTER TABLE apitoken.%I ENABLE ALWAYS TRIGGER stamp_row', part)];
		END LOOP;
		RAISE NOTICE 'given up: ids of user groups and buyers that are unique over accounts; what the database itself sees to beyond one row (by whom something is changed by hand, what a default group offers and withdraws, that there is one); row security for others than the owner'
			USING HINT = 'There is no way back but a dump.';
		-- those of a restore without triggers
		UPDATE apitoken.actors AS a SET account_id = t.account_id
			FROM apitoken.api_tokens AS t WHERE a.type = 'token' AND t.id = a.id AND a.account_id IS NULL;
		PERFORM apitoken.prepare_node(behind);
	END IF;
	-- Citus has not made it where it was made before Citus
	SELECT string_agg(r.result, ', ') INTO problem
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace,
			run_command_on_workers(format('DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = ''apitoken'') THEN
				SET LOCAL citus.enable_ddl_propagation = off; CREATE SCHEMA IF NOT EXISTS %1$I; CREATE EXTENSION apitoken SCHEMA %1$I VERSION %2$L; END IF; END $do$',
				n.nspname, e.extversion)) r
		WHERE e.extname = 'apitoken' AND NOT r.success;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'the extension "apitoken" cannot be made on a node' USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = problem;
	END IF;
	SELECT string_agg(format('%s:%s: %s', n.nodename, n.nodeport, r.result), ', ') INTO problem
		FROM run_command_on_workers(format('SELECT apitoken.prepare_node(%s)', behind)) r JOIN pg_dist_node n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
		WHERE NOT r.success;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'a node could not be prepared' USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = problem;
	END IF;
	IF present > 0 THEN
		SELECT string_agg(format('%s:%s: %s', n.nodename, n.nodeport, r.result), ', ') INTO problem
			FROM (SELECT jsonb_agg(to_jsonb(t)) AS wanted FROM apitoken.table_rules() t) w,
				run_command_on_workers(format('SELECT apitoken.align_node(%L)', w.wanted)) r JOIN pg_dist_node n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
			WHERE NOT r.success;
		IF problem IS NOT NULL THEN
			RAISE EXCEPTION 'a node could not be prepared' USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = problem;
		END IF;
		RAISE NOTICE 'the tables are distributed; every node is prepared';
		RETURN;
	END IF;

	PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true), set_config('citus.enable_unsafe_triggers', 'on', true),
		set_config('citus.enable_ddl_propagation', 'on', true);
	RAISE NOTICE 'distributing % tables', cardinality(shared || owned) + 1;
	-- what Citus says of each of them is said above, or is not for who calls this
	PERFORM set_config('client_min_messages', 'error', true);
	FOREACH part IN ARRAY shared LOOP
		PERFORM create_reference_table(format('apitoken.%I', part));
	END LOOP;
	PERFORM create_distributed_table('apitoken.accounts', 'id');
	FOREACH part IN ARRAY owned LOOP
		PERFORM create_distributed_table(format('apitoken.%I', part), 'account_id', colocate_with := 'apitoken.accounts');
	END LOOP;
	-- the rows are on the shards now
	FOREACH part IN ARRAY shared || owned || 'accounts'::text LOOP
		PERFORM truncate_local_data_after_distributing_table(format('apitoken.%I', part)::regclass);
	END LOOP;
	FOREACH part IN ARRAY keys || guards LOOP
		EXECUTE part;
	END LOOP;
	PERFORM set_config('client_min_messages', told, true);
	RAISE NOTICE 'the tables are distributed';
END
$$;
COMMENT ON FUNCTION apitoken.distribute() IS
	'Distributes the tables by account over the nodes of Citus, in one transaction; called again, it prepares nodes that were added since. For a superuser, on the coordinator. There is no way back but a dump.';
REVOKE ALL ON FUNCTION apitoken.distribute() FROM PUBLIC;

-- What others have made beside them before, under their names, would be called as well.
DO $$
DECLARE
	planted text;
BEGIN
	SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid::regprocedure::text) INTO planted
		FROM pg_extension e
		JOIN pg_proc p ON p.pronamespace = e.extnamespace
		WHERE e.extname = 'apitoken'
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
			AND p.proname IN (
				SELECT own.proname FROM pg_depend d JOIN pg_proc own ON own.oid = d.objid AND own.pronamespace = e.extnamespace
					WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
						AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e');
	IF planted IS NOT NULL THEN
		RAISE EXCEPTION 'functions that are not those of the extension "apitoken" have their names'
			USING ERRCODE = 'duplicate_function',
				DETAIL = format('They are: %s.', planted),
				HINT = 'Drop them, or name another schema.';
	END IF;
END
$$;

/*
 * Grants
 *
 * At the end, when everything is there.  Nothing was granted to anybody yet:
 * whoever has a right to it has it from ALTER DEFAULT PRIVILEGES.
 */
DO $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT DISTINCT o.kind, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee
			FROM pg_extension e
			JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
			JOIN (
				SELECT 'pg_namespace'::regclass, n.oid, 'SCHEMA', n.oid::regnamespace::text, n.nspacl, n.nspowner FROM pg_namespace n
				UNION ALL
				SELECT 'pg_class'::regclass, c.oid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, c.relacl, c.relowner
					FROM pg_class c
				UNION ALL
				SELECT 'pg_proc'::regclass, p.oid, 'FUNCTION', p.oid::regprocedure::text, p.proacl, p.proowner FROM pg_proc p
				UNION ALL
				SELECT 'pg_type'::regclass, t.oid, 'TYPE', t.oid::regtype::text, t.typacl, t.typowner FROM pg_type t
			) o (classid, oid, kind, name, acl, owner) ON o.classid = d.classid AND o.oid = d.objid
			CROSS JOIN LATERAL aclexplode(o.acl) a
			LEFT JOIN pg_roles r ON r.oid = a.grantee
			WHERE e.extname = 'apitoken' AND a.grantee <> o.owner
	LOOP
		EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', given.kind, given.name, given.grantee);
	END LOOP;
END
$$;

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
