# shellcheck shell=bash
#
# Instructions of disabling a small token, which repeat where time does not:
# counted by valgrind in a single-user backend, so the server stops for it.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Disables COUNT tokens, each of another account, from account FIRST on.
single_user_script() {
	local contender=$1 first=$2 count=$3 account token

	say "SET plan_cache_mode = force_generic_plan"
	say "PREPARE c(text) AS $(contender_statement "$contender" | sed 's,--.*,,' | tr '\n\t' '  ')"
	for ((account = first; account < first + count; account++)); do
		token=$((account + 3 * total))
		printf "EXECUTE c('TKN-%04d-%04d')\n" $((token / 10000)) $((token % 10000))
	done
}

count_instructions() {
	single_user_script "$@" >"$work/single.sql"
	run_single_user "$work/single.sql"
}

# Runs what is in a file in a single-user backend; says how many instructions that takes.
run_single_user() {
	interruptible as_server sh -c "valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		'$(type -P postgres)' --single -D '$(cluster_folder bench)/data' bench <'$1'" >"$work/single.out" 2>"$work/single.err" || return
	! grep -q ERROR "$work/single.err" || return
	sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/single.err"
}

# The difference between few calls and more of them, for each of the latter.
measure_instructions() {
	local contender=$1 round=$2 first=$3 few=$4 count=$5 less more

	less=$(count_instructions "$contender" "$first" "$few") &&
		more=$(count_instructions "$contender" $((first + few)) "$count") || return
	record instructions small "fsync off" "$contender" "$round" instructions $(((more - less) / (count - few)))
}

bench_instructions() {
	local contender round first few=20 count=70 times="1 2"

	[ "$form" != smoke ] || few=2 count=4 times=1
	need_packages valgrind
	read -r first _ <<<"$(class_accounts small)"
	# what other parts left Disabled
	quietly sql -c "UPDATE apitoken.api_tokens SET status = 'Active'
		WHERE id IN (SELECT bench.token_id($first + n + 3 * $total) FROM generate_series(0, 999) n) AND status = 'Disabled'" ||
		die "the tokens could not be enabled"
	quietly as_server pg_ctl -D "$(cluster_folder bench)/data" -w stop || die "the server did not stop"
	for round in $times; do
		for contender in floor jsonb extension; do
			measure_instructions $contender "$round" "$first" $few $count
			check $? "instructions of $contender"
			first=$((first + few + count))
		done
	done
	quietly cluster_launch bench || die "the server did not start"
	show_ratios instructions small "fsync off"
}
