// llama-peer: a driver around libllama, so that the comparison in
// `cargo xtask bench llama-cpp` measures the same thing on both sides.
//
// It never samples (decode feeds fixed token ids), never computes logits but
// for the last prompt position while it is being timed, and times only itself:
// the load and a warm-up of every measured shape come before the clock starts.
// Failure: one line on stderr, exit status 1; nothing is retried.
//
//   llama-peer quantise [--embedding 1] IN OUT Q8_0|Q4_0|Q4_1|F16|BF16|Q4_K_M|Q2_K|Q3_K|Q4_K|Q5_K|Q6_K|IQ4_XS
//     (Q4_K_M is llama.cpp's mixture; the K-quants after it and IQ4_XS are of that type wherever a
//     tensor's width allows it, and else of what llama.cpp falls back to)
//   llama-peer bench FILE --prefill N --decode M --after N --threads T
//                    [--flash 0|1] [--repack 0|1] [--ubatch N]
//   llama-peer tokenise FILE TEXT [--special] [--lines]
//   llama-peer logits FILE IDS OUT.f32 [--threads T] [--flash 0|1]
//   llama-peer perplexity FILE IDS [--from POSITION] [--threads T] [--flash 0|1]
//   llama-peer greedy FILE IDS --decode M [--threads T] [--flash 0|1]
//
// IDS is a text file: one window per line, integers separated by anything that
// is not a digit, so that the JSON arrays `tokenise` prints can be fed back.
// `logits` writes rows of n_vocab little-endian f32, every position in order.

#include "llama.h"

#include <sys/resource.h>
#include <time.h>

#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string & what) {
    fprintf(stderr, "llama-peer: %s\n", what.c_str());
    exit(1);
}

