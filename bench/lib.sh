# shellcheck shell=bash
#
# Sourced by scripts/bench: the data, the runs, and where figures go.

# shellcheck disable=SC2034,SC2154 # scripts/bench and what it sources share their variables

bench=$project/bench

#
# Forms
#

# How much of everything there is in each form.  The number of classes'
# accounts; rounds, and how long one is, in seconds or, for pgbench, as its
# option; sizes of the growing documents; the trail's events.
set_form() {
	case $1 in
		smoke)
			accounts=300 medium=10 large=2 rounds=1 turn="-t 2" fsyncs=off sessions=5 load_seconds=2
			round_seconds=1 round_large=3
			growth="100 300" many=100 trail_events=10000 memory=128MB
			;;
		short)
			accounts=10000 medium=400 large=10 rounds=5 turn="-T 1" fsyncs="off on" sessions=40 load_seconds=30
			round_seconds=5 round_large=15
			growth="1000 10000 100000" many=10000 trail_events=1000000 memory=512MB
			;;
		long)
			accounts=100000 medium=4000 large=40 rounds=5 turn="-T 1" fsyncs="off on" sessions=40 load_seconds=300
			round_seconds=5 round_large=15
			growth="1000 10000 100000" many=10000 trail_events=1000000 memory=2GB
			;;
		*) die "FORM is smoke, short or long, not \"$1\"" ;;
	esac
	form=$1

	# those of the classes, those that grow, and the one with many tokens
	total=$((accounts + $(wc -w <<<"$growth") + 1))
}

#
# Server
#

# glibc gives memory back to the system and asks for it again at each call that
# needs much of it.  What that costs is the machine's matter; on some virtual
# ones it is most of the time of whoever needs much.  use_memory kept, or
# returned: restarts the server if it does otherwise.
use_memory() {
	[ "$1" != "${memory_is:-}" ] || return 0
	memory_is=$1
	case $1 in
		kept) export MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=16777216 ;;
		returned) unset MALLOC_TRIM_THRESHOLD_ MALLOC_MMAP_THRESHOLD_ MALLOC_TOP_PAD_ ;;
	esac
	[ -d "$(cluster_folder bench)" ] || return 0
	quietly as_server pg_ctl -D "$(cluster_folder bench)/data" -w stop || die "the server did not stop"
	quietly cluster_launch bench || die "the server did not start again"
	warm_up
}

# Nothing may start by itself in the middle of somebody's turn: no checkpoint,
# no autovacuum (the run under load has it on).  JIT would compile the large
# hand-written statements at each call, which costs them far more than it
# gains.
start_server() {
	read -r -a turn <<<"$turn"
	use_memory kept
	say "Starting a private server ..."
	cluster_start bench "shared_buffers = $memory" "max_connections = 100" "max_wal_size = 16GB" "checkpoint_timeout = 1h" \
		"autovacuum = off" "jit = off" "wal_level = replica" "max_wal_senders = 4" "work_mem = 64MB" \
		"bench.seed = ${SEED:-1}"
	quietly database_create bench || die "the extension could not be created"
	export PGDATABASE=bench
	quietly sql -c "CREATE EXTENSION pg_prewarm" -c "CREATE EXTENSION pgstattuple" || die "extensions could not be created"
}

sql() {
	psql -XqAt -v ON_ERROR_STOP=1 "$@"
}

# Reads all tables and indexes into the server's memory, where it is enough.
warm_up() {
	quietly sql -c "SELECT count(pg_prewarm(oid)) FROM pg_class
		WHERE relnamespace IN ('apitoken'::regnamespace, to_regnamespace('plain')) AND relkind IN ('r', 'i')" || die "the tables could not be read"
}

# Makes a setting of the server's configuration, at once.  Ours are known where
# the library is loaded.
server_setting() {
	sql -c "LOAD 'apitoken'" -c "ALTER SYSTEM SET $1" -c "SELECT pg_reload_conf()" >/dev/null
	sleep 0.2
}

