# shellcheck shell=bash
#
# Sourced by the scripts of this folder and by tests that need a server of
# their own:
#
#	need_postgresql [PACKAGE...]     installs what is missing
#	workspace_open                   makes $work, removed at the end
#	extension_install [VARIABLE...]  builds into a private PostgreSQL
#	cluster_start NAME [LINE...]     starts a private server
#	cluster_use NAME                 psql and its like go there from now on
#	cluster_stop NAME                stops it; $work's end does that too
#
# Nothing outside of $work is written to, but for missing packages, so several
# runs and servers can share a machine.

set -uo pipefail

# src/**/*.c are the files of every folder.
shopt -s globstar

# What we make must be readable by the user that the server runs as.
umask 022

# Messages are the same for everyone, and no tool warns of a missing locale.
export LC_ALL=C.UTF-8

# Servers are there, such as nginx and PgBouncer, and it is not on a user's path.
PATH=$PATH:/usr/sbin

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=
child=
build_config=

say() {
	printf '%s\n' "$*"
}

# The version that CREATE EXTENSION makes.
extension_version() {
	sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$project/apitoken.control"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

#
# Packages
#

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root, or fails at once where that would ask for a password
# that nobody is there to type.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && type sudo >/dev/null 2>&1; }; then
		sudo "$@"
	else
		return 1
	fi
}

# Debian's server package creates and starts a system-wide server when it is
# installed first.  Nobody asked us for one, so it is told not to, in the
# folder meant for such settings and only while we install: the machine's own
# configuration is as before, and servers that are there are not touched.  The
# same goes for any other service: policy-rc.d is Debian's way to say that none
# is to be started.
# shellcheck disable=SC2016 # expanded by the shell that root runs
install_as_root='
	export DEBIAN_FRONTEND=noninteractive
	folder=/etc/postgresql-common/createcluster.d
	setting=$folder/no-main-cluster-$$.conf
	policy=/usr/sbin/policy-rc.d
	[ -e $policy ] && policy=
	trap "rm -f $setting $policy; rmdir --ignore-fail-on-non-empty $folder" EXIT
	trap "exit 1" HUP INT TERM
	[ -z "$policy" ] || { printf "#!/bin/sh\nexit 101\n" >$policy && chmod 755 $policy; }
	mkdir -p $folder &&
	echo "create_main_cluster = false" >$setting &&
	apt-get update &&
	apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"'

# Installs those of the packages that are missing.
need_packages() {
	local package missing=()

	# not a Debian: the steps that need something will say so themselves
	type dpkg-query >/dev/null 2>&1 || return 0

	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return

	say "Installing ${missing[*]} ..."
	as_root true || die "these packages are missing; as root:
apt-get update && apt-get install --no-install-recommends ${missing[*]}"
	# one at a time: tests that run side by side may each miss something
	as_root flock /var/lib/dpkg sh -c "$install_as_root" sh "${missing[@]}" \
		>"$work/apt.log" 2>&1 </dev/null ||
		die "packages could not be installed:
$(tail -n 20 "$work/apt.log")"
}

# Is there no such package in this Debian?  It is not said unless apt has just
# been told of all that there are.
is_unknown() {
	! is_installed "$1" && ! apt-cache show "$1" >/dev/null 2>&1 &&
		as_root flock /var/lib/dpkg apt-get update --error-on=any >/dev/null 2>&1 &&
		! apt-cache show "$1" >/dev/null 2>&1
}

# need_module NAME: another extension's library, from Debian's package of it for
# this PostgreSQL, is where the private copy finds it.  Fails where there is none.
need_module() {
	local library

	library=$("$PG_CONFIG" --pkglibdir)/$1.so
	if [ ! -e "$library" ]; then
		case $PG_CONFIG in
			/usr/bin/* | /usr/lib/postgresql/*) ;;
			*) return 1 ;;
		esac
		is_unknown "postgresql-$major-$1" && return 1
		need_packages "postgresql-$major-$1"
	fi
	# the copy may be older than the package
	[ -z "${APITOKEN_ROOT:-}" ] || ln -sfn "$library" "$APITOKEN_ROOT$library"
}

# Finds the PostgreSQL to build for, and sees that it, the compiler and the
# packages given are there; @ in their names stands for its major version.
need_postgresql() {
	local packages=(gcc libc6-dev make "$@")

	[ -n "$work" ] || workspace_open

	# what plain "make" would take
	[ -e "$(pg_config --pgxs 2>/dev/null)" ] && PG_CONFIG=${PG_CONFIG:-pg_config}

	if [ -n "${PG_CONFIG:-}" ]; then
		PG_CONFIG=$(realpath -s "$(type -P "$PG_CONFIG")" 2>/dev/null) ||
			die "PG_CONFIG names no program"
		export PG_CONFIG
	fi

	major=$("$project/scripts/pg-major")
	if [ -z "$major" ]; then
		as_root apt-get update >/dev/null 2>&1
		major=$("$project/scripts/pg-major") ||
			die "no PostgreSQL found; say which one with PG_CONFIG=/path/to/pg_config"
	fi

	# a PostgreSQL that is not from packages has to be complete by itself
	PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$major/bin/pg_config}
	case $PG_CONFIG in
		/usr/bin/* | /usr/lib/postgresql/*) packages+=("postgresql-@" "postgresql-server-dev-@") ;;
		*) packages=("${packages[@]/postgresql-@*/}") ;;
	esac

	# unquoted: drops the names that were emptied
	# shellcheck disable=SC2068
	need_packages ${packages[@]//@/$major}
	export PG_CONFIG
}

