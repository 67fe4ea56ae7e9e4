//! `probity serve` and `probity proxy` as commands: where their options come from, and what is written of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use import::gguf::tiny::{Family, TinyModel};
use import::huggingface::tiny::folder;
use serde_json::{Value as Json, json};

use crate::folders::{folder_of, model};
use crate::world::{World, done, files, tiny};

/// The layers, the lowest first.
fn layers(world: &World, file: &str, environment: &[(&str, &str)], typed: &[&str]) -> String {
    let config = world.file("serve.conf", file.as_bytes());
    let arguments = [&["serve", "--config", &config], typed].concat();
    let mut command = world.command(&arguments);
    command.envs(environment.iter().copied());
    let done = done(command.output().unwrap());
    assert_ne!(done.code, Some(0), "{done:?}");
    assert_eq!(done.out, "");
    done.err
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let world = World::new();
    // An address that others reach is refused by its name before anything is done: it shows which one counts.
    let file = "models = ./m.gguf\nlisten = 0.0.0.0:1\n";
    let variable = [("PROBITY_SERVE_LISTEN", "0.0.0.0:2")];
    let flag = ["--listen", "0.0.0.0:3"];
    for (file, environment, typed, want) in [
        (file, &variable[..], &flag[..], "0.0.0.0:3"),
        (file, &variable[..], &[][..], "0.0.0.0:2"),
        (file, &[][..], &flag[..], "0.0.0.0:3"),
        (file, &[][..], &[][..], "0.0.0.0:1"),
        ("models = ./m.gguf\n", &variable[..], &[][..], "0.0.0.0:2"),
        ("models = ./m.gguf\nlisten = \"0.0.0.0:4\" # for all", &[][..], &[][..], "0.0.0.0:4"),
    ] {
        let told = layers(&world, file, environment, typed);
        assert!(told.contains(&format!("--listen {want}:")), "{want}: {told}");
    }
}

#[test]
fn models_come_from_the_highest_layer_that_names_some() {
    let world = World::new();
    let file = "# what is served\n models = ./a.gguf  \n\n";
    let variable = [("PROBITY_SERVE_MODELS", "./b.gguf ./b2.gguf")];
    for (environment, typed, want) in [
        (&variable[..], &["./c.gguf"][..], "c.gguf"),
        (&variable[..], &[][..], "b.gguf"),
        (&[][..], &["./c.gguf"][..], "c.gguf"),
        (&[][..], &[][..], "a.gguf"),
    ] {
        let told = layers(&world, file, environment, typed);
        let named = ["a.gguf", "b.gguf", "c.gguf"].map(|name| told.contains(name));
        assert_eq!(named.iter().filter(|named| **named).count(), 1, "{told}");
        assert!(told.contains(want), "{want}: {told}");
    }
    assert!(layers(&world, "", &[], &[]).contains("no model is named"));
    let two = layers(&world, "models = ./a.gguf, ./gone.gguf", &[], &[]);
    assert!(two.contains("a.gguf") && !two.contains(','), "{two}");
}

#[test]
fn options_without_a_value_are_true_or_false_in_every_layer() {
    let world = World::new();
    let open = "models = ./a.gguf\nlisten = 0.0.0.0:1\nno-keys = true\n";
    assert!(layers(&world, open, &[], &[]).contains("a.gguf"), "it went on to the model");
    let closed = "models = ./a.gguf\nlisten = 0.0.0.0:1\nno-keys = false\n";
    assert!(layers(&world, closed, &[], &[]).contains("API keys are needed"));
    let told = layers(&world, closed, &[("PROBITY_SERVE_NO_KEYS", "true")], &[]);
    assert!(told.contains("a.gguf"), "{told}");
    // What can't stand together can't stand in two layers either.
    let told = layers(&world, open, &[], &["--keys", "k.json"]);
    assert!(told.contains("cannot be used with"), "{told}");
}

