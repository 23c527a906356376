//! When the ground moves: another network, a wake from sleep, the link gone or back. Addresses come and go in
//! bursts, so changes are settled before they are told; what a change means for beliefs is decided elsewhere.

use super::place::{Place, here};
use crate::model::NetworkId;
use futures_util::StreamExt;
use if_watch::tokio::IfWatcher;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// Addresses and routes of one change arrive within this time.
const SETTLE: Duration = Duration::from_millis(500);
/// How long a new gateway may stay without a hardware address before the network is told without it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the clocks are compared, and the route table is read in case no address changed with it.
const TICK: Duration = Duration::from_secs(4);
/// A gap longer than this is a sleep (detection rules, T20); a busy machine is late by less.
const SLEPT: Duration = Duration::from_secs(5);

/// Something that happened to the machine or its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The machine is on another network now.
    NetworkChanged(NetworkId),
    /// The machine slept about this long (or its clock was set forward by so much; attempts that overlap either
    /// are worth nothing).
    Resumed(Duration),
    /// There is a default route again.
    LinkUp,
    /// There is no default route any more.
    LinkDown,
}

/// The stream of [`Event`]s. One reader.
pub struct Events {
    addresses: Option<IfWatcher>,
    ticks: Interval,
    origin: Instant,
    clocks: Clocks,
    location: Location,
    look_again: Option<Instant>,
    ready: VecDeque<Event>,
}

impl Events {
    /// Watches from now on. `key` is this installation's own random key: network ids mean nothing without it.
    /// When the system does not tell of address changes, looking every few seconds must do.
    pub fn watch(key: [u8; 32]) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let origin = Instant::now();
        Self {
            addresses: IfWatcher::new().ok(),
            ticks,
            origin,
            clocks: Clocks::new(Duration::ZERO, wall()),
            location: Location::new(key, here()),
            look_again: None,
            ready: VecDeque::new(),
        }
    }

    /// The network the machine is on; the default id while there is no default route.
    pub fn network(&self) -> NetworkId {
        self.location.id
    }

    /// Waits for the next event. Cancel-safe: nothing is lost when this is dropped half-way.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            let look_again = self.look_again;
            // Each arm is cancel-safe: a stream's `next`, a tick and a timer hold no half-read state.
            tokio::select! {
                told = next_address(&mut self.addresses) => {
                    if told.is_none() {
                        self.addresses = None;
                    }
                    self.look_again.get_or_insert(Instant::now() + SETTLE);
                }
                _ = self.ticks.tick() => {
                    self.ready.extend(self.clocks.compare(self.origin.elapsed(), wall()).map(Event::Resumed));
                    self.look();
                }
                () = sleep_until(look_again.unwrap_or(self.origin)), if look_again.is_some() => self.look(),
            }
        }
    }

    fn look(&mut self) {
        self.look_again = None;
        if self.location.observe(here(), self.origin.elapsed(), &mut self.ready) {
            self.look_again = Some(Instant::now() + SETTLE);
        }
    }
}

/// Waits until an address comes or goes; `None` when the watcher broke. Without one, waits for ever.
async fn next_address(watcher: &mut Option<IfWatcher>) -> Option<()> {
    match watcher {
        Some(watcher) => watcher.next().await.and_then(Result::ok).map(drop),
        None => std::future::pending().await,
    }
}

fn wall() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Compares the monotonic clock, which on most systems stands still in sleep, with the wall clock, which does not.
struct Clocks {
    monotonic: Duration,
    wall: Duration,
}

impl Clocks {
    const fn new(monotonic: Duration, wall: Duration) -> Self {
        Self { monotonic, wall }
    }

    /// How long the machine slept since the last look, when it did. A wall clock that was set back tells nothing;
    /// a monotonic clock that runs on in sleep (Windows) shows it by a look that comes far too late.
    fn compare(&mut self, monotonic: Duration, wall: Duration) -> Option<Duration> {
        let awake = monotonic.saturating_sub(self.monotonic);
        let passed = wall.saturating_sub(self.wall);
        *self = Self::new(monotonic, wall);
        let gap = passed.saturating_sub(awake).max(awake.saturating_sub(TICK));
        (gap > SLEPT).then_some(gap)
    }
}

/// Where the machine is, and what has to be told about it.
struct Location {
    key: [u8; 32],
    place: Option<Place>,
    id: NetworkId,
    /// The last network that was told, to tell only another one after a link that was down.
    told: Option<NetworkId>,
    /// Since when a new place lacks its gateway's hardware address.
    incomplete_since: Option<Duration>,
}