#
# Temporary folder and end of the run
#

# Answers a signal as soon as it arrives: bash itself would wait for the
# command to end first.  The command gets a process group of its own, so that
# whatever it started ends with it.
interruptible() {
	local status

	set -m
	"$@" </dev/null &
	child=$!
	set +m
	wait "$child"
	status=$?
	child=
	return $status
}

# Runs a step of which nothing is seen unless it fails.
quietly() {
	interruptible "$@" >"$work/step.log" 2>&1 && return
	cat "$work/step.log" >&2
	return 1
}

# Ends a process group, and waits until it has tidied up after itself.
end_group() {
	local tenth

	kill -- "-$1" 2>/dev/null
	for tenth in {1..150}; do
		[ "$tenth" = 100 ] && kill -KILL -- "-$1" 2>/dev/null
		kill -0 -- "-$1" 2>/dev/null || return 0
		sleep 0.1
	done
}

workspace_close() {
	local folder

	trap '' HUP INT TERM
	[ -n "$child" ] && end_group "$child"
	for folder in "$work"/*.cluster; do
		[ -d "$folder" ] && cluster_stop "$(basename "$folder" .cluster)"
	done
	rm -rf "$work"
}

# The folder is named in short and lies where the server's user may go: a
# socket's path has at most 107 bytes.
workspace_open() {
	local parent=${TMPDIR:-/tmp}

	set_server_user
	[ ${#parent} -le 60 ] && as_server test -x "$parent" || parent=/tmp
	work=$(mktemp -d "$parent/apitoken.XXXXXX") || exit 1
	trap workspace_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	chmod 711 "$work"
}

#
# Private PostgreSQL
#

# PostgreSQL finds its folders from where its program is, so a copy of the
# programs, beside links to everything else, is an installation that a build
# can be installed into without a right to write to the system's.
private_postgresql() {
	local bin lib share

	bin=$("$PG_CONFIG" --bindir) || return
	lib=$("$PG_CONFIG" --pkglibdir) || return
	share=$("$PG_CONFIG" --sharedir) || return

	mkdir -p "$root$bin" "$root$lib" "$root$share" &&
		cp -L "$bin"/* "$root$bin" &&
		cp -as "$lib/." "$root$lib" &&
		cp -as "$share/." "$root$share" || return

	# an apitoken of the system must not be mistaken for ours
	rm -f "$root$lib"/apitoken.* "$root$share"/extension/apitoken[.-]*
}

# Builds in a copy, so that a run neither finds nor leaves objects of another
# compiler, PostgreSQL, user or set of flags.  It costs some seconds; bitcode
# for inlining by the JIT compiler would double them and no test needs it.  Who sets
# build_config has it built by that pg_config, and installed by PG_CONFIG's.
build_extension() {
	mkdir -p "$work/build" &&
		cp -R "$project"/{Makefile,apitoken.control,scripts,sql} "$work/build" &&
		(cd "$project" && cp --parents src/**/*.[ch] "$work/build") &&
		plain_make -j "$(nproc)" with_llvm=no "$@" PG_CONFIG="${build_config:-$PG_CONFIG}" &&
		plain_make with_llvm=no "$@" install DESTDIR="$root"
}

# Prints variables for make, one a line, by which it takes what make check has
# compiled, by a copy of compile-once, as the project's own path may have spaces; or,
# where nothing is kept, builds quickly.  Mistakes show sooner with warnings as errors
# and PostgreSQL's assertions; nobody debugs what is gone soon.
compiled_variables() {
	if [ -n "${COMPILED:-}" ]; then
		printf '%s\n' "CC=$COMPILED/compile-once $("$PG_CONFIG" --cc)" \
			"COPT=-Werror -DUSE_ASSERT_CHECKING -g0"
	else
		say "COPT=-O0 -g0"
	fi
}

# A make that knows nothing of the one which may have called us.
plain_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES \
		make -s -C "$work/build" PG_CONFIG="$PG_CONFIG" "$@"
}

