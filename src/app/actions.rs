//! What the commands of `cli` that need the whole house do.

#[cfg(feature = "demo")]
use super::demo;
use super::doctor::{self, Patient, idle};
use super::examine::examine;
use super::matrix::probe_items;
use super::past::{PastError, account_on_disk};
use super::source::Source;
use super::take_in::take_in;
use super::{Byway, World, router, run, service, system_proxy};
use crate::cli::{
    Actions, Checked, Exit, Failed, Firewall, ImportRow, ImportWish, Imported, Launch, ProbeWish, ProxyFound,
    ProxyOrder, ServiceDone, ServiceWish, Terminal,
};
use crate::config::{self, Insecure, Outside, Settings, TransportKind};
use crate::control::doctor::Step;
use crate::control::report::Account;
use crate::control::{Place, ProbeItem};
use crate::journal::History;
use crate::lang::Tongue;
use crate::model::{Examined, NetworkId, Secret, ServiceId, TransportId};
use crate::net::Handed;
use crate::platform;
use crate::transport::find_program;
use futures_util::StreamExt;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The program behind the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Program;

impl Actions for Program {
    fn place(&self, launch: &Launch) -> Option<Place> {
        let settings = Source::of(launch).read().ok()?;
        settings.control.path.as_deref().map(Place::named)
    }

    fn language(&self, launch: &Launch) -> Option<Tongue> {
        Source::of(launch).language()
    }

    fn run(&self, launch: &Launch, terminal: &mut Terminal) -> Result<Exit, Failed> {
        // Before there are threads: what the environment says of sockets is taken out of it.
        let handed = Handed::to_this_process();
        runtime()?.block_on(run::run(launch, handed, terminal))
    }

    fn check(&self, launch: &Launch) -> Result<Checked, Failed> {
        let source = Source::of(launch);
        let file = source.name();
        Ok(match source.read() {
            Ok(settings) => {
                Checked { file, summary: summary(&settings), faults: Vec::new(), warnings: warnings(&settings) }
            }
            Err(faults) => Checked { file, summary: String::new(), faults, warnings: Vec::new() },
        })
    }

    fn title(&self, launch: &Launch, service: &ServiceId) -> Result<String, Failed> {
        let settings = Source::of(launch).read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
        known(&settings, &ProbeWish { service: Some(service.clone()), via: None })?;
        let spec = settings.services.iter().find(|spec| spec.service.id == *service);
        Ok(spec.map_or_else(|| service.to_string(), |spec| spec.service.title.clone()))
    }

    fn diagnose(&self, launch: &Launch, service: &ServiceId, tell: &mut dyn FnMut(Examined)) -> Result<(), Failed> {
        let settings = once(launch)?;
        runtime()?.block_on(async {
            let byway = alone(settings)?;
            let steps = examine(&byway, service);
            let mut steps = steps.map_err(|refusal| Failed::new(Exit::Failed, refusal.to_string()))?;
            while let Some(step) = steps.next().await {
                tell(step);
            }
            byway.stop().await;
            Ok(())
        })
    }

    fn doctor(&self, launch: &Launch, tell: &mut dyn FnMut(Step)) -> Result<(), Failed> {
        let source = Source::of(launch);
        runtime()?.block_on(async {
            // What is wrong with the configuration is a finding; the rest is looked at as far as it goes without.
            let byway = once(launch).ok().and_then(|settings| alone(settings).ok());
            let patient = Patient {
                byway: byway.clone(),
                place: launch.control.clone().or_else(|| self.place(launch)).unwrap_or_else(usual_place),
                source,
                runs: false,
                status: Box::pin(std::future::ready(None)),
            };
            let mut steps = doctor::steps(patient);
            while let Some(step) = steps.next().await {
                tell(step);
            }
            if let Some(byway) = byway {
                byway.stop().await;
            }
            Ok(())
        })
    }

    fn report(&self, launch: &Launch, since: Duration) -> Result<Account, Failed> {
        let settings = Source::of(launch).read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
        account_on_disk(&settings, since).map_err(|error| match error {
            PastError::NotOnDisk => Failed::new(Exit::NotRunning, error.to_string()),
            PastError::Unreadable(_) => Failed::new(Exit::Failed, error.to_string()),
        })
    }

    fn probe(&self, launch: &Launch, wish: &ProbeWish, tell: &mut dyn FnMut(ProbeItem)) -> Result<(), Failed> {
        let settings = once(launch)?;
        known(&settings, wish)?;
        runtime()?.block_on(async {
            let byway = alone(settings)?;
            let mut items = probe_items(Arc::clone(&byway), wish.service.clone(), wish.via.clone());
            while let Some(item) = items.next().await {
                tell(item);
            }
            byway.stop().await;
            Ok(())
        })
    }

