//! The proof in one process: all 47 scenarios of the detection rules as one table, played by a whole byway in the
//! lab's country, in virtual time, many times with different seeds. Nothing here opens a socket.
//!
//! Each scenario is a test of its own and prints its row; the last one to end prints the whole table.
//! `BYWAY_SEEDS` sets how many runs each gets, `BYWAY_SCENES_OUT` a folder that takes the table as markdown and JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod judge;
mod log;
mod people;
mod report;
mod run;
mod scene;
mod seen;
mod stage;
mod table;

macro_rules! scenes {
    ($($name:ident: $number:literal;)*) => {
        $(#[test]
        fn $name() {
            run::prove($number);
        })*
    };
}

scenes! {
    s01_clean: 1;
    s02_cable_out: 2;
    s03_gateway_only: 3;
    s04_captive_302: 4;
    s05_dns_nx_one: 5;
    s07_dns_dead: 7;
    s08_ip_drop_all: 8;
    s09_ip_drop_one: 9;
    s10_syn_rst: 10;
    s11_icmp_admin: 11;
    s12_sni_rst: 12;
    s13_sni_fin: 13;
    s14_hello_drop: 14;
    s15_hello_mute: 15;
    s16_residual_75: 16;
    s17_freeze_16k: 17;
}
