CREATE TEMPORARY TABLE figures
	(part text, subject text, condition text, contender text, round integer, unit text, value numeric);
\copy figures FROM pstdin

-- Medians, and how a contender compares with the extension in the same round.
CREATE TEMPORARY VIEW medians AS
	SELECT f.part, f.subject, f.condition, f.contender, f.unit,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY f.value)::numeric AS median, min(f.value) AS lowest, max(f.value) AS highest,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY e.value / NULLIF(f.value, 0))::numeric AS ratio,
			min(e.value / NULLIF(f.value, 0)) AS ratio_lowest, max(e.value / NULLIF(f.value, 0)) AS ratio_highest
		FROM figures f
		LEFT JOIN figures e ON (e.part, e.subject, e.condition, e.round, e.unit) = (f.part, f.subject, f.condition, f.round, f.unit)
			AND e.contender = 'extension'
		GROUP BY f.part, f.subject, f.condition, f.contender, f.unit;
