//! What byway knows and does not carry: for each kind one reason, and what carries it instead. Nothing of such a link
//! is read.

/// Why a kind is not carried, by its scheme in a link or its type in a document.
pub(super) fn not_carried(kind: &str) -> &'static str {
    match kind {
        "vmess" => {
            "VMess is not carried: its own encryption gains nothing inside TLS and is easily told without; \
             ask the server for VLESS, or run sing-box and give byway its SOCKS port"
        }
        "hysteria2" | "hy2" | "hysteria2+realm" => {
            "Hysteria 2 is not carried: it needs QUIC with a congestion control of its own; \
             run sing-box and give byway its SOCKS port"
        }
        "hysteria" => {
            "Hysteria 1 is not carried and was given up for Hysteria 2; run sing-box and give byway its SOCKS port"
        }
        "tuic" => "TUIC is not carried: it needs QUIC; run sing-box and give byway its SOCKS port",
        "ssr" => {
            "ShadowsocksR is not carried: its ciphers let what is carried be changed on the way; \
             ask for a Shadowsocks 2022 key"
        }
        "trojan-go" => "Trojan-Go's own additions are not carried; ask for a plain trojan link",
        "anytls" => "AnyTLS is not carried; run sing-box and give byway its SOCKS port",
        "shadowtls" | "shadow-tls" => "ShadowTLS is not carried; run sing-box and give byway its SOCKS port",
        "snell" | "mieru" | "sudoku" | "juicity" => {
            "byway does not carry this protocol; run mihomo and give byway its SOCKS port"
        }
        "ssh" => "SSH is not carried; run `ssh -D` and give byway its SOCKS port",
        "tor" => "Tor is not carried; run it and give byway its SOCKS port",
        "wg" | "wireguard" => "a link has no agreed form for WireGuard; import the wg-quick file",
        "awg" => "a link has no agreed form for AmneziaWG; import the file, or the vpn:// key of AmneziaVPN",
        "socks4" | "socks4a" => "SOCKS4 has no passwords and no UDP; ask for the proxy's SOCKS5 port",
        "tg" => "Telegram's own proxies (MTProto) carry Telegram alone; open the link in Telegram",
        "naive" | "naive+https" | "naive+quic" => "NaiveProxy is not carried; run it and give byway its SOCKS port",
        "ssconf" => {
            "it leads to a key, which may change; make it a list of its own: [subscription.NAME] with url = \"ssconf://…\", \
             or give it alone to byway import"
        }
        "sub" | "sing-box" | "clash" | "clashmeta" | "mihomo" | "hiddify" | "v2rayn" | "v2rayng" | "outline" => {
            "it leads another program to a subscription; give it alone to byway import"
        }
        "direct" | "block" | "reject" | "dns" | "pass" => "it names no server",
        _ => "it is not known; ss, socks5, http, https, vless, trojan and vpn are",
    }
}
