//! Rules that end with byway, however it ends. An `nft` that reads from byway owns the table: when byway dies, even by
//! SIGKILL, it reads the end of its input and goes, and the kernel takes the table away with it (nft(8), flag `owner`).
//! Nobody else can change such a table meanwhile; a `flush ruleset` passes it by. Where nft cannot read so (it was built
//! without its command line), or dnsmasq must write into the table too, a shell waits for the same end instead and then
//! takes the table away.

use super::ruleset::{owned, ruleset};
use super::{FirewallError, Rules, TABLE, routes};
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an address may take to get into its set before an answer goes out without it.
const FEEDING: Duration = Duration::from_millis(500);

/// Rules in force for as long as this lives.
pub struct Holder {
    rules: Rules,
    child: Child,
    input: ChildStdin,
    /// What the owner says; the shell says nothing.
    said: Option<Lines<BufReader<ChildStdout>>>,
}

/// Why rules are not held by an owner, when they are held by less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheld {
    /// dnsmasq writes into the table too.
    Dnsmasq,
    /// nft reads no input, or the kernel is older than 5.12.
    NoOwner,
}

impl Holder {
    /// Puts the rules in force in place of any that are left of an earlier byway.
    pub async fn hold(rules: Rules) -> Result<(Self, Option<Unheld>), FirewallError> {
        // What an earlier byway left would stand in the way; it also tells whether nft is there and may do this.
        super::clear(&rules).await?;
        routes::add(&rules).await?;
        let held =
            if rules.dnsmasq { Err(Unheld::Dnsmasq) } else { Self::own(&rules).await.map_err(|_| Unheld::NoOwner) };
        let held = match held {
            Ok((child, input, said)) => Ok((Self { rules: rules.clone(), child, input, said: Some(said) }, None)),
            Err(why) => Self::watch(rules.clone()).await.map(|holder| (holder, Some(why))),
        };
        if held.is_err() {
            routes::remove(&rules).await;
        }
        held
    }

