# Что замечено и что об этом известно, для всех команд.

words-comma = { ", " }
words-and = { $most } и { $last }
words-secs = { $count } с
words-mins = { $count } мин
words-hours = { $count } ч
words-days = { $count } д
words-two-spans = { $large } { $small }
words-facet-text = сообщения
words-facet-media = фото и файлы
words-facet-calls = звонки
words-facet-web = веб-страницы
words-link-online = сеть есть
words-link-offline = сети нет
words-link-captive = страница входа
words-link-whitelist = только сайты внутри страны
words-link-link-bad = плохая линия
words-link-reason = { $state }: { $why }.
words-no-blame-offline = Пока её нет, ничто не считается заблокированным.
words-no-blame-captive = Пока никто не вошёл, ничто не считается заблокированным.
words-no-blame-whitelist = Больше ничто не считается заблокированным.
words-no-blame-link-bad = Пока это не исправлено, ничто не считается заблокированным.
words-ground-anchors-answer = нейтральные сайты отвечают
words-ground-unplugged = у этого компьютера нет выхода в сеть: ни кабеля, ни Wi-Fi, ни маршрута
words-ground-nothing-answers = не отвечает никто — ни внутри страны, ни за рубежом
words-ground-portal = вместо всех отвечает страница входа: откройте браузер и войдите
words-ground-only-domestic = отвечают только сайты внутри страны
words-ground-only-domestic-once = ответили только сайты внутри страны; через минуту проверим снова
words-ground-clock = часы этого компьютера идут неверно: установите дату и время, без этого сертификаты не проверить
words-ground-interception = везде отвечают с чужим сертификатом: антивирус, прокси компании или сама линия
words-ground-path-mtu = большие пакеты на этой линии пропадают: уменьшите MTU
words-ground-lossy = линия теряет слишком много или слишком медленна, чтобы о чём-то судить
words-ground-too-few = отвечает слишком мало нейтральных сайтов, чтобы о чём-то судить
words-ground-resolver-silent = сервер имён этой сети не отвечает ни на одно имя: используется защищённый поиск имён
words-how-dns-tamper = сервер имён этой сети даёт на него ложный ответ
words-how-ip-drop = пакеты на его адреса пропадают
words-how-tcp-reject = соединения с ним отклоняются по дороге
words-how-sni-rst = соединения обрываются, как только видно его имя
words-how-sni-drop-hello = первое сообщение пропадает по дороге туда
words-how-sni-drop-answer = ответ пропадает на обратном пути
words-how-hello-size = большие первые сообщения пропадают, маленькие проходят
words-how-s2c-drop = всё, что он посылает, пропадает на обратном пути
words-how-freeze = передача замирает после нескольких килобайт
words-how-throttled = он намного медленнее самой линии
words-how-mitm = вместо него отвечает кто-то другой
words-how-http-block = вместо него отвечает страница блокировки
words-how-quic-block = на QUIC, новый вид соединений, он не отвечает
words-how-udp-blocked = на UDP, который нужен для звонков, он не отвечает
words-how-stun-dpi = пакеты установки звонка остаются без ответа, другие проходят
words-how-calls-blocked = его серверы звонков не отвечают, чужие отвечают
words-how-proto-block = его протокол остаётся без ответа, другие данные проходят
words-how-burst-police = несколько соединений сразу замораживаются
words-how-random-drop = часть соединений с ним обрывается
words-how-unidentified = он недоступен, вид блокировки пока неясен
words-phase-unknown = ещё не проверено
words-phase-ok = работает
words-phase-suspect = под вопросом
words-phase-degraded = частично
words-phase-blocked = заблокировано
words-phase-recovering = возвращается
words-phase-service-down = сервис не работает
words-phase-probe-stale = работает
words-reason-recovering = снова отвечает, пробуем на части новых соединений
words-reason-service-down = не работает сам сервис, на всех путях
words-reason-probe-stale = соединения работают, не проходит только проверка
words-reason-suspect = что-то не так, пока неясно что
words-reason-blocked = не работает
words-reason-degraded = работает лишь отчасти
words-reason-ok = работает
words-reason-unknown = о нём пока ничего не известно
words-passed-direct-forbidden = этому сервису нельзя выходить без туннеля
words-passed-tunnel-forbidden = этот сервис всегда идёт напрямую
words-passed-not-the-forced-way = выбран другой путь
words-passed-no-packets = не передаёт UDP
words-passed-streams-instead = вместо QUIC используется TCP
words-passed-unusable = не удалось настроить
words-passed-hostile = вместо сервиса отвечает кто-то другой
words-confidence-inconclusive = не доказано
words-confidence-anomaly = аномалия
words-confidence-confirmed = подтверждено
words-goes-direct = идут напрямую
words-goes-through = идут через { $way }
words-sign-answer = ответил
words-sign-flow-proven = рабочее соединение прошло
words-sign-body-proven = большая передача прошла
words-sign-connect-only = соединился, и только (ничего не доказывает)
words-sign-connect-timeout-error = нет ответа на попытку соединения
words-sign-connection-refused = соединение отвергнуто сбросом
words-sign-host-unreachable = соединение отвергнуто сообщением ICMP
words-sign-connection-reset = сброс сразу после приветствия
words-sign-eof-error = закрыто сразу после приветствия
words-sign-hello-dropped = приветствие не подтверждено
words-sign-hello-muted = приветствие подтверждено, ни байта в ответ
words-sign-generic-timeout-error = ни байта в ответ
words-sign-stalled-after-bytes = замерло на полпути
words-sign-slow = шло медленно
words-sign-throttled = намного медленнее линии
words-sign-ssl-unknown-authority = ответил чужой ключ
words-sign-blockpage = ответила страница блокировки
words-sign-dns-lie = системный DNS расходится с защищённым
words-sign-dns-injected = два разных ответа на один запрос имени
words-sign-dns-no-answer = без ответа остаётся только это имя
words-sign-client-gave-up = приложение не дождалось
words-sign-reconnecting = приложение соединялось снова и снова
words-sign-client-hung-up = приложение дважды подряд бросило ответившего
words-sign-client-left = приложение дважды подряд ушло из замолчавшего соединения
words-sign-udp-no-reply = пакеты ушли, ни один не вернулся
words-sign-quic-no-reply = QUIC без ответа, иначе тот же сервер отвечает
words-sign-burst-frozen = несколько соединений сразу заморожены
words-sign-invalid-answer = ответ не по протоколу
words-sign-transport-down = до своего сервера не добраться
words-works = { $count ->
    [one] { $names } — работает.
    [few] { $names } — работают.
   *[many] { $names } — работают.
}
words-works-not = { $count ->
    [one] { $names } — не работает.
    [few] { $names } — не работают.
   *[many] { $names } — не работают.
}
words-mixed = { $name }: { $clauses }.
words-clause-works = { $facets } работают
words-clause-works-not = { $facets } не работают
words-clause-unsure = { $facets } — пока неясно
words-unsure-all = Точно пока ничего не известно.
words-unsure = Пока неясно: { $names }.
words-unsure-many = { $count ->
    [one] Пока неясно о { $count } сервисе.
    [few] Пока неясно о { $count } сервисах.
   *[many] Пока неясно о { $count } сервисах.
}
words-no-way-left = путей не осталось
words-chosen = выбрано командой `byway use`
