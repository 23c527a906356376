# Everything a change must pass, as the server does it.
check:
    .ci/run

# The quick half: no peers are installed or required.
quick:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# The documentation, with every broken link an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Licences, sources and banned crates; needs cargo-deny.
deny:
    cargo deny check

# One fuzz target for a minute; needs a nightly compiler and cargo-fuzz.
fuzz target:
    cargo +nightly fuzz run {{target}} -- -max_total_time=60