impl Location {
    fn new(key: [u8; 32], place: Option<Place>) -> Self {
        let id = place.as_ref().map(|p| p.id(&key));
        Self { key, place, id: id.unwrap_or_default(), told: id, incomplete_since: None }
    }

    /// Takes in what the route table says now; whether it should be read again soon.
    fn observe(&mut self, seen: Option<Place>, now: Duration, out: &mut VecDeque<Event>) -> bool {
        match (&self.place, seen) {
            (None, None) => false,
            (Some(_), None) => {
                self.place = None;
                self.incomplete_since = None;
                out.push_back(Event::LinkDown);
                false
            }
            (Some(known), Some(seen)) if known.is_like(&seen) => {
                // What is learned of a place later must not make it another one: the id stays.
                if seen.is_complete() {
                    self.place = Some(seen);
                }
                self.incomplete_since = None;
                false
            }
            (_, Some(seen)) => {
                let since = *self.incomplete_since.get_or_insert(now);
                if !seen.is_complete() && now.saturating_sub(since) < PATIENCE {
                    return true;
                }
                self.arrive(seen, out);
                false
            }
        }
    }

    fn arrive(&mut self, seen: Place, out: &mut VecDeque<Event>) {
        if self.place.is_none() {
            out.push_back(Event::LinkUp);
        }
        self.id = seen.id(&self.key);
        self.place = Some(seen);
        self.incomplete_since = None;
        if self.told != Some(self.id) {
            self.told = Some(self.id);
            out.push_back(Event::NetworkChanged(self.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn observe(location: &mut Location, seen: Option<Place>, now: Duration) -> (bool, Vec<Event>) {
        let mut out = VecDeque::new();
        let again = location.observe(seen, now, &mut out);
        (again, out.into())
    }

    fn at(hardware: Option<[u8; 6]>) -> Option<Place> {
        Some(Place::at("wlan0", "192.168.1.1", hardware))
    }

    #[test]
    fn a_wall_clock_that_ran_ahead_is_a_sleep() {
        let mut clocks = Clocks::new(secs(0), secs(1000));
        assert_eq!(clocks.compare(secs(4), secs(1004)), None);
        assert_eq!(clocks.compare(secs(8), secs(3408)), Some(secs(2400)));
        assert_eq!(clocks.compare(secs(12), secs(3412)), None, "told once");
    }

    #[test]
    fn a_clock_set_back_or_a_late_tick_is_no_sleep() {
        let mut clocks = Clocks::new(secs(0), secs(1000));
        assert_eq!(clocks.compare(secs(4), secs(400)), None);
        assert_eq!(clocks.compare(secs(12), secs(408)), None);
        assert_eq!(clocks.compare(secs(72), secs(468)), Some(secs(56)), "but a minute's silence is");
    }

    #[test]
    fn another_router_behind_the_same_address_is_another_network() {
        let mut location = Location::new([7; 32], at(Some([1; 6])));
        let home = location.id;
        assert_eq!(observe(&mut location, None, secs(1)), (false, vec![Event::LinkDown]));
        let (again, told) = observe(&mut location, at(None), secs(2));
        assert!(again && told.is_empty(), "the hardware address is waited for");
        let (_, told) = observe(&mut location, at(Some([2; 6])), secs(3));
        assert_eq!(told, [Event::LinkUp, Event::NetworkChanged(location.id)]);
        assert_ne!(location.id, home);
    }

    #[test]
    fn a_link_that_comes_back_on_the_same_network_changes_none() {
        let mut location = Location::new([7; 32], at(Some([1; 6])));
        observe(&mut location, None, secs(1));
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(2)), (false, vec![Event::LinkUp]));
    }

    #[test]
    fn a_gateway_that_hides_its_hardware_is_told_after_a_while_and_keeps_its_id() {
        let mut location = Location::new([7; 32], None);
        assert_eq!(location.id, NetworkId::default());
        assert!(observe(&mut location, at(None), secs(1)).0);
        let (again, told) = observe(&mut location, at(None), secs(5));
        assert!(!again);
        assert_eq!(told, [Event::LinkUp, Event::NetworkChanged(location.id)]);
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(9)), (false, vec![]));
        assert_eq!(observe(&mut location, at(None), secs(13)), (false, vec![]), "an entry that aged out is no move");
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_stays_where_it_is_tells_nothing() {
        let mut events = Events::watch([7; 32]);
        let quiet = tokio::time::timeout(Duration::from_secs(60), events.next()).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }
}