    /// An nft that owns the table.
    async fn own(rules: &Rules) -> io::Result<(Child, ChildStdin, Lines<BufReader<ChildStdout>>)> {
        let mut child = detached("nft").args(["-i", "-e"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (input, said) = (child.stdin.take(), child.stdout.take());
        let (Some(mut input), Some(said)) = (input, said) else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut said = BufReader::new(said).lines();
        let text = in_one_line(&owned(rules));
        tokio::time::timeout(PATIENCE, order(&mut input, &mut said, &text))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        Ok((child, input, said))
    }

    /// A shell that takes the table away when its input ends.
    async fn watch(rules: Rules) -> Result<Self, FirewallError> {
        once(&ruleset(&rules)).await?;
        let mut script = format!("cat >/dev/null; nft delete table {TABLE}\n");
        for family in ["-4", "-6"] {
            let (mark, table) = (rules.delivery(), rules.table);
            script += &format!("ip {family} rule del fwmark {mark} lookup {table} priority {table}\n");
            script += &format!("ip {family} route flush table {table}\n");
        }
        let failed = |error| FirewallError::NotRun { program: "sh", error };
        let shell = detached("sh").args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = shell.map_err(failed)?;
        let input = child.stdin.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { rules, child, input, said: None })
    }

    /// Puts other rules in force instead, without a moment in between. What was learned is to be fed again. On an error the
    /// old ones hold.
    pub async fn renew(&mut self, rules: Rules) -> Result<(), FirewallError> {
        routes::add(&rules).await?;
        let renewed = match &mut self.said {
            Some(said) => {
                let text = format!("delete table {TABLE}; {}", in_one_line(&owned(&rules)));
                match tokio::time::timeout(PATIENCE, order(&mut self.input, said, &text)).await {
                    Err(_) => Err(FirewallError::Silent { program: "nft" }),
                    Ok(done) => done.map_err(|error| FirewallError::NotRun { program: "nft", error }),
                }
            }
            None => once(&ruleset(&rules)).await,
        };
        if renewed.is_ok() {
            self.rules = rules;
        }
        renewed
    }

    /// Whether [`Self::renew`] can lead to these rules: who takes the routing away must know it.
    pub fn can_become(&self, rules: &Rules) -> bool {
        let routing = |rules: &Rules| (rules.mode, rules.mark, rules.table, rules.ipv6, rules.dnsmasq);
        routing(&self.rules) == routing(rules)
    }

    /// Puts other elements into sets; when this returns they are there.
    pub async fn feed(&mut self, lines: &[String]) -> Result<(), FirewallError> {
        let failed = |error| FirewallError::NotRun { program: "nft", error };
        let Some(said) = &mut self.said else { return once(&(lines.join("\n") + "\n")).await };
        for line in lines {
            let fed = tokio::time::timeout(FEEDING, order(&mut self.input, said, line)).await;
            fed.map_err(|_| FirewallError::Silent { program: "nft" })?.map_err(failed)?;
        }
        Ok(())
    }

    /// The rules in force.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether there are sets for the names of a service.
    pub fn knows(&self, service: &str) -> bool {
        self.rules.services.iter().any(|claims| claims.name == service && !claims.names.is_empty())
    }

    /// Whether the one that holds the rules has ended: they hold no more.
    pub fn is_lost(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Takes the rules away.
    pub async fn release(self) {
        let Self { rules, mut child, input, said } = self;
        drop((input, said));
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
            let _gone = child.start_kill();
        }
        routes::remove(&rules).await;
    }
}

/// Gives the owner one order and waits until it is carried out: nft says each change, and after it the generation.
async fn order(input: &mut ChildStdin, said: &mut Lines<BufReader<ChildStdout>>, line: &str) -> io::Result<()> {
    input.write_all(line.as_bytes()).await?;
    input.write_all(b"\n").await?;
    input.flush().await?;
    while let Some(line) = said.next_line().await? {
        if line.starts_with("# new generation") {
            return Ok(());
        }
        if line.contains("Error:") {
            return Err(io::ErrorKind::InvalidInput.into());
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// For who reads line by line, a line is a transaction.
fn in_one_line(text: &str) -> String {
    text.trim_end().replace('\t', "").replace('\n', "; ")
}

/// A program that a Ctrl-C at byway's terminal does not reach: byway says itself when it is over.
fn detached(program: &str) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    command.process_group(0);
    command.stdin(Stdio::piped());
    command
}

/// One transaction by an nft of its own.
pub(super) async fn once(text: &str) -> Result<(), FirewallError> {
    run("nft", "nftables", &[String::from("-f"), String::from("-")], text).await
}

/// Runs a program to its end.
pub(super) async fn run(
    program: &'static str,
    package: &'static str,
    arguments: &[String],
    text: &str,
) -> Result<(), FirewallError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FirewallError::Missing { program, package },
        _ => FirewallError::NotRun { program, error },
    };
    let mut child =
        detached(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (input, said) = (child.stdin.take(), child.stderr.take());
    let work = async {
        if let Some(mut input) = input {
            // One that ends before it has read all says why below.
            let _maybe = input.write_all(text.as_bytes()).await;
        }
        let mut words = String::new();
        if let Some(mut said) = said {
            said.read_to_string(&mut words).await?;
        }
        Ok::<_, io::Error>((child.wait().await?, words))
    };
    let ended = tokio::time::timeout(PATIENCE, work).await.map_err(|_| FirewallError::Silent { program })?;
    let (status, words) = ended.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(refusal(program, &words)) }
}

/// What a program's words mean.
fn refusal(program: &'static str, words: &str) -> FirewallError {
    // The kernel says EPERM to who may not change anything, and to who is not the owner of a table.
    if words.contains("Could not process rule: Operation not permitted") {
        return FirewallError::Held;
    }
    if words.contains("Operation not permitted") {
        return FirewallError::NotPermitted;
    }
    let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    let shown: String = first.chars().take(200).collect();
    FirewallError::Refused { program, words: shown }
}
