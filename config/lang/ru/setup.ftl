# byway setup APP и вопрос перед показом пароля.

setup-ask-password = В ссылке есть пароль из [login]. Показать её здесь?
setup-do = Что сделать
setup-works = Что тогда работает
setup-not = Что не работает и почему

setup-telegram-do =
    Откройте ссылку выше в Telegram (byway setup telegram --open) и согласитесь на прокси.
    Вручную: Настройки, Продвинутые настройки, Тип соединения, Использовать собственный прокси, SOCKS5, хост { $host }, порт { $port }.
    Для телефона: byway share.
setup-telegram-works =
    Сообщения, фотографии и файлы.
setup-telegram-not =
    Скорее всего, звонки: Telegram передаёт их по UDP, и через SOCKS-прокси они у людей остаются на «обмене ключами». К тому же нужен путь, который несёт UDP.
    Системный скрипт прокси: Telegram Desktop его не выполняет. Системный прокси с постоянным адресом он может забыть при смене сети; собственный прокси остаётся.

setup-signal-do =
    Signal Desktop читает прокси из окружения при запуске. Закройте его полностью и запустите так:
setup-signal-linux =
    HTTPS_PROXY=http://{ $address } signal-desktop
    Из Flatpak: flatpak run --env=HTTPS_PROXY=http://{ $address } org.signal.Signal
setup-signal-macos =
    HTTPS_PROXY=http://{ $address } /Applications/Signal.app/Contents/MacOS/Signal
setup-signal-windows =
    В PowerShell: $Env:HTTPS_PROXY = 'http://{ $address }'; & "$Env:LOCALAPPDATA\Programs\signal-desktop\Signal.exe"
setup-signal-works =
    Сообщения, фотографии и файлы на компьютере.
setup-signal-not =
    Звонки: они идут по UDP мимо любого прокси.
    Signal на телефоне: его настройка принимает только собственный вид прокси, которому нужен сервер с доменом. Телефон попадает в byway через роутер, на котором byway запущен.

setup-whatsapp-do =
    На этом компьютере откройте web.whatsapp.com в браузере после команды: byway proxy on
    У настольного приложения нет настройки прокси, и неизвестно, чтобы оно следовало системной.
setup-whatsapp-phone =
    На телефоне: Настройки, Данные и хранилище, Прокси. Ссылка и QR-код: byway share
setup-whatsapp-phone-off =
    Для телефонов byway может быть тем прокси, о котором спрашивает сам WhatsApp: [listen.whatsapp] в конфигурации, затем byway share.
setup-whatsapp-works =
    Сообщения, фотографии и файлы.
setup-whatsapp-not =
    Звонки: WhatsApp не передаёт их через свой прокси, а страница в браузере — через byway.

setup-discord-do =
    Discord при запуске следует системной настройке прокси: byway proxy on, затем полностью закройте Discord и запустите снова.
    Или только для Discord: discord --proxy-server=http://{ $address }
    В браузере: discord.com после byway proxy on.
setup-discord-works =
    Сообщения, картинки и файлы.
setup-discord-not =
    Голос и видео: они идут по UDP мимо любого прокси.
    Программа обновления, которая работает до появления окна, может не следовать настройке; если она зависла, запустите Discord из оболочки после: eval "$(byway env)"
