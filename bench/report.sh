# shellcheck shell=bash
#
# From figures to tables and a plot.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Medians of one subject so far, and how many times the extension's each is.
show_ratios() {
	PGHOST=$(cluster_folder bench) sql -v part="$1" -v subject="$2" -v condition="$3" -f "$bench/sql/load_figures.sql" -f "$bench/sql/ratios.sql" <"$figures"
}

machine() {
	say "$(nproc) cores ($(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)), \
$(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo), $("$PG_CONFIG" --version)"
}

# The disabling alone: bars for each class of account, on a scale of powers.
plot() {
	sql -F $'\t' -f "$bench/sql/load_figures.sql" -f "$bench/sql/plot.sql" <"$figures" >"$work/plot.tsv" || return
	[ -s "$work/plot.tsv" ] || return 0
	gnuplot -e "data='$work/plot.tsv'; output='$results/$form.svg'" "$bench/plot.gnuplot"
}

write_results() {
	results=$bench/results
	mkdir -p "$results"
	cp "$figures" "$results/$form.tsv"
	{
		say "# make bench FORM=$form"
		say
		say "$(machine). $data"
		say
		sql -f "$bench/sql/load_figures.sql" -f "$bench/sql/report.sql" <"$figures"
	} >"$results/$form.md" || return
	plot
}
