//! What another program on this machine carries: whether it is here, and the way by it. For links that byway does not carry
//! itself, and for Shadowsocks plugins.

use super::link::far::{self, Runner};
use super::link::{BadLink, Insecure, Linked, Part};
use super::settings::TransportKind;
use crate::transport::{ExternalProgram, Offers, Run};
use std::borrow::Cow;
use std::path::PathBuf;

/// Where a program of this name is.
pub type Find = Box<dyn Fn(&str) -> Option<PathBuf>>;

/// The programs of this machine, as an import may use them.
pub struct Outside {
    /// Where a program is, if anywhere.
    pub find: Find,
    /// The folder for their configurations, which hold keys.
    pub folder: PathBuf,
}

impl Outside {
    /// A link as another program carries it; `refused` is why byway does not.
    pub(super) fn carry(&self, link: &str, insecure: Insecure, refused: BadLink) -> Result<Linked, BadLink> {
        let Some(found) = far::read(link, insecure) else { return Err(refused) };
        // It is for another program, and still wrong.
        let (name, far) = found?;
        let able = || Runner::ALL.into_iter().filter_map(|runner| Some((runner, far.configuration(runner)?)));
        for (runner, configuration) in able() {
            let Some(path) = (self.find)(runner.program()) else { continue };
            let words = [path.display().to_string()].into_iter().chain(runner.arguments().map(str::to_owned));
            let mut run = Run::command(words.collect());
            run.input = Some(configuration);
            let program = Box::new(ExternalProgram { run, offers: Offers::Socks { at: None, udp: true } });
            return Ok(Linked { name, kind: TransportKind::External { program, input: None } });
        }
        let names: Vec<_> = able().map(|(runner, _)| runner.program()).collect();
        let why = format!("{}; with {} installed, byway runs it for this link", refused.why, names.join(" or "));
        Err(BadLink { part: refused.part, why: Cow::Owned(why) })
    }

    /// The same server, when its plugin is here.
    pub(super) fn with_plugin(&self, linked: Linked) -> Result<Linked, BadLink> {
        let TransportKind::Shadowsocks { plugin: Some(plugin), .. } = &linked.kind else { return Ok(linked) };
        if (self.find)(&plugin.program).is_some() {
            return Ok(linked);
        }
        let install = match plugin.program.as_str() {
            "obfs-local" => "install simple-obfs",
            "ck-client" => "install Cloak",
            _ => "install it",
        };
        let why = format!("the plugin {} is not on this machine; {install}, and import again", plugin.program);
        Err(BadLink { part: Part::Options, why: Cow::Owned(why) })
    }
}
