#!/bin/sh
# After the files went. The library itself is never deleted, nor the user to
# whom it belongs.
set -e
case "$1" in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
	if [ -d /var/lib/onlibrary ]; then
		echo "onlibrary: your library is still in /var/lib/onlibrary. Nobody deletes it but you."
	fi
	;;
esac
