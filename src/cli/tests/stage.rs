//! A terminal that remembers, actions that note their calls, and a byway to ask.

use crate::cli::*;
use crate::control::doctor::Step;
use crate::control::report::Account;
use crate::control::tests::world::{fixed_account, fixed_check_up, fixed_examination};
use crate::control::{Listener, Operator, Page, Place, ProbeItem, serve};
use crate::lang::{Tongue, Words};
use crate::model::{Examined, ServiceId};
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A sink that can be read.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// An output of 80 columns without colours onto this paper.
    pub(super) fn out(&self) -> Out {
        Out::new(Box::new(self.clone()), false, 80, false)
    }
}

/// Actions that note what they were asked and answer what a test gave them.
pub(super) struct Noted {
    pub(super) calls: RefCell<Vec<String>>,
    pub(super) launches: RefCell<Vec<Launch>>,
    pub(super) checked: Checked,
    pub(super) imported: Imported,
    pub(super) probed: Vec<ProbeItem>,
    /// What is found of the system's proxy setting.
    pub(super) found: Result<ProxyFound, Failed>,
    pub(super) place: Option<Place>,
    pub(super) language: Option<Tongue>,
    /// How many steps an examination has before it breaks off.
    pub(super) steps: Option<usize>,
}

impl Default for Noted {
    fn default() -> Self {
        Self {
            calls: RefCell::default(),
            launches: RefCell::default(),
            checked: Checked::default(),
            imported: Imported::default(),
            probed: Vec::new(),
            found: Ok(ProxyFound::default()),
            place: None,
            language: None,
            steps: None,
        }
    }
}

impl Noted {
    fn note(&self, launch: &Launch, call: String) {
        self.calls.borrow_mut().push(call);
        self.launches.borrow_mut().push(launch.clone());
    }
}

impl Actions for Noted {
    fn place(&self, _: &Launch) -> Option<Place> {
        self.place.clone()
    }

    fn language(&self, _: &Launch) -> Option<Tongue> {
        self.language
    }

    fn doctor(&self, launch: &Launch, tell: &mut dyn FnMut(Step)) -> Result<(), Failed> {
        self.note(launch, "doctor".into());
        fixed_check_up().into_iter().take(self.steps.unwrap_or(usize::MAX)).for_each(tell);
        Ok(())
    }

    fn run(&self, launch: &Launch, _terminal: &mut Terminal) -> Result<Exit, Failed> {
        self.note(launch, "run".into());
        Ok(Exit::Ok)
    }

    fn check(&self, launch: &Launch) -> Result<Checked, Failed> {
        self.note(launch, format!("check {}", launch.config.as_deref().map_or("-".into(), Path::to_string_lossy)));
        Ok(self.checked.clone())
    }

    fn probe(&self, launch: &Launch, wish: &ProbeWish, tell: &mut dyn FnMut(ProbeItem)) -> Result<(), Failed> {
        self.note(launch, format!("probe {wish:?}"));
        self.probed.iter().cloned().for_each(tell);
        Ok(())
    }

    fn title(&self, _: &Launch, service: &ServiceId) -> Result<String, Failed> {
        match service.as_str() {
            "telegram" => Ok("Telegram".into()),
            _ => Err(Failed::new(Exit::Usage, format!("there is no service \"{service}\""))),
        }
    }

    fn diagnose(&self, launch: &Launch, service: &ServiceId, tell: &mut dyn FnMut(Examined)) -> Result<(), Failed> {
        self.note(launch, format!("diagnose {service}"));
        fixed_examination().into_iter().take(self.steps.unwrap_or(usize::MAX)).for_each(tell);
        Ok(())
    }

    fn report(&self, launch: &Launch, since: Duration) -> Result<Account, Failed> {
        self.note(launch, format!("report {}", since.as_secs()));
        Ok(fixed_account())
    }

    fn import(&self, launch: &Launch, wish: &ImportWish) -> Result<Imported, Failed> {
        self.note(launch, format!("import {} ({}) dry {}", wish.name, wish.text.expose(), wish.dry_run));
        Ok(self.imported.clone())
    }

