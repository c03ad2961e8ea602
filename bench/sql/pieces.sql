/*
 * Pieces of the documented answer that statements in SQL have in common.  Each
 * is one expression, which the planner puts in the place of the call: they are
 * there for the reader and cost nothing at run time.
 */
SET search_path = pg_catalog, pg_temp;

CREATE FUNCTION bench.instant(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Adds members, as text, to an object that has some.
CREATE FUNCTION bench.json_merge(object json, members text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT (left(object::text, -1) || ',' || members || '}')::json
$$;

CREATE FUNCTION bench.jsonb_actor(collection text, id text, name text, icon text, created_at timestamptz, created_by text,
	updated_at timestamptz, updated_by text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, '$meta', '{"omitted": []}'::jsonb, 'href', collection || id, 'name', name, 'icon', icon,
		'audit', jsonb_build_object(
			'created', jsonb_build_object('at', bench.instant(created_at), 'by', CASE WHEN created_by IS NOT NULL THEN '[Circular Reference]' END),
			'updated', CASE WHEN updated_at IS NOT NULL THEN jsonb_build_object('at', bench.instant(updated_at),
				'by', CASE WHEN updated_by IS NOT NULL THEN '[Circular Reference]' END) END)))
$$;

CREATE FUNCTION bench.jsonb_audit(created_at timestamptz, created_by jsonb, updated_at timestamptz, updated_by jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'created', jsonb_build_object('at', bench.instant(created_at), 'by', created_by),
		'updated', CASE WHEN updated_at IS NOT NULL THEN jsonb_build_object('at', bench.instant(updated_at), 'by', updated_by) END))
$$;

CREATE FUNCTION bench.jsonb_address(line1 text, line2 text, post_code text, city text, state text, country text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT CASE WHEN COALESCE(line1, line2, post_code, city, state, country) IS NOT NULL THEN jsonb_build_object('addressLine1', line1,
		'addressLine2', line2, 'postCode', post_code, 'city', city, 'state', state, 'country', country) END
$$;

CREATE FUNCTION bench.jsonb_account(id text, type text, status text, name text, description text, icon text, external_id text,
	external_name text, pyra_tenant_id uuid, service_level text, address jsonb, technical_support_email text, website text, audit jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/accounts/' || id,
		'externalIds', CASE WHEN pyra_tenant_id IS NOT NULL THEN jsonb_build_object('pyraTenantId', pyra_tenant_id) END,
		'externalId', external_id, 'externalName', external_name, 'type', type, 'status', status, 'serviceLevel', service_level,
		'address', address, 'icon', icon, 'technicalSupportEmail', technical_support_email, 'website', website,
		'description', description, 'name', name))
$$;

CREATE FUNCTION bench.jsonb_token(id text, status text, name text, description text, icon text, last_access_at timestamptz, audit jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/api-tokens/' || id, 'status', status, 'name', name,
		'description', description, 'icon', icon, 'lastAccessAt', bench.instant(last_access_at), 'token', 'idt:' || id || ':****'))
$$;

CREATE FUNCTION bench.jsonb_group(id text, name text, description text, logo text, is_default boolean, audit jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/user-groups/' || id, 'name', name,
		'description', description, 'logo', logo, 'isDefault', is_default))
$$;

CREATE FUNCTION bench.jsonb_module(id text, name text, description text, is_configurable boolean, is_enabled_by_default boolean,
	paid boolean, filters_group_buyers text[], settings_shared_account boolean, settings_configurable boolean, settings_default boolean,
	settings_paid boolean, settings_type text[], account_types text[], audit jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/modules/' || id, 'description', description,
		'isConfigurable', is_configurable, 'isEnabledByDefault', is_enabled_by_default, 'paid', paid, 'name', name,
		'filters', CASE WHEN filters_group_buyers IS NOT NULL THEN jsonb_build_object('group.buyers', filters_group_buyers) END,
		'settings', CASE WHEN COALESCE(settings_shared_account, settings_configurable, settings_default, settings_paid) IS NOT NULL
				OR settings_type IS NOT NULL
			THEN jsonb_build_object('sharedAccount', settings_shared_account, 'configurable', settings_configurable,
				'default', settings_default, 'paid', settings_paid, 'type', settings_type) END,
		'accountTypes', account_types))
