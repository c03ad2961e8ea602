# shellcheck shell=bash
#
# A policy that asks who acts, on an application's table of 100,000 rows, beside
# one that compares with a setting.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# A query of the table in a transaction in which somebody acts.
policy_script() {
	local contender=$1 query=$2

	say "BEGIN;"
	case $contender in
		extension) say "SELECT api.apitoken_authenticate(bench.secret(1));" ;;
		*) say "SELECT set_config('shop.account', bench.account_id(1), true);" ;;
	esac
	say "${query//@table@/bench.orders_$contender};"
	say "COMMIT;"
}

measure_policy() {
	local subject=$1 query=$2 round=$3 contender

	for contender in extension setting setting_once; do
		policy_script $contender "$query" >"$work/round_$contender.sql"
	done
	PGUSER=bench_application run_pgbench -c 1 -T "$round_seconds" -r \
		-f "$work/round_extension.sql" -f "$work/round_setting.sql" -f "$work/round_setting_once.sql" || return
	record_round policy "$subject" "100,000 rows" "$round" 3 3
}

# Tables with the same rows, a tenth of them the account's; only how the policy
# knows the account differs.
bench_policy() {
	local subject query round

	quietly sql -f "$bench/sql/policy.sql" || die "the tables could not be made"
	while IFS=$'\t' read -r subject query; do
		for round in $(seq "$rounds"); do
			measure_policy "$subject" "$query" "$round"
			check $? "policy, $subject"
		done
		show_ratios policy "$subject" "100,000 rows"
	done <<-'END'
		every row	SELECT count(*), sum(amount) FROM @table@
		one day's	SELECT sum(amount) FROM @table@ WHERE day = 1
	END
}
