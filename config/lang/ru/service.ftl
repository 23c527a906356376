# byway service: запускает система, она же присматривает.

service-installed-own = byway будет запускаться сам при каждом вашем входе в систему{ $state }. Отменить: byway service uninstall --user.
service-installed = byway будет запускаться сам при каждом включении этого компьютера{ $state }. Отменить: byway service uninstall.
service-it-is = ; состояние: { $state }
service-uninstalled = byway больше не запускается сам. Его настройки и история остались на месте.
service-started = byway запущен{ $state }.
service-stopped = byway остановлен.
service-absent-own = Среди ваших служб ({ $manager }) byway нет.
service-absent = Среди служб этого компьютера ({ $manager }) byway нет.
service-line-own = byway среди ваших служб ({ $manager }): { $state }; { $starts }.
service-line = byway среди служб этого компьютера ({ $manager }): { $state }; { $starts }.
service-starts = запускается сам
service-starts-not = сам не запускается
