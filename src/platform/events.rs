//! When the ground moves: another network, a wake from sleep, the link gone or back. Changes come in bursts, so they
//! are settled before they are told; a link that is gone or back is told first, and which network it is as soon as that
//! is known. What a change means for beliefs is decided elsewhere.

use super::place::{Place, here};
use super::stir::Stirs;
use crate::model::NetworkId;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// Addresses and routes of one change arrive within this time.
const SETTLE: Duration = Duration::from_millis(200);
/// How long a new gateway may stay without a hardware address before the network is told without it. Whatever is sent
/// after the word that the link is up makes the kernel ask for it, and routers answer within milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same at the start, when nothing may have been sent yet that makes the kernel ask. Until then the network counts as
/// unknown: an id without the gateway's hardware address would be another one after the next start.
const START_PATIENCE: Duration = Duration::from_secs(5);
/// Networks remembered by place; the beliefs about older ones are gone anyway.
const MET: usize = 16;
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
    stirs: Option<Stirs>,
    ticks: Interval,
    origin: Instant,
    clocks: Clocks,
    location: Location,
    look_again: Option<Instant>,
    ready: VecDeque<Event>,
}

impl Events {
    /// Watches from now on. `key` is this installation's own random key: network ids mean nothing without it.
    /// When the system does not tell of changes, looking every few seconds must do.
    pub fn watch(key: [u8; 32]) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let origin = Instant::now();
        let location = Location::new(key, here());
        let look_again = location.is_finding_out().then_some(origin + SETTLE);
        Self {
            stirs: Stirs::listen().ok(),
            ticks,
            origin,
            clocks: Clocks::new(Duration::ZERO, wall()),
            location,
            look_again,
            ready: VecDeque::new(),
        }
    }

    /// The network the machine is on; unknown while there is no default route, or its gateway was not spoken to yet.
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
            // Each arm is cancel-safe: a message, a tick and a timer hold no half-read state.
            tokio::select! {
                told = next_stir(&mut self.stirs) => {
                    if told.is_none() {
                        self.stirs = None;
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

/// Waits until something changes; `None` when the word broke off. Without one, waits for ever.
async fn next_stir(stirs: &mut Option<Stirs>) -> Option<()> {
    match stirs {
        Some(stirs) => stirs.next().await,
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
    /// Places that were fully known, each with the id that was told of it: one that was met before its gateway's
    /// hardware address was known keeps the id it got then.
    met: VecDeque<(Place, NetworkId)>,
    /// Since when a new place lacks its gateway's hardware address.
    incomplete_since: Option<Duration>,
    /// How long it may.
    patience: Duration,
}

impl Location {
    fn new(key: [u8; 32], place: Option<Place>) -> Self {
        let incomplete_since = place.as_ref().filter(|p| !p.is_complete()).map(|_| Duration::ZERO);
        let place = place.filter(Place::is_complete);
        let told = place.as_ref().map(|p| p.id(&key));
        let id = told.unwrap_or(NetworkId::UNKNOWN);
        let mut location =
            Self { key, place: None, id, told, met: VecDeque::new(), incomplete_since, patience: START_PATIENCE };
        if let Some(place) = place {
            location.meet(place.clone());
            location.place = Some(place);
        }
        location
    }

    /// Whether there is a way out, and it is not known yet to which network.
    const fn is_finding_out(&self) -> bool {
        self.incomplete_since.is_some()
    }

    /// Takes in what the route table says now; whether it should be read again soon.
    fn observe(&mut self, seen: Option<Place>, now: Duration, out: &mut VecDeque<Event>) -> bool {
        match (&self.place, seen) {
            (None, None) => {
                // It came and went before anybody knew which one it was.
                if self.incomplete_since.take().is_some() {
                    out.push_back(Event::LinkDown);
                }
                false
            }
            (Some(_), None) => {
                self.place = None;
                self.incomplete_since = None;
                out.push_back(Event::LinkDown);
                false
            }
            (Some(known), Some(seen)) if known.is_like(&seen) => {
                // What is learned of a place later must not make it another one: the id stays.
                if seen.is_complete() {
                    self.meet(seen.clone());
                    self.place = Some(seen);
                }
                self.incomplete_since = None;
                false
            }
            (known, Some(seen)) => {
                if known.is_none() && self.incomplete_since.is_none() {
                    out.push_back(Event::LinkUp);
                }
                let since = *self.incomplete_since.get_or_insert(now);
                if !seen.is_complete() && now.saturating_sub(since) < self.patience {
                    return true;
                }
                self.arrive(seen, out);
                false
            }
        }
    }

    fn arrive(&mut self, seen: Place, out: &mut VecDeque<Event>) {
        let met = self.met.iter().find(|(place, _)| *place == seen).map(|(_, id)| *id);
        self.id = met.unwrap_or_else(|| seen.id(&self.key));
        if seen.is_complete() {
            self.meet(seen.clone());
        }
        self.place = Some(seen);
        self.incomplete_since = None;
        self.patience = PATIENCE;
        if self.told != Some(self.id) {
            self.told = Some(self.id);
            out.push_back(Event::NetworkChanged(self.id));
        }
    }

    fn meet(&mut self, place: Place) {
        if self.met.iter().any(|(known, _)| *known == place) {
            return;
        }
        if self.met.len() >= MET {
            self.met.pop_front();
        }
        self.met.push_back((place, self.id));
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
        assert_eq!((again, told), (true, vec![Event::LinkUp]), "which network it is waits for the hardware address");
        let (_, told) = observe(&mut location, at(Some([2; 6])), secs(3));
        assert_eq!(told, [Event::NetworkChanged(location.id)]);
        assert_ne!(location.id, home);
    }

    #[test]
    fn a_link_that_comes_back_on_the_same_network_changes_none() {
        let mut location = Location::new([7; 32], at(Some([1; 6])));
        observe(&mut location, None, secs(1));
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(2)), (false, vec![Event::LinkUp]));
    }

    #[test]
    fn a_network_keeps_the_id_it_got_before_its_gateway_was_known() {
        let mut location = Location::new([7; 32], at(None));
        observe(&mut location, at(None), secs(5));
        let home = location.id;
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(8)), (false, vec![]));
        observe(&mut location, None, secs(9));
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(10)), (false, vec![Event::LinkUp]));
        let (_, told) = observe(&mut location, at(Some([2; 6])), secs(12));
        assert_eq!(told, [Event::NetworkChanged(location.id)]);
        let (_, told) = observe(&mut location, at(Some([1; 6])), secs(16));
        assert_eq!(told, [Event::NetworkChanged(home)]);
    }

    #[test]
    fn at_the_start_a_network_is_unknown_until_its_gateway_was_spoken_to() {
        let known = Location::new([7; 32], at(Some([1; 6]))).id;
        let mut location = Location::new([7; 32], at(None));
        assert!(location.id.is_unknown() && location.is_finding_out());
        assert_eq!(observe(&mut location, at(None), secs(2)), (true, vec![]), "the link has been up all the time");
        assert_eq!(observe(&mut location, at(Some([1; 6])), secs(3)), (false, vec![Event::NetworkChanged(known)]));
        assert!(!location.is_finding_out());
        let mut hidden = Location::new([7; 32], at(None));
        let (again, told) = observe(&mut hidden, at(None), START_PATIENCE);
        assert_eq!((again, told), (false, vec![Event::NetworkChanged(hidden.id)]));
        let mut gone = Location::new([7; 32], at(None));
        assert_eq!(observe(&mut gone, None, secs(1)), (false, vec![Event::LinkDown]));
    }

    #[test]
    fn a_link_that_is_gone_again_before_it_was_known_is_told_both_times() {
        let mut location = Location::new([7; 32], None);
        assert_eq!(observe(&mut location, at(None), secs(1)), (true, vec![Event::LinkUp]));
        assert_eq!(observe(&mut location, None, secs(2)), (false, vec![Event::LinkDown]));
        assert_eq!(observe(&mut location, None, secs(3)), (false, vec![]));
    }

    #[test]
    fn a_gateway_that_hides_its_hardware_is_told_after_a_while_and_keeps_its_id() {
        let mut location = Location::new([7; 32], None);
        assert_eq!(location.id, NetworkId::UNKNOWN);
        assert_eq!(observe(&mut location, at(None), secs(1)), (true, vec![Event::LinkUp]));
        let (again, told) = observe(&mut location, at(None), secs(6));
        assert!(!again);
        assert_eq!(told, [Event::NetworkChanged(location.id)]);
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
