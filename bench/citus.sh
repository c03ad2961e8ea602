# shellcheck shell=bash
#
# Distributed by account, on Citus: what a call takes at each of three servers, a
# coordinator and two workers, beside one server without Citus; all on this machine, with
# the tests' sample data.  Without Citus for this PostgreSQL it is left out.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# NODE FILE-OR-OPTION...: psql there, in the database that is distributed.
at_node() {
	PGHOST=$(cluster_folder "$1") PGDATABASE=spread sql "${@:2}"
}

start_nodes() {
	local node

	cp "$project/deploy/citus/citus.conf" "$work" || return
	for node in "${nodes[@]}"; do
		cluster_start "$node" "include '$work/citus.conf'" "citus.shard_count = 4" "citus.node_conninfo = 'sslmode=disable'" \
			"citus.local_hostname = '$(cluster_folder "$node")'" "shared_buffers = 128MB" "autovacuum = off" "jit = off" "checkpoint_timeout = 1h"
		quietly createdb spread && quietly at_node "$node" -c 'CREATE EXTENSION citus' || return
	done
}

# The sample data, on one server and on the three.
make_nodes() {
	quietly at_node coordinator -c "SELECT citus_set_coordinator_host('$(cluster_folder coordinator)', 5432)" \
		-c "SELECT citus_add_node('$(cluster_folder worker1)', 5432)" -c "SELECT citus_add_node('$(cluster_folder worker2)', 5432)" \
		-c 'CREATE SCHEMA api' -c 'CREATE EXTENSION apitoken SCHEMA api' -f "$project/test/marketplace.sql" \
		-c 'SELECT apitoken.distribute()' || return
	cluster_use bench
	quietly createdb one && PGDATABASE=one quietly sql -c 'CREATE SCHEMA api' -c 'CREATE EXTENSION apitoken SCHEMA api' -f "$project/test/marketplace.sql"
}

# Which worker has the account, and then the other one.
find_owner() {
	local owner

	owner=$(at_node coordinator -c "SELECT n.nodename FROM pg_dist_placement p JOIN pg_dist_node n USING (groupid)
		WHERE p.shardid = get_shard_id_for_distribution_column('apitoken.api_tokens', 'ACC-3001-7788')") || return
	if [ "$owner" = "$(cluster_folder worker1)" ]; then
		say worker1 worker2
	else
		say worker2 worker1
	fi
}

bench_citus() {
	local nodes=(coordinator worker1 worker2) calls=40 owner other node

	[ -e "$("$PG_CONFIG" --sharedir)/extension/citus.control" ] || {
		say "SKIP Citus is not installed for this PostgreSQL: left out."
		return
	}
	[ "$form" != smoke ] || calls=4
	need_packages python3-psycopg
	if ! start_nodes || ! make_nodes; then
		die "the servers with Citus could not be made"
	fi
	read -r owner other <<<"$(find_owner)"
	interruptible /usr/bin/python3 "$bench/citus.py" "$rounds" $calls one="$(cluster_folder bench):one" \
		owner="$(cluster_folder "$owner"):spread" other="$(cluster_folder "$other"):spread" \
		coordinator="$(cluster_folder coordinator):spread" >"$work/citus.tsv"
	check $? "calls on three servers"
	grep -v '^#' "$work/citus.tsv" >>"$figures"
	sed -n 's/^# //p' "$work/citus.tsv"
	for node in "${nodes[@]}"; do
		cluster_stop "$node"
	done
	cluster_use bench
	export PGDATABASE=bench
}