$$;

CREATE FUNCTION bench.jsonb_user(id text, status text, name text, first_name text, last_name text, email text, phone_prefix text,
	phone_number text, icon text, culture_code text, language_code text, last_login_at timestamptz, current_account_id text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', '[Circular Reference]', '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/users/' || id, 'email', email, 'status', status,
		'phone', CASE WHEN COALESCE(phone_prefix, phone_number) IS NOT NULL
			THEN jsonb_build_object('prefix', phone_prefix, 'number', phone_number) END,
		'firstName', first_name, 'lastName', last_name, 'icon', icon, 'lastLoginAt', bench.instant(last_login_at),
		'settings', CASE WHEN COALESCE(culture_code, language_code) IS NOT NULL
			THEN jsonb_build_object('cultureCode', culture_code, 'languageCode', language_code) END,
		'name', name, 'currentAccount', CASE WHEN current_account_id IS NOT NULL THEN '[Circular Reference]' END, 'accounts', '[Circular Reference]'))
$$;

CREATE FUNCTION bench.jsonb_plain_buyer(id text, status text, name text, icon text, contact_id text, erp_company_contact text,
	erp_customer text, account_external_id text, address jsonb, tax_id text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'id', id, 'audit', '[Circular Reference]', '$meta', '{"omitted": []}'::jsonb, 'href', '/v1/accounts/buyers/' || id,
		'contact', CASE WHEN contact_id IS NOT NULL THEN '[Circular Reference]' END,
		'externalIds', CASE WHEN COALESCE(erp_company_contact, erp_customer, account_external_id) IS NOT NULL
			THEN jsonb_build_object('erpCompanyContact', erp_company_contact, 'erpCustomer', erp_customer,
				'accountExternalId', account_external_id) END,
		'status', status, 'icon', icon, 'address', address, 'taxId', tax_id, 'account', '[Circular Reference]', 'name', name, 'sellers', '[Circular Reference]'))
$$;

-- Null parameters of an error stay, so nulls go before errors come.
CREATE FUNCTION bench.jsonb_buyer(id text, status text, name text, icon text, contact_id text, erp_company_contact text,
	erp_customer text, account_external_id text, address jsonb, tax_id text, errors jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT bench.jsonb_plain_buyer(id, status, name, icon, contact_id, erp_company_contact, erp_customer, account_external_id, address, tax_id)
		|| jsonb_build_object('errors', COALESCE(errors, '[]'))
$$;

CREATE FUNCTION bench.json_actor(collection text, id text, name text, icon text, created_at timestamptz, created_by text,
	updated_at timestamptz, updated_by text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, '$meta', '{"omitted": []}'::json, 'href', collection || id, 'name', name, 'icon', icon,
		'audit', json_build_object(
			'created', json_build_object('at', bench.instant(created_at), 'by', CASE WHEN created_by IS NOT NULL THEN '[Circular Reference]' END),
			'updated', CASE WHEN updated_at IS NOT NULL THEN json_build_object('at', bench.instant(updated_at),
				'by', CASE WHEN updated_by IS NOT NULL THEN '[Circular Reference]' END) END)))
$$;

CREATE FUNCTION bench.json_audit(created_at timestamptz, created_by json, updated_at timestamptz, updated_by json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'created', json_build_object('at', bench.instant(created_at), 'by', created_by),
		'updated', CASE WHEN updated_at IS NOT NULL THEN json_build_object('at', bench.instant(updated_at), 'by', updated_by) END))
$$;

CREATE FUNCTION bench.json_address(line1 text, line2 text, post_code text, city text, state text, country text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT CASE WHEN COALESCE(line1, line2, post_code, city, state, country) IS NOT NULL THEN json_build_object('addressLine1', line1,
		'addressLine2', line2, 'postCode', post_code, 'city', city, 'state', state, 'country', country) END
$$;

CREATE FUNCTION bench.json_account(id text, type text, status text, name text, description text, icon text, external_id text,
	external_name text, pyra_tenant_id uuid, service_level text, address json, technical_support_email text, website text, audit json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/accounts/' || id,
		'externalIds', CASE WHEN pyra_tenant_id IS NOT NULL THEN json_build_object('pyraTenantId', pyra_tenant_id) END,
		'externalId', external_id, 'externalName', external_name, 'type', type, 'status', status, 'serviceLevel', service_level,
		'address', address, 'icon', icon, 'technicalSupportEmail', technical_support_email, 'website', website,
		'description', description, 'name', name))
