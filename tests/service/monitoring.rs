//! What a monitoring system reads of a byway that runs, and the rules and the dashboard that come with it.

use crate::house::{Home, Said, curl, find};
use crate::packaging::shipped;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const CONFIG: &str = "listen = [\"127.0.0.1:0\"]\norder = [\"direct\", \"tokyo\"]\n[detect]\nmode = \"off\"\n\
                      [control]\npage = \"127.0.0.1:0\"\n[metrics]\nenabled = true\ntoken_file = \"scrape.token\"\n\
                      [transport.tokyo.socks5]\nserver = \"127.0.0.7:9\"\n";

#[test]
fn a_monitoring_system_reads_with_the_token_and_byway_metrics_says_the_same() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(CONFIG);
    let running = home.run(&[]);
    running.says("the status page is at ");
    let said = running.said();
    let at = said.split("the status page is at ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let file = home.path().join("scrape.token");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(token.len(), 64);

    let read = |token: &str| {
        let header = format!("Authorization: Bearer {token}");
        curl(&program, "", &["--header", &header, "--write-out", "%{http_code}", &format!("http://{at}/metrics")])
            .good()
    };
    let page = read(&token);
    assert!(page.ends_with("# EOF\n200"), "{page}");
    assert!(page.contains("byway_transport_up{transport=\"tokyo\",kind=\"socks5\"} 1"), "{page}");
    assert!(page.contains("process_resident_memory_bytes "), "{page}");
    assert!(!page.contains("127.0.0."), "no server and no client: {page}");
    assert_eq!(read("guess"), "404");

    let same = home.byway(&["metrics"]).good();
    let names = |text: &str| {
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&same), names(&page));

    // A byway that begins again takes the same token.
    running.stop();
    let again = home.run(&[]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
    drop(again);
}

#[test]
fn the_rules_are_right_by_the_judgement_of_promtool() {
    let Some(promtool) = find("promtool", "prometheus") else { return };
    for (task, file) in [("check", "byway.rules.yml"), ("test", "byway.rules.test.yml")] {
        let mut command = Command::new(&promtool);
        command.args([task, "rules", file]).current_dir(shipped("monitoring"));
        let said = Said::of(command.output().unwrap());
        assert_eq!(said.code, Some(0), "{said:#?}");
    }
}

#[test]
fn the_dashboard_is_json_with_a_query_in_every_panel() {
    let text = std::fs::read_to_string(shipped("monitoring/byway.dashboard.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() > 10);
    for panel in panels {
        let targets = panel["targets"].as_array().unwrap();
        assert!(
            !targets.is_empty()
                && targets.iter().all(|target| target["expr"].as_str().is_some_and(|expr| !expr.is_empty()))
        );
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "no source of one house");
    }
}
