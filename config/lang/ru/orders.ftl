# byway use, reload, check, import.

orders-auto = { $service } снова выбирает путь автоматически.
orders-until = { $service } идёт через { $way } до { $time }.
orders-for-good = { $service } идёт через { $way }, пока вы не отмените (`byway use { $service } auto`).
orders-warning = внимание: { $what }
orders-nothing-changed = прочитано заново; ничего не изменилось
orders-good = { $file }: всё верно. { $summary }
orders-import-dry = было бы добавлено: { $taken }, пропущено: { $skipped }; ничего не изменено
orders-imported = добавлено в «{ $file }»: { $taken }, пропущено: { $skipped }
orders-imported-next = в конец order; работающий byway возьмёт это по команде `byway reload`
orders-imported-nowhere = добавлено: { $taken }, пропущено: { $skipped }; файлы не изменены
orders-import-nothing = добавить из этого ничего не удалось
orders-name = ИМЯ
orders-kind = ВИД
orders-result = ИТОГ
orders-ok = да
orders-skipped = пропущено: { $why }
orders-link-seen = учтите: ссылку в командной строке видят другие пользователи (`ps`), и она остаётся в истории оболочки; `byway import -` читает её со стандартного ввода
orders-paste = вставьте ссылки и завершите нажатием Ctrl-D на отдельной строке
orders-import-what = что добавить? укажите ФАЙЛ или - , чтобы вставить ссылки
