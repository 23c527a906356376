//! What a person can do: send a service over a way, or give the choice back; test now. Plain forms, which the script
//! only makes quicker.

use super::View;
use super::html::esc;
use std::fmt::Write;

pub(super) fn forms(view: &View<'_>) -> String {
    let say = |key| esc(&view.words.say(key));
    let mut services = String::new();
    for service in &view.status.services {
        let _ = write!(services, "<option value=\"{}\">{}</option>", esc(service.id.as_str()), esc(&service.title));
    }
    let mut ways = format!("<option value=\"\">{}</option>", say("page-automatic"));
    for way in &view.status.transports {
        let id = esc(way.id.as_str());
        let _ = write!(ways, "<option value=\"{id}\">{id}</option>");
    }
    format!(
        "<div class=\"forms\">\
         <form method=\"post\" action=\"/use\" aria-labelledby=\"force-title\"><h3 id=\"force-title\">{force}</h3>\
         <label>{service} <select name=\"service\">{services}</select></label> \
         <label>{way} <select name=\"way\">{ways}</select></label> \
         <label>{lasting} <select name=\"for\"><option value=\"3600\">{hour}</option><option value=\"\">{ever}</option></select></label> \
         <button>{use_it}</button></form>\
         <form method=\"post\" action=\"/test\" aria-labelledby=\"test-title\"><h3 id=\"test-title\">{test}</h3>\
         <p class=\"hint\" id=\"test-hint\">{hint}</p>\
         <label>{service} <select name=\"service\"><option value=\"\">{all}</option>{services}</select></label> \
         <button aria-describedby=\"test-hint\">{test_it}</button></form></div>",
        force = say("page-force"),
        service = say("page-service"),
        way = say("page-way"),
        lasting = say("page-for"),
        hour = say("page-for-hour"),
        ever = say("page-for-ever"),
        use_it = say("page-force-button"),
        test = say("page-test"),
        hint = say("page-test-hint"),
        all = say("page-all-services"),
        test_it = say("page-test-button"),
    )
}
