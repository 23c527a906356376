//! The picture on a terminal in memory, and what the keys do.

use super::draw::draw;
use super::feed::{News, Order};
use super::screen::{Deed, Key, Screen};
use crate::control::Wording;
use crate::control::tests::world::{fixed_past, fixed_status};
use crate::lang::Tongue;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn screen(tongue: Tongue) -> Screen {
    let mut screen = Screen::new(Wording::of(tongue));
    screen.hear(News::Seen(Box::new(fixed_status()), fixed_past()));
    screen
}

fn drawn(screen: &Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(screen, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_picture_shows_the_sentence_the_grid_the_day_and_the_log() {
    let text = drawn(&screen(Tongue::English), 110, 34);
    for part in
        ["Telegram and WhatsApp work.", "1 direct", "3 tokyo", "[● 180]", "✕", "–", "Last 24 hours", "Log", "q quit"]
    {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn it_fits_any_terminal_and_speaks_every_language() {
    for tongue in Tongue::ALL {
        for (width, height) in [(1, 1), (20, 5), (80, 24), (240, 70)] {
            let mut screen = screen(tongue);
            drawn(&screen, width, height);
            screen.press(Key::Help);
            drawn(&screen, width, height);
        }
    }
    let text = drawn(&screen(Tongue::Russian), 110, 30);
    assert!(text.contains("сообщения"), "{text}");
}

#[test]
fn digits_force_a_way_for_the_chosen_service() {
    let mut screen = screen(Tongue::English);
    let order = |screen: &mut Screen, key| match screen.press(key) {
        Deed::Order(Order::Use(service, way)) => Some((service.to_string(), way.map(|way| way.to_string()))),
        Deed::Nothing => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(order(&mut screen, Key::Way(3)), Some(("telegram".into(), Some("tokyo".into()))));
    assert_eq!(order(&mut screen, Key::Way(9)), None, "there is no ninth way");
    screen.press(Key::Down);
    assert_eq!(order(&mut screen, Key::Way(0)), Some(("whatsapp".into(), None)));
    for _ in 0..9 {
        screen.press(Key::Down);
    }
    assert_eq!(order(&mut screen, Key::Way(1)), Some(("signal".into(), Some("direct".into()))));
    assert_eq!(screen.press(Key::Test), Deed::Order(Order::Test("signal".into())));
    assert!(screen.said.contains("Signal"));
}

#[test]
fn a_held_picture_stays_and_q_leaves_the_help_first() {
    let mut screen = screen(Tongue::English);
    screen.press(Key::Pause);
    let mut other = fixed_status();
    other.services.clear();
    screen.hear(News::Seen(Box::new(other.clone()), Vec::new()));
    assert!(!screen.seen.as_ref().unwrap().0.services.is_empty());
    screen.press(Key::Pause);
    screen.hear(News::Seen(Box::new(other), Vec::new()));
    assert!(screen.seen.as_ref().unwrap().0.services.is_empty());
    assert_eq!(screen.press(Key::Test), Deed::Nothing);
    screen.press(Key::Help);
    assert_eq!(screen.press(Key::Quit), Deed::Nothing);
    assert_eq!(screen.press(Key::Quit), Deed::Quit);
}

#[test]
fn before_the_first_answer_it_says_that_it_waits() {
    let mut screen = Screen::new(Wording::of(Tongue::English));
    assert!(drawn(&screen, 60, 4).contains("Waiting for byway"));
    screen.hear(News::Trouble("nobody there".into()));
    assert!(drawn(&screen, 60, 4).contains("nobody there"));
    assert_eq!(screen.press(Key::Way(1)), Deed::Nothing);
}