# Builds the extension, with variables for make if any, and installs it into a
# private copy of PostgreSQL, whose programs become the ones in PATH.  A test
# that was started by such a run has all that already.
extension_install() {
	local variable

	[ -n "${APITOKEN_ROOT:-}" ] && return

	# the settings of the user's own servers
	for variable in "${!PG@}"; do
		[ "$variable" = PG_CONFIG ] || unset "$variable"
	done

	say "Building apitoken for $("$PG_CONFIG" --version) ..."
	root=$work/root
	quietly private_postgresql || die "PostgreSQL could not be copied to $root"
	quietly build_extension "$@" || die "the build failed"
	export APITOKEN_ROOT=$root
	PATH=$root$("$PG_CONFIG" --bindir):$PATH
}

#
# Private servers
#

# PostgreSQL refuses to run as root.
set_server_user() {
	server_user=$(id -un)
	[ "$(id -u)" = 0 ] || return
	server_user=postgres
	id postgres >/dev/null 2>&1 || server_user=nobody
}

# Runs a command as the user that the servers run as.
as_server() {
	if [ "$server_user" = "$(id -un)" ]; then
		"$@"
	else
		setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --init-groups -- "$@"
	fi
}

# Prints a cluster's folder.  It holds the socket, "data" and "log", and only
# the server's user and root can enter it: whoever reaches the socket is a
# superuser of that server.
cluster_folder() {
	say "$work/$1.cluster"
}

# Makes a cluster's folder; its data is for the caller to put there.
cluster_make() {
	local folder

	folder=$(cluster_folder "$1")
	mkdir -m 700 "$folder" || return
	[ "$server_user" = "$(id -un)" ] || chown "$server_user:" "$folder"
}

# With what initdb has made for the run that this one is a part of, if it has.
cluster_initialize() {
	local data

	data=$(cluster_folder "$1")/data
	cluster_make "$1" &&
		cd / || return # a folder which the server's user can be in
	if [ -n "${INITIALIZED:-}" ]; then
		cp -a --reflink=auto "$INITIALIZED" "$data"
	else
		as_server initdb -D "$data" --auth=trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync
	fi
}

# Starts it by the program that APITOKEN_POSTGRES names, if any, which does so in
# an environment of its own: a sanitizer's, or in a debugger.
cluster_launch() {
	local folder

	folder=$(cluster_folder "$1")
	cd / && as_server pg_ctl -D "$folder/data" -l "$folder/log" -w -t 600 \
		${APITOKEN_POSTGRES:+-p "$APITOKEN_POSTGRES"} start
}

# Starts a server that only sockets lead to, with the given lines added to its
# configuration, and makes psql and its like use it.  A cluster whose folder
# is there already (cluster_make, then pg_basebackup) keeps its data.
cluster_start() {
	local name=$1 folder

	shift
	folder=$(cluster_folder "$name")
	[ -d "$folder" ] || quietly cluster_initialize "$name" || die "initdb failed"

	# no fsync: the data need not survive the machine
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$folder'" \
		"fsync = off" "$@" | as_server tee -a "$folder/data/postgresql.conf" >/dev/null
	quietly cluster_launch "$name" || {
		cluster_log "$name" >&2
		die "the server did not start"
	}
	cluster_use "$name"
}

cluster_use() {
	PGHOST=$(cluster_folder "$1")
	export PGHOST PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Shows the end of a server's log.
cluster_log() {
	say "--- end of the server's log"
	tail -n 40 "$(cluster_folder "$1")/log"
}

# Stops a server at once.  A signal needs no program: the ones in PATH may be
# gone when a whole run is stopped.
cluster_stop() {
	local lock pid tenth

	lock=$(cluster_folder "$1")/data/postmaster.pid
	pid=$(head -n 1 "$lock" 2>/dev/null) || return 0
	kill -QUIT "$pid" 2>/dev/null
	for tenth in {1..150}; do
		[ "$tenth" = 100 ] && kill -KILL "$pid" 2>/dev/null
		[ -e "$lock" ] && kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
}

# Makes a database with the extension in schema api; fails with psql's message.
database_create() {
	createdb "$1" &&
		psql -Xq -v ON_ERROR_STOP=1 -d "$1" \
			-c 'CREATE SCHEMA api' -c 'CREATE EXTENSION apitoken SCHEMA api'
}

load_sample() {
	database_create marketplace &&
		psql -Xq -v ON_ERROR_STOP=1 -d marketplace -f "$project/test/marketplace.sql"
}

# Makes the database "marketplace" with the sample data, and uses it.
sample_database() {
	quietly load_sample || die "the sample data could not be loaded"
	export PGDATABASE=marketplace
}
