# byway service: سیستم آغازش می‌کند و مراقبش است.

service-installed-own = byway هر بار که وارد سیستم شوید خودش آغاز می‌شود{ $state }. بازگرداندن: byway service uninstall --user.
service-installed = byway هر بار که این دستگاه روشن شود خودش آغاز می‌شود{ $state }. بازگرداندن: byway service uninstall.
service-it-is = ؛ وضعیت: { $state }
service-uninstalled = byway دیگر خودش آغاز نمی‌شود. پیکربندی و تاریخچه‌اش سر جای خود است.
service-started = byway آغاز شد{ $state }.
service-stopped = byway ایستانده شد.
service-absent-own = byway در میان سرویس‌های خود شما ({ $manager }) نیست.
service-absent = byway در میان سرویس‌های این دستگاه ({ $manager }) نیست.
service-line-own = byway در میان سرویس‌های خود شما ({ $manager }): { $state }؛ { $starts }.
service-line = byway در میان سرویس‌های این دستگاه ({ $manager }): { $state }؛ { $starts }.
service-starts = خودش آغاز می‌شود
service-starts-not = خودش آغاز نمی‌شود
