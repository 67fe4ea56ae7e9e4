//! The description is of this server: its paths are there, and the example of each option is taken.

use serde_json::{Value as Json, json};

use crate::world::World;

#[test]
fn what_is_described_is_there_and_every_option_is_taken() {
    let world = World::long(|_| {});
    let description = world.get("/openapi.json").json();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "tiny").replace("{id}", "00");
        let method = methods.as_object().unwrap().keys().next().unwrap().to_uppercase();
        let reply = world.send(&method, &path, &[], "");
        assert!(!reply.body.contains("there is nothing at this address"), "{path}");
        assert_ne!(reply.status, 405, "{path}");
    }
    let schemas = &description["components"]["schemas"];
    for (path, schema, tokens_max) in [
        ("/v1/chat/completions", "Chat", "max_tokens"),
        ("/v1/completions", "Completion", "max_tokens"),
        ("/v1/responses", "ResponseQuestion", "max_output_tokens"),
        ("/v1/embeddings", "Embedding", ""),
        ("/v1/messages", "Messages", "max_tokens"),
        ("/v1/messages/count_tokens", "MessagesCount", ""),
    ] {
        let properties = schemas[schema]["properties"].as_object().unwrap();
        let needed = schemas[schema]["required"].as_array().unwrap();
        let examples = properties.iter().filter(|(_, of)| !of["example"].is_null());
        for (name, of) in examples {
            let mut body = json!({});
            for needed in needed.iter().map(|needed| needed.as_str().unwrap()) {
                body[needed] = properties[needed]["example"].clone();
            }
            for (other, value) in of["x-example-with"].as_object().into_iter().flatten() {
                body[other] = value.clone();
            }
            if !name.contains("max_") && !tokens_max.is_empty() {
                body[tokens_max] = Json::from(2);
            }
            body[name] = of["example"].clone();
            let reply = world.post(path, &body);
            assert_eq!(reply.status, 200, "{name}: {}", reply.body);
        }
    }
}
