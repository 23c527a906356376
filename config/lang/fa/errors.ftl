# خطاهایی که بیش از همه پیش می‌آیند.

errors-head = خطا:
errors-not-running = در { $place } هیچ byway اجرا نمی‌شود؛ با `byway run` آغازش کنید یا جای دیگری را با --control نام ببرید
errors-already-running = byway دیگری در { $place } اجرا می‌شود؛ آن را بایستانید یا به این یکی --control دیگری بدهید
errors-permission = اجازهٔ استفاده از { $place } نیست: { $why }؛ فرمان را با همان کاربری اجرا کنید که byway را اجرا می‌کند
errors-open-folder = پوشهٔ { $place } به روی کاربران دیگر باز است (دسترسی { $mode })؛ پوشه‌ای بگیرید که تنها شما وارد آن شوید (0700)
errors-gone = byway در { $place } ارتباط را برید؛ ایستاده است؟
errors-too-long = byway در { $place } در { $secs } ثانیه پاسخ نداد
errors-port-in-use = { $address } در دست برنامهٔ دیگری است: آن را بایستانید یا درگاه دیگری برگزینید
errors-port-not-permitted = اجازهٔ گوش دادن در { $address } نیست: درگاهی بالاتر از 1023 برگزینید یا این اجازه را بدهید
errors-address-not-ours = { $address } نشانی این رایانه نیست
errors-config = { $count ->
    [one] پیکربندی { $count } خطا دارد؛ چیزی آغاز یا عوض نشد
   *[other] پیکربندی { $count } خطا دارد؛ چیزی آغاز یا عوض نشد
}
errors-nobody = کسی نیست که به این بله بگوید: این پایانه نیست؛ --yes را بیفزایید
errors-left-out = این byway کوچک و بدون `byway { $command }` ساخته شده است: بسته‌های رایانه آن را دارند
errors-nothing-done = کاری انجام نشد