    fn import(&self, launch: &Launch, wish: &ImportWish) -> Result<Imported, Failed> {
        let source = Source::of(launch);
        let settings = source.read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
        if config::leads_to_a_list(wish.text.expose()) {
            return subscribe(launch, &source, &settings, wish);
        }
        let insecure = if wish.allow_insecure { Insecure::Allowed } else { Insecure::Refused };
        let taken: Vec<_> = settings.transports.iter().map(|spec| spec.id.clone()).collect();
        let outside = outside(&source);
        let found = config::import_with(wish.text.expose(), &taken, insecure, &outside);
        let mut inputs = Vec::new();
        let mut rows = Vec::new();
        let mut added = String::new();
        let mut ids = Vec::new();
        for item in found {
            let (kind, skipped) = match &item.result {
                Ok(spec) => {
                    added.push('\n');
                    added.push_str(&config::to_toml(spec));
                    ids.push(spec.id.clone());
                    if let TransportKind::External { program, input: Some(path) } = &spec.kind {
                        inputs.extend(program.run.input.clone().map(|text| (path.clone(), text)));
                    }
                    (spec.kind.name().to_owned(), None)
                }
                Err(why) => (String::new(), Some(why.reason.clone())),
            };
            rows.push(ImportRow { name: item.name, kind, skipped });
        }
        let wanted = !wish.dry_run && !added.is_empty();
        let written = if wanted { write_inputs(&outside.folder, &inputs) } else { Ok(()) };
        let file = written.and_then(|()| wanted.then(|| append(&source, &added, &ids)).transpose());
        if file.is_err() {
            // They hold keys, and nobody will use them.
            inputs.iter().for_each(|(path, _)| drop(fs::remove_file(path)));
        }
        Ok(Imported { rows, file: file?, notes: Vec::new() })
    }

    fn proxy(&self, order: &ProxyOrder) -> Result<ProxyFound, Failed> {
        system_proxy::obey(order)
    }

    fn open(&self, address: &str) -> Result<(), Failed> {
        platform::open(address).map_err(|error| Failed::new(Exit::Failed, error.to_string()))
    }

    fn lan(&self) -> Vec<IpAddr> {
        platform::lan_addresses()
    }

    fn firewall(&self, launch: &Launch) -> Result<Firewall, Failed> {
        router::show(launch)
    }

    fn apply_firewall(&self, launch: &Launch) -> Result<(), Failed> {
        runtime()?.block_on(router::apply(launch))
    }

    fn clear_firewall(&self, launch: &Launch) -> Result<(), Failed> {
        runtime()?.block_on(router::clear(launch))
    }

    fn service(&self, launch: &Launch, wish: &ServiceWish) -> Result<ServiceDone, Failed> {
        service::service(launch, wish)
    }

    #[cfg(feature = "demo")]
    fn demo(&self, _launch: &Launch, json: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
        runtime()?.block_on(demo::demo(json, terminal))
    }
}

/// Takes in the list that a link leads to.
fn subscribe(launch: &Launch, source: &Source, settings: &Settings, wish: &ImportWish) -> Result<Imported, Failed> {
    runtime()?.block_on(async {
        let fetched = take_in(launch, source, settings, wish, || alone(once(launch)?)).await?;
        let mut imported = fetched.imported.clone();
        if !wish.dry_run {
            fetched.keep().await?;
            imported.file = Some(append(source, &format!("\n{}", fetched.table), std::slice::from_ref(&fetched.id))?);
        }
        Ok(imported)
    })
}

/// The settings for one question: nothing is asked by itself, nothing kept.
fn once(launch: &Launch) -> Result<Settings, Failed> {
    let mut settings = Source::of(launch).read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
    settings.history.history = History::Off;
    settings.detect.mode = crate::health::Mode::Passive;
    Ok(settings)
}

/// A byway without doors, for one question.
fn alone(settings: Settings) -> Result<Arc<Byway>, Failed> {
    let started = Byway::start(settings, World::of_this_machine(), NetworkId::default());
    started.map(|(byway, _)| byway).map_err(|error| Failed::new(Exit::Config, error.to_string()))
}

fn usual_place() -> Place {
    Place::default_for(|name| std::env::var_os(name))
}