#
# Data
#

# Numbers of accounts, class after class: first and last.
make_classes() {
	local size number=$accounts

	sql -f "$bench/sql/schema.sql" -f "$bench/sql/reference.sql" || return
	{
		say "large 1 $large 50 10 100 20 2500 500"
		say "medium $((large + 1)) $((large + medium)) 5 5 10 5 25 13"
		say "small $((large + medium + 1)) $accounts 1 1 1 1 1 1"
		for size in $growth; do
			number=$((number + 1))
			say "growth-$size $number $number $((size / 100)) 8 60 30 $((size > 200 ? size * 3 / 10 : 60)) $((size > 200 ? size * 15 / 100 : 30))"
		done
		number=$((number + 1))
		say "many $number $number 1 1 1 1 1 1"
	} | tr ' ' '\t' | sql -c "COPY bench.classes FROM STDIN"
}

show_progress() {
	local done=$1 of=$2 width=40 filled

	filled=$((done * width / of))
	if [ -t 1 ]; then
		printf '\rGenerating  [%s%s] %3d %%  %d of %d accounts' "$(printf '%*s' $filled '' | tr ' ' '#')" \
			"$(printf '%*s' $((width - filled)) '' | tr ' ' .)" $((done * 100 / of)) "$done" "$of"
		[ "$done" -lt "$of" ] || say
	elif [ $((done * 10 / of)) != "${shown:-}" ]; then
		shown=$((done * 10 / of))
		say "Generating: $((done * 100 / of)) %, $done of $of accounts"
	fi
}

# Accounts FROM to TO, as far as there are so many.
generate_slice() {
	[ "$1" -le "$2" ] || return 0
	sql -v from="$1" -v to="$2" -v accounts="$total" -f "$bench/sql/generate.sql"
}

# Two slices at a time: one for each core.
generate_slices() {
	local other status=0

	generate_slice "$1" "$2" &
	other=$!
	generate_slice $(($2 + 1)) "$3" || status=1
	wait $other || status=1
	return $status
}

