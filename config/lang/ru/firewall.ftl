# byway firewall: правила, которые приводят соединения локальной сети к byway.

firewall-applied = Правила действуют и останутся, когда byway завершится; убрать их: byway firewall clear.
firewall-cleared = Правил byway больше нет; локальная сеть выходит в интернет так, будто byway не было.
