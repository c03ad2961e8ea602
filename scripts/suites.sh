# shellcheck shell=bash disable=SC2154 # what lib.sh sets
#
# Sourced, after lib.sh, by what runs in other Debians than this machine's, as
# root:
#
#	need_suites              installs what makes them
#	suite_open SUITE         makes its folder, and copies the project to
#	                         /srv/apitoken in it
#	inside SUITE COMMAND...  runs a command in it
#	major_of SUITE           prints the major version of its PostgreSQL
#
# A suite is a folder that debootstrap makes.  They take some GB, and are
# kept in MATRIX_CACHE, where the next run finds them.  What runs in one has
# mounts, processes and shared memory of its own, so that nothing of it is left
# at the end, however it ends.

cache=${MATRIX_CACHE:-${XDG_CACHE_HOME:-/var/cache}/apitoken-matrix}

need_suites() {
	[ "$(id -u)" = 0 ] || die "needs root, to make folders with debootstrap and to run what is in them"
	need_packages debootstrap debian-archive-keyring util-linux
}

# Debian's mirror, as this machine's apt is set up.
mirror() {
	# shellcheck disable=SC2016 # apt's own kind of variable
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' |
		grep -v -e '-security$' | head -n 1
}

# Runs a program with processes, mounts and shared memory of its own: all of
# them end with it.
apart() {
	unshare --mount --pid --ipc --fork --kill-child --mount-proc -- "$@"
}

# inside SUITE COMMAND...: runs a command in a suite's folder, with this
# machine's network and devices; of the environment it sees what is named here.
inside() {
	local folder=$cache/$1 variable passed=()

	shift
	for variable in http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS CI PG_CONFIG OLD_BINDIR TESTS JOBS FORM; do
		[ -z "${!variable:-}" ] || passed+=("$variable=${!variable}")
	done
	# shellcheck disable=SC2016 # expanded by the shell it is for
	apart sh -c '
		folder=$1
		shift
		mount --rbind /dev "$folder/dev" && mount -t proc proc "$folder/proc" || exit 1
		exec chroot "$folder" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		sh "$folder" "${passed[@]}" "$@"
}

make_suite() {
	local suite=$1 folder=$cache/$1

	mkdir -p "$cache" && rm -rf "$folder.new" &&
		apart debootstrap --variant=minbase --include=ca-certificates,make \
			"$suite" "$folder.new" "$(mirror)" &&
		mv "$folder.new" "$folder"
}

# No service starts there, and no cluster is made: the tests have their own.  A
# mirror may be behind; sid's index says for a week only that it is new.
set_up_suite() {
	local folder=$cache/$1

	cp /etc/resolv.conf "$folder/etc/resolv.conf" &&
		mkdir -p "$folder/etc/postgresql-common/createcluster.d" &&
		echo "create_main_cluster = false" >"$folder/etc/postgresql-common/createcluster.d/none.conf" &&
		printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d" &&
		chmod 755 "$folder/usr/sbin/policy-rc.d" &&
		echo 'Acquire::Check-Valid-Until "false";' >"$folder/etc/apt/apt.conf.d/90apitoken"
}

# Whom this machine trusts beyond Debian's own list, a suite trusts.
copy_certificates() {
	local certificates=/usr/local/share/ca-certificates

	compgen -G "$certificates/*" >/dev/null || return 0
	cp -R "$certificates/." "$cache/$1$certificates" && quietly inside "$1" update-ca-certificates
}

# What git has or would have of this folder, as a clean clone that nobody else
# writes to; its path has a space in it, as a user's may.
copy_project() {
	local folder="$cache/$1/srv/api token"

	rm -rf "$folder" "$cache/$1/srv/apitoken" && mkdir -p "$folder" && ln -s "api token" "$cache/$1/srv/apitoken" &&
		git -C "$project" ls-files -z --cached --others --exclude-standard |
		tar -C "$project" --null --ignore-failed-read -T - -c 2>/dev/null | tar -C "$folder" --no-same-owner -x
}

# Makes a suite's folder if it is not there, and gives it the certificates and
# the project.
suite_open() {
	if [ ! -d "$cache/$1" ]; then
		say "Making a Debian $1 ..."
		quietly make_suite "$1" || return
		set_up_suite "$1" || return
	fi
	copy_certificates "$1" && copy_project "$1"
}

# The major version of a suite's own PostgreSQL.
major_of() {
	inside "$1" sh -c 'apt-cache show postgresql >/dev/null 2>&1 || apt-get update >/dev/null 2>&1; /srv/apitoken/scripts/pg-major'
}
