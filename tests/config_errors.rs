//! Every configuration error, word for word: `tests/golden/NAME.toml` must be refused with `NAME.err`. A first
//! line `#! --set path=value` goes over the file. `UPDATE_GOLDEN=1` writes what is said now, to be read and judged.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot read its files has failed")]

use byway::config::{Origin, Override, load};
use std::fs;
use std::path::{Path, PathBuf};

fn said(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let sets = text.lines().map_while(|line| line.strip_prefix("#! --set "));
    let overrides: Vec<Override> = sets.map(|set| Override::set(set).expect("path=value")).collect();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let origin = Origin { name, folder: file.parent().unwrap().to_owned(), state: PathBuf::from("/state") };
    match load(&text, &origin, &overrides) {
        Ok(_) => "no fault\n".to_owned(),
        Err(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect(),
    }
}

fn goldens() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

#[test]
fn every_fault_is_told_in_the_words_on_record() {
    let files = goldens();
    assert!(files.len() >= 40, "only {} golden files", files.len());
    let mut wrong = String::new();
    for file in files {
        let said = said(&file);
        let record = file.with_extension("err");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&record, &said).unwrap();
        }
        let expected = fs::read_to_string(&record).unwrap_or_default();
        if said != expected || said == "no fault\n" {
            wrong += &format!("--- {}\nexpected:\n{expected}said:\n{said}\n", file.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_fault_shows_a_secret_or_a_line_of_the_file() {
    for file in goldens() {
        let said = said(&file);
        assert!(!said.to_lowercase().contains("hunter2"), "{} shows a secret:\n{said}", file.display());
        let place = file.file_name().unwrap().to_string_lossy().into_owned();
        for line in said.lines() {
            let placed = line.starts_with(&place) || line.starts_with("--set: ");
            assert!(placed && line.contains("; "), "{}: no place or no expectation: {line}", file.display());
        }
    }
}
