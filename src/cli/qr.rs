//! A QR code in a terminal: two modules in a character, with the quiet zone that cameras need (ISO/IEC 18004 §9.1).

use super::out::Out;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::io;

/// Draws `text`. Where colours are on, black on white whatever the terminal's own are; otherwise for a dark terminal,
/// which most are. What is too long for a code is left out: the text stands beside it anyway.
pub(super) fn draw(text: &str, out: &mut Out) -> io::Result<()> {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return Ok(()) };
    let mut drawing = code.render::<Dense1x2>();
    if !out.is_coloured() {
        drawing.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    }
    let lines: Vec<String> = drawing.quiet_zone(true).build().lines().map(str::to_owned).collect();
    if lines.iter().any(|line| line.chars().count() > out.width()) {
        return Ok(());
    }
    for line in lines {
        let line = if out.is_coloured() { format!("\x1b[30;107m{line}\x1b[0m") } else { line };
        out.line(&line)?;
    }
    Ok(())
}
