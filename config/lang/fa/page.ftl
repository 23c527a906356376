# صفحهٔ وضعیت و `byway top`.

page-title = byway: چه چیزی کار می‌کند
page-skip = رفتن به محتوا
page-language = زبان
page-and = { $most } و { $last }
page-comma = ،
page-utc = زمان‌ها به وقت جهانی (UTC) است.

page-works = { $count ->
    [one] { $names } کار می‌کند.
   *[other] { $names } کار می‌کنند.
}
page-works-not = { $count ->
    [one] { $names } کار نمی‌کند.
   *[other] { $names } کار نمی‌کنند.
}
page-mixed = { $name }: { $clauses }.
page-clause-works = { $facets } کار می‌کند
page-clause-works-not = { $facets } کار نمی‌کند
page-rest = آنچه هنوز آزموده نشده اینجا به حساب نیامده است؛ در جدول هست.
page-unsure-all = هنوز چیزی به‌یقین معلوم نیست.

page-facet-text = پیام‌ها
page-facet-media = عکس و فایل
page-facet-calls = تماس‌ها
page-facet-web = صفحه‌های وب

page-link = { $state }: { $why }.
page-link-online = وصل
page-link-offline = قطع
page-link-captive = صفحهٔ ورود
page-link-whitelist = فقط سایت‌های داخلی
page-link-link-bad = خط خراب
page-link-no-blame = تا وقتی چنین است، هیچ چیزی مسدود شمرده نمی‌شود.
page-ground-not-asked = خط هنوز بررسی نشده است
page-ground-anchors-answer = سایت‌های بی‌طرف پاسخ می‌دهند
page-ground-unplugged = این دستگاه راهی به بیرون ندارد: نه کابل، نه وای‌فای، نه مسیر
page-ground-nothing-answers = هیچ‌کس پاسخ نمی‌دهد، نه در داخل و نه در خارج
page-ground-portal = به جای همه یک صفحهٔ ورود پاسخ می‌دهد: مرورگر را باز کنید و وارد شوید
page-ground-only-domestic = فقط سایت‌های داخل کشور پاسخ می‌دهند
page-ground-only-domestic-once = فقط سایت‌های داخل کشور پاسخ دادند؛ یک دقیقهٔ دیگر دوباره بررسی می‌شود
page-ground-clock = ساعت این دستگاه درست نیست: تاریخ و ساعت را تنظیم کنید، پیش از آن گواهی‌ها را نمی‌توان سنجید
page-ground-interception = همه‌جا کسی با گواهی دیگری پاسخ می‌دهد: آنتی‌ویروس، پروکسی شرکت یا خود خط
page-ground-path-mtu = بسته‌های بزرگ در این خط گم می‌شوند: MTU را کم کنید
page-ground-lossy = خط بیش از حد خطا دارد یا کند است و چیزی نمی‌توان گفت
page-ground-too-few = سایت‌های بی‌طرف کمی پاسخ می‌دهند و چیزی نمی‌توان گفت
page-ground-resolver-silent = سرور نام این شبکه برای هیچ نامی پاسخ نمی‌دهد: به جای آن از جست‌وجوی امن استفاده می‌شود

