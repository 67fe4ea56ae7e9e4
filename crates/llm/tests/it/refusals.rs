//! Requests that make no sense are refused before anything runs.

use canon::sample::{Parameters, Settings};
use import::gguf::tiny::Family;
use llm::{Generation, Request, RequestError};

use crate::fixture::{Tiny, request, tokens};

fn refused(tiny: &Tiny, request: Request) -> RequestError {
    let runner = tiny.any();
    let made = Generation::new(&tiny.model, runner.engine(), request, None);
    made.err().expect("it must be refused")
}

#[test]
fn each_for_its_reason() {
    let tiny = Tiny::new(Family::Llama);
    let context = tiny.any().engine().context_max();
    assert!(matches!(refused(&tiny, request(Vec::new(), 3)), RequestError::EmptyPrompt));
    let long = refused(&tiny, request(tokens(context, 1), 3));
    assert!(matches!(long, RequestError::TooLong { tokens, .. } if tokens == context));
    let token = refused(&tiny, request(vec![5, 288], 3));
    assert!(matches!(token, RequestError::Token { token: 288, vocabulary: 288, .. }));
    let stop_token = Request { stop_tokens: vec![5, 288], ..request(vec![5], 3) };
    let stop_token = refused(&tiny, stop_token).to_string();
    assert!(stop_token.contains("288 of the stop tokens"), "{stop_token}");
    let stop = Request { stop_strings: vec![String::new()], ..request(vec![5], 3) };
    assert!(matches!(refused(&tiny, stop), RequestError::StopString(_)));
    let grammar = Settings { grammar: Some([1; 32]), ..Settings::default() };
    let parameters = Parameters::new(grammar).unwrap();
    let grammar = Request { parameters, ..request(vec![5], 3) };
    assert!(matches!(refused(&tiny, grammar), RequestError::NoDefinition));
    let mut settings = Settings::default();
    settings.push_bias(288, "1").unwrap();
    let parameters = Parameters::new(settings).unwrap();
    let bias = Request { parameters, ..request(vec![5], 3) };
    assert!(matches!(refused(&tiny, bias), RequestError::Sampling(_)));
}
