/*
 * The document as most people would write it in PL/pgSQL: loops that ask for
 * what belongs to what they are at, and add it to what they have.
 */
SET search_path = pg_catalog, pg_temp;

CREATE FUNCTION bench.loop_actor(of_type text, of_id text) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF of_type = 'user' THEN
		RETURN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id,
				u.updated_at, u.updated_by_id) FROM apitoken.users u WHERE u.id = of_id);
	ELSIF of_type = 'token' THEN
		RETURN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
				t.updated_at, t.updated_by_id) FROM apitoken.api_tokens t WHERE t.id = of_id);
	END IF;
	RETURN NULL;
END
$$;

CREATE FUNCTION bench.loop_audit(created_at timestamptz, created_by_type text, created_by_id text,
	updated_at timestamptz, updated_by_type text, updated_by_id text) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	updated_by jsonb;
BEGIN
	IF (updated_by_type, updated_by_id) = (created_by_type, created_by_id) THEN
		updated_by := to_jsonb('[Circular Reference]'::text);
	ELSE
		updated_by := bench.loop_actor(updated_by_type, updated_by_id);
	END IF;
	RETURN bench.jsonb_audit(created_at, bench.loop_actor(created_by_type, created_by_id), updated_at, updated_by);
END
$$;

CREATE FUNCTION bench.loop_account(a apitoken.accounts, groups jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN bench.jsonb_account(a.id, a.type, a.status, a.name, a.description, a.icon, a.external_id, a.external_name, a.pyra_tenant_id,
			a.service_level, bench.jsonb_address(a.address_line1, a.address_line2, a.post_code, a.city, a.state, a.country),
			a.technical_support_email, a.website, bench.loop_audit(a.created_at, a.created_by_type, a.created_by_id,
				a.updated_at, a.updated_by_type, a.updated_by_id)) || jsonb_build_object('groups', groups);
END
$$;

CREATE FUNCTION bench.loop_module(m apitoken.modules, audit jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN bench.jsonb_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default, m.paid, m.filters_group_buyers,
		m.settings_shared_account, m.settings_configurable, m.settings_default, m.settings_paid, m.settings_type, m.account_types, audit);
END
$$;

CREATE FUNCTION bench.disable_in_loops(token_id text) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	t apitoken.api_tokens;
	a apitoken.accounts;
	g apitoken.user_groups;
	m apitoken.modules;
	u apitoken.users;
	b apitoken.buyers;
	e apitoken.buyer_errors;
	last_access timestamptz;
	marker jsonb := to_jsonb('[Circular Reference]'::text);
	groups jsonb := '[]';
	modules jsonb;
	users jsonb;
	buyers jsonb;
	errors jsonb;
BEGIN
	UPDATE apitoken.api_tokens
		SET status = 'Disabled', updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
		WHERE id = token_id AND status = 'Active'
		RETURNING * INTO t;
	SELECT * INTO a FROM apitoken.accounts WHERE id = t.account_id;
	SELECT last_access_at INTO last_access FROM apitoken.api_token_credentials WHERE account_id = t.account_id AND api_token_id = t.id;

	FOR g IN SELECT * FROM apitoken.user_groups WHERE account_id = a.id ORDER BY id LOOP
		modules := '[]';
		FOR m IN
			SELECT x.* FROM apitoken.user_group_modules l JOIN apitoken.modules x ON x.id = l.module_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id ORDER BY x.id
		LOOP
			modules := modules || bench.loop_module(m, marker);
		END LOOP;

		users := '[]';
		FOR u IN
			SELECT x.* FROM apitoken.user_group_users l JOIN apitoken.users x ON x.id = l.user_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id ORDER BY x.id
		LOOP
			users := users || bench.jsonb_user(u.id, u.status, u.name, u.first_name, u.last_name, u.email, u.phone_prefix, u.phone_number,
				u.icon, u.culture_code, u.language_code, u.last_login_at, u.current_account_id);
		END LOOP;

		buyers := '[]';
		FOR b IN
			SELECT x.* FROM apitoken.user_group_buyers l
				JOIN apitoken.buyers x ON x.account_id = l.account_id AND x.id = l.buyer_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id ORDER BY x.id
		LOOP
			errors := '[]';
			FOR e IN
				SELECT * FROM apitoken.buyer_errors
					WHERE account_id = b.account_id AND buyer_id = b.id ORDER BY ordinal
			LOOP
				errors := errors || jsonb_build_object('id', e.id, 'message', e.message, 'parameters', e.parameters);
			END LOOP;
			buyers := buyers || bench.jsonb_buyer(b.id, b.status, b.name, b.icon, b.contact_id, b.erp_company_contact, b.erp_customer,
				b.account_external_id, bench.jsonb_address(b.address_line1, b.address_line2, b.post_code, b.city, b.state, b.country),
				b.tax_id, errors);
		END LOOP;

		groups := groups || (bench.jsonb_group(g.id, g.name, g.description, g.logo, g.is_default,
				bench.loop_audit(g.created_at, g.created_by_type, g.created_by_id, g.updated_at, g.updated_by_type, g.updated_by_id))
			|| jsonb_build_object('account', bench.loop_account(a, '["[Circular Reference]"]'),
				'modules', modules, 'users', users, 'buyers', buyers));
	END LOOP;

	modules := '[]';
	FOR m IN
		SELECT x.* FROM apitoken.api_token_modules l JOIN apitoken.modules x ON x.id = l.module_id
			WHERE l.account_id = t.account_id AND l.api_token_id = t.id ORDER BY x.id
	LOOP
		modules := modules || bench.loop_module(m, bench.loop_audit(m.created_at, m.created_by_type, m.created_by_id,
			m.updated_at, m.updated_by_type, m.updated_by_id));
	END LOOP;

	RETURN bench.jsonb_token(t.id, t.status, t.name, t.description, t.icon, last_access,
			bench.loop_audit(t.created_at, t.created_by_type, t.created_by_id, t.updated_at, t.updated_by_type, t.updated_by_id))
		|| jsonb_build_object('account', bench.loop_account(a, groups), 'modules', modules);
END
$$;
