# shellcheck shell=bash disable=SC2154 # what lib.sh sets
#
# Sourced, after lib.sh, by what runs the tests:
#
#	tests_packages           what they need, for need_postgresql
#	tests_left_out           those that are not to be run
#	tests_core               those of one SQL session that have most of src/
#	                         between them, for what takes long
#	tests_of_form TOOL       chooses those that take long with a tool, by FORM
#	tests_run [LINE...]      runs them in a private server that has the lines
#	                         given in its configuration
#
#	test/*.sql                       pgTAP tests, each in a new database
#	                                 (marketplace.sql is their data)
#	test/*/run                       programs that print TAP, as above
#	test/regress, test/isolation     PostgreSQL's own kinds (make installcheck)
#
# TESTS="test/a.sql test/b/run" runs just those of the first two kinds; JOBS is
# how many of them run at a time.

shopt -s extglob nullglob

# shellcheck disable=SC2034 # for who sources this
tests_packages=(perl postgresql-@-pgtap libtap-parser-sourcehandler-pgtap-perl)
tests_left_out=()
tests_core="test/golden.sql test/errors.sql test/transitions.sql test/create.sql test/update.sql
	test/authenticate.sql test/fields.sql test/list.sql test/trail.sql test/walk.sql test/index_reads.sql test/direct_writes.sql"

# What FORM=short leaves out, and what a tool leaves out in any form; TESTS names
# what is run in spite of it.
tests_of_form() {
	[ -z "${TESTS:-}" ] || return 0
	case $1:${FORM:-} in
		sanitize:short) TESTS=$tests_core ;;
		valgrind:short) TESTS="test/errors.sql test/transitions.sql" ;;
		valgrind:*) TESTS=$tests_core ;;
		coverage:short) TESTS=$(cd "$project" && echo test/!(marketplace).sql test/{commit,one_node,signals}/run) ;;
	esac
}

# Makes the database that each test gets a copy of.
tests_template() {
	database_create template_apitoken &&
		psql -Xq -v ON_ERROR_STOP=1 -d template_apitoken -c 'CREATE EXTENSION pgtap'
}

# Lists the tests that TESTS names, or else all.
tests_chosen() {
	local tests test

	read -r -d '' -a tests <<<"${TESTS:-}"
	[ ${#tests[@]} -gt 0 ] || tests=(test/!(marketplace).sql test/*/run)
	for test in "${tests[@]}"; do
		[[ " ${tests_left_out[*]} " == *" $test "* ]] || say "$test"
	done
}

# Shows what a command says, and keeps it for the end.
show_and_keep() {
	local kept=$1

	shift
	"$@" | tee "$work/$kept.log"
}

# Says last what has failed: of much that is printed it is the end that is seen.
tests_failed() {
	local kept

	say "--- what has failed"
	for kept in scripts programs; do
		[ ! -e "$work/$kept.log" ] || sed -n '/^# *Failed test/p; /^Test Summary Report/,/^Files=/p' "$work/$kept.log"
	done
	[ ! -e "$work/installcheck.log" ] || grep -E '^not ok|FAILED' "$work/installcheck.log"
}

# Each kind of test has its runner; both take scripts/run-test, which gives each
# test its database.
tests_tap() {
	local test scripts=() programs=() status=0

	for test in $(tests_chosen); do
		case $test in
			*.sql) scripts+=("$test") ;;
			*) programs+=("$test") ;;
		esac
	done

	export PGDATABASE=template_apitoken
	if [ ${#scripts[@]} -gt 0 ]; then
		interruptible show_and_keep scripts pg_prove --failures --comments --jobs "${JOBS:-2}" --ext .sql \
			--psql-bin scripts/run-test "${scripts[@]}" || status=1
	fi
	if [ ${#programs[@]} -gt 0 ]; then
		interruptible show_and_keep programs prove --norc --failures --comments --jobs "${JOBS:-2}" \
			--exec scripts/run-test "${programs[@]}" || status=1
	fi
	export PGDATABASE=postgres
	return $status
}

# The copy of the tests keeps what they write out of the clone.
tests_installcheck() {
	local kind file

	for kind in regress isolation; do
		[ -d "test/$kind" ] || continue
		mkdir -p "$work/build/test" && cp -R "test/$kind" "$work/build/test"
	done
	if interruptible plain_make installcheck >"$work/installcheck.log" 2>&1; then
		sed -n 's/^[# ]*\(All .* passed\.\).*/\1/p' "$work/installcheck.log"
		return 0
	fi

	cat "$work/installcheck.log"
	for file in "$work"/build/build/*/regression.diffs; do
		cat "$file"
	done
	return 1
}

tests_run() {
	local status=0

	cd "$project" || return
	say "Starting a private server ..."
	# which tests that start one have a copy of
	quietly cluster_initialize initialized || die "initdb failed"
	INITIALIZED=$(cluster_folder initialized)/data
	export INITIALIZED
	# a test is one transaction, which a slow machine may take a minute for
	cluster_start main "apitoken.actor_transaction_timeout = 0" "$@"
	quietly tests_template || die "the extension could not be created"

	say "Running the tests ..."
	tests_tap || status=1
	if [ -z "${TESTS:-}" ]; then
		say "Running installcheck ..."
		tests_installcheck || status=1
	fi
	[ ! -e "$work/programs.log" ] || sed -n 's/^\([^ ]*\) \.* *skipped: \(.*\)/Skipped: \1, as \2./p' "$work/programs.log"

	[ $status = 0 ] || {
		cluster_log main
		tests_failed
	} >&2
	return $status
}
