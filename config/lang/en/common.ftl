# Words that every command and the status page share.

common-yes = yes
common-no = no
common-languages = English
common-services = { $count ->
    [one] { $count } service
   *[other] { $count } services
}
