# shellcheck shell=bash
#
# Disabling a token: the extension beside what one would write instead.

# shellcheck disable=SC2034,SC2154 # scripts/bench and what it sources share their variables

contenders=(floor jsonb json_cast json loops extension)

# A contender's statement, for a function: its parameter is the first one.
contender_statement() {
	# shellcheck disable=SC2016 # for the server
	sed 's/:id/$1/g' "$bench/contenders/$1.sql"
}

make_contenders() {
	local contender type

	sql -f "$bench/sql/pieces.sql" -f "$bench/sql/loops.sql" || return
	for contender in "${contenders[@]}"; do
		case $contender in
			floor) type=text ;;
			json) type=json ;;
			*) type=jsonb ;;
		esac
		say "CREATE OR REPLACE FUNCTION bench.contender_$contender(text) RETURNS $type LANGUAGE sql VOLATILE AS \$f\$"
		contender_statement "$contender"
		say "\$f\$;"
	done | sql
}

# All contenders give the same document, leave the same row in the trail, and
# send the same signal.
prove_contenders_equal() {
	local found

	found=$(sql -v total="$total" -f "$bench/sql/equal.sql") || die "the contenders could not be compared"
	while IFS='|' read -r status what; do
		check "$status" "$what"
	done <<<"$found"
}

disable_script() {
	local first=$1 last=$2

	# a token of the class that is Active; what is measured; and back again
	say "\\set a random($first, $last)"
	say "\\set k random(0, 7)"
	say "SELECT bench.token_id((:a + :k * $total)::integer) AS id \\gset"
	cat "$bench/contenders/$3.sql"
	say ";"
	say "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = :id;"
}

measure_disable() {
	local class=$1 fsync=$2 contender=$3 round=$4 first last

	read -r first last <<<"$(class_accounts "$class")"
	disable_script "$first" "$last" "$contender" >"$work/disable.sql"
	run_pgbench -c 1 -T "$seconds" -r -f "$work/disable.sql" || return
	record disable "$class" "fsync $fsync" "$contender" "$round" ms "$(command_latency 4)"
}

bench_disable() {
	local class fsync contender round

	quietly make_contenders || die "the contenders could not be made"
	prove_contenders_equal
	for fsync in off on; do
		server_setting "fsync = $fsync"
		for class in small medium large; do
			for round in $(seq "$rounds"); do
				for contender in "${contenders[@]}"; do
					measure_disable $class $fsync "$contender" "$round"
					check $? "disable, $class, fsync $fsync, $contender"
				done
			done
			show_ratios disable $class "fsync $fsync"
		done
	done
	server_setting "fsync = off"
}
