SELECT format('%-8s %-10s %-10s %10s ms   extension is %s of it (%s to %s)', :'subject', :'condition', f.contender,
		round(percentile_cont(0.5) WITHIN GROUP (ORDER BY f.value)::numeric, 3),
		round(percentile_cont(0.5) WITHIN GROUP (ORDER BY e.value / f.value)::numeric, 2),
		round(min(e.value / f.value), 2), round(max(e.value / f.value), 2))
	FROM figures f
	JOIN figures e ON (e.part, e.subject, e.condition, e.round, e.contender) = (f.part, f.subject, f.condition, f.round, 'extension')
	WHERE (f.part, f.subject, f.condition) = (:'part', :'subject', :'condition')
	GROUP BY f.contender
	ORDER BY percentile_cont(0.5) WITHIN GROUP (ORDER BY f.value);
