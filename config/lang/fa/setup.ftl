# byway setup APP و پرسش پیش از نشان دادن گذرواژه.

setup-ask-password = در این پیوند گذرواژهٔ [login] هست. اینجا نشان داده شود؟
setup-do = چه باید کرد
setup-works = آنگاه چه کار می‌کند
setup-not = چه کار نمی‌کند و چرا

setup-telegram-do =
    پیوند بالا را در تلگرام باز کنید (byway setup telegram --open) و پراکسی را بپذیرید.
    با دست: تنظیمات، پیشرفته، نوع اتصال، پراکسی سفارشی، SOCKS5، میزبان { $host }، درگاه { $port }.
    برای گوشی: byway share.
setup-telegram-works =
    پیام‌ها، عکس‌ها و پرونده‌ها.
setup-telegram-not =
    به احتمال زیاد تماس‌ها: تلگرام آن‌ها را با UDP می‌فرستد و از راه پراکسی SOCKS نزد مردم روی «تبادل کلید» می‌مانند. به راهی هم نیاز دارند که UDP را ببرد.
    اسکریپت پراکسی سیستم: تلگرام دسکتاپ آن را اجرا نمی‌کند. پراکسی ثابت سیستم را شاید با تغییر شبکه فراموش کند؛ پراکسی سفارشی می‌ماند.

setup-signal-do =
    سیگنال دسکتاپ پراکسی را هنگام آغاز از محیط می‌خواند. آن را کامل ببندید و این‌گونه باز کنید:
setup-signal-linux =
    HTTPS_PROXY=http://{ $address } signal-desktop
    با Flatpak: flatpak run --env=HTTPS_PROXY=http://{ $address } org.signal.Signal
setup-signal-macos =
    HTTPS_PROXY=http://{ $address } /Applications/Signal.app/Contents/MacOS/Signal
setup-signal-windows =
    در PowerShell: $Env:HTTPS_PROXY = 'http://{ $address }'; & "$Env:LOCALAPPDATA\Programs\signal-desktop\Signal.exe"
setup-signal-works =
    پیام‌ها، عکس‌ها و پرونده‌ها روی رایانه.
setup-signal-not =
    تماس‌ها: با UDP و از کنار هر پراکسی می‌گذرند.
    سیگنال روی گوشی: تنظیم پراکسی آن تنها گونهٔ خودش را می‌پذیرد که به سروری با دامنه نیاز دارد. گوشی از راه روتری که byway روی آن است به byway می‌رسد.

setup-whatsapp-do =
    روی این رایانه web.whatsapp.com را در مرورگر باز کنید، پس از: byway proxy on
    برنامهٔ دسکتاپ تنظیم پراکسی ندارد و دانسته نیست که از تنظیم سیستم پیروی کند.
setup-whatsapp-phone =
    روی گوشی: تنظیمات، فضای ذخیره‌سازی و داده‌ها، پراکسی. پیوند و کد QR: byway share
setup-whatsapp-phone-off =
    برای گوشی‌ها byway می‌تواند همان پراکسی باشد که خود واتس‌اپ می‌خواهد: [listen.whatsapp] در پیکربندی، سپس byway share.
setup-whatsapp-works =
    پیام‌ها، عکس‌ها و پرونده‌ها.
setup-whatsapp-not =
    تماس‌ها: واتس‌اپ آن‌ها را از پراکسی خودش نمی‌گذراند، صفحهٔ مرورگر هم از byway نه.

setup-discord-do =
    دیسکورد هنگام آغاز از تنظیم پراکسی سیستم پیروی می‌کند: byway proxy on، سپس دیسکورد را کامل ببندید و دوباره باز کنید.
    یا تنها برای دیسکورد: discord --proxy-server=http://{ $address }
    در مرورگر: discord.com پس از byway proxy on.
setup-discord-works =
    پیام‌ها، تصویرها و پرونده‌ها.
setup-discord-not =
    صدا و تصویر: با UDP و از کنار هر پراکسی می‌گذرند.
    به‌روزرسان که پیش از پنجره کار می‌کند شاید از تنظیم پیروی نکند؛ اگر گیر کرد دیسکورد را از پوسته باز کنید، پس از: eval "$(byway env)"
