SELECT subject, max(median) FILTER (WHERE contender = 'floor'), max(median) FILTER (WHERE contender = 'extension'),
		max(median) FILTER (WHERE contender = 'json'), max(median) FILTER (WHERE contender = 'text'),
		max(median) FILTER (WHERE contender = 'jsonb'), max(median) FILTER (WHERE contender = 'loops')
	FROM medians WHERE part = 'disable' AND condition = 'fsync off'
	GROUP BY subject ORDER BY array_position(ARRAY['small', 'medium', 'large'], subject);
