//! The binary: arguments in, exit code out. Everything else is the library.

fn main() {}
