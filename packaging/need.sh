#!/bin/sh
# need.sh go|node|tools|ops: says in one line what is missing to build or test, or
# installs it where that is possible without asking.
set -u

missing() {
	echo "onlibrary: $1" >&2
	exit 1
}

# atleast A B: is version A at least version B?
atleast() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

case $1 in
go)
	command -v go >/dev/null || missing "Go 1.21 or later is missing: see https://go.dev/dl"
	have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
	atleast "$have" 1.21 || missing "Go $have is too old: 1.21 or later is needed, see https://go.dev/dl"
	;;
node)
	command -v node >/dev/null || missing "Node.js 20.19 or later is missing: see https://nodejs.org"
	have=$(node --version | sed 's/^v//')
	atleast "$have" 20.19 || missing "Node.js $have is too old: 20.19 or later is needed, see https://nodejs.org"
	command -v npm >/dev/null || missing "npm is missing: it comes with Node.js, see https://nodejs.org"
	;;
tools)
	# What the tests run besides: program, then its Debian package.
	packages=
	for pair in chromium:chromium ffmpeg:ffmpeg ffprobe:ffmpeg pdftoppm:poppler-utils sqlite3:sqlite3 vips:libvips-tools mariadb-install-db:mariadb-server nginx:nginx caddy:caddy systemd-analyze:systemd; do
		command -v "${pair%%:*}" >/dev/null || packages="$packages ${pair#*:}"
	done
	# Debian keeps PostgreSQL's programs out of the way.
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages="$packages postgresql"
	;;
ops)
	# What their machines and images are made of.
	packages=
	for pair in debootstrap:debootstrap systemd-nspawn:systemd-container rpm:rpm buildah:buildah; do
		command -v "${pair%%:*}" >/dev/null || packages="$packages ${pair#*:}"
	done
	;;
esac

if [ -n "${packages:-}" ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		# shellcheck disable=SC2086 # a list of words
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages; } >/dev/null && exit 0
	fi
	missing "the tests need more programs: apt-get install$packages"
fi
