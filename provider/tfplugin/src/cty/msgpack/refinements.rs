//! Unknown values and what is known about them.
//!
//! A plain unknown value is an extension of one byte. A refined one is an extension of type 12 that holds a map from a
//! small number to a fact (go-cty, `msgpack/unknown.go`). Facts with other numbers come from a newer Terraform and are
//! passed over: refinements are advisory.

use rmp::encode as write;

use super::REFINED_UNKNOWN;
use super::reader::Reader;
use super::writer::write_number;
use crate::cty::{Number, Refinements, Value, ValueError};

const NULLNESS: i64 = 1;
const STRING_PREFIX: i64 = 2;
const NUMBER_MIN: i64 = 3;
const NUMBER_MAX: i64 = 4;
const LENGTH_MIN: i64 = 5;
const LENGTH_MAX: i64 = 6;

/// The extension that go-cty writes for an unknown value without refinements; its content means nothing.
const PLAIN_UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// The longest prefix that go-cty writes, in bytes.
const MAX_PREFIX: usize = 256;

/// The longest payload that go-cty reads, in bytes.
const MAX_PAYLOAD: usize = 1024;

pub(super) fn write_unknown(out: &mut Vec<u8>, refinements: Option<&Refinements>) -> Result<(), ValueError> {
    let payload = match refinements {
        Some(refinements) => payload(refinements)?,
        None => Vec::new(),
    };
    match u32::try_from(payload.len()) {
        // An empty map is one byte and says nothing; and a promise too long to read is better not made.
        Ok(length) if payload.len() > 1 && payload.len() <= MAX_PAYLOAD => {
            write::write_ext_meta(out, length, REFINED_UNKNOWN)?;
            out.extend(payload);
        }
        _ => out.extend(PLAIN_UNKNOWN),
    }
    Ok(())
}

fn payload(refinements: &Refinements) -> Result<Vec<u8>, ValueError> {
    let Refinements { not_null, string_prefix, number_min, number_max, length_min, length_max } = refinements;
    let facts = [
        *not_null,
        string_prefix.is_some(),
        number_min.is_some(),
        number_max.is_some(),
        length_min.is_some(),
        length_max.is_some(),
    ];
    let mut out = Vec::new();
    write::write_map_len(&mut out, facts.iter().map(|&fact| u32::from(fact)).sum())?;
    if *not_null {
        write::write_sint(&mut out, NULLNESS)?;
        out.push(rmp::Marker::False.to_u8());
    }
    if let Some(prefix) = string_prefix {
        write::write_sint(&mut out, STRING_PREFIX)?;
        write::write_str(&mut out, &prefix[..prefix.floor_char_boundary(MAX_PREFIX)])?;
    }
    for (key, bound) in [(NUMBER_MIN, number_min), (NUMBER_MAX, number_max)] {
        if let Some((number, inclusive)) = bound {
            write::write_sint(&mut out, key)?;
            write::write_array_len(&mut out, 2)?;
            write_number(&mut out, number)?;
            out.push(if *inclusive { rmp::Marker::True } else { rmp::Marker::False }.to_u8());
        }
    }
    for (key, bound) in [(LENGTH_MIN, length_min), (LENGTH_MAX, length_max)] {
        if let Some(length) = bound {
            write::write_sint(&mut out, key)?;
            write::write_sint(&mut out, *length)?;
        }
    }
    Ok(out)
}

pub(super) fn read_unknown(payload: &[u8]) -> Result<Value, ValueError> {
    let mut reader = Reader::new(payload);
    let mut refinements = Refinements::default();
    for _ in 0..reader.map_length()? {
        match reader.integer()? {
            NULLNESS => refinements.not_null = !reader.boolean()?,
            STRING_PREFIX => refinements.string_prefix = Some(reader.string()?.to_owned()),
            NUMBER_MIN => refinements.number_min = Some(bound(&mut reader)?),
            NUMBER_MAX => refinements.number_max = Some(bound(&mut reader)?),
            LENGTH_MIN => refinements.length_min = Some(reader.integer()?),
            LENGTH_MAX => refinements.length_max = Some(reader.integer()?),
            _ => reader.skip()?,
        }
    }
    Ok(if refinements == Refinements::default() { Value::UNKNOWN } else { Value::Unknown(Some(refinements.into())) })
}

fn bound(reader: &mut Reader<'_>) -> Result<(Number, bool), ValueError> {
    match reader.array_length()? {
        2 => Ok((reader.number()?, reader.boolean()?)),
        length => Err(ValueError::new(format!("a bound is a number and a bool, not {length} values"))),
    }
}
