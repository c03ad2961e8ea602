# shellcheck shell=bash
#
# Disabling a token: the extension beside what one would write instead.

# shellcheck disable=SC2034,SC2154 # scripts/bench and what it sources share their variables

contenders=(floor jsonb text json loops extension)

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
		say "CREATE FUNCTION bench.contender_$contender(text) RETURNS $type LANGUAGE sql VOLATILE AS \$f\$"
		contender_statement "$contender"
		say "\$f\$;"
	done | sql
}

# All contenders give the same document, leave the same row in the trail, and
# send the same signal.
prove_contenders_equal() {
	local found

	found=$(sql -v total="$total" -v contenders="${contenders[*]}" -f "$bench/sql/equal.sql") || die "the contenders could not be compared"
	while IFS='|' read -r status what; do
		check "$status" "$what"
	done <<<"$found"
}

# Each sends one signal of the token's being Disabled.
prove_signals_equal() {
	local contender signals

	signals=$({
		say "SELECT bench.token_id(last_account) AS id FROM bench.classes WHERE class = 'small' \\gset"
		say "LISTEN apitoken;"
		for contender in "${contenders[@]}"; do
			say "SELECT FROM bench.contender_$contender(:'id');"
			say "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = :'id';"
		done
	} | sql | grep -c '"status": "Disabled"')
	[ "$signals" = ${#contenders[@]} ]
	check $? "each contender sends a signal: $signals of ${#contenders[@]}"
}

# A token of the class that is Active; what is measured; and back again.
disable_script() {
	local first=$1 last=$2

	say "\\set a random($first, $last)"
	say "\\set k random(0, 7)"
	say "SELECT bench.token_id((:a + :k * $total)::integer) AS id \\gset"
	cat "$bench/contenders/$3.sql"
	say ";"
	say "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = :id;"
}

measure_disable() {
	local class=$1 condition=$2 round=$3 seconds=$round_seconds first last contender

	[ "$class" != large ] || seconds=$round_large
	read -r first last <<<"$(class_accounts "$class")"
	for contender in "${contenders[@]}"; do
		disable_script "$first" "$last" "$contender" | round_script >"$work/round_$contender.sql"
	done
	run_round 1 "$seconds" old "${contenders[@]}" || return
	record_round disable "$class" "$condition" "$round" 8 ${#contenders[@]}
}

compare_disable() {
	local class=$1 condition=$2 round

	for round in $(seq "$rounds"); do
		measure_disable "$class" "$condition" "$round"
		check $? "disable, $class, $condition"
	done
	show_ratios disable "$class" "$condition"
}

bench_disable() {
	local class fsync

	prove_contenders_equal
	forget_reads
	prove_signals_equal
	check_reads disable
	for fsync in $fsyncs; do
		server_setting "fsync = $fsync"
		for class in small medium large; do
			compare_disable $class "fsync $fsync"
		done
	done
	server_setting "fsync = off"

	[ "$form" != smoke ] || return
	use_memory returned
	compare_disable large "fsync off, memory returned"
}