#[test]
fn what_is_wrong_in_a_layer_is_said_with_its_place() {
    let world = World::new();
    for (file, said) in [
        ("models = ./m.gguf\nspeed = 9\n", "line 2: `speed` is no option"),
        ("models = ./m.gguf\n\n\nquiet = maybe\n", "line 4: `quiet` must be true or false"),
        ("models ./m.gguf\n", "line 1: a line is `name = value`"),
        (
            "models = ./m.gguf\nanswers = many\n",
            "line 2: `answers`: it must be a whole number from 1 to 65536",
        ),
        ("listen = 0.0.0.0:4\nlisten = 0.0.0.0:5\n", "line 2: `listen` stands here twice"),
        ("listen = \"0.0.0.0:4\n", "line 1: a quote is not closed"),
        ("models = ./m.gguf nothing-known\n", "line 1: `models`: "),
        ("models = ./m.gguf\ncors = foo\n", "line 2: `cors`: \"foo\" is no origin"),
        ("models = ./m.gguf\nlisten = here\n", "such as 127.0.0.1:8000"),
        ("config = other.conf\n", "line 1: `config` names this file itself"),
        ("model = ./m.gguf\n", "did you mean `models`?"),
        ("log_format = json\n", "did you mean `log-format`?"),
    ] {
        let told = layers(&world, file, &[], &[]);
        assert!(told.contains(said), "{told}");
    }
    let told = layers(&world, "models = ./m.gguf\n", &[("PROBITY_SERVE_SPEED", "9")], &[]);
    assert!(told.contains("PROBITY_SERVE_SPEED: `speed` is no option"), "{told}");
    let told = layers(&world, "", &[("PROBITY_SERVE_LISTEN", "foo")], &["./m.gguf"]);
    assert!(told.contains("PROBITY_SERVE_LISTEN: `listen`: it must be"), "{told}");
    assert!(!told.contains("\\n"), "{told}");
    let long = "#".repeat((1 << 16) + 1);
    assert!(layers(&world, &long, &[], &[]).contains("more than 65536 bytes"));
    let gone = world.run(&["serve", "--config", "nowhere.conf", "./m.gguf"]);
    gone.refused(1, &["nowhere.conf"]);
    // The file itself may be named by the environment.
    let config = world.file("by.conf", b"models = ./m.gguf\nlisten = 0.0.0.0:7\n");
    let by = world.run_with("PROBITY_SERVE_CONFIG", &config, &["serve"]);
    by.refused(2, &["--listen 0.0.0.0:7:"]);
}

/// The options that a command's help has.
fn options(world: &World, command: &str) -> Vec<String> {
    let help = world.run(&[command, "--help"]).ok().out;
    flags(&help).collect()
}

/// Everything that looks like a flag.
fn flags(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-'));
    let named = words.filter_map(|word| word.strip_prefix("--"));
    named.filter(|name| name.starts_with(|one: char| one.is_ascii_lowercase())).map(str::to_owned)
}

fn repository(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The flags that a line gives to the command before them; the flags of other commands in it are theirs.
fn given<'a>(text: &'a str, command: &str) -> Vec<(&'a str, String)> {
    let joined = text.lines().filter(|line| !line.trim_start().starts_with("docker "));
    let wanted = format!("probity {command}");
    let mut all = Vec::new();
    for line in joined {
        let Some((_, rest)) = line.split_once(&wanted) else { continue };
        let rest = rest.split(['|', '&', ';', '`']).next().unwrap_or_default();
        all.extend(flags(rest).map(|flag| (line, flag)));
    }
    all
}

