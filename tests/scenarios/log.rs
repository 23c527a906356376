//! What byway writes into its log, kept so that it can be searched for what no log may hold.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// The log of one run.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Writes down everything that this thread logs until the guard is dropped.
    pub(crate) fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let filter = tracing_subscriber::filter::Targets::new().with_target("byway", tracing::Level::DEBUG);
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_writer(self.clone());
        use tracing_subscriber::layer::SubscriberExt;
        tracing::subscriber::set_default(tracing_subscriber::registry().with(filter).with(lines))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::env::var_os("BYWAY_TEST_LOG").is_some() {
            io::stderr().write_all(bytes)?;
        }
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
