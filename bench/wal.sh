# shellcheck shell=bash
#
# What disabling a small token adds to the write-ahead log, without the images of
# pages that the first change after a checkpoint adds, in bytes, with its commit.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Disables so many tokens, each of another account, from account FIRST on.
measure_wal() {
	local contender=$1 round=$2 first=$3 count=$4 bytes

	bytes=$({
		say "SELECT pg_current_wal_insert_lsn() AS before \\gset"
		say "SELECT format('SELECT FROM bench.contender_$contender(%L)', bench.token_id(($first + n + 4 * $total)::integer))
			FROM generate_series(0, $count - 1) n \\gexec"
		say "SELECT (pg_current_wal_insert_lsn() - :'before'::pg_lsn) / $count;"
	} | sql | grep .) || return
	record wal small "fsync off" "$contender" "$round" bytes "$bytes"
}

# Other parts may have left some of them Disabled, and are not to find any.
set_active() {
	quietly sql -c "UPDATE apitoken.api_tokens SET status = 'Active'
		WHERE id IN (SELECT bench.token_id(($1 + n + 4 * $total)::integer) FROM generate_series(0, $2 - 1) n) AND status = 'Disabled'"
}

bench_wal() {
	local contender round first count=200 few=4

	[ "$form" != smoke ] || count=$few
	read -r first _ <<<"$(class_accounts small)"
	server_setting "full_page_writes = off"
	for round in $(seq "$rounds"); do
		for contender in floor jsonb extension; do
			set_active "$first" $count
			measure_wal $contender "$round" "$first" $count
			check $? "write-ahead log of $contender"
			set_active "$first" $count
			first=$((first + count))
		done
	done
	server_setting "full_page_writes = on"
	show_ratios wal small "fsync off"
}