double seconds(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

struct Span {
    double cpu_s = 0, wall_s = 0;
};

template <typename Work> Span timed(Work work) {
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    work();
    return {seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - wall};
}

struct Args {
    std::vector<std::string> words;
    std::map<std::string, std::string> options;

    Args(int argc, char ** argv) {
        for (int i = 2; i < argc; i++) {
            std::string word = argv[i];
            if (word.rfind("--", 0) != 0) {
                words.push_back(word);
            } else if (word == "--special" || word == "--lines") {
                options[word] = "1";
            } else if (i + 1 < argc) {
                options[word] = argv[++i];
            } else {
                fail(word + " needs a value");
            }
        }
    }
    int number(const std::string & name, int otherwise) const {
        auto found = options.find(name);
        return found == options.end() ? otherwise : atoi(found->second.c_str());
    }
    const std::string & word(size_t at, const char * what) const {
        if (at >= words.size()) fail(std::string("missing ") + what);
        return words[at];
    }
};

std::string read_file(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail("cannot read " + path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::vector<llama_token>> read_windows(const std::string & path) {
    std::vector<std::vector<llama_token>> windows;
    std::istringstream text(read_file(path));
    for (std::string line; std::getline(text, line);) {
        std::vector<llama_token> ids;
        for (size_t i = 0; i < line.size();) {
            if (!isdigit((unsigned char) line[i])) {
                i++;
                continue;
            }
            char * end = nullptr;
            ids.push_back((llama_token) strtol(&line[i], &end, 10));
            i = size_t(end - line.data());
        }
        if (!ids.empty()) windows.push_back(ids);
    }
    if (windows.empty()) fail("no token ids in " + path);
    return windows;
}

llama_model * load_model(const Args & args, bool vocab_only) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = vocab_only;
    params.use_extra_bufts = args.number("--repack", 1) != 0;
    const std::string & path = args.word(0, "model file");
    llama_model * model = llama_model_load_from_file(path.c_str(), params);
    if (!model) fail("cannot load " + path);
    return model;
}

llama_context * new_context(llama_model * model, const Args & args, int tokens) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = uint32_t((tokens + 255) / 256 * 256);
    params.n_batch = params.n_ctx;
    params.n_ubatch = uint32_t(args.number("--ubatch", 512));
    params.n_threads = params.n_threads_batch = args.number("--threads", 1);
    params.flash_attn_type = args.number("--flash", 1) != 0 ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                                            : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.no_perf = true;
    llama_context * context = llama_init_from_model(model, params);
    if (!context) fail("cannot make a context");
    return context;
}

enum class Logits { last, all };

void feed(llama_context * context, const llama_token * ids, int count, int first, Logits which) {
    llama_batch batch = llama_batch_init(count, 0, 1);
    batch.n_tokens = count;
    for (int i = 0; i < count; i++) {
        batch.token[i] = ids[i];
        batch.pos[i] = first + i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = which == Logits::all || i + 1 == count;
    }
    if (llama_decode(context, batch) != 0) fail("decode failed");
    llama_synchronize(context);
    llama_batch_free(batch);
}

void clear(llama_context * context) { llama_memory_clear(llama_get_memory(context), false); }

// Fixed ids spread over the vocabulary; the same rule on both sides of the comparison.
std::vector<llama_token> fixed_ids(int count, int vocabulary) {
    std::vector<llama_token> ids;
    for (int i = 0; i < count; i++) ids.push_back(llama_token((7919LL * i + 1013) % vocabulary));
    return ids;
}

int vocabulary_of(const llama_model * model) {
    return llama_vocab_n_tokens(llama_model_get_vocab(model));
}

int bench(const Args & args) {
    const int prefill = args.number("--prefill", 0), decode = args.number("--decode", 0);
    const int after = args.number("--after", prefill);
    if (prefill < 0 || decode < 0 || after < 0 || prefill + decode == 0) fail("nothing to measure");
    llama_model * model = load_model(args, false);
    const int tokens = std::max(prefill, after + decode);
    llama_context * context = new_context(model, args, tokens);
    const std::vector<llama_token> ids = fixed_ids(tokens, vocabulary_of(model));

    Span prefill_span, decode_span;
    if (prefill > 0) {
        feed(context, ids.data(), prefill, 0, Logits::last);
        clear(context);
        prefill_span = timed([&] { feed(context, ids.data(), prefill, 0, Logits::last); });
    }
    if (decode > 0) {
        clear(context);
        if (after > 0) feed(context, ids.data(), after, 0, Logits::last);
        auto steps = [&](int count) {
            for (int i = 0; i < count; i++) feed(context, &ids[after + i], 1, after + i, Logits::last);
        };
        steps(std::min(decode, 4));
        llama_memory_seq_rm(llama_get_memory(context), 0, after, -1);
        decode_span = timed([&] { steps(decode); });
    }
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"prefill_tokens\":%d,\"prefill_cpu_s\":%.6f,\"prefill_wall_s\":%.6f,"
           "\"decode_tokens\":%d,\"decode_cpu_s\":%.6f,\"decode_wall_s\":%.6f,"
           "\"peak_rss_bytes\":%lld}\n",
           prefill, prefill_span.cpu_s, prefill_span.wall_s, decode, decode_span.cpu_s,
           decode_span.wall_s, (long long) usage.ru_maxrss * 1024);
    return 0;
}

