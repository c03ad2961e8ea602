# shellcheck shell=bash
#
# From figures to tables and a plot.

# shellcheck disable=SC2034,SC2154 # scripts/bench and what it sources share their variables

# Medians of one subject so far, and how many times the last contender's each is.
show_ratios() {
	sql -F '  ' -v part="$1" -v subject="$2" -v condition="$3" -c "CREATE TEMPORARY TABLE figures
			(part text, subject text, condition text, contender text, round integer, unit text, value numeric)" \
		-c "\\copy figures FROM '$figures'" -f "$bench/sql/ratios.sql"
}
