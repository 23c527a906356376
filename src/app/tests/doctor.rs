//! The check-up in the lab's country: a line that is well, a name that is forged, a way that stops, a cable that is out.

use crate::app::doctor::{Patient, of_running, steps};
use crate::app::source::Source;
use crate::app::{Byway, live_in};
use crate::cli::Launch;
use crate::control::doctor::{Check, Finding, State, Step};
use crate::control::{Place, RefusalCode};
use crate::lab::{Action, Country, Rule, Target, World};
use futures_util::StreamExt;
use std::path::Path;
use std::sync::Arc;

fn launch(folder: &Path) -> Launch {
    let config = Some(folder.join("config.toml"));
    Launch { config, sets: Vec::new(), control: None, quiet: false, verbose: 0 }
}

fn patient(byway: Option<Arc<Byway>>, folder: &Path) -> Patient {
    Patient {
        byway,
        source: Source::of(&launch(folder)),
        place: Place::named(&folder.join("control.sock")),
        runs: false,
        status: Box::pin(std::future::ready(None)),
    }
}

fn country(rules: &[Rule]) -> (Country, Arc<Byway>) {
    fastrand::seed(7);
    let world = rules.iter().fold(World::new().seed(7), |world, rule| world.censor(rule.clone()));
    let country = world.start().unwrap();
    let byway = live_in(&country, "").unwrap();
    (country, byway)
}

/// What a check-up of a byway in a country finds; that it tells every look and ends is held here.
async fn found(byway: &Arc<Byway>) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    let all: Vec<Step> = steps(patient(Some(Arc::clone(byway)), folder.path())).collect().await;
    let looked = all.iter().filter(|step| matches!(step, Step::Looked(_))).count();
    assert!(matches!(all.first(), Some(Step::Planned(planned)) if *planned as usize == looked), "{all:?}");
    assert_eq!(all.last(), Some(&Step::Done));
    all.into_iter()
        .filter_map(|step| match step {
            Step::Found(finding) => Some(finding),
            _ => None,
        })
        .collect()
}

fn reason(findings: &[Finding], check: Check) -> &str {
    let found = findings.iter().find(|finding| finding.check == check);
    found.unwrap_or_else(|| panic!("{check:?} in {findings:#?}")).reason.as_str()
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_well_is_found_well() {
    let (country, byway) = country(&[]);
    let findings = found(&byway).await;
    for (check, wanted) in [
        (Check::Configuration, "configuration_good"),
        (Check::Control, "control_none"),
        (Check::Route, "route_there"),
        (Check::Portal, "portal_none"),
        (Check::Clock, "clock_right"),
        (Check::Internet, "internet_answers"),
        (Check::Mtu, "mtu_good"),
        (Check::Names, "names_agree"),
    ] {
        assert_eq!(reason(&findings, check), wanted, "{findings:#?}");
    }
    let ways: Vec<_> = findings.iter().filter(|finding| finding.check == Check::Way).collect();
    assert!(ways.len() >= 3 && ways.iter().all(|way| way.reason == "way_carries"), "{ways:#?}");
    byway.stop().await;
    drop(country);
}

#[tokio::test(start_paused = true)]
async fn a_forged_name_is_found_and_blames_no_way() {
    let (plain, byway) = country(&[]);
    let settings = byway.generation.load_full().settings.clone();
    let targets = settings.services.iter().flat_map(|spec| &spec.probes).flat_map(|probe| &probe.targets);
    let names: Vec<_> = targets.filter_map(|target| target.host.name().map(str::to_owned)).collect();
    byway.stop().await;
    drop(plain);
    let rules: Vec<_> = names.iter().map(|name| Rule::new(Target::name(name), Action::NoSuchName)).collect();
    let (country, byway) = country(&rules);
    let findings = found(&byway).await;
    assert_eq!(reason(&findings, Check::Names), "names_forged", "{findings:#?}");
    assert!(findings.iter().filter(|found| found.check == Check::Way).all(|way| way.state == State::Ok));
    byway.stop().await;
    drop(country);
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_is_out_is_found_and_nothing_else_is_asked() {
    let (country, byway) = country(&[Rule::new(Target::everything(), Action::LinkDown)]);
    let findings = found(&byway).await;
    assert_eq!(reason(&findings, Check::Route), "route_none");
    assert!(!findings.iter().any(|found| matches!(found.check, Check::Names | Check::Families | Check::Udp)));
    let ways = findings.iter().filter(|finding| finding.check == Check::Way);
    assert!(ways.clone().count() > 0 && ways.clone().all(|way| way.reason == "way_untested"), "{findings:#?}");
    byway.stop().await;
    drop(country);
}

#[tokio::test(start_paused = true)]
async fn one_check_up_at_a_time() {
    let (country, byway) = country(&[]);
    let folder = tempfile::tempdir().unwrap();
    let first = of_running(&byway, patient(Some(Arc::clone(&byway)), folder.path())).ok().unwrap();
    let refused = of_running(&byway, patient(Some(Arc::clone(&byway)), folder.path())).err().unwrap();
    assert_eq!(refused.code, RefusalCode::Busy);
    drop(first);
    assert!(of_running(&byway, patient(Some(Arc::clone(&byway)), folder.path())).is_ok());
    byway.stop().await;
    drop(country);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_faulty_file_that_others_can_read_a_dead_socket_and_a_half_written_file_are_found_without_a_byway() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "listen = 3\n").unwrap();
    std::fs::write(folder.path().join("config.toml.new"), "half").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")).unwrap());
    let all: Vec<Step> = steps(patient(None, folder.path())).collect().await;
    let findings: Vec<_> = all
        .into_iter()
        .filter_map(|step| match step {
            Step::Found(finding) => Some(finding),
            _ => None,
        })
        .collect();
    assert_eq!(reason(&findings, Check::Configuration), "configuration_faulty");
    let opened = findings.iter().find(|found| found.reason == "file_open").unwrap();
    assert_eq!(opened.details["mode"], crate::control::doctor::Detail::Text("644".into()));
    assert_eq!(reason(&findings, Check::Control), "control_stale");
    assert_eq!(reason(&findings, Check::Leftovers), "leftover_file");
    assert_eq!(reason(&findings, Check::Listener), "listener_none");
}