int quantise(const Args & args) {
    static const std::map<std::string, llama_ftype> types = {
        {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
        {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
        {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
        {"F16", LLAMA_FTYPE_MOSTLY_F16},
        {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
        {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
        {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
        {"Q3_K", LLAMA_FTYPE_MOSTLY_Q3_K_M},
        {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_M},
        {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_M},
        {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},
        {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS},
    };
    auto type = types.find(args.word(2, "type"));
    if (type == types.end()) fail("unknown type " + args.words[2]);
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = type->second;
    params.allow_requantize = true;
    params.pure = type->first.find("_K") == type->first.size() - 2 || type->first == "IQ4_XS";
    // The tied embedding stays Q8_0, as in the catalogue file; else a width of 576
    // (no multiple of 256) would make it some fallback type that nobody serves.
    // (`--embedding 1` leaves it to the mixture, where the width allows it.)
    if (type->first != "F16" && args.number("--embedding", 0) == 0) {
        params.token_embedding_type = params.output_tensor_type = GGML_TYPE_Q8_0;
    }
    if (llama_model_quantize(args.word(0, "input").c_str(), args.word(1, "output").c_str(), &params) != 0) {
        fail("quantise failed");
    }
    return 0;
}

std::vector<llama_token> tokens_of(const llama_vocab * vocab, const std::string & text, bool special) {
    std::vector<llama_token> ids(text.size() + 16);
    const int count = llama_tokenize(vocab, text.data(), int32_t(text.size()), ids.data(),
                                     int32_t(ids.size()), false, special);
    if (count < 0) fail("tokenise failed");
    ids.resize(size_t(count));
    return ids;
}

void print_ids(const std::vector<llama_token> & ids) {
    printf("[");
    for (size_t i = 0; i < ids.size(); i++) printf(i == 0 ? "%d" : ",%d", ids[i]);
    printf("]\n");
}

int tokenise(const Args & args) {
    llama_model * model = load_model(args, true);
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const std::string text = read_file(args.word(1, "text file"));
    const bool special = args.number("--special", 0) != 0;
    if (args.number("--lines", 0) == 0) {
        print_ids(tokens_of(vocab, text, special));
        return 0;
    }
    for (size_t from = 0; from < text.size();) {
        size_t to = text.find('\n', from);
        if (to == std::string::npos) to = text.size();
        print_ids(tokens_of(vocab, text.substr(from, to - from), special));
        from = to + 1;
    }
    return 0;
}

template <typename Row> void each_row(const Args & args, Row row) {
    const auto windows = read_windows(args.word(1, "ids file"));
    size_t longest = 0;
    for (const auto & window : windows) longest = std::max(longest, window.size());
    llama_model * model = load_model(args, false);
    llama_context * context = new_context(model, args, int(longest));
    const int vocabulary = vocabulary_of(model);
    for (const auto & window : windows) {
        for (llama_token id : window) {
            if (id >= vocabulary) fail("token id beyond the vocabulary");
        }
        clear(context);
        feed(context, window.data(), int(window.size()), 0, Logits::all);
        for (size_t i = 0; i < window.size(); i++) {
            row(window, i, llama_get_logits_ith(context, int32_t(i)), vocabulary);
        }
    }
}

int logits(const Args & args) {
    FILE * out = fopen(args.word(2, "output").c_str(), "wb");
    if (!out) fail("cannot write " + args.words[2]);
    each_row(args, [&](const std::vector<llama_token> &, size_t, const float * row, int vocabulary) {
        if (fwrite(row, sizeof(float), size_t(vocabulary), out) != size_t(vocabulary)) fail("short write");
    });
    if (fclose(out) != 0) fail("short write");
    return 0;
}

int perplexity(const Args & args) {
    const size_t from = size_t(args.number("--from", 0));
    double sum = 0;
    long scored = 0;
    each_row(args, [&](const std::vector<llama_token> & window, size_t i, const float * row, int vocabulary) {
        if (i < from || i + 1 >= window.size()) return;
        float top = row[0];
        for (int v = 1; v < vocabulary; v++) top = std::max(top, row[v]);
        double total = 0;
        for (int v = 0; v < vocabulary; v++) total += std::exp(double(row[v] - top));
        sum += std::log(total) - double(row[window[i + 1]] - top);
        scored++;
    });
    if (scored == 0) fail("nothing to score");
    printf("{\"scored\":%ld,\"nll\":%.9f,\"perplexity\":%.6f}\n", scored, sum / double(scored),
           std::exp(sum / double(scored)));
    return 0;
}

int greedy(const Args & args) {
    const auto windows = read_windows(args.word(1, "ids file"));
    const int decode = args.number("--decode", 16);
    llama_model * model = load_model(args, false);
    const int vocabulary = vocabulary_of(model);
    for (const auto & window : windows) {
        llama_context * context = new_context(model, args, int(window.size()) + decode);
        feed(context, window.data(), int(window.size()), 0, Logits::last);
        std::vector<llama_token> out;
        for (int i = 0; i < decode; i++) {
            const float * row = llama_get_logits_ith(context, -1);
            llama_token best = 0;
            for (int v = 1; v < vocabulary; v++) {
                if (row[v] > row[best]) best = v;
            }
            out.push_back(best);
            feed(context, &best, 1, int(window.size()) + i, Logits::last);
        }
        print_ids(out);
        llama_free(context);
    }
    return 0;
}

void quiet(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

} // namespace

int main(int argc, char ** argv) {
    if (argc < 2) fail("quantise | bench | tokenise | logits | perplexity | greedy");
    static const std::map<std::string, int (*)(const Args &)> commands = {
        {"quantise", quantise}, {"bench", bench},           {"tokenise", tokenise},
        {"logits", logits},     {"perplexity", perplexity}, {"greedy", greedy},
    };
    auto command = commands.find(argv[1]);
    if (command == commands.end()) fail(std::string("unknown command ") + argv[1]);
    llama_log_set(quiet, nullptr);
    llama_backend_init();
    return command->second(Args(argc, argv));
}
