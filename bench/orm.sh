# shellcheck shell=bash
#
# What an object-relational mapper does with lazy loading: one query a row and
# relation.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

bench_orm() {
	local class first

	need_packages python3-psycopg
	forget_reads
	for class in small medium large; do
		read -r first _ <<<"$(class_accounts $class)"
		interruptible /usr/bin/python3 "$bench/orm.py" "$class" "$(sql -c "SELECT bench.token_id($first + 2 * $total)")" "$rounds" \
			>"$work/orm.tsv"
		check $? "one query a row and relation, $class"
		cat "$work/orm.tsv" >>"$figures"
	done
	check_reads "one query a row and relation"
}
