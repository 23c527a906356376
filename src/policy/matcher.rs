//! Which service, and which of its facets, a destination belongs to.
//!
//! Names are matched label by label, the longest suffix first; address literals by prefix, the longest first; a
//! rule with ports claims only those and goes before one without. A name is never looked up for this, and a rule
//! without a name or a prefix claims nothing: a port alone would claim strangers.

use crate::model::{Destination, Facet, Host, ServiceId};
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;

/// What a service claims for one of its facets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The service.
    pub service: ServiceId,
    /// Its facet.
    pub facet: Facet,
    /// Names, with everything below them: `t.me` claims `www.t.me`, not `bt.me`.
    pub names: Vec<String>,
    /// Address prefixes.
    pub prefixes: Vec<IpNet>,
    /// Only these ports; empty means any.
    pub ports: Vec<RangeInclusive<u16>>,
}

/// Many rules, ready to be asked. Of two rules equally specific the earlier one wins.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    rules: Vec<Claimant>,
    names: HashMap<Box<str>, ClaimId>,
    /// No claimed name has more labels: a look-up never hashes longer suffixes.
    most_labels: usize,
    v4: Spans<u32>,
    v6: Spans<u128>,
    claims: Vec<Box<[u32]>>,
}

/// A list of rules, most specific first, kept once however many names and prefixes share it.
type ClaimId = u32;

/// Nobody's.
const UNCLAIMED: ClaimId = 0;

#[derive(Clone, Debug)]
struct Claimant {
    service: ServiceId,
    facet: Facet,
    ports: Box<[RangeInclusive<u16>]>,
}

/// Disjoint spans of addresses in ascending order: each reaches from its start to the next one's.
#[derive(Clone, Debug)]
struct Spans<A> {
    starts: Box<[A]>,
    claims: Box<[ClaimId]>,
}

impl<A> Default for Spans<A> {
    fn default() -> Self {
        Self { starts: Box::default(), claims: Box::default() }
    }
}

impl Matcher {
    /// A matcher for `rules`.
    pub fn build(rules: Vec<Rule>) -> Self {
        let mut register = Register::default();
        let mut names: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, rule) in (0_u32..).zip(&rules) {
            for name in &rule.names {
                let key = name.trim_matches('.').to_ascii_lowercase();
                names.entry(key.into()).or_default().push(index);
            }
            for prefix in &rule.prefixes {
                match prefix {
                    IpNet::V4(net) => {
                        v4.push(Block { first: net.network().to_bits(), last: net.broadcast().to_bits(), rule: index });
                    }
                    IpNet::V6(net) => {
                        v6.push(Block { first: net.network().to_bits(), last: net.broadcast().to_bits(), rule: index });
                    }
                }
            }
        }
        let claimant =
            |rule: Rule| Claimant { service: rule.service, facet: rule.facet, ports: rule.ports.into_boxed_slice() };
        register.rules = rules.into_iter().map(claimant).collect();
        let names: HashMap<_, _> = names.into_iter().map(|(name, claim)| (name, register.intern(claim))).collect();
        Self {
            most_labels: names.keys().map(|name| name.split('.').count()).max().unwrap_or(0),
            names,
            v4: register.spans(v4, |last| last.checked_add(1)),
            v6: register.spans(v6, |last| last.checked_add(1)),
            rules: register.rules,
            claims: register.claims,
        }
    }

    /// The service and facet that claim `to`; [`ServiceId::other`] and [`Facet::Web`] when nobody does.
    pub fn classify(&self, to: &Destination) -> (ServiceId, Facet) {
        let found = match &to.host {
            Host::Name(name) => self.by_name(name, to.port),
            Host::Ip(ip) => self.by_address(*ip, to.port),
        };
        found.map_or_else(|| (ServiceId::other(), Facet::Web), |c| (c.service.clone(), c.facet))
    }

    fn by_name(&self, name: &str, port: u16) -> Option<&Claimant> {
        let labels = name.split('.').count();
        let mut rest = Some(name);
        for _ in self.most_labels..labels {
            rest = rest.and_then(parent);
        }
        while let Some(suffix) = rest {
            if let Some(found) = self.names.get(suffix).and_then(|claim| self.first(*claim, port)) {
                return Some(found);
            }
            rest = parent(suffix);
        }
        None
    }

    fn by_address(&self, ip: IpAddr, port: u16) -> Option<&Claimant> {
        let claim = match ip.to_canonical() {
            IpAddr::V4(v4) => self.v4.at(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.at(Ipv6Addr::to_bits(v6)),
        };
        self.first(claim, port)
    }

    fn first(&self, claim: ClaimId, port: u16) -> Option<&Claimant> {
        let chain = self.claims.get(claim as usize)?;
        chain.iter().filter_map(|rule| self.rules.get(*rule as usize)).find(|rule| rule.takes(port))
    }
}

