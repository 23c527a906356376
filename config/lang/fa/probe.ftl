# byway probe.

probe-service = سرویس
probe-facet = بخش
probe-way = راه
probe-result = نتیجه
probe-what = چه
probe-ok = شد، { $ms } م‌ث
probe-no = نشد: { $how }
probe-no-answer = بی‌پاسخ
probe-network = شبکه: { $why }
probe-reason = { $route }: { $why }
probe-sure = { $why } ({ $confidence })
