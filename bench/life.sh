# shellcheck shell=bash
#
# What all that a secret's life can have adds to an authentication: an end, a second
# secret, a checksum, and both settings that refuse tokens left behind; beside tokens
# that have none of it and settings that are off, call by call in the same sessions.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

life_settings() {
	say "SET apitoken.refuse_disabled_accounts = $1"
	say "SET apitoken.refuse_lost_creators = $1"
}

# A call's secret, and what is on, are there before it is measured.
life_script() {
	local column=$1 switch=$2

	say "\\set n random($first, $((first + count - 1)))"
	say "SELECT $column AS secret FROM bench.lives WHERE n = :n \\gset"
	life_settings "$switch" | sed 's/$/;/'
	say "SELECT api.apitoken_authenticate(:secret);"
}

measure_life() {
	local round=$1

	life_script none off | round_script >"$work/round_none.sql"
	life_script all_of_it on | round_script >"$work/round_extension.sql"
	run_round 2 "$round_seconds" old none extension || return
	record_round life "some tokens" "nothing to note" "$round" 9 2
}

# Instructions of so many calls, as a single-user backend has them.
count_life() {
	local column=$1 switch=$2 calls=$3 secret

	while read -r secret; do
		say "SELECT api.apitoken_authenticate('$secret')"
	done <"$work/$column.secrets" | { life_settings "$switch" && head -n "$calls"; } >"$work/single.sql"
	run_single_user "$work/single.sql"
}

measure_life_instructions() {
	local contender=$1 column=$2 switch=$3 few=$4 calls=$5 less more

	less=$(count_life "$column" "$switch" "$few") && more=$(count_life "$column" "$switch" "$calls") || return
	record life "some tokens" instructions "$contender" 1 instructions $(((more - less) / (calls - few)))
}

bench_life() {
	local round first count=100 few=10 calls=60

	[ "$form" != smoke ] || count=20 few=2 calls=12
	need_packages valgrind
	read -r first _ <<<"$(class_accounts small)"
	server_setting "apitoken.last_access_interval = '1h'"
	quietly sql -v first="$first" -v count=$count -f "$bench/sql/life.sql" || die "the tokens could not be made"
	warm_up
	for round in $(seq "$rounds"); do
		measure_life "$round"
		check $? "authentication with all of it"
	done
	show_ratios life "some tokens" "nothing to note"

	sql -c "SELECT none FROM bench.lives ORDER BY n" >"$work/none.secrets"
	sql -c "SELECT all_of_it FROM bench.lives ORDER BY n" >"$work/all_of_it.secrets"
	quietly as_server pg_ctl -D "$(cluster_folder bench)/data" -w stop || die "the server did not stop"
	measure_life_instructions none none off $few $calls
	check $? "instructions with none of it"
	measure_life_instructions extension all_of_it on $few $calls
	check $? "instructions with all of it"
	quietly cluster_launch bench || die "the server did not start"
	show_ratios life "some tokens" instructions
	server_setting "apitoken.last_access_interval = '60s'"
}