/// The name one label shorter.
fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest)
}

impl Claimant {
    fn takes(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|range| range.contains(&port))
    }
}

impl<A: Copy + Ord> Spans<A> {
    fn at(&self, address: A) -> ClaimId {
        let after = self.starts.partition_point(|start| *start <= address);
        after.checked_sub(1).and_then(|index| self.claims.get(index)).copied().unwrap_or(UNCLAIMED)
    }
}

/// A prefix as the addresses it spans, and whose it is.
#[derive(Clone, Copy)]
struct Block<A> {
    first: A,
    last: A,
    rule: u32,
}

/// A prefix whose end has not been reached yet, with everybody who claims just it.
struct Open<A> {
    first: A,
    last: A,
    rules: Vec<u32>,
}

/// The claims collected so far.
struct Register {
    rules: Vec<Claimant>,
    claims: Vec<Box<[u32]>>,
    known: HashMap<Box<[u32]>, ClaimId>,
}

impl Default for Register {
    fn default() -> Self {
        let nobody: Box<[u32]> = Box::default();
        Self { rules: Vec::new(), claims: vec![nobody.clone()], known: HashMap::from([(nobody, UNCLAIMED)]) }
    }
}

impl Register {
    /// The id of a list of equally specific rules.
    fn intern(&mut self, mut rules: Vec<u32>) -> ClaimId {
        self.narrow_first(&mut rules);
        self.intern_chain(rules)
    }

    /// Rules that name ports before those that take any; otherwise the order they were given in.
    fn narrow_first(&self, rules: &mut Vec<u32>) {
        rules.sort_by_key(|rule| (self.rules.get(*rule as usize).is_none_or(|r| r.ports.is_empty()), *rule));
        rules.dedup();
    }

    fn intern_chain(&mut self, chain: Vec<u32>) -> ClaimId {
        let chain = chain.into_boxed_slice();
        if let Some(id) = self.known.get(&chain) {
            return *id;
        }
        let id = ClaimId::try_from(self.claims.len()).unwrap_or(UNCLAIMED);
        self.claims.push(chain.clone());
        self.known.insert(chain, id);
        id
    }

    /// Cuts nested prefixes into disjoint spans. Prefixes nest or are apart, never overlap by halves, so a stack
    /// of the open ones is enough.
    fn spans<A: Copy + Ord>(&mut self, mut blocks: Vec<Block<A>>, next: impl Fn(A) -> Option<A>) -> Spans<A> {
        blocks.sort_by(|a, b| a.first.cmp(&b.first).then(b.last.cmp(&a.last)).then(a.rule.cmp(&b.rule)));
        let mut cuts: Vec<(A, ClaimId)> = Vec::new();
        let mut open: Vec<Open<A>> = Vec::new();
        for block in blocks {
            self.close(&mut open, &mut cuts, &next, Some(block.first));
            match open.last_mut() {
                Some(same) if same.first == block.first && same.last == block.last => same.rules.push(block.rule),
                _ => open.push(Open { first: block.first, last: block.last, rules: vec![block.rule] }),
            }
            let claim = self.innermost_first(&open);
            cut(&mut cuts, block.first, claim);
        }
        self.close(&mut open, &mut cuts, &next, None);
        let (starts, claims): (Vec<_>, Vec<_>) = cuts.into_iter().unzip();
        Spans { starts: starts.into_boxed_slice(), claims: claims.into_boxed_slice() }
    }

    /// Ends every open prefix that ends before `until`, or all of them.
    fn close<A: Copy + Ord>(
        &mut self,
        open: &mut Vec<Open<A>>,
        cuts: &mut Vec<(A, ClaimId)>,
        next: &impl Fn(A) -> Option<A>,
        until: Option<A>,
    ) {
        while let Some(last) = open.last().map(|innermost| innermost.last) {
            if until.is_some_and(|until| last >= until) {
                return;
            }
            let after = next(last);
            open.pop();
            let claim = self.innermost_first(open);
            if let Some(start) = after {
                cut(cuts, start, claim);
            }
        }
    }

    fn innermost_first<A>(&mut self, open: &[Open<A>]) -> ClaimId {
        let mut chain = Vec::new();
        for prefix in open.iter().rev() {
            let mut level = prefix.rules.clone();
            self.narrow_first(&mut level);
            chain.extend(level);
        }
        self.intern_chain(chain)
    }
}

/// Begins a span at `start`, in place of one that would be empty.
fn cut<A: Copy + Ord>(cuts: &mut Vec<(A, ClaimId)>, start: A, claim: ClaimId) {
    if cuts.last().is_some_and(|(last, _)| *last == start) {
        cuts.pop();
    }
    if cuts.last().is_none_or(|(_, before)| *before != claim) {
        cuts.push((start, claim));
    }
}

#[cfg(test)]
mod tests;
