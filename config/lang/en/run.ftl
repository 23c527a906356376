# byway run: what it says at its start.

run-listens = byway listens on { $address } (SOCKS5, SOCKS4 and HTTP)
run-whatsapp-chat = byway is a WhatsApp proxy for chat at { $address }
run-whatsapp-media = byway is a WhatsApp proxy for media at { $address }
run-relays = byway relays for its clients at { $address }
run-configuration = configuration: { $name }
run-ways = ways, in order: { $ways }
run-services = services: { $services }
run-no-tunnel = no tunnel yet; give it one with byway import: a Shadowsocks, VLESS or Trojan link, a SOCKS or an HTTP proxy
run-ask = ask it from another terminal: byway status, byway why telegram; stop it with Ctrl-C
run-page = the status page is at { $address }; byway ui prints a link that opens it
run-handed-unserved = the service manager holds { $address } open, and nobody is served there: name it in `listen`, or take it out of the socket's unit
run-broken = transport { $way } cannot be used: { $why }
run-warning = transport { $way }: { $warning }
run-caught = what the firewall brings is taken at { $address }
run-names = names for the LAN are answered at { $address }
run-firewall = the firewall brings the listed services of { $lan }; its rules end with byway
run-firewall-dnsmasq = dnsmasq may fill the sets: a shell takes the rules away when byway dies
run-firewall-unowned = nft cannot own its table here: a shell takes the rules away when byway dies
