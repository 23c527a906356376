//! Runs relays between kernel sockets that have settled: a thread with one epoll(7) set for all of them. Beside the
//! runtime such a relay costs a third of the memory and no timer, and it may last for days. It only waits for sockets and
//! for words; what a relay does is its own affair.

use super::io::Io;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use tokio::runtime::Handle;
use tracing::error;

/// Events taken at once.
const EVENTS: usize = 128;
/// Names the alarm among the events.
const ALARM: u64 = u64::MAX;

const READABLE: u8 = 1;
const WRITABLE: u8 = 2;
/// The far end has said that it sends no more, or is gone: what is left is read until that is met.
const ENDED: u8 = 4;
/// What came before it was watched may have been told before it sat here: it is read until nothing is left.
const UNTOLD: u8 = 8;

thread_local! {
    /// This thread runs a reactor: it needs no alarm.
    static IS_REACTOR: Cell<bool> = const { Cell::new(false) };
}

/// What a reactor can run: it waits for its two sockets, and for words that it is told.
pub trait Work: Future<Output = ()> + Send {
    /// The two streams, both of which [can settle](Io::can_settle).
    fn ends(&mut self) -> [&mut dyn Io; 2];
}

/// The relays, and the thread that runs them. Ends with this, and those that are left with it.
pub struct Reactor {
    shared: Arc<Shared>,
}

struct Shared {
    epoll: Epoll,
    alarm: EventFd,
    inbox: Mutex<Inbox>,
}

/// What the thread is to look at next.
#[derive(Default)]
struct Inbox {
    arrivals: Vec<(u32, Guest)>,
    woken: Vec<u32>,
    /// Places that are free below `places`.
    free: Vec<u32>,
    places: u32,
    over: bool,
}

/// A relay, and what is kept for as long as it runs.
struct Guest {
    seat: Arc<Seat>,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    _room: Box<dyn Send>,
}

/// Where a relay sits: what its two sockets are ready for, and how it is woken.
pub struct Seat {
    place: u32,
    ready: [AtomicU8; 2],
    /// It will be looked at.
    queued: AtomicBool,
    shared: Arc<Shared>,
}

/// One of a seat's two sockets.
pub(super) struct Watched {
    seat: Arc<Seat>,
    side: u8,
}

impl Reactor {
    /// A reactor whose relays may use the runtime of `handle`. `None` where the system has no descriptors or threads left.
    pub fn new(handle: Handle) -> Option<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).ok()?;
        let alarm = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).ok()?;
        epoll.add(&alarm, EpollEvent::new(EpollFlags::EPOLLIN, ALARM)).ok()?;
        let shared = Arc::new(Shared { epoll, alarm, inbox: Mutex::default() });
        let own = Arc::clone(&shared);
        let run = move || {
            let _entered = handle.enter();
            IS_REACTOR.set(true);
            own.run();
            own.close();
        };
        std::thread::Builder::new().name(String::from("relays")).spawn(run).ok()?;
        Some(Self { shared })
    }

    /// Goes on with a relay that has begun in the runtime; `room` is kept until it has ended.
    ///
    /// # Errors
    /// The system's, when an end cannot be watched; then the relay is lost.
    pub fn adopt(&self, mut work: impl Work + 'static, room: Box<dyn Send>) -> io::Result<()> {
        let place = self.shared.inbox().place();
        let seat = Arc::new(Seat {
            place,
            ready: [const { AtomicU8::new(READABLE | WRITABLE | UNTOLD) }; 2],
            queued: AtomicBool::new(true),
            shared: Arc::clone(&self.shared),
        });
        for (side, end) in (0..).zip(work.ends()) {
            end.settle(&seat, side).inspect_err(|_| self.shared.inbox().free.push(place))?;
        }
        let guest = Guest { seat, work: Box::pin(work), _room: room };
        let mut inbox = self.shared.inbox();
        if inbox.over {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        inbox.arrivals.push((place, guest));
        drop(inbox);
        self.shared.ring();
        Ok(())
    }
}

impl Inbox {
    /// A place that nobody has.
    fn place(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.places += 1;
            self.places - 1
        })
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.shared.inbox().over = true;
        self.shared.ring();
    }
}

impl Seat {
    /// Watches one of the two sockets.
    pub(super) fn watch(self: &Arc<Self>, socket: &TcpStream, side: u8) -> io::Result<Watched> {
        let interest = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
        let name = u64::from(self.place) << 1 | u64::from(side & 1);
        self.shared.epoll.add(socket, EpollEvent::new(interest, name))?;
        Ok(Watched { seat: Arc::clone(self), side: side & 1 })
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        self.shared.inbox().woken.push(self.place);
        if !IS_REACTOR.get() {
            self.shared.ring();
        }
    }
}

