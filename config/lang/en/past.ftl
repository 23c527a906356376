# byway log, byway history.

past-when = WHEN (UTC)
past-what = WHAT
past-why = WHY
past-started = byway started
past-stopped = byway stopped
past-reloaded = the configuration was read again
past-network = another network ({ $network })
past-link-still = the network: still { $to }
past-link = the network: { $from } → { $to }
past-nothing-blamed = { $why }; nothing is blamed
past-use = { $service }: told to { $goes }
past-use-auto = { $service }: automatic again
past-way = { $service }: { $facet } { $goes }
past-way-none = { $service }: { $facet } have no way left
past-transition = { $route }: { $from } → { $to }
past-answers = It answers
past-carried = { $count ->
    [one] { $count } connection carried
   *[other] { $count } connections carried
}
past-saved-lost = { $saved } saved, { $lost } lost
past-missed = { $count } records came too fast and are missing here
past-nothing = nothing was recorded in the last { $span }
past-share = { $route }: { $ways } of { $span }
past-share-none = { $route }: no time on any way
past-no-way = no way
past-less = less than 1 %
past-percent = { $count } %
past-blocked-times = { $count ->
    [one] blocked once
   *[other] blocked { $count } times
}
