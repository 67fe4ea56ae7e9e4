//! What can be typed after `probity verify`.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;
use receipt::PublicKey;
use verify::Kind;

use super::{EngineOptions, ModelName, whole};
use crate::public_key;

pub(super) const HELP: &str = "\
Examples:
  probity run smollm2-135m \"Why is the sky blue?\" --receipt r.json && probity verify r.json
  probity verify r.json --evidence signature      without the model: only who said so
  probity verify r.json --signed-by worker.pem    and that it is this worker's
  probity verify - < r.json                       one receipt from standard input
  probity verify answers/ --json | jq -c '[.file, .verdict, .checked]'
  probity verify b.json --network genesis.bin --keep-start start.bin
                                                  a bundle of a network, from its genesis
  probity verify b.json --network genesis.bin --start start.bin --keep-start start.bin
                                                  the next time: from where that one ended
  probity verify b.json --network genesis.bin --require-fresh --evidence signature
                                                  only what is so now, and no older word of it

What is said of a lie:
  a file that was altered after signing    REFUTED: which part is not what was signed; of a job only
                                           the file's own unsigned view can say which member
  a worker that signed a wrong answer      REFUTED: choice, position, expected and found token; or
                                           the end, the prompt or the count that is not the model's

What a bundle of a network adds: its receipt stood in its worker's log by an epoch, as a quorum
of the network's seats, or their group's key, has it. That this is so now is established only
where the network's last header is fresh and the start is not old: keys of seats whose stake has
left may be in anybody's hands, and who has enough of them can write another history from an old
start, with any stamps. Keep a start each time, or ask somebody you trust for a later one.
Nothing in a start is signed: it is trusted as the genesis is. What is not established to be so now
is VERIFIED as of the header's day, and the exit status is 0: --require-fresh makes it 2. Where it
is so, --keep-start writes the start, so with both options 0 says that one was written; without
--require-fresh it says only that the bundle is sound.

Exit status: 0 all verified; 1 one is refuted; 2 one can't be judged (with what is missing and how
to get it), or anything else stood in the way.

With --json one object a receipt is printed: `verdict` is verified, refuted or cannot_judge;
`required` lists the kinds of evidence that were asked for, `checked` those that were looked at: a
signature alone is [\"signature\"]. `reason` says the verdict in words, and where it can't be judged
`why` is opening, model, unsupported, start (a bundle of a network that begins elsewhere), now
(with --require-fresh: that it is so now is not established), malformed (no receipt file) or
unreadable (nothing was seen of the file). `anchor` is a bundle's place in its network: `fresh`, of
its last header, and `start_fresh`, of the start, are fresh, old or ahead (of the clock), and it is
established to be so now where both are fresh; otherwise it is as of `stamp_ms`. `unread_members`
names what the model's template does not read of the messages.";

#[derive(Args)]
pub(crate) struct VerifyOptions {
    /// Receipt files, bundles, or folders of them (*.json); `-` is one receipt on standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What is required, of: signature, replay
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "signature,replay", value_parser = Kind::from_str)]
    pub(crate) evidence: Vec<Kind>,
    /// The model to replay with, as `probity run` names it [default: found by the receipt's model id
    /// among the pulled models, and the packages and files that were built or ran here]
    #[arg(long, value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: Option<ModelName>,
    /// The key that must have signed: its 64 digits, or a file that `probity key export` wrote
    #[arg(long, value_name = "KEY", value_parser = public_key::named)]
    pub(crate) signed_by: Option<PublicKey>,
    /// Print one JSON object per receipt instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Say everything: whole ids, whom each kind of evidence trusts, in full what is not established
    #[arg(long, conflicts_with = "json")]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

/// Of which network the files are bundles, and what it is followed from.
#[derive(Args, Clone)]
#[command(next_help_heading = "Bundles of a network")]
pub(crate) struct NetworkOptions {
    /// The network's genesis file: the files are bundles of that network, checked from it alone
    #[arg(long, value_name = "GENESIS")]
    pub(crate) network: Option<PathBuf>,
    /// A later header to begin at than the genesis, with its seats: a file that --keep-start wrote, here
    /// or where somebody is trusted
    #[arg(long, value_name = "FILE", requires = "network")]
    pub(crate) start: Option<PathBuf>,
    /// Write the start that the bundles lead to, those that are not refuted, where it is fresh and so is what
    /// it was followed from; a start that is there is replaced, and nothing else
    #[arg(long, value_name = "FILE", requires = "network")]
    pub(crate) keep_start: Option<PathBuf>,
    /// How many days old the network's last header may be to be fresh
    #[arg(long, value_name = "DAYS", requires = "network", allow_negative_numbers = true, default_value_t = 1, value_parser = whole::<u16>(1..=3650))]
    pub(crate) header_days: u16,
    /// How many days old the start, or the genesis, may be: less than 8 ninths of the time that stake takes to
    /// leave there at least, and where a group certifies a fourth of that time less
    /// [default: 10, or what the genesis allows where that is less]
    #[arg(long, value_name = "DAYS", requires = "network", allow_negative_numbers = true, value_parser = whole::<u16>(1..=3650))]
    pub(crate) start_days: Option<u16>,
    /// Require that what the network says is established to be so now: a header or a start that is too old
    /// can't be judged then, exit status 2
    #[arg(long, requires = "network")]
    pub(crate) require_fresh: bool,
}
