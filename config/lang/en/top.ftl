# `byway top`.

top-keys = ↑↓ service · 1–9 way for 1 h · 0 automatic · t test · p pause · ? help · q quit
top-paused = paused
top-services = Services
top-timeline = Last 24 hours
top-log = Log
top-help = Help
top-help-text = ↑ ↓  choose a service
    1–9  send it over that way for one hour; the ways are numbered in the head of the table
    0  back to the automatic choice
    t  test it now, over every way
    p  hold the picture; byway goes on
    ?  this help
    q  leave; byway goes on
    ● works  ◐ in part  ✕ blocked  ? doubtful  ↻ coming back  ! service down  ○ not tested  – not used
    The way in use stands in brackets: [● 180].
top-waiting = Waiting for byway…
top-testing = Testing { $service }…
top-gone = No answer from byway: { $why }