page-services = سرویس‌ها و راه‌ها
page-services-hint = هر ردیف بخشی از یک سرویس و هر ستون یک راه بیرون است. دور راهِ در حال استفاده خط کشیده شده است.
page-service = سرویس
page-part = بخش
page-everything = همه
page-in-use = در حال استفاده
page-first-choice = انتخاب نخست
page-quiet = هنوز نه استفاده شده و نه آزموده: { $names }.
page-no-way = راهی نمانده
page-milliseconds = { $count } م‌ث
page-forced-until = شما { $way } را تا { $time } انتخاب کرده‌اید.
page-forced = شما { $way } را تا راه‌اندازی دوبارهٔ byway انتخاب کرده‌اید.
page-give-back = بازگشت به خودکار
page-last-block = آخرین مسدودی: { $time }
page-state-ok = کار می‌کند
page-state-degraded = تا حدی
page-state-suspect = مشکوک
page-state-blocked = مسدود
page-state-recovering = در حال بازگشت
page-state-service-down = سرویس خراب است
page-state-probe-stale = کار می‌کند
page-state-unknown = هنوز آزموده نشده
page-state-not-used = استفاده نمی‌شود
page-why-probe-stale = اتصال‌ها کار می‌کنند، فقط آزمون ناموفق است
page-why-recovering = دوباره پاسخ می‌دهد و با بخشی از اتصال‌های تازه امتحان می‌شود
page-why-service-down = خود سرویس کار نمی‌کند، از هیچ راهی
page-why-suspect = مشکلی هست، هنوز معلوم نیست چه
page-why-blocked = کار نمی‌کند
page-why-degraded = فقط برای بعضی چیزها کار می‌کند
page-passed-direct-forbidden = این سرویس هرگز نباید بدون تونل بیرون برود
page-passed-tunnel-forbidden = این سرویس همیشه مستقیم بیرون می‌رود
page-passed-not-the-forced-way = راه دیگری انتخاب شده است
page-passed-no-packets = UDP را حمل نمی‌کند
page-passed-streams-instead = به جای QUIC از TCP استفاده می‌شود
page-passed-unusable = راه‌اندازی نشد
page-passed-hostile = کس دیگری به جای سرویس پاسخ می‌دهد

page-how-dns-tamper = سرور نام این شبکه برای آن پاسخ نادرست می‌دهد
page-how-ip-drop = بسته‌ها به نشانی‌های آن گم می‌شوند
page-how-tcp-reject = اتصال‌ها به آن در میانهٔ راه رد می‌شوند
page-how-sni-rst = همین که نام آن دیده شود اتصال قطع می‌شود
page-how-sni-drop-hello = پیام نخست در راه رفت گم می‌شود
page-how-sni-drop-answer = پاسخ در راه برگشت گم می‌شود
page-how-hello-size = پیام‌های نخستِ بزرگ گم می‌شوند، کوچک‌ها می‌رسند
page-how-s2c-drop = هرچه می‌فرستد در راه برگشت گم می‌شود
page-how-freeze = انتقال پس از چند کیلوبایت می‌ایستد
page-how-throttled = بسیار کندتر از خود خط است
page-how-mitm = کس دیگری به جای آن پاسخ می‌دهد
page-how-http-block = یک صفحهٔ مسدودی به جای آن پاسخ می‌دهد
page-how-quic-block = QUIC، نوع تازهٔ اتصال، از آن پاسخی نمی‌گیرد
page-how-udp-blocked = UDP که تماس‌ها لازم دارند از آن پاسخی نمی‌گیرد
page-how-stun-dpi = بسته‌های برقراری تماس بی‌پاسخ می‌مانند، بسته‌های دیگر نه
page-how-calls-blocked = سرورهای تماس آن پاسخ نمی‌دهند، سرورهای دیگران پاسخ می‌دهند
page-how-proto-block = پروتکل آن بی‌پاسخ می‌ماند، داده‌های دیگر نه
page-how-burst-police = چند اتصال هم‌زمان متوقف می‌شوند
page-how-random-drop = بخشی از اتصال‌ها به آن ناموفق است
page-how-unidentified = در دسترس نیست، نوع مسدودی هنوز معلوم نیست