    fn proxy(&self, order: &ProxyOrder) -> Result<ProxyFound, Failed> {
        self.calls.borrow_mut().push(format!("proxy {order:?}"));
        self.found.clone()
    }

    fn open(&self, address: &str) -> Result<(), Failed> {
        self.calls.borrow_mut().push(format!("open {address}"));
        Ok(())
    }

    fn lan(&self) -> Vec<IpAddr> {
        vec!["192.168.1.2".parse().unwrap()]
    }

    fn firewall(&self, launch: &Launch) -> Result<Firewall, Failed> {
        self.note(launch, "firewall".into());
        Ok(Firewall {
            nft: "table inet byway {\n}\n".into(),
            routing: vec!["ip -4 rule add fwmark 99 lookup 6279 priority 6279".into()],
            dnsmasq: vec!["nftset=/t.me/4#inet#byway#telegram_names4".into()],
        })
    }

    fn apply_firewall(&self, launch: &Launch) -> Result<(), Failed> {
        self.note(launch, "apply firewall".into());
        Err(Failed::new(Exit::Permission, "firewall: no permission"))
    }

    fn clear_firewall(&self, launch: &Launch) -> Result<(), Failed> {
        self.note(launch, "clear firewall".into());
        Ok(())
    }

    fn service(&self, launch: &Launch, wish: &ServiceWish) -> Result<ServiceDone, Failed> {
        self.note(launch, format!("service {wish:?}"));
        Ok(ServiceDone::default())
    }

    fn demo(&self, launch: &Launch, json: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
        self.note(launch, format!("demo {json}"));
        terminal.out.line("a table")?;
        Err(Failed::new(Exit::Failed, "one connection was lost"))
    }
}

/// What a command did.
pub(super) struct Done {
    pub(super) exit: Exit,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs one command line, `byway` not included, in an empty environment.
pub(super) fn byway(actions: &Noted, args: &[&str]) -> Done {
    let (out, err) = (Paper::default(), Paper::default());
    let exit = byway_onto(&out, &err, actions, args);
    Done { exit, out: out.text(), err: err.text() }
}

/// The same, with a person who answers what is asked.
pub(super) fn byway_answered(actions: &Noted, args: &[&str], answer: &'static str) -> Done {
    let (out, err) = (Paper::default(), Paper::default());
    let exit = byway_before(&out, &err, Some(answer), actions, args);
    Done { exit, out: out.text(), err: err.text() }
}

/// The same, with its outputs in sight while it runs.
pub(super) fn byway_onto(out: &Paper, err: &Paper, actions: &Noted, args: &[&str]) -> Exit {
    byway_before(out, err, None, actions, args)
}

fn byway_before(out: &Paper, err: &Paper, answer: Option<&'static str>, actions: &Noted, args: &[&str]) -> Exit {
    let args = std::iter::once("byway").chain(args.iter().copied()).map(OsString::from);
    match parse(args) {
        Err(error) => stopped(&error),
        Ok(line) => {
            let words = Words::shared(Tongue::English);
            let person = answer.map(|answer| Box::new(answer.as_bytes()) as _);
            let mut terminal = Terminal { out: out.out(), err: err.out(), quiet: line.global.quiet, person, words };
            obey(line, actions, &mut terminal, |_| None)
        }
    }
}

/// A byway that answers on a thread of its own.
pub(super) struct Served {
    place: Place,
    _stop: DropGuard,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Served {
    pub(super) fn new(operator: Arc<dyn Operator>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::named(&folder.path().join("byway").join("control.token"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let stop = CancellationToken::new();
        let listener = runtime.block_on(Listener::bind(&place)).unwrap();
        runtime.spawn(serve(listener, Page::new(operator), stop.clone()));
        Self { place, _stop: stop.drop_guard(), _runtime: runtime, _folder: folder }
    }

    /// Runs one command line against it.
    pub(super) fn asked(&self, args: &[&str]) -> Done {
        byway(&Noted::default(), &[&["--control", &self.path()], args].concat())
    }

    /// What to name with `--control`.
    pub(super) fn path(&self) -> String {
        self.place.path().to_str().unwrap().to_owned()
    }
}
