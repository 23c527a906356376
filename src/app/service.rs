//! `byway service`: what of this machine the service is made of, and the steps that `platform` makes of it.

use crate::cli::{Exit, Failed, Launch, ServiceDone, ServiceLook, ServiceOrder, ServiceWish};
use crate::config::DEFAULT;
use crate::platform::service::{self, Error, Manager, Order, Scope, Subject};
use std::path::{Path, PathBuf};

/// Does what `wish` says, or only says how.
pub(super) fn service(launch: &Launch, wish: &ServiceWish) -> Result<ServiceDone, Failed> {
    let manager = Manager::of_this_system();
    let subject = subject(launch, wish)?;
    let order = match wish.order {
        ServiceOrder::Install => Order::Install,
        ServiceOrder::Uninstall => Order::Uninstall,
        ServiceOrder::Start => Order::Start,
        ServiceOrder::Stop => Order::Stop,
        ServiceOrder::Status => {
            let look = look(manager, &subject)?;
            return Ok(ServiceDone { look: Some(look), ..served(manager, wish) });
        }
    };
    let steps = manager.steps(order, &subject).map_err(failed)?;
    if !wish.dry_run {
        steps.iter().try_for_each(service::take).map_err(failed)?;
    }
    // That it cannot be asked how it is does not undo what was done.
    let look = if wish.dry_run || order == Order::Uninstall { None } else { look(manager, &subject).ok() };
    Ok(ServiceDone { steps: steps.iter().map(ToString::to_string).collect(), look, ..served(manager, wish) })
}

fn served(manager: Manager, wish: &ServiceWish) -> ServiceDone {
    let scope = if wish.user { "user" } else { "system" };
    ServiceDone {
        manager: manager.name().to_owned(),
        scope: scope.to_owned(),
        dry_run: wish.dry_run,
        ..ServiceDone::default()
    }
}

fn look(manager: Manager, subject: &Subject) -> Result<ServiceLook, Failed> {
    let state = manager.state(subject.scope, subject.uid).map_err(failed)?;
    Ok(ServiceLook {
        installed: state.installed,
        enabled: state.enabled,
        running: state.running,
        word: state.word,
        said: state.said,
    })
}

fn subject(launch: &Launch, wish: &ServiceWish) -> Result<Subject, Failed> {
    let cannot = |what: &str, error: std::io::Error| Failed::new(Exit::Failed, format!("{what}: {error}"));
    let program = std::env::current_exe().map_err(|error| cannot("this program's own path", error))?;
    // A service has no folder that a relative path could begin in.
    let config = launch.config.as_deref().map(std::path::absolute).transpose();
    let home = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
    let home = std::env::var_os(home).map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let scope = if wish.user { Scope::User } else { Scope::System };
    let config_home = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Ok(Subject {
        scope,
        packaged: program == Path::new("/usr/bin/byway") && service::is_packaged(scope),
        program,
        config: config.map_err(|error| cannot("--config", error))?,
        first_config: DEFAULT.to_owned(),
        uid: owner(&home),
        config_home: config_home.unwrap_or_else(|| home.join(".config")),
        home,
    })
}

/// The number of whoever owns the home.
fn owner(home: &Path) -> u32 {
    #[cfg(unix)]
    return std::fs::metadata(home).map_or(0, |meta| std::os::unix::fs::MetadataExt::uid(&meta));
    #[cfg(not(unix))]
    return 0;
}

fn failed(error: Error) -> Failed {
    let exit = match &error {
        Error::NotPermitted { .. } => Exit::Permission,
        _ => Exit::Failed,
    };
    Failed::new(exit, error.to_string())
}
