//! Which listed names byway has given which addresses out for, and what that tells of a connection to one. In memory only,
//! and no longer than an app may keep an address.

use crate::inbound::transparent::{Named, Naming};
use crate::model::{Destination, Host};
use crate::session::{Routing, Sessions};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an app may use an address after its answer has run out: as long as the firewall catches it.
const AFTER: Duration = Duration::from_secs(3600);
/// Addresses at once.
const MOST: usize = 8192;
/// Names of one address; a CDN's have more, of which the latest count.
const NAMES: usize = 8;

/// The names of each address, and until when they count.
type Entries = HashMap<IpAddr, Vec<(Arc<str>, Instant)>>;

/// Addresses and their names, the latest last.
#[derive(Default)]
pub(super) struct Book(Mutex<Entries>);

impl Book {
    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that `name` was answered with these.
    pub(super) fn learn(&self, name: &str, addresses: &[IpAddr], ttl: Duration) {
        let (now, name): (_, Arc<str>) = (Instant::now(), name.into());
        let mut entries = self.entries();
        if entries.len() + addresses.len() > MOST {
            entries.retain(|_, names| names.iter().any(|(_, until)| *until > now));
        }
        if entries.len() + addresses.len() > MOST {
            entries.clear();
        }
        for address in addresses {
            let names = entries.entry(*address).or_default();
            names.retain(|(known, until)| *known != name && *until > now);
            if names.len() >= NAMES {
                names.remove(0);
            }
            names.push((Arc::clone(&name), now + ttl + AFTER));
        }
    }

    /// The names of an address, the latest first.
    fn names(&self, address: IpAddr) -> Vec<Arc<str>> {
        let now = Instant::now();
        let entries = self.entries();
        let names = entries.get(&address).map(Vec::as_slice).unwrap_or_default();
        names.iter().rev().filter(|(_, until)| *until > now).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Everything, by name, and for how long each holds.
    pub(super) fn all(&self) -> Vec<(String, Vec<IpAddr>, Duration)> {
        let now = Instant::now();
        let mut all: HashMap<String, (Vec<IpAddr>, Duration)> = HashMap::new();
        for (address, names) in self.entries().iter() {
            for (name, until) in names.iter().filter(|(_, until)| *until > now) {
                let (addresses, left) = all.entry(name.to_string()).or_default();
                addresses.push(*address);
                *left = (*left).max(*until - now);
            }
        }
        all.into_iter().map(|(name, (addresses, left))| (name, addresses, left)).collect()
    }
}

/// Names addresses by the book and the routing in force.
pub(super) struct Namer {
    book: Arc<Book>,
    sessions: Arc<Sessions>,
}

impl Namer {
    pub(super) fn new(book: Arc<Book>, sessions: Arc<Sessions>) -> Self {
        Self { book, sessions }
    }
}

impl Naming for Namer {
    fn is_plain(&self, to: SocketAddr) -> bool {
        !self.sessions.routing().matcher.classify(&to.into()).0.is_other()
    }

    fn named(&self, to: SocketAddr, shown: Option<&Host>) -> Named {
        named(&self.sessions.routing(), &self.book.names(to.ip()), to.port(), shown)
    }
}

/// What `known` names of an address and the one that the client shows tell together. A client that shows a name of no
/// service, or of another one, means that place and not its neighbour at the same address; that it is another service's is
/// only its own word.
fn named(routing: &Routing, known: &[Arc<str>], port: u16, shown: Option<&Host>) -> Named {
    let service = |host: &Host| routing.matcher.classify(&Destination::new(host.clone(), port)).0;
    let mut known = known.iter().map(|name| Host::Name(Arc::clone(name)));
    match shown {
        None => known.next().map_or(Named::Nothing, Named::Known),
        Some(shown) if service(shown).is_other() => Named::Nothing,
        Some(shown) if known.any(|known| service(&known) == service(shown)) => Named::Known(shown.clone()),
        Some(shown) => Named::Shown(shown.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, Keyed, ServiceId};
    use crate::policy::{Matcher, Rule};

    fn routing() -> Routing {
        let rule = |service: &str, name: &str| Rule {
            service: ServiceId::from(service),
            facet: Facet::Text,
            names: vec![name.to_owned()],
            prefixes: Vec::new(),
            ports: Vec::new(),
        };
        Routing {
            matcher: Arc::new(Matcher::build(vec![rule("chat", "chat.test"), rule("talk", "talk.test")])),
            services: Keyed::default(),
            ways: Vec::new(),
            transports: Keyed::default(),
            patience: crate::session::Settings::default(),
        }
    }

    fn told(known: &[&str], shown: Option<&str>) -> (&'static str, String) {
        let known: Vec<Arc<str>> = known.iter().map(|name| (*name).into()).collect();
        let shown = shown.map(|name| Host::parse(name).unwrap());
        let text = |host: Host| host.name().unwrap().to_owned();
        match named(&routing(), &known, 443, shown.as_ref()) {
            Named::Nothing => ("nothing", String::new()),
            Named::Known(host) => ("known", text(host)),
            Named::Shown(host) => ("shown", text(host)),
        }
    }

    #[test]
    fn a_shown_name_counts_fully_only_where_byway_gave_the_address_out_for_its_service() {
        for (known, shown, want) in [
            (&[][..], None, ("nothing", "")),
            (&["a.chat.test"], None, ("known", "a.chat.test")),
            (&["a.talk.test", "a.chat.test"], None, ("known", "a.talk.test")),
            (&["a.chat.test"], Some("b.chat.test"), ("known", "b.chat.test")),
            (&["a.talk.test", "a.chat.test"], Some("b.chat.test"), ("known", "b.chat.test")),
            (&["a.chat.test"], Some("b.talk.test"), ("shown", "b.talk.test")),
            (&["a.chat.test"], Some("a.shop.test"), ("nothing", "")),
            (&[], Some("b.chat.test"), ("shown", "b.chat.test")),
        ] {
            assert_eq!(told(known, shown), (want.0, want.1.to_owned()), "{known:?} {shown:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_forgotten_when_no_app_may_have_its_address_any_more() {
        let (book, address) = (Book::default(), IpAddr::from([198, 51, 100, 1]));
        book.learn("a.chat.test", &[address], Duration::from_secs(60));
        tokio::time::advance(AFTER).await;
        assert_eq!(*book.names(address), ["a.chat.test".into()]);
        book.learn("b.chat.test", &[address], Duration::from_secs(60));
        assert_eq!(*book.names(address), ["b.chat.test".into(), "a.chat.test".into()]);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(*book.names(address), ["b.chat.test".into()]);
        assert_eq!(book.all().len(), 1);
    }
}
