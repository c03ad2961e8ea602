# shellcheck shell=bash
#
# What the guarantees cost: disabling a token by the extension beside the best
# statement on a schema without them, which writes its trail itself.

# shellcheck disable=SC2034,SC2154 # scripts/bench and what it sources share their variables

# The text statement on those tables, with a row for the trail.
plain_statement() {
	sed -e 's/apitoken\./plain./g' -e '0,/^), account AS/s//), logged AS (\
	INSERT INTO plain.api_token_transitions (account_id, api_token_id, from_status, to_status, database_role, client_address)\
		SELECT c.account_id, c.id, '"'Active'"', c.status, current_user, inet_client_addr() FROM changed c\
&/' "$bench/contenders/text.sql"
}

plain_script() {
	say "\\set a random($1, $2)"
	say "\\set k random(0, 7)"
	say "SELECT bench.token_id((:a + :k * $total)::integer) AS id \\gset"
	plain_statement
	say ";"
	say "UPDATE plain.api_tokens SET status = 'Active' WHERE id = :id;"
}

# The same document as the extension's, and one row in the trail.
prove_plain_equal() {
	local class=$1 first

	read -r first _ <<<"$(class_accounts "$class")"
	{
		say "CREATE FUNCTION pg_temp.plain(text) RETURNS jsonb LANGUAGE sql AS \$f\$"
		# shellcheck disable=SC2016 # for the server
		plain_statement | sed 's/:id/$1/g'
		say "\$f\$;"
		say "SELECT bench.token_id($first + 5 * $total) AS id, count(*) AS rows FROM plain.api_token_transitions \\gset"
		say "SELECT replace(d::text, d #>> '{audit,updated,at}', 'now')::jsonb AS plain FROM pg_temp.plain(:'id') d \\gset"
		say "SELECT replace(d::text, d #>> '{audit,updated,at}', 'now')::jsonb AS ours FROM api.apitoken_disable(:'id') d \\gset"
		say "SELECT :'plain'::jsonb = :'ours'::jsonb AND count(*) = :rows + 1 FROM plain.api_token_transitions;"
		say "UPDATE plain.api_tokens SET status = 'Active' WHERE id = :'id';"
		say "UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = :'id';"
	} | sql
}

measure_plain() {
	local class=$1 round=$2 seconds=$round_seconds first last

	[ "$class" != large ] || seconds=$round_large
	read -r first last <<<"$(class_accounts "$class")"
	plain_script "$first" "$last" | round_script >"$work/round_plain.sql"
	disable_script "$first" "$last" extension | round_script >"$work/round_extension.sql"
	run_round 1 "$seconds" old plain extension || return
	record_round plain "$class" "fsync off" "$round" 8 2
}

bench_plain() {
	local class round

	# other parts may have left some of those Disabled that are drawn here
	quietly sql -c "UPDATE apitoken.api_tokens SET status = 'Active' WHERE status = 'Disabled'
		AND id IN (SELECT bench.token_id((a + k * $total)::integer) FROM generate_series(1, $total) a, generate_series(0, 7) k)" \
		-f "$bench/sql/plain.sql" -c "VACUUM (FREEZE, ANALYZE)" -c CHECKPOINT || die "the tables without guarantees could not be made"
	warm_up
	meeting=
	for class in small medium large; do
		[ "$(prove_plain_equal $class)" = t ]
		check $? "the statement without guarantees answers the same, $class"
		for round in $(seq "$rounds"); do
			measure_plain $class "$round"
			check $? "without guarantees, $class"
		done
		show_ratios plain $class "fsync off"
	done
	quietly sql -c "DROP SCHEMA plain CASCADE"
	meeting=
}
