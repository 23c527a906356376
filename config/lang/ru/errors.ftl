# Ошибки, которые встречаются чаще всего.

errors-head = ошибка:
errors-not-running = byway по адресу { $place } не запущен; запустите его командой `byway run` или назовите другой с --control
errors-already-running = по адресу { $place } уже работает другой byway; остановите его или дайте этому другой --control
errors-permission = нет доступа к { $place }: { $why }; запустите команду под тем же пользователем, что и byway
errors-open-folder = папка { $place } открыта другим пользователям (права { $mode }); возьмите такую, куда входите только вы (0700)
errors-gone = byway по адресу { $place } разорвал связь; он остановлен?
errors-too-long = byway по адресу { $place } не ответил за { $secs } с
errors-port-in-use = { $address } занят другой программой: остановите её или выберите другой порт
errors-port-not-permitted = нет права слушать { $address }: выберите порт больше 1023 или выдайте такое право
errors-address-not-ours = { $address } не адрес этого компьютера
errors-config = { $count ->
    [one] в настройках { $count } ошибка; ничего не запущено и не изменено
    [few] в настройках { $count } ошибки; ничего не запущено и не изменено
   *[many] в настройках { $count } ошибок; ничего не запущено и не изменено
}
errors-nobody = ответить «да» некому: это не терминал; добавьте --yes
errors-left-out = этот byway собран малым, без `byway { $command }`: команда есть в пакетах для компьютеров
errors-nothing-done = ничего не сделано
