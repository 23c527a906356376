# byway firewall: قاعده‌هایی که اتصال‌های شبکهٔ محلی را به byway می‌آورند.

firewall-applied = قاعده‌ها برقرارند و پس از پایان byway هم می‌مانند؛ byway firewall clear آن‌ها را برمی‌دارد.
firewall-cleared = هیچ قاعده‌ای از byway برقرار نیست؛ شبکهٔ محلی چنان به اینترنت می‌رود که گویی byway نیست.
