//! What a row of the table says.

use crate::people::Life;
use crate::seen::Seen;
use crate::stage::Stage;
use byway::lab::World;
use byway::model::{Confidence, Facet, Ground, L4, LinkState, Phase, Technique};
use futures_util::future::BoxFuture;

/// One scenario.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    /// Its number in the detection rules.
    pub(crate) number: u8,
    /// Its name there.
    pub(crate) name: &'static str,
    /// What the network does, in the rules' words.
    pub(crate) what: &'static str,
    /// Whom it is about; the seed picks one.
    pub(crate) subjects: &'static [&'static str],
    /// The facet it is about.
    pub(crate) facet: Facet,
    /// Streams or packets.
    pub(crate) l4: L4,
    /// What the country is like from the start.
    pub(crate) world: fn(World) -> World,
    /// What the owner's configuration says besides.
    pub(crate) more: &'static str,
    /// Who uses what, and how.
    pub(crate) people: &'static [Life],
    /// What happens.
    pub(crate) course: Course,
    /// Which ways are taken.
    pub(crate) route: Goes,
    /// What is said.
    pub(crate) verdict: Says,
    /// What must not happen.
    pub(crate) never: &'static [Never],
    /// What else is wrong with a run, if anything.
    pub(crate) besides: fn(&Seen) -> Vec<String>,
}

/// What happens.
#[derive(Clone, Copy)]
pub(crate) enum Course {
    /// People live for a while, then the network does this, then they live on for so many minutes.
    Falls(fn(&Stage), u64),
    /// The same, and after so many minutes all rules are lifted, and people live on for so many minutes more.
    Passes(fn(&Stage), u64, u64),
    /// A story of its own, which marks its onset.
    Story(for<'a> fn(&'a Stage) -> BoxFuture<'a, ()>),
}

/// Which ways are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goes {
    /// The first way for everybody stays the direct one, from the onset to the end.
    Direct,
    /// Nobody's first way is another at the end than before.
    Hold,
    /// The subject's first way is a tunnel at the end, the others' is not.
    Tunnel,
    /// The subject's first way is the direct one again at the end; the others' always was.
    Back,
    /// The subject's way may be any; the others' stays the direct one.
    Any,
}

/// What is said of the subject's direct route at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// Nothing is wrong with it.
    Works,
    /// It is in one of these states, by one of these techniques (the first is what the network really does), at
    /// least so surely.
    Named(&'static [Phase], &'static [Technique], Confidence),
    /// It is in this state, whatever the technique is called.
    In(Phase),
    /// Nothing; the line itself is (or was, at a trouble that passes) in this state, for one of these reasons.
    Line(LinkState, &'static [Ground]),
}

/// What must not happen, beside what never may: other services blamed, traces left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Never {
    /// Any route is called blocked.
    Blocked,
    /// The subject is ever said to suffer from this.
    Named(Technique),
    /// More changes of the subject's way than this.
    Moves(usize),
    /// A person's connection fails after the onset.
    Mishap,
    /// The first byte of more than one in twenty connections is later than 3 s.
    Late,
}

/// Where everything else begins.
pub(crate) const PLAIN: Scene = Scene {
    number: 0,
    name: "",
    what: "",
    subjects: &["telegram", "whatsapp", "signal"],
    facet: Facet::Text,
    l4: L4::Tcp,
    world: |world| world,
    more: "",
    people: crate::people::HOUSEHOLD,
    course: Course::Falls(|_| {}, 10),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[],
    besides: |_| Vec::new(),
};