$$;

CREATE FUNCTION bench.json_token(id text, status text, name text, description text, icon text, last_access_at timestamptz, audit json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/api-tokens/' || id, 'status', status, 'name', name,
		'description', description, 'icon', icon, 'lastAccessAt', bench.instant(last_access_at), 'token', 'idt:' || id || ':****'))
$$;

CREATE FUNCTION bench.json_group(id text, name text, description text, logo text, is_default boolean, audit json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/user-groups/' || id, 'name', name,
		'description', description, 'logo', logo, 'isDefault', is_default))
$$;

CREATE FUNCTION bench.json_module(id text, name text, description text, is_configurable boolean, is_enabled_by_default boolean,
	paid boolean, filters_group_buyers text[], settings_shared_account boolean, settings_configurable boolean, settings_default boolean,
	settings_paid boolean, settings_type text[], account_types text[], audit json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', audit, '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/modules/' || id, 'description', description,
		'isConfigurable', is_configurable, 'isEnabledByDefault', is_enabled_by_default, 'paid', paid, 'name', name,
		'filters', CASE WHEN filters_group_buyers IS NOT NULL THEN json_build_object('group.buyers', filters_group_buyers) END,
		'settings', CASE WHEN COALESCE(settings_shared_account, settings_configurable, settings_default, settings_paid) IS NOT NULL
				OR settings_type IS NOT NULL
			THEN json_build_object('sharedAccount', settings_shared_account, 'configurable', settings_configurable,
				'default', settings_default, 'paid', settings_paid, 'type', settings_type) END,
		'accountTypes', account_types))
$$;

CREATE FUNCTION bench.json_user(id text, status text, name text, first_name text, last_name text, email text, phone_prefix text,
	phone_number text, icon text, culture_code text, language_code text, last_login_at timestamptz, current_account_id text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', '[Circular Reference]', '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/users/' || id, 'email', email, 'status', status,
		'phone', CASE WHEN COALESCE(phone_prefix, phone_number) IS NOT NULL
			THEN json_build_object('prefix', phone_prefix, 'number', phone_number) END,
		'firstName', first_name, 'lastName', last_name, 'icon', icon, 'lastLoginAt', bench.instant(last_login_at),
		'settings', CASE WHEN COALESCE(culture_code, language_code) IS NOT NULL
			THEN json_build_object('cultureCode', culture_code, 'languageCode', language_code) END,
		'name', name, 'currentAccount', CASE WHEN current_account_id IS NOT NULL THEN '[Circular Reference]' END, 'accounts', '[Circular Reference]'))
$$;

CREATE FUNCTION bench.json_plain_buyer(id text, status text, name text, icon text, contact_id text, erp_company_contact text,
	erp_customer text, account_external_id text, address json, tax_id text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_strip_nulls(json_build_object(
		'id', id, 'audit', '[Circular Reference]', '$meta', '{"omitted": []}'::json, 'href', '/v1/accounts/buyers/' || id,
		'contact', CASE WHEN contact_id IS NOT NULL THEN '[Circular Reference]' END,
		'externalIds', CASE WHEN COALESCE(erp_company_contact, erp_customer, account_external_id) IS NOT NULL
			THEN json_build_object('erpCompanyContact', erp_company_contact, 'erpCustomer', erp_customer,
				'accountExternalId', account_external_id) END,
		'status', status, 'icon', icon, 'address', address, 'taxId', tax_id, 'account', '[Circular Reference]', 'name', name, 'sellers', '[Circular Reference]'))
$$;

-- Null parameters of an error stay, so nulls go before errors come.
CREATE FUNCTION bench.json_buyer(id text, status text, name text, icon text, contact_id text, erp_company_contact text,
	erp_customer text, account_external_id text, address json, tax_id text, errors json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT bench.json_merge(bench.json_plain_buyer(id, status, name, icon, contact_id, erp_company_contact, erp_customer, account_external_id, address, tax_id),
		'"errors":' || COALESCE(errors::text, '[]'))
$$;

