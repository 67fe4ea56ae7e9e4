//! Sampling with every kernel set against the plain reference, and properties of the text.

use canon::reference::{self, Sampled};
use canon::sample::{
    History, Micro, NothingAllowed, Parameter, ParameterError, Parameters, SampleRefused,
    SampleScratch, Sampling, Settings,
};
use canon::{KernelSet, Kernels};
use proptest::prelude::*;

use crate::cases::Seed;

/// Everything a sampling is made of.
#[derive(Clone, Debug)]
struct Case {
    logits: Vec<i32>,
    frac: u8,
    settings: Settings,
    prompt: Vec<u32>,
    output: Vec<u32>,
    mask: Option<Vec<u64>>,
    noise: u64,
}

impl Case {
    fn plain(logits: Vec<i32>, settings: Settings, noise: u64) -> Self {
        let (prompt, output) = (Vec::new(), Vec::new());
        Self { logits, frac: 12, settings, prompt, output, mask: None, noise }
    }

    /// What the reference says, after every kernel set has said the same.
    fn check(&self) -> Result<Sampled, NothingAllowed> {
        let mut history = History::new();
        self.prompt.iter().for_each(|token| history.prompt(*token));
        self.output.iter().for_each(|token| history.output(*token));
        let parameters = Parameters::new(self.settings.clone()).unwrap();
        let mask = self.mask.as_deref();
        let task = Sampling::new(&self.logits, self.frac, &parameters, &history, mask, self.noise)
            .unwrap();
        let want = reference::sample(&task);
        for kernels in KernelSet::ALL.into_iter().filter_map(Kernels::of) {
            let mut scratch = SampleScratch::default();
            let wanted = want.as_ref().map(|sampled| sampled.id).map_err(|fault| *fault);
            // Twice: what an earlier call left in the scratch must not matter.
            for _ in 0..2 {
                let got = kernels.sample(&task, &mut scratch);
                assert_eq!(got, wanted, "{} of {:?}", kernels.set().name(), self.settings);
            }
        }
        want
    }
}

fn micro(range: core::ops::RangeInclusive<i64>) -> impl Strategy<Value = Micro> {
    range.prop_map(Micro::new)
}

fn settings() -> impl Strategy<Value = Settings> {
    let temperature = prop_oneof![
        1 => Just(Micro::ZERO),
        2 => Just(Micro::new(800_000)),
        2 => micro(10_000..=100_000_000),
        2 => micro(10_000..=2_000_000),
    ];
    let share = || {
        prop_oneof![
            Just(Micro::ZERO),
            Just(Micro::ONE),
            micro(0..=1_000_000),
            micro(990_000..=1_000_000)
        ]
    };
    let top_k = prop_oneof![2 => Just(0), 1 => Just(1), 2 => 1..100_u32, 2 => 1..6_000_u32];
    let top_p = prop_oneof![Just(Micro::ONE), share()];
    let min_p = prop_oneof![3 => Just(Micro::ZERO), 1 => share(), 1 => micro(0..=20)];
    let repetition = prop_oneof![Just(Micro::ONE), micro(10_000..=100_000_000)];
    let signed = || prop_oneof![Just(Micro::ZERO), micro(-2_000_000..=2_000_000)];
    (temperature, top_k, top_p, min_p, repetition, signed(), signed()).prop_map(
        |(temperature, top_k, top_p, min_p, repetition, presence, frequency)| Settings {
            temperature,
            top_k,
            top_p,
            min_p,
            repetition,
            presence,
            frequency,
            ..Settings::default()
        },
    )
}

