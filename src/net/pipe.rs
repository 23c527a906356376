//! Kernel pipes through which bytes go from one socket to another without being looked at (splice(2)). A pipe costs two
//! descriptors and holds pages, so it is lent for as long as something is in it, and kept by the thread for the next one.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::unistd::{pipe2, read};
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a pipe is made to hold: the most that anybody may ask for without privilege (pipe(7)).
const SIZE: i32 = 1 << 20;
/// One that holds less is of no use.
const LEAST: i32 = 1 << 16;
/// Pipes at a time. A user without privilege has 64 MiB for all (`pipe-user-pages-soft`), and the rest of the machine
/// wants some of it.
const MOST: usize = 24;
/// Pipes that a thread keeps.
const KEPT: usize = 4;

/// Pipes that there are.
static MADE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SPARE: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
}

/// A lent pipe. Goes back to its thread when it is empty.
pub struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

struct Ends {
    out: OwnedFd,
    into: OwnedFd,
}

impl Drop for Ends {
    fn drop(&mut self) {
        MADE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pipe {
    /// An empty pipe; none where the system gives none, or all are in use.
    pub(super) fn lend() -> Option<Self> {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        spare.or_else(Ends::new).map(|ends| Self { ends: Some(ends), held: 0 })
    }

    /// Whether nothing is in it.
    pub(super) const fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Moves what a socket has into the pipe: how much; zero at the end of what comes.
    ///
    /// # Errors
    /// `WouldBlock` when the socket has nothing, provided that the pipe is empty.
    pub(super) fn pull(&mut self, from: &impl AsFd) -> io::Result<usize> {
        let room = usize::try_from(SIZE).unwrap_or_default();
        let n = splice(from, None, &self.ends()?.into, None, room, flags())?;
        self.held += n;
        Ok(n)
    }

    /// Moves what is in the pipe into a socket: how much.
    ///
    /// # Errors
    /// `WouldBlock` when the socket takes nothing now.
    pub(super) fn push(&mut self, to: &impl AsFd) -> io::Result<usize> {
        let n = splice(&self.ends()?.out, None, to, None, self.held, flags())?;
        self.held -= n;
        Ok(n)
    }

    /// Takes out what is in it.
    pub(super) fn empty(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.held];
        let mut filled = 0;
        while filled < bytes.len() {
            match read(&self.ends()?.out, &mut bytes[filled..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => filled += n,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.held = 0;
        Ok(bytes)
    }

    fn ends(&self) -> io::Result<&Ends> {
        self.ends.as_ref().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take().filter(|_| self.held == 0) else { return };
        // At the end of the thread there is nobody to keep it.
        let _gone = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(ends);
            }
        });
    }
}

impl Ends {
    fn new() -> Option<Self> {
        if MADE.fetch_add(1, Ordering::Relaxed) >= MOST {
            MADE.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let Ok((out, into)) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC) else {
            MADE.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let ends = Self { out, into };
        // It is made larger where that is allowed.
        let size =
            fcntl(&ends.into, FcntlArg::F_SETPIPE_SZ(SIZE)).or_else(|_| fcntl(&ends.into, FcntlArg::F_GETPIPE_SZ));
        size.is_ok_and(|size| size >= LEAST).then_some(ends)
    }
}

fn flags() -> SpliceFFlags {
    SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_goes_in_comes_out_or_can_be_taken_out() {
        let ((mut app, near), (far, mut origin)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        near.set_nonblocking(true).unwrap();
        let mut pipe = Pipe::lend().unwrap();
        assert_eq!(pipe.pull(&near).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        app.write_all(b"a transfer").unwrap();
        assert_eq!(pipe.pull(&near).unwrap(), 10);
        while !pipe.is_empty() {
            pipe.push(&far).unwrap();
        }
        let mut came = [0; 10];
        origin.read_exact(&mut came).unwrap();
        assert_eq!(&came, b"a transfer");
        app.write_all(b"the rest").unwrap();
        pipe.pull(&near).unwrap();
        assert_eq!(pipe.empty().unwrap(), b"the rest");
        drop(app);
        assert_eq!(pipe.pull(&near).unwrap(), 0, "the end");
    }

    #[test]
    fn one_with_something_in_it_is_not_lent_again() {
        let (mut app, near) = UnixStream::pair().unwrap();
        app.write_all(b"left behind").unwrap();
        let mut pipe = Pipe::lend().unwrap();
        pipe.pull(&near).unwrap();
        drop(pipe);
        near.set_nonblocking(true).unwrap();
        let held: Vec<Pipe> = std::iter::from_fn(Pipe::lend).take(MOST).collect();
        assert!(!held.is_empty() && held.len() <= MOST);
        for pipe in &held {
            let mut byte = [0];
            assert_eq!(read(&pipe.ends.as_ref().unwrap().out, &mut byte), Err(Errno::EAGAIN));
        }
    }
}
