//! The vectors of `spec/vectors`, made by the oracle from the text alone.

use canon::sample::{Micro, Parameters, Settings};
use package::{
    About, Defaults, File, FileHashes, Manifest, Part, PartKind, Quality, Redistributable,
    SpecialTokens, Token, TokenType, Tokenizer, TokenizerKind,
};
use serde_json::Value as Json;

/// Every case of a file: what our side makes of it, which must be just what the oracle says.
fn check(text: &str, evaluate: impl Fn(&Json) -> Result<Json, String>) {
    let file: Json = serde_json::from_str(text).unwrap();
    assert_eq!((file["spec"].as_str(), file["version"].as_u64()), (Some("package"), Some(1)));
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let found = evaluate(&case["inputs"]);
        match case.get("expected") {
            Some(expected) => assert_eq!(found.as_ref(), Ok(expected), "{name}"),
            None => assert!(found.is_err(), "{name}: must be refused"),
        }
    }
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

fn small(json: &Json) -> u32 {
    u32::try_from(json.as_u64().unwrap()).unwrap()
}

fn wide(json: &Json) -> u64 {
    json.as_str().unwrap().parse().unwrap()
}

fn list(json: &Json) -> &Vec<Json> {
    json.as_array().unwrap()
}

fn hash(json: &Json) -> [u8; 32] {
    let text = json.as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    core::array::from_fn(byte)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn manifests() {
    check(include_str!("../../../../spec/vectors/package_manifest.json"), |inputs| {
        let about = About {
            name: text(&inputs["name"]),
            licence: text(&inputs["licence"]),
            redistributable: match small(&inputs["redistributable"]) {
                0 => Redistributable::Unknown,
                1 => Redistributable::Yes,
                _ => Redistributable::No,
            },
        };
        let parts = PartKind::ALL.map(|part| {
            let named = inputs["parts"].get(part.name())?;
            Some(Part { hash: hash(&named["blake3"]), length: wide(&named["length"]) })
        });
        let files = list(&inputs["files"]).iter().map(|file| File {
            name: text(&file["name"]),
            hashes: FileHashes {
                size: wide(&file["size"]),
                blake3: hash(&file["blake3"]),
                sha256: hash(&file["sha256"]),
                shards: list(&file["shards"]).iter().map(hash).collect(),
            },
        });
        let made = Manifest::new(about, parts, files.collect()).map_err(|e| e.to_string())?;
        let bytes = made.encode();
        assert_eq!(Manifest::decode(&bytes).as_ref(), Ok(&made));
        Ok(serde_json::json!({"bytes": hex(&bytes), "model_id": made.id().to_string()}))
    });
}

fn tokenizer(inputs: &Json) -> Result<Tokenizer, String> {
    let special: Vec<Option<u32>> =
        list(&inputs["special"]).iter().map(|id| (!id.is_null()).then(|| small(id))).collect();
    let token = |token: &Json| {
        let kinds = [
            TokenType::Normal,
            TokenType::Unknown,
            TokenType::Control,
            TokenType::UserDefined,
            TokenType::Unused,
            TokenType::Byte,
        ];
        let number = token[0].as_u64().unwrap();
        let kind = kinds.into_iter().find(|kind| u64::from(kind.number()) == number);
        let kind = kind.ok_or("our type has no such value")?;
        Ok(Token { kind, text: text(&token[1]) })
    };
    let flags = small(&inputs["flags"]);
    let pair = |pair: &Json| (small(&pair[0]), small(&pair[1]));
    let (kind, flags_max) = match inputs.get("ranks") {
        None => {
            let pre_tokenizer = text(&inputs["pre_tokenizer"]);
            let merges = list(&inputs["merges"]).iter().map(pair).collect();
            (TokenizerKind::ByteLevel { pre_tokenizer, merges }, 3)
        }
        Some(ranks) => {
            let ranks = list(ranks).iter().map(small).collect();
            let stripping_tokens = list(&inputs["stripping"]).iter().map(small).collect();
            let add_space = flags & 4 == 4;
            (TokenizerKind::SentencePiece { add_space, ranks, stripping_tokens }, 7)
        }
    };
    if flags > flags_max {
        return Err("our type has no such flag".into());
    }
    Ok(Tokenizer {
        kind,
        add_beginning: flags & 1 == 1,
        add_end: flags & 2 == 2,
        special: SpecialTokens {
            beginning: special[0],
            end: special[1],
            end_of_turn: special[2],
            end_of_message: special[3],
            unknown: special[4],
            padding: special[5],
        },
        stop_tokens: list(&inputs["stop_tokens"]).iter().map(small).collect(),
        tokens: list(&inputs["tokens"]).iter().map(token).collect::<Result<_, String>>()?,
    })
}

/// The table of token bytes, which only a tokenizer can make, is `llm`'s test.
#[test]
fn tokenizers() {
    check_tokenizers(include_str!("../../../../spec/vectors/package_tokenizer.json"));
    check_tokenizers(include_str!("../../../../spec/vectors/package_pieces.json"));
}

#[track_caller]
fn check_tokenizers(vectors: &str) {
    let table = |inputs: &Json| {
        let file: Json = serde_json::from_str(vectors).unwrap();
        let case = list(&file["cases"]).iter().find(|case| case["inputs"] == *inputs).cloned();
        case.unwrap()["expected"]["token_bytes"].clone()
    };
    check(vectors, |inputs| {
        let made = tokenizer(inputs)?;
        let bytes = made.encode().map_err(|e| e.to_string())?;
        assert_eq!(Tokenizer::decode(&bytes).as_ref(), Ok(&made));
        Ok(serde_json::json!({"bytes": hex(&bytes), "token_bytes": table(inputs)}))
    });
}

#[test]
fn defaults() {
    check(include_str!("../../../../spec/vectors/package_defaults.json"), |inputs| {
        let given = &inputs["parameters"];
        let micro = |name: &str, neutral: i64| {
            Micro::new(given.get(name).map_or(neutral, |value| value.as_i64().unwrap()))
        };
        let settings = Settings {
            temperature: micro("temperature", 1_000_000),
            top_k: given.get("top_k").map_or(0, small),
            top_p: micro("top_p", 1_000_000),
            min_p: micro("min_p", 0),
            repetition: micro("repetition", 1_000_000),
            presence: micro("presence", 0),
            frequency: micro("frequency", 0),
            bias: Vec::new(),
            grammar: None,
        };
        let parameters = Parameters::new(settings).map_err(|e| e.to_string())?;
        let made = Defaults::new(&parameters, small(&inputs["tokens_max"]));
        assert_eq!(Defaults::decode(&made.encode()).as_ref(), Ok(&made));
        Ok(serde_json::json!({"bytes": hex(&made.encode())}))
    });
}

#[test]
fn qualities() {
    check(include_str!("../../../../spec/vectors/package_quality.json"), |inputs| {
        let made = Quality {
            kl_micro: small(&inputs["kl"]),
            float_perplexity_milli: small(&inputs["float_perplexity"]),
            perplexity_milli: small(&inputs["perplexity"]),
            same_top_micro: small(&inputs["same_top"]),
            tokens: small(&inputs["tokens"]),
            text: hash(&inputs["text"]),
            text_name: text(&inputs["text_name"]),
        };
        let bytes = made.encode().map_err(|e| e.to_string())?;
        assert_eq!(Quality::decode(&bytes).as_ref(), Ok(&made));
        Ok(serde_json::json!({"bytes": hex(&bytes), "warns": made.warns()}))
    });
}
