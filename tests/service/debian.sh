# The life of the Debian package in a copy of this machine that is thrown away: `sh debian.sh PACKAGE FOLDER`, with
# rights of its own over mounts, processes and the network (unshare -m -p -n -f). There is no systemd in it: what the
# unit says is done by hand, as the unit says it.
set -eu
package=$1 folder=$2
mount --make-rprivate /
mount -t tmpfs none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
mount -t proc proc "$folder/root/proc"
mount -t tmpfs run "$folder/root/run"
mount --bind /dev "$folder/root/dev"
cp "$package" "$folder/root/run/byway.deb"
ip link set lo up 2>/dev/null || true
exec chroot "$folder/root" /bin/sh -eu <<'INSIDE'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
is() { test "$1" = "$2" || { echo "$3: $1, not $2"; exit 1; }; }
until_there() { n=0; until "$@" >/dev/null 2>&1; do n=$((n + 1)); test $n -lt 300 || { echo "never: $*"; cat /tmp/said 2>/dev/null; exit 1; }; sleep 0.1; done; }

dpkg -i /run/byway.deb
is "$(stat -c '%a %U:%G' /etc/byway/config.toml)" "640 root:byway" configuration
is "$(stat -c '%a %U:%G' /etc/byway)" "750 root:byway" folder
is "$(getent passwd byway | cut -d: -f6)" /var/lib/byway account
byway check --config /etc/byway/config.toml
man -l /usr/share/man/man1/byway.1.gz >/dev/null 2>&1 || zcat /usr/share/man/man1/byway.1.gz | grep -q 'EXIT STATUS'
bash -n /usr/share/bash-completion/completions/byway
echo INSTALLED

install -d -o byway -g byway -m 700 /run/byway /var/lib/byway
start="/usr/bin/byway run --config /etc/byway/config.toml"
grep -qx "ExecStart=$start" /usr/lib/systemd/system/byway.service
setpriv --reuid byway --regid byway --clear-groups --no-new-privs --bounding-set=-all \
  env -i HOME=/ STATE_DIRECTORY=/var/lib/byway RUNTIME_DIRECTORY=/run/byway $start 2>/tmp/said &
byway=$!
until_there byway --control /run/byway/control.sock log -n 1
byway status | grep -q 127.0.0.1:4180
echo STARTED

mkdir /tmp/site && echo "a page" >/tmp/site/index.html
python3 -m http.server --bind 127.0.0.1 --directory /tmp/site 8000 >/dev/null 2>&1 &
site=$!
until_there curl -s http://127.0.0.1:8000/
is "$(curl -q -s --noproxy '' -x socks5h://127.0.0.1:4180 http://127.0.0.1:8000/)" "a page" "through the proxy"
echo USED

kill -TERM $byway
wait $byway
kill $site
dpkg -r byway
test ! -e /usr/bin/byway
test -e /etc/byway/config.toml
dpkg -P byway
test ! -e /etc/byway
test ! -e /var/lib/byway
echo REMOVED
INSIDE
