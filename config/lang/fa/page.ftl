# صفحهٔ وضعیت و `byway top`.

page-title = byway: چه چیزی کار می‌کند
page-skip = رفتن به محتوا
page-language = زبان
page-utc = زمان‌ها به وقت جهانی (UTC) است.

page-rest = آنچه هنوز آزموده نشده اینجا به حساب نیامده است؛ در جدول هست.

page-link-online = وصل
page-link-offline = قطع
page-link-captive = صفحهٔ ورود
page-link-whitelist = فقط سایت‌های داخلی
page-link-link-bad = خط خراب
page-link-no-blame = تا وقتی چنین است، هیچ چیزی مسدود شمرده نمی‌شود.
page-ground-not-asked = خط هنوز بررسی نشده است

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
page-passed-not-the-forced-way = راه دیگری انتخاب شده است
page-passed-streams-instead = به جای QUIC از TCP استفاده می‌شود

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

# بررسی.
page-doctor = بررسی
page-doctor-button = همه چیز را بررسی کن
page-doctor-progress = { $check }: { $looked } از { $planned } بررسی شد
page-doctor-stop = بررسی را نگه‌دار
page-doctor-busy = بررسی دیگری هم‌اکنون در جریان است؛ پس از پایانش دوباره امتحان کنید.
page-doctor-over = زمان بررسی:
page-doctor-what = چه چیز
page-doctor-why = چرا، و چه باید کرد
page-doctor-note = برای اطلاع
