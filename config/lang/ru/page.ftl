# Страница состояния и `byway top`.

page-title = byway: что работает
page-skip = К содержанию
page-language = Язык
page-and = { $most } и { $last }
page-comma = ,
page-utc = Время указано по UTC.

page-works = { $count ->
    [one] { $names } — работает.
    [few] { $names } — работают.
   *[many] { $names } — работают.
}
page-works-not = { $count ->
    [one] { $names } — не работает.
    [few] { $names } — не работают.
   *[many] { $names } — не работают.
}
page-mixed = { $name }: { $clauses }.
page-clause-works = { $facets } работают
page-clause-works-not = { $facets } не работают
page-rest = Ещё не проверенное здесь не учтено; оно есть в таблице.
page-unsure-all = Точно пока ничего не известно.

page-facet-text = сообщения
page-facet-media = фото и файлы
page-facet-calls = звонки
page-facet-web = веб-страницы

page-link = { $state }: { $why }.
page-link-online = сеть есть
page-link-offline = сети нет
page-link-captive = страница входа
page-link-whitelist = только сайты внутри страны
page-link-link-bad = плохая линия
page-link-no-blame = Пока это так, ничто не считается заблокированным.
page-ground-not-asked = линию ещё не проверяли
page-ground-anchors-answer = нейтральные сайты отвечают
page-ground-unplugged = у этого компьютера нет выхода в сеть: ни кабеля, ни Wi-Fi, ни маршрута
page-ground-nothing-answers = не отвечает никто — ни внутри страны, ни за рубежом
page-ground-portal = вместо всех отвечает страница входа: откройте браузер и войдите
page-ground-only-domestic = отвечают только сайты внутри страны
page-ground-only-domestic-once = ответили только сайты внутри страны; через минуту проверим снова
page-ground-clock = часы этого компьютера идут неверно: установите дату и время, без этого сертификаты не проверить
page-ground-interception = везде отвечают с чужим сертификатом: антивирус, прокси компании или сама линия
page-ground-path-mtu = большие пакеты на этой линии пропадают: уменьшите MTU
page-ground-lossy = линия теряет слишком много или слишком медленна, чтобы о чём-то судить
page-ground-too-few = отвечает слишком мало нейтральных сайтов, чтобы о чём-то судить
page-ground-resolver-silent = сервер имён этой сети не отвечает ни на одно имя: используется защищённый поиск имён

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
page-why-recovering = снова отвечает, пробуем на части новых соединений
page-why-service-down = не работает сам сервис, на всех путях
page-why-suspect = что-то не так, пока неясно что
page-why-blocked = не работает
page-why-degraded = работает лишь отчасти
page-passed-direct-forbidden = этому сервису нельзя выходить без туннеля
page-passed-tunnel-forbidden = этот сервис всегда идёт напрямую
page-passed-not-the-forced-way = выбран другой путь
page-passed-no-packets = не передаёт UDP
page-passed-streams-instead = вместо QUIC используется TCP
page-passed-unusable = не удалось настроить
page-passed-hostile = вместо сервиса отвечает кто-то другой

page-how-dns-tamper = сервер имён этой сети даёт на него ложный ответ
page-how-ip-drop = пакеты на его адреса пропадают
page-how-tcp-reject = соединения с ним отклоняются по дороге
page-how-sni-rst = соединения обрываются, как только видно его имя
page-how-sni-drop-hello = первое сообщение пропадает по дороге туда
page-how-sni-drop-answer = ответ пропадает на обратном пути
page-how-hello-size = большие первые сообщения пропадают, маленькие проходят
page-how-s2c-drop = всё, что он посылает, пропадает на обратном пути
page-how-freeze = передача замирает после нескольких килобайт
page-how-throttled = он намного медленнее самой линии
page-how-mitm = вместо него отвечает кто-то другой
page-how-http-block = вместо него отвечает страница блокировки
page-how-quic-block = на QUIC, новый вид соединений, он не отвечает
page-how-udp-blocked = на UDP, который нужен для звонков, он не отвечает
page-how-stun-dpi = пакеты установки звонка остаются без ответа, другие проходят
page-how-calls-blocked = его серверы звонков не отвечают, чужие отвечают
page-how-proto-block = его протокол остаётся без ответа, другие данные проходят
page-how-burst-police = несколько соединений сразу замораживаются
page-how-random-drop = часть соединений с ним обрывается
page-how-unidentified = он недоступен, вид блокировки пока неясен

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
