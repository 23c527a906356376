# byway use, reload, check, import.

orders-auto = { $service } دوباره خودکار راهش را برمی‌گزیند.
orders-until = { $service } تا { $time } از { $way } می‌رود.
orders-for-good = { $service } از { $way } می‌رود تا جز این بگویید (`byway use { $service } auto`).
orders-warning = هشدار: { $what }
orders-nothing-changed = دوباره خوانده شد؛ چیزی عوض نشده است
orders-good = { $file }: درست است. { $summary }
orders-import-dry = { $taken } افزوده می‌شد، { $skipped } کنار می‌ماند؛ چیزی عوض نشد
orders-imported = { $taken } به «{ $file }» افزوده شد، { $skipped } کنار ماند
orders-imported-next = در پایان order آن؛ byway در حال اجرا با `byway reload` آن را برمی‌دارد
orders-imported-nowhere = { $taken } افزوده شد، { $skipped } کنار ماند؛ هیچ پرونده‌ای عوض نشد
orders-import-nothing = چیزی از آن را نشد افزود
orders-name = نام
orders-kind = نوع
orders-result = نتیجه
orders-ok = شد
orders-skipped = کنار ماند: { $why }
orders-link-seen = توجه: پیوند روی خط فرمان را کاربران دیگر می‌بینند (`ps`) و در تاریخچهٔ پوسته می‌ماند؛ `byway import -` آن را از ورودی استاندارد می‌خواند
orders-paste = پیوندها را بچسبانید و با Ctrl-D در سطری جدا پایان دهید
orders-import-what = چه چیزی افزوده شود؟ نام پرونده، یا - برای چسباندن پیوندها
