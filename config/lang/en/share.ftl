# byway share: what phones on the same network need.

share-nothing = byway listens for this machine only. For phones, name an address of your network: listen = ["192.168.1.2:4180"] with a [login], or [listen.whatsapp]
share-telegram = Telegram on a phone
share-telegram-text = Scan it with the camera, or send the link to yourself in Telegram and tap it.
share-script = Proxy script for the Wi-Fi settings: messengers' pages only
share-script-text = In the phone's Wi-Fi settings: Proxy, Automatic, and this address. Browsers heed it; most messengers do not.
share-wifi = Proxy by hand for the Wi-Fi settings: every program that heeds them
share-wifi-text = In the phone's Wi-Fi settings: Proxy, Manual, host { $host }, port { $port }.
share-wifi-login = In the phone's Wi-Fi settings: Proxy, Manual, host { $host }, port { $port }, user { $user }, and the password of [login]. Android asks for these when a page is opened, and some programs cannot.
share-whatsapp = WhatsApp on a phone
share-whatsapp-text = Scan it, or by hand: Settings, Storage and data, Proxy. Everybody on your network can use this door: the app knows no password. Calls do not go through it.
