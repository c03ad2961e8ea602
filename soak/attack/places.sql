/*
 * A secret where something else belongs, in somebody's name: every call of it
 * fails.  given is an expression that has it.
 */
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT api.apitoken_authenticate(secret) ->> 'id' FROM secrets WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_get(:given);
SELECT api.apitoken_disable(:given);
SELECT api.apitoken_enable(:given);
SELECT api.apitoken_delete(:given);
SELECT api.apitoken_update(:given, '{"name": "New"}');
SELECT api.apitoken_disable_all(:given);
SELECT api.apitoken_get('/v1/accounts/api-tokens/' || :given || '/disable');
SELECT api.apitoken_get(upper(left(:given, 3)) || substr(:given, 4));
SELECT api.apitoken_get(replace(:given, ':', '%3A'));
SELECT api.apitoken_get(replace(:given, ':', '%253a'));
SELECT api.apitoken_get(split_part(:given, ':', 3));
SELECT api.apitoken_get(repeat('x', 970) || :given);
SELECT api.apitoken_get(left(:given, -3));
SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object('id', :given), 'name', 'New'));
SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object(:given, 1), 'name', 'New'));
SELECT api.apitoken_create(jsonb_build_object(:given, 1));
SELECT api.apitoken_create(jsonb_build_array(:given));
SELECT api.apitoken_create(to_jsonb(:given::text));
SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', :given));
SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'New', 'description', :given || E'\x01'));
SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'New', 'icon', :given));
SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'New', 'modules', jsonb_build_array(jsonb_build_object('id', :given))));
SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'New', 'modules', jsonb_build_array(:given)));
SELECT api.apitoken_update('TKN-3001-1002', jsonb_build_object(:given, 1));
SELECT api.apitoken_update('TKN-3001-1002', jsonb_build_object('icon', :given));
SELECT api.apitoken_update('TKN-3001-1002', jsonb_build_object('modules', jsonb_build_array(jsonb_build_object(:given, 1))));
SELECT api.apitoken_get('TKN-3001-1002', :given);
SELECT api.apitoken_get('TKN-3001-1002', '-account.' || :given);
SELECT api.apitoken_get('TKN-3001-1002', '+name.' || :given);
SELECT api.apitoken_get('TKN-3001-1002', '+id,' || :given || ',' || :given);
SELECT api.apitoken_get('TKN-3001-1002', replace(:given, ':', '%3A'));
SELECT api.apitoken_list(:given);
SELECT api.apitoken_list(:given || '=x');
SELECT api.apitoken_list('limit=' || :given);
SELECT api.apitoken_list('order=' || :given);
SELECT api.apitoken_list('select=' || :given);
SELECT api.apitoken_list('eq(' || :given || ',x)');
SELECT api.apitoken_list('eq(id,' || :given);
SELECT api.apitoken_list('gt(lastAccessAt,' || :given || ')');
SELECT api.apitoken_list('like(token,' || :given || ')');
SELECT api.apitoken_list('any(' || :given || ',eq(id,x))');
SELECT api.apitoken_authenticate(:given || 'x');
SELECT api.apitoken_authenticate('Bearer ' || :given);
SELECT api.apitoken_pre_request() FROM set_config('request.headers', jsonb_build_object('x-apitoken-secret', :given || 'x')::text, true);
SELECT api.apitoken_pre_request() FROM set_config('request.headers', jsonb_build_array(:given)::text || '}', true);
ROLLBACK;
BEGIN READ ONLY;
SELECT api.apitoken_authenticate(secret) ->> 'id' FROM secrets WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_disable('TKN-3001-1002') WHERE :given IS NOT NULL;
ROLLBACK;
-- in nobody's name
SELECT api.apitoken_get(:given);
SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object('id', :given), 'name', 'New'));
SELECT api.apitoken_pre_request() FROM set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || :given)::text, false);
SELECT api.apitoken_pre_request() FROM set_config('request.jwt.claims', jsonb_build_object('sub', :given)::text, false);
