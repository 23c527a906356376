//! The lines of the protocol by property: no bytes break the reader, and every question comes out as it went in.

use crate::control::*;
use crate::model::ServiceId;

proptest::proptest! {
    #[test]
    fn no_question_makes_the_reader_panic(line in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = codec::decode_ask(&line);
    }

    #[test]
    fn every_question_survives_the_wire(
        service in "[a-z]{1,12}",
        secs in proptest::option::of(0_u64..1_000_000),
        via in proptest::option::of("[ -~]{1,12}"),
    ) {
        let service = ServiceId::from(service.as_str());
        let via = via.as_deref().map(crate::model::TransportId::from);
        for ask in [
            Ask::Use { service: service.clone(), transport: via.clone(), for_secs: secs },
            Ask::History { service: Some(service.clone()), since_secs: secs },
            Ask::Probe { service: None, via },
            Ask::Log { follow: true, since_secs: secs, limit: Some(3) },
        ] {
            let mut line = codec::encode(&ask).unwrap();
            proptest::prop_assert_eq!(line.pop(), Some(b'\n'));
            proptest::prop_assert!(!line.contains(&b'\n'));
            proptest::prop_assert_eq!(codec::decode_ask(&line), Ok(ask));
        }
    }
}