#[test]
fn what_is_deployed_and_written_names_options_that_there_are() {
    let world = World::new();
    let unit = repository("deploy/probity.service");
    let docker = repository("deploy/Dockerfile");
    let page = repository("docs/serving.md").replace("\\\n", " ");
    let mut found = 0;
    for command in ["serve", "proxy"] {
        let known = options(&world, command);
        for text in [&unit, &docker, &page] {
            for (line, flag) in given(text, command) {
                assert!(known.contains(&flag), "--{flag} of {line:?} is no option of {command}");
                found += 1;
            }
        }
    }
    assert!(found >= 14, "{found}: the others were not found");
    let known = options(&world, "serve");
    let conf = repository("deploy/serve.conf");
    let names = conf.lines().filter(|line| !line.starts_with('#'));
    for name in names.filter_map(|line| Some(line.split_once('=')?.0.trim())) {
        assert!(name == "models" || known.iter().any(|known| known == name), "{name}");
    }
    for text in [&unit, &docker, &page] {
        for variable in text.split("PROBITY_SERVE_").skip(1) {
            let end = variable.find(|one: char| !(one.is_ascii_uppercase() || one == '_'));
            let name = variable[..end.unwrap_or(variable.len())].to_lowercase().replace('_', "-");
            assert!(name == "models" || known.contains(&name), "PROBITY_SERVE_{name}");
        }
    }
    // All of what the file says is taken.
    let told = layers(&world, &conf.replace("127.0.0.1", "0.0.0.0"), &[], &[]);
    assert!(told.contains("--listen 0.0.0.0:8000:"), "{told}");
    // A unit that kills sooner than the server drains would lose receipts.
    let number = |text: &str, name: &str| -> u64 {
        let (_, rest) = text.split_once(name).unwrap();
        let digits = rest.trim_start_matches([' ', '=']);
        digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    assert!(number(&unit, "TimeoutStopSec") >= number(&unit, "--drain") + 30);
    assert_eq!(number(&conf, "\ndrain"), number(&unit, "--drain"));
}

#[test]
fn a_proxy_is_refused_what_it_can_not_keep() {
    let world = World::new();
    let tiny = world.tiny();
    let upstream = "--upstream=http://127.0.0.1:1";
    for (arguments, said) in [
        (vec!["proxy", upstream], "MODEL"),
        (vec!["proxy", &tiny], "--upstream"),
        (vec!["proxy", "--upstream", "http://me:pass@there", &tiny], "environment variable"),
        (vec!["proxy", upstream, "--listen", "0.0.0.0:0", &tiny], "--no-keys"),
        (vec!["proxy", upstream, "--require", "hope", &tiny], "signature"),
    ] {
        world.run(&arguments).refused(2, &[said]);
    }
    let unset = world.run(&["proxy", upstream, "--upstream-key-env", "NO_SUCH_KEY", &tiny]);
    unset.refused(1, &["NO_SUCH_KEY is not set"]);
}

/// A server that runs until it is dropped.
struct Running {
    child: Child,
    address: String,
    /// What it says after that it serves.
    lines: Receiver<String>,
}

impl Running {
    fn start(world: &World, arguments: &[&str]) -> Self {
        Self::of(world.command(arguments))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("{said:?}")).unwrap();
            if let Some((_, rest)) = line.split_once(" on http://") {
                break rest.trim_end_matches("/v1").to_owned();
            }
            said.push(line);
        };
        // Whatever else it says is read, so that it never waits for us.
        let (to, from) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| to.send(line)));
        Self { child, address, lines: from }
    }

    /// Reads what it says up to a line with these words.
    fn said(&self, words: &str) -> String {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv().unwrap_or_else(|_| panic!("no {words:?} in {said:?}"));
            if line.contains(words) {
                return line;
            }
            said.push(line);
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Sends a request and gives the connection to its response.
    fn send(&self, path: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        let kind = "content-type: application/json\r\n";
        write!(socket, "{head}{kind}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        socket
    }

    fn status(&self, path: &str, body: &str) -> String {
        let mut reply = String::new();
        self.send(path, body).read_to_string(&mut reply).unwrap();
        reply.split(' ').nth(1).unwrap().to_owned()
    }

    fn post(&self, body: &Json) -> String {
        let body = body.to_string();
        let kind = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        self.ask("POST /v1/chat/completions", &kind, &body)
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "", "")
    }

    /// A whole reply.
    fn ask(&self, what: &str, headers: &str, body: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let head = format!("{what} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}");
        write!(socket, "{head}\r\n{body}").unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        reply
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The JSON of a reply.
fn json_of(reply: &str) -> Json {
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{reply}"))
}

/// The text of a chat's answer.
fn content(reply: &str) -> Json {
    json_of(reply)["choices"][0]["message"]["content"].clone()
}

/// What a server says of a model that it was given, and the receipt of its answer.
fn served(world: &World, model: &str, name: &str) -> (Json, String) {
    let server = Running::start(world, &["serve", "--listen", "127.0.0.1:0", model]);
    let models = json_of(&server.get("/v1/models"));
    assert_eq!(models["data"][0]["id"], name, "{models}");
    let body = json!({"model": name, "messages": [{"role": "user", "content": "hi"}],
                      "max_tokens": 20, "temperature": 0});
    let reply = server.post(&body);
    let id = json_of(&reply)["probity"]["receipt_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{reply}"))
        .to_owned();
    let receipt = server.get(&format!("/v1/receipts/{id}"));
    (content(&reply), receipt.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// A file that is no model is refused before anything listens, and not by the first question.
#[test]
fn what_is_no_model_is_not_served() {
    let world = World::new();
    let whole = model(Family::Qwen2).write();
    let cut = world.file("cut.gguf", &whole[..whole.len() - 100]);
    let junk = world.file("junk.gguf", b"junk that is no model");
    for path in [cut, junk] {
        let done = world.run(&["serve", "--listen", "127.0.0.1:0", &path]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.err.contains(&path) && !done.err.contains("serving"), "{done:?}");
    }
}

#[test]
fn a_folder_is_served_as_the_gguf_file_of_the_same_model() {
    for family in [Family::Qwen2, Family::Gemma3] {
        let world = World::new();
        let model = model(family);
        let path = folder_of(&world, "tiny", &folder(&model, &[], 2));
        let (of_folder, receipt) = served(&world, &path, "tiny");
        let gguf = world.file("other.gguf", &model.write());
        let (of_file, other) = served(&world, &gguf, "other");
        assert_eq!(of_folder, of_file, "{family:?}");
        assert!(!of_folder.as_str().unwrap().is_empty());
        // The receipt is one of the folder's model, and of no other.
        let receipt = world.file("receipt.json", receipt.as_bytes());
        world.run(&["verify", &receipt, "--model", &path]).ok();
        let other = world.file("other.json", other.as_bytes());
        world.run(&["verify", &other, "--model", &gguf]).ok();
        assert_ne!(world.run(&["verify", &receipt, "--model", &gguf]).code, Some(0));
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_end_says_so_while_it_still_answers() {
    use rustix::process::Signal;
    let world = World::new();
    let typed = ["serve", "--listen", "127.0.0.1:0", "--grace", "3600", &world.tiny()];
    let mut server = Running::start(&world, &typed);
    let body = json!({"model": "tiny", "prompt": "a", "max_tokens": 2}).to_string();
    // What ends other programs makes it read its keys anew.
    server.signal(Signal::HUP);
    server.said("read anew: 0 API keys");
    assert_eq!(server.status("/readyz", ""), "200");
    server.signal(Signal::TERM);
    server.said("stopping in 3600 s");
    assert_eq!(server.status("/readyz", ""), "503");
    assert_eq!(server.status("/v1/completions", &body), "200");
    server.signal(Signal::INT);
    server.said("notice stopping");
    assert!(server.child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_twice_ends_at_once_and_keeps_receipts() {
    use rustix::process::Signal;
    let world = World::new();
    let model = world.long();
    let typed = ["serve", "--listen", "127.0.0.1:0", "--drain", "3600", &model];
    let mut server = Running::start(&world, &typed);
    let body = json!({"model": "long", "prompt": "a", "max_tokens": 30000, "n": 8, "stream": true});
    let mut reply = BufReader::new(server.send("/v1/completions", &body.to_string()));
    let mut line = String::new();
    while !line.contains("data: ") {
        line.clear();
        reply.read_line(&mut line).unwrap();
    }
    let reading = std::thread::spawn(move || reply.lines().map_while(Result::ok).for_each(drop));
    server.signal(Signal::TERM);
    server.said("answers that run (8) may take 3600 s more");
    server.signal(Signal::TERM);
    server.said("ending now");
    let end = server.said(" answer answer=");
    assert!(end.contains("cancelled") && !end.contains("why="), "{end}");
    assert!(server.child.wait().unwrap().success());
    reading.join().unwrap();
}

#[test]
fn who_changes_keys_or_models_under_a_server_is_told() {
    let world = World::new();
    let tiny = world.tiny();
    let said = |arguments: &[&str]| world.run(arguments).ok().err;
    assert!(!said(&["key", "rotate"]).contains("a server runs here"));
    let server = Running::start(&world, &["serve", "--listen", "127.0.0.1:0", &tiny]);
    assert!(said(&["key", "rotate"]).contains("a server runs here"));
    assert!(said(&["rm", &tiny]).contains("a server runs here"));
    drop(server);
    assert!(!said(&["key", "rotate"]).contains("a server runs here"));
}

#[test]
fn a_served_answer_comes_through_a_proxy_and_its_receipt_is_verified() {
    let (there, here) = (World::new(), World::new());
    let server = Running::start(&there, &["serve", "--listen", "127.0.0.1:0", &there.tiny()]);
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}],
                      "max_tokens": 20, "seed": 5});
    let direct = content(&server.post(&body));
    let upstream = format!("http://{}/v1", server.address);
    let receipts = here.path("receipts");
    let receipts = receipts.to_str().unwrap();
    for require in ["signature", "replay"] {
        let tiny = here.tiny();
        let arguments = [
            "proxy",
            "--upstream",
            &upstream,
            "--require",
            require,
            "--listen",
            "127.0.0.1:0",
            "--receipts",
            receipts,
            &tiny,
        ];
        let proxy = Running::start(&here, &arguments);
        let reply = proxy.post(&body);
        assert_eq!(content(&reply), direct);
        assert!(reply.contains(&format!("x-probity-verified: {require}")), "{reply}");
    }
    let verified = here.run(&["verify", receipts, "--model", &here.tiny()]).ok();
    assert!(verified.out.contains("VERIFIED") || verified.out.contains("verified"), "{verified:?}");
}

/// The same under a shell's limits.
#[cfg(unix)]
fn limited(world: &World, limits: &str, arguments: &[&str]) -> Command {
    let serve = world.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]);
    shell.arg(serve.get_program()).args(serve.get_args()).env_clear().stdin(Stdio::null());
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[cfg(unix)]
#[test]
fn connections_that_would_leave_receipts_no_file_are_refused() {
    let world = World::new();
    let tiny = world.tiny();
    let serve = ["serve", "--listen", "127.0.0.1:0", &tiny];
    let given: [(&[&str], &str); 2] =
        [(&[], "--connections 2048"), (&["--connections", "37"], "--connections 37")];
    for (given, said) in given {
        let typed = [&serve, given].concat();
        let done = done(limited(&world, "ulimit -n 100", &typed).output().unwrap());
        assert_eq!(done.code, Some(1), "{done:?}");
        for said in [said, "(100,", "--connections 36,"] {
            assert!(done.err.contains(said), "{said}: {done:?}");
        }
    }
}

/// A soft limit is there to be raised.
#[cfg(unix)]
#[test]
fn there_is_a_file_for_each_connection_that_is_let_in() {
    let world = World::new();
    let tiny = world.tiny();
    let typed = ["serve", "--listen", "127.0.0.1:0", "--connections", "150", &tiny];
    let server = Running::of(limited(&world, "ulimit -Sn 40; ulimit -Hn 300", &typed));
    let open: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut socket = TcpStream::connect(&server.address).unwrap();
            socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            let mut status = String::new();
            BufReader::new(&socket).read_line(&mut status).unwrap();
            assert!(status.contains("200"), "{status}");
            socket
        })
        .collect();
    let body = json!({"model": "tiny", "prompt": "a", "max_tokens": 2}).to_string();
    assert_eq!(server.status("/v1/completions", &body), "200");
    drop(open);
}

