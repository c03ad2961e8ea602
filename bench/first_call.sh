# shellcheck shell=bash
#
# The first call of a session, beside those that follow.  Connecting itself is
# not part of the time.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

measure_first_call() {
	local contender=$1 round=$2 first last

	read -r first last <<<"$(class_accounts small)"
	disable_script "$first" "$last" "$contender" >"$work/first.sql"
	run_pgbench -c 1 -t "$sessions" -C -r -f "$work/first.sql" || return
	record first_call small first "$contender" "$round" ms "$(command_latency 4)"
	run_pgbench -c 1 -t $((sessions * 10)) -r -f "$work/first.sql" || return
	record first_call small warm "$contender" "$round" ms "$(command_latency 4)"
}

bench_first_call() {
	local contender round

	for round in $(seq "$rounds"); do
		for contender in floor jsonb extension; do
			measure_first_call $contender "$round"
			check $? "first call, $contender"
		done
	done
}
