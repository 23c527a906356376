# byway service: started by the system, and watched over.

service-installed-own = byway starts by itself whenever you log in{ $state }. Undo it with byway service uninstall --user.
service-installed = byway starts by itself whenever this machine starts{ $state }. Undo it with byway service uninstall.
service-it-is = ; it is { $state }
service-uninstalled = byway does not start by itself any more. Its configuration and history are where they were.
service-started = byway was started{ $state }.
service-stopped = byway was stopped.
service-absent-own = byway is no service of your own { $manager }.
service-absent = byway is no service of the machine's { $manager }.
service-line-own = byway in your own { $manager }: { $state }; { $starts }.
service-line = byway in the machine's { $manager }: { $state }; { $starts }.
service-starts = it starts by itself
service-starts-not = it does not start by itself