#[test]
fn a_model_that_was_never_asked_is_described_by_its_files() {
    let world = World::new();
    let tiny = world.tiny();
    let typed = ["serve", "--listen", "127.0.0.1:0", &tiny];
    let server = Running::start(&world, &typed);
    let before = json_of(&server.get("/v1/models/tiny"));
    assert_eq!((&before["loaded"], &before["context_length"]), (&json!(false), &json!(256)));
    // Nobody has read all of its bytes yet.
    assert_eq!((&before["model_id"], &before["chat"]), (&Json::Null, &json!(true)));
    let body = json!({"model": "tiny", "prompt": "a", "max_tokens": 2}).to_string();
    assert_eq!(server.status("/v1/completions", &body), "200");
    let after = json_of(&server.get("/v1/models/tiny"));
    let id = after["model_id"].as_str().unwrap().to_owned();
    assert_eq!((&after["loaded"], &after["weights"]), (&json!(true), &before["weights"]));
    drop(server);
    let server = Running::start(&world, &typed);
    let again = json_of(&server.get("/v1/models/tiny"));
    assert_eq!((&again["loaded"], &again["model_id"]), (&json!(false), &json!(id)));
}

#[test]
fn keys_that_expire_are_listed_with_their_end() {
    let world = World::new();
    let file = world.path("keys.json").to_str().unwrap().to_owned();
    let new = |name: &str, more: &[&str]| {
        world.run(&[&["api-key", "new", name, "--file", &file], more].concat()).ok();
    };
    new("ever", &[]);
    new("month", &["--expires", "30"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut keys: Json = serde_json::from_str(&text).unwrap();
    let mut past = keys["keys"][1].clone();
    past["name"] = "past".into();
    past["hash"] = "00".repeat(32).into();
    past["expires_at"] = 1.into();
    keys["keys"].as_array_mut().unwrap().push(past);
    std::fs::write(&file, keys.to_string()).unwrap();
    let list = world.run(&["api-key", "list", "--file", &file]).ok().out;
    assert_eq!(list, "ever\nmonth (expires in 30 days)\npast (expired)\n");
}

#[test]
fn keys_are_listed_with_what_they_may() {
    let world = World::new();
    let file = world.path("keys.json").to_str().unwrap().to_owned();
    let limits = ["--answers", "8", "--requests-per-minute", "60", "--tokens-per-minute", "2000"];
    let all = [&["api-key", "new", "all", "--file", &file, "--metrics"], &limits[..]].concat();
    world.run(&[&all[..], &["--expires", "1"]].concat()).ok();
    let list = world.run(&["api-key", "list", "--file", &file]).ok().out;
    let said = "8 answers at once, 60 requests a minute, 2000 tokens a minute, reads /metrics";
    assert_eq!(list, format!("all ({said}, expires in 1 day)\n"));
}

#[test]
fn keys_that_are_not_there_are_told_how_they_are_made() {
    let world = World::new();
    let said = ["nokeys.json", "probity api-key new NAME --file nokeys.json"];
    let tiny = world.tiny();
    world.run(&["serve", &tiny, "--keys", "nokeys.json"]).refused(1, &said);
    world.run(&["api-key", "list", "--file", "nokeys.json"]).refused(1, &said);
}

#[test]
fn two_servers_share_a_home_and_not_their_receipts() {
    let world = World::new();
    let tiny = world.tiny();
    let typed = ["serve", "--listen", "127.0.0.1:0", &tiny];
    let one = Running::start(&world, &typed);
    world.run(&typed).refused(1, &["another process", "--receipts FILE"]);
    let receipts = world.path("other/second.redb");
    let more = ["--receipts", receipts.to_str().unwrap()];
    let two = Running::start(&world, &[&typed[..], &more].concat());
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}],
                      "max_tokens": 5, "seed": 5});
    for server in [&one, &two, &one] {
        let id = json_of(&server.post(&body))["probity"]["receipt_id"].clone();
        let bundle = server.get(&format!("/v1/receipts/{}/bundle", id.as_str().unwrap()));
        let bundle = world.file("b.json", bundle.split_once("\r\n\r\n").unwrap().1.as_bytes());
        world.run(&["verify", &bundle, "--model", &tiny]).ok();
    }
}