impl Watched {
    fn flags(&self) -> &AtomicU8 {
        &self.seat.ready[usize::from(self.side)]
    }

    /// Reads or writes once, when the socket may be ready. `is_dry` tells from the outcome that nothing more is there or
    /// fits, so that the next try can wait for the next event.
    fn once<T>(
        &self,
        what: u8,
        mut work: impl FnMut() -> io::Result<T>,
        is_dry: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        let flags = self.flags();
        if flags.load(Ordering::Relaxed) & what == 0 {
            return Poll::Pending;
        }
        loop {
            match work() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let told = if what == READABLE { UNTOLD } else { 0 };
                    flags.fetch_and(!(what | told), Ordering::Relaxed);
                    return Poll::Pending;
                }
                Ok(done) => {
                    if is_dry(&done) && flags.load(Ordering::Relaxed) & (ENDED | UNTOLD) == 0 {
                        flags.fetch_and(!what, Ordering::Relaxed);
                    }
                    return Poll::Ready(Ok(done));
                }
                failed => return Poll::Ready(failed),
            }
        }
    }

    /// Reads once.
    pub(super) fn read<T>(
        &self,
        work: impl FnMut() -> io::Result<T>,
        is_dry: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        self.once(READABLE, work, is_dry)
    }

    /// Writes once.
    pub(super) fn write<T>(
        &self,
        work: impl FnMut() -> io::Result<T>,
        is_full: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        self.once(WRITABLE, work, is_full)
    }
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // One that is full rings already.
        let _full = self.alarm.write(1);
    }

    /// Ends those that have not begun.
    fn close(&self) {
        let late = {
            let mut inbox = self.inbox();
            inbox.over = true;
            std::mem::take(&mut inbox.arrivals)
        };
        drop(late);
    }

    fn run(&self) {
        let mut guests: Vec<Option<Guest>> = Vec::new();
        let mut queue: Vec<u32> = Vec::new();
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            {
                let mut inbox = self.inbox();
                if inbox.over {
                    return;
                }
                for (place, guest) in inbox.arrivals.drain(..) {
                    let index = place as usize;
                    if guests.len() <= index {
                        guests.resize_with(index + 1, || None);
                    }
                    guests[index] = Some(guest);
                    queue.push(place);
                }
                queue.append(&mut inbox.woken);
            }
            let patience = if queue.is_empty() { EpollTimeout::NONE } else { EpollTimeout::ZERO };
            let came = match self.epoll.wait(&mut events, patience) {
                Ok(came) => came,
                Err(Errno::EINTR) => 0,
                Err(errno) => {
                    error!(%errno, "relays cannot be watched any more");
                    return;
                }
            };
            for event in &events[..came] {
                self.note(event, &guests, &mut queue);
            }
            for place in queue.drain(..) {
                self.turn(place, &mut guests);
            }
        }
    }

    /// Notes what a socket is ready for.
    fn note(&self, event: &EpollEvent, guests: &[Option<Guest>], queue: &mut Vec<u32>) {
        if event.data() == ALARM {
            let _rung = self.alarm.read();
            return;
        }
        let (place, side) = (event.data() >> 1, usize::from(event.data() & 1 == 1));
        let guest = usize::try_from(place).ok().and_then(|index| guests.get(index)?.as_ref());
        // One that has just ended may still be in the list of events.
        let Some(guest) = guest else { return };
        let mut ready = 0;
        let over = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        if event.events().intersects(over) {
            ready |= ENDED | READABLE;
        }
        if event.events().intersects(EpollFlags::EPOLLIN) {
            ready |= READABLE;
        }
        if event.events().intersects(EpollFlags::EPOLLOUT | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
            ready |= WRITABLE;
        }
        guest.seat.ready[side].fetch_or(ready, Ordering::Relaxed);
        if !guest.seat.queued.swap(true, Ordering::AcqRel) {
            queue.push(guest.seat.place);
        }
    }

    /// One turn of a relay.
    fn turn(&self, place: u32, guests: &mut [Option<Guest>]) {
        let Some(chair) = guests.get_mut(place as usize) else { return };
        let Some(guest) = chair.as_mut() else { return };
        guest.seat.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&guest.seat));
        let work = guest.work.as_mut();
        let turn = catch_unwind(AssertUnwindSafe(|| work.poll(&mut Context::from_waker(&waker))));
        if matches!(turn, Ok(Poll::Pending)) {
            return;
        }
        if turn.is_err() {
            error!(task = "relay", "a task panicked; the others go on");
        }
        let gone = chair.take();
        // Its end may be told to others, who may wake somebody here.
        drop(gone);
        self.inbox().free.push(place);
    }
}

#[cfg(test)]
mod tests;
