# واژه‌هایی که همهٔ فرمان‌ها و صفحهٔ وضعیت از آن‌ها استفاده می‌کنند.

common-yes = بله
common-no = خیر
common-languages = فارسی
common-services = { $count ->
    [one] { $count } سرویس
   *[other] { $count } سرویس
}
