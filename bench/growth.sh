# shellcheck shell=bash
#
# How time and memory grow with the document.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# Peak of the memory that the backend has of its own, in kB.  Shared memory
# counts in the peak that the kernel keeps, but not in this: the pages were all
# touched by a first call, so that part of the peak is what it is now.
own_peak() {
	awk '/^VmHWM/ {peak = $2} /^RssShmem|^RssFile/ {shared += $2} END {print peak - shared}' "/proc/$1/status"
}

own_now() {
	awk '/^RssAnon/ {print $2}' "/proc/$1/status"
}

# Sends a statement to the open session, and keeps the last line of its answer.
ask() {
	printf '%s\n' "$1" '\echo asked' >&"${session[1]}"
	while read -r answer <&"${session[0]}"; do
		[ "$answer" != asked ] || break
		last=$answer
	done
}

growth_token() {
	sql -c "SELECT bench.token_id(first_account) FROM bench.classes WHERE class = 'growth-$1'"
}

measure_growth() {
	local size=$1 round=$2 token pid resources bytes before peak sent statement

	token=$(growth_token "$size")
	statement="SELECT pg_column_size(api.apitoken_get('$token')) AS bytes;"
	last=
	coproc session { psql -XqAt -v ON_ERROR_STOP=1 2>&1; }
	ask "SELECT pg_backend_pid();"
	pid=$last
	ask "SET apitoken.max_list_items = 1000000;"
	ask "SELECT api.apitoken_get((SELECT bench.token_id(last_account) FROM bench.classes WHERE class = 'small')) IS NULL;"
	before=$(own_now "$pid")

	ask "$statement"
	bytes=$last
	as_server sh -c "echo 5 >/proc/$pid/clear_refs"
	ask "$statement"
	peak=$(own_peak "$pid")
	as_server sh -c "echo 5 >/proc/$pid/clear_refs"
	ask "SELECT api.apitoken_get('$token') \\g /dev/null"
	sent=$(own_peak "$pid")

	ask "SELECT count(*) FROM jsonb_path_query(api.apitoken_get('$token'), 'strict \$.** ? (exists(@.\"\$meta\"))');"
	resources=$last
	[ -n "$resources" ] || return
	printf '%s\n' '\q' >&"${session[1]}"
	wait "$session_PID" 2>/dev/null

	record growth "$size" memory extension "$round" bytes "$(awk "BEGIN {print ($peak - $before) * 1024 / $resources}")"
	record growth "$size" "memory to build" extension "$round" x "$(awk "BEGIN {print ($peak - $before) * 1024 / $bytes}")"
	record growth "$size" "memory to build and send" extension "$round" x "$(awk "BEGIN {print ($sent - $before) * 1024 / $bytes}")"
	record growth "$size" resources extension "$round" n "$resources"
	record growth "$size" document extension "$round" bytes "$bytes"
}

# Calls after the first one of a session; the answer is built and not sent.
measure_growth_time() {
	local size=$1 round=$2 resources statement

	statement="SELECT pg_column_size(api.apitoken_get('$(growth_token "$size")'));"
	resources=$(awk -F '\t' -v size="$size" '$1 == "growth" && $2 == size && $3 == "resources" {print $7; exit}' "$figures")
	{
		say "\\if :first"
		say "SET apitoken.max_list_items = 1000000;"
		say "$statement"
		say "\\set first false"
		say "\\endif"
		say "$statement"
	} >"$work/growth.sql"
	run_pgbench -c 1 -t $((200000 / size + 2)) -r -D first=true -f "$work/growth.sql" || return
	record growth "$size" time extension "$round" us "$(awk "BEGIN {print $(command_latency 6) * 1000 / $resources}")"
}

bench_growth() {
	local size round part

	for part in growth growth_time; do
		case $part in
			growth) use_memory returned ;;	# the peak is of what is needed
			growth_time) use_memory kept ;;
		esac
		for round in $(seq "$rounds"); do
			for size in $growth; do
				measure_$part "$size" "$round"
				check $? "$part, $size resources"
			done
		done
	done
}
