SELECT jsonb_build_object(
		'data', COALESCE((
			SELECT jsonb_agg(p.token ORDER BY p.place)
				FROM (
					SELECT row_number() OVER (ORDER BY @order@) AS place, jsonb_strip_nulls(jsonb_build_object(
							'id', t.id, '$meta', '{"omitted": ["audit"]}'::jsonb, 'href', '/v1/accounts/api-tokens/' || t.id,
							'status', t.status, 'name', t.name, 'description', t.description, 'icon', t.icon,
							'lastAccessAt', bench.instant(c.last_access_at), 'token', 'idt:' || t.id || ':****',
							'account', jsonb_build_object('id', a.id, 'type', a.type, 'status', a.status, 'name', a.name, 'icon', a.icon,
								'$meta', '{"omitted": ["address", "audit", "description", "externalId", "externalIds", "externalName",
									"groups", "href", "serviceLevel", "technicalSupportEmail", "website"]}'::jsonb),
							'modules', COALESCE((
								SELECT jsonb_agg(bench.jsonb_module(m.id, m.name, m.description, m.is_configurable, m.is_enabled_by_default,
										m.paid, m.filters_group_buyers, m.settings_shared_account, m.settings_configurable, m.settings_default,
										m.settings_paid, m.settings_type, m.account_types, NULL) || '{"$meta": {"omitted": ["audit"]}}' ORDER BY m.id)
									FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id
									WHERE l.account_id = t.account_id AND l.api_token_id = t.id), '[]'))) AS token
						FROM (SELECT * FROM apitoken.api_tokens t WHERE @filter@ ORDER BY @order@ LIMIT @limit@ OFFSET @offset@) t
						JOIN apitoken.accounts a ON a.id = t.account_id
						JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
				) p), '[]'),
		'$meta', jsonb_build_object('omitted', '[]'::jsonb, 'pagination', jsonb_build_object('offset', @offset@, 'limit', @limit@,
			'total', (SELECT count(*) FROM apitoken.api_tokens t WHERE @filter@)))) AS document
