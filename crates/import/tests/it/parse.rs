//! What a good file says, comes out.

use import::dyadic::{Dyadic, F32Bits, F64Bits};
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::value::ValueType;
use import::gguf::write::{GgufWriter, WriteValue};
use import::gguf::{Gguf, GgufError, ReadError, TensorType, Value, read_header};
use proptest::prelude::*;

#[test]
fn every_value_type_comes_back() {
    let nested = WriteValue::Array(
        ValueType::Array,
        vec![WriteValue::i32s([1, -2]), WriteValue::strings(["x", ""])],
    );
    let bytes = GgufWriter::new()
        .metadata("a", WriteValue::U8(200))
        .metadata("b", WriteValue::I8(-3))
        .metadata("c", WriteValue::U16(60_000))
        .metadata("d", WriteValue::I16(-4))
        .metadata("e", 5u32)
        .metadata("f", WriteValue::I32(-6))
        .metadata("g", F32Bits(0x3fc0_0000))
        .metadata("h", true)
        .metadata("i", "text")
        .metadata("j", nested)
        .metadata("k", WriteValue::U64(u64::MAX))
        .metadata("l", WriteValue::I64(i64::MIN))
        .metadata("m", WriteValue::F64(F64Bits(1)))
        .finish();
    let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
    let value = |key| gguf.required(key).unwrap().value().clone();
    assert_eq!(value("a"), Value::U8(200));
    assert_eq!(value("b"), Value::I8(-3));
    assert_eq!(value("c"), Value::U16(60_000));
    assert_eq!(value("d"), Value::I16(-4));
    assert_eq!(value("e"), Value::U32(5));
    assert_eq!(value("f"), Value::I32(-6));
    assert_eq!(value("g"), Value::F32(F32Bits(0x3fc0_0000)));
    assert_eq!(value("h"), Value::Bool(true));
    assert_eq!(value("i"), Value::String("text"));
    assert_eq!(value("k"), Value::U64(u64::MAX));
    assert_eq!(value("l"), Value::I64(i64::MIN));
    assert_eq!(value("m"), Value::F64(F64Bits(1)));
    let Value::Array(outer) = value("j") else { panic!("not an array") };
    let inner: Vec<Vec<Value<'_>>> = outer
        .values()
        .map(
            |value| if let Value::Array(inner) = value { inner.values().collect() } else { vec![] },
        )
        .collect();
    assert_eq!(
        inner,
        [vec![Value::I32(1), Value::I32(-2)], vec![Value::String("x"), Value::String("")]]
    );
    assert_eq!(gguf.required("g").unwrap().dyadic().unwrap().mantissa(), 3);
    assert_eq!(gguf.fields().map(|field| field.key()).collect::<String>(), "abcdefghijklm");
}

#[test]
fn tensors_lie_where_the_file_says() {
    for (version, alignment) in [(2, 32), (3, 8), (3, 4096)] {
        let bytes = GgufWriter::new()
            .version(version)
            .alignment(alignment)
            .tensor("z", &[3], TensorType::F32, vec![7; 12])
            .tensor("a", &[64, 2], TensorType::Q8_0, vec![9; 136])
            .finish();
        let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
        assert_eq!((gguf.version(), gguf.alignment()), (version, u64::from(alignment)));
        let names: Vec<_> = gguf.tensors().iter().map(|tensor| tensor.name()).collect();
        assert_eq!(names, ["z", "a"]);
        for (name, fill, length) in [("z", 7, 12), ("a", 9, 136)] {
            let tensor = gguf.required_tensor(name).unwrap();
            assert_eq!(tensor.bytes(), length);
            let start = usize::try_from(tensor.offset()).unwrap();
            let data = &bytes[start..][..usize::try_from(length).unwrap()];
            assert!(data.iter().all(|byte| *byte == fill), "{name}");
        }
        let shape = gguf.tensor("a").unwrap().shape();
        assert_eq!((shape.sizes(), shape.row(), shape.rows()), (&[64, 2][..], 64, 2));
        assert!(gguf.tensor("b").is_none());
    }
}

#[test]
fn a_tiny_model_is_a_whole_model() {
    for family in [Family::Llama, Family::Qwen2] {
        for matrices in [TensorType::Q4_1, TensorType::Q4_0, TensorType::Q8_0, TensorType::F16] {
            let model = TinyModel { family, matrices, tied: false, ..TinyModel::new(1) };
            let bytes = model.write();
            let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
            gguf.require_supported_types().unwrap();
            let per_layer = if family == Family::Qwen2 { 12 } else { 9 };
            assert_eq!(gguf.tensors().len(), 3 + 2 * per_layer);
            let last = gguf.required_tensor("output.weight").unwrap();
            assert_eq!(last.offset() + last.bytes(), bytes.len() as u64);
        }
    }
}

#[test]
fn a_seed_is_a_file() {
    let write = |seed| TinyModel::new(seed).write();
    assert_eq!(write(3), write(3));
    assert_ne!(write(3), write(4));
}

