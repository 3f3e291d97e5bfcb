//! The boundaries of the decoder's strictness, one line each.

use super::{DEPTH_MAX, Decoder, Encoder};
use crate::value::Value;

fn check(input: &[u8], expected: Result<Value, &'static str>) {
    let mut decoder = Decoder::new(input);
    let got = decoder.value().and_then(|value| decoder.finish().map(|()| value));
    assert_eq!(got.clone().map_err(|error| error.expected), expected);
    if let Ok(value) = got {
        let mut again = Vec::new();
        Encoder::new(&mut again).value(&value);
        assert_eq!(again, input);
    }
}

#[test]
fn strictness() {
    check(&[0x00], Ok(Value::Int(0)));
    check(&[0x18, 0x18], Ok(Value::Int(24)));
    check(&[0x18, 0x17], Err("the shortest form of an integer"));
    check(&[0x38, 0x63], Ok(Value::Int(-100)));
    check(&[0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255], Ok(Value::Int(i64::MIN)));
    check(&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0], Err("an integer of 64 bits"));
    check(&[0x9f, 0xff], Err("a definite length"));
    check(&[0xf9, 0x3c, 0x00], Err("false, true, null or a 64-bit float"));
    check(&[0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0], Err("a finite 64-bit float other than -0"));
    check(&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], Err("a finite 64-bit float other than -0"));
    check(&[0xa2, 0x61, b'b', 1, 0x61, b'a', 2], Err("names in length-first order without duplicates"));
    check(&[0xa2, 0x61, b'a', 1, 0x61, b'a', 2], Err("names in length-first order without duplicates"));
    check(&[0xa1, 0x01, 0x01], Err("text"));
    check(&[0x61, 0xff], Err("UTF-8"));
    check(&[0xc1, 0x00], Err("a link to a dag-cbor block"));
    check(&[0x9b, 0, 0, 0, 1, 0, 0, 0, 0], Err("a length that the input can hold"));
    check(&[0x00, 0x00], Err("the end of the block"));
    check(&[0x81; 200], Err("less nesting"));
    check(&[0x78, 0x01, b'a'], Err("the shortest form of an integer"));
    check(&[0x58, 0x05, 0, 0, 0, 0, 0], Err("the shortest form of an integer"));
    check(&[0xd8, 0x2a, 0x41, 0], Err("a link to a dag-cbor block"));
    check(&[0xf7], Err("false, true, null or a 64-bit float"));
    check(&[0xff], Err("false, true, null or a 64-bit float"));
    check(&[], Err("a value"));
}

#[test]
fn unsigned_integers_are_those_that_a_value_can_hold() {
    let check = |input: [u8; 9], expected| assert_eq!(Decoder::new(&input).uint().ok(), expected);
    check([0x1b, 0x7f, 255, 255, 255, 255, 255, 255, 255], Some(i64::MAX.cast_unsigned()));
    check([0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0], None);
}

#[test]
fn a_key_is_taken_only_where_it_stands() {
    let check = |input: &[u8], taken: bool| {
        let mut decoder = Decoder::new(input);
        assert_eq!(decoder.take_key("node"), taken);
        assert_eq!(decoder.position(), if taken { 5 } else { 0 });
    };
    check(b"\x64node", true);
    check(b"\x64nod", false);
    check(b"\x64nodf", false);
    check(b"\x65node", false);
    check(b"\x44node", false);
    check(b"\x78\x04node", false);
    check(b"", false);
}

#[test]
fn lists_reserve_what_the_input_can_hold() {
    let check = |bytes_each, expected| {
        assert_eq!(Decoder::new(&[0x82, 1, 2, 3, 4, 5]).list_of_at_least(bytes_each).is_ok(), expected);
    };
    check(1, true);
    check(2, true);
    check(3, false);
    check(usize::MAX, false);
}

#[test]
fn nesting_is_allowed_up_to_its_limit() {
    let mut input = vec![0x81; DEPTH_MAX];
    *input.last_mut().unwrap() = 0x80;
    assert!(Decoder::new(&input).value().is_ok());
    input.insert(0, 0x81);
    assert_eq!(Decoder::new(&input).value().map_err(|error| error.expected), Err("less nesting"));
}
