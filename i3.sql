SELECT set_config('apitoken.'||n, repeat('x',3000000), false) IS NULL FROM unnest('{max_list_items}'::text[]) n;
