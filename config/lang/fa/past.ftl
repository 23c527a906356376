# byway log, byway history.

past-when = کی (UTC)
past-what = چه
past-why = چرا
past-started = byway آغاز شد
past-stopped = byway ایستاد
past-reloaded = پیکربندی دوباره خوانده شد
past-network = شبکهٔ دیگر ({ $network })
past-link-still = شبکه: همچنان { $to }
past-link = شبکه: از { $from } به { $to }
past-nothing-blamed = { $why }؛ چیزی مسدود شمرده نمی‌شود
past-use = { $service }: به خواست شما { $goes }
past-use-auto = { $service }: دوباره خودکار
past-way = { $service }: { $facet } { $goes }
past-way-none = { $service }: برای { $facet } راهی نمانده
past-transition = { $route }: از { $from } به { $to }
past-answers = پاسخ می‌دهد
past-carried = { $count ->
    [one] { $count } اتصال برقرار شد
   *[other] { $count } اتصال برقرار شد
}
past-saved-lost = { $saved } نجات‌یافته، { $lost } ازدست‌رفته
past-missed = { $count } رویداد زودتر از آن آمد که این‌جا نشان داده شود
past-nothing = در { $span } گذشته چیزی ثبت نشده است
past-share = { $route }: { $ways } از { $span }
past-share-none = { $route }: هیچ زمانی از هیچ راهی
past-no-way = بی‌راه
past-less = کمتر از ۱٪
past-percent = { $count }٪
past-blocked-times = { $count ->
    [one] یک بار مسدود شد
   *[other] { $count } بار مسدود شد
}
