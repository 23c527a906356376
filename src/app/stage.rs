//! byway in the lab's country: the product as it runs everywhere, with a simulated world around it. The demo, the
//! benchmarks and the tests live here; nothing in it opens a socket until [`Byway::open_doors`] is asked for.

use super::{Byway, World};
use crate::config::{self, Origin, Settings};
use crate::lab::{Country, Place};
use crate::model::NetworkId;
use crate::net::Handed;
use crate::net::tls::TlsError;
use crate::{platform, probe};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fs, io};

/// Why byway cannot live in a country.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The country's files cannot be laid down for a moment.
    #[error("cannot write to the folder for temporary files: {0}")]
    Folder(#[from] io::Error),
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// The country's certificates cannot be read.
    #[error("the country's certificates: {0}")]
    Roots(#[from] pem::Error),
    /// A certificate cannot be used.
    #[error("byway cannot start: {0}")]
    Start(#[from] TlsError),
}

/// Starts a byway whose home is `country`, inside the current tokio runtime. `more` is added at the end of
/// [`Country::config_toml`]. Doors are to be opened by the caller, on any free port; or clients come in by
/// [`Byway::visit`].
pub fn live_in(country: &Country, more: &str) -> Result<Arc<Byway>, StageError> {
    live_with(country, settings_in(country, more)?)
}

/// The same with settings that were changed after [`settings_in`] made them.
pub fn live_with(country: &Country, settings: Settings) -> Result<Arc<Byway>, StageError> {
    let (byway, _) = Byway::start(settings, world(country)?, network(Place::Home))?;
    Ok(byway)
}

/// The settings that [`live_in`] starts with, to be changed and reloaded.
pub fn settings_in(country: &Country, more: &str) -> Result<Settings, StageError> {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let name = format!("byway-lab-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder)?;
    for (name, content) in country.config_files() {
        fs::write(folder.join(name), content)?;
    }
    let origin = Origin { name: String::from("(lab)"), folder: folder.clone(), state: folder.clone() };
    let read = config::load(&format!("{}\n{more}", country.config_toml()), &origin, &[]);
    // What was read is in memory now; a folder that stays behind harms nobody.
    let _ = fs::remove_dir_all(&folder);
    let mut settings = read.map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        StageError::Config(faults.join("\n"))
    })?;
    for listen in &mut settings.listens {
        listen.addr = SocketAddr::from(([127, 0, 0, 1], 0));
    }
    Ok(settings)
}

/// Lets the machine that byway runs on sleep for so long, and wake: [`Country::suspend`], and the word that the
/// platform gives of it.
pub fn suspend(country: &Country, byway: &Byway, span: Duration) {
    country.suspend(span);
    byway.heed(&platform::Event::Resumed(span));
}

/// Takes the machine to another network: [`Country::move_to`], and the word that the platform gives of it.
pub fn move_to(country: &Country, byway: &Byway, place: Place) {
    country.move_to(place);
    byway.heed(&platform::Event::NetworkChanged(network(place)));
}

/// What byway knows a place by.
pub const fn network(place: Place) -> NetworkId {
    match place {
        Place::Home => NetworkId(1),
        Place::Cafe => NetworkId(2),
    }
}

/// The world as the country's people have it.
fn world(country: &Country) -> Result<World, pem::Error> {
    let roots = CertificateDer::pem_slice_iter(country.web_roots().as_bytes())
        .map(|root| root.map(|root| root.to_vec()))
        .collect::<Result<Vec<_>, _>>()?;
    let (clock, cable) = (country.clone(), country.clone());
    let chance = probe::Sources::system(move || cable.has_default_route());
    Ok(World {
        network: Arc::new(country.clone()),
        sources: probe::Sources { unix_now: Arc::new(move || clock.unix_now()), ..chance },
        web_roots: Some(roots.into()),
        private_names: true,
        children: Arc::default(),
        handed: Handed::default(),
    })
}
