//! Names that the network lies about, asked by a resolver in the country: what each lie is found to be, what that costs
//! in questions, and that a dead name server keeps nobody waiting.

use crate::home::secs;
use byway::lab::{Action, Country, Crossing, Lie, Rule, Target, World};
use byway::model::Host;
use byway::net::resolve::{Finding, Raw, SecureSaid, SecureServer, Settings, SystemSaid};
use byway::net::tls::Trust;
use byway::net::{Deadline, Resolver};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, sleep};

const NAME: &str = "web.whatsapp.com";
const UNRELATED: &str = "connectivitycheck.gstatic.com";

struct Rig {
    country: Country,
    resolver: Resolver,
    told: Arc<Mutex<Vec<Finding>>>,
}

fn rig(rule: Option<(Target, Action)>) -> Rig {
    fastrand::seed(3);
    let world = rule.into_iter().fold(World::new(), |world, (target, action)| world.censor(Rule::new(target, action)));
    let country = world.start().unwrap();
    let pem = country.web_roots();
    let roots = CertificateDer::pem_slice_iter(pem.as_bytes());
    let roots: Vec<Vec<u8>> = roots.map(|root| root.unwrap().to_vec()).collect();
    let told: Arc<Mutex<Vec<Finding>>> = Arc::default();
    let hears = Arc::clone(&told);
    let settings = Settings {
        servers: vec![SecureServer {
            address: country.resolver(),
            name: Host::parse("resolver.example").unwrap(),
            shown: None,
            path: "/dns-query".into(),
            trust: Trust::Only(roots.into()),
        }],
        listed: Arc::new(|name| name.ends_with("whatsapp.com")),
        observer: Arc::new(move |_, finding| hears.lock().unwrap().push(finding)),
        // The places of the country have addresses of documentation.
        allow_private: true,
        unrelated: Some(UNRELATED.into()),
        ..Settings::system_only()
    };
    let resolver = Resolver::new(Arc::new(country.clone()), settings).unwrap();
    Rig { country, resolver, told }
}

impl Rig {
    /// Asks for the name, and gives every check its time.
    async fn found(&self) -> Vec<Finding> {
        let began = Instant::now();
        let answer = self.resolver.resolve(NAME, Deadline::after(secs(10))).await.unwrap();
        assert!(answer.addrs.contains(&truth(&self.country).await) && began.elapsed() < secs(1), "the secure answer");
        sleep(secs(30)).await;
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// Questions that left home in the clear, by UDP or TCP to a name server.
    fn asked_raw(&self) -> usize {
        let raw = |crossing: &Crossing| matches!(crossing, Crossing::Datagram(to) if to.port() == 53);
        self.country.crossings().iter().filter(|crossing| raw(crossing)).count()
    }
}

async fn truth(country: &Country) -> IpAddr {
    byway::net::Network::system_lookup(&country.outside(), NAME).await.unwrap()[0]
}

#[tokio::test(start_paused = true)]
async fn each_lie_is_found_to_be_what_it_is() {
    let bogon = Lie::Address("10.10.34.36".parse().unwrap());
    let plausible = Lie::Address("8.7.198.46".parse().unwrap());
    let one = || Target::name("whatsapp.com");
    for (target, action, system, raw) in [
        (one(), Action::NoSuchName, SystemSaid::Nxdomain, Raw::Consistent),
        (Target::everything(), Action::NoSuchName, SystemSaid::Nxdomain, Raw::AllNamesAlike),
        (one(), Action::InjectDns(Lie::NoSuchName), SystemSaid::Nxdomain, Raw::TwoAnswers),
        (one(), Action::InjectDns(bogon), SystemSaid::Bogon, Raw::TwoAnswers),
        (one(), Action::InjectDns(plausible), SystemSaid::Differs, Raw::TwoAnswers),
        (one(), Action::ReplaceDns(Lie::NoSuchName), SystemSaid::Nxdomain, Raw::OtherOverTcp),
        (one(), Action::SwallowDns, SystemSaid::Timeout, Raw::OnlyThisName),
        (Target::everything(), Action::SilentResolver, SystemSaid::Timeout, Raw::DeadForAll),
    ] {
        let what = format!("{action:?}");
        let rig = rig(Some((target, action)));
        let found = rig.found().await;
        assert_eq!(found, [Finding { system, secure: SecureSaid::Answered, raw: Some(raw) }], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_nothing_wrong_nothing_is_asked_and_a_lie_is_looked_into_once_an_hour() {
    let clean = rig(None);
    assert_eq!((clean.found().await, clean.asked_raw()), (vec![], 0));

    let lying = rig(Some((Target::name("whatsapp.com"), Action::InjectDns(Lie::NoSuchName))));
    let first = lying.found().await;
    assert_eq!(lying.asked_raw(), 1, "two answers to one question are enough");
    for _ in 0..3 {
        // Longer than the answer is kept.
        sleep(secs(600)).await;
        assert_eq!(lying.found().await, first, "what was found is still told");
    }
    assert_eq!(lying.asked_raw(), 1);
    sleep(secs(3600)).await;
    lying.found().await;
    assert_eq!(lying.asked_raw(), 2);
}

#[tokio::test(start_paused = true)]
async fn names_are_asked_securely_where_the_name_server_is_dead() {
    let rig = rig(Some((Target::everything(), Action::SilentResolver)));
    let time = async |name: &str| {
        let began = Instant::now();
        assert!(rig.resolver.resolve(name, Deadline::after(secs(10))).await.is_ok(), "{name}");
        began.elapsed()
    };
    assert!(time("anchor-one.example").await < secs(3), "a control waits four");
    rig.found().await;
    assert!(time("anchor-two.example").await < secs(1), "known to be dead: no more waiting");
    rig.country.censor().lift_all();
    assert!(time("anchor-three.example").await < secs(1));
}