#[test]
fn a_proxys_evidence_is_told_from_a_receipt() {
    let (there, here) = (World::new(), World::new());
    let server = Running::start(&there, &["serve", "--listen", "127.0.0.1:0", &there.tiny()]);
    let other = TinyModel { context: 128, ..tiny() };
    let other = format!("tiny={}", here.file("other.gguf", &other.write()));
    let upstream = format!("http://{}/v1", server.address);
    let folder = here.path("evidence");
    let kept = ["--evidence", folder.to_str().unwrap(), &other];
    let typed = ["proxy", "--upstream", &upstream, "--listen", "127.0.0.1:0"];
    let proxy = Running::start(&here, &[&typed[..], &kept].concat());
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}],
                      "max_tokens": 5, "seed": 5});
    assert!(proxy.post(&body).contains("unverified"));
    let named = |path: &PathBuf, words: &str| path.to_str().unwrap().contains(words);
    let mut files = files(&folder);
    files.retain(|path| named(path, "failed-") || named(path, "refuted-"));
    assert!(!files.is_empty());
    let receipt = files.iter().find(|path| named(path, ".receipt.json")).cloned();
    let evidence = files.iter().find(|path| !named(path, ".receipt.json")).unwrap();
    let verified = |path: &Path| here.run(&["verify", path.to_str().unwrap()]);
    let told = verified(evidence);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.out.contains("what a proxy kept of an answer"), "{told:?}");
    assert!(!told.out.contains("unknown field"), "{told:?}");
    assert_eq!(told.out.contains("no receipt came with it"), receipt.is_none(), "{told:?}");
    let beside = evidence.with_extension("receipt.json");
    std::fs::write(&beside, "{}").unwrap();
    let told = verified(evidence);
    assert!(told.out.contains(beside.file_name().unwrap().to_str().unwrap()), "{told:?}");
}
