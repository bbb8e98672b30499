//! Formats of texts and numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde_json::Value;

/// Whether a value has a format. Formats that no API server knows, such as `idn-hostname` on Cilium's regular expressions, say nothing.
///
/// `cidr` is among those that recent API servers know; older ones only warn.
pub(crate) fn fits(format: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text_fits(format, text),
        Value::Number(number) => match format {
            "int32" => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "int64" => number.is_i64(),
            _ => true,
        },
        _ => true,
    }
}

fn text_fits(format: &str, text: &str) -> bool {
    match format {
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => text.parse::<IpNet>().is_ok(),
        "byte" => STANDARD.decode(text).is_ok(),
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_are_checked_as_api_servers_do() {
        let cases = [
            ("ipv4", json!("192.0.2.1"), true),
            ("ipv4", json!("2001:db8::1"), false),
            ("ipv6", json!("2001:db8::1"), true),
            ("cidr", json!("192.0.2.0/24"), true),
            ("cidr", json!("192.0.2.0"), false),
            ("byte", json!("aGk="), true),
            ("byte", json!("?"), false),
            ("date-time", json!("2026-01-31T00:00:00Z"), true),
            ("date-time", json!("yesterday"), false),
            ("int32", json!(2_147_483_647_i64), true),
            ("int32", json!(2_147_483_648_i64), false),
            ("int64", json!(1.5), false),
            ("idn-hostname", json!("^a|b$"), true),
        ];
        for (format, value, expected) in cases {
            assert_eq!(fits(format, &value), expected, "{format} {value}");
        }
    }
}
