# Everything a change must pass, as the server does it.
check:
    .ci/run

# The quick half: no peers are installed or required.
quick:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo clippy --no-default-features -- -D warnings
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

# What packages hold beside the program: the manual page and the completions, made by the program itself.
dist byway="target/release/byway":
    mkdir -p target/dist
    {{byway}} man > target/dist/byway.1
    {{byway}} completions bash > target/dist/byway.bash
    {{byway}} completions zsh > target/dist/_byway
    {{byway}} completions fish > target/dist/byway.fish
    {{byway}} completions powershell > target/dist/byway.ps1

# The Debian package; needs cargo-deb.
deb:
    cargo build --release
    just dist
    cargo deb --no-build

# The program for routers: small, and measured. Packed relocations (DT_RELR) need glibc 2.36 or musl 1.2.4 where it runs.
router:
    cargo rustc --profile router --no-default-features --bin byway -- -C link-arg=-Wl,-z,pack-relative-relocs
    BYWAY_SMALL=target/router/byway cargo test --test small -- --nocapture
