# shellcheck shell=bash
#
# Authenticating: both cores at once, beside a bare SELECT of one token by its
# key; on the primary, and on a standby.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# A token that is Active, of so many accounts; pgbench makes its secret from its number.
authenticate_script() {
	local contender=$1 of_accounts=$2

	say "\\set n random(1, $of_accounts) + random(0, 7) * $total"
	case $contender in
		floor) say "SELECT id, status FROM apitoken.api_tokens WHERE id = bench.token_id(:n::integer);" ;;
		extension) say "SELECT api.apitoken_authenticate(bench.secret(:n::integer));" ;;
	esac
}

measure_authenticate() {
	local subject=$1 condition=$2 contender=$3 round=$4 of_accounts=$5

	authenticate_script "$contender" "$of_accounts" >"$work/authenticate.sql"
	case $subject in
		# a session meets each page of shared memory for a first time
		"all tokens") run_pgbench -c 2 -j 2 "${turn_all[@]}" -f "$work/authenticate.sql" || return ;;
		*) run_pgbench -c 2 -j 2 "${turn[@]}" -f "$work/authenticate.sql" || return ;;
	esac
	record authenticate "$subject" "$condition" "$contender" "$round" tps "$(throughput)"
}

compare_authenticate() {
	local subject=$1 condition=$2 of_accounts=$3 contender round

	for round in $(seq "$rounds"); do
		for contender in floor extension; do
			measure_authenticate "$subject" "$condition" "$contender" "$round" "$of_accounts"
			check $? "authenticate, $subject, $condition, $contender"
		done
	done
	show_ratios authenticate "$subject" "$condition"
}

# Every token was used a moment ago: for the next hour there is nothing to note.
note_all_accesses() {
	quietly sql -c "UPDATE apitoken.api_token_credentials SET last_access_at = clock_timestamp()" \
		-c "VACUUM (ANALYZE) apitoken.api_token_credentials" -c CHECKPOINT &&
		warm_up
}

start_standby() {
	local folder

	folder=$(cluster_folder bench)
	cluster_make standby || return
	quietly as_server pg_basebackup -h "$folder" -U postgres -D "$(cluster_folder standby)/data" -X stream -c fast -R || return
	cluster_start standby "hot_standby = on"
	export PGDATABASE=bench
}

bench_authenticate() {
	local few=100

	[ "$accounts" -gt 1000 ] || few=20
	note_all_accesses || die "the accesses could not be noted"
	server_setting "apitoken.last_access_interval = '1h'"
	compare_authenticate "all tokens" "nothing to note" "$accounts"

	server_setting "apitoken.last_access_interval = '60s'"
	compare_authenticate "some tokens" "default interval" $few
	server_setting "apitoken.last_access_interval = 0"
	compare_authenticate "some tokens" "a note each time" $few
	server_setting "fsync = on"
	server_setting "apitoken.last_access_interval = '60s'"
	compare_authenticate "some tokens" "default interval, fsync on" $few
	server_setting "fsync = off"

	start_standby || die "the standby did not start"
	[ "$(sql -c "SELECT pg_is_in_recovery()")" = t ]
	check $? "the standby is one"
	warm_up
	compare_authenticate "all tokens" standby "$accounts"
	cluster_stop standby
	cluster_use bench
	export PGDATABASE=bench
	server_setting "apitoken.last_access_interval = '60s'"
}
