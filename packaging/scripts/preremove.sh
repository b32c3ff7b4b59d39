#!/bin/sh
# Before the files go. On an upgrade the service goes on until the new version
# is there: Debian says "upgrade", RPM that one version is left.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop onlibrary-http.socket onlibrary-https.socket onlibrary.service
	fi
	;;
esac
# Debian keeps what is set until it is purged, whether it starts by itself too.
if [ "$1" = 0 ] && command -v systemctl >/dev/null; then
	systemctl --quiet disable onlibrary-http.socket onlibrary-https.socket onlibrary.service
fi
