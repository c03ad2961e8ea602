WITH changed AS (
	UPDATE apitoken.api_tokens t
		SET status = 'Disabled', updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
		WHERE t.id = :id AND t.status = 'Active'
		RETURNING t.*
), account AS MATERIALIZED (
	SELECT a.* FROM changed c JOIN apitoken.accounts a ON a.id = c.account_id
), groups AS MATERIALIZED (
	SELECT g.* FROM changed c JOIN apitoken.user_groups g ON g.account_id = c.account_id
), token_modules AS MATERIALIZED (
	SELECT m.*
		FROM changed c
		JOIN apitoken.api_token_modules l ON l.account_id = c.account_id AND l.api_token_id = c.id
		JOIN apitoken.modules m ON m.id = l.module_id
), actors AS MATERIALIZED (
	-- all who stand in an audit, once; the changed token may be among them
	SELECT e.type, e.id, CASE e.type
			WHEN 'user' THEN (SELECT bench.json_actor('/v1/accounts/users/', u.id, u.name, u.icon, u.created_at, u.created_by_id,
					u.updated_at, u.updated_by_id)
				FROM apitoken.users u WHERE u.id = e.id)
			ELSE (SELECT bench.json_actor('/v1/accounts/api-tokens/', t.id, t.name, t.icon, t.created_at, t.created_by_id,
					CASE t.id WHEN c.id THEN c.updated_at ELSE t.updated_at END, CASE t.id WHEN c.id THEN NULL ELSE t.updated_by_id END)
				FROM apitoken.api_tokens t WHERE t.id = e.id)
			END AS actor
		FROM changed c
		CROSS JOIN (
			SELECT c.created_by_type, c.created_by_id FROM changed c
			UNION
			SELECT a.created_by_type, a.created_by_id FROM account a
			UNION SELECT a.updated_by_type, a.updated_by_id FROM account a
			UNION
			SELECT g.created_by_type, g.created_by_id FROM groups g
			UNION SELECT g.updated_by_type, g.updated_by_id FROM groups g
			UNION
			SELECT m.created_by_type, m.created_by_id FROM token_modules m
			UNION SELECT m.updated_by_type, m.updated_by_id FROM token_modules m
		) e (type, id)
		WHERE e.type IS NOT NULL
), group_modules AS (
	-- each of them is built once, however many groups list it
	SELECT k.user_group_id, '[' || string_agg(k.leaf::text, ',' ORDER BY k.id) || ']' AS list
		FROM (
			SELECT unnest(o.owners) AS user_group_id, o.id, o.leaf
				FROM (
					SELECT m.id, array_agg(l.user_group_id::text) AS owners,
							bench.json_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default, m.paid,
								m.filters_group_buyers, m.settings_shared_account, m.settings_configurable, m.settings_default, m.settings_paid,
								m.settings_type, m.account_types, to_json('[Circular Reference]'::text)) AS leaf
						FROM changed c
						JOIN apitoken.user_group_modules l ON l.account_id = c.account_id
						JOIN apitoken.modules m ON m.id = l.module_id
						GROUP BY m.id
				) o
		) k
		GROUP BY k.user_group_id
), group_users AS (
	-- each of them is built once, however many groups list it
	SELECT k.user_group_id, '[' || string_agg(k.leaf::text, ',' ORDER BY k.id) || ']' AS list
		FROM (
			SELECT unnest(o.owners) AS user_group_id, o.id, o.leaf
				FROM (
					SELECT u.id, array_agg(l.user_group_id::text) AS owners,
							bench.json_user(u.id, u.status, u.name, u.first_name, u.last_name, u.email, u.phone_prefix,
								u.phone_number, u.icon, u.culture_code, u.language_code, u.last_login_at, u.current_account_id) AS leaf
						FROM changed c
						JOIN apitoken.user_group_users l ON l.account_id = c.account_id
						JOIN apitoken.users u ON u.id = l.user_id
						GROUP BY u.id
				) o
		) k
		GROUP BY k.user_group_id
), group_buyers AS (
	-- each of them is built once, however many groups list it
	SELECT k.user_group_id, '[' || string_agg(k.leaf::text, ',' ORDER BY k.id) || ']' AS list
		FROM (
			SELECT unnest(o.owners) AS user_group_id, o.id, o.leaf
				FROM (
					SELECT b.id, array_agg(l.user_group_id::text) AS owners,
							bench.json_buyer(b.id, b.status, b.name, b.icon, b.contact_id, b.erp_company_contact, b.erp_customer,
								b.account_external_id, bench.json_address(b.address_line1, b.address_line2, b.post_code, b.city, b.state, b.country),
								b.tax_id, (SELECT json_agg(json_build_object('id', e.id, 'message', e.message, 'parameters', e.parameters) ORDER BY e.ordinal)
									FROM apitoken.buyer_errors e WHERE e.account_id = b.account_id AND e.buyer_id = b.id)) AS leaf
						FROM changed c
						JOIN apitoken.user_group_buyers l ON l.account_id = c.account_id
						JOIN apitoken.buyers b ON b.id = l.buyer_id
						GROUP BY b.account_id, b.id
				) o
		) k
		GROUP BY k.user_group_id
), shown_account AS MATERIALIZED (
	SELECT bench.json_account(a.id, a.type, a.status, a.name, a.description, a.icon, a.external_id, a.external_name,
			a.pyra_tenant_id, a.service_level,
			bench.json_address(a.address_line1, a.address_line2, a.post_code, a.city, a.state, a.country),
			a.technical_support_email, a.website,
			bench.json_audit(a.created_at, (SELECT k.actor FROM actors k WHERE k.type = a.created_by_type AND k.id = a.created_by_id),
			a.updated_at, CASE WHEN (a.updated_by_type, a.updated_by_id) = (a.created_by_type, a.created_by_id) THEN to_json('[Circular Reference]'::text)
				ELSE (SELECT k.actor FROM actors k WHERE k.type = a.updated_by_type AND k.id = a.updated_by_id) END)) AS members
		FROM account a
), i AS MATERIALIZED (
	SELECT members::text AS members, left(members::text, -1)
		|| ',"groups":' || '["[Circular Reference]"]'
		|| '}' AS again
		FROM shown_account
)
SELECT (left(bench.json_token(c.id, c.status, c.name, c.description, c.icon,
		(SELECT k.last_access_at FROM apitoken.api_token_credentials k WHERE k.account_id = c.account_id AND k.api_token_id = c.id),
		bench.json_audit(c.created_at, (SELECT k.actor FROM actors k WHERE k.type = c.created_by_type AND k.id = c.created_by_id), c.updated_at, NULL))::text, -1)
		|| ',"account":' || left(i.members, -1)
		|| ',"groups":' || COALESCE((
		SELECT '[' || string_agg(left(bench.json_group(g.id, g.name, g.description, g.logo, g.is_default,
			bench.json_audit(g.created_at, (SELECT k.actor FROM actors k WHERE k.type = g.created_by_type AND k.id = g.created_by_id),
			g.updated_at, CASE WHEN (g.updated_by_type, g.updated_by_id) = (g.created_by_type, g.created_by_id) THEN to_json('[Circular Reference]'::text)
				ELSE (SELECT k.actor FROM actors k WHERE k.type = g.updated_by_type AND k.id = g.updated_by_id) END))::text, -1)
			|| ',"account":' || i.again
			|| ',"modules":' || COALESCE(gm.list, '[]')
			|| ',"users":' || COALESCE(gu.list, '[]')
			|| ',"buyers":' || COALESCE(gb.list, '[]')
			|| '}', ',' ORDER BY g.id) || ']'
			FROM groups g
			LEFT JOIN group_modules gm ON gm.user_group_id = g.id
			LEFT JOIN group_users gu ON gu.user_group_id = g.id
			LEFT JOIN group_buyers gb ON gb.user_group_id = g.id), '[]')
		|| '}'
		|| ',"modules":' || COALESCE((
		SELECT '[' || string_agg(bench.json_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default, m.paid,
				m.filters_group_buyers, m.settings_shared_account, m.settings_configurable, m.settings_default, m.settings_paid,
				m.settings_type, m.account_types,
				bench.json_audit(m.created_at, (SELECT k.actor FROM actors k WHERE k.type = m.created_by_type AND k.id = m.created_by_id),
				m.updated_at, CASE WHEN (m.updated_by_type, m.updated_by_id) = (m.created_by_type, m.created_by_id) THEN to_json('[Circular Reference]'::text)
					ELSE (SELECT k.actor FROM actors k WHERE k.type = m.updated_by_type AND k.id = m.updated_by_id) END))::text, ',' ORDER BY m.id) || ']'
			FROM token_modules m), '[]')
		|| '}')::json AS document
	FROM changed c, i