page-timeline = مسدودی‌ها و جابه‌جایی‌ها
page-day = ۲۴ ساعت
page-week = ۷ روز
page-now = اکنون
page-history-off = تاریخچه خاموش است و چیزی برای کشیدن نیست؛ history = "memory" در تنظیمات آن را تا پایان کار byway نگه می‌دارد.
page-nothing-yet = در این مدت اتفاقی نیفتاده است.
page-events = چه اتفاقی افتاد
page-older = پیش از این
page-lane = { $service }، { $part }: { $spans }
page-lane-span = { $way } { $share }
page-share = { $percent }٪
page-share-small = کمتر از ۱٪
page-not-running = اتصالی نبود یا byway خاموش بود
page-mark-block = مسدودی پیدا شد
page-event-started = byway شروع به کار کرد
page-event-stopped = byway متوقف شد
page-event-reloaded = تنظیمات دوباره خوانده شد
page-event-network = شبکهٔ دیگر
page-event-link = شبکه: از { $from } به { $to }
page-event-use = { $service }: شما { $way } را انتخاب کردید
page-event-use-auto = { $service }: دوباره خودکار
page-event-way = { $service }، { $part }: اکنون از راه { $way }
page-event-way-from = { $service }، { $part }: از { $from } به { $way }
page-event-way-none = { $service }، { $part }: راهی نمانده
page-event-blocked = { $service }، { $part }: راه { $way } مسدود است
page-event-ok = { $service }، { $part }: راه { $way } دوباره کار می‌کند
page-event-degraded = { $service }، { $part }: راه { $way } فقط تا حدی کار می‌کند
page-event-service-down = { $service }، { $part }: خود سرویس کار نمی‌کند

page-ways = راه‌های بیرون
page-way = راه
page-kind = نوع
page-state = وضعیت
page-udp = UDP
page-last-good = آخرین پاسخ
page-ready = آماده
page-broken = راه‌اندازی نشد: { $why }
page-lists = فهرست‌های سرور
page-list = فهرست
page-servers = { $count ->
    [one] { $count } سرور
   *[other] { $count } سرور
}
page-quota = سهمیه
page-used-of = { $used } از { $total } مصرف شده
page-used = { $used } مصرف شده
page-in-all = در مجموع { $total }
page-ends = پایان
page-ended = در { $time } تمام شد
page-fetched = دریافت
page-unknown = اعلام نشده
page-fetch-failed = آخرین دریافت در مرحلهٔ { $stage } ناموفق بود
page-connections = اتصال‌های باز
page-connections-hint = به تفکیک سرویس، هرگز مقصد؛ بایت‌ها از اتصال‌هایی است که اکنون بازند.
page-open = باز
page-sent = فرستاده
page-received = گرفته
page-no-connections = هیچ اتصالی باز نیست.
page-counted = اتصال‌ها از آغاز: { $connections }؛ بی‌سروصدا به راه دیگر برده‌شده: { $saved }؛ ناموفق: { $failed }. آزمون‌ها: { $probes }، { $bytes }.
page-running = byway { $version }، به مدت { $span }.

page-do = خودتان تصمیم بگیرید
page-force = فرستادن سرویس از یک راه
page-automatic = خودکار
page-for = مدت
page-for-hour = ۱ ساعت
page-for-ever = تا راه‌اندازی دوبارهٔ byway
page-force-button = از این راه برود
page-test = آزمون اکنون
page-test-hint = آزمون مانند برنامهٔ خود سرویس، با پروتکل آن حرف می‌زند.
page-all-services = همهٔ سرویس‌ها
page-test-button = بیازما
page-stop-button = توقف
page-testing = در حال آزمون…
page-tested = { $well } راه از { $all } راه آزموده پاسخ داد.
page-tested-none = چیزی برای آزمودن نبود.
page-stopped = متوقف شد.
page-chosen-hour = { $service } یک ساعت از راه { $way } می‌رود.
page-chosen = { $service } تا راه‌اندازی دوبارهٔ byway از راه { $way } می‌رود.
page-chosen-auto = { $service } دوباره راه خود را خودکار برمی‌گزیند.
page-undo = واگرد
page-refused = انجام نشد: { $why }
page-lost = byway پاسخ نمی‌دهد؛ شاید این صفحه به‌روز نباشد.
page-close = بستن
