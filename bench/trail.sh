# shellcheck shell=bash
#
# The trail and the feed, where the trail has many events.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# What is measured, how many times a round, and what it is called.
trail_parts="history	200	history of a token
middle	200	feed, 100 from the middle
end	200	feed, nothing new
away	3	feed, the first 100 after half of it came"

# All rounds in one session, which has met all pages, as a pool's have.
measure_trail() {
	local what calls name round

	{
		say "SELECT bench.meet_pages() AS met \\gset"
		for round in $(seq "$rounds"); do
			while IFS=$'\t' read -r what calls name; do
				say "SELECT '$name', $round, bench.trail_time('$what', $calls);"
			done <<<"$trail_parts"
		done
	} >"$work/trail.sql"
	sql -F $'\t' -f "$work/trail.sql" >"$work/trail.out" || return
	while IFS=$'\t' read -r name round what; do
		record trail "$trail_events events" "$name" extension "$round" ms "$what"
	done <"$work/trail.out"
}

# Milliseconds that it takes to prune half of the trail.
measure_prune() {
	local milliseconds pruned

	IFS='|' read -r milliseconds pruned <<<"$(sql <<-'SQL'
		SELECT clock_timestamp() AS began \gset
		SELECT api.apitoken_trail_prune(now() - interval '365 days') AS pruned \gset
		SELECT extract(epoch FROM clock_timestamp() - :'began') * 1000, :pruned;
	SQL
	)"
	record trail "$trail_events events" "prune the older half" extension 1 ms "$milliseconds"
	[ "$pruned" -ge $((trail_events / 2 - 100)) ]
}

events_after() {
	sql -c "SELECT jsonb_array_length(api.apitoken_feed(position, 100) -> 'events') FROM bench.positions WHERE name = '$1'"
}

bench_trail() {
	local what calls name

	quietly sql -v events="$trail_events" -f "$bench/sql/trail.sql" || die "the trail could not be filled"
	[ "$(events_after middle) $(events_after away) $(events_after end)" = "100 100 0" ]
	check $? "there is what to tell in the middle, and nothing at the end"
	measure_trail
	check $? "history and feed"
	while IFS=$'\t' read -r what calls name; do
		show_ratios trail "$trail_events events" "$name"
	done <<<"$trail_parts"
	measure_prune
	check $? "half of the trail is pruned"
	show_ratios trail "$trail_events events" "prune the older half"
}
