# byway use, reload, check, import.

orders-auto = { $service } takes its way automatically again.
orders-until = { $service } takes { $way } until { $time }.
orders-for-good = { $service } takes { $way } until told otherwise (`byway use { $service } auto`).
orders-warning = warning: { $what }
orders-nothing-changed = read again; nothing changed
orders-good = { $file }: good. { $summary }
orders-import-dry = { $taken } would be taken in, { $skipped } skipped; nothing was changed
orders-imported = { $taken } taken into "{ $file }", { $skipped } skipped
orders-imported-next = at the end of its order; a byway that is running takes it with `byway reload`
orders-imported-nowhere = { $taken } taken in, { $skipped } skipped; no file was changed
orders-import-nothing = nothing in it could be taken in
orders-name = NAME
orders-kind = KIND
orders-result = RESULT
orders-ok = ok
orders-skipped = skipped: { $why }
orders-link-seen = note: a link on the command line can be seen by other users (`ps`) and stays in the shell's history; `byway import -` reads it from stdin
orders-paste = paste the links, then end with Ctrl-D on a line of its own
orders-import-what = what to import? a FILE, or - to paste links
