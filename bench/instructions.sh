# shellcheck shell=bash
#
# Instructions of disabling a small token, which repeat where time does not:
# counted by valgrind in a single-user backend, so the server stops for it.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Disables tokens, each once: of COUNT accounts, their token number K.
single_user_script() {
	local contender=$1 count=$2 k=$3 first n

	first=$small_first
	say "PREPARE c(text) AS $(contender_statement "$contender" | sed 's,--.*,,' | tr '\n\t' '  ')"
	for ((n = first; n < first + count; n++)); do
		printf "EXECUTE c('TKN-%04d-%04d')\n" $(((n + k * total) / 10000)) $(((n + k * total) % 10000))
	done
}

count_instructions() {
	local contender=$1 count=$2 k=$3

	{
		say "SET plan_cache_mode = force_generic_plan"
		single_user_script "$contender" "$count" "$k"
	} >"$work/single.sql"
	interruptible as_server sh -c "valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		'$(type -P postgres)' --single -D '$(cluster_folder bench)/data' bench <'$work/single.sql'" >"$work/single.out" 2>"$work/single.err" || return
	! grep -q ERROR "$work/single.err" || return
	sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/single.err"
}

bench_instructions() {
	local contender few=20 count=120 k=0 less more

	[ "$form" != smoke ] || few=2 count=4
	need_packages valgrind
	read -r small_first _ <<<"$(class_accounts small)"
	quietly as_server pg_ctl -D "$(cluster_folder bench)/data" -w stop || die "the server did not stop"
	for contender in floor jsonb extension; do
		less=$(count_instructions $contender $few $k) && more=$(count_instructions $contender $count $((k + 1)))
		check $? "instructions of $contender"
		record instructions small "fsync off" $contender 1 instructions $(((${more:-0} - ${less:-0}) / (count - few)))
		k=$((k + 2))
	done
	quietly cluster_launch bench || die "the server did not start"
}
