# From /etc/config/byway to byway's own configuration, on stdout. Sourced after /lib/functions.sh; needs config_load,
# config_get, config_get_bool, config_foreach, config_list_foreach and, for names of networks, network_get_device.
# What a value is, byway itself checks: `byway check` names the line.

# A string as TOML has it.
toml_string() {
	printf '"%s"' "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/\t/\\t/g')"
}

toml_line() {
	[ -n "$2" ] && printf '%s = %s\n' "$1" "$(toml_string "$2")"
	return 0
}

toml_item() {
	[ -n "$TOML_ITEMS" ] && TOML_ITEMS="$TOML_ITEMS, "
	TOML_ITEMS="$TOML_ITEMS$(toml_string "$1")"
}

# toml_list KEY SECTION OPTION [CALLBACK]: nothing when the list is empty
toml_list() {
	TOML_ITEMS=
	config_list_foreach "$2" "$3" "${4:-toml_item}"
	[ -n "$TOML_ITEMS" ] && printf '%s = [%s]\n' "$1" "$TOML_ITEMS"
	return 0
}

# A number stands without quotes; what is none is for `byway check` to name.
toml_number() {
	case "$2" in
	'') ;;
	*[!0-9]*) toml_line "$1" "$2" ;;
	*) printf '%s = %s\n' "$1" "$2" ;;
	esac
}

# A network of OpenWrt's by its device; what is no network is a device already.
toml_device() {
	local device=
	network_get_device device "$1" 2>/dev/null
	toml_item "${device:-$1}"
}

# What a link is a link to.
toml_kind() {
	case "$1" in
	ss://*) echo shadowsocks ;;
	vless://*) echo vless ;;
	trojan://*) echo trojan ;;
	socks*://*) echo socks5 ;;
	http://* | https://*) echo http ;;
	wireguard://* | wg://* | awg://*) echo wireguard ;;
	*) return 1 ;;
	esac
}

toml_transport() {
	local enabled link kind file
	config_get_bool enabled "$1" enabled 1
	config_get link "$1" link
	config_get file "$1" file
	[ "$enabled" = 1 ] || return 0
	if [ -n "$file" ]; then
		printf '\n[transport.%s.wireguard]\n' "$1"
		toml_line file "$file"
		return 0
	fi
	if ! kind=$(toml_kind "$link"); then
		echo "byway: transport $1 has no link that byway knows" >&2
		return 0
	fi
	printf '\n[transport.%s.%s]\n' "$1" "$kind"
	toml_line link "$link"
}

toml_subscription() {
	local enabled url
	config_get_bool enabled "$1" enabled 1
	config_get url "$1" url
	[ "$enabled" = 1 ] || return 0
	printf '\n[subscription.%s]\n' "$1"
	toml_line url "$url"
}

toml_service() {
	local direct
	config_get direct "$1" direct
	printf '\n[service.%s]\n' "$1"
	toml_line direct "$direct"
	toml_list order "$1" order
}

toml_id() {
	local enabled
	config_get_bool enabled "$1" enabled 1
	[ "$enabled" = 1 ] && toml_item "$1"
	return 0
}

toml() {
	local mode port user password log region history metered ipv6 dns
	config_get mode main mode proxy
	config_get port main port
	config_get user main user
	config_get password main password
	config_get log main log warn
	config_get region main region
	config_get history main history memory
	config_get dns main dns
	config_get_bool metered main metered 0
	config_get_bool ipv6 main ipv6 1

	echo "# Made from /etc/config/byway; what is changed here is lost."
	toml_line log "$log"
	toml_line region "$region"
	toml_line history "$history"
	TOML_ITEMS='"direct", "split"'
	config_foreach toml_id transport
	config_foreach toml_id subscription
	printf 'order = [%s]\n' "$TOML_ITEMS"

	printf '\n[listen]\n'
	toml_list proxy main listen
	if [ "$mode" != proxy ]; then
		printf '\n[listen.transparent]\n'
		toml_line mode "$mode"
		toml_number port "$port"
		[ "$ipv6" = 1 ] && echo 'ipv6 = true' || echo 'ipv6 = false'
		printf '\n[firewall]\napply = true\n'
		toml_list lan main lan toml_device
	fi
	if [ -n "$dns" ]; then
		printf '\n[listen.dns]\n'
		toml_line address "$dns"
		toml_list upstream main upstream
	fi
	if [ -n "$user$password" ]; then
		printf '\n[login]\n'
		toml_line user "$user"
		toml_line password "$password"
	fi
	[ "$metered" = 1 ] && printf '\n[detect]\nline = "metered"\n'
	config_foreach toml_transport transport
	config_foreach toml_subscription subscription
	config_foreach toml_service service
	return 0
}
