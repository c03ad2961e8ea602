# shellcheck shell=bash
#
# 64 sessions that authenticate, disable and enable, some tokens far more often
# than others, with autovacuum and fsync on.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

load_scripts() {
	local first last

	read -r first last <<<"$(class_accounts small)"
	say "\\set n $first + random_zipfian(1, $((last - first + 1)), 1.05) - 1 + random(0, 7) * $total
SELECT bench.attempt_toggle(bench.token_id(:n::integer));" >"$work/load_toggle.sql"
	say "\\set n $first + random_zipfian(1, $((last - first + 1)), 1.05) - 1 + random(0, 7) * $total
SELECT bench.attempt_authenticate(bench.secret(:n::integer));" >"$work/load_authenticate.sql"
}

# table | pages' bytes, its indexes' | updates | HOT updates
table_figures() {
	sql -F ' ' -c "SELECT s.relname, pg_relation_size(s.relid), pg_indexes_size(s.relid), s.n_tup_upd, s.n_tup_hot_upd
		FROM pg_stat_user_tables s WHERE s.relid IN ('apitoken.api_tokens'::regclass, 'apitoken.api_token_credentials'::regclass)
		ORDER BY 1"
}

record_tables() {
	local name bytes indexes updates hot

	while read -r name bytes indexes updates hot; do
		record load "$name" "$1" extension 1 "table bytes" "$bytes"
		record load "$name" "$1" extension 1 "index bytes" "$indexes"
		record load "$name" "$1" extension 1 updates "$updates"
		record load "$name" "$1" extension 1 "HOT updates" "$hot"
	done <<<"$(sleep 1 && table_figures)"
}

# Latencies of the run just made, of calls with that word behind their name.
record_latencies() {
	cat "$work/log"/load* | sql -c "CREATE TEMPORARY TABLE log (client integer, transaction bigint, time bigint, script integer, epoch bigint, us bigint)" \
		-c "COPY log FROM STDIN DELIMITER ' '" -F $'\t' \
		-c "SELECT 'load', CASE script WHEN 0 THEN 'authenticate' ELSE 'disable or enable' END || '$1', 'p' || (p * 100)::real, 'extension', 1, 'ms',
			round((percentile_disc(p) WITHIN GROUP (ORDER BY time) / 1000.0)::numeric, 2)
			FROM log CROSS JOIN unnest(ARRAY[0.5, 0.99, 0.999]) p GROUP BY script, p ORDER BY script, p" >>"$figures"
}

run_load() {
	local seconds=$1 interval=$(($1 / 10))

	mkdir -p "$work/log" && rm -f "$work/log"/*
	run_pgbench -c 64 -j 2 -T "$seconds" -P "$((interval > 0 ? interval : 1))" -l --log-prefix="$work/log/load" \
		-f "$work/load_authenticate.sql@9" -f "$work/load_toggle.sql@1"
}

bench_load() {
	local deadlocks tps

	quietly sql -f "$bench/sql/load.sql" || die "the functions could not be made"
	load_scripts
	server_setting "autovacuum = on"
	server_setting "autovacuum_naptime = '10s'"
	server_setting "fsync = on"
	sql -c "VACUUM ANALYZE" -c "SELECT pg_stat_reset()" >/dev/null
	record_tables before
	run_load "$load_seconds"
	check $? "64 sessions under load"
	record_tables after
	deadlocks=$(sql -c "SELECT deadlocks FROM pg_stat_database WHERE datname = 'bench'")
	record load all all extension 1 deadlocks "$deadlocks"
	[ "$deadlocks" = 0 ]
	check $? "no deadlock under load"
	tps=$(throughput)
	record load all all extension 1 tps "${tps:-0}"
	# progress: 30.0 s, 8123.4 tps, lat ...
	sed -n 's/^progress: \([0-9.]*\) s, \([0-9.]*\) tps.*/\1 \2/p' "$work/pgbench.err" >"$work/progress"
	while read -r second tps; do
		record load interval "$second" extension 1 tps "$tps"
	done <"$work/progress"
	record_latencies ""

	# a transaction that has a signal to send commits alone
	server_setting "apitoken.notify = off"
	run_load $(((load_seconds + 4) / 5))
	check $? "64 sessions under load, without signals"
	record_latencies ", without signals"
	server_setting "apitoken.notify = on"
	server_setting "autovacuum = off"
	server_setting "fsync = off"
}
