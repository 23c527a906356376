# byway status.

status-head = byway { $version } · { $link } · up { $span } · listening on { $listens }
status-nowhere = nowhere
status-service = SERVICE
status-facet = FACET
status-way = WAY
status-state = STATE
status-since = SINCE (UTC)
status-why = WHY
status-all = all
status-none = none
status-no-way-left = no way left
status-facet-text = text
status-facet-media = media
status-facet-calls = calls
status-facet-web = web
status-broken = { $way } could not be set up: { $why }
status-counted = { $connections } connections so far, { $open } open; { $saved } were carried on over another way unnoticed, { $failed } failed. { $probes } tests, { $kilobytes } KB.
status-firewall = The firewall brings the listed services of { $lan } here; its rules end with byway.
status-system-proxy = The system's proxy setting leads here, until byway stops.
