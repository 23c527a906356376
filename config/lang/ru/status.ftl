# byway status.

status-head = byway { $version } · { $link } · работает { $span } · вход: { $listens }
status-nowhere = нет
status-service = СЕРВИС
status-facet = ЧАСТЬ
status-way = ПУТЬ
status-state = СОСТОЯНИЕ
status-since = С (UTC)
status-why = ПОЧЕМУ
status-all = всё
status-none = нет
status-no-way-left = путей не осталось
status-facet-text = сообщения
status-facet-media = файлы
status-facet-calls = звонки
status-facet-web = веб
status-broken = { $way }: не удалось настроить: { $why }
status-counted = Соединений всего: { $connections }, открыто: { $open }; незаметно переведено на другой путь: { $saved }, не удалось: { $failed }. Проверок: { $probes }, { $kilobytes } КБ.
status-firewall = Межсетевой экран приводит сюда сервисы из списка с { $lan }; его правила исчезнут вместе с byway.
status-system-proxy = Системная настройка прокси ведёт сюда, пока byway не остановится.
