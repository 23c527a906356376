# byway firewall: the rules that bring the LAN's connections to byway.

firewall-applied = The rules are in force and stay when byway ends; byway firewall clear takes them away.
firewall-cleared = No rule of byway's is in force; the LAN goes out as if there were no byway.
