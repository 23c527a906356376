//! Lines of bounded length from a stream. It never holds more than its limit, whoever writes.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads lines; whatever came after one is kept for the next.
pub(super) struct Lines<R> {
    inner: R,
    held: Vec<u8>,
    scanned: usize,
    limit: usize,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One line, without its end.
    Whole(Vec<u8>),
    /// A line with nothing in it: a sign of life.
    Empty,
    /// More bytes than the limit and still no end.
    TooLong,
    /// The other side has finished.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads from `inner`; a line longer than `limit` bytes is refused.
    pub(super) const fn new(inner: R, limit: usize) -> Self {
        Self { inner, held: Vec::new(), scanned: 0, limit }
    }

    /// The next line. Cancel-safe: what was read stays in `self`.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            if let Some(at) = self.held[self.scanned..].iter().position(|&b| b == b'\n') {
                let end = self.scanned + at;
                let mut line: Vec<u8> = self.held.drain(..=end).collect();
                self.scanned = 0;
                line.truncate(end);
                if end > self.limit {
                    return Ok(Line::TooLong);
                }
                return Ok(if line.trim_ascii().is_empty() { Line::Empty } else { Line::Whole(line) });
            }
            self.scanned = self.held.len();
            if self.scanned > self.limit {
                return Ok(Line::TooLong);
            }
            let room = (self.limit + 1 - self.scanned).min(8192) as u64;
            if (&mut self.inner).take(room).read_buf(&mut self.held).await? == 0 {
                return Ok(Line::End);
            }
        }
    }

    /// Throws away what still comes, up to `most` bytes, so that closing does not cut off our last words.
    pub(super) async fn drain(&mut self, most: u64) -> io::Result<()> {
        tokio::io::copy(&mut (&mut self.inner).take(most), &mut tokio::io::sink()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &str, limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(text.as_bytes(), limit);
        let mut out = Vec::new();
        loop {
            let line = lines.next().await.unwrap();
            let last = matches!(line, Line::TooLong | Line::End);
            out.push(line);
            if last {
                return out;
            }
        }
    }

    #[tokio::test]
    async fn empty_lines_are_told_apart_and_the_rest_is_kept() {
        let whole = |t: &str| Line::Whole(t.as_bytes().to_vec());
        let lines = [Line::Empty, whole("a\r"), Line::Empty, whole("bc"), Line::End];
        assert_eq!(all("\na\r\n  \nbc\n", 8).await, lines);
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused_with_or_without_an_end() {
        assert_eq!(all("12345678\n", 8).await.len(), 2);
        assert_eq!(all("123456789\n", 8).await, [Line::TooLong]);
        assert_eq!(all(&"x".repeat(100_000), 8).await, [Line::TooLong]);
    }

    #[tokio::test]
    async fn an_unfinished_line_is_no_line() {
        assert_eq!(all("{\"ask\"", 80).await, [Line::End]);
    }
}
