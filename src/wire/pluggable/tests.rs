use super::*;
use proptest::prelude::*;

#[test]
fn the_lines_of_the_contract_are_read() {
    let at: SocketAddr = "127.0.0.1:40111".parse().unwrap();
    let method = |door| Line::Method { name: "obfs4".into(), door, at };
    for (text, want) in [
        ("VERSION 1", Line::Version("1".into())),
        ("VERSION-ERROR no-version", Line::NoVersion),
        ("ENV-ERROR No TOR_PT_STATE_LOCATION", Line::EnvError("No TOR_PT_STATE_LOCATION".into())),
        ("PROXY DONE", Line::ProxyDone),
        ("PROXY-ERROR SOCKS 4 upstream proxies unsupported.", {
            Line::ProxyError("SOCKS 4 upstream proxies unsupported.".into())
        }),
        ("CMETHOD obfs4 socks5 127.0.0.1:40111", method(Door::Socks5)),
        ("CMETHOD obfs4 socks4 127.0.0.1:40111 ARGS=shared-secret", method(Door::Socks4)),
        ("CMETHOD-ERROR trebuchet no rocks available", {
            Line::MethodError { name: "trebuchet".into(), why: "no rocks available".into() }
        }),
        ("CMETHODS DONE", Line::MethodsDone),
        ("LOG SEVERITY=debug MESSAGE=\"Connected to \\\"a\\\" \\101\"", {
            Line::Log { severity: "debug".into(), message: "Connected to \"a\" A".into() }
        }),
        ("STATUS TRANSPORT=snowflake CONNECT=Success", {
            Line::Status(vec![("TRANSPORT".into(), "snowflake".into()), ("CONNECT".into(), "Success".into())])
        }),
    ] {
        assert_eq!(line(text), want, "{text}");
    }
}

#[test]
fn what_is_not_of_the_contract_is_passed_over() {
    for text in [
        "",
        "VERSION",
        "CMETHOD obfs4",
        "CMETHOD obfs4 socks5 nowhere",
        "CMETHOD  socks5 127.0.0.1:1",
        "CMETHODS",
        "CMETHOD-ERROR",
        "LOG SEVERITY=debug",
        "LOG MESSAGE=\"open",
        "2024/01/01 a line of some log",
    ] {
        assert_eq!(line(text), Line::Other, "{text}");
    }
    assert_eq!(line(&"V".repeat(LONGEST_LINE + 1)), Line::Other);
}

#[test]
fn a_door_that_is_not_on_this_machine_is_none() {
    assert_eq!(line("CMETHOD obfs4 socks5 203.0.113.7:1080"), Line::Other);
    assert_eq!(line("CMETHOD obfs4 socks5 127.0.0.1:0"), Line::Other);
}

#[test]
fn arguments_are_told_as_user_and_password() {
    let told = |arguments: &[(&'static str, &'static str)]| credentials(arguments.iter().copied());
    assert_eq!(told(&[]), Ok(None));
    let short = told(&[("cert", "a+b/c=="), ("iat-mode", "0")]).unwrap().unwrap();
    assert_eq!(short, ("cert=a+b/c==;iat-mode=0".to_owned(), "\0".to_owned()));
    let escaped = told(&[("rocks", "20"), ("height", "5.6m"), ("we;i=rd", "a;b\\c")]).unwrap().unwrap();
    assert_eq!(escaped.0, "rocks=20;height=5.6m;we\\;i\\=rd=a\\;b\\\\c");
}

#[test]
fn long_arguments_are_cut_where_the_user_is_full_and_too_long_ones_refused() {
    let value = "v".repeat(300);
    let (user, password) = credentials([("k", value.as_str())]).unwrap().unwrap();
    assert_eq!((user.len(), password.len()), (255, 47));
    assert_eq!(format!("{user}{password}"), format!("k={value}"));
    let value = "v".repeat(509);
    assert_eq!(credentials([("k", value.as_str())]), Err(BadArguments::TooLong(511)));
    assert_eq!(credentials([("", "v")]), Err(BadArguments::NotPlain));
    assert_eq!(credentials([("k", "\0")]), Err(BadArguments::NotPlain));
    assert_eq!(credentials([("k", "ä")]), Err(BadArguments::NotPlain));
}

proptest! {
    #[test]
    fn no_line_is_too_odd_to_read(text in "\\PC*", word in "(VERSION|CMETHOD|LOG|STATUS|CMETHOD-ERROR)") {
        let _ = line(&text);
        let _ = line(&format!("{word} {text}"));
    }

    #[test]
    fn told_arguments_can_be_told_back(pairs in proptest::collection::vec(("[ -~]{1,20}", "[ -~]{0,20}"), 1..6)) {
        let (user, password) = credentials(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))).unwrap().unwrap();
        let mut text = user;
        if password != "\0" {
            text.push_str(&password);
        }
        let mut parts = vec![String::new()];
        let mut back = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => parts.last_mut().unwrap().extend(chars.next()),
                '=' if parts.len() == 1 => parts.push(String::new()),
                ';' => back.push(std::mem::replace(&mut parts, vec![String::new()])),
                other => parts.last_mut().unwrap().push(other),
            }
        }
        back.push(parts);
        let back: Vec<_> = back.into_iter().map(|mut p| (p.remove(0), p.remove(0))).collect();
        prop_assert_eq!(back, pairs);
    }
}
