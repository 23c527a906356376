# The status page and `byway top`.

page-title = byway: what works
page-skip = To the content
page-language = Language
page-utc = Times are UTC.

# What works, in a sentence or two.
page-rest = What is not tested yet is left out here; the table has it.

# The network.
page-link-online = online
page-link-offline = offline
page-link-captive = captive portal
page-link-whitelist = only domestic sites
page-link-link-bad = bad line
page-link-no-blame = While that is so, nothing is called blocked.
page-ground-not-asked = the line has not been looked at yet

# The grid.
page-services = Services and ways
page-services-hint = One row for each part of a service, one column for each way out. The way in use is framed.
page-service = Service
page-part = Part
page-everything = everything
page-in-use = in use
page-first-choice = first choice
page-quiet = Neither used nor tested yet: { $names }.
page-no-way = no way left
page-milliseconds = { $count } ms
page-forced-until = You chose { $way } until { $time }.
page-forced = You chose { $way } until byway restarts.
page-give-back = Back to automatic
page-last-block = Last block: { $time }
page-state-ok = works
page-state-degraded = in part
page-state-suspect = doubtful
page-state-blocked = blocked
page-state-recovering = coming back
page-state-service-down = service down
page-state-probe-stale = works
page-state-unknown = not tested yet
page-state-not-used = not used
page-why-probe-stale = connections work, only the test fails
page-passed-not-the-forced-way = another way was chosen
page-passed-streams-instead = TCP is used instead of QUIC

# The timeline.
page-timeline = Blocks and switches
page-day = 24 hours
page-week = 7 days
page-now = now
page-history-off = The history is off, so there is nothing to draw; history = "memory" in the configuration keeps it until byway ends.
page-nothing-yet = Nothing has happened in this time.
page-events = What happened
page-older = Earlier
page-lane = { $service }, { $part }: { $spans }
page-lane-span = { $way } { $share }
page-share = { $percent } %
page-share-small = under 1 %
page-not-running = no connection, or byway was off
page-mark-block = a block was found
page-event-started = byway started
page-event-stopped = byway stopped
page-event-reloaded = the configuration was read again
page-event-network = another network
page-event-link = the network: { $from } → { $to }
page-event-use = { $service }: you chose { $way }
page-event-use-auto = { $service }: automatic again
page-event-way = { $service }, { $part }: now over { $way }
page-event-way-from = { $service }, { $part }: { $from } → { $way }
page-event-way-none = { $service }, { $part }: no way left
page-event-blocked = { $service }, { $part }: { $way } is blocked
page-event-ok = { $service }, { $part }: { $way } works again
page-event-degraded = { $service }, { $part }: { $way } works in part only
page-event-service-down = { $service }, { $part }: the service itself is down

# Ways, lists, connections.
page-ways = Ways out
page-way = Way
page-kind = Kind
page-state = State
page-udp = UDP
page-last-good = Last answer
page-ready = ready
page-broken = could not be set up: { $why }
page-lists = Server lists
page-list = List
page-servers = { $count ->
    [one] { $count } server
   *[other] { $count } servers
}
page-quota = Quota
page-used-of = { $used } of { $total } used
page-used = { $used } used
page-in-all = { $total } in all
page-ends = Ends
page-ended = ended on { $time }
page-fetched = Fetched
page-unknown = not told
page-fetch-failed = the last fetch failed at { $stage }
page-connections = Open connections
page-connections-hint = By service, never by destination; bytes are of the connections open now.
page-open = Open
page-sent = Sent
page-received = Received
page-no-connections = No connection is open.
page-counted = { $connections } connections since the start; { $saved } were carried on over another way unnoticed, { $failed } failed. { $probes } tests, { $bytes }.
page-running = byway { $version }, for { $span }.

# What a person can do.
page-do = Decide yourself
page-force = Send a service over a way
page-automatic = automatic
page-for = For
page-for-hour = 1 hour
page-for-ever = until byway restarts
page-force-button = Use this way
page-test = Test now
page-test-hint = Tests speak the service’s own protocol, as its app does.
page-all-services = all services
page-test-button = Test
page-stop-button = Stop
page-testing = Testing…
page-tested = { $well } of { $all } tested ways answered.
page-tested-none = There was nothing to test.
page-stopped = Stopped.
page-chosen-hour = { $service } goes over { $way } for 1 hour.
page-chosen = { $service } goes over { $way } until byway restarts.
page-chosen-auto = { $service } takes its way automatically again.
page-undo = Undo
page-refused = That was not done: { $why }
page-lost = byway does not answer; this page may be out of date.
page-close = Close

# The check-up.
page-doctor = Check-up
page-doctor-button = Check everything
page-doctor-progress = { $check }: { $looked } of { $planned } looks are over
page-doctor-stop = Stop the check-up
page-doctor-busy = A check-up or an examination is under way already; try again when it is over.
page-doctor-over = Checked at
page-doctor-what = What
page-doctor-why = Why, and what to do
page-doctor-note = for information
