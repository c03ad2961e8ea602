SELECT format('%-12s %-16s %-26s %10s %-3s  extension / it: %s (%s to %s)', subject, contender, condition,
		round(median, 3), unit, round(ratio, 2), round(ratio_lowest, 2), round(ratio_highest, 2))
	FROM medians
	WHERE (part, subject, condition) = (:'part', :'subject', :'condition')
	ORDER BY median;
