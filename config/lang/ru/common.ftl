# Слова, общие для всех команд и для страницы состояния.

common-yes = да
common-no = нет
common-languages = Русский
common-services = { $count ->
    [one] { $count } сервис
    [few] { $count } сервиса
   *[many] { $count } сервисов
}
