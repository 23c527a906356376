//! The pages for people, to the letter, in 80 columns. The wanted text is in `golden/`.

use super::stage::Paper;
use crate::cli::diagnose::Examination;
use crate::cli::probe::Matrix;
use crate::cli::table::columns;
use crate::cli::{Out, doctor, past, report, status, why};
use crate::control::tests::checkup::fixed_findings;
use crate::control::tests::world::{
    clock, fixed_account, fixed_examination, fixed_past, fixed_probe, fixed_status, fixed_why,
};
use crate::lang::{Tongue, Words};

fn page(write: impl FnOnce(&mut Out) -> std::io::Result<()>) -> String {
    let paper = Paper::default();
    write(&mut paper.out()).unwrap();
    let text = paper.text();
    assert!(text.lines().all(|line| columns(line) <= 80), "wider than 80 columns:\n{text}");
    text
}

/// The same pages in Russian and Persian, where columns must stand as well.
fn page_in(tongue: Tongue, write: impl FnOnce(&mut Out) -> std::io::Result<()>) -> String {
    let paper = Paper::default();
    write(&mut paper.out().speaking(tongue)).unwrap();
    let text = paper.text();
    assert!(text.lines().all(|line| columns(line) <= 80), "wider than 80 columns:\n{text}");
    text
}

#[test]
fn the_status_page_in_other_languages() {
    let russian = page_in(Tongue::Russian, |out| status::render(&fixed_status(), out));
    assert_eq!(russian, include_str!("golden/status.ru.txt"), "\n{russian}");
    let persian = page_in(Tongue::Persian, |out| status::render(&fixed_status(), out));
    // Between two cells that run to the left stands a mark that keeps their order.
    assert!(persian.contains("سرویس") && persian.contains("\u{200e}  "), "\n{persian}");
}

#[test]
fn the_other_pages_in_other_languages_keep_no_english_word_in_their_titles() {
    for tongue in [Tongue::Russian, Tongue::Persian] {
        let mut found = Examination::default();
        fixed_examination().into_iter().for_each(|step| found.take(step));
        let mut matrix = Matrix::default();
        fixed_probe().into_iter().for_each(|item| matrix.take(item));
        for (page, titles) in [
            (page_in(tongue, |out| why::render(&fixed_why(), out)), ["WHEN", "ANCHORS", "Not tried", "Confidence"]),
            (
                page_in(tongue, |out| past::render(&fixed_past(), clock().wall, out)),
                ["WHEN", "WHY", "started", "times"],
            ),
            (page_in(tongue, |out| matrix.render(out)), ["SERVICE", "FACET", "ok ", "answer"]),
            (page_in(tongue, |out| found.render("Telegram", out)), ["RESULT", "SHOWS", "examined", "blocked ("]),
        ] {
            for title in titles {
                assert!(!page.contains(title), "{tongue:?}: {title} in\n{page}");
            }
        }
    }
}

#[test]
fn the_check_up_page() {
    let words = Words::shared(Tongue::English);
    let text = page(|out| doctor::render(&words, &fixed_findings(), out));
    assert_eq!(text, include_str!("golden/doctor.txt"), "\n{text}");
    for tongue in [Tongue::Russian, Tongue::Persian] {
        page_in(tongue, |out| doctor::render(&Words::shared(tongue), &fixed_findings(), out));
    }
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
