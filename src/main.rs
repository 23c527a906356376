//! The `byway` program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    // byway starts itself once more to become a program that it runs; see `byway::transport`.
    if let Some(code) = byway::transport::heed_leash(std::env::args_os().skip(1)) {
        return code;
    }
    byway::cli::main(byway::app::Program)
}
