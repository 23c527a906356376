//! The files that are part of byway: the default configuration, the catalogue of services, the anchors, and the
//! roots that services pin. Data: each service's file says when it was checked.

/// The configuration used when there is no other. Complete and commented; needs no server.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// A file that is part of byway.
pub(super) struct Embedded {
    /// Its path in the source tree.
    pub(super) path: &'static str,
    /// What it says.
    pub(super) text: &'static str,
}

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(Embedded { path: $path, text: include_str!(concat!("../../", $path)) }),*]
    };
}

/// The services, in the order they are shown. A service's name is its file's.
pub(super) const SERVICES: [Embedded; 11] = embedded![
    "config/services/whatsapp.toml",
    "config/services/telegram.toml",
    "config/services/signal.toml",
    "config/services/messenger.toml",
    "config/services/instagram.toml",
    "config/services/discord.toml",
    "config/services/viber.toml",
    "config/services/facetime.toml",
    "config/services/snapchat.toml",
    "config/services/x.toml",
    "config/services/facebook.toml",
];

/// The anchors.
pub(super) const ANCHORS: [Embedded; 1] = embedded!["config/anchors.toml"];

/// Files that the above name.
pub(super) const ROOTS: [Embedded; 1] = embedded!["config/roots/signal.pem"];

impl Embedded {
    /// The name of the file without folder and extension.
    pub(super) fn stem(&self) -> &'static str {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.split('.').next().unwrap_or(name)
    }
}