#[test]
fn accessors_name_the_key() {
    let bytes = GgufWriter::new()
        .metadata("number", 300u32)
        .metadata("minus", WriteValue::I32(-1))
        .metadata("text", "abc")
        .metadata("infinite", F32Bits(0x7f80_0000))
        .metadata("list", WriteValue::i32s([1, 2, 3]))
        .finish();
    let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
    let field = |key| gguf.required(key).unwrap();
    assert_eq!(field("number").unsigned(1..=300), Ok(300));
    let errors = [
        gguf.required("nothing").map(|_| ()).unwrap_err(),
        field("number").unsigned(1..=299).unwrap_err(),
        field("minus").unsigned(0..=9).unwrap_err(),
        field("text").boolean().unwrap_err(),
        field("text").string(2).unwrap_err(),
        field("infinite").dyadic().unwrap_err(),
        field("list").strings(9).map(|_| ()).unwrap_err(),
        field("list").integers(2).map(|_| ()).unwrap_err(),
        field("list").f32_bits().unwrap_err(),
    ];
    let messages: Vec<String> = errors.iter().map(GgufError::to_string).collect();
    assert_eq!(
        messages,
        [
            r#"metadata "nothing" is missing"#,
            r#"metadata "number" is 300; 1 to 299 are supported"#,
            r#"metadata "minus" is -1; 0 to 9 are supported"#,
            r#"metadata "text" is string; a bool is needed"#,
            r#"metadata "text" is 3 bytes long; the limit is 2"#,
            r#"metadata "infinite" is an infinity or a NaN"#,
            r#"metadata "list" is an array of i32; an array of strings is needed"#,
            r#"the length of metadata "list" is 3; the limit is 2"#,
            r#"metadata "list" is an array of i32; an f32 is needed"#,
        ]
    );
    assert!(gguf.optional("nothing").is_none());
    assert_eq!(field("list").integers(3).unwrap().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn any_prefix_asks_for_more_until_it_holds_the_header() {
    let bytes = TinyModel::new(5).write();
    let length = bytes.len() as u64;
    let whole = Gguf::parse(&bytes, length).unwrap();
    let mut given = 0;
    let mut turns = 0;
    loop {
        match Gguf::parse(&bytes[..given], length) {
            Ok(gguf) => {
                assert_eq!(gguf.tensors(), whole.tensors());
                break;
            }
            Err(GgufError::NeedMore { at_least }) => {
                let more = usize::try_from(at_least).unwrap();
                assert!(more > given && at_least <= whole.data_start());
                given = more;
            }
            Err(other) => panic!("{other}"),
        }
        turns += 1;
    }
    assert!(turns > 100, "the header has many fields, {turns}");
}

#[test]
fn a_header_is_read_in_order_and_no_further() {
    // A vocabulary of more than the first read's 4 MiB.
    let text = "x".repeat(3 << 20);
    let bytes = GgufWriter::new()
        .metadata("a", text.as_str())
        .metadata("b", text.as_str())
        .tensor("t", &[32 << 20], TensorType::I8, vec![0; 32 << 20])
        .finish();
    let mut next = 0;
    let header = read_header(bytes.len() as u64, |offset, buffer| {
        assert_eq!(offset, next);
        next += buffer.len() as u64;
        let start = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&bytes[start..][..buffer.len()]);
        Ok::<(), std::io::Error>(())
    })
    .unwrap();
    assert_eq!(header.len(), 16 << 20);
    assert!(Gguf::parse(&header, bytes.len() as u64).is_ok());
}

#[test]
fn a_read_that_fails_is_not_the_files_fault() {
    let failed = read_header(1_000, |_, _| Err("gone"));
    assert!(matches!(failed, Err(ReadError::Source("gone"))), "{failed:?}");
    let zeros = read_header(1_000, |_, _| Ok::<(), &str>(()));
    assert!(matches!(zeros, Err(ReadError::Gguf(GgufError::NotGguf { .. }))), "{zeros:?}");
}

proptest! {
    #[test]
    fn any_metadata_comes_back(entries in proptest::collection::btree_map("[a-z.]{1,20}", "\\PC{0,30}", 0..20)) {
        let mut writer = GgufWriter::new();
        for (key, text) in &entries {
            writer = writer.metadata(key, text.as_str());
        }
        let bytes = writer.finish();
        // "general.alignment" as a string is the one wrong entry this could make; it can't match 20 letters by chance.
        let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
        for (key, text) in &entries {
            prop_assert_eq!(gguf.required(key).unwrap().string(1000).unwrap(), text);
        }
        prop_assert_eq!(gguf.fields().len(), entries.len());
    }

    #[test]
    fn any_integer_is_a_number(value: u64) {
        let bytes = GgufWriter::new().metadata("n", WriteValue::U64(value)).finish();
        let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
        prop_assert_eq!(gguf.required("n").unwrap().unsigned(0..=u64::MAX), Ok(value));
        prop_assert_eq!(Dyadic::from_integer(value).is_zero(), value == 0);
    }
}
