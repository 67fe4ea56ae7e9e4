//! The exported Statement.

use receipt::Statement;
use serde_json::{Value, json};

use crate::sealed::sealed;

#[test]
fn a_statement_is_about_the_outputs_and_the_receipts_bytes() {
    use sha2::{Digest, Sha256};
    for seed in 0..12 {
        let case = sealed(seed);
        let text = Statement::new(&case.file()).to_json();
        let statement: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(statement["predicateType"], "https://probity.dev/receipt/v1");
        assert_eq!(statement.as_object().unwrap().len(), 4);

        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut subject: Vec<Value> = Vec::new();
        for choice in &case.receipt.choices {
            let digest = json!({ "probity-output-v1": hex(&choice.root()) });
            subject.push(json!({ "name": format!("output/{}", choice.index), "digest": digest }));
        }
        let digest = json!({ "sha256": hex(&Sha256::digest(case.receipt.encode())) });
        subject.push(json!({ "name": "receipt", "digest": digest }));
        assert_eq!(statement["subject"], Value::from(subject));

        let file: Value = serde_json::from_str(&case.file().to_json()).unwrap();
        assert_eq!(statement["predicate"], file["view"]);
    }
}

#[test]
fn a_statement_never_shows_what_opens() {
    let case = sealed(1);
    let blind: String = case.opening.blind.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = Statement::new(&case.bundle()).to_json();
    assert!(!text.contains(&blind) && !text.contains("opening"));
}
