#!/bin/sh
# After the files went. The library itself is never deleted, nor the user to
# whom it belongs.
set -e
case "$1" in
remove | purge | 0)
	if [ "$1" = purge ]; then
		rm -f /etc/systemd/system/multi-user.target.wants/onlibrary.service \
			/etc/systemd/system/sockets.target.wants/onlibrary-http.socket \
			/etc/systemd/system/sockets.target.wants/onlibrary-https.socket
	fi
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
	if [ -d /var/lib/onlibrary ]; then
		echo "onlibrary: your library is still in /var/lib/onlibrary. Nobody deletes it but you."
	fi
	;;
esac
