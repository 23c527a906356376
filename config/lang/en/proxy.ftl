# byway proxy: the system's proxy setting.

proxy-set-pac = { $system }: messengers go through byway now, everything else straight out
proxy-set-manual = { $system }: everything goes through byway now
proxy-set-both = { $system }: messengers go through byway now; for programs that run no script the fixed address stands beside it
proxy-set-environment = { $system }: programs see byway from your next login on; in a shell already now by: eval "$(byway env)"
proxy-until = It stays so until byway stops, or until: byway proxy off
proxy-no-script = Telegram and Signal run no script; set them up by: byway setup telegram, byway setup signal
proxy-never = { $services } must never go straight out, and a script cannot promise that while byway is not running; --mode manual can
proxy-login = Programs will ask for the user and password of [login].
proxy-foreign-on = { $system }: somebody else had changed { $what }; that is what will be given back
proxy-given-back = { $system }: as it was before byway
proxy-switched-off = { $system }: switched off; what was set before byway is not known
proxy-nothing = { $system }: there was nothing to give back
proxy-foreign-off = { $system }: somebody else has changed { $what } since; that is left as it is
proxy-foreign-seen = { $system }: somebody else has changed { $what } since byway was put in
proxy-off-nothing = byway has not changed the system's proxy setting.
proxy-no-system = No proxy setting of a desktop was found here.
proxy-left-behind = The byway that this leads to is gone. byway proxy off gives it back; so does the next byway run.
proxy-seen-off = no proxy
proxy-seen-fixed = proxy { $at }
proxy-seen-script = a script at { $at }
proxy-seen-other = a choice of its own
proxy-seen-unreadable = could not be read
proxy-ours = byway
