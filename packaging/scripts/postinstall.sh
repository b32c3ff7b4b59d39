#!/bin/sh
# After the files are there. Debian says "configure" and the version before, if
# there was one; RPM says how many versions there are now.
set -e
case "$1" in
configure) before=$2 ;;
1) before= ;;
2) before=another ;;
*) exit 0 ;; # an upgrade that was given up
esac

if ! getent passwd onlibrary >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/onlibrary --no-create-home \
		--shell /usr/sbin/nologin --comment OnLibrary onlibrary
fi
# The service makes this folder too, but commands may come before its first start.
install -d -m 0700 -o onlibrary -g onlibrary /var/lib/onlibrary
# It may hold passwords: the service reads it, others do not.
chown root:onlibrary /etc/onlibrary/onlibrary.env
chmod 0640 /etc/onlibrary/onlibrary.env

if [ -z "$before" ] && command -v systemctl >/dev/null; then
	systemctl --quiet enable onlibrary.service
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# Not where someone has turned it off. The new version saves the data and
	# brings the database up to date, which may take a while.
	if systemctl --quiet is-active onlibrary.service || systemctl --quiet is-enabled onlibrary.service; then
		systemctl restart onlibrary.service || echo "onlibrary: it did not start; see: journalctl -u onlibrary" >&2
	fi
fi
