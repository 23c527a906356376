//! The names of all ways, and what an order means by them: a way, a subscription's members, never a way that only leads to
//! one server.

use super::fault::{instead, shown};
use super::reader::{Item, each, once};
use crate::model::TransportId;

/// The names of all ways, those at fault too: an order that names one is not at fault itself.
pub(super) struct Ways {
    pub(super) names: Vec<TransportId>,
    /// Those that use the person's own line to the destination itself.
    pub(super) bare: Vec<TransportId>,
    /// Those that others go through, and that are no ways by themselves.
    pub(super) legs: Vec<TransportId>,
    /// The subscriptions, and their members.
    pub(super) groups: Vec<(String, Vec<TransportId>)>,
    /// Whether a subscription is in the order of those that have none of their own.
    pub(super) usual_has_group: bool,
}

/// What one item of an order means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meant {
    Way(TransportId),
    /// All members of a subscription.
    Group(String),
    /// A member that its subscription does not have now.
    Absent(String),
}

impl Ways {
    /// `direct`, `split`, the user's as written, and the members of subscriptions.
    pub(super) fn as_written(&self) -> Vec<TransportId> {
        self.names.iter().filter(|id| !self.legs.contains(id)).cloned().collect()
    }

    /// A subscription and its members.
    pub(super) fn add_group(&mut self, name: &str, members: &[TransportId]) {
        self.names.extend_from_slice(members);
        self.groups.push((name.to_owned(), members.to_vec()));
    }

    /// The ways of an order, a subscription's members in its place, and whether there is a subscription in it: one that
    /// has no members yet may have some soon. A member that is named by itself stands where it is named.
    pub(super) fn order(&self, item: &Item<'_>) -> (Vec<TransportId>, bool) {
        let list = item.list().unwrap_or_default();
        if list.is_empty() && item.list().is_some() {
            let _: Option<()> = item.fail("the order is empty", "expected at least one way");
        }
        let meant = once(each(list, |item| Some((item.clone(), self.meant(item)?))));
        let named: Vec<_> = meant
            .iter()
            .filter_map(|meant| if let Meant::Way(id) = meant { Some(id) } else { None })
            .cloned()
            .collect();
        let mut ways: Vec<TransportId> = Vec::new();
        for meant in &meant {
            match meant {
                Meant::Way(id) => ways.push(id.clone()),
                Meant::Group(name) => ways.extend(self.members(name).iter().filter(|id| !named.contains(id)).cloned()),
                Meant::Absent(_) => {}
            }
        }
        (ways, meant.iter().any(|meant| !matches!(meant, Meant::Way(_))))
    }

    pub(super) const fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    fn members(&self, group: &str) -> &[TransportId] {
        let found = self.groups.iter().find(|(name, _)| name == group);
        found.map(|(_, members)| members.as_slice()).unwrap_or_default()
    }

    fn meant(&self, item: &Item<'_>) -> Option<Meant> {
        let name = item.word()?;
        if self.groups.iter().any(|(group, _)| group == name) {
            return Some(Meant::Group(name.to_owned()));
        }
        let is_known = self.names.iter().any(|id| id.as_str() == name);
        // Whoever keeps the list may take a member out of it, and that makes no configuration wrong.
        let of_a_group =
            |(group, _): &(String, _)| name.strip_prefix(group.as_str()).is_some_and(|r| r.starts_with('-'));
        if !is_known && self.groups.iter().any(of_a_group) {
            return Some(Meant::Absent(name.to_owned()));
        }
        let groups = self.groups.iter().map(|(group, _)| group.as_str());
        let id = self.known_or(item, groups.collect())?;
        if self.legs.contains(&id) {
            return item.fail(
                format!("{} leads to one server only, and is no way by itself", shown(id.as_str())),
                "expected the way that goes through it (via)",
            );
        }
        Some(Meant::Way(id))
    }

    /// The way that `item` names.
    pub(super) fn known(&self, item: &Item<'_>) -> Option<TransportId> {
        self.known_or(item, Vec::new())
    }

    fn known_or(&self, item: &Item<'_>, others: Vec<&str>) -> Option<TransportId> {
        let name = item.word()?;
        let found = self.names.iter().find(|id| id.as_str() == name);
        found.cloned().or_else(|| {
            let names: Vec<&str> = self.names.iter().map(TransportId::as_str).chain(others).collect();
            item.fail(format!("there is no transport {}", shown(name)), instead(name, &names))
        })
    }

    pub(super) fn is_bare(&self, id: &TransportId) -> bool {
        self.bare.contains(id)
    }
}