fn runtime() -> Result<Runtime, Failed> {
    // One core needs no second thread, and hands nothing from one to the other.
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    let mut builder = match cores {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let built = builder.worker_threads(cores).enable_all().build();
    built.map_err(|error| Failed::new(Exit::Failed, format!("cannot start: {error}")))
}

/// What is in a configuration, in one sentence.
fn summary(settings: &Settings) -> String {
    let listens: Vec<_> = settings.listens.iter().map(|listen| listen.addr.to_string()).collect();
    let ways: Vec<_> = settings.order.iter().map(ToString::to_string).collect();
    let services = settings.services.iter().filter(|spec| !spec.service.id.is_other()).count();
    format!("listens on {}; ways in order: {}; {services} services", listens.join(", "), ways.join(", "))
}

/// What is allowed but perhaps not meant.
fn warnings(settings: &Settings) -> Vec<String> {
    let used = |id| settings.services.iter().any(|spec| spec.service.order.contains(id));
    let idle = idle(settings).into_iter().map(|id| format!("transport {id} is in no order, so nothing takes it"));
    let lists = settings.subscriptions.iter().filter(|list| !list.members.is_empty() && !list.members.iter().any(used));
    let lists = lists.map(|list| format!("subscription {} is in no order, so nothing takes its servers", list.name));
    let phones = settings.whatsapp.iter().map(|door| {
        let who = if door.allow_public { "anybody who can reach it" } else { "everybody on your network" };
        format!("listen.whatsapp asks for no login, for the app knows none: {who} can use it to reach WhatsApp")
    });
    idle.chain(lists).chain(phones).chain(settings.unheeded.iter().map(|name| unheeded(name))).collect()
}

/// What to say of a variable that looks like a setting and is none.
pub(super) fn unheeded(name: &str) -> String {
    format!("the variable {name} names no setting and is not heeded")
}

fn known(settings: &Settings, wish: &ProbeWish) -> Result<(), Failed> {
    let services: Vec<_> = settings.services.iter().map(|spec| spec.service.id.as_str()).collect();
    let ways: Vec<_> = settings.transports.iter().map(|spec| spec.id.as_str()).collect();
    let asked = [
        ("service", wish.service.as_ref().map(|id| id.as_str()), services),
        ("transport", wish.via.as_ref().map(|id| id.as_str()), ways),
    ];
    for (what, asked, known) in asked {
        let Some(asked) = asked.filter(|asked| !known.contains(asked)) else { continue };
        let near = crate::control::nearest(asked, known.iter().copied());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        return Err(Failed::new(Exit::Usage, format!("there is no {what} \"{asked}\"{hint}")));
    }
    Ok(())
}

/// The programs that carry what byway does not: those on PATH, sing-box and Xray also by the environment.
fn outside(source: &Source) -> Outside {
    let find = |program: &str| {
        let named = match program {
            "sing-box" => std::env::var_os("BYWAY_SING_BOX"),
            "xray" => std::env::var_os("BYWAY_XRAY"),
            _ => None,
        };
        named.map_or_else(|| find_program(program), |path| find_program(path.to_str()?))
    };
    Outside { find: Box::new(find), folder: source.state().join("programs") }
}

/// Writes the configurations of programs, for their owner alone.
fn write_inputs(folder: &Path, inputs: &[(PathBuf, Secret<String>)]) -> Result<(), Failed> {
    let failed = |error: platform::Error| Failed::new(Exit::Failed, error.to_string());
    if inputs.is_empty() {
        return Ok(());
    }
    platform::private_dir(folder).map_err(failed)?;
    inputs.iter().try_for_each(|(path, text)| platform::write_private(path, text.expose().as_bytes()).map_err(failed))
}

/// Puts tables at the end of the user's file and their names at the end of its order; it must still be right
/// afterwards. A new file starts as the default.
fn append(source: &Source, added: &str, ids: &[TransportId]) -> Result<PathBuf, Failed> {
    let Some(path) = source.place() else {
        return Err(Failed::new(
            Exit::Failed,
            "there is no home folder to keep a configuration in; name one with --config",
        ));
    };
    let failed = |error: io::Error| Failed::new(Exit::Failed, format!("{}: {error}", path.display()));
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => config::DEFAULT.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let after = format!("{}\n{added}", config::in_order(&before, ids).trim_end());
    if let Err(faults) = source.read_as(&after, path) {
        let why = format!("nothing was changed, for the file would be wrong:\n{}", faults.join("\n"));
        return Err(Failed::new(Exit::Config, why));
    }
    write_whole(path, &after).map_err(failed)?;
    Ok(path.to_path_buf())
}

/// Replaces a file in one step, readable by its owner alone: it holds keys.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension("toml.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    hand_on(path, &file)?;
    file.sync_all()?;
    fs::rename(fresh, path)
}

/// Gives a file to whom the one in its place belongs: a service reads what root writes by its group. Never to everybody.
#[cfg(unix)]
fn hand_on(path: &Path, fresh: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (Ok(old), new) = (fs::metadata(path), fresh.metadata()?) else { return Ok(()) };
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        fchown(fresh, Some(old.uid()), Some(old.gid()))?;
        fresh.set_permissions(fs::Permissions::from_mode((old.mode() & 0o640) | 0o600))?;
    }
    Ok(())
}
