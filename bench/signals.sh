# shellcheck shell=bash
#
# Sessions that disable and enable tokens of their own, each call a transaction, with
# signals and without: the server lets transactions that signal commit one by one.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Commits a second.
measure_signals() {
	local contender=$1 sessions=$2 condition=$3 round=$4 notify=on tps

	[ "$contender" = extension ] || notify=off
	server_setting "apitoken.notify = $notify"
	# their first calls take a while
	run_pgbench -c "$sessions" -j 2 -T $((round_seconds + 2)) -f "$work/signals.sql" && tps=$(throughput) && [ -n "$tps" ] || return
	record signals "$sessions sessions" "$condition" "$contender" "$round" tps "$(awk "BEGIN {print 2 * $tps}")"
}

bench_signals() {
	local first sessions round contender fsync

	read -r first _ <<<"$(class_accounts small)"
	# each its own account: those of one wait for each other by themselves
	say "\\set n $first + :client_id + 5 * $total
SELECT api.apitoken_disable(bench.token_id(:n::integer), '-*,+id');
SELECT api.apitoken_enable(bench.token_id(:n::integer), '-*,+id');" >"$work/signals.sql"
	quietly sql -c "UPDATE apitoken.api_tokens SET status = 'Active'
		WHERE id IN (SELECT bench.token_id(($first + n + 5 * $total)::integer) FROM generate_series(0, 63) n) AND status = 'Disabled'" ||
		die "the tokens could not be enabled"
	for fsync in $fsyncs; do
		server_setting "fsync = $fsync"
		for sessions in 16 64; do
			for round in $(seq "$rounds"); do
				for contender in extension unsignalled; do
					measure_signals $contender $sessions "fsync $fsync" "$round"
					check $? "$sessions sessions, $contender"
				done
			done
			show_ratios signals "$sessions sessions" "fsync $fsync"
		done
	done
	server_setting "fsync = off"
	server_setting "apitoken.notify = on"
}