generate() {
	local from=1 middle to step=$((total / 100 + 1))

	show_progress 0 "$total"
	while [ "$from" -le "$total" ]; do
		middle=$((from + step - 1))
		[ "$middle" -le "$total" ] || middle=$total
		to=$((middle + step))
		[ "$to" -le "$total" ] || to=$total
		quietly generate_slices "$from" "$middle" "$to" || die "the data could not be made"
		show_progress "$to" "$total"
		from=$((to + 1))
	done
	quietly sql -v total="$total" -v many="$many" -f "$bench/sql/many.sql" || die "the data could not be made"
	quietly sql -c "VACUUM (FREEZE, ANALYZE)" -c CHECKPOINT || die "the data could not be vacuumed"
	say "Checking the data ..."
	quietly sql -f "$bench/sql/check.sql" || die "the data is not valid"
	data=$(sql -c "SELECT to_char((SELECT count(*) FROM apitoken.accounts), 'FM999,999,999') || ' accounts, '
		|| to_char((SELECT count(*) FROM apitoken.api_tokens), 'FM999,999,999') || ' tokens, '
		|| to_char((SELECT count(*) FROM apitoken.users), 'FM999,999,999') || ' users, '
		|| pg_size_pretty(pg_database_size('bench'))")
	say "Data: $data"
}

# Sees that whoever ran since forget_reads went by indexes: a contender that
# reads a whole table, as a key has come to have another column, is no fair
# one.  (In the smoke form it may be the quickest way.)
forget_reads() {
	sql -c "SELECT pg_stat_reset()" >/dev/null
}

check_reads() {
	local tables

	[ "$form" != smoke ] || return 0
	tables=$(sql -c "SELECT string_agg(s.relname, ', ' ORDER BY s.relname)
		FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
		WHERE s.schemaname = 'apitoken' AND s.seq_scan > 0 AND c.reltuples > 10000") && [ -z "$tables" ]
	check $? "$1: no large table is read as a whole${tables:+, but $tables}"
}

# Numbers of a class: first, last.
class_accounts() {
	sql -F ' ' -c "SELECT first_account, last_account FROM bench.classes WHERE class = '$1'"
}

#
# Runs
#

# Notes a figure: record PART SUBJECT CONDITION CONTENDER ROUND UNIT VALUE
record() {
	(IFS=$'\t' && printf '%s\n' "$*") >>"$figures"
}

# Runs pgbench with prepared statements; options as its own.  Plans are kept
# for all contenders alike.
run_pgbench() {
	PGOPTIONS="-c plan_cache_mode=force_generic_plan" interruptible pgbench -n -M prepared -d bench "$@" \
		>"$work/pgbench.out" 2>"$work/pgbench.err" && ! grep -q aborted "$work/pgbench.err" && return
	cat "$work/pgbench.err" >&2
	return 1
}

# The average time of a command of the script just run, in milliseconds.
command_latency() {
	awk -v wanted="$1" '/^statement latencies/ {on = 1; next} on && ++n == wanted {print $1}' "$work/pgbench.out"
}

#
# Rounds
#
# In a round, the contenders take turns call by call, in the same sessions: what
# else the machine does then touches all of them alike.  A new session meets
# each page of shared memory for a first time, which on some virtual machines
# takes longer than to find a row on it; so in "old" sessions, as pools have
# them, they have met all pages before the first turn.
#

# A contender's script, of standard input: its statement to be measured, and
# what comes after.  Commands before that: four.
round_script() {
	say "\\if :old = 0"
	say "SELECT bench.meet_pages();"
	say "\\set old 1"
	say "\\endif"
	cat
}

# Runs a round: run_round SESSIONS SECONDS old|new CONTENDER...; the scripts are
# round_CONTENDER.sql.
run_round() {
	local clients=$1 seconds=$2 age=$3 old=1 files=() contender

	shift 3
	if [ "$age" = old ]; then
		old=0
		: "${meeting:=$(seconds_to_meet_pages)}"
		seconds=$((seconds + meeting))
	fi
	for contender; do
		files+=(-f "$work/round_$contender.sql")
	done
	run_pgbench -c "$clients" -j "$clients" -T "$seconds" -r -D "old=$old" "${files[@]}"
}

# How long it takes a session to meet all pages, rounded up.
seconds_to_meet_pages() {
	local started=$SECONDS

	sql -c "SELECT bench.meet_pages()" >/dev/null
	say $((SECONDS - started + 1))
}

# Notes what the round just run gave, of each of so many contenders: the average
# time of that command in its script, in milliseconds, or as tps what so many
# sessions reach in a second.
# record_round PART SUBJECT CONDITION ROUND COMMAND CONTENDERS [SESSIONS]
record_round() {
	local contender latency seen=0

	while read -r contender latency; do
		if [ -n "${7:-}" ]; then
			record "$1" "$2" "$3" "$contender" "$4" tps "$(awk "BEGIN {print $7 * 1000 / $latency}")"
		else
			record "$1" "$2" "$3" "$contender" "$4" ms "$latency"
		fi
		seen=$((seen + 1))
	done <<<"$(round_latencies "$5")"
	[ "$seen" = "$6" ]
}

# Of the round just run: each contender, and the average time of that command
# in its script, in milliseconds.
round_latencies() {
	awk -v wanted="$1" '
		/^SQL script/ {contender = $0; sub(/.*\/round_/, "", contender); sub(/\.sql.*/, "", contender); on = 0}
		/statement latencies/ {on = 1; n = 0; next}
		on && ++n == wanted {print contender, $1}' "$work/pgbench.out"
}

throughput() {
	sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$work/pgbench.out"
}

# One word a line on what is measured, for the list of tests of the end.
check() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		say "not ok - $2"
	fi
}
