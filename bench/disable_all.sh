# shellcheck shell=bash
#
# Disabling all tokens of an account, beside one bare UPDATE of the same rows;
# the trail's trigger does its work for both.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

measure_disable_all() {
	local contender=$1 round=$2 account

	account=$(sql -c "SELECT bench.account_id($total)")
	{
		case $contender in
			floor) say "UPDATE apitoken.api_tokens SET status = 'Disabled', updated_at = clock_timestamp(), updated_by_type = NULL,
				updated_by_id = NULL WHERE account_id = '$account' AND status = 'Active' RETURNING id;" ;;
			extension) say "SELECT api.apitoken_disable_all('$account');" ;;
		esac
		say "UPDATE apitoken.api_tokens SET status = 'Active' WHERE account_id = '$account' AND status = 'Disabled';"
	} >"$work/all.sql"
	run_pgbench -c 1 -t 3 -r -f "$work/all.sql" || return
	record disable_all "$many tokens" "fsync off" "$contender" "$round" ms "$(command_latency 1)"
	quietly sql -c "VACUUM apitoken.api_tokens"
}

bench_disable_all() {
	local contender round account

	# what stays Disabled or Deleted of the account would become Active
	account=$(sql -c "SELECT bench.account_id($total)")
	[ "$(sql -c "SELECT jsonb_array_length(api.apitoken_disable_all('$account')) = count(*)
		FROM apitoken.api_tokens WHERE account_id = '$account' AND status = 'Active'")" = t ]
	check $? "all Active tokens of the account are disabled"
	quietly sql -c "UPDATE apitoken.api_tokens SET status = 'Active' WHERE account_id = '$account' AND status = 'Disabled'"

	for round in $(seq "$rounds"); do
		for contender in floor extension; do
			measure_disable_all $contender "$round"
			check $? "disable all, $contender"
		done
	done
	show_ratios disable_all "$many tokens" "fsync off"
}
