//! Scenarios whose row is not right in every run yet, each with what is missing. They are played and shown like all the
//! others, and counted in the table's sums; what they show is not asserted. A row leaves this list when it is right.

/// Number, and what is missing.
const OPEN: [(u8, &str); 15] = [
    (2, "while the cable goes, one service of many is suspected for a moment"),
    (3, "a connection that is under way when the upstream goes may move one service for good measure"),
    (17, "after the first freeze everybody has left, and nobody asks for the second one that a verdict needs"),
    (18, "as 17"),
    (19, "named after minutes instead of one: the neutral sample comes late"),
    (20, "as 19; and splitting is taken for a way out of it"),
    (21, "three questions are too few to tell a part of all packets from all of them"),
    (23, "a lossy line is called bad only after minutes, and tunnels are suspected meanwhile"),
    (24, "named rightly; in two runs of five one bare connection was under way at the verdict"),
    (27, "nobody's packets can come in by memory yet, so QUIC is hardly asked after"),
    (28, "as 27"),
    (29, "as 27"),
    (
        33,
        "an app's own six hellos at once are not slowed before a first punishment, and the punishment moves the service",
    ),
    (34, "named rightly; ways change too often"),
    (44, "a tunnel that freezes everything is not left"),
];

/// What is missing for a scenario to be right, if something is.
pub(crate) fn missing(number: u8) -> Option<&'static str> {
    OPEN.iter().find(|(open, _)| *open == number).map(|(_, missing)| *missing)
}
