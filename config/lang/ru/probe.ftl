# byway probe.

probe-service = СЕРВИС
probe-facet = ЧАСТЬ
probe-way = ПУТЬ
probe-result = ИТОГ
probe-what = ЧТО
probe-ok = да, { $ms } мс
probe-no = нет: { $how }
probe-no-answer = нет ответа
probe-network = сеть: { $why }
probe-reason = { $route }: { $why }
probe-sure = { $why } ({ $confidence })
