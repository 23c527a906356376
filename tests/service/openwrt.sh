# OpenWrt's own functions as far as byway's files need them, over a file in UCI's syntax, which is the shell's:
# `sh openwrt.sh FILES UCI SCRATCH PROGRAM TASK`.
files=$1 uci=$2 scratch=$3 program=$4 task=$5

SECTIONS=
config() { SECTION=$2; SECTIONS="$SECTIONS $1:$2"; }
option() { eval "option_${SECTION}_$1=\$2"; }
list() { eval "list_${SECTION}_$1=\"\${list_${SECTION}_$1:-}\${list_${SECTION}_$1:+
}\$2\""; }
config_load() { [ -n "$SECTIONS" ] || . "$uci"; }
config_get() { eval "$1=\${option_$2_$3:-\${4:-}}"; }
config_get_bool() {
	config_get "$@"
	eval "case \"\$$1\" in 1 | on | true | yes | enabled) $1=1 ;; *) $1=0 ;; esac"
}
config_foreach() {
	for foreach_entry in $SECTIONS; do
		[ "${foreach_entry%%:*}" = "$2" ] && "$1" "${foreach_entry#*:}"
	done
}
config_list_foreach() {
	eval "foreach_items=\${list_$1_$2:-}"
	[ -n "$foreach_items" ] || return 0
	while IFS= read -r foreach_item; do "$3" "$foreach_item"; done <<-END
		$foreach_items
	END
}
network_get_device() { case "$2" in lan) eval "$1=br-lan" ;; *) return 1 ;; esac; }

if [ "$task" = toml ]; then
	. "$files/toml.sh"
	config_load byway
	toml
	exit
fi

# procd that notes what it is told.
procd_open_instance() { echo "open $*"; }
procd_set_param() { echo "set $*"; }
procd_close_instance() { echo close; }
procd_add_reload_trigger() { echo "trigger $*"; }
chown() { :; }
sed -e "s#^PROGRAM=.*#PROGRAM=$program#" -e "s#/var/etc#$scratch/etc#" -e "s#^STATE=.*#STATE=$scratch/state#" \
	-e "s#^RUN=.*#RUN=$scratch/run#" -e "s#/usr/lib/byway/#$files/#" -e "s#^\(\t\)\. /lib/functions/network.sh#\1:#" \
	"$files/byway.init" >"$scratch/init"
. "$scratch/init"
"$task"
