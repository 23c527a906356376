# byway proxy: системная настройка прокси.

proxy-set-pac = { $system }: мессенджеры теперь идут через byway, всё остальное — напрямую
proxy-set-manual = { $system }: теперь всё идёт через byway
proxy-set-both = { $system }: мессенджеры теперь идут через byway; для программ, которые не выполняют скрипт, рядом указан постоянный адрес
proxy-set-environment = { $system }: программы увидят byway после следующего входа в систему; в оболочке — уже сейчас: eval "$(byway env)"
proxy-until = Так будет, пока byway не остановится, или до команды: byway proxy off
proxy-no-script = Telegram и Signal скрипт не выполняют; настройте их так: byway setup telegram, byway setup signal
proxy-never = { $services }: напрямую нельзя никогда, но скрипт не может этого обещать, пока byway не запущен; --mode manual может
proxy-login = Программы спросят имя и пароль из [login].
proxy-foreign-on = { $system }: кто-то другой успел изменить { $what }; именно это и будет возвращено
proxy-given-back = { $system }: как было до byway
proxy-switched-off = { $system }: выключено; что было до byway, неизвестно
proxy-nothing = { $system }: возвращать было нечего
proxy-foreign-off = { $system }: кто-то другой с тех пор изменил { $what }; это оставлено как есть
proxy-foreign-seen = { $system }: кто-то другой изменил { $what } после включения byway
proxy-off-nothing = byway не менял системную настройку прокси.
proxy-no-system = Настроек прокси рабочего стола здесь не найдено.
proxy-left-behind = Тот byway, к которому это ведёт, уже не работает. byway proxy off вернёт всё как было; следующий запуск byway — тоже.
proxy-seen-off = без прокси
proxy-seen-fixed = прокси { $at }
proxy-seen-script = скрипт на { $at }
proxy-seen-other = свой выбор системы
proxy-seen-unreadable = прочитать не удалось
proxy-ours = byway
