# shellcheck shell=bash
#
# Lists of tokens: apitoken_list beside the same page written by hand in SQL,
# for the usual filters.  What is written by hand is prepared once; a query in
# RQL is compiled and planned at each call.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

list_statement() {
	local text

	text=$(cat "$bench/lists/statement.sql")
	text=${text//@filter@/$1}
	text=${text//@order@/$2}
	text=${text//@offset@/$4}
	say "${text//@limit@/$3}"
}

measure_list() {
	local name=$1 contender=$2 round=$3 statement=$4

	say "$statement;" >"$work/list.sql"
	run_pgbench -c 1 "${turn[@]}" -r -f "$work/list.sql" || return
	record lists "$name" "fsync off" "$contender" "$round" ms "$(command_latency 1)"
}

bench_lists() {
	local name query filter order limit offset statement round

	# other parts have changed rows, of which an index alone would not know
	quietly sql -c "VACUUM (ANALYZE) apitoken.api_tokens" || die "the tokens could not be vacuumed"
	while IFS=$'\t' read -r name query filter order limit offset; do
		# deep: far behind
		query=${query//@deep@/$((total * 9))}
		offset=${offset//@deep@/$((total * 9))}
		statement=$(list_statement "$filter" "$order" "$limit" "${offset:-0}")
		[ "$(sql -c "SELECT document = api.apitoken_list('$query') FROM ($statement) AS hand")" = t ]
		check $? "list $name: the same answer"
		for round in $(seq "$rounds"); do
			measure_list "$name" sql "$round" "$statement"
			check $? "list $name by hand"
			measure_list "$name" extension "$round" "SELECT api.apitoken_list('$query')"
			check $? "list $name"
		done
		show_ratios lists "$name" "fsync off"
	done <"$bench/lists/queries.tsv"
}
