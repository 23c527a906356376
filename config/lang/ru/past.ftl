# byway log, byway history.

past-when = КОГДА (UTC)
past-what = ЧТО
past-why = ПОЧЕМУ
past-started = byway запущен
past-stopped = byway остановлен
past-reloaded = настройки прочитаны заново
past-network = другая сеть ({ $network })
past-link-still = сеть: по-прежнему «{ $to }»
past-link = сеть: { $from } → { $to }
past-nothing-blamed = { $why }; никто не виноват
past-use = { $service }: по вашему выбору { $goes }
past-use-auto = { $service }: снова автоматически
past-way = { $service }: { $facet } { $goes }
past-way-none = { $service }: { $facet } — путей не осталось
past-transition = { $route }: { $from } → { $to }
past-answers = Отвечает
past-carried = { $count ->
    [one] передано { $count } соединение
    [few] передано { $count } соединения
   *[many] передано { $count } соединений
}
past-saved-lost = спасено { $saved }, потеряно { $lost }
past-missed = { $count ->
    [one] { $count } запись пришла слишком быстро, и здесь её нет
    [few] { $count } записи пришли слишком быстро, и здесь их нет
   *[many] { $count } записей пришли слишком быстро, и здесь их нет
}
past-nothing = за последние { $span } ничего не записано
past-share = { $route }: { $ways } из { $span }
past-share-none = { $route }: ни на одном пути
past-no-way = без пути
past-less = меньше 1 %
past-percent = { $count } %
past-blocked-times = { $count ->
    [one] блокировался { $count } раз
    [few] блокировался { $count } раза
   *[many] блокировался { $count } раз
}
