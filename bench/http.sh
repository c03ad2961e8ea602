# shellcheck shell=bash
#
# Over HTTP: PostgREST with the configuration of deploy/postgrest, with nginx as in
# deploy/nginx before it and without; beside PostgREST that calls the best single
# statement, and a function that answers a constant, with authentication and without;
# and beside nginx without its script.  Without a PostgREST on the PATH
# only the smoke form does anything: with the tests' stand-in for it, whose figures
# say nothing.

# shellcheck disable=SC2154 # scripts/bench and what it sources share their variables

# An API token of Operations, which may all; its secret is in the file.
make_operator() {
	sql -f "$project/deploy/postgrest/roles.sql" -f "$bench/sql/http.sql" >"$work/secret"
}

# shellcheck disable=SC2016 # nginx's own variable
http_folder() {
	quietly nginx_folder "$work/http" &&
		cp "$project"/test/api/{proxy.pl,server.py} "$project/test/postgrest/postgrest.py" \
			"$project"/deploy/postgrest/{postgrest,rescue}.conf "$bench/http_load.py" "$work/http" &&
		# what is measured is not how much is let through
		sed -i -e 's/rate=50r/rate=100000r/' -e 's/\(limit_conn apitoken_[a-z]*\) [0-9]*;/\1 1000;/' \
			-e 's|location = /apitoken-problem {|location = /bench {\n\tinclude apitoken/proxy.conf;\n\tproxy_set_header X-Apitoken-Secret $apitoken_secret;\n\tproxy_pass http://apitoken-postgrest/rpc/apitoken_get;\n}\n&|' \
			"$work/http/conf/apitoken/apitoken.conf" &&
		sed -i 's/rate=50r/rate=100000r/; s/rate=1000r/rate=100000r/' "$work/http/Proxy.pm"
}

bench_http() {
	local seconds=2 connections="2 16 64"

	if ! type postgrest >/dev/null 2>&1; then
		[ "$form" = smoke ] || { say "There is no postgrest on the PATH: left out." && return; }
		connections=2
	fi
	[ "$form" != smoke ] || seconds=0.3
	need_nginx python3 python3-psycopg
	make_operator || die "the operator's token could not be made"
	http_folder || die "nginx's folder could not be made"
	(cd "$work/http" && interruptible as_server env PYTHONDONTWRITEBYTECODE=1 \
		BENCH_POSTMASTER="$(cluster_folder bench)/data/postmaster.pid" /usr/bin/python3 http_load.py \
		"$(cat "$work/secret")" "$accounts" "$total" "$seconds" "$connections") >"$work/http.tsv"
	check $? "http"
	tee -a "$figures" <"$work/http.tsv"
}
