use proptest::prelude::*;

use super::{decode, encode};
use crate::cty::arbitrary::{numbers, typed_values, types};
use crate::cty::{Number, Refinements, Type, Value};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn refined(refinements: Refinements) -> Value {
    Value::Unknown(Some(Box::new(refinements)))
}

/// Bytes as Terraform writes them, seen on the wire.
fn wire() -> Vec<(Type, Value, Vec<u8>)> {
    let string = || Type::String;
    vec![
        (Type::Bool, Value::Null, vec![0xc0]),
        (Type::Bool, Value::Bool(true), vec![0xc3]),
        (Type::Bool, Value::Bool(false), vec![0xc2]),
        (Type::String, "b-".into(), b"\xa2b-".to_vec()),
        (Type::Number, 0.into(), vec![0x00]),
        (Type::Number, 127.into(), vec![0x7f]),
        (Type::Number, 128.into(), vec![0xcc, 0x80]),
        (Type::Number, (-1).into(), vec![0xff]),
        (Type::Number, (-33).into(), vec![0xd0, 0xdf]),
        (Type::Number, i64::MAX.into(), vec![0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Type::Number, i64::MIN.into(), vec![0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (Type::Number, number("2.5"), vec![0xcb, 0x40, 0x04, 0, 0, 0, 0, 0, 0]),
        (Type::Number, number("0.1"), b"\xa30.1".to_vec()),
        (Type::Number, number("18446744073709551616"), b"\xb418446744073709551616".to_vec()),
        (Type::Number, Number::INFINITY.into(), vec![0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]),
        (Type::Number, Number::NEG_INFINITY.into(), vec![0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0]),
        (Type::list(string()), Value::list(["a", "b"]), b"\x92\xa1a\xa1b".to_vec()),
        (Type::set(string()), Value::set(["b", "a"]), b"\x92\xa1a\xa1b".to_vec()),
        (Type::map(string()), Value::map([("k", "v")]), b"\x81\xa1k\xa1v".to_vec()),
        (
            Type::object([("a", Type::Bool), ("b", string())]),
            Value::object([("a", Value::Null), ("b", "x".into())]),
            b"\x82\xa1a\xc0\xa1b\xa1x".to_vec(),
        ),
        (
            Type::Tuple(vec![Type::Bool, string()]),
            Value::Tuple(vec![true.into(), "x".into()]),
            b"\x92\xc3\xa1x".to_vec(),
        ),
        (Type::Dynamic, Value::Null, vec![0xc0]),
        (Type::Dynamic, Value::UNKNOWN, vec![0xd4, 0, 0]),
        (
            Type::Dynamic,
            Value::Dynamic(Box::new((string(), "x".into()))),
            [b"\x92\xc4\x08\"string\"".as_slice(), b"\xa1x"].concat(),
        ),
        (
            Type::Dynamic,
            Value::Dynamic(Box::new((string(), Value::UNKNOWN))),
            [b"\x92\xc4\x08\"string\"".as_slice(), &[0xd4, 0, 0]].concat(),
        ),
        (Type::String, Value::UNKNOWN, vec![0xd4, 0, 0]),
        (
            Type::String,
            refined(Refinements { not_null: true, string_prefix: Some("b-".into()), ..Refinements::default() }),
            vec![0xc7, 0x07, 0x0c, 0x82, 0x01, 0xc2, 0x02, 0xa2, 0x62, 0x2d],
        ),
        (
            Type::Number,
            refined(Refinements {
                not_null: true,
                number_min: Some((1.into(), true)),
                number_max: Some((2.into(), true)),
                ..Refinements::default()
            }),
            vec![0xc7, 0x0b, 0x0c, 0x83, 0x01, 0xc2, 0x03, 0x92, 0x01, 0xc3, 0x04, 0x92, 0x02, 0xc3],
        ),
        (
            Type::String,
            refined(Refinements { not_null: true, ..Refinements::default() }),
            vec![0xc7, 0x03, 0x0c, 0x81, 0x01, 0xc2],
        ),
    ]
}

#[test]
fn reads_and_writes_what_terraform_writes() {
    for (ty, value, bytes) in wire() {
        assert_eq!(encode(&value, &ty).as_deref(), Ok(bytes.as_slice()), "encoding {value:?}");
        assert_eq!(decode(&bytes, &ty), Ok(value), "decoding {bytes:x?}");
    }
}

/// Other spellings that a host or another provider may use.
#[test]
fn accepts_other_spellings() {
    let cases: &[(&str, Type, &[u8], Value)] = &[
        ("an unsigned family", Type::Number, &[0xcd, 0, 5], 5.into()),
        ("a signed family for a positive number", Type::Number, &[0xd1, 0, 5], 5.into()),
        ("an integral float", Type::Number, &[0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0], 5.into()),
        ("a short float", Type::Number, &[0xca, 0x40, 0x20, 0, 0], number("2.5")),
        ("an integer as text", Type::Number, b"\xa15", 5.into()),
        ("u64", Type::Number, &[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX.into()),
        (
            "a type as text",
            Type::Dynamic,
            b"\x92\xa8\"string\"\xa1x",
            Value::Dynamic(Box::new((Type::String, "x".into()))),
        ),
        ("an empty extension", Type::String, &[0xc7, 0, 0], Value::UNKNOWN),
        ("another extension", Type::String, &[0xd5, 9, 1, 2], Value::UNKNOWN),
        ("no refinements", Type::String, &[0xd5, 0x0c, 0x80, 0], Value::UNKNOWN),
        (
            "a refinement of tomorrow",
            Type::String,
            &[0xc7, 7, 0x0c, 0x82, 0x63, 0x92, 1, 2, 1, 0xc2],
            refined(Refinements { not_null: true, ..Refinements::default() }),
        ),
        (
            "attributes in another order",
            Type::object([("a", Type::Bool), ("b", Type::Bool)]),
            b"\x82\xa1b\xc3\xa1a\xc2",
            Value::object([("a", false), ("b", true)]),
        ),
        ("trailing bytes", Type::Bool, &[0xc3, 0xff], true.into()),
        ("text not in normal form C", Type::String, b"\xa3e\xcc\x81", Value::String("\u{e9}".into())),
    ];
    for (name, ty, bytes, value) in cases {
        assert_eq!(decode(bytes, ty), Ok(value.clone()), "{name}");
    }
}

#[test]
fn names_what_does_not_fit_and_where() {
    let pair = || Type::object([("a", Type::Bool), ("b", Type::list(Type::String))]);
    let cases: &[(Type, &[u8], &str)] = &[
        (Type::Bool, b"", "the value ends early"),
        (Type::String, b"\xa5ab", "the value ends early"),
        (Type::Bool, b"\xa1x", "bool is required, not a string"),
        (Type::Number, b"\xa1x", "\"x\" is not a decimal number"),
        (Type::Number, &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "NaN is not a number that Terraform has"),
        (pair(), b"\x81\xa1a\xc3", "the attribute \"b\" is missing from the object"),
        (pair(), b"\x81\xa1c\xc3", "the schema has no attribute \"c\""),
        (pair(), b"\x82\xa1a\xc3\xa1b\x92\xa1x\xc3", "b[1]: string is required, not a bool"),
        (Type::map(Type::Bool), b"\x81\xa3k.k\x01", "[\"k.k\"]: bool is required, not a number"),
        (Type::object([("s", Type::set(Type::Bool))]), b"\x81\xa1s\x91\x01", "s: bool is required, not a number"),
        (Type::map(Type::Bool), b"\x82\xa1k\xc3\xa1k\xc3", "a key stands twice in a map"),
        (Type::Dynamic, b"\x92\xa1x\xc3", "expected value at line 1 column 1 is not the JSON of a type"),
        (Type::Bool, &[0xc1], "MessagePack has no value that begins with 0xc1"),
        (Type::String, b"\xa1\xff", "invalid utf-8 sequence of 1 bytes from index 0"),
    ];
    for (ty, bytes, message) in cases {
        assert_eq!(decode(bytes, ty).unwrap_err().to_string(), *message);
    }
}

#[test]
fn refuses_to_write_what_the_type_does_not_have() {
    let ty = Type::object([("a", Type::Bool), ("b", Type::list(Type::String))]);
    let cases = [
        (Value::object([("a", true)]), "the attribute \"b\" is missing from the object"),
        (
            Value::object([("a", Value::Null), ("b", Value::Null), ("c", Value::Null)]),
            "the schema has no attribute \"c\"",
        ),
        (Value::object([("a", Value::Null), ("b", Value::list([1]))]), "b[0]: string is required, not a number"),
        (Value::object([("a", Value::Null), ("b", Value::set(["x"]))]), "b: list(string) is required, not a set"),
    ];
    for (value, message) in cases {
        assert_eq!(encode(&value, &ty).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_dynamic_value_cannot_nest_without_end() {
    let level = b"\x92\xc4\x12[\"list\",\"dynamic\"]\x91";
    let mut bytes = level.repeat(100_000);
    bytes.push(0xc0);
    assert_eq!(decode(&bytes, &Type::Dynamic).unwrap_err().reason(), "the value nests deeper than 128");
}

#[test]
fn a_prefix_is_cut_to_what_terraform_reads() {
    let prefix = "é".repeat(200);
    let value = refined(Refinements { string_prefix: Some(prefix.clone()), ..Refinements::default() });
    let bytes = encode(&value, &Type::String).unwrap();
    let kept = refined(Refinements { string_prefix: Some("é".repeat(128)), ..Refinements::default() });
    assert_eq!(decode(&bytes, &Type::String), Ok(kept));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((ty, value) in typed_values(true)) {
        let bytes = encode(&value, &ty).unwrap();
        prop_assert_eq!(&decode(&bytes, &ty).unwrap(), &value);
        // And to the byte, so that an untouched value goes back as it came.
        prop_assert_eq!(encode(&decode(&bytes, &ty).unwrap(), &ty).unwrap(), bytes);
    }

    #[test]
    fn numbers_of_any_precision_keep_their_bytes(number in numbers()) {
        let bytes = encode(&Value::Number(number.clone()), &Type::Number).unwrap();
        let back = decode(&bytes, &Type::Number).unwrap();
        prop_assert_eq!(back.as_number().unwrap().to_string(), number.to_string());
        prop_assert_eq!(encode(&back, &Type::Number).unwrap(), bytes);
    }

    #[test]
    fn random_bytes_do_no_harm(ty in types(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = decode(&bytes, &ty) {
            prop_assert!(encode(&value, &ty).is_ok());
        }
    }

    #[test]
    fn mutated_bytes_do_no_harm((ty, value) in typed_values(true), position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&value, &ty).unwrap();
        *position.get_mut(&mut bytes) = byte;
        if let Ok(value) = decode(&bytes, &ty) {
            prop_assert!(encode(&value, &ty).is_ok());
        }
    }
}
