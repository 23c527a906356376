//! The house stands as `ARCHITECTURE.md` draws it: a room imports only from lower floors; the thinking floors
//! know no clock, socket, task, file or chance; a source file is a page.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, floor, and the rooms that it may import.
const ROOMS: &[(&str, u8, &[&str])] = &[
    ("model", 0, &[]),
    ("lang", 0, &[]),
    ("wire", 1, &["model"]),
    ("judge", 1, &["model"]),
    ("health", 1, &["model"]),
    ("policy", 1, &["model"]),
    ("net", 2, &["model", "wire"]),
    ("platform", 2, &["model"]),
    ("transport", 3, &["model", "wire", "net"]),
    ("inbound", 3, &["model", "wire", "net"]),
    ("board", 3, &["model", "health"]),
    ("journal", 3, &["model"]),
    ("session", 4, &["model", "wire", "judge", "policy", "net", "transport", "inbound", "board"]),
    ("probe", 4, &["model", "wire", "judge", "net", "transport", "board"]),
    ("control", 5, &["model", "lang", "board", "journal", "platform", "probe"]),
    // The command line names what it needs of the house as a trait, which `app` above it provides.
    ("cli", 6, &["model", "lang", "control"]),
    // The plain settings of floors 1 to 4.
    ("config", 5, &["model", "wire", "health", "policy", "net", "transport", "inbound", "journal", "session", "probe"]),
    ("lab", 5, &["model", "wire", "net"]),
    (
        "app",
        7,
        &[
            "model",
            "lang",
            "wire",
            "judge",
            "health",
            "policy",
            "net",
            "platform",
            "transport",
            "inbound",
            "board",
            "journal",
            "session",
            "probe",
            "control",
            "config",
            "lab",
            "cli",
        ],
    ),
];

/// What the thinking floors must not name.
const WORLDLY: &[&str] = &[
    "tokio",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::net::TcpListener",
    "Instant::now",
    "SystemTime",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "fastrand",
    "aws_lc_rs::rand",
    "socket2",
    "std::io::stdin",
];

/// Lines a source file may have, its tests not counted.
const PAGE: usize = 400;

#[test]
fn a_room_imports_only_from_lower_floors() {
    let mut faults = String::new();
    for (file, text) in sources() {
        let Some(room) = room_of(&file) else { continue };
        let Some((_, _, allowed)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
            let _ = writeln!(faults, "{}: the room `{room}` stands on no floor", file.display());
            continue;
        };
        for (line, other) in imports(&without_tests(&text)) {
            let known = ROOMS.iter().any(|(name, ..)| *name == other);
            if known && other != room && !allowed.contains(&other.as_str()) {
                let _ = writeln!(faults, "{}:{line}: `{room}` may not import `{other}`", file.display());
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_table_itself_points_downward() {
    for (room, floor, allowed) in ROOMS {
        for other in *allowed {
            let (_, below, _) = ROOMS.iter().find(|(name, ..)| name == other).unwrap();
            assert!(below < floor, "`{room}` on floor {floor} lists `{other}` on floor {below}");
        }
    }
}

#[test]
fn the_thinking_floors_know_no_world() {
    let mut faults = String::new();
    for (file, text) in sources() {
        let thinks =
            room_of(&file).is_some_and(|room| ROOMS.iter().any(|(name, floor, _)| *name == room && *floor < 2));
        if !thinks {
            continue;
        }
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in WORLDLY.iter().filter(|word| code.contains(**word)) {
                let _ = writeln!(faults, "{}:{}: a thinking room names `{word}`", file.display(), number + 1);
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn a_source_file_is_a_page() {
    let mut faults = String::new();
    for (file, text) in sources() {
        let lines = without_tests(&text).lines().filter(|line| !line.is_empty()).count();
        if lines > PAGE {
            let _ = writeln!(faults, "{}: {lines} lines, {PAGE} are a page", file.display());
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_room_says_what_it_is_for() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not begin with a `//!`", file.display());
    }
}

/// The guard itself sees what it must see.
#[test]
fn imports_are_seen_in_every_form() {
    let text = "use crate::model::Moment;\nuse crate::{\n    board::Board,\n    net::{self, Stream},\n};\nfn f() { crate::lab::start() }\npub(crate) fn g() {}\n";
    let seen: Vec<_> = imports(text).into_iter().map(|(line, room)| format!("{line}:{room}")).collect();
    assert_eq!(seen, ["1:model", "2:board", "2:net", "6:lab"]);
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_stem().is_some_and(|s| s != "tests") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found.sort();
    found
}

/// The first folder below `src`, or nothing for `lib.rs` and `main.rs`.
fn room_of(file: &Path) -> Option<String> {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let mut parts = below.components();
    let first = parts.next()?.as_os_str().to_str()?.to_owned();
    parts.next().map(|_| first)
}

/// The text up to the module of tests.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let tests_follow = lines.peek().is_some_and(|next| next.trim_start().starts_with("mod "));
        if line.trim() == "#[cfg(test)]" && tests_follow {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Every `crate::room` in the text, nested `use` too, with the line where it begins.
fn imports(text: &str) -> Vec<(usize, String)> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = code[from..].find("crate::") {
        let begin = from + at;
        from = begin + "crate::".len();
        let line = code[..begin].matches('\n').count() + 1;
        let rest = &code[from..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut at_name = true;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.push((line, std::mem::take(&mut name)));
                        at_name = true;
                    }
                    _ if depth == 0 && at_name && (c.is_alphanumeric() || c == '_') => name.push(c),
                    _ if depth == 0 && !name.is_empty() => at_name = false,
                    _ => {}
                }
            }
            found.push((line, name));
        } else {
            found.push((line, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
        }
    }
    found.retain(|(_, room)| !room.is_empty());
    found
}
