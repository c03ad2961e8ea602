WITH changed AS (
	UPDATE apitoken.api_tokens t
		SET status = 'Disabled', updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
		WHERE t.id = :id AND t.status = 'Active'
		RETURNING t.*
), account AS MATERIALIZED (
	SELECT a.id, bench.jsonb_account(a.id, a.type, a.status, a.name, a.description, a.icon, a.external_id, a.external_name,
			a.pyra_tenant_id, a.service_level,
			bench.jsonb_address(a.address_line1, a.address_line2, a.post_code, a.city, a.state, a.country),
			a.technical_support_email, a.website,
			bench.jsonb_audit(a.created_at, CASE a.created_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = a.created_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = a.created_by_id)
				END,
			a.updated_at, CASE WHEN (a.updated_by_type, a.updated_by_id) = (a.created_by_type, a.created_by_id)
				THEN to_jsonb('[Circular Reference]'::text) ELSE CASE a.updated_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = a.updated_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = a.updated_by_id)
				END END)) AS members
		FROM changed c JOIN apitoken.accounts a ON a.id = c.account_id
), account_again AS MATERIALIZED (
	SELECT account.members
		|| jsonb_build_object('groups', '["[Circular Reference]"]'::jsonb) AS members FROM account
)
SELECT (bench.jsonb_token(c.id, c.status, c.name, c.description, c.icon,
		(SELECT k.last_access_at FROM apitoken.api_token_credentials k WHERE k.account_id = c.account_id AND k.api_token_id = c.id),
		bench.jsonb_audit(c.created_at, CASE c.created_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = c.created_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = c.created_by_id)
				END, c.updated_at, NULL))
		|| jsonb_build_object('account', (account.members
		|| jsonb_build_object('groups', COALESCE((
				SELECT jsonb_agg(bench.jsonb_group(g.id, g.name, g.description, g.logo, g.is_default,
			bench.jsonb_audit(g.created_at, CASE g.created_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = g.created_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = g.created_by_id)
				END,
			g.updated_at, CASE WHEN (g.updated_by_type, g.updated_by_id) = (g.created_by_type, g.created_by_id)
				THEN to_jsonb('[Circular Reference]'::text) ELSE CASE g.updated_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = g.updated_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = g.updated_by_id)
				END END))
		|| jsonb_build_object('account', again.members, 'modules', COALESCE((
				SELECT jsonb_agg(bench.jsonb_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default, m.paid, m.filters_group_buyers,
				m.settings_shared_account, m.settings_configurable, m.settings_default, m.settings_paid, m.settings_type, m.account_types, to_jsonb('[Circular Reference]'::text)) ORDER BY m.id)
				FROM apitoken.user_group_modules l JOIN apitoken.modules m ON m.id = l.module_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id), '[]'), 'users', COALESCE((
				SELECT jsonb_agg(bench.jsonb_user(u.id, u.status, u.name, u.first_name, u.last_name, u.email, u.phone_prefix, u.phone_number,
					u.icon, u.culture_code, u.language_code, u.last_login_at, u.current_account_id) ORDER BY u.id)
				FROM apitoken.user_group_users l JOIN apitoken.users u ON u.id = l.user_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id), '[]'), 'buyers', COALESCE((
				SELECT jsonb_agg(bench.jsonb_buyer(b.id, b.status, b.name, b.icon, b.contact_id, b.erp_company_contact, b.erp_customer,
					b.account_external_id, bench.jsonb_address(b.address_line1, b.address_line2, b.post_code, b.city, b.state, b.country),
					b.tax_id, (SELECT jsonb_agg(jsonb_build_object('id', e.id, 'message', e.message, 'parameters', e.parameters) ORDER BY e.ordinal)
					FROM apitoken.buyer_errors e WHERE e.account_id = b.account_id AND e.buyer_id = b.id)) ORDER BY b.id)
				FROM apitoken.user_group_buyers l JOIN apitoken.buyers b ON b.account_id = l.account_id AND b.id = l.buyer_id
				WHERE l.account_id = g.account_id AND l.user_group_id = g.id), '[]')) ORDER BY g.id)
				FROM apitoken.user_groups g WHERE g.account_id = c.account_id), '[]'))), 'modules', COALESCE((
				SELECT jsonb_agg(bench.jsonb_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default, m.paid, m.filters_group_buyers,
				m.settings_shared_account, m.settings_configurable, m.settings_default, m.settings_paid, m.settings_type, m.account_types,
			bench.jsonb_audit(m.created_at, CASE m.created_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = m.created_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = m.created_by_id)
				END,
			m.updated_at, CASE WHEN (m.updated_by_type, m.updated_by_id) = (m.created_by_type, m.created_by_id)
				THEN to_jsonb('[Circular Reference]'::text) ELSE CASE m.updated_by_type
				WHEN 'user' THEN (SELECT bench.jsonb_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id, u.updated_at, u.updated_by_id)
					FROM apitoken.users u WHERE u.id = m.updated_by_id)
				WHEN 'token' THEN (SELECT bench.jsonb_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
					FROM apitoken.api_tokens t WHERE t.id = m.updated_by_id)
				END END)) ORDER BY m.id)
				FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id
				WHERE l.account_id = c.account_id AND l.api_token_id = c.id), '[]'))) AS document
	FROM changed c, account, account_again again
