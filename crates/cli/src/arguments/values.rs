//! Values as people write them: sizes with a unit, addresses by a name or a port alone, origins of pages.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

/// What a size may end with, and how many bytes that is. A letter alone is what most tools of servers take it for.
const UNITS: [(&str, u64); 10] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
];

/// A parser of a number of bytes: `2000000000`, `2GB`, `512MiB`.
pub(super) fn bytes<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
        let (digits, unit) = unit.unwrap_or((text, 1));
        let number = digits.trim_end().parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
        let number = number.filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            format!(
                "it must be a whole number of bytes from {least} to {most}, such as 2GB or 512MiB"
            )
        })
    }
}

/// An address to listen on; a port alone, or one of `localhost`, is this machine's own.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let own = |port: &str| {
        let port = port.parse().ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let named = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    text.parse().ok().or_else(|| own(named)).ok_or_else(|| {
        "it must be an address and a port, such as 127.0.0.1:8000, 0.0.0.0:8000 or [::1]:8000, or a port alone, such as \
         8000: 127.0.0.1's"
            .into()
    })
}

/// Origins of pages, as browsers send them; `*` is any.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let one = |origin: &str| {
        let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_origin = rest.is_some_and(|rest| {
            !rest.is_empty()
                && !rest.contains(['/', '?', '#', '@'])
                && !rest.contains(char::is_whitespace)
        });
        if origin == "*" || is_origin {
            return Ok(origin.to_owned());
        }
        Err(format!("{origin:?} is no origin: it must be such as https://app.example, or *"))
    };
    text.split(',').map(|origin| one(origin.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let parse = bytes::<u64>(1..=10_000_000_000);
        for (text, number) in [
            ("1", 1),
            ("2GB", 2_000_000_000),
            ("2 GB", 2_000_000_000),
            ("512MiB", 512 << 20),
            ("3G", 3 << 30),
            ("7kB", 7_000),
        ] {
            assert_eq!(parse(text), Ok(number), "{text}");
        }
        for text in ["", "0", "GB", "-1", "1.5GB", "11GB", "2 TB", "18446744073709551615GB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_may_be_short() {
        let own = |port| Ok(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(address("127.0.0.1:8000"), own(8000));
        assert_eq!(address("localhost:8000"), own(8000));
        assert_eq!((address(":8000"), address("8000")), (own(8000), own(8000)));
        assert_eq!(address("[::1]:1").unwrap().port(), 1);
        for text in ["", "localhost", "example.org:80", "127.0.0.1", "70000"] {
            assert!(address(text).unwrap_err().contains("a port alone"), "{text}");
        }
    }

    #[test]
    fn origins_are_what_browsers_send() {
        let two = vec!["https://a.example".to_owned(), "http://localhost:3000".to_owned()];
        assert_eq!(origins("https://a.example, http://localhost:3000"), Ok(two));
        assert_eq!(origins("*"), Ok(vec!["*".to_owned()]));
        for text in ["", "foo", "https://a.example/", "https://", "ftp://a", "https://a,,"] {
            assert!(origins(text).is_err(), "{text}");
        }
    }
}
