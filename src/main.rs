//! The `byway` program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    byway::cli::main(byway::app::Program)
}
