# byway proxy: تنظیم پراکسی سیستم.

proxy-set-pac = { $system }: پیام‌رسان‌ها اکنون از byway می‌گذرند و بقیه مستقیم می‌روند
proxy-set-manual = { $system }: اکنون همه چیز از byway می‌گذرد
proxy-set-both = { $system }: پیام‌رسان‌ها اکنون از byway می‌گذرند؛ برای برنامه‌هایی که اسکریپت اجرا نمی‌کنند نشانی ثابت هم کنار آن نوشته شده است
proxy-set-environment = { $system }: برنامه‌ها پس از ورود بعدی شما byway را می‌بینند؛ در پوسته همین حالا با: eval "$(byway env)"
proxy-until = تا وقتی byway کار می‌کند همین‌طور می‌ماند، یا تا این دستور: byway proxy off
proxy-no-script = تلگرام و سیگنال اسکریپت اجرا نمی‌کنند؛ آن‌ها را این‌گونه تنظیم کنید: byway setup telegram و byway setup signal
proxy-never = { $services } هرگز نباید مستقیم برود و اسکریپت وقتی byway در حال اجرا نیست نمی‌تواند این را تضمین کند؛ --mode manual می‌تواند
proxy-login = برنامه‌ها نام کاربری و گذرواژهٔ [login] را خواهند پرسید.
proxy-foreign-on = { $system }: کس دیگری { $what } را تغییر داده بود؛ همان بازگردانده خواهد شد
proxy-given-back = { $system }: مثل پیش از byway
proxy-switched-off = { $system }: خاموش شد؛ این‌که پیش از byway چه بوده معلوم نیست
proxy-nothing = { $system }: چیزی برای بازگرداندن نبود
proxy-foreign-off = { $system }: از آن پس کس دیگری { $what } را تغییر داده است؛ همان‌گونه ماند
proxy-foreign-seen = { $system }: پس از روشن شدن byway کس دیگری { $what } را تغییر داده است
proxy-off-nothing = byway تنظیم پراکسی سیستم را تغییر نداده است.
proxy-no-system = هیچ تنظیم پراکسی میزکاری اینجا پیدا نشد.
proxy-left-behind = آن byway که این به آن می‌رسد دیگر در حال اجرا نیست. byway proxy off همه چیز را بازمی‌گرداند؛ اجرای بعدی byway هم همین‌طور.
proxy-seen-off = بدون پراکسی
proxy-seen-fixed = پراکسی { $at }
proxy-seen-script = اسکریپت در { $at }
proxy-seen-other = انتخاب خود سیستم
proxy-seen-unreadable = خوانده نشد
proxy-ours = byway
