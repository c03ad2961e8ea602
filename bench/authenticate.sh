# shellcheck shell=bash
#
# Authenticating: both cores at once, beside a bare SELECT of one token by its
# key; on the primary, and on a standby.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# A token that is Active, of so many accounts; its secret is made of its number.
authenticate_script() {
	local contender=$1 of_accounts=$2

	say "\\set n random(1, $of_accounts) + random(0, 7) * $total"
	case $contender in
		floor) say "SELECT id, status FROM apitoken.api_tokens WHERE id = bench.token_id(:n::integer);" ;;
		extension) say "SELECT api.apitoken_authenticate(bench.secret(:n::integer));" ;;
	esac
}

# What two sessions reach in a second, from what a call takes in them.
measure_authenticate() {
	local subject=$1 condition=$2 round=$3 of_accounts=$4 age=$5 contender

	for contender in floor extension; do
		authenticate_script $contender "$of_accounts" | round_script >"$work/round_$contender.sql"
	done
	run_round 2 "$round_seconds" "$age" floor extension || return
	record_round authenticate "$subject" "$condition" "$round" 6 2 2
}

compare_authenticate() {
	local subject=$1 condition=$2 of_accounts=$3 age=$4 round

	for round in $(seq "$rounds"); do
		measure_authenticate "$subject" "$condition" "$round" "$of_accounts" "$age"
		check $? "authenticate, $subject, $condition"
	done
	show_ratios authenticate "$subject" "$condition"
}

# Every token was used a moment ago: for the next hour there is nothing to note.
note_all_accesses() {
	quietly sql -c "UPDATE apitoken.api_token_credentials SET last_access_at = clock_timestamp()" \
		-c "VACUUM (FULL, ANALYZE) apitoken.api_token_credentials" -c "VACUUM apitoken.api_token_credentials" -c CHECKPOINT &&
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
	compare_authenticate "all tokens" "nothing to note" "$accounts" old
	compare_authenticate "all tokens" "nothing to note, new sessions" "$accounts" new

	server_setting "apitoken.last_access_interval = '60s'"
	compare_authenticate "some tokens" "default interval" $few new
	server_setting "apitoken.last_access_interval = 0"
	compare_authenticate "some tokens" "a note each time" $few new
	server_setting "fsync = on"
	server_setting "apitoken.last_access_interval = '60s'"
	compare_authenticate "some tokens" "default interval, fsync on" $few new
	server_setting "fsync = off"

	start_standby || die "the standby did not start"
	[ "$(sql -c "SELECT pg_is_in_recovery()")" = t ]
	check $? "the standby is one"
	warm_up
	compare_authenticate "all tokens" standby "$accounts" old
	compare_authenticate "all tokens" "standby, new sessions" "$accounts" new
	cluster_stop standby
	cluster_use bench
	export PGDATABASE=bench
	server_setting "apitoken.last_access_interval = '60s'"
}
