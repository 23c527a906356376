//! Asks several secure resolvers, so that one that is blocked costs little: the next is asked beside it when it
//! stays silent, and at once when it fails. A definite "no" from one is believed.

use super::doh::Doh;
use super::message::{Family, Records};
use crate::model::{Cause, Failure, Stage, Whose};
use crate::net::Deadline;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::time::Duration;

/// How long one resolver may be silent before the next is asked beside it.
const STAGGER: Duration = Duration::from_millis(700);
/// How long an IPv4 answer waits for its IPv6 sibling (RFC 8305 §3 recommends 50 ms).
const SIBLING: Duration = Duration::from_millis(100);
/// How long an answer is kept whose sibling did not come.
const HALF_TTL: Duration = Duration::from_secs(10);

/// The addresses of `name`, from the first resolver that knows.
pub(super) async fn ask(servers: &[Doh], name: &str, deadline: Deadline) -> Result<Records, Failure> {
    let mut waiting = servers.iter();
    let mut running = FuturesUnordered::new();
    let mut first_failure: Option<Failure> = None;
    let mut stagger = Box::pin(tokio::time::sleep(Duration::ZERO));
    loop {
        tokio::select! {
            biased;
            Some(outcome) = running.next(), if !running.is_empty() => match outcome {
                Err(failure) if !is_definite(&failure) => {
                    first_failure.get_or_insert(failure);
                    stagger.as_mut().reset(tokio::time::Instant::now());
                }
                definite => return definite,
            },
            () = &mut stagger, if waiting.len() > 0 => {
                if let Some(server) = waiting.next() {
                    running.push(both_families(server, name, deadline));
                    stagger.as_mut().reset(tokio::time::Instant::now() + STAGGER);
                }
            }
            else => break,
        }
    }
    // Nobody to ask is this machine's lack, not the network's doing.
    Err(first_failure.unwrap_or_else(|| Failure::new(Stage::Resolve, Cause::NotSupported, Whose::Local)))
}

fn is_definite(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::DnsNxdomainError | Cause::DnsNoAnswer)
}

/// A and AAAA at once over one connection.
async fn both_families(server: &Doh, name: &str, deadline: Deadline) -> Result<Records, Failure> {
    let mut six = Box::pin(server.lookup(name, Family::Six, deadline));
    let mut four = Box::pin(server.lookup(name, Family::Four, deadline));
    // IPv4 is always waited for: an address of a family that this network lacks is no address.
    let (six, four) = tokio::select! {
        six_said = &mut six => (Some(six_said), four.await),
        four_said = &mut four => {
            let patience = match &four_said {
                Ok(found) if !found.addrs.is_empty() => deadline.at_most(SIBLING),
                _ => deadline,
            };
            (patience.run(six).await, four_said)
        }
    };
    join(six, four)
}

/// One answer from two. Addresses of either outweigh a failure of the other; "no such name" outweighs "no address".
fn join(six: Option<Result<Records, Failure>>, four: Result<Records, Failure>) -> Result<Records, Failure> {
    let whole = matches!((&six, &four), (Some(Ok(_)), Ok(_)));
    let mut addrs = Vec::new();
    let mut ttl = Duration::MAX;
    let mut failures = Vec::new();
    for said in [six, Some(four)].into_iter().flatten() {
        match said {
            Ok(found) if found.addrs.is_empty() => {}
            Ok(found) => {
                addrs.extend(found.addrs);
                ttl = ttl.min(found.ttl);
            }
            Err(failure) => failures.push(failure),
        }
    }
    if !addrs.is_empty() {
        return Ok(Records { addrs, ttl: if whole { ttl } else { ttl.min(HALF_TTL) } });
    }
    failures.sort_by_key(|failure| !is_definite(failure));
    let empty = Failure::new(Stage::Resolve, Cause::DnsNoAnswer, Whose::Peer);
    Err(failures.into_iter().next().unwrap_or(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &[&str]) -> Result<Records, Failure> {
        let addrs = list.iter().map(|ip| ip.parse().unwrap()).collect();
        Ok(Records { addrs, ttl: Duration::from_secs(300) })
    }

    fn failed(cause: Cause) -> Result<Records, Failure> {
        Err(Failure::new(Stage::Resolve, cause, Whose::Network))
    }

    #[test]
    fn two_answers_become_one() {
        let six = ["2606:4700::1111"];
        let four = ["1.1.1.1"];
        let both = join(Some(found(&six)), found(&four)).unwrap();
        assert_eq!((both.addrs.len(), both.ttl.as_secs()), (2, 300));
        assert!(both.addrs[0].is_ipv6());
        assert_eq!(join(None, found(&four)).unwrap().ttl, HALF_TTL, "half an answer is not kept for long");
        assert_eq!(join(Some(failed(Cause::DnsServfailError)), found(&four)).unwrap().addrs.len(), 1);
        let cause = |six, four| join(Some(six), four).unwrap_err().cause;
        assert_eq!(cause(failed(Cause::DnsNxdomainError), found(&[])), Cause::DnsNxdomainError);
        assert_eq!(cause(found(&[]), found(&[])), Cause::DnsNoAnswer);
        assert_eq!(cause(found(&[]), failed(Cause::GenericTimeoutError)), Cause::GenericTimeoutError);
    }
}
