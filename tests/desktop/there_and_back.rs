//! On and off again, on two desktops at once; what somebody else sets in between; and a session without its D-Bus.

use super::session::{Abroad, LISTEN, Session, config};

#[test]
fn gnome_goes_there_and_back_by_every_mode() {
    let Some(session) = Session::of("GNOME") else { return };
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    session.set_gnome("", "ignore-hosts", "['mine.example']");
    session.set_gnome(".http", "host", "'old.example'");
    let before = session.gnome();
    let running = session.start();
    let door = running.door();
    for mode in ["manual", "pac", "both"] {
        let said = session.byway(&["proxy", "on", "--mode", mode]).good();
        assert!(said.contains("gnome: ") && said.contains("until byway stops"), "{said}");
        let url = session.gnome_value("", "autoconfig-url");
        let port = session.gnome_value(".socks", "port");
        match mode {
            "manual" => {
                assert_eq!((session.gnome_value("", "mode"), url), ("'manual'".into(), "''".into()));
                assert_eq!(
                    (session.gnome_value(".http", "host"), port),
                    ("'127.0.0.1'".into(), door.port().to_string())
                );
                let ignored = session.gnome_value("", "ignore-hosts");
                assert!(ignored.starts_with("['mine.example', 'localhost', "), "{ignored}");
            }
            _ => {
                assert_eq!(session.gnome_value("", "mode"), "'auto'");
                assert!(url.starts_with(&format!("'http://{door}/")) && url.ends_with("/proxy.pac'"), "{url}");
                let fixed = if mode == "both" { door.port().to_string() } else { String::from("0") };
                assert_eq!(port, fixed, "{mode}");
            }
        }
    }
    let status = session.byway_json(&["proxy", "status"]);
    let gnome = &status["systems"][0];
    assert_eq!((gnome["system"].as_str(), gnome["ours"].as_bool()), (Some("gnome"), Some(true)), "{status}");
    assert_eq!(status["left_behind"], false);
    let said = session.byway(&["proxy", "off"]).good();
    assert!(said.contains("gnome: as it was before byway"), "{said}");
    assert_eq!(session.gnome(), before);
    assert!(!session.path("state/byway/sysproxy.json").exists());
    assert!(session.byway(&["proxy", "off"]).good().contains("has not changed"));
}

#[test]
fn two_desktops_and_the_environment_are_told_and_given_back() {
    let Some(session) = Session::of("KDE") else { return };
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    session.set_kde("NoProxyFor", "mine.example");
    let (gnome, kde) = (session.gnome(), session.kde());
    let running = session.start();
    let door = running.door();
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    let file = session.kde();
    let port = door.port();
    for line in [
        "ProxyType=1",
        &format!("httpProxy=http://127.0.0.1 {port}"),
        &format!("socksProxy=socks://127.0.0.1 {port}"),
        "NoProxyFor=mine.example,localhost,",
    ] {
        assert!(file.contains(line), "{line} in {file}");
    }
    assert_eq!(session.gnome_value("", "mode"), "'manual'");
    let environment = session.path(".config/environment.d/byway.conf");
    let variables = std::fs::read_to_string(&environment).unwrap();
    assert!(variables.contains(&format!("\nHTTPS_PROXY=http://{door}\n")), "{variables}");
    // The script alone needs no variables.
    session.byway(&["proxy", "on", "--mode", "pac"]).good();
    assert!(session.kde().contains("ProxyType=2") && !session.kde().contains("httpProxy"), "{}", session.kde());
    assert!(!environment.exists());
    session.byway(&["proxy", "on", "--mode", "both"]).good();
    assert!(environment.exists() && session.kde().contains("ProxyType=2") && session.kde().contains("httpProxy"));
    session.byway(&["proxy", "off"]).good();
    assert_eq!((session.gnome(), session.kde().trim()), (gnome, kde.trim()));
    assert!(!environment.exists());
}

#[test]
fn what_somebody_else_sets_in_between_stays_and_is_told() {
    let Some(session) = Session::of("GNOME") else { return };
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    let running = session.start();
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    session.set_gnome(".http", "host", "'corp.example'");
    let status = session.byway(&["proxy", "status"]).good();
    assert!(status.contains("org.gnome.system.proxy.http host"), "{status}");
    let said = session.byway(&["proxy", "off"]).good();
    assert!(said.contains("somebody else has changed org.gnome.system.proxy.http host"), "{said}");
    assert_eq!(session.gnome_value("", "mode"), "'manual'", "their proxy stays in force");
    assert_eq!(session.gnome_value(".http", "host"), "'corp.example'");
    assert_eq!(session.gnome_value(".socks", "host"), "''", "what led to byway is gone");
    // Put in again, theirs is what there was before.
    session.byway(&["proxy", "on", "--mode", "manual"]).good();
    session.byway(&["proxy", "off"]).good();
    assert_eq!(session.gnome_value(".http", "host"), "'corp.example'");
    assert_eq!(session.gnome_value("", "mode"), "'manual'");
    drop(running);
}

#[test]
fn without_its_bus_a_desktop_keeps_nothing_and_byway_says_so() {
    let Some(with_tools) = Session::of("GNOME") else { return };
    drop(with_tools);
    let session = Session::without_bus("GNOME");
    std::fs::remove_dir_all(session.path(".config/environment.d")).unwrap();
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    let _running = session.start();
    let said = session.byway(&["proxy", "on"]);
    assert!(said.err.contains("gnome: the setting was not kept"), "{said:#?}");
    assert!(!session.path("state/byway/sysproxy.json").exists(), "nothing was changed");
}

#[test]
fn nothing_leads_to_a_byway_that_does_not_run() {
    let Some(session) = Session::of("GNOME") else { return };
    let before = session.gnome();
    let said = session.byway(&["proxy", "on"]);
    assert_eq!(said.code, Some(4), "{said:#?}");
    assert_eq!(session.gnome(), before);
}
