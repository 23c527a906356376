# The status page and `byway top`.

page-title = byway: what works
page-skip = To the content
page-language = Language
page-and = { $most } and { $last }
page-comma = ,
page-utc = Times are UTC.

# What works, in a sentence or two.
page-works = { $count ->
    [one] { $names } works.
   *[other] { $names } work.
}
page-works-not = { $count ->
    [one] { $names } does not work.
   *[other] { $names } do not work.
}
page-mixed = { $name }: { $clauses }.
page-clause-works = { $facets } work
page-clause-works-not = { $facets } do not work
page-rest = What is not tested yet is left out here; the table has it.
page-unsure-all = Nothing is known for sure yet.

page-facet-text = messages
page-facet-media = pictures and files
page-facet-calls = calls
page-facet-web = web pages

# The network.
page-link = { $state }: { $why }.
page-link-online = online
page-link-offline = offline
page-link-captive = captive portal
page-link-whitelist = only domestic sites
page-link-link-bad = bad line
page-link-no-blame = While that is so, nothing is called blocked.
page-ground-not-asked = the line has not been looked at yet
page-ground-anchors-answer = neutral sites answer
page-ground-unplugged = this machine has no way out: no cable, no Wi-Fi, or no route
page-ground-nothing-answers = nothing answers, neither here nor abroad
page-ground-portal = a login page answers in everybody’s place: open a browser and log in
page-ground-only-domestic = only places inside the country answer
page-ground-only-domestic-once = only places inside the country answered; it will be looked at again in a minute
page-ground-clock = this machine’s clock is wrong: set date and time, certificates cannot be checked before
page-ground-interception = somebody answers with another certificate everywhere: an antivirus, a company’s proxy, or the line
page-ground-path-mtu = large packets vanish on this line: lower its MTU
page-ground-lossy = the line loses too much or is too slow to tell anything
page-ground-too-few = too few neutral sites answer to tell anything
page-ground-resolver-silent = this network’s name server answers for no name: secure look-ups are used instead

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
page-why-recovering = it answers again and is tried with a part of new connections
page-why-service-down = the service itself fails, on every way
page-why-suspect = something is wrong there, it is not clear yet what
page-why-blocked = it does not work
page-why-degraded = it works for some things only
page-passed-direct-forbidden = this service must never go out without a tunnel
page-passed-tunnel-forbidden = this service always goes out directly
page-passed-not-the-forced-way = another way was chosen
page-passed-no-packets = it carries no UDP
page-passed-streams-instead = TCP is used instead of QUIC
page-passed-unusable = it could not be set up
page-passed-hostile = somebody else answers in the service’s place

page-how-dns-tamper = the network’s name server gives a false answer for it
page-how-ip-drop = packets to its addresses vanish
page-how-tcp-reject = connections to it are refused on the way
page-how-sni-rst = connections are cut as soon as its name is seen
page-how-sni-drop-hello = the first message vanishes on the way there
page-how-sni-drop-answer = the answer vanishes on the way back
page-how-hello-size = large first messages vanish, small ones pass
page-how-s2c-drop = everything it sends vanishes on the way back
page-how-freeze = transfers freeze after a few kilobytes
page-how-throttled = it is made far slower than the line
page-how-mitm = somebody else answers in its place
page-how-http-block = a block page answers in its place
page-how-quic-block = QUIC, the newer kind of connection, gets no answer from it
page-how-udp-blocked = UDP, which calls need, gets no answer from it
page-how-stun-dpi = call set-up packets get no answer, other packets do
page-how-calls-blocked = its call servers get no answer, others’ do
page-how-proto-block = its protocol gets no answer, other bytes do
page-how-burst-police = several connections at once are frozen
page-how-random-drop = a part of the connections to it fails
page-how-unidentified = it cannot be reached, the kind of block is not clear yet

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
