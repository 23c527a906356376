# byway probe.

probe-service = SERVICE
probe-facet = FACET
probe-way = WAY
probe-result = RESULT
probe-what = WHAT
probe-ok = ok { $ms } ms
probe-no = no: { $how }
probe-no-answer = no answer
probe-network = the network is { $why }
probe-reason = { $route }: { $why }
probe-sure = { $why } ({ $confidence })
