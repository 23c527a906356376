//! The life of a byway that the system leads to: an ordinary end, a sudden one, the next start, another port.

use super::session::{Abroad, LISTEN, Session, config};

const ON: &str = "[system_proxy]\non = true\nmode = \"manual\"\n";

fn session(more: &str) -> Option<(Session, Abroad, String)> {
    let session = Session::of("GNOME")?;
    let abroad = Abroad::with_page("");
    session.configure(&format!("{}\n{more}", config(abroad.at, LISTEN)));
    let before = session.gnome();
    Some((session, abroad, before))
}

#[test]
fn it_is_put_in_at_the_start_and_given_back_at_the_end() {
    let Some((session, _abroad, before)) = session(ON) else { return };
    let running = session.start();
    running.says("the system's proxy setting leads to byway");
    assert_eq!(session.gnome_value(".http", "port"), running.door().port().to_string());
    let said = running.end("TERM");
    assert!(said.contains("is as it was before byway"), "{said}");
    assert_eq!(session.gnome(), before);
}

#[test]
fn what_a_command_put_in_does_not_outlive_the_byway_that_it_leads_to() {
    let Some((session, _abroad, before)) = session("") else { return };
    let running = session.start();
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    assert_ne!(session.gnome(), before);
    running.end("INT");
    assert_eq!(session.gnome(), before);
}

#[test]
fn after_a_sudden_end_the_next_start_gives_it_back() {
    let Some((session, _abroad, before)) = session("") else { return };
    let running = session.start();
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    running.end("KILL");
    assert_ne!(session.gnome(), before, "nobody was there to give it back");
    let status = session.byway_json(&["proxy", "status"]);
    assert_eq!(status["left_behind"], true);
    let next = session.start();
    assert!(next.said().contains("is as it was before byway"), "{}", next.said());
    assert_eq!(session.gnome(), before);
}

#[test]
fn after_a_sudden_end_the_next_start_puts_itself_in_and_remembers_what_was_first() {
    let Some((session, _abroad, before)) = session(ON) else { return };
    let first = session.start();
    first.says("the system's proxy setting leads to byway");
    first.end("KILL");
    let second = session.start();
    second.says("[system_proxy] is on");
    assert_eq!(session.gnome_value(".http", "port"), second.door().port().to_string());
    second.end("TERM");
    assert_eq!(session.gnome(), before);
}

#[test]
fn after_a_sudden_end_off_needs_no_byway() {
    let Some((session, _abroad, before)) = session("") else { return };
    let running = session.start();
    session.byway(&["proxy", "on", "--mode", "both"]).good();
    running.end("KILL");
    session.byway(&["proxy", "off"]).good();
    assert_eq!(session.gnome(), before);
}

#[test]
fn by_force_it_goes_off_even_where_nobody_knows_what_was_before() {
    let Some((session, _abroad, _)) = session("") else { return };
    let running = session.start();
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    running.end("KILL");
    let file = session.path("state/byway/sysproxy.json");
    std::fs::write(&file, "{ half").unwrap();
    let said = session.byway(&["proxy", "off"]);
    assert!(said.code == Some(1) && said.err.contains("damaged"), "{said:#?}");
    let said = session.byway(&["proxy", "off", "--force"]).good();
    assert!(said.contains("gnome: switched off"), "{said}");
    assert_eq!(session.gnome_value("", "mode"), "'none'");
    assert!(!file.exists());
    // Somebody else's is not touched.
    session.set_gnome(".http", "host", "'192.0.2.1'");
    session.set_gnome("", "mode", "'manual'");
    session.byway(&["proxy", "off", "--force"]).good();
    assert_eq!(session.gnome_value("", "mode"), "'manual'");
}

#[test]
fn a_start_that_is_left_alone_touches_nothing() {
    let Some((session, _abroad, before)) = session("[system_proxy]\non = false\n") else { return };
    let running = session.start();
    assert_eq!(session.gnome(), before);
    running.end("TERM");
    assert_eq!(session.gnome(), before);
    assert!(!session.path("state/byway/sysproxy.json").exists());
}
