# byway setup APP, and the question before a password is shown.

setup-ask-password = The link holds the password of [login]. Show it here?
setup-do = What to do
setup-works = What works then
setup-not = What does not, and why

setup-telegram-do =
    Open the link above in Telegram (byway setup telegram --open), and say yes to the proxy.
    By hand: Settings, Advanced, Connection type, Use custom proxy, SOCKS5, host { $host }, port { $port }.
    For a phone: byway share.
setup-telegram-works =
    Messages, photos and files.
setup-telegram-not =
    Calls, most likely: Telegram sends them over UDP, and through a SOCKS proxy people see them stay at "exchanging keys". They also need a way that carries UDP.
    The system's proxy script: Telegram Desktop does not run one. With the system's fixed proxy it may forget it when the network changes; the custom proxy stays.

setup-signal-do =
    Signal Desktop reads its proxy from the environment when it starts. Quit it fully, then start it so:
setup-signal-linux =
    HTTPS_PROXY=http://{ $address } signal-desktop
    As a Flatpak: flatpak run --env=HTTPS_PROXY=http://{ $address } org.signal.Signal
setup-signal-macos =
    HTTPS_PROXY=http://{ $address } /Applications/Signal.app/Contents/MacOS/Signal
setup-signal-windows =
    In PowerShell: $Env:HTTPS_PROXY = 'http://{ $address }'; & "$Env:LOCALAPPDATA\Programs\signal-desktop\Signal.exe"
setup-signal-works =
    Messages, photos and files, on the desktop.
setup-signal-not =
    Calls: they go over UDP, past every proxy.
    Signal on a phone: its own proxy setting takes Signal's kind of proxy only, which needs a server with a domain. A phone reaches byway through a router that runs it.

setup-whatsapp-do =
    On this machine use web.whatsapp.com in a browser, after: byway proxy on
    The desktop app has no proxy setting, and is not known to heed the system's.
setup-whatsapp-phone =
    On a phone: Settings, Storage and data, Proxy. The link and a QR code: byway share
setup-whatsapp-phone-off =
    For phones byway can be what WhatsApp's own proxy setting asks for: [listen.whatsapp] in the configuration, then byway share.
setup-whatsapp-works =
    Messages, photos and files.
setup-whatsapp-not =
    Calls: WhatsApp does not send them through its proxy, nor does a browser's page through byway.

setup-discord-do =
    Discord follows the system's proxy setting when it starts: byway proxy on, then quit Discord fully and start it again.
    Or for Discord alone: discord --proxy-server=http://{ $address }
    In a browser: discord.com, after byway proxy on.
setup-discord-works =
    Messages, pictures and files.
setup-discord-not =
    Voice and video: they go over UDP, past every proxy.
    The updater that runs before the window may not follow the setting; when it hangs, start Discord from a shell after: eval "$(byway env)"