/// Rows of several characters: ties, all equal, extremes, a few that stand out, a bell.
fn logits(count: usize, kind: u32, seed: &mut Seed) -> Vec<i32> {
    let most = (1 << 30) - 1;
    let level = seed.signed(29);
    (0..count)
        .map(|_| match kind {
            0 => level,
            1 => level.saturating_add(seed.below(3) as i32).min(most),
            2 => [most, -most, 0, 1][seed.below(4) as usize],
            3 if seed.below(50) == 0 => (20 << 12) + seed.signed(13),
            3 => seed.signed(15),
            4 => seed.signed(30),
            5 => seed.signed(4),
            _ => seed.signed(14) + seed.signed(14) + seed.signed(15),
        })
        .collect()
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = prop_oneof![
        Just(1_usize),
        Just(2),
        1..70_usize,
        60..300_usize,
        Just(4095),
        Just(4096),
        Just(4097),
        4000..13_000_usize,
    ];
    let noise = prop_oneof![1 => Just(0), 1 => Just(u64::MAX), 6 => any::<u64>()];
    (sizes, 0..7_u32, any::<u64>(), 0..=24_u8, settings(), noise, 0..4_u32, 0..4_u32).prop_map(
        |(count, kind, seed, frac, mut settings, noise, history, mask)| {
            let mut seed = Seed(seed);
            let logits = logits(count, kind, &mut seed);
            let mut tokens = |most: u64| -> Vec<u32> {
                let length = seed.below(most);
                (0..length).map(|_| seed.below(count as u64) as u32).collect()
            };
            let [prompt, output] =
                if history == 0 { [tokens(50), tokens(200)] } else { [Vec::new(), Vec::new()] };
            let mut biased = tokens(20);
            biased.sort_unstable();
            biased.dedup();
            if history < 2 {
                let value = |seed: &mut Seed| match seed.signed(26) {
                    0 => 1,
                    value => i64::from(value),
                };
                let bias = |token| (token, Micro::new(value(&mut seed)));
                settings.bias = biased.into_iter().map(bias).collect();
            }
            let mask = (mask < 2).then(|| {
                let words = 0..count.div_ceil(64);
                let tail = |w: usize| u64::MAX >> (64 * (w + 1)).saturating_sub(count).min(63);
                let word = |w| {
                    let word = if mask == 0 { seed.next() & seed.next() } else { 0 };
                    (word | u64::from(seed.below(20) == 0)) & tail(w)
                };
                words.map(word).collect()
            });
            Case { logits, frac, settings, prompt, output, mask, noise }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_set_chooses_as_the_reference(case in cases()) {
        // The ends and the middle of the noise tell cuts apart that a single draw would not.
        for noise in [0, 1 << 62, 1 << 63, 3 << 62, u64::MAX] {
            let _ = Case { noise, ..case.clone() }.check();
        }
        let Ok(sampled) = case.check() else {
            let mask = case.mask.unwrap();
            prop_assert!(mask.iter().all(|word| *word == 0));
            return Ok(());
        };
        let id = sampled.id as usize;
        let allowed = |id: usize| case.mask.as_ref().is_none_or(|m| m[id / 64] >> (id % 64) & 1 == 1);
        prop_assert!(allowed(id));
        let greatest = (0..case.logits.len()).filter(|id| allowed(*id)).map(|i| sampled.adjusted[i]);
        prop_assert_eq!(greatest.max(), Some(sampled.greatest));
        match sampled.draw {
            None => prop_assert_eq!(sampled.adjusted[id], sampled.greatest),
            Some(draw) => {
                prop_assert!(draw.kept >= 1 && draw.r < draw.total);
                let top_k = case.settings.top_k as usize;
                prop_assert!(top_k == 0 || draw.kept <= top_k);
            }
        }
    }
}

fn with(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

#[test]
fn the_lowest_of_equal_logits_is_the_greedy_answer() {
    let greedy = with(|s| s.temperature = Micro::ZERO);
    let mut logits = vec![5; 9000];
    for best in [8999, 8000, 4096, 4095, 64, 63, 0] {
        logits[best] = 6;
        assert_eq!(Case::plain(logits.clone(), greedy.clone(), 1).check().unwrap().id, best as u32);
    }
}

#[test]
fn cuts_that_leave_one_id_leave_the_first_of_the_order() {
    let one = [
        with(|s| s.top_k = 1),
        with(|s| s.top_p = Micro::ZERO),
        with(|s| (s.top_k, s.top_p) = (7, Micro::ZERO)),
    ];
    for settings in one {
        for noise in [0, 1 << 63, u64::MAX] {
            let mut logits = vec![-3; 5000];
            logits[4500] = 9;
            logits[70] = 9;
            let sampled = Case::plain(logits, settings.clone(), noise).check().unwrap();
            assert_eq!(sampled.id, 70);
            assert_eq!(sampled.draw.unwrap().kept, 1);
        }
    }
}

#[test]
fn equal_logits_are_cut_at_an_id_and_drawn_evenly() {
    for (kept, settings) in [
        (10_000, Settings::default()),
        (300, with(|s| s.top_k = 300)),
        (2_500, with(|s| s.top_p = Micro::new(250_000))),
        (2_501, with(|s| s.top_p = Micro::new(250_001))),
        (10_000, with(|s| s.min_p = Micro::ONE)),
    ] {
        for (noise, id) in [(0, 0), (1 << 63, kept / 2), (u64::MAX, kept - 1)] {
            let sampled = Case::plain(vec![77; 10_000], settings.clone(), noise).check().unwrap();
            assert_eq!((sampled.draw.unwrap().kept as u32, sampled.id), (kept, id));
        }
    }
}

/// About log2 e: a logit one below the greatest is half as likely.
const OCTAVE: Micro = Micro::new(1_442_695);

#[test]
fn top_p_stops_where_the_sum_is_exactly_reached() {
    // In units of 65535 * 2^5: 2^11 at the top, 4 each 9 octaves below, 1 each 11 octaves below.
    let mut logits = vec![-(11 << 12); 2448 + 101];
    for id in 0..100 {
        logits[id * 25 + 7] = -(9 << 12);
    }
    logits[2000] = 0;
    let half = with(|s| (s.temperature, s.top_p) = (OCTAVE, Micro::new(500_000)));
    let more = with(|s| (s.temperature, s.top_p) = (OCTAVE, Micro::new(500_001)));
    for (settings, kept) in [(half, 101), (more, 102)] {
        for noise in [0, 1 << 60, 1 << 63, u64::MAX] {
            let sampled = Case::plain(logits.clone(), settings.clone(), noise).check().unwrap();
            assert_eq!(sampled.draw.unwrap().kept, kept);
        }
    }
}

#[test]
fn min_p_is_not_rounded_down() {
    // One micro-unit of the greatest weight is 4294.9: a weight of 4294 is below it.
    let inverse = reference::inverse_temperature(Micro::ONE);
    let of_weight = |weight| {
        let found = (0..1 << 20).find(|d| reference::weight(*d, inverse, 12) == weight);
        -found.unwrap().cast_signed()
    };
    let settings = with(|s| s.min_p = Micro::new(1));
    for (weight, id) in [(4294, 0), (4295, 1)] {
        let case = Case::plain(vec![0, of_weight(weight)], settings.clone(), u64::MAX);
        assert_eq!(case.check().unwrap().id, id);
    }
}

#[test]
fn a_mask_that_allows_nothing_is_a_fault() {
    for words in [0, 1, 2] {
        let mut case = Case::plain(vec![1; 100], Settings::default(), 0);
        case.mask = Some(vec![0; words]);
        assert_eq!(case.check(), Err(NothingAllowed));
        case.settings.temperature = Micro::ZERO;
        assert_eq!(case.check(), Err(NothingAllowed));
    }
}

#[test]
fn a_mask_reaches_below_every_logit() {
    // At the highest temperature even the least logit has weight, and a masked one must not.
    let most = (1 << 30) - 1;
    let settings = with(|s| s.temperature = Micro::new(100_000_000));
    for noise in [0, 1 << 62, u64::MAX] {
        let mut case = Case::plain(vec![-most; 200], settings.clone(), noise);
        case.frac = 24;
        case.logits[9] = most;
        let mut mask = vec![0, 0, 0];
        mask[0] = 1 << 9 | 1 << 40;
        case.mask = Some(mask);
        let sampled = case.check().unwrap();
        assert!([9, 40].contains(&sampled.id));
        assert_eq!(sampled.draw.unwrap().kept, 2);
    }
}

#[test]
fn what_is_out_of_range_is_refused_with_its_name() {
    for (name, text, part) in [
        (Parameter::Temperature, "0.009999", "0.01 to 100"),
        (Parameter::Temperature, "100.000001", "0.01 to 100"),
        (Parameter::TopK, "1048577", "1048576"),
        (Parameter::TopP, "1.000001", "0 to 1"),
        (Parameter::MinP, "-0.000001", "0 (no cut) to 1"),
        (Parameter::Repetition, "0", "0.01 to 100"),
        (Parameter::Presence, "2.000001", "-2 to 2"),
        (Parameter::Frequency, "-2.5", "-2 to 2"),
    ] {
        let mut settings = Settings::default();
        settings.set(name, text).unwrap();
        let message = Parameters::new(settings).unwrap_err().to_string();
        assert!(message.contains(name.name()) && message.contains(part), "{message}");
    }
    let mut settings = Settings::default();
    for (name, text) in
        [(Parameter::TopP, "0.1234567"), (Parameter::TopK, "1.5"), (Parameter::TopK, "-1")]
    {
        let message = settings.set(name, text).unwrap_err().to_string();
        assert!(message.contains(name.name()), "{message}");
    }
    assert_eq!(settings, Settings::default());
}

#[test]
fn biases_are_refused_out_of_order_and_out_of_range() {
    let refused = |bias: Vec<(u32, i64)>| {
        let bias = bias.into_iter().map(|(token, value)| (token, Micro::new(value)));
        Parameters::new(with(|s| s.bias = bias.collect())).unwrap_err()
    };
    assert_eq!(refused(vec![(3, 1), (3, 2)]), ParameterError::BiasOrder(3));
    assert_eq!(refused(vec![(3, 1), (2, 2)]), ParameterError::BiasOrder(2));
    let zero = ParameterError::BiasValue { token: 3, value: Micro::ZERO };
    assert_eq!(refused(vec![(3, 0)]), zero);
    let value = Micro::new(-100_000_001);
    assert_eq!(refused(vec![(0, value.get())]), ParameterError::BiasValue { token: 0, value });
    let many = (0..1025).map(|token| (token, 1)).collect();
    assert_eq!(refused(many), ParameterError::BiasCount(1025));
}

#[test]
fn another_vocabulary_is_refused() {
    let refused = |count: usize, frac: u8, bias: u32, token: u32, mask: &[u64]| {
        let logits = vec![0; count];
        let parameters = Parameters::new(with(|s| s.bias = vec![(bias, Micro::ONE)])).unwrap();
        let mut history = History::new();
        history.prompt(token);
        Sampling::new(&logits, frac, &parameters, &history, Some(mask), 0).map(|_| ())
    };
    assert_eq!(refused(100, 24, 99, 99, &[1, 1 << 35]), Ok(()));
    assert_eq!(refused(0, 12, 0, 0, &[1]), Err(SampleRefused::Vocabulary(0)));
    assert_eq!(refused(100, 25, 0, 0, &[1]), Err(SampleRefused::Frac(25)));
    assert_eq!(refused(100, 12, 100, 0, &[1]), Err(SampleRefused::BiasToken(100)));
    assert_eq!(refused(100, 12, 0, 100, &[1]), Err(SampleRefused::HistoryToken(100)));
    assert_eq!(refused(100, 12, 0, 0, &[1, 1 << 36]), Err(SampleRefused::MaskToken(100)));
    let many = (1 << 20) + 1;
    assert_eq!(refused(many, 12, 0, 0, &[1]), Err(SampleRefused::Vocabulary(many)));
}
