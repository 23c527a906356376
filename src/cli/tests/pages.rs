//! The pages for people, to the letter, in 80 columns. The wanted text is in `golden/`.

use super::stage::Paper;
use crate::cli::diagnose::Examination;
use crate::cli::probe::Matrix;
use crate::cli::table::columns;
use crate::cli::{Out, past, report, status, why};
use crate::control::tests::world::{
    clock, fixed_account, fixed_examination, fixed_past, fixed_probe, fixed_status, fixed_why,
};

fn page(write: impl FnOnce(&mut Out) -> std::io::Result<()>) -> String {
    let paper = Paper::default();
    write(&mut paper.out()).unwrap();
    let text = paper.text();
    assert!(text.lines().all(|line| columns(line) <= 80), "wider than 80 columns:\n{text}");
    text
}

#[test]
fn the_status_page() {
    let text = page(|out| status::render(&fixed_status(), out));
    assert_eq!(text, include_str!("golden/status.txt"), "\n{text}");
}

#[test]
fn the_why_page() {
    let text = page(|out| why::render(&fixed_why(), out));
    assert_eq!(text, include_str!("golden/why.txt"), "\n{text}");
}

#[test]
fn the_history_page() {
    let text = page(|out| past::render(&fixed_past(), clock().wall, out));
    assert_eq!(text, include_str!("golden/history.txt"), "\n{text}");
}

#[test]
fn the_probe_page() {
    let mut matrix = Matrix::default();
    fixed_probe().into_iter().for_each(|item| matrix.take(item));
    let text = page(|out| matrix.render(out));
    assert_eq!(text, include_str!("golden/probe.txt"), "\n{text}");
}

#[test]
fn the_examination_page() {
    let mut found = Examination::default();
    fixed_examination().into_iter().for_each(|step| found.take(step));
    let text = page(|out| found.render("Telegram", out));
    assert_eq!(text, include_str!("golden/diagnose.txt"), "\n{text}");
}

#[test]
fn the_report_page() {
    let text = page(|out| report::render(&fixed_account(), out));
    assert_eq!(text, include_str!("golden/report.txt"), "\n{text}");
}
