//! Every reason that a check-up can give, with the state that goes with it. One line each: the code is for machines and
//! never changes its meaning; its sentence is `doctor-why-CODE` in the catalogue, its remedy `doctor-do-CODE`.

use super::State;

macro_rules! reasons {
    ($($name:ident = $code:literal, $state:ident, $doc:literal;)*) => {
        /// Why a check came to its state.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = $doc] $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in machine output.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it makes of the check.
            pub const fn state(self) -> State {
                match self { $(Self::$name => State::$state,)* }
            }
        }
    };
}

reasons! {
    ConfigurationGood = "configuration_good", Ok, "The file is right.";
    ConfigurationBuiltIn = "configuration_built_in", Ok, "There is no file; what is built in holds.";
    ConfigurationFaulty = "configuration_faulty", Failed, "The file is wrong.";
    ConfigurationIdle = "configuration_idle", Warning, "Something in it is used by nothing.";
    NoTunnel = "no_tunnel", Warning, "There is no tunnel in it.";
    FilesPrivate = "files_private", Ok, "They are their owner's alone.";
    FileOpen = "file_open", Failed, "Others can read one that holds secrets.";
    FileUnwritable = "file_unwritable", Failed, "byway cannot write where it must.";
    FileUnreadable = "file_unreadable", Failed, "It may not be read.";
    FilesUnguarded = "files_unguarded", NotApplicable, "This system guards files otherwise.";
    ControlAnswers = "control_answers", Ok, "A byway runs and answers.";
    ControlNone = "control_none", Warning, "No byway runs.";
    ControlStale = "control_stale", Warning, "One died and left its control place.";
    ControlForbidden = "control_forbidden", Failed, "One runs for somebody else.";
    ControlSilent = "control_silent", Failed, "Something is there and does not answer.";
    VersionSame = "version_same", Ok, "Both are the same version.";
    VersionOther = "version_other", Warning, "They are not.";
    VersionUnknown = "version_unknown", NotApplicable, "No byway runs.";
    ListenerOpen = "listener_open", Ok, "Apps can come in.";
    ListenerNone = "listener_none", Failed, "No door is open.";
    ListenerFree = "listener_free", Ok, "Nobody is there yet, and byway may be.";
    PortTaken = "port_taken", Failed, "Another program listens there.";
    PortForbidden = "port_forbidden", Failed, "This user may not listen there.";
    AddressNotOurs = "address_not_ours", Failed, "This machine has no such address.";
    PortScanned = "port_scanned", Warning, "A port that apps are known to look for proxies on.";
    LeftoversNone = "leftovers_none", Ok, "Nothing is left behind.";
    LeftoverFile = "leftover_file", Warning, "A half-written file.";
    ProxyUntouched = "proxy_untouched", Ok, "byway has not set it.";
    ProxyInForce = "proxy_in_force", Ok, "byway has set it, and runs.";
    ProxyLeft = "proxy_left", Failed, "byway has set it, and does not run.";
    ProxyUnknown = "proxy_unknown", NotApplicable, "It cannot be told here.";
    FirewallUntouched = "firewall_untouched", Ok, "byway has no rules in it.";
    FirewallInForce = "firewall_in_force", Ok, "byway has rules in it, and runs.";
    FirewallLeft = "firewall_left", Failed, "byway has rules in it, and does not run.";
    FirewallUnknown = "firewall_unknown", NotApplicable, "It cannot be told here.";
    RouteThere = "route_there", Ok, "There is one.";
    RouteNone = "route_none", Failed, "There is none.";
    PortalNone = "portal_none", Ok, "Nobody stands in between.";
    PortalThere = "portal_there", Failed, "Somebody does.";
    PortalUnknown = "portal_unknown", NotApplicable, "It cannot be told.";
    ClockRight = "clock_right", Ok, "It is right.";
    ClockWrong = "clock_wrong", Failed, "It is wrong by more than a day.";
    ClockUnknown = "clock_unknown", NotApplicable, "Nobody told the date.";
    InternetAnswers = "internet_answers", Ok, "Neutral places answer.";
    InternetSilent = "internet_silent", Failed, "Nobody answers.";
    InternetDomestic = "internet_domestic", Warning, "Only domestic places answer.";
    InternetIntercepted = "internet_intercepted", Failed, "Somebody else's certificates answer.";
    InternetLossy = "internet_lossy", Warning, "It is too slow or loses too much.";
    InternetPatchy = "internet_patchy", Warning, "Some places answer and some do not.";
    InternetUnknown = "internet_unknown", NotApplicable, "Nobody was asked.";
    MtuGood = "mtu_good", Ok, "They pass.";
    MtuHole = "mtu_hole", Failed, "They vanish.";
    MtuUnknown = "mtu_unknown", NotApplicable, "It cannot be told.";
    NamesAgree = "names_agree", Ok, "They say the same, or as good as.";
    NamesForged = "names_forged", Warning, "The system's resolver lies about services.";
    NamesSilent = "names_silent", Warning, "It is silent about services.";
    NamesDead = "names_dead", Warning, "It answers nothing at all.";
    NamesInsecure = "names_insecure", Warning, "No secure resolver answers.";
    NamesUnknown = "names_unknown", NotApplicable, "Nothing could be compared.";
    BothFamilies = "both_families", Ok, "Both work.";
    OnlyV4 = "only_v4", Ok, "There is IPv4 only.";
    OnlyV6 = "only_v6", Ok, "There is IPv6 only.";
    V6Silent = "v6_silent", Warning, "There is IPv6, and nobody answers by it.";
    V4Silent = "v4_silent", Warning, "There is IPv4, and nobody answers by it.";
    FamiliesUnknown = "families_unknown", NotApplicable, "Nothing could be tried.";
    UdpWorks = "udp_works", Ok, "STUN is answered.";
    UdpNoStun = "udp_no_stun", Warning, "Other packets are answered, STUN is not.";
    UdpNone = "udp_none", Warning, "No packet is answered.";
    UdpUnknown = "udp_unknown", NotApplicable, "Nobody was asked.";
    WayCarries = "way_carries", Ok, "A handshake and a large answer came through.";
    WayAnswers = "way_answers", Ok, "A small answer came through.";
    WayBroken = "way_broken", Failed, "It could not be set up.";
    WayWrongKey = "way_wrong_key", Failed, "Its server does not know the key.";
    WayCertificate = "way_certificate", Failed, "Its server's certificate is not right.";
    WayRefused = "way_refused", Failed, "Its server refuses connections.";
    WaySilent = "way_silent", Failed, "Its server does not answer.";
    WayNotIn = "way_not_in", Failed, "Its server could not be reached.";
    WayNotThrough = "way_not_through", Failed, "It is up and brings no answer.";
    WayStops = "way_stops", Failed, "Its handshake passes and its payload stops.";
    WayUntested = "way_untested", NotApplicable, "Nothing could be asked over it.";
    WaysLeftOut = "ways_left_out", NotApplicable, "Too many to test them all.";
    ServiceWorks = "service_works", Ok, "It works.";
    ServicePartly = "service_partly", Warning, "Part of it does not.";
    ServiceDown = "service_down", Failed, "It does not work.";
    ServiceUnsure = "service_unsure", NotApplicable, "Nothing is known yet.";
}
