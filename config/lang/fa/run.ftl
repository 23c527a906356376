# byway run: آنچه هنگام آغاز می‌گوید.

run-listens = byway در { $address } گوش می‌دهد (SOCKS5، SOCKS4 و HTTP)
run-whatsapp-chat = byway در { $address } پراکسی گفت‌وگوی واتس‌اپ است
run-whatsapp-media = byway در { $address } پراکسی فایل‌های واتس‌اپ است
run-relays = byway در { $address } برای کاربران خود بازپخش می‌کند
run-configuration = پیکربندی: { $name }
run-ways = راه‌ها به ترتیب: { $ways }
run-services = سرویس‌ها: { $services }
run-no-tunnel = هنوز تونلی نیست؛ با byway import یکی بدهید: پیوند Shadowsocks، VLESS یا Trojan، یا پراکسی SOCKS یا HTTP
run-ask = از پایانهٔ دیگری بپرسید: byway status و byway why telegram؛ با Ctrl-C بایستانیدش
run-page = صفحهٔ وضعیت در { $address } است؛ byway ui پیوندی چاپ می‌کند که بازش می‌کند
run-handed-unserved = مدیر سرویس‌ها { $address } را باز نگه می‌دارد و آنجا به کسی خدمت داده نمی‌شود: آن را در `listen` بنویسید یا از یونیت سوکت بردارید
run-broken = راه { $way } به کار نمی‌آید: { $why }
run-warning = راه { $way }: { $warning }
run-caught = آنچه دیوار آتش می‌آورد در { $address } پذیرفته می‌شود
run-names = به پرسش نام‌ها از شبکهٔ محلی در { $address } پاسخ داده می‌شود
run-firewall = دیوار آتش سرویس‌های فهرست را از { $lan } می‌آورد؛ قاعده‌هایش با byway پایان می‌یابند
run-firewall-dnsmasq = dnsmasq می‌تواند مجموعه‌ها را پر کند: اگر byway بمیرد، پوسته‌ای قاعده‌ها را برمی‌دارد
run-firewall-unowned = nft اینجا نمی‌تواند مالک جدول خود باشد: اگر byway بمیرد، پوسته‌ای قاعده‌ها را برمی‌دارد
