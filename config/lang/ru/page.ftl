# Страница состояния и `byway top`.

page-title = byway: что работает
page-skip = К содержанию
page-language = Язык
page-utc = Время указано по UTC.

page-rest = Ещё не проверенное здесь не учтено; оно есть в таблице.

page-link-online = сеть есть
page-link-offline = сети нет
page-link-captive = страница входа
page-link-whitelist = только сайты внутри страны
page-link-link-bad = плохая линия
page-link-no-blame = Пока это так, ничто не считается заблокированным.
page-ground-not-asked = линию ещё не проверяли

page-services = Сервисы и пути
page-services-hint = Строка — часть сервиса, столбец — путь наружу. Путь, которым сейчас идёт трафик, обведён.
page-service = Сервис
page-part = Часть
page-everything = всё
page-in-use = используется
page-first-choice = первый выбор
page-quiet = Ещё не использовались и не проверялись: { $names }.
page-no-way = путей не осталось
page-milliseconds = { $count } мс
page-forced-until = Вы выбрали { $way } до { $time }.
page-forced = Вы выбрали { $way } до перезапуска byway.
page-give-back = Снова автоматически
page-last-block = Последняя блокировка: { $time }
page-state-ok = работает
page-state-degraded = частично
page-state-suspect = под вопросом
page-state-blocked = заблокировано
page-state-recovering = возвращается
page-state-service-down = сервис не работает
page-state-probe-stale = работает
page-state-unknown = ещё не проверено
page-state-not-used = не используется
page-why-probe-stale = соединения работают, не проходит только проверка
page-passed-not-the-forced-way = выбран другой путь
page-passed-streams-instead = вместо QUIC используется TCP

page-timeline = Блокировки и переключения
page-day = 24 часа
page-week = 7 дней
page-now = сейчас
page-history-off = История выключена, рисовать нечего; history = "memory" в настройках хранит её, пока byway работает.
page-nothing-yet = За это время ничего не произошло.
page-events = Что произошло
page-older = Раньше
page-lane = { $service }, { $part }: { $spans }
page-lane-span = { $way } { $share }
page-share = { $percent } %
page-share-small = меньше 1 %
page-not-running = соединений не было или byway не работал
page-mark-block = обнаружена блокировка
page-event-started = byway запущен
page-event-stopped = byway остановлен
page-event-reloaded = настройки прочитаны заново
page-event-network = другая сеть
page-event-link = сеть: { $from } → { $to }
page-event-use = { $service }: вы выбрали { $way }
page-event-use-auto = { $service }: снова автоматически
page-event-way = { $service }, { $part }: теперь через { $way }
page-event-way-from = { $service }, { $part }: { $from } → { $way }
page-event-way-none = { $service }, { $part }: путей не осталось
page-event-blocked = { $service }, { $part }: путь { $way } заблокирован
page-event-ok = { $service }, { $part }: путь { $way } снова работает
page-event-degraded = { $service }, { $part }: путь { $way } работает лишь отчасти
page-event-service-down = { $service }, { $part }: не работает сам сервис

page-ways = Пути наружу
page-way = Путь
page-kind = Вид
page-state = Состояние
page-udp = UDP
page-last-good = Последний ответ
page-ready = готов
page-broken = не удалось настроить: { $why }
page-lists = Списки серверов
page-list = Список
page-servers = { $count ->
    [one] { $count } сервер
    [few] { $count } сервера
   *[many] { $count } серверов
}
page-quota = Трафик
page-used-of = израсходовано { $used } из { $total }
page-used = израсходовано { $used }
page-in-all = всего { $total }
page-ends = Действует до
page-ended = закончился { $time }
page-fetched = Получен
page-unknown = неизвестно
page-fetch-failed = последняя загрузка не удалась на этапе { $stage }
page-connections = Открытые соединения
page-connections-hint = По сервисам, никогда по адресам; байты — у соединений, открытых сейчас.
page-open = Открыто
page-sent = Отправлено
page-received = Получено
page-no-connections = Открытых соединений нет.
page-counted = Соединений с запуска: { $connections }; незаметно переведено на другой путь: { $saved }; не удалось: { $failed }. Проверок: { $probes }, { $bytes }.
page-running = byway { $version }, работает { $span }.

page-do = Решить самому
page-force = Направить сервис по пути
page-automatic = автоматически
page-for = На срок
page-for-hour = 1 час
page-for-ever = до перезапуска byway
page-force-button = Использовать этот путь
page-test = Проверить сейчас
page-test-hint = Проверка говорит на протоколе самого сервиса, как его приложение.
page-all-services = все сервисы
page-test-button = Проверить
page-stop-button = Остановить
page-testing = Проверяем…
page-tested = Ответили { $well } из { $all } проверенных путей.
page-tested-none = Проверять было нечего.
page-stopped = Остановлено.
page-chosen-hour = { $service } идёт через { $way } в течение часа.
page-chosen = { $service } идёт через { $way } до перезапуска byway.
page-chosen-auto = { $service } снова выбирает путь автоматически.
page-undo = Отменить
page-refused = Не выполнено: { $why }
page-lost = byway не отвечает; страница может быть устаревшей.
page-close = Закрыть

# Проверка.
page-doctor = Проверка
page-doctor-button = Проверить всё
page-doctor-progress = { $check }: проверено { $looked } из { $planned }
page-doctor-stop = Остановить проверку
page-doctor-busy = Проверка или обследование уже идёт; попробуйте снова, когда закончится.
page-doctor-over = Проверено:
page-doctor-what = Что
page-doctor-why = Почему и что делать
page-doctor-note = к сведению
