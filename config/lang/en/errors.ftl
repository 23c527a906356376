# Errors that people meet most.

errors-head = error:
errors-not-running = no byway is running at { $place }; start one with `byway run`, or name another with --control
errors-already-running = another byway is already running at { $place }; stop it, or give this one another --control
errors-permission = not permitted to use { $place }: { $why }; run this as the user that runs byway
errors-open-folder = the folder of { $place } is open to other users (mode { $mode }); use one that only you can enter (0700)
errors-gone = the byway at { $place } hung up; has it stopped?
errors-too-long = the byway at { $place } did not answer within { $secs } s
errors-port-in-use = { $address } is in use by another program: stop it, or choose another port
errors-port-not-permitted = no permission to listen on { $address }: choose a port above 1023, or grant the right to bind it
errors-address-not-ours = { $address } is not an address of this machine
errors-config = { $count ->
    [one] the configuration has { $count } fault; nothing was started or changed
   *[other] the configuration has { $count } faults; nothing was started or changed
}
errors-nobody = nobody is there to say yes to this: it is not a terminal; add --yes
errors-left-out = this byway was built small, without `byway { $command }`: the packages for computers have it
errors-nothing-done = nothing was done
