//! The proof in one process: all 47 scenarios of the detection rules as one table, played by a whole byway in the
//! lab's country, in virtual time, many times with different seeds. Nothing here opens a socket.
//!
//! Each scenario is a test of its own and prints its row; the last one to end prints the whole table.
//! `BYWAY_SEEDS` sets how many runs each gets, `BYWAY_SCENES_OUT` a folder that takes the table as markdown and JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod errors;
mod judge;
mod log;
mod open;
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
    s06_dns_inject: 6;
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
    s18_l4_25: 18;
    s19_police_130k: 19;
    s20_police_650b: 20;
    s21_rand_drop_60: 21;
    s22_rand_drop_95: 22;
    s23_congested_link: 23;
    s24_mitm: 24;
    s25_mitm_all: 25;
    s26_blockpage: 26;
    s27_quic_sni: 27;
    s28_udp_off: 28;
    s29_stun_dpi: 29;
    s30_noise_fp: 30;
    s31_mtproto_late: 31;
    s32_whitelist: 32;
    s33_burst_police: 33;
    s34_flaky_26: 34;
    s35_service_down: 35;
    s36_stale_probe: 36;
    s37_v4_only_block: 37;
    s38_mtu_hole: 38;
    s39_clock_skew: 39;
    s40_sleep_resume: 40;
    s41_net_switch: 41;
    s42_unblock: 42;
    s43_lift_for_2_min: 43;
    s44_tunnel_dies: 44;
    s45_all_dead_but_web: 45;
    s46_slow_accept: 46;
    s47_soak_24h: 47;
}
