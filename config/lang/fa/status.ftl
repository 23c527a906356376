# byway status.

status-head = byway { $version } · { $link } · کارکرد { $span } · ورودی { $listens }
status-nowhere = هیچ‌جا
status-service = سرویس
status-facet = بخش
status-way = راه
status-state = وضعیت
status-since = از (UTC)
status-why = چرا
status-all = همه
status-none = هیچ
status-no-way-left = راهی نمانده
status-facet-text = پیام
status-facet-media = فایل
status-facet-calls = تماس
status-facet-web = وب
status-broken = { $way } راه‌اندازی نشد: { $why }
status-counted = تاکنون { $connections } اتصال، { $open } باز؛ { $saved } تا بی‌آن‌که دیده شود از راه دیگری ادامه یافت، { $failed } تا ناموفق ماند. { $probes } آزمون، { $kilobytes } کیلوبایت.
status-firewall = دیوار آتش سرویس‌های فهرست را از { $lan } به اینجا می‌آورد؛ قاعده‌هایش با byway پایان می‌یابند.
status-system-proxy = تنظیم پراکسی سیستم به اینجا می‌رسد، تا وقتی byway بایستد.
