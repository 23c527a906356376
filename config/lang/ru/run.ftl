# byway run: что он говорит при запуске.

run-listens = byway слушает на { $address } (SOCKS5, SOCKS4 и HTTP)
run-whatsapp-chat = byway — прокси WhatsApp для чатов на { $address }
run-whatsapp-media = byway — прокси WhatsApp для файлов на { $address }
run-relays = byway передаёт датаграммы своих клиентов на { $address }
run-configuration = настройки: { $name }
run-ways = пути по порядку: { $ways }
run-services = сервисы: { $services }
run-no-tunnel = туннеля пока нет; добавьте его командой byway import: ссылку Shadowsocks, VLESS или Trojan, прокси SOCKS или HTTP
run-ask = спросить из другого терминала: byway status, byway why telegram; остановить: Ctrl-C
run-page = страница состояния: { $address }; ссылку, которая её откроет, печатает byway ui
run-handed-unserved = диспетчер служб держит открытым { $address }, но там никого не обслуживают: укажите его в `listen` или уберите из юнита сокета
run-broken = путь { $way } использовать нельзя: { $why }
run-warning = путь { $way }: { $warning }
run-caught = то, что приводит межсетевой экран, принимается на { $address }
run-names = на запросы имён из локальной сети отвечают на { $address }
run-firewall = межсетевой экран приводит сервисы из списка с { $lan }; его правила исчезнут вместе с byway
run-firewall-dnsmasq = наборы может заполнять dnsmasq: если byway погибнет, правила уберёт оболочка
run-firewall-unowned = nft здесь не может владеть таблицей: если byway погибнет, правила уберёт оболочка
