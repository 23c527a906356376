//! Switching off without knowing what was there before: the file of that is lost or damaged, and the system still leads to
//! a byway on this machine, or to nobody. A proxy of this machine that is not byway and answers is left alone.

use super::setting::{Did, Done, Seen, SystemProxy};
use super::{Error, System};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// For a listener on this very machine.
const ANSWER: Duration = Duration::from_millis(500);

/// Whether an address or URL (`host:port`, `host port`, `http://host:port/…`) is on this machine.
pub(super) fn is_of_this_machine(text: &str) -> bool {
    address(text).is_some()
}

fn address(text: &str) -> Option<SocketAddr> {
    let place = text.rsplit_once("://").map_or(text, |(_, rest)| rest);
    let place = place.split(['/', ';']).next()?.trim().replace(' ', ":").replace("localhost", "127.0.0.1");
    place.parse::<SocketAddr>().ok().filter(|at| at.ip().is_loopback())
}

/// Whether this is a script of byway's: a path of 32 hexadecimal digits that no other program makes.
fn is_our_script(url: &str) -> bool {
    let token = url.strip_suffix("/proxy.pac").and_then(|rest| rest.rsplit('/').next());
    token.is_some_and(|token| token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_dead_or_ours(seen: &Seen) -> bool {
    let nobody = |at: SocketAddr| TcpStream::connect_timeout(&at, ANSWER).is_err();
    match seen {
        Seen::Script(url) => address(url).is_some_and(|at| is_our_script(url) || nobody(at)),
        Seen::Fixed(at) => address(at).is_some_and(nobody),
        Seen::Off | Seen::Other => false,
    }
}

impl SystemProxy {
    /// Gives back what can be given back; then switches off whatever still leads to byway, or to nobody, on this machine.
    pub fn off_by_force(&self) -> Result<Vec<Done>, Error> {
        let _turn = self.book().turn()?;
        let mut all = match self.give_all_back() {
            Err(Error::Damaged { .. }) => {
                self.book().discard()?;
                Vec::new()
            }
            other => other?,
        };
        for system in self.here() {
            if let Some(done) = self.switch_off(system).transpose() {
                all.retain(|earlier| earlier.system != system.name());
                all.push(done.unwrap_or_else(|error| Done::failed(system.name(), &error)));
            }
        }
        Ok(all)
    }

    fn switch_off(&self, system: &dyn System) -> Result<Option<Done>, Error> {
        let now = system.read(self.ground())?;
        if !is_dead_or_ours(&system.seen(&now)) {
            return Ok(None);
        }
        self.write_all(system, &system.switched_off(&now))?;
        Ok(Some(Done { system: system.name().to_owned(), did: Did::SwitchedOff, foreign: Vec::new(), error: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_meant() {
        for (text, here) in [
            ("127.0.0.1:4180", true),
            ("127.0.0.1 4180", true),
            ("[::1]:4180", true),
            ("localhost:4180", true),
            ("http://127.0.0.1:4180/x/proxy.pac", true),
            ("192.168.1.2:4180", false),
            ("http://corp.example/127.0.0.1:1/proxy.pac", false),
            ("", false),
        ] {
            assert_eq!(is_of_this_machine(text), here, "{text}");
        }
    }

    #[test]
    fn a_script_is_known_by_its_path() {
        assert!(is_our_script("http://127.0.0.1:1/0123456789abcdef0123456789abcdef/proxy.pac"));
        assert!(!is_our_script("http://127.0.0.1:1/clash/proxy.pac"));
    }
}
